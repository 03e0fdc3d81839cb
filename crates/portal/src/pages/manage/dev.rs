//! A development tenant: its clock, what it does wrong on purpose, seeds, snapshots, tokens to copy, and where everything is.
//!
//! **Invariant:** elsewhere there is no such page. Whoever may not change the tenant's settings is refused before anything is
//! done; a token is on the page that answers its form, and nowhere else: no log, no address.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use domain::fault::{Fault, Injected, Place as Faulty, ROUTES, Route, WHOLE, WORDS};
use domain::time::{Duration, Timestamp};
use http::StatusCode;
use maud::{Markup, html};
use service::faults::{self, NewFault};
use service::targets::may_switch;
use service::{Code, ServiceError, tenant};

use super::jobs::refused;
use crate::development::Development;
use crate::form::Form;
use crate::layout::Place;
use crate::parts::{Field, select, table, time, told, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

pub(super) const PATH: &str = "/manage/dev";
/// The furthest that the clock moves at once.
const FURTHEST: i64 = 36_500 * 86_400;
/// The largest form with a seed, in bytes.
pub(super) const LARGEST_SEED: usize = 16 * 1024 * 1024;
/// The longest text of a fault or a route, in characters.
const LONGEST: usize = 1_000;

/// What came of a form that could not be done, to be drawn with what was typed.
#[derive(Default)]
struct Outcome<'a> {
    wrong: Option<String>,
    typed: Option<&'a Form>,
    token: Option<(String, String)>,
}

fn development(visit: &Visit) -> Result<&Development, Problem> {
    let here = visit.portal.development().ok_or(Problem::NotFound)?;
    may_switch(&visit.ctx)?;
    Ok(here)
}

/// `GET /manage/dev`
pub(crate) async fn show(visit: Visit) -> Result<Response, Problem> {
    draw(&visit, Outcome::default()).await
}

/// `GET` of what a form of the page goes to, as when its answer is opened again.
pub(crate) async fn lead(visit: Visit) -> Result<Response, Problem> {
    development(&visit)?;
    Ok(reply::see(PATH))
}

async fn draw(visit: &Visit, outcome: Outcome<'_>) -> Result<Response, Problem> {
    let here = development(visit)?;
    let (service, ctx) = (visit.service(), &visit.ctx);
    let now = tenant::clock(service, ctx)?;
    let standing = faults::list(service, ctx).await?;
    let snapshots = tenant::list_snapshots(service, ctx).await?;
    let nothing = Form::default();
    let typed = outcome.typed.unwrap_or(&nothing);
    let content = html! {
        h1 { "Development tenant" }
        (told(match visit.asked.get("done") {
            Some("clock") => Some("The clock was moved, and what waited for it was done."),
            Some("fault") => Some("It misbehaves from now on."),
            Some("mended") => Some("It behaves again."),
            Some("seed") => Some("The seed was brought in."),
            Some("taken") => Some("The snapshot was taken."),
            Some("removed") => Some("The snapshot is gone."),
            Some("restored") => Some("Everything is as it was."),
            _ => None,
        }))
        (trouble(outcome.wrong.as_deref()))
        @if let Some((name, token)) = &outcome.token { (minted(here, name, token)) }
        (clock(visit, now, typed))
        (fault_part(visit, &standing, typed))
        (token_part(visit, here, typed))
        (seed_part(visit, typed))
        (snapshot_part(visit, &snapshots, typed))
        (facts(here))
    };
    let status = if outcome.wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = visit.page(Place::Dev, "Development tenant", &content);
    Ok(reply::page(status, page.await?))
}

/// The same page, with what is wrong with a form.
async fn wrong(visit: &Visit, form: &Form, text: String) -> Result<Response, Problem> {
    let outcome = Outcome {
        wrong: Some(text),
        typed: Some(form),
        token: None,
    };
    draw(visit, outcome).await
}

/// What somebody typed that cannot be, to be told beside the form; anything else is a problem.
async fn or_wrong<T>(
    visit: &Visit,
    form: &Form,
    outcome: Result<T, ServiceError>,
    done: &str,
) -> Result<Response, Problem> {
    match outcome {
        Ok(_) => Ok(reply::see(&format!("{PATH}?done={done}"))),
        Err(ServiceError::Refused {
            code: Code::InvalidModel | Code::BadRequest,
            message,
            ..
        }) => wrong(visit, form, words::sentence(&message)).await,
        Err(other) => Err(other.into()),
    }
}

fn field<'a>(form: &'a Form, name: &'a str, label: &'a str, hint: Option<&'a str>) -> Field<'a> {
    Field {
        name,
        label,
        hint,
        value: form.text(name),
        error: None,
        is_required: true,
    }
}

const UNITS: [(&str, &str); 3] = [("60", "minutes"), ("3600", "hours"), ("86400", "days")];

fn clock(visit: &Visit, now: Timestamp, typed: &Form) -> Markup {
    html! {
        section .card aria-labelledby="clock" {
            h2 #clock { "Clock" }
            p { "It is " (time(now)) " in this tenant. What waits for a time is done at that time, in its order." }
            form method="post" action={(PATH) "/clock"} {
                (visit.marked_once())
                div .search {
                    (field(typed, "advance", "Move it on by", None).line("number"))
                    (select("unit", "Of these", &UNITS, typed.get("unit").unwrap_or("86400")))
                    div .actions { button { "Move the clock on" } }
                }
            }
        }
    }
}

/// `POST /manage/dev/clock`
pub(crate) async fn move_clock(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let settle = Arc::clone(&development(&visit)?.settle);
    let unit = UNITS.iter().find(|(unit, _)| *unit == form.text("unit"));
    let seconds = unit.and_then(|(unit, _)| {
        let amount: i64 = form.text("advance").parse().ok()?;
        amount.checked_mul(unit.parse().ok()?)
    });
    let Some(seconds) = seconds.filter(|seconds| (1..=FURTHEST).contains(seconds)) else {
        let text = "Say by how much as a whole number above 0, and at most 36500 days.";
        return wrong(&visit, &form, text.to_owned()).await;
    };
    let (service, ctx) = (visit.service().clone(), visit.ctx.clone());
    // The clock goes all the way even if the browser has gone.
    let journey = tokio::spawn(async move {
        let by = Duration::from_secs(seconds);
        tenant::advance_clock(&service, &ctx, by, || tenant::patiently(settle())).await
    });
    let moved = journey
        .await
        .map_err(|error| ServiceError::Internal(Box::new(error)))?;
    or_wrong(&visit, &form, moved, "clock").await
}

fn fault_part(visit: &Visit, standing: &[(Injected, Timestamp, u64)], typed: &Form) -> Markup {
    let mut places = vec![("", "A route, named below")];
    let known = visit.portal.targets().known.iter();
    places.extend(known.map(|(name, _)| (name.as_str(), name.as_str())));
    let routes = format!(
        "A method or *, a space and a path below {}, in which * stands for anything.",
        ROUTES.join(", ")
    );
    let ways = format!("One of {WORDS}.");
    let optional = |name, label, hint| Field {
        is_required: false,
        ..field(typed, name, label, hint)
    };
    html! {
        section .card aria-labelledby="faults" {
            h2 #faults { "Faults" }
            p { "What targets or the API do wrong on purpose." }
            @if standing.is_empty() { p { "Everything behaves." } }
            @else {
                (fault_table(visit, standing))
                form method="post" action={(PATH) "/faults/end"} {
                    (visit.marked())
                    button .second { "End all faults" }
                }
            }
            details open[typed.get("fault").is_some()] {
                summary { "Add a fault" }
                form method="post" action={(PATH) "/faults"} {
                    (visit.marked_once())
                    (select("target", "What misbehaves", &places, typed.text("target")))
                    (optional("route", "Route", Some(routes.as_str())).line("text"))
                    (field(typed, "fault", "How", Some(ways.as_str())).line("text"))
                    (optional("calls", "For so many calls", None).line("number"))
                    (optional("share", "For a share of them, in percent", None).line("number"))
                    div .actions { button { "Add the fault" } }
                }
            }
        }
    }
}

fn fault_table(visit: &Visit, standing: &[(Injected, Timestamp, u64)]) -> Markup {
    let rows: Vec<Vec<Markup>> = standing
        .iter()
        .map(|(injected, since, met)| {
            let place = match &injected.place {
                Faulty::Target(target) => target.clone(),
                Faulty::Route(route) => route.to_string(),
            };
            vec![
                html! { (place) },
                html! { code { (injected.fault) } },
                html! {
                    @match (injected.calls, injected.share) {
                        (None, None) => "every call",
                        (Some(calls), _) => { (calls) " calls" }
                        (None, Some(share)) => { (share / (WHOLE / 100)) " % of calls" }
                    }
                },
                html! { (met) },
                time(*since),
                html! {
                    form method="post" action={(PATH) "/faults/end"} {
                        (visit.marked())
                        input type="hidden" name="id" value=(injected.id);
                        button .second { "End" span .unseen { ": " (injected.fault) " of " (place) } }
                    }
                },
            ]
        })
        .collect();
    let columns = ["What", "How", "For", "Met", "Since", "End"];
    table("What misbehaves", &columns, &rows)
}

/// `POST /manage/dev/faults`
pub(crate) async fn add_fault(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    development(&visit)?;
    let new = match new_fault(&visit, &form) {
        Ok(new) => new,
        Err(text) => return wrong(&visit, &form, text).await,
    };
    let injected = faults::inject(visit.service(), &visit.ctx, new).await;
    or_wrong(&visit, &form, injected, "fault").await
}

fn new_fault(visit: &Visit, form: &Form) -> Result<NewFault, String> {
    let (target, route) = (form.text("target"), form.text("route"));
    let too_long = |text: &str| text.chars().count() > LONGEST;
    if too_long(route) || too_long(form.text("fault")) {
        return Err(format!("At most {LONGEST} characters, please."));
    }
    let mut known = visit.portal.targets().known.iter();
    let place = match (target, route) {
        ("", "") => return Err("Say what misbehaves: a target, or a route.".to_owned()),
        ("", route) => Route::parse(route)
            .map(Faulty::Route)
            .ok_or("The route is not one that can misbehave.")?,
        (target, "") if known.any(|(name, _)| name == target) => Faulty::Target(target.to_owned()),
        (_, "") => return Err("There is no such target.".to_owned()),
        _ => return Err("Choose a target or name a route, not both.".to_owned()),
    };
    let fault = Fault::parse(form.text("fault"));
    let fault = fault.ok_or_else(|| format!("A fault is one of {WORDS}."))?;
    if matches!(place, Faulty::Route(_)) && !fault.is_for_routes() {
        return Err("Such a fault is for targets alone.".to_owned());
    }
    let number = |name: &str, most: i64| -> Result<Option<i64>, String> {
        let Some(text) = form.get(name) else {
            return Ok(None);
        };
        let number = text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number));
        let wrong = || format!("Give a whole number from 1 to {most}, or none.");
        number.map(Some).ok_or_else(wrong)
    };
    Ok(NewFault {
        place,
        fault,
        calls: number("calls", 1_000_000)?,
        share: number("share", 100)?.map(|percent| percent * (WHOLE / 100)),
        seed: 0,
    })
}

/// `POST /manage/dev/faults/end`: one, or all.
pub(crate) async fn end_faults(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    development(&visit)?;
    match form.get("id") {
        None => faults::take_all_back(visit.service(), &visit.ctx).await?,
        Some(id) => {
            if !faults::take_back(visit.service(), &visit.ctx, id).await? {
                return Err(Problem::NotFound);
            }
        }
    }
    Ok(reply::see(&format!("{PATH}?done=mended")))
}

fn token_part(visit: &Visit, here: &Development, typed: &Form) -> Markup {
    let accounts: Vec<(&str, String)> = here
        .accounts
        .iter()
        .map(|account| {
            let told = format!("{} ({})", account.name, account.id);
            (account.key.as_str(), told)
        })
        .collect();
    let choices: Vec<(&str, &str)> = accounts
        .iter()
        .map(|(key, told)| (*key, told.as_str()))
        .collect();
    html! {
        section .card aria-labelledby="tokens" {
            h2 #tokens { "Tokens" }
            p { "An access token for curl or an SDK. It is shown once, and whoever has it is that account until it ends." }
            form method="post" action={(PATH) "/token"} {
                (visit.marked())
                div .search {
                    (select("account", "Whose", &choices, typed.text("account")))
                    div .actions { button { "Show a token" } }
                }
            }
        }
    }
}

fn minted(here: &Development, name: &str, token: &str) -> Markup {
    let call = format!(
        "curl --cacert {} -H \"Authorization: Bearer $TOKEN\" \\\n  {}/v1.0/identityGovernance/entitlementManagement/accessPackages",
        here.ca_file.display(),
        here.base_url
    );
    html! {
        section .card aria-labelledby="minted" {
            h2 #minted { "A token of " (name) }
            div .field {
                label for="token" { "Copy it now: it is not shown again" }
                textarea #token readonly rows="6" spellcheck="false" { (token) }
            }
            p { "With the token in " code { "TOKEN" } ":" }
            pre tabindex="0" { code { (call) } }
        }
    }
}

/// `POST /manage/dev/token`
pub(crate) async fn mint(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let here = development(&visit)?;
    let key = form.text("account");
    let Some(account) = here.accounts.iter().find(|account| account.key == key) else {
        return wrong(&visit, &form, "There is no such account.".to_owned()).await;
    };
    match (here.mint)(account.key.clone()).await {
        Ok(token) => {
            let outcome = Outcome {
                token: Some((account.name.clone(), token)),
                typed: Some(&form),
                wrong: None,
            };
            draw(&visit, outcome).await
        }
        Err(why) => wrong(&visit, &form, words::sentence(&why)).await,
    }
}

fn seed_part(visit: &Visit, typed: &Form) -> Markup {
    let hint =
        "YAML or JSON, as `reeve serve --seed` takes it. What is there already stays as it is.";
    html! {
        section .card aria-labelledby="seeds" {
            h2 #seeds { "Seed" }
            form method="post" action={(PATH) "/seed"} {
                (visit.marked_once())
                div .field hidden {
                    label for="seed-file" { "A file" }
                    input #seed-file type="file" accept=".yaml,.yml,.json" data-into="seed";
                }
                (field(typed, "seed", "What it holds", Some(hint)).lines())
                div .actions { button { "Bring it in" } }
            }
        }
    }
}

/// `POST /manage/dev/seed`
pub(crate) async fn sow(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let sow = Arc::clone(&development(&visit)?.sow);
    let Some(text) = form.get("seed") else {
        return wrong(&visit, &form, "The seed is empty.".to_owned()).await;
    };
    match sow(text.to_owned()).await {
        Ok(()) => Ok(reply::see(&format!("{PATH}?done=seed"))),
        Err(why) => wrong(&visit, &form, words::sentence(&why)).await,
    }
}

fn snapshot_part(visit: &Visit, all: &[tenant::Snapshot], typed: &Form) -> Markup {
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|one| {
            let about = if one.name == tenant::START {
                "how it was at its start"
            } else {
                ""
            };
            vec![
                html! { code { (one.name) } @if !about.is_empty() { p .hint { (about) } } },
                time(one.taken_at),
                html! {
                    div .actions {
                        (order(visit, &one.name, "restore", "Bring it back", "harm"))
                        (order(visit, &one.name, "remove", "Remove", "second"))
                    }
                },
            ]
        })
        .collect();
    html! {
        section .card aria-labelledby="snapshots" {
            h2 #snapshots { "Snapshots and reset" }
            p {
                "To bring a snapshot back is to lose everything since, the clock included. "
                "The one called " code { (tenant::START) } " resets the tenant."
            }
            @if !rows.is_empty() { (table("Snapshots", &["Name", "Taken", "What to do"], &rows)) }
            form method="post" action={(PATH) "/snapshots"} {
                (visit.marked())
                div .search {
                    (field(typed, "name", "Name of a new one", None).line("text"))
                    div .actions { button { "Take a snapshot" } }
                }
            }
        }
    }
}

fn order(visit: &Visit, name: &str, order: &str, text: &str, class: &str) -> Markup {
    html! {
        form method="post" action={(PATH) "/snapshots/" (order)} {
            (visit.marked())
            input type="hidden" name="name" value=(name);
            button class=(class) { (text) span .unseen { ": " (name) } }
        }
    }
}

/// `POST /manage/dev/snapshots`
pub(crate) async fn take(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    development(&visit)?;
    let taken = tenant::take_snapshot(visit.service(), &visit.ctx, form.text("name")).await;
    or_wrong(&visit, &form, taken, "taken").await
}

/// `POST /manage/dev/snapshots/{order}`: `restore` or `remove`.
pub(crate) async fn use_snapshot(
    Path(order): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    development(&visit)?;
    let (service, ctx, name) = (visit.service(), &visit.ctx, form.text("name"));
    match order.as_str() {
        "restore" => {
            tenant::restore_snapshot(service, ctx, name).await?;
            Ok(reply::see(&format!("{PATH}?done=restored")))
        }
        "remove" if name == tenant::START => Err(refused(
            "The snapshot of the start is what the tenant is reset to.",
        )),
        "remove" => {
            tenant::remove_snapshot(service, ctx, name).await?;
            Ok(reply::see(&format!("{PATH}?done=removed")))
        }
        _ => Err(Problem::NotFound),
    }
}

fn facts(here: &Development) -> Markup {
    html! {
        section .card aria-labelledby="where" {
            h2 #where { "Where everything is" }
            dl {
                dt { "Graph" } dd { code { (here.base_url) "/v1.0" } }
                dt { "Issuer" } dd { code { (here.authority) "/" (here.tenant_id) "/v2.0" } }
                dt { "Tenant" } dd { code { (here.tenant_id) } }
                dt { "Scope" } dd { code { (here.base_url) "/.default" } }
                dt { "Certificate to trust" } dd { code { (here.ca_file.display()) } }
                @if let Some(id) = &here.public_client_id {
                    dt { "Client of programs" } dd { code { (id) } }
                }
                @for account in &here.accounts {
                    dt { (account.name) } dd { code { (account.id) } }
                }
            }
        }
    }
}
