//! Custom extensions of a catalog: systems outside that have a say in its requests, and which stages call them.

use axum::extract::Path;
use axum::response::Response;
use domain::change::Change;
use domain::extension::{
    Authentication, Callback, ClientConfiguration, DEFAULT_CALLBACK_TIMEOUT, Endpoint,
    ExtensionChange, ExtensionDraft, ExtensionType,
};
use domain::id::{CatalogId, CustomExtensionId};
use domain::model;
use domain::time::Duration;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value as Json;
use service::overview;
use service::overview::catalogs::{Extension, Use};

use super::{PATH, behind, catalogs, head, parsed};
use crate::form::Form;
use crate::layout::Place;
use crate::pages::access::status_of;
use crate::pages::manage::fields::{
    change, check, deletion, field, hinted, is_on, is_sure, line, on, trail, version, versioned,
};
use crate::pages::manage::jobs::refused;
use crate::pages::submission::Faults;
use crate::parts::{key_pager, none, select, table, told, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

/// Which member of an extension is which field.
const FIELDS: [(&str, &str); 8] = [
    ("displayName", "name"),
    ("description", "description"),
    ("endpointConfiguration", "url"),
    ("authenticationConfiguration", "resource"),
    ("clientConfiguration/timeoutInMilliseconds", "timeout"),
    ("clientConfiguration/maximumRetries", "retries"),
    ("callbackConfiguration", "waits"),
    ("callbackConfiguration/timeoutDuration", "waits_for"),
];

/// `GET /manage/catalogs/{id}/extensions`
pub(super) async fn list(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let after = behind(&visit.asked)?;
    let is_first = after.is_none();
    let one = catalogs::get(visit.service(), &visit.ctx, id).await?;
    let here = catalogs::here(&visit.ctx, id);
    let listed = catalogs::extensions(visit.service(), &visit.ctx, id, after).await?;
    let ids: Vec<CustomExtensionId> = listed.rows.iter().map(|one| one.id).collect();
    let uses = catalogs::uses(visit.service(), &visit.ctx, &ids).await?;
    let rows: Vec<Vec<Markup>> = listed.rows.iter().map(|one| row(one, &uses)).collect();
    let next = listed.next.as_ref().map(ToString::to_string);
    let base = format!("{PATH}/{id}/extensions");
    let content = html! {
        (head(&one, "Extensions"))
        (told(match visit.asked.get("done") {
            Some("made") => Some("The extension was made. Policies of the catalog can call it."),
            Some("saved") => Some("It was saved."),
            Some("deleted") => Some("It was deleted."),
            _ => None,
        }))
        p { "An extension is a system outside that is called at stages of a request. It can hold the request up, or end it." }
        @if here.extensions { div .actions { a .button href={(base) "/new"} { "Make an extension" } } }
        @if rows.is_empty() { div .empty { p { "The catalog has no extension." } } }
        @else { (table("Extensions of the catalog", &["Extension", "What it is called for", "Address", "Used by"], &rows)) }
        (key_pager(&base, &[], is_first, next.as_deref()))
    };
    let title = format!("Extensions of {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn row(one: &Extension, uses: &[Use]) -> Vec<Markup> {
    let own: Vec<&Use> = uses
        .iter()
        .filter(|used| used.extension == one.id)
        .collect();
    vec![
        html! { a href={"/manage/extensions/" (one.id)} { (one.name) } },
        html! { (words::extension(one.kind)) },
        html! { code { (url(one)) } },
        html! {
            @if own.is_empty() { (none()) }
            @else { ul { @for used in own { (used_at(used)) } } }
        },
    ]
}

fn used_at(used: &Use) -> Markup {
    html! {
        li {
            a href={"/manage/policies/" (used.policy)} { (used.policy_name) }
            " of " (used.package_name)
            @if let Some(stage) = used.stage { ": " (words::extension_stage(stage)) }
        }
    }
}

/// A document of an extension.
fn document(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}

fn url(one: &Extension) -> String {
    let endpoint = document(&one.endpoint);
    let told = endpoint.get("targetUrl").or_else(|| endpoint.get("url"));
    told.and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// `GET /manage/catalogs/{id}/extensions/new`
pub(super) async fn new_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    service::authorize::in_catalog(&visit.ctx, auth::roles::Action::ManageExtensions, id)?;
    let form = Form::of(vec![field("kind", ExtensionType::Request.as_str())]);
    draw(&visit, id, None, &form, &Faults::default()).await
}

/// `POST /manage/catalogs/{id}/extensions/new`
pub(super) async fn create(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let kind = ExtensionType::from_name(form.text("kind"));
    let mut faults = Faults::default();
    if kind.is_none() {
        faults.add("kind", "Choose what it is called for.");
    }
    let read = read(&form, &mut faults);
    let (Some(object_type), true) = (kind, faults.is_empty()) else {
        return draw(&visit, id, None, &form, &faults).await;
    };
    let draft = ExtensionDraft {
        object_type,
        display_name: form.text("name").to_owned(),
        description: form.get("description").map(str::to_owned),
        endpoint: Endpoint::Http {
            target_url: form.text("url").to_owned(),
        },
        authentication: read.authentication.over(None),
        client: read.client.over(None),
        callback: read.callback.over(None),
    };
    match service::extensions::create(visit.service(), &visit.ctx, id, draft).await {
        Ok(_) => Ok(reply::see(&format!("{PATH}/{id}/extensions?done=made"))),
        Err(error) => {
            let faults = Faults::of_change(error, &FIELDS)?;
            draw(&visit, id, None, &form, &faults).await
        }
    }
}

/// The parts of an extension that are not plain texts.
struct Read {
    authentication: Change<Authentication>,
    client: Change<ClientConfiguration>,
    callback: Change<Callback>,
}

fn read(form: &Form, faults: &mut Faults) -> Read {
    let mut number = |name: &str| -> Option<i64> {
        let text = form.get(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            faults.add(name, "Give a whole number.");
        }
        number
    };
    let client = ClientConfiguration {
        timeout_in_milliseconds: number("timeout"),
        maximum_retries: number("retries"),
    };
    let timeout = match form.get("waits_for") {
        None => Some(DEFAULT_CALLBACK_TIMEOUT),
        Some(text) => Duration::parse(text).ok(),
    };
    if timeout.is_none() {
        faults.add("waits_for", "Give a duration such as P3D or PT8H.");
    }
    Read {
        authentication: match form.text("proof") {
            "bearer" => Change::Set(Authentication::Bearer {
                resource_id: form.text("resource").to_owned(),
            }),
            "pop" => Change::Set(Authentication::ProofOfPossession),
            _ => Change::Clear,
        },
        client: if client == ClientConfiguration::default() {
            Change::Clear
        } else {
            Change::Set(client)
        },
        callback: match timeout {
            Some(timeout) if is_on(form, "waits") => Change::Set(Callback {
                type_name: None,
                timeout,
            }),
            _ => Change::Clear,
        },
    }
}

fn parsed_extension(id: &str) -> Result<CustomExtensionId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// What the form of an extension says before anybody typed.
fn stored(one: &Extension) -> Form {
    let (proof, client, callback) = (
        document(&one.authentication),
        document(&one.client),
        document(&one.callback),
    );
    let kind = proof
        .get("@odata.type")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let proof_word = if kind.is_empty() {
        ""
    } else if kind.ends_with("PopTokenAuthentication") {
        "pop"
    } else {
        "bearer"
    };
    let text = |json: &Json, name: &str| match json.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    Form::of(vec![
        field("kind", one.kind.as_str()),
        field("name", &one.name),
        field("description", &one.description),
        field("url", url(one)),
        field("proof", proof_word),
        field("resource", text(&proof, "resourceId")),
        field("timeout", text(&client, "timeoutInMilliseconds")),
        field("retries", text(&client, "maximumRetries")),
        on("waits", callback.is_object()),
        field("waits_for", text(&callback, "timeoutDuration")),
    ])
}

/// `GET /manage/extensions/{id}`
pub(super) async fn form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = parsed_extension(&id)?;
    let one = catalogs::get_extension(visit.service(), &visit.ctx, id).await?;
    draw(
        &visit,
        one.catalog,
        Some(&one),
        &stored(&one),
        &Faults::default(),
    )
    .await
}

/// `POST /manage/extensions/{id}`
pub(super) async fn save(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed_extension(&id)?;
    let one = catalogs::get_extension(visit.service(), &visit.ctx, id).await?;
    service::authorize::in_catalog(
        &visit.ctx,
        auth::roles::Action::ManageExtensions,
        one.catalog,
    )?;
    let mut faults = Faults::default();
    let read = read(&form, &mut faults);
    if !faults.is_empty() {
        return draw(&visit, one.catalog, Some(&one), &form, &faults).await;
    }
    let before = stored(&one);
    let same = |names: &[&str]| names.iter().all(|name| form.get(name) == before.get(name));
    // What was not touched stays as it is stored, with what the form does not show of it.
    let wanted = ExtensionChange {
        object_type: None,
        display_name: Some(form.text("name").to_owned()),
        description: change(&form, "description"),
        endpoint: (!same(&["url"])).then(|| endpoint(&one, form.text("url"))),
        authentication: unless(same(&["proof", "resource"]), read.authentication),
        client: unless(same(&["timeout", "retries"]), read.client),
        callback: unless(
            same(&["waits", "waits_for"]),
            of_the_same_type(&one, read.callback),
        ),
    };
    let (text, version) = (id.to_string(), version(&form));
    let entity = &model::CUSTOM_EXTENSION;
    let shown = overview::as_shown(visit.service(), entity, &text, version)?;
    match service::extensions::update(&shown, &visit.ctx, id, wanted).await {
        Ok(()) => Ok(reply::see(&format!(
            "{PATH}/{}/extensions?done=saved",
            one.catalog
        ))),
        Err(error) => {
            let faults = Faults::of_change(error, &FIELDS)?;
            let one = catalogs::get_extension(visit.service(), &visit.ctx, id).await?;
            draw(&visit, one.catalog, Some(&one), &form, &faults).await
        }
    }
}

/// The callback with the type that a client gave it.
fn of_the_same_type(one: &Extension, callback: Change<Callback>) -> Change<Callback> {
    let Change::Set(callback) = callback else {
        return callback;
    };
    let stored = document(&one.callback);
    let type_name = stored.get("@odata.type").and_then(Json::as_str);
    Change::Set(Callback {
        type_name: type_name.map(|name| name.trim_start_matches("#microsoft.graph.").to_owned()),
        ..callback
    })
}

fn unless<T>(is_same: bool, change: Change<T>) -> Change<T> {
    if is_same { Change::Keep } else { change }
}

/// Another address of the same kind of endpoint.
fn endpoint(one: &Extension, url: &str) -> Endpoint {
    let document = document(&one.endpoint);
    let text = |name: &str| document.get(name).and_then(Json::as_str).map(str::to_owned);
    let is_logic_app = document
        .get("@odata.type")
        .and_then(Json::as_str)
        .is_some_and(|kind| kind.contains("logicApp"));
    if is_logic_app {
        Endpoint::LogicApp {
            subscription_id: text("subscriptionId"),
            resource_group_name: text("resourceGroupName"),
            workflow_name: text("logicAppWorkflowName"),
            url: url.to_owned(),
        }
    } else {
        Endpoint::Http {
            target_url: url.to_owned(),
        }
    }
}

/// `POST /manage/extensions/{id}/delete`
pub(super) async fn delete(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed_extension(&id)?;
    let one = catalogs::get_extension(visit.service(), &visit.ctx, id).await?;
    if !is_sure(&form) {
        return Err(refused("Say that the extension is to be deleted."));
    }
    service::extensions::delete(visit.service(), &visit.ctx, id).await?;
    Ok(reply::see(&format!(
        "{PATH}/{}/extensions?done=deleted",
        one.catalog
    )))
}

async fn draw(
    visit: &Visit,
    id: CatalogId,
    stored: Option<&Extension>,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let catalog = catalogs::get(visit.service(), &visit.ctx, id).await?;
    let may = catalogs::here(&visit.ctx, id).extensions;
    let uses = match stored {
        Some(one) => catalogs::uses(visit.service(), &visit.ctx, &[one.id]).await?,
        None => Vec::new(),
    };
    let title = stored.map_or("Make an extension", |one| one.name.as_str());
    let list = format!("{PATH}/{id}/extensions");
    let action = match stored {
        Some(one) => format!("/manage/extensions/{}", one.id),
        None => format!("{list}/new"),
    };
    let content = html! {
        (trail(&[
            (PATH.to_owned(), "Catalogs"),
            (format!("{PATH}/{id}"), &catalog.name),
            (list, "Extensions"),
        ]))
        h1 { (title) }
        (trouble(faults.unsaved().as_deref()))
        @if stored.is_some() {
            section .card aria-labelledby="uses" {
                h2 #uses { "Used by" }
                @if uses.is_empty() { p { "No stage of a policy calls it." } }
                @else { ul { @for used in &uses { (used_at(used)) } } }
            }
        }
        @if may {
            form .card method="post" action=(action) {
                (visit.marked_once())
                @if let Some(one) = stored { (versioned(one.version)) }
                (fields(form, faults, stored))
                div .actions { button { "Save" } }
            }
            @if let Some(one) = stored {
                (deletion(visit, &format!("/manage/extensions/{}/delete", one.id), "the extension",
                    "Only an extension that no policy calls can be deleted."))
            }
        } @else if let Some(one) = stored {
            section .card aria-label="The extension" {
                @if !one.description.is_empty() { p { (one.description) } }
                dl {
                    dt { "Called for" } dd { (words::extension(one.kind)) }
                    dt { "Address" } dd { code { (url(one)) } }
                }
            }
        }
    };
    let page = visit.page(Place::Catalogs, title, &content).await?;
    Ok(reply::page(status_of(faults), page))
}

fn fields(form: &Form, faults: &Faults, stored: Option<&Extension>) -> Markup {
    let kinds = ExtensionType::ALL.iter().copied();
    let kinds: Vec<(&str, &str)> = kinds
        .map(|kind| (kind.as_str(), words::extension(kind)))
        .collect();
    let proofs = [
        ("", "By nothing"),
        ("bearer", "By a token for the resource below"),
        ("pop", "By proof of possession"),
    ];
    html! {
        (line(form, faults, "name", "Name", true))
        (hinted(form, faults, "description", "What it is for", None, false).lines())
        @match stored {
            Some(one) => p { "It is called for: " (words::extension(one.kind)) ". That stays." },
            None => { (select("kind", "What it is called for", &kinds, form.text("kind"))) },
        }
        (hinted(form, faults, "url", "Address", Some("Where it is called, by https."), true).line("text"))
        (select("proof", "How it knows who calls", &proofs, form.text("proof")))
        (hinted(form, faults, "resource", "Resource of the token", None, false).line("text"))
        (hinted(form, faults, "timeout", "How long a call may take, in milliseconds",
            Some("From 200 to 2000; left empty, 1000."), false).line("text"))
        (hinted(form, faults, "retries", "How often a call is repeated", Some("0 or 1."), false).line("text"))
        fieldset .part {
            legend { "Waiting for an answer" }
            @if let Some(error) = faults.of("waits") { p .error { (error) } }
            (check(form, "waits", "The request waits until the system answers"))
            (hinted(form, faults, "waits_for", "How long it waits",
                Some("From PT5M to P14D; left empty, P14D."), false).line("text"))
        }
    }
}
