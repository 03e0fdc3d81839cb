//! Secrets come from private places, and go nowhere.
//!
//! Each secret of the configuration, and each that a client sends, is a word that occurs nowhere else. A server and the
//! other commands are led through everything that they do with them, and then all that was written is searched.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EM, Server, http, reeve, run, text, write_private};

const SCIM_TOKEN: &str = "canary-scim-token";
const LDAP_PASSWORD: &str = "canary-ldap-password";
const WEBHOOK_SECRET: &str = "canary-webhook-secret";
const ISSUER_SECRET: &str = "canary-issuer-secret";
const DATABASE_PASSWORD: &str = "canary-database-password";
const WRONG_TOKEN: &str = "canary-wrong-token";
const WRONG_PASSWORD: &str = "canary-wrong-password";
const NEW_PASSWORD: &str = "canary-New-password-1";

const CANARIES: [&str; 8] = [
    SCIM_TOKEN,
    LDAP_PASSWORD,
    WEBHOOK_SECRET,
    ISSUER_SECRET,
    DATABASE_PASSWORD,
    WRONG_TOKEN,
    WRONG_PASSWORD,
    NEW_PASSWORD,
];

/// A configuration with a secret in every place that there is.
fn configuration(folder: &Path) -> std::path::PathBuf {
    let file = |name: &str, secret: &str| {
        let path = folder.join(name);
        write_private(&path, format!("{secret}\n"));
        path
    };
    let password = file("ldap", LDAP_PASSWORD);
    let webhook = file("webhook", WEBHOOK_SECRET);
    let issuer = file("issuer", ISSUER_SECRET);
    let path = folder.join("reeve.toml");
    write_private(
        &path,
        format!(
            r#"
[log]
filter = "trace"

[delivery]
retrySchedule = ["PT0S"]

[extensions]
allowPlainHttp = true
allowPrivateAddresses = true

[extensions.webhookSecretFiles]
"127.0.0.1" = "{webhook}"

[[issuer]]
issuer = "http://127.0.0.1:9/realm"
audiences = ["reeve"]

[issuer.introspection]
clientId = "reeve"
clientSecretFile = "{issuer}"

[[target]]
name = "hr"
kind = "scim"
url = "http://127.0.0.1:9/scim"
token = "{SCIM_TOKEN}"
timeout = "PT2S"

[[target]]
name = "unix"
kind = "ldap"
url = "ldap://127.0.0.1:9"
bindDn = "cn=reeve,dc=example,dc=com"
passwordFile = "{password}"
userDn = "uid={{localPart}},ou=people,dc=example,dc=com"
timeout = "PT2S"
"#,
            webhook = webhook.display(),
            issuer = issuer.display(),
            password = password.display(),
        ),
    );
    path
}

/// What was written, by where.
#[derive(Default)]
struct Written(Vec<(String, Vec<u8>)>);

impl Written {
    fn add(&mut self, what: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.into(), bytes.into()));
    }

    fn add_output(&mut self, what: &str, output: &std::process::Output) {
        self.add(format!("{what}, stdout"), output.stdout.clone());
        self.add(format!("{what}, stderr"), output.stderr.clone());
    }

    fn assert_holds_none_of(&self, secrets: &[&str]) {
        for (what, bytes) in &self.0 {
            for secret in secrets {
                let at = bytes
                    .windows(secret.len())
                    .position(|window| window == secret.as_bytes());
                if let Some(at) = at {
                    let around = &bytes[at.saturating_sub(200)..(at + 40).min(bytes.len())];
                    panic!(
                        "`{secret}` is in {what}: {}",
                        String::from_utf8_lossy(around)
                    );
                }
            }
        }
    }
}

/// Everything that a client does with secrets, well and badly.
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn lead_through(server: &Server, written: &mut Written) -> Vec<String> {
    let api = server.sign_in(None).await;
    let alice = server.sign_in(Some("alice")).await;
    let call = async |what: &str, method: Method, path: &str, token: &str, body: Option<Value>| {
        let mut request = http()
            .request(method, format!("{}{path}", server.url))
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (what.to_owned(), answer.text().await.unwrap())
    };
    let user = json!({
        "displayName": "Newcomer", "userPrincipalName": "newcomer@reeve.example", "accountEnabled": true,
        "mailNickname": "newcomer", "passwordProfile": { "password": NEW_PASSWORD },
    });
    let extension = json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Hook", "description": "",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.httpRequestEndpoint", "targetUrl": "http://127.0.0.1:9/in" },
    });
    let catalog = api
        .list(&format!("{EM}/catalogs"))
        .await
        .first()
        .map(|catalog| catalog["id"].as_str().unwrap().to_owned())
        .unwrap();
    for (what, text) in [
        call(
            "a list",
            Method::GET,
            &format!("{EM}/catalogs"),
            &api.token,
            None,
        )
        .await,
        call("own", Method::GET, "/v1.0/me", &alice.token, None).await,
        call("a wrong token", Method::GET, "/v1.0/me", WRONG_TOKEN, None).await,
        call(
            "a wrong token of SCIM",
            Method::GET,
            "/scim/v2/Users",
            WRONG_TOKEN,
            None,
        )
        .await,
        call(
            "a wrong token of ours",
            Method::GET,
            "/reeve/v1/targets",
            WRONG_TOKEN,
            None,
        )
        .await,
        call(
            "a new user",
            Method::POST,
            "/v1.0/users",
            &api.token,
            Some(user),
        )
        .await,
        call(
            "an extension",
            Method::POST,
            &format!("{EM}/catalogs/{catalog}/accessPackageCustomWorkflowExtensions"),
            &api.token,
            Some(extension),
        )
        .await,
        call(
            "the audit",
            Method::GET,
            "/v1.0/auditLogs/directoryAudits",
            &api.token,
            None,
        )
        .await,
        call(
            "the targets",
            Method::GET,
            "/reeve/v1/targets",
            &api.token,
            None,
        )
        .await,
        call("the metrics", Method::GET, "/metrics", &api.token, None).await,
    ] {
        written.add(format!("the answer to {what}"), text);
    }
    let dev = server.dev();
    for (user, password, client, secret) in [
        ("alice@reeve.example", WRONG_PASSWORD, "admin", ""),
        ("nobody@reeve.example", WRONG_PASSWORD, "admin", ""),
        ("", "", "admin", WRONG_PASSWORD),
    ] {
        let client_id = dev["clients"][0]["clientId"].as_str().unwrap();
        let right = dev["clients"][0]["clientSecret"].as_str().unwrap();
        let grant = if user.is_empty() {
            "client_credentials"
        } else {
            "password"
        };
        let form = [
            ("grant_type", grant),
            ("client_id", client_id),
            (
                "client_secret",
                if secret.is_empty() { right } else { secret },
            ),
            ("username", user),
            ("password", password),
            ("scope", ".default"),
        ];
        let tenant = dev["tenantId"].as_str().unwrap();
        let answer = http()
            .post(format!("{}/{tenant}/oauth2/v2.0/token", server.url))
            .form(&form)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_client_error(), "{client}: {answer:?}");
        written.add("a refused sign-in", answer.text().await.unwrap());
    }
    let mut secrets = vec![api.token.clone(), alice.token.clone()];
    for list in ["clients", "users"] {
        for one in dev[list].as_array().unwrap() {
            let secret = one["clientSecret"].as_str().or(one["password"].as_str());
            secrets.extend(secret.map(str::to_owned));
        }
    }
    secrets
}

#[tokio::test]
async fn no_secret_is_written_anywhere_it_does_not_belong() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let config = config.to_str().unwrap();
    let data = folder.path().join("data");
    let mut written = Written::default();

    let server = Server::start(&data, &["--config", config]);
    written.add("the ready line", server.ready.clone());
    let issued = lead_through(&server, &mut written).await;
    let data_text = data.to_str().unwrap();
    written.add_output(
        "token",
        &run(&["token", "--data", data_text, "--user", "nobody"]),
    );
    let log = data.with_extension("stderr");
    assert!(server.terminate().success());
    let log = std::fs::read(log).unwrap();
    assert!(
        !log.is_empty(),
        "the log says everything that there is to say"
    );
    written.add("the log", log);
    written.add_output(
        "doctor",
        &run(&["doctor", "--data", data_text, "--config", config]),
    );
    written.add_output("config", &run(&["config"]));
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "dev.json") {
            written.add(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }

    let all: Vec<&str> = CANARIES
        .into_iter()
        .chain(issued.iter().map(String::as_str))
        .collect();
    assert!(all.len() > CANARIES.len() + 3);
    written.assert_holds_none_of(&all);
}

#[test]
fn the_password_of_a_database_that_cannot_be_reached_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgresql://reeve:{DATABASE_PASSWORD}@127.0.0.1:9/reeve");
    let mut written = Written::default();

    for command in [
        &["serve", "--http", "127.0.0.1:0"][..],
        &["doctor"],
        &["migrate"],
    ] {
        let output = reeve()
            .args(command)
            .args(["--data", folder.path().join("data").to_str().unwrap()])
            .env("REEVE__DATABASE__URL", &url)
            .env("REEVE__LOG__FILTER", "trace")
            .output()
            .unwrap();
        assert!(!output.status.success(), "{output:?}");
        written.add_output(command[0], &output);
    }

    written.assert_holds_none_of(&CANARIES);
}

#[test]
fn a_secret_that_others_may_read_stops_the_server_and_doctor_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = configuration(folder.path());
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(folder.path().join(name), Permissions::from_mode(mode)).unwrap();
    };
    let mut written = Written::default();

    for (name, key) in [
        ("reeve.toml", "target[0].token"),
        ("ldap", "passwordFile"),
        ("webhook", "extensions.webhookSecretFiles"),
        ("issuer", "clientSecretFile"),
    ] {
        set(name, 0o644);
        let refused = Server::try_start(&data, &["--config", config.to_str().unwrap()])
            .err()
            .unwrap();
        let doctor = run(&["doctor", "--config", config.to_str().unwrap()]);
        set(name, 0o600);

        assert!(
            refused.contains(key) && refused.contains("chmod 600"),
            "{refused}"
        );
        assert!(!doctor.status.success());
        assert!(text(&doctor.stdout).contains("chmod 600"), "{doctor:?}");
        assert!(!data.exists(), "nothing was made");
        std::fs::remove_file(data.with_extension("stderr")).unwrap();
        written.add(format!("the refusal of {name}"), refused);
        written.add_output("doctor", &doctor);
    }

    written.assert_holds_none_of(&CANARIES);
}

#[test]
fn a_data_folder_that_others_may_change_is_refused_and_a_new_one_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::start(&data, &[]).terminate().success());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end != "pem") {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }

    std::fs::set_permissions(&data, Permissions::from_mode(0o770)).unwrap();
    let refused = Server::try_start(&data, &[]).err().unwrap();
    let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);

    assert!(refused.contains("chmod 700"), "{refused}");
    assert!(
        text(&doctor.stdout).contains("FAULT data folder"),
        "{doctor:?}"
    );
}

#[test]
fn a_development_tenant_for_everybody_has_to_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let refused = Server::try_start(&data, &["--http", "0.0.0.0:0"])
        .err()
        .unwrap();

    assert!(refused.contains("--dev-allow-remote"), "{refused}");
    assert!(!data.exists(), "nothing was made");
}
