//! `reeve login` and `reeve logout`: somebody signs in with a browser on any machine (RFC 8628), and their tokens are kept.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use super::kept::{self, SignIn};
use super::sign_in::{Grant, endpoint};
use super::{Place, http_client, place};
use crate::args::LogoutArgs;
use crate::args::connect::LoginArgs;
use crate::output;

/// How often the issuer is asked, if it does not say.
const INTERVAL: u64 = 5;
/// The longest pause between two questions, and the longest time that somebody has to enter the code, whatever the issuer says.
const LONGEST_INTERVAL: u64 = 60;
const LONGEST_WAIT: u64 = 3_600;
/// By how much that grows when the issuer finds it too often (RFC 8628, 3.5).
const SLOWER: u64 = 5;

/// Runs `login`.
pub(crate) async fn run(args: &LoginArgs) -> anyhow::Result<()> {
    let place = place(&args.connect)?;
    let (tenant, client) = who(args, &place)?;
    let http = http_client(place.ca.as_deref())?;
    let scope = scope(args, &place.root);
    let begin = Grant::new(
        endpoint(&place.authority, &tenant, "devicecode"),
        vec![("client_id", client.clone()), ("scope", scope.clone())],
    );
    let begun = begin
        .answer(&http)
        .await?
        .map_err(|refusal| output::Refused(format!("the issuer refused: {}", refusal.told)))?;
    let text = |name: &str| begun.get(name).and_then(Value::as_str);
    let (Some(device), Some(code), Some(page)) = (
        text("device_code"),
        text("user_code"),
        text("verification_uri"),
    ) else {
        bail!("the issuer's answer holds no code");
    };
    output::line(format_args!(
        "Open {} in a browser and enter the code {}",
        output::rows::shown(page),
        output::rows::shown(code)
    ));
    let poll = Grant::new(
        endpoint(&place.authority, &tenant, "token"),
        vec![
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:device_code".to_owned(),
            ),
            ("client_id", client.clone()),
            ("device_code", device.to_owned()),
        ],
    );
    let interval = begun.get("interval").and_then(Value::as_u64);
    let expires = begun.get("expires_in").and_then(Value::as_u64);
    let patience = Duration::from_secs(expires.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT));
    let asking = signed_in(&http, &poll, interval.unwrap_or(INTERVAL));
    let answer = tokio::time::timeout(patience, asking)
        .await
        .map_err(|_| output::Refused("nobody entered the code in time".to_owned()))??;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let path = kept::keep(
        &place.root,
        SignIn {
            authority: place.authority,
            tenant,
            client_id: client,
            scope,
            access_token: text("access_token")
                .context("the issuer's answer holds no access token")?,
            refresh_token: text("refresh_token"),
        },
    )?;
    output::line(format_args!(
        "signed in to {}; the tokens are in {}",
        place.root,
        path.display()
    ));
    Ok(())
}

/// The tenant and the client to sign in with: those that are named, or those of a development tenant.
fn who(args: &LoginArgs, place: &Place) -> anyhow::Result<(String, String)> {
    let of_dev = place.dev.as_ref();
    let tenant = args.connect.tenant.clone();
    let client = args.connect.client_id.clone();
    let tenant = tenant.or_else(|| of_dev.map(|dev| dev.tenant_id.clone()));
    let client = client.or_else(|| of_dev.and_then(|dev| dev.public_client_id.clone()));
    match (tenant, client) {
        (Some(tenant), Some(client)) => Ok((tenant, client)),
        _ => Err(output::Misunderstood(
            "name the tenant with `--tenant TENANT`, and a client without secret that is registered there with \
             `--client-id ID`"
                .to_owned(),
        )
        .into()),
    }
}

/// The scopes, as an issuer wants them; `offline_access` is what a sign-in that lasts takes.
fn scope(args: &LoginArgs, root: &str) -> String {
    let asked: Vec<String> = if args.scopes.is_empty() {
        vec![format!("{root}/.default")]
    } else {
        let whole = |scope: &String| {
            if scope.contains("://") {
                scope.clone()
            } else {
                format!("{root}/{scope}")
            }
        };
        args.scopes.iter().map(whole).collect()
    };
    format!("{} offline_access", asked.join(" "))
}

/// Asks until somebody has entered the code, or nobody can any more.
async fn signed_in(
    http: &reqwest::Client,
    poll: &Grant,
    mut interval: u64,
) -> anyhow::Result<Value> {
    loop {
        tokio::time::sleep(Duration::from_secs(interval.min(LONGEST_INTERVAL))).await;
        match poll.answer(http).await? {
            Ok(answer) => return Ok(answer),
            Err(refusal) if refusal.error == "authorization_pending" => {}
            Err(refusal) if refusal.error == "slow_down" => {
                interval = interval.saturating_add(SLOWER);
            }
            Err(refusal) => {
                return Err(output::Refused(format!("nobody signed in: {}", refusal.told)).into());
            }
        }
    }
}

/// Runs `logout`.
pub(crate) fn forget(args: &LogoutArgs) -> anyhow::Result<()> {
    let forgotten = kept::forget(args.url.as_deref())?;
    output::line(format_args!(
        "forgot the tokens of {}; access tokens end by themselves within about an hour",
        output::counted(forgotten, "Graph root", "Graph roots")
    ));
    Ok(())
}
