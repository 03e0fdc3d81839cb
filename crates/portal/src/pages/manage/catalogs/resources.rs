//! The resources of a catalog: brought in from the directory, read anew, taken out.

use axum::extract::Path;
use axum::response::Response;
use domain::access_package::ResourceReference;
use domain::directory::ObjectKind;
use domain::id::{CatalogId, ResourceId};
use domain::resource::{NewResourceRequest, OriginSystem, ResourceRequestType};
use maud::{Markup, html};
use service::overview::catalogs::{Catalog, Resource};
use service::overview::people::{self, Found};
use service::resource_requests;

use super::{PATH, behind, catalogs, head, parsed};
use crate::form::Form;
use crate::layout::Place;
use crate::pages::access::status_of;
use crate::pages::submission::Faults;
use crate::parts::{key_pager, none, table, told, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};

/// What can be a resource.
const KINDS: &[ObjectKind] = &[ObjectKind::Group, ObjectKind::ServicePrincipal];

/// `GET /manage/catalogs/{id}/resources`
pub(super) async fn list(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    draw(&visit, parsed(&id)?, &visit.asked, &Faults::default()).await
}

async fn draw(
    visit: &Visit,
    id: CatalogId,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let after = behind(&visit.asked)?;
    let is_first = after.is_none();
    let one = catalogs::get(visit.service(), &visit.ctx, id).await?;
    let here = catalogs::here(&visit.ctx, id);
    let listed = catalogs::resources(visit.service(), &visit.ctx, id, after).await?;
    let search = form.text("find");
    let found = if here.resources && !search.is_empty() {
        people::find(visit.service(), &visit.ctx, search, KINDS).await?
    } else {
        Vec::new()
    };
    let base = format!("{PATH}/{id}/resources");
    let rows: Vec<Vec<Markup>> = listed
        .rows
        .iter()
        .map(|resource| row(visit, &base, resource, here.resources))
        .collect();
    let next = listed.next.as_ref().map(ToString::to_string);
    let columns = ["Resource", "Kind", "Roles", "What can be done"];
    let columns = columns
        .get(..columns.len() - usize::from(!here.resources))
        .unwrap_or_default();
    let content = html! {
        (head(&one, "Resources"))
        (told(match visit.asked.get("done") {
            Some("added") => Some("It was added. Its roles can be put into packages."),
            Some("refreshed") => Some("It was read anew."),
            Some("removed") => Some("It was taken out of the catalog."),
            _ => None,
        }))
        (trouble(faults.unsaved().as_deref()))
        p { "Packages of the catalog give roles of these resources." }
        @if rows.is_empty() { div .empty { p { "There is no resource in it yet." } } }
        @else { (table("Resources of the catalog", columns, &rows)) }
        (key_pager(&base, &[], is_first, next.as_deref()))
        @if here.resources { (chooser(visit, &one, &base, search, &found, faults)) }
    };
    let title = format!("Resources of {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(status_of(faults), page))
}

fn row(visit: &Visit, base: &str, one: &Resource, may: bool) -> Vec<Markup> {
    let roles: Vec<&str> = one.roles.iter().map(|(_, name)| name.as_str()).collect();
    let mut cells = vec![
        html! { (one.name) },
        html! { (one.kind) },
        html! { @if roles.is_empty() { (none()) } @else { (roles.join(", ")) } },
    ];
    if may {
        cells.push(html! {
            form .actions method="post" action={(base) "/" (one.id) "/refresh"} {
                (visit.marked())
                button .second { "Read anew" span .unseen { ": " (one.name) } }
                button .second formaction={(base) "/" (one.id) "/remove"} {
                    "Take out" span .unseen { ": " (one.name) }
                }
            }
        });
    }
    cells
}

/// The part by which something of the directory is found and brought in.
fn chooser(
    visit: &Visit,
    one: &Catalog,
    base: &str,
    search: &str,
    found: &[Found],
    faults: &Faults,
) -> Markup {
    html! {
        section .card aria-labelledby="add" {
            h2 #add { "Add a resource" }
            p .hint { "You can add groups that you own. Applications, and groups of others, take a role of the directory." }
            form .search role="search" method="get" action={(base) "#add"} {
                div .field {
                    label for="find" { "Group or application" }
                    input #find name="find" type="search" value=(search) required;
                }
                button .second { "Find" }
            }
            @if !search.is_empty() && found.is_empty() { p { "Nothing of that name is there." } }
            @if !found.is_empty() {
                form method="post" action=(base) {
                    (visit.marked_once())
                    input type="hidden" name="find" value=(search);
                    fieldset .field #origin aria-describedby=[faults.of("origin").map(|_| "origin-error")] {
                        legend { "What is to be added to " (one.name) }
                        @if let Some(error) = faults.of("origin") { p .error #origin-error { (error) } }
                        @for found in found {
                            div .choice {
                                input type="radio" name="origin" required id={"origin-" (found.id)}
                                    value={(system(found.kind)) "." (found.id)};
                                label for={"origin-" (found.id)} {
                                    (found.name) " " span .quiet { (kind(found.kind)) }
                                }
                            }
                        }
                    }
                    @if found.len() == people::MOST { p .hint { "There may be more. Write more of the name." } }
                    div .actions { button { "Add" } }
                }
            }
        }
    }
}

const fn system(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::ServicePrincipal => OriginSystem::AadApplication.as_str(),
        ObjectKind::Group | ObjectKind::User => OriginSystem::AadGroup.as_str(),
    }
}

const fn kind(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "Person",
        ObjectKind::Group => "Group",
        ObjectKind::ServicePrincipal => "Application",
    }
}

/// `POST /manage/catalogs/{id}/resources`
pub(super) async fn add(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let (system, origin) = form.text("origin").split_once('.').unwrap_or_default();
    let reference = ResourceReference {
        id: None,
        origin_id: (!origin.is_empty()).then(|| origin.to_owned()),
        origin_system: (!system.is_empty()).then(|| system.to_owned()),
    };
    let wanted = NewResourceRequest::about(ResourceRequestType::AdminAdd, Some(id), reference);
    match resource_requests::submit(visit.service(), &visit.ctx, wanted).await {
        Ok(_) => Ok(reply::see(&format!("{PATH}/{id}/resources?done=added"))),
        Err(error) => {
            let faults = Faults::of_change(error, &[("resource", "origin")])?;
            draw(&visit, id, &form, &faults).await
        }
    }
}

/// `POST /manage/catalogs/{id}/resources/{resource}/{order}`: `refresh` or `remove`.
pub(super) async fn order(
    Path((id, resource, order)): Path<(String, String, String)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let resource: ResourceId = resource.parse().map_err(|_| Problem::NotFound)?;
    let (service, ctx) = (visit.service(), &visit.ctx);
    let (done, told) = match order.as_str() {
        "refresh" => (
            service::resources::refresh(service, ctx, resource).await,
            "refreshed",
        ),
        "remove" => {
            let reference = ResourceReference {
                id: Some(resource),
                ..ResourceReference::default()
            };
            let kind = ResourceRequestType::AdminRemove;
            let wanted = NewResourceRequest::about(kind, Some(id), reference);
            let done = resource_requests::submit(service, ctx, wanted).await;
            (done.map(drop), "removed")
        }
        _ => return Err(Problem::NotFound),
    };
    match done {
        Ok(()) => Ok(reply::see(&format!("{PATH}/{id}/resources?done={told}"))),
        Err(error) => draw(&visit, id, &form, &Faults::of_change(error, &[])?).await,
    }
}
