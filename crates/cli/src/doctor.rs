//! `reeve doctor`: looks at everything that a server needs, says what it finds, changes nothing.

use std::time::Duration;

use anyhow::{Context, bail};
use delivery::Registry;
use domain::time::Timestamp;
use serde_json::Value;
use service::Service;
use service::clock::{Clock, Ids};

use crate::args::ConfigArgs;
use crate::client::http_client;
use crate::config::{Config, IssuerSection};
use crate::{instance, output, targets};

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
    let clock = Clock::system();
    findings.add("clock", check_clock(clock.now()));
    for issuer in &config.issuer {
        findings.add(
            &format!("issuer {}", issuer.issuer),
            check_issuer(issuer).await,
        );
    }
    if config.issuer.is_empty() {
        output::line("note  issuers: none is configured, so only `serve --dev` accepts tokens");
    }
    if let Some(service) = check_database(args, &config, clock, &mut findings) {
        check_targets(&service, &config, &mut findings).await;
    }
    Ok(findings.faults == 0)
}

fn check_clock(now: Timestamp) -> anyhow::Result<String> {
    if now.micros() < EARLIEST {
        bail!("the machine's clock says {now}: tokens and certificates would be refused");
    }
    Ok(format!("it is {now}"))
}

/// Discovery document and keys, as the server fetches them.
async fn check_issuer(section: &IssuerSection) -> anyhow::Result<String> {
    let mut sections = instance::verifier_configs(std::slice::from_ref(section))?;
    auth::token::Verifier::new(std::mem::take(&mut sections))?;
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

fn check_database(
    args: &ConfigArgs,
    config: &Config,
    clock: Clock,
    findings: &mut Findings,
) -> Option<Service> {
    let data = config.data_folder(args.data.as_deref());
    let store = match instance::open_existing(config, &data) {
        Ok(Some(store)) => store,
        Ok(None) => {
            findings.add(
                "database",
                Ok(format!(
                    "not there yet; `serve` makes it in `{}`",
                    data.display()
                )),
            );
            return None;
        }
        Err(error) => {
            findings.add("database", Err(error));
            return None;
        }
    };
    findings.add("database", Ok(format!("{:?} answers", store.kind())));
    findings.add(
        "schema",
        instance::schema_state(&store).map(instance::describe),
    );
    Some(Service::new(store, clock, Ids::random(), config.settings()))
}

async fn check_targets(service: &Service, config: &Config, findings: &mut Findings) {
    let registry = match targets::register(Registry::new(service), &config.target) {
        Ok(registry) => registry,
        Err(error) => return findings.add("targets", Err(error)),
    };
    for section in &config.target {
        let Some(connector) = registry.connector(section.name()) else {
            continue;
        };
        let found = match tokio::time::timeout(CHECK_LIMIT, connector.check()).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(outcome)) => Err(anyhow::anyhow!(match outcome.reason() {
                Some(reason) => reason.message.clone(),
                None => "it did not say why".to_owned(),
            })),
            Err(_) => Err(anyhow::anyhow!(
                "no answer within {} seconds",
                CHECK_LIMIT.as_secs()
            )),
        };
        findings.add(&format!("target {}", section.name()), found);
    }
}
