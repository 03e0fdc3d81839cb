//! Adoption: people who have all that a package gives get the assignment that accounts for it, after a look at who that is.

use std::collections::HashMap;

use axum::response::Response;
use domain::id::ObjectId;
use http::StatusCode;
use maud::{Markup, html};
use service::adoptions::{self, Adoption, Fate, MOST, Person, Report};
use service::overview::extras;
use service::overview::packages::{self, Package};
use service::{Code, ServiceError};

use crate::form::Form;
use crate::layout::Place;
use crate::parts::{Field, badge, table, time, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words::{self, Tone};

const PATH: &str = "/manage/adopt";
/// The longest reason, in characters.
const LONGEST_REASON: usize = 4_096;

/// `GET /manage/adopt`
pub(crate) async fn show(visit: Visit) -> Result<Response, Problem> {
    adoptions::admitted(&visit.ctx)?;
    let form = visit.asked.clone();
    draw(&visit, &form, None, None).await
}

/// `POST /manage/adopt`: who would be adopted, or the adoption.
pub(crate) async fn adopt(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    adoptions::admitted(&visit.ctx)?;
    let adoption = match read(&form) {
        Ok(adoption) => adoption,
        Err(wrong) => return draw(&visit, &form, None, Some(wrong)).await,
    };
    match adoptions::adopt(visit.service(), &visit.ctx, adoption).await {
        Ok(report) => draw(&visit, &form, Some(&report), None).await,
        Err(ServiceError::Refused {
            code: Code::InvalidModel | Code::ResourceNotFound,
            message,
            ..
        }) => draw(&visit, &form, None, Some(words::sentence(&message))).await,
        Err(other) => Err(other.into()),
    }
}

fn read(form: &Form) -> Result<Adoption, String> {
    let package = form.text("package").parse();
    let policy = form.text("policy").parse();
    let after: Result<Option<ObjectId>, _> = form.get("after").map(str::parse).transpose();
    let (Ok(access_package_id), Ok(assignment_policy_id), Ok(after)) = (package, policy, after)
    else {
        return Err("Choose a package and one of its policies.".to_owned());
    };
    let justification = form.get("reason").map(str::to_owned);
    let too_long = |text: &String| text.chars().count() > LONGEST_REASON;
    if justification.as_ref().is_some_and(too_long) {
        return Err(format!("A reason has at most {LONGEST_REASON} characters."));
    }
    Ok(Adoption {
        access_package_id,
        assignment_policy_id,
        dry_run: form.text("do") != "adopt",
        after,
        limit: MOST,
        justification,
    })
}

async fn draw(
    visit: &Visit,
    form: &Form,
    report: Option<&Report>,
    wrong: Option<String>,
) -> Result<Response, Problem> {
    let field = |name, label, hint, is_required| Field {
        name,
        label,
        hint,
        value: form.text(name),
        error: None,
        is_required,
    };
    let next = report.and_then(|report| report.next);
    let names = match report {
        Some(report) => {
            let people = report.people.iter().map(|one| one.object_id).collect();
            extras::names(visit.service(), &visit.ctx, people).await?
        }
        None => HashMap::new(),
    };
    let text = form.text("package");
    let found = if text.is_empty() {
        Vec::new()
    } else {
        packages::find(visit.service(), &visit.ctx, text).await?
    };
    let named = |package: &&Package| package.id.to_string().eq_ignore_ascii_case(text);
    let chosen = found.iter().find(named).and_then(|package| {
        let policies = package.policies.iter();
        let own = policies
            .clone()
            .find(|(id, _)| id.to_string().eq_ignore_ascii_case(form.text("policy")));
        Some((package, own?))
    });
    let content = html! {
        h1 { "Adopt" }
        (trouble(wrong.as_deref()))
        p { "People who have all that a package gives, because somebody gave it to them before, get the assignment for it. Nothing is taken from anybody." }
        @if let Some((package, (policy, policy_name))) = chosen {
            form .card method="post" action=(PATH) {
                (visit.marked())
                dl {
                    dt { "Package" } dd { (package.name) }
                    dt { "By the policy" } dd { (policy_name) }
                }
                input type="hidden" name="package" value=(package.id);
                input type="hidden" name="policy" value=(policy);
                (field("reason", "Your reason", Some("It stands in their requests."), false).lines())
                @if let Some(next) = next { input type="hidden" name="after" value=(next); }
                div .actions {
                    button name="do" value="look" {
                        @if next.is_some() { "Look at the next" } @else { "Look who that is" }
                    }
                    a .button .second href=(PATH) { "Another package" }
                }
            }
        } @else {
            form .search role="search" method="get" action=(PATH) {
                (field("package", "Package", Some("A part of its name."), true).line("text"))
                div .actions { button .second { "Search" } }
            }
            (choices(text, &found))
        }
        @if let Some(report) = report { (told(visit, form, report, &names)) }
        p { a href="/manage/drift#extras" { "Drift" } }
    };
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = visit.page(Place::Drift, "Adopt", &content).await?;
    Ok(reply::page(status, page))
}

/// The packages that were found, to choose one of their policies.
fn choices(text: &str, found: &[Package]) -> Markup {
    html! {
        @if !text.is_empty() && found.is_empty() {
            div .empty { p { "There is no such package." } }
        }
        @for package in found {
            section .card aria-labelledby={"package-" (package.id)} {
                h2 id={"package-" (package.id)} { (package.name) }
                @if package.policies.is_empty() { p { "It has no policy." } }
                ul {
                    @for (policy, name) in &package.policies {
                        li {
                            a href={(PATH) "?package=" (package.id) "&policy=" (policy)} { "By the policy " (name) }
                        }
                    }
                }
            }
        }
    }
}

fn told(visit: &Visit, form: &Form, report: &Report, names: &HashMap<ObjectId, String>) -> Markup {
    let was_done = form.text("do") == "adopt";
    let rows: Vec<Vec<Markup>> = report
        .people
        .iter()
        .map(|one| person(one, names.get(&one.object_id)))
        .collect();
    let fits = |person: &&Person| matches!(person.fate, Ok(Fate::Adopted(_)));
    let count = report.people.iter().filter(fits).count();
    html! {
        section .card aria-labelledby="who" {
            h2 #who { @if was_done { "Adopted" } @else { "Who that is" } }
            p {
                (count) @if was_done { " adopted. " } @else { " would be adopted. " }
                "The oldest look into a target was " (time(report.observed_at)) "."
            }
            @if !rows.is_empty() { (table("People who have something of the package", &["Who", "What"], &rows)) }
            @if !was_done && count > 0 {
                form method="post" action={(PATH) "#who"} {
                    (visit.marked())
                    @for name in ["package", "policy", "reason", "after"] {
                        @if let Some(value) = form.get(name) { input type="hidden" name=(name) value=(value); }
                    }
                    div .actions { button name="do" value="adopt" { "Adopt " (count) } }
                }
            }
        }
    }
}

fn person(person: &Person, name: Option<&String>) -> Vec<Markup> {
    let what = match &person.fate {
        Ok(Fate::Adopted(None)) => badge((Tone::Good, "Would be adopted")),
        Ok(Fate::Adopted(Some(request))) => html! {
            a href={"/requests/" (request)} { "Adopted" }
        },
        Ok(Fate::Assigned) => badge((Tone::Quiet, "Has the package already")),
        Ok(Fate::Partial(roles)) => html! { "Has " (roles) " of its roles only" },
        Err(error) => html! { (words::sentence(&error.to_string())) },
    };
    let who = html! {
        @if let Some(name) = name { (name) } @else { code { (person.object_id) } }
    };
    vec![who, what]
}
