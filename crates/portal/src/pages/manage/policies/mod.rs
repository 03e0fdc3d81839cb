//! Assignment policies: who may have a package, who approves, how long it lasts, what is asked, and which extensions are
//! called when.

mod document;
mod edit;
mod fields;
mod picture;
mod reviews;
mod sets;

use auth::roles::Action;
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use domain::extension::Stage;
use domain::id::{CustomExtensionId, PolicyId, StageSettingId};
use domain::policy::{AnswerKind, Question};
use http::StatusCode;
use maud::{Markup, html};
use service::extensions::stages::{self, List, StageChange};
use service::overview::catalogs::{self, Extension};
use service::overview::policy::{self, Names, Policy};

use super::fields::trail;
use super::jobs::refused;
use crate::layout::Place;
use crate::parts::{badge, select, table, told};
use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words::{self, Tone};

const PATH: &str = "/manage/policies";

/// Which of these pages is where.
pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route(
            "/manage/packages/{id}/policies/new",
            get(edit::new_form).post(edit::create),
        )
        .route("/manage/policies/{id}", get(show))
        .route(
            "/manage/policies/{id}/edit",
            get(edit::form).post(edit::save),
        )
        .route("/manage/policies/{id}/delete", post(edit::delete))
        .route("/manage/policies/{id}/calls", post(call))
        .route("/manage/policies/{id}/calls/{list}/{call}", post(uncall))
}

/// The policy that an address names.
fn parsed(id: &str) -> Result<PolicyId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// The way to a policy of this package.
fn way(one: &Policy) -> Vec<(String, &str)> {
    vec![
        ("/manage/catalogs".to_owned(), "Catalogs"),
        (
            format!("/manage/catalogs/{}", one.catalog),
            &one.catalog_name,
        ),
        (
            format!("/manage/packages/{}", one.package),
            &one.package_name,
        ),
    ]
}

/// `GET /manage/policies/{id}`
async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = policy::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    let here = catalogs::here(&visit.ctx, one.catalog);
    let sets: Vec<_> = one.settings.subject_sets().cloned().collect();
    let names = policy::names(visit.service(), &sets).await?;
    let offered = catalogs::extensions(visit.service(), &visit.ctx, one.catalog, None).await?;
    let base = format!("{PATH}/{}", one.id);
    let content = html! {
        (trail(&way(&one)))
        h1 { (one.name) }
        (told(match visit.asked.get("done") {
            Some("made") => Some("The policy was made."),
            Some("saved") => Some("It was saved. Access that was given stays as it was."),
            Some("called") => Some("The extension is called from now on."),
            Some("uncalled") => Some("The extension is not called there any more."),
            _ => None,
        }))
        @if !one.description.is_empty() { p { (one.description) } }
        @if here.policies {
            div .actions { a .button href={(base) "/edit"} { "Change the policy" } }
        }
        section .card aria-labelledby="path" {
            h2 #path { "The path of a request" }
            (picture::path(one.scope, &one.settings, &names))
        }
        (rights(&one, &names))
        @if !one.settings.questions.is_empty() {
            section .card aria-labelledby="questions" {
                h2 #questions { "Questions" }
                (question_table(&one.settings.questions))
            }
        }
        (calls(&visit, &one, &offered.rows, here.policies))
    };
    let page = visit.page(Place::Catalogs, &one.name, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn rights(one: &Policy, names: &Names) -> Markup {
    let asks = &one.settings.requestors;
    let yes = |is: bool| {
        badge(if is {
            (Tone::Good, "Yes")
        } else {
            (Tone::Quiet, "No")
        })
    };
    let others: Vec<String> = asks
        .on_behalf_requestors
        .iter()
        .map(|set| sets::told(set, names))
        .collect();
    html! {
        section .card aria-labelledby="rights" {
            h2 #rights { "What those may do whom it is for" }
            dl {
                dt { "Ask for it" } dd { (yes(asks.self_add)) }
                dt { "Ask for more time" } dd { (yes(one.can_extend)) }
                dt { "Give it up" } dd { (yes(asks.self_remove)) }
                dt { "Choose when it begins and ends" } dd { (yes(asks.custom_schedule)) }
                @if asks.on_behalf_add { dt { "Asked for by others" } dd { (others.join(", ")) } }
                @if one.settings.automatic.is_some() { dt { "By a rule" } dd { "It assigns by itself" } }
            }
        }
    }
}

fn question_table(questions: &[Question]) -> Markup {
    let rows: Vec<Vec<Markup>> = questions
        .iter()
        .map(|question| {
            vec![
                html! { (question.text) },
                html! {
                    @match &question.answer {
                        AnswerKind::Text { .. } => "A text",
                        AnswerKind::Choice { values, multiple } => {
                            @if *multiple { "Some of: " } @else { "One of: " } (values.join(", "))
                        }
                    }
                },
                html! { @if question.is_required { "Has to be answered" } @else { "Can be left out" } },
            ]
        })
        .collect();
    table(
        "Questions to those who ask",
        &["Question", "Answer", "Must"],
        &rows,
    )
}

/// Which extensions are called when, and the form for one more.
fn calls(visit: &Visit, one: &Policy, offered: &[Extension], may: bool) -> Markup {
    let base = format!("{PATH}/{}/calls", one.id);
    let known: Vec<(String, &str)> = offered
        .iter()
        .map(|extension| (extension.id.to_string(), extension.name.as_str()))
        .collect();
    let choices: Vec<(&str, &str)> = known
        .iter()
        .map(|(id, name)| (id.as_str(), *name))
        .collect();
    let stages: Vec<(&str, &str)> = Stage::ALL
        .iter()
        .map(|stage| (stage.as_str(), words::extension_stage(*stage)))
        .collect();
    html! {
        section .card aria-labelledby="calls" {
            h2 #calls { "Extensions" }
            @if one.settings.extensions.is_empty() { p { "No extension is called." } }
            @else {
                ul {
                    @for setting in &one.settings.extensions {
                        @let id = setting.extension_id.to_string();
                        @let name = known.iter().find(|(own, _)| *own == id).map_or("An extension", |(_, name)| name);
                        li {
                            a href={"/manage/extensions/" (id)} { (name) } " is called "
                            (words::extension_stage(setting.stage))
                            @if let (true, Some(call)) = (may, setting.id) {
                                form method="post" action={(base) (if setting.is_handler { "/handler/" } else { "/setting/" }) (call)} {
                                    (visit.marked_once())
                                    button .second { "Do not call" span .unseen { " " (name) " " (words::extension_stage(setting.stage)) } }
                                }
                            }
                        }
                    }
                }
            }
            @if may && !choices.is_empty() {
                form method="post" action=(base) {
                    (visit.marked_once())
                    (select("extension", "Extension", &choices, ""))
                    (select("stage", "When it is called", &stages, ""))
                    div .actions { button .second { "Call it" } }
                }
            } @else if may {
                p .hint { "The catalog has no extension to call." }
            }
        }
    }
}

/// The policy that an address names, if the caller may change it.
async fn managed(visit: &Visit, id: &str) -> Result<PolicyId, Problem> {
    let one = policy::get(visit.service(), &visit.ctx, parsed(id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManagePolicies, one.catalog)?;
    Ok(one.id)
}

/// `POST /manage/policies/{id}/calls`
async fn call(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = managed(&visit, &id).await?;
    let stage = Stage::from_name(form.text("stage"));
    let extension: Option<CustomExtensionId> = form.text("extension").parse().ok();
    if stage.is_none() || extension.is_none() {
        return Err(refused("Choose an extension, and when it is called."));
    }
    let wanted = StageChange {
        stage,
        extension_id: extension,
    };
    stages::add(visit.service(), &visit.ctx, id, List::Settings, wanted).await?;
    Ok(reply::see(&format!("{PATH}/{id}?done=called")))
}

/// `POST /manage/policies/{id}/calls/{list}/{call}`: it is not called any more.
async fn uncall(
    Path((id, list, call)): Path<(String, String, String)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = posted.visit;
    let id = managed(&visit, &id).await?;
    let list = match list.as_str() {
        "setting" => List::Settings,
        "handler" => List::Handlers,
        _ => return Err(Problem::NotFound),
    };
    let call: StageSettingId = call.parse().map_err(|_| Problem::NotFound)?;
    stages::remove(visit.service(), &visit.ctx, id, list, call).await?;
    Ok(reply::see(&format!("{PATH}/{id}?done=uncalled")))
}
