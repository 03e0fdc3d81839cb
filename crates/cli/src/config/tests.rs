use std::ffi::OsString;

use super::*;

fn parse(text: &str) -> anyhow::Result<Config> {
    Config::parse(text, [])
}

fn message(text: &str) -> String {
    format!("{:#}", parse(text).unwrap_err())
}

/// The default file with its commented keys as real ones, tables included.
fn every_key() -> String {
    let mut text = String::new();
    for line in DEFAULT_FILE.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let is_key = bare
            .split_once(" = ")
            .is_some_and(|(key, _)| key.chars().all(|letter| letter.is_ascii_alphanumeric()));
        if is_key || bare.starts_with('[') {
            text.push_str(bare);
            text.push('\n');
        }
    }
    text
}

#[test]
fn the_default_file_says_what_the_program_does_without_it() {
    assert_eq!(parse(DEFAULT_FILE).unwrap(), Config::default());
}

#[test]
fn the_defaults_of_the_file_are_those_of_the_rules() {
    let settings = parse(DEFAULT_FILE).unwrap().settings();

    assert_eq!(
        format!("{settings:?}"),
        format!("{:?}", service::settings::Settings::default())
    );
}

#[test]
fn every_key_that_the_default_file_shows_exists() {
    // Keys that exclude each other are both shown, so the text is read and not judged.
    let text = every_key();
    let config: Config = config::Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .build()
        .unwrap()
        .try_deserialize()
        .unwrap();

    assert_eq!(config.issuer.len(), 1);
    assert_eq!(config.target.len(), 2);
    assert!(config.database.url.is_some());
    assert_eq!(config.reprocess.per_minute_per_tenant, Some(600));
}

#[test]
fn an_unknown_key_is_named() {
    assert!(message("[server]\nhtp = \"127.0.0.1:1\"").contains("htp"));
    assert!(message("[serve]\nhttp = \"127.0.0.1:1\"").contains("serve"));
    let target = "[[target]]\nname = \"hr\"\nkind = \"scim\"\nurl = \"https://x\"\ntokn = \"x\"";
    assert!(message(target).contains("tokn"));
}

#[test]
fn a_value_of_the_wrong_kind_is_named_by_its_key() {
    for (text, key) in [
        ("[server]\nhttp = \"8080\"", "server.http"),
        (
            "[reprocess]\nrequestWindow = \"14 days\"",
            "reprocess.requestWindow",
        ),
        (
            "[reprocess]\ntrackingRequests = \"perhaps\"",
            "reprocess.trackingRequests",
        ),
        (
            "[delivery]\nretrySchedule = [\"PT0S\", \"soon\"]",
            "delivery.retrySchedule",
        ),
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[server]\ncloudProfile = \"moon\"", "server.cloudProfile"),
    ] {
        assert!(message(text).contains(key), "{text}: {}", message(text));
    }
}

#[test]
fn what_does_not_fit_together_is_named_by_its_keys() {
    for (text, keys) in [
        (
            "[server]\ncertificateFile = \"a.pem\"",
            "`server.certificateFile` and `server.keyFile`",
        ),
        (
            "[server]\nhttp = \"off\"",
            "`server.http` and `server.https`",
        ),
        ("[server]\npublicUrl = \"reeve\"", "`server.publicUrl`"),
        (
            "[server]\npublicUrl = \"https://reeve.example/v1.0\"",
            "`server.publicUrl`",
        ),
        (
            "[database]\nurl = \"x\"\nurlFile = \"y\"",
            "`database.url` and `database.urlFile`",
        ),
        ("[database]\ncaFile = \"x\"", "`database.caFile`"),
        ("[delivery]\nretrySchedule = []", "`delivery.retrySchedule`"),
        (
            "[delivery]\nretrySchedule = [\"PT0S\", \"-PT1M\"]",
            "`delivery.retrySchedule`",
        ),
        (
            "[delivery]\npollInterval = \"PT0S\"",
            "`delivery.pollInterval`",
        ),
        (
            "[reprocess]\nrequestWindow = \"PT0S\"",
            "`reprocess.requestWindow`",
        ),
        (
            "[reprocess]\nperMinutePerTenant = 0",
            "`reprocess.perMinutePerTenant`",
        ),
        ("[reprocess]\njobChunk = 0", "`reprocess.jobChunk`"),
        ("[reprocess]\njobChunk = 5001", "`reprocess.jobChunk`"),
        ("[log]\nfilter = \"a=b=c\"", "`log.filter`"),
        (
            "[[issuer]]\nissuer = \"https://a\"\naudiences = []",
            "`issuer[0].audiences`",
        ),
        (
            "[[issuer]]\nissuer = \"https://login.microsoftonline.us/t/v2.0\"",
            "`issuer[0].issuer` is of another cloud than `server.cloudProfile` says",
        ),
        (
            "[server]\ncloudProfile = \"usGov\"\n\
             [[issuer]]\nissuer = \"https://a\"\naudiences = [\"https://dod-graph.microsoft.us\"]",
            "`issuer[0].audiences` is of another cloud than `server.cloudProfile` says",
        ),
        (
            "[[issuer]]\nissuer = \"https://a\"\naudiences = [\"x\"]\nimpliedScopes = [\"All\"]",
            "`issuer[0].impliedScopes`",
        ),
        (
            "[[target]]\nname = \"a\"\nkind = \"scim\"\nurl = \"https://x\"",
            "`target[0].token` or `target[0].tokenFile`",
        ),
        (
            "[[target]]\nname = \"directory\"\nkind = \"scim\"\nurl = \"https://x\"\ntoken = \"x\"",
            "`target[0].name` is taken",
        ),
    ] {
        assert!(message(text).contains(keys), "{text}: {}", message(text));
    }
}

#[test]
fn an_issuer_with_a_password_in_its_address_is_refused_and_not_repeated() {
    for issuer in ["https://u:hunter2@host", "https://hunter2@host/realm"] {
        let section = format!("[[issuer]]\nissuer = \"{issuer}\"\n");

        let told = message(&format!("{section}{section}"));

        assert!(told.contains("`issuer[0].issuer` holds"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told = message("[server]\nhttp = \"off\"\n[delivery]\nretrySchedule = []");

    assert!(
        told.contains("server.http") && told.contains("delivery.retrySchedule"),
        "{told}"
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let variables = [
        ("REEVE__REPROCESS__REQUEST_WINDOW", "P7D"),
        ("REEVE__REPROCESS__TRACKING_REQUESTS", "false"),
        ("REEVE__REPROCESS__PER_MINUTE_PER_TENANT", "60"),
        ("REEVE__DELIVERY__RETRY_SCHEDULE", "PT0S, PT0.05S"),
        ("REEVE__SERVER__HTTPS", "127.0.0.1:0"),
    ]
    .map(|(name, value)| (OsString::from(name), OsString::from(value)));

    let config = Config::parse("[reprocess]\nrequestWindow = \"P1D\"", variables).unwrap();

    assert_eq!(config.reprocess.request_window.0.to_string(), "P7D");
    assert!(!config.reprocess.tracking_requests);
    assert_eq!(config.reprocess.per_minute_per_tenant, Some(60));
    assert_eq!(config.delivery.retry_schedule.0.len(), 2);
    assert_eq!(config.server.https, Some("127.0.0.1:0".parse().unwrap()));
}

#[test]
fn an_unknown_variable_is_refused() {
    let variables = [(OsString::from("REEVE__SERVER__HTP"), OsString::from("x"))];

    let error = format!("{:#}", Config::parse("", variables).unwrap_err());

    assert!(error.contains("htp"), "{error}");
}

#[test]
fn secrets_do_not_show() {
    let text =
        "[[target]]\nname = \"a\"\nkind = \"scim\"\nurl = \"https://x\"\ntoken = \"hunter2\"";

    let shown = format!("{:?}", parse(text).unwrap());

    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn limits_that_cannot_be_kept_are_named_by_their_keys() {
    for (text, key) in [
        ("[limits]\nrequests = 0", "`limits.requests`"),
        ("[limits]\nbodyBytes = 1", "`limits.bodyBytes`"),
        (
            "[limits]\nheaderTimeout = \"PT0S\"",
            "`limits.headerTimeout`",
        ),
        ("[limits]\nidleTimeout = \"PT60S\"", "`limits.idleTimeout`"),
        ("[limits]\nburst = 3", "`limits.burst`"),
        (
            "[limits]\nrequestsPerSecond = 0",
            "`limits.requestsPerSecond`",
        ),
        (
            "[limits]\ntrustedProxies = [\"proxy\"]",
            "`limits.trustedProxies`",
        ),
        ("[limits]\nrequest = 1", "unknown field"),
    ] {
        assert!(message(text).contains(key), "{text}: {}", message(text));
    }
}

#[test]
fn limits_may_come_from_the_environment() {
    let variables = [
        ("REEVE__LIMITS__REQUESTS_PER_SECOND", "50"),
        ("REEVE__LIMITS__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ("REEVE__LIMITS__REQUEST_TIMEOUT", "PT30S"),
    ]
    .map(|(name, value)| (OsString::from(name), OsString::from(value)));

    let limits = Config::parse("", variables).unwrap().limits.limits();

    assert_eq!(limits.requests_per_second, Some(50));
    assert_eq!(limits.trusted_proxies.len(), 2);
    assert_eq!(limits.request_timeout.as_secs(), 30);
}

#[test]
fn a_file_that_cannot_be_read_quotes_no_line_of_itself() {
    let text = "[database]\nurl = \"postgresql://u:TOPSECRET@h/x\n";

    let error = Config::parse(text, []).unwrap_err();

    let told = format!("{error:#}");
    assert!(!told.contains("TOPSECRET"), "{told}");
    assert!(told.contains("line 2"), "{told}");
}
