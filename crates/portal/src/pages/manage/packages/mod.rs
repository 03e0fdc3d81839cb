//! An access package for whoever looks after it: what is in it, who may have it, what it does not go with, who holds it.

mod apart;
mod edit;
mod roles;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use domain::id::AccessPackageId;
use domain::policy::TargetScope;
use http::StatusCode;
use maud::{Markup, html};
use service::overview::catalogs::{self, Here};
use service::overview::package::{self, Package, Role};

use super::fields::{tabs, trail};
use crate::form::query;
use crate::layout::Place;
use crate::parts::{badge, table, told};
use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words::{self, Tone};

const PATH: &str = "/manage/packages";

/// Which of these pages is where.
pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route(
            "/manage/catalogs/{id}/packages/new",
            get(edit::new_form).post(edit::create),
        )
        .route("/manage/packages/{id}", get(show))
        .route(
            "/manage/packages/{id}/edit",
            get(edit::form).post(edit::save),
        )
        .route("/manage/packages/{id}/delete", post(edit::delete))
        .route(
            "/manage/packages/{id}/roles",
            get(roles::choose).post(roles::change),
        )
        .route(
            "/manage/packages/{id}/apart",
            get(apart::show).post(apart::add),
        )
        .route("/manage/packages/{id}/apart/remove", post(apart::remove))
}

/// The package that an address names.
fn parsed(id: &str) -> Result<AccessPackageId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// The head of each page of a package.
fn head(one: &Package, here: &str) -> Markup {
    let base = format!("{PATH}/{}", one.id);
    let id = one.id.to_string();
    html! {
        (trail(&[
            ("/manage/catalogs".to_owned(), "Catalogs"),
            (format!("/manage/catalogs/{}", one.catalog), &one.catalog_name),
        ]))
        h1 { (one.name) }
        (tabs("Parts of the package", &[
            (base.clone(), "Package"),
            (format!("{base}/roles"), "Roles"),
            (format!("{base}/apart"), "Separation of duties"),
            (format!("/manage/assignments?{}", query(&[("package", &id)])), "Who holds it"),
        ], here))
    }
}

/// `GET /manage/packages/{id}`
async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = package::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    let here = catalogs::here(&visit.ctx, one.catalog);
    let content = html! {
        (head(&one, "Package"))
        (told(match visit.asked.get("done") {
            Some("made") => Some("The package was made. Put roles into it, and say by a policy who may have it."),
            Some("saved") => Some("It was saved."),
            Some("roles") => Some("The roles were changed. Everybody who holds the package follows."),
            Some("deleted") => Some("The policy was deleted."),
            _ => None,
        }))
        (facts(&one, here))
        section .card aria-labelledby="roles" {
            h2 #roles { "What is inside" }
            @if one.roles.is_empty() { p { "Nothing yet: it gives no role." } }
            @else { (content_table(&one.roles)) }
            @if here.packages {
                div .actions { a .button.second href={(PATH) "/" (one.id) "/roles"} { "Change the roles" } }
            }
        }
        section .card aria-labelledby="policies" {
            h2 #policies { "Policies: who may have it" }
            @if one.policies.is_empty() { p { "Without a policy nobody can have it." } }
            @else { (policies(&one)) }
            @if here.policies {
                div .actions { a .button.second href={(PATH) "/" (one.id) "/policies/new"} { "Make a policy" } }
            }
        }
    };
    let page = visit.page(Place::Catalogs, &one.name, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn facts(one: &Package, here: Here) -> Markup {
    let id = one.id.to_string();
    html! {
        section .card aria-label="The package" {
            @if one.is_hidden { p { (badge((Tone::Quiet, "Hidden"))) " Only whoever has its address finds it." } }
            @if !one.description.is_empty() { p { (one.description) } }
            dl {
                dt { "Held by" }
                dd { a href={"/manage/assignments?" (query(&[("package", &id)]))} { (one.held) " now" } }
                dt { "What is inside is shown" }
                dd { @if one.is_role_scopes_visible { "To those who may ask for it" } @else { "To nobody who asks" } }
                @if !one.unique_name.is_empty() { dt { "Name for programs" } dd { code { (one.unique_name) } } }
                dt { "Id" } dd { code { (one.id) } }
            }
            div .actions {
                @if here.packages { a .button.second href={(PATH) "/" (one.id) "/edit"} { "Change the package" } }
                a .button.second href={"/packages/" (one.id)} { "See it as somebody who asks" }
            }
        }
    }
}

fn content_table(roles: &[Role]) -> Markup {
    let rows: Vec<Vec<Markup>> = roles
        .iter()
        .map(|role| {
            vec![
                html! { (role.resource) },
                html! { (role.role) },
                html! { (role.scope.as_deref().unwrap_or("All of it")) },
            ]
        })
        .collect();
    table(
        "What the package gives",
        &["Resource", "Role", "Where"],
        &rows,
    )
}

fn policies(one: &Package) -> Markup {
    let rows: Vec<Vec<Markup>> = one
        .policies
        .iter()
        .map(|(id, name, scope)| {
            vec![
                html! { a href={"/manage/policies/" (id)} { (name) } },
                html! { (TargetScope::from_name(scope).map_or("Others", words::scope)) },
            ]
        })
        .collect();
    table("Policies of the package", &["Policy", "For whom"], &rows)
}
