//! What is wrong with a configuration whose keys and types are right.

use std::collections::BTreeSet;

use auth::principal::Permission;
use auth::token::SignatureAlgorithm;
use domain::cloud::Cloud;
use domain::id::AppId;
use domain::time::Duration;

use crate::instance::directory_role;

use super::value::{Iso, Listen};
use super::{
    ApplicationBy, Config, IssuerSection, LdapTarget, ScimTarget, TargetSection, guests, portal,
};

/// Everything that is wrong, each by its key.
pub(super) fn flaws(config: &Config) -> Vec<String> {
    let mut flaws = Vec::new();
    server(config, &mut flaws);
    config.limits.flaws(&mut flaws);
    database(config, &mut flaws);
    delivery(config, &mut flaws);
    provisioning(config, &mut flaws);
    guests::flaws(config, &mut flaws);
    portal::flaws(config, &mut flaws);
    flaws.extend(config.notices.flaws());
    let mut issuers = BTreeSet::new();
    for (index, section) in config.issuer.iter().enumerate() {
        issuer(
            &format!("issuer[{index}]"),
            section,
            config.server.cloud_profile.cloud(),
            &mut flaws,
        );
        let is_new = issuers.insert(&section.issuer);
        if !is_new && !has_user_info(&section.issuer) {
            flaws.push(format!(
                "`issuer[{index}].issuer` is configured twice: `{}`",
                section.issuer
            ));
        }
    }
    let mut targets = BTreeSet::from([delivery::registry::DIRECTORY]);
    for (index, section) in config.target.iter().enumerate() {
        let at = format!("target[{index}]");
        match section {
            TargetSection::Scim(target) => scim(&at, target, &mut flaws),
            TargetSection::Ldap(target) => ldap(&at, target, &mut flaws),
        }
        if section.name().trim().is_empty() {
            flaws.push(format!("`{at}.name` is empty"));
        } else if !targets.insert(section.name()) {
            flaws.push(format!("`{at}.name` is taken: `{}`", section.name()));
        }
        if section
            .rate_per_second()
            .is_some_and(|rate| !rate.is_finite() || rate <= 0.0)
        {
            flaws.push(format!("`{at}.ratePerSecond` must be above zero"));
        }
    }
    if let Err(error) = config.log.filter.parse::<tracing_subscriber::EnvFilter>() {
        flaws.push(format!("`log.filter` cannot be read: {error}"));
    }
    flaws
}

fn server(config: &Config, flaws: &mut Vec<String>) {
    let server = &config.server;
    if server.certificate_file.is_some() != server.key_file.is_some() {
        flaws.push("`server.certificateFile` and `server.keyFile` belong together".to_owned());
    }
    if server.http == Listen::Off && matches!(server.https, None | Some(Listen::Off)) {
        flaws.push(
            "`server.http` and `server.https` are both `off`: nobody could reach the server"
                .to_owned(),
        );
    }
    let is_origin = |url: &String| {
        reqwest::Url::parse(url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none()
        })
    };
    if let Some(url) = &server.public_url
        && !is_origin(url)
    {
        flaws.push(format!(
            "`server.publicUrl` must be scheme, host and port alone, such as `https://reeve.example.com`: `{url}`"
        ));
    }
}

fn provisioning(config: &Config, flaws: &mut Vec<String>) {
    let is_domain = |domain: &String| {
        !domain.is_empty() && !domain.contains(|c: char| c.is_whitespace() || c == '@')
    };
    if let Some(domain) = &config.provisioning.domain
        && !is_domain(domain)
    {
        flaws.push(format!(
            "`provisioning.domain` must be a domain such as `example.com`: `{domain}`"
        ));
    }
}

fn database(config: &Config, flaws: &mut Vec<String>) {
    let database = &config.database;
    if database.url.is_some() && database.url_file.is_some() {
        flaws.push("`database.url` and `database.urlFile` exclude each other".to_owned());
    }
    if database.ca_file.is_some() && database.url.is_none() && database.url_file.is_none() {
        flaws.push(
            "`database.caFile` is for a database server, and `database.url` names none".to_owned(),
        );
    }
}

fn delivery(config: &Config, flaws: &mut Vec<String>) {
    let zero = Duration::default();
    if config.reprocess.request_window.0 <= zero {
        flaws.push("`reprocess.requestWindow` must be above zero".to_owned());
    }
    if config.reprocess.per_minute_per_tenant == Some(0) {
        flaws.push(
            "`reprocess.perMinutePerTenant` must be at least 1; leave it out for no limit"
                .to_owned(),
        );
    }
    if !(1..=5_000).contains(&config.reprocess.job_chunk) {
        flaws.push("`reprocess.jobChunk` must be from 1 to 5000".to_owned());
    }
    let gaps = &config.delivery.retry_schedule.0;
    if gaps.is_empty() {
        flaws.push("`delivery.retrySchedule` is empty: nothing would ever be delivered".to_owned());
    }
    if gaps.iter().any(|gap| gap.0 < zero) {
        flaws.push("`delivery.retrySchedule` holds a gap below zero".to_owned());
    }
    if config.delivery.poll_interval.0 <= zero {
        flaws.push("`delivery.pollInterval` must be above zero".to_owned());
    }
    if config.delivery.lease.0 < Duration::from_secs(4) {
        flaws.push(
            "`delivery.lease` must be at least PT4S: a call to a target may take a quarter of it"
                .to_owned(),
        );
    }
}

fn issuer(at: &str, issuer: &IssuerSection, cloud: Cloud, flaws: &mut Vec<String>) {
    if has_user_info(&issuer.issuer) {
        // It is not repeated here: what is told is read by many.
        flaws.push(format!(
            "`{at}.issuer` holds a user name or password: the name of an issuer is no secret and is shown"
        ));
        return;
    }
    let audiences = issuer.audiences.as_deref();
    let audiences = audiences.unwrap_or_default();
    if audiences.is_empty() && issuer.audiences.is_some() {
        flaws.push(format!(
            "`{at}.audiences` is empty: no token would be accepted"
        ));
    }
    let addresses = audiences.iter().map(|audience| ("audiences", audience));
    for (key, address) in std::iter::once(("issuer", &issuer.issuer)).chain(addresses) {
        if let Some(other) = cloud.stranger(address) {
            flaws.push(format!(
                "`{at}.{key}` is of another cloud than `server.cloudProfile` says: `{address}` is of `{other}`, and the \
                 server shows `{cloud}`; tokens of one cloud are not valid in another"
            ));
        }
    }
    for (key, names) in [
        ("impliedScopes", &issuer.implied_scopes),
        ("impliedRoles", &issuer.implied_roles),
    ] {
        for name in names {
            if Permission::from_name(name).is_none() {
                flaws.push(format!(
                    "`{at}.{key}` names a permission that there is not: `{name}`"
                ));
            }
        }
    }
    let given = [
        ("userClaim", Some(&issuer.user_claim)),
        ("rolesClaim", Some(&issuer.roles_claim)),
        ("groupsClaim", Some(&issuer.groups_claim)),
        ("tenantClaim", Some(&issuer.tenant_claim)),
        ("scopesClaim", issuer.scopes_claim.as_ref()),
        ("applicationClaim", issuer.application_claim.as_ref()),
    ];
    for (key, claim) in given {
        if claim.is_some_and(String::is_empty) {
            flaws.push(format!("`{at}.{key}` is empty"));
        }
    }
    if issuer.clock_skew.0 < Duration::default() {
        flaws.push(format!("`{at}.clockSkew` is below zero"));
    }
    if issuer.keys_kept_for.0 < Duration::default() {
        flaws.push(format!("`{at}.keysKeptFor` is below zero"));
    }
    if let Some(introspection) = &issuer.introspection
        && introspection.cache_for.0 < Duration::default()
    {
        flaws.push(format!("`{at}.introspection.cacheFor` is below zero"));
    }
    issuer_names(at, issuer, flaws);
}

fn has_user_info(address: &str) -> bool {
    reqwest::Url::parse(address)
        .is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

/// What an issuer's section names that there has to be.
fn issuer_names(at: &str, issuer: &IssuerSection, flaws: &mut Vec<String>) {
    if issuer.algorithms.is_empty() {
        flaws.push(format!(
            "`{at}.algorithms` is empty: no token would be accepted"
        ));
    }
    for name in &issuer.algorithms {
        if SignatureAlgorithm::from_name(name).is_none() {
            let all: Vec<&str> = SignatureAlgorithm::ALL
                .iter()
                .map(|algorithm| algorithm.as_str())
                .collect();
            flaws.push(format!(
                "`{at}.algorithms` names one that cannot be used: `{name}`; there are {}",
                all.join(", ")
            ));
        }
    }
    for (group, roles) in &issuer.group_roles {
        for role in roles.as_slice() {
            if directory_role(role).is_none() {
                flaws.push(format!(
                    "`{at}.groupRoles.{group}` names a directory role that means nothing here: `{role}`"
                ));
            }
        }
    }
    for (client, app_id) in &issuer.applications {
        if app_id.parse::<AppId>().is_err() {
            flaws.push(format!(
                "`{at}.applications.{client}` must be the `appId` of an application: `{app_id}`"
            ));
        }
    }
    let is_by_mark = issuer.application_by == ApplicationBy::Mark;
    let mark = issuer.application_mark.as_deref().unwrap_or_default();
    if is_by_mark == mark.is_empty() {
        flaws.push(format!(
            "`{at}.applicationMark` and `{at}.applicationBy = \"mark\"` belong together"
        ));
    }
    if issuer.issuer.contains("{tenantid}") && issuer.tenant.is_none() {
        flaws.push(format!(
            "`{at}.tenant` is needed: the issuer has many tenants, and one of them counts here"
        ));
    }
}

fn scim(at: &str, target: &ScimTarget, flaws: &mut Vec<String>) {
    one_of(
        at,
        "token",
        target.token.is_some(),
        target.token_file.is_some(),
        flaws,
    );
    timeout(at, target.timeout, flaws);
}

fn ldap(at: &str, target: &LdapTarget, flaws: &mut Vec<String>) {
    one_of(
        at,
        "password",
        target.password.is_some(),
        target.password_file.is_some(),
        flaws,
    );
    timeout(at, target.timeout, flaws);
    if target.user_base.is_some() != target.user_filter.is_some() {
        flaws.push(format!(
            "`{at}.userBase` and `{at}.userFilter` belong together"
        ));
    }
    if target.user_dn.is_some() && target.user_base.is_some() {
        flaws.push(format!(
            "`{at}.userDn` and `{at}.userBase` exclude each other"
        ));
    }
}

fn one_of(at: &str, key: &str, inline: bool, file: bool, flaws: &mut Vec<String>) {
    match (inline, file) {
        (false, false) => flaws.push(format!("`{at}.{key}` or `{at}.{key}File` is needed")),
        (true, true) => flaws.push(format!(
            "`{at}.{key}` and `{at}.{key}File` exclude each other"
        )),
        _ => {}
    }
}

fn timeout(at: &str, timeout: Option<Iso>, flaws: &mut Vec<String>) {
    if timeout.is_some_and(|timeout| timeout.0 <= Duration::default()) {
        flaws.push(format!("`{at}.timeout` must be above zero"));
    }
}
