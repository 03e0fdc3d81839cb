//! Catalogs: which there are, and what is in each.

mod edit;
mod extensions;
mod holders;
mod resources;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use domain::id::CatalogId;
use http::StatusCode;
use maud::{Markup, html};
use service::overview::catalogs::{self, Catalog, Here, Package};
use service::overview::{self, ByName};

use super::fields::{tabs, trail};
use crate::form::Form;
use crate::layout::Place;
use crate::parts::{badge, key_pager, none, table, told};
use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words::Tone;

const PATH: &str = "/manage/catalogs";

/// Which of these pages is where.
pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route(PATH, get(list))
        .route(
            "/manage/catalogs/new",
            get(edit::new_form).post(edit::create),
        )
        .route("/manage/catalogs/{id}", get(show))
        .route(
            "/manage/catalogs/{id}/edit",
            get(edit::form).post(edit::save),
        )
        .route("/manage/catalogs/{id}/delete", post(edit::delete))
        .route(
            "/manage/catalogs/{id}/resources",
            get(resources::list).post(resources::add),
        )
        .route(
            "/manage/catalogs/{id}/resources/{resource}/{order}",
            post(resources::order),
        )
        .route(
            "/manage/catalogs/{id}/holders",
            get(holders::list).post(holders::add),
        )
        .route(
            "/manage/catalogs/{id}/holders/{holder}/remove",
            post(holders::remove),
        )
        .route("/manage/catalogs/{id}/extensions", get(extensions::list))
        .route(
            "/manage/catalogs/{id}/extensions/new",
            get(extensions::new_form).post(extensions::create),
        )
        .route(
            "/manage/extensions/{id}",
            get(extensions::form).post(extensions::save),
        )
        .route("/manage/extensions/{id}/delete", post(extensions::delete))
}

/// The catalog that an address names.
fn parsed(id: &str) -> Result<CatalogId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// Behind which row a list by name begins.
pub(super) fn behind(form: &Form) -> Result<Option<ByName>, Problem> {
    let Some(text) = form.get("after") else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| Problem::NotFound)
}

/// `GET /manage/catalogs`
async fn list(visit: Visit) -> Result<Response, Problem> {
    let search = visit.asked.text("q").to_owned();
    let after = behind(&visit.asked)?;
    let is_first = after.is_none();
    let found = catalogs::list(visit.service(), &visit.ctx, &search, after).await?;
    let may = overview::may(&visit.ctx);
    let rows: Vec<Vec<Markup>> = found.rows.iter().map(row).collect();
    let next = found.next.as_ref().map(ToString::to_string);
    let content = html! {
        h1 { "Catalogs" }
        (told(match visit.asked.get("done") {
            Some("deleted") => Some("It was deleted."),
            _ => None,
        }))
        @if may.create_catalogs {
            div .actions { a .button href={(PATH) "/new"} { "Make a catalog" } }
        }
        form .search role="search" method="get" action=(PATH) {
            div .field {
                label for="q" { "Search by name" }
                input #q name="q" type="search" value=(search);
            }
            button .second { "Search" }
        }
        @if rows.is_empty() {
            div .empty { p { "There is no such catalog that you may see." } }
        } @else {
            (table("Catalogs by name", &["Catalog", "What it is for", "Requests"], &rows))
        }
        (key_pager(PATH, &[("q", &search)], is_first, next.as_deref()))
    };
    let page = visit.page(Place::Catalogs, "Catalogs", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn row(one: &Catalog) -> Vec<Markup> {
    vec![
        html! { a href={(PATH) "/" (one.id)} { (one.name) } },
        html! { @if one.description.is_empty() { (none()) } @else { (one.description) } },
        state(one),
    ]
}

fn state(one: &Catalog) -> Markup {
    badge(if one.is_published {
        (Tone::Good, "Taken")
    } else {
        (Tone::Quiet, "Not taken")
    })
}

/// The head of each page of a catalog.
fn head(one: &Catalog, here: &str) -> Markup {
    let base = format!("{PATH}/{}", one.id);
    html! {
        (trail(&[(PATH.to_owned(), "Catalogs")]))
        h1 { (one.name) }
        (tabs("Parts of the catalog", &[
            (base.clone(), "Packages"),
            (format!("{base}/resources"), "Resources"),
            (format!("{base}/extensions"), "Extensions"),
            (format!("{base}/holders"), "Who looks after it"),
        ], here))
    }
}

/// `GET /manage/catalogs/{id}`
async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let after = behind(&visit.asked)?;
    let is_first = after.is_none();
    let one = catalogs::get(visit.service(), &visit.ctx, id).await?;
    let here = catalogs::here(&visit.ctx, id);
    let found = catalogs::packages(visit.service(), &visit.ctx, id, after).await?;
    let rows: Vec<Vec<Markup>> = found.rows.iter().map(package).collect();
    let next = found.next.as_ref().map(ToString::to_string);
    let base = format!("{PATH}/{id}");
    let content = html! {
        (head(&one, "Packages"))
        (told(match visit.asked.get("done") {
            Some("made") => Some("The catalog was made. You look after it."),
            Some("saved") => Some("It was saved."),
            Some("deleted") => Some("The package was deleted."),
            _ => None,
        }))
        (facts(&one, here))
        h2 { "Packages" }
        @if here.packages {
            div .actions { a .button href={(base) "/packages/new"} { "Make a package" } }
        }
        @if rows.is_empty() {
            div .empty { p { "There is no package in it yet." } }
        } @else {
            (table("Packages of the catalog", &["Package", "What it is for", "Roles", "Policies"], &rows))
        }
        (key_pager(&base, &[], is_first, next.as_deref()))
    };
    let page = visit.page(Place::Catalogs, &one.name, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn facts(one: &Catalog, here: Here) -> Markup {
    let yes = |is: bool| if is { "Yes" } else { "No" };
    html! {
        section .card aria-label="The catalog" {
            @if !one.description.is_empty() { p { (one.description) } }
            dl {
                dt { "Requests" } dd { (state(one)) }
                dt { "For people outside" } dd { (yes(one.is_externally_visible)) }
                @if !one.unique_name.is_empty() { dt { "Name for programs" } dd { code { (one.unique_name) } } }
                dt { "Id" } dd { code { (one.id) } }
            }
            @if here.update {
                div .actions { a .button.second href={(PATH) "/" (one.id) "/edit"} { "Change the catalog" } }
            }
        }
    }
}

fn package(one: &Package) -> Vec<Markup> {
    vec![
        html! {
            a href={"/manage/packages/" (one.id)} { (one.name) }
            @if one.is_hidden { " " (badge((Tone::Quiet, "Hidden"))) }
        },
        html! { @if one.description.is_empty() { (none()) } @else { (one.description) } },
        html! { (one.roles) },
        html! { (one.policies) },
    ]
}
