//! `reeve doctor`: looks at everything that a server needs, says what it finds, changes nothing.

use std::time::Duration;

use anyhow::{Context, bail};
use domain::time::Timestamp;
use serde_json::Value;
use service::clock::Clock;

use crate::args::ConfigArgs;
use crate::client::http_client;
use crate::config::{Config, IssuerSection, TargetSection};
use crate::dev_file::DevFile;
use crate::{exposure, instance, output, targets};

/// How long one target may take to answer.
const CHECK_LIMIT: Duration = Duration::from_secs(30);
/// A clock before this is not set: 2025-01-01.
const EARLIEST: i64 = 1_735_689_600_000_000;

/// What was found so far.
#[derive(Debug, Default)]
struct Findings {
    faults: usize,
}

impl Findings {
    fn add(&mut self, what: &str, found: anyhow::Result<String>) {
        match found {
            Ok(found) => output::line(format_args!("ok    {what}: {found}")),
            Err(error) => {
                self.faults += 1;
                output::line(format_args!("FAULT {what}: {error:#}"));
            }
        }
    }
}

/// Runs the command; says whether all is well.
pub(crate) async fn run(args: &ConfigArgs) -> anyhow::Result<bool> {
    let mut findings = Findings::default();
    let config = match Config::load(args.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            findings.add("configuration", Err(error));
            return Ok(false);
        }
    };
    findings.add(
        "configuration",
        Ok("every key is known and fits".to_owned()),
    );
    findings.add("clock", check_clock(Clock::system().now()));
    for issuer in &config.issuer {
        findings.add(
            &format!("issuer {}", issuer.issuer),
            check_issuer(issuer, &config).await,
        );
    }
    if config.issuer.is_empty() {
        output::line("note  issuers: none is configured, so only `serve --dev` accepts tokens");
    }
    check_exposure(args, &config, &mut findings);
    let data = config.data_folder(args.data.as_deref());
    if DevFile::find(&data)?.is_some() {
        output::line(
            "note  development: the data folder holds a development tenant, whose passwords are in `dev.json`; \
             its issuer is there with `serve --dev` alone",
        );
    }
    check_database(args, &config, &mut findings);
    for target in &config.target {
        findings.add(
            &format!("target {}", target.name()),
            check_target(target).await,
        );
    }
    Ok(findings.faults == 0)
}

/// Who could read what, and who could listen.
fn check_exposure(args: &ConfigArgs, config: &Config, findings: &mut Findings) {
    let secrets = exposure::check_files(config);
    findings.add(
        "secrets",
        secrets.map(|files| format!("{files} files, none of which others may read")),
    );
    let dangers = exposure::dangers(config);
    findings.add(
        "listeners",
        if dangers.is_empty() {
            Ok("nothing is sent in the clear".to_owned())
        } else {
            Err(anyhow::anyhow!(dangers.join("; ")))
        },
    );
    let data = config.data_folder(args.data.as_deref());
    if data.exists() {
        findings.add("data folder", check_folder(&data));
    }
}

fn check_folder(data: &std::path::Path) -> anyhow::Result<String> {
    if let Some(told) = instance::check_folder(data)? {
        bail!(told);
    }
    let open = exposure::open_files(data)?;
    if !open.is_empty() {
        bail!(
            "others may read {} in `{}`: `chmod 600` mends that",
            open.join(", "),
            data.display()
        );
    }
    Ok("nobody else may look into it".to_owned())
}

fn check_clock(now: Timestamp) -> anyhow::Result<String> {
    if now.micros() < EARLIEST {
        bail!("the machine's clock says {now}: tokens and certificates would be refused");
    }
    Ok(format!("it is {now}"))
}

/// Discovery document and keys, as the server fetches them.
async fn check_issuer(section: &IssuerSection, config: &Config) -> anyhow::Result<String> {
    auth::token::Verifier::new(vec![instance::verifier_config(section, config)?])?;
    let http = http_client_of(section)?;
    let url = format!(
        "{}/.well-known/openid-configuration",
        section.issuer.trim_end_matches('/')
    );
    let document = fetch(&http, &url).await?;
    if document.get("issuer").and_then(Value::as_str) != Some(section.issuer.as_str()) {
        bail!(
            "the document at {url} is of another issuer: `{}`",
            document.get("issuer").unwrap_or(&Value::Null)
        );
    }
    let keys = document
        .get("jwks_uri")
        .and_then(Value::as_str)
        .with_context(|| format!("the document at {url} names no `jwks_uri`"))?;
    let found = fetch(&http, keys).await?;
    let count = found
        .get("keys")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if count == 0 {
        bail!("there are no keys at {keys}");
    }
    Ok(format!("reachable, {count} keys"))
}

fn http_client_of(section: &IssuerSection) -> anyhow::Result<reqwest::Client> {
    match section.ca_files.as_slice() {
        [] => http_client(None),
        [one] => http_client(Some(one)),
        many => {
            let mut bundle = Vec::new();
            for path in many {
                bundle.extend(
                    std::fs::read(path)
                        .with_context(|| format!("cannot read `{}`", path.display()))?,
                );
                bundle.push(b'\n');
            }
            crate::client::http_client_trusting(Some(&bundle))
        }
    }
}

async fn fetch(http: &reqwest::Client, url: &str) -> anyhow::Result<Value> {
    let answer = http
        .get(url)
        .send()
        .await
        .with_context(|| format!("{url} does not answer"))?;
    if !answer.status().is_success() {
        bail!("{url} was answered {}", answer.status());
    }
    answer
        .json()
        .await
        .with_context(|| format!("the answer of {url} is no JSON"))
}

fn check_database(args: &ConfigArgs, config: &Config, findings: &mut Findings) {
    let data = config.data_folder(args.data.as_deref());
    let store = match instance::open_existing(config, &data) {
        Ok(Some(store)) => store,
        Ok(None) => {
            let told = format!("not there yet; `serve` makes it in `{}`", data.display());
            return findings.add("database", Ok(told));
        }
        Err(error) => return findings.add("database", Err(error)),
    };
    findings.add("database", Ok(format!("{:?} answers", store.kind())));
    findings.add(
        "schema",
        instance::schema_state(&store).map(instance::describe),
    );
}

/// Asks the target as the server would; no database is needed for that.
async fn check_target(section: &TargetSection) -> anyhow::Result<String> {
    let connector = targets::connector(section)?;
    match tokio::time::timeout(CHECK_LIMIT, connector.check()).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(outcome)) => match outcome.reason() {
            Some(reason) => bail!(reason.message.clone()),
            None => bail!("it did not say why"),
        },
        Err(_) => bail!("no answer within {} seconds", CHECK_LIMIT.as_secs()),
    }
}
