//! Who looks after a catalog: its owners, managers and readers.

use auth::roles::{EmRole, Scope};
use axum::extract::Path;
use axum::response::Response;
use domain::directory::{NewRoleAssignment, ObjectKind};
use domain::id::{CatalogId, RoleAssignmentId};
use http::HeaderMap;
use maud::{Markup, html};
use service::overview::catalogs::Holder;
use service::overview::people::{self, Found};
use service::role_assignments;

use super::{PATH, catalogs, head, parsed};
use crate::form::Form;
use crate::layout::Place;
use crate::live::as_now;
use crate::pages::access::status_of;
use crate::pages::manage::filter;
use crate::pages::submission::Faults;
use crate::parts::{Field, key_pager, table, told, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};

/// Who can hold a role.
const KINDS: &[ObjectKind] = ObjectKind::ALL;

/// The roles that are held in a catalog, each with what it is for.
fn roles() -> Vec<(String, String)> {
    let of_catalogs = EmRole::ALL.iter().filter(|role| role.is_for_catalogs());
    of_catalogs
        .map(|role| {
            let told = format!("{}: {}", role.display_name(), role.description());
            (role.definition_id().to_string(), told)
        })
        .collect()
}

/// `GET /manage/catalogs/{id}/holders`
pub(super) async fn list(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    draw(&visit, parsed(&id)?, &visit.asked, &Faults::default()).await
}

async fn draw(
    visit: &Visit,
    id: CatalogId,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let one = catalogs::get(visit.service(), &visit.ctx, id).await?;
    let may = catalogs::here(&visit.ctx, id).roles;
    let listed = catalogs::holders(visit.service(), &visit.ctx, id, after).await?;
    let search = form.text("find");
    let found = if may && !search.is_empty() {
        people::find(visit.service(), &visit.ctx, search, KINDS).await?
    } else {
        Vec::new()
    };
    let base = format!("{PATH}/{id}/holders");
    let rows: Vec<Vec<Markup>> = listed
        .rows
        .iter()
        .map(|holder| row(visit, &base, holder, may))
        .collect();
    let next = listed.next.as_ref().map(ToString::to_string);
    let columns = ["Who", "Role", "What can be done"];
    let columns = columns
        .get(..columns.len() - usize::from(!may))
        .unwrap_or_default();
    let content = html! {
        (head(&one, "Who looks after it"))
        (told(match visit.asked.get("done") {
            Some("added") => Some("The role was given."),
            Some("removed") => Some("The role was taken away."),
            _ => None,
        }))
        (trouble(faults.unsaved().as_deref()))
        @if rows.is_empty() { div .empty { p { "Nobody holds a role in this catalog alone." } } }
        @else { (table("Who looks after the catalog", columns, &rows)) }
        (key_pager(&base, &[], is_first, next.as_deref()))
        p .hint { "Administrators of governance look after every catalog, and do not stand here." }
        @if may { (chooser(visit, &base, form, search, &found, faults)) }
    };
    let title = format!("Who looks after {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(status_of(faults), page))
}

fn row(visit: &Visit, base: &str, one: &Holder, may: bool) -> Vec<Markup> {
    let role = one.role.map_or("Another role", EmRole::display_name);
    let who = if one.name.is_empty() {
        one.principal.to_string()
    } else {
        one.name.clone()
    };
    let mut cells = vec![
        html! { (who) @if !one.address.is_empty() { " " span .quiet { (one.address) } } },
        html! { (role) },
    ];
    if may {
        cells.push(html! {
            form method="post" action={(base) "/" (one.id) "/remove"} {
                (visit.marked())
                button .second { "Take away" span .unseen { ": " (role) " of " (who) } }
            }
        });
    }
    cells
}

fn chooser(
    visit: &Visit,
    base: &str,
    form: &Form,
    search: &str,
    found: &[Found],
    faults: &Faults,
) -> Markup {
    let whom: Vec<(String, String)> = found
        .iter()
        .map(|one| {
            let address = one
                .principal_name
                .as_deref()
                .unwrap_or("group or application");
            (one.id.to_string(), format!("{} ({address})", one.name))
        })
        .collect();
    let choices: Vec<(&str, &str)> = whom
        .iter()
        .map(|(id, told)| (id.as_str(), told.as_str()))
        .collect();
    let roles = roles();
    let offered: Vec<(&str, &str)> = roles
        .iter()
        .map(|(id, told)| (id.as_str(), told.as_str()))
        .collect();
    html! {
        section .card aria-labelledby="add" {
            h2 #add { "Give somebody a role" }
            form .search role="search" method="get" action={(base) "#add"} {
                div .field {
                    label for="find" { "Person, group or application" }
                    input #find name="find" type="search" value=(search) required;
                }
                button .second { "Find" }
            }
            @if !search.is_empty() && found.is_empty() { p { "Nobody of that name is there." } }
            @if !found.is_empty() {
                form method="post" action=(base) {
                    (visit.marked_once())
                    input type="hidden" name="find" value=(search);
                    (Field {
                        name: "principal", label: "Who", hint: None, value: "",
                        error: faults.of("principal"), is_required: true,
                    }.choice(&choices, false, &[form.text("principal")]))
                    (Field {
                        name: "role", label: "Which role", hint: None, value: "",
                        error: faults.of("role"), is_required: true,
                    }.choice(&offered, false, &[form.text("role")]))
                    @if found.len() == people::MOST { p .hint { "There may be more. Write more of the name." } }
                    div .actions { button { "Give the role" } }
                }
            }
        }
    }
}

/// `POST /manage/catalogs/{id}/holders`
pub(super) async fn add(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let mut faults = Faults::default();
    let principal = form.text("principal").parse();
    if principal.is_err() {
        faults.add("principal", "Choose somebody.");
    }
    if form.get("role").is_none() {
        faults.add("role", "Choose a role.");
    }
    let Ok(principal_id) = principal else {
        return draw(&visit, id, &form, &faults).await;
    };
    if !faults.is_empty() {
        return draw(&visit, id, &form, &faults).await;
    }
    let wanted = NewRoleAssignment {
        principal_id,
        role: form.text("role").to_owned(),
        app_scope_id: Scope::Catalog(id).to_string(),
    };
    match role_assignments::create(visit.service(), &visit.ctx, wanted).await {
        Ok(_) => Ok(reply::see(&format!("{PATH}/{id}/holders?done=added"))),
        Err(error) => {
            let fields = [("principalId", "principal"), ("roleDefinitionId", "role")];
            let faults = Faults::of_change(error, &fields)?;
            draw(&visit, id, &form, &faults).await
        }
    }
}

/// `POST /manage/catalogs/{id}/holders/{holder}/remove`
pub(super) async fn remove(
    Path((id, holder)): Path<(String, String)>,
    headers: HeaderMap,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = posted.visit;
    let id = parsed(&id)?;
    let holder: RoleAssignmentId = holder.parse().map_err(|_| Problem::NotFound)?;
    role_assignments::delete(visit.service(), &visit.ctx, holder).await?;
    // Whoever took their own last role away does not see the catalog any more: that takes the rights of now.
    let mut address = "/".to_owned();
    if let Some(now) = as_now(&visit, &headers).await
        && catalogs::get(now.service(), &now.ctx, id).await.is_ok()
    {
        address = format!("{PATH}/{id}/holders?done=removed");
    }
    Ok(reply::see(&address))
}
