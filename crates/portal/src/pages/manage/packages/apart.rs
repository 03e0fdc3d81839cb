//! Separation of duties: what a package does not go with, and who holds both all the same.

use axum::extract::Path;
use axum::response::Response;
use domain::directory::ObjectKind;
use domain::id::{AccessPackageId, ObjectId};
use maud::{Markup, html};
use service::access_packages::incompatible;
use service::incompatible_access::{self, Beside, Line, Place as At, Position};
use service::overview::package::{Apart, Package};
use service::overview::{packages, people};

use super::{PATH, catalogs, head, package, parsed};
use crate::form::{Form, query};
use crate::layout::Place;
use crate::pages::access::status_of;
use crate::pages::submission::Faults;
use crate::parts::{table, told, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};

/// Rows of who holds both, on a page.
const PAGE: u64 = 50;

/// `GET /manage/packages/{id}/apart`
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = package::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    draw(&visit, &one, &visit.asked, &Faults::default()).await
}

/// Something that can be kept apart: the value of its choice, and its name.
type Choice = (String, String);

async fn draw(
    visit: &Visit,
    one: &Package,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let may = catalogs::here(&visit.ctx, one.catalog).packages;
    let apart = package::apart(visit.service(), &visit.ctx, one.id).await?;
    let search = form.text("find");
    let found = if may && !search.is_empty() {
        choices(visit, one.id, search).await?
    } else {
        Vec::new()
    };
    let both = both(visit, one).await?;
    let base = format!("{PATH}/{}/apart", one.id);
    let content = html! {
        (head(one, "Separation of duties"))
        (told(match visit.asked.get("done") {
            Some("added") => Some("It is kept apart from now on. Whoever holds both keeps both: see below."),
            Some("removed") => Some("It is not kept apart any more."),
            _ => None,
        }))
        (trouble(faults.unsaved().as_deref()))
        (lists(visit, &apart, &base, may))
        @if may { (chooser(visit, &base, search, &found, faults)) }
        (both)
    };
    let title = format!("Separation of duties of {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(status_of(faults), page))
}

fn lists(visit: &Visit, apart: &Apart, base: &str, may: bool) -> Markup {
    let out = |value: String, name: &str| {
        html! {
            @if may {
                form method="post" action={(base) "/remove"} {
                    (visit.marked())
                    input type="hidden" name="what" value=(value);
                    button .second { "Take off" span .unseen { ": " (name) } }
                }
            }
        }
    };
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for (id, name) in &apart.packages {
        rows.push(vec![
            html! { a href={(PATH) "/" (id)} { (name) } },
            html! { "Package" },
            out(format!("package.{id}"), name),
        ]);
    }
    for (id, name) in &apart.groups {
        rows.push(vec![
            html! { (name) },
            html! { "Group" },
            out(format!("group.{id}"), name),
        ]);
    }
    let columns = ["Package or group", "Kind", "What can be done"];
    let columns = columns
        .get(..columns.len() - usize::from(!may))
        .unwrap_or_default();
    html! {
        h2 { "Who cannot have it" }
        p { "Whoever holds one of these packages, or is in one of these groups, cannot ask for this one." }
        @if rows.is_empty() { div .empty { p { "It goes together with everything." } } }
        @else { (table("What the package does not go with", columns, &rows)) }
        @if !apart.listed_by.is_empty() {
            p {
                "Holders of this package cannot ask for: "
                @for (number, (id, name)) in apart.listed_by.iter().enumerate() {
                    @if number > 0 { ", " }
                    a href={(PATH) "/" (id)} { (name) }
                }
                "."
            }
        }
        @if apart.unseen > 0 { p .hint { "There are " (apart.unseen) " more, in catalogs that you may not see." } }
    }
}

/// Packages that the caller sees, and groups, with a text in their names.
async fn choices(
    visit: &Visit,
    own: AccessPackageId,
    search: &str,
) -> Result<Vec<Choice>, Problem> {
    let (service, ctx) = (visit.service(), &visit.ctx);
    let mut choices = Vec::new();
    for found in packages::find(service, ctx, search).await? {
        if found.id != own {
            let told = format!("{} (package)", found.name);
            choices.push((format!("package.{}", found.id), told));
        }
    }
    for found in people::find(service, ctx, search, &[ObjectKind::Group]).await? {
        let told = format!("{} (group)", found.name);
        choices.push((format!("group.{}", found.id), told));
    }
    Ok(choices)
}

fn chooser(visit: &Visit, base: &str, search: &str, found: &[Choice], faults: &Faults) -> Markup {
    html! {
        section .card aria-labelledby="add" {
            h2 #add { "Keep something apart" }
            form .search role="search" method="get" action={(base) "#add"} {
                div .field {
                    label for="find" { "Package or group" }
                    input #find name="find" type="search" value=(search) required;
                }
                button .second { "Find" }
            }
            @if !search.is_empty() && found.is_empty() { p { "Nothing of that name is there that you may see." } }
            @if !found.is_empty() {
                form method="post" action=(base) {
                    (visit.marked_once())
                    input type="hidden" name="find" value=(search);
                    fieldset .field #what aria-describedby=[faults.of("what").map(|_| "what-error")] {
                        legend { "What it does not go with" }
                        @if let Some(error) = faults.of("what") { p .error #what-error { (error) } }
                        @for (value, told) in found {
                            div .choice {
                                input type="radio" name="what" required id={"what-" (value)} value=(value);
                                label for={"what-" (value)} { (told) }
                            }
                        }
                    }
                    div .actions { button { "Keep apart" } }
                }
            }
        }
    }
}

/// Who holds both today.
async fn both(visit: &Visit, one: &Package) -> Result<Markup, Problem> {
    let place = place(&visit.asked)?;
    let is_first = place == At::default();
    let (service, ctx) = (visit.service(), &visit.ctx);
    let part = incompatible_access::report(service, ctx, Some(one.id), place, PAGE).await?;
    let rows: Vec<Vec<Markup>> = part.lines.iter().map(row).collect();
    let base = format!("{PATH}/{}/apart", one.id);
    Ok(html! {
        section aria-labelledby="both" {
            h2 #both { "Who holds both" }
            @if rows.is_empty() && is_first { p { "Nobody holds this package together with one that it does not go with." } }
            @else { (table("Who holds both", &["Who", "Also holds", "Kind"], &rows)) }
            @if !is_first || part.next.is_some() {
                nav .pager aria-label="Pages of who holds both" {
                    @if !is_first { a href={(base) "#both"} { "First page" } }
                    @if let Some(next) = &part.next {
                        a rel="next" href={(base) "?" (query(&[("both", &text(next))])) "#both"} { "Next page" }
                    }
                }
            }
        }
    })
}

fn row(line: &Line) -> Vec<Markup> {
    let who = line
        .subject_name
        .as_deref()
        .or(line.principal_name.as_deref())
        .unwrap_or("Somebody without a name");
    let name = line.other_name.as_deref().unwrap_or("Without a name");
    vec![
        html! { a href={"/manage/assignments/" (line.assignment)} { (who) } },
        match line.other {
            Beside::Package(_, assignment) => {
                html! { a href={"/manage/assignments/" (assignment)} { (name) } }
            }
            Beside::Group(_) => html! { (name) },
        },
        match line.other {
            Beside::Package(..) => html! { "Package" },
            Beside::Group(_) => html! { "Group" },
        },
    ]
}

/// A place in the report as the text of a link.
fn text(place: &At) -> String {
    let kind = if place.is_at_groups {
        "groups"
    } else {
        "packages"
    };
    format!("{kind}.{}", place.after.0.join("."))
}

fn place(form: &Form) -> Result<At, Problem> {
    let Some(text) = form.get("both") else {
        return Ok(At::default());
    };
    let parts: Vec<&str> = text.split('.').collect();
    let [kind, package, other, assignment] = parts.as_slice() else {
        return Err(Problem::NotFound);
    };
    Ok(At {
        is_at_groups: *kind == "groups",
        after: Position([package, other, assignment].map(|part| (*part).to_owned())),
    })
}

/// What a choice means.
enum What {
    Package(AccessPackageId),
    Group(ObjectId),
}

fn what(form: &Form) -> Option<What> {
    let (kind, id) = form.text("what").split_once('.')?;
    match kind {
        "package" => id.parse().ok().map(What::Package),
        "group" => id.parse().ok().map(What::Group),
        _ => None,
    }
}

/// `POST /manage/packages/{id}/apart`
pub(super) async fn add(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let (service, ctx) = (visit.service(), &visit.ctx);
    let done = match what(&form) {
        Some(What::Package(other)) => incompatible::add_package(service, ctx, id, other).await,
        Some(What::Group(other)) => incompatible::add_group(service, ctx, id, other).await,
        None => {
            let one = package::get(service, ctx, id).await?;
            let mut faults = Faults::default();
            faults.add("what", "Choose a package or a group.");
            return draw(&visit, &one, &form, &faults).await;
        }
    };
    match done {
        Ok(()) => Ok(reply::see(&format!("{PATH}/{id}/apart?done=added"))),
        Err(error) => {
            let faults = Faults::of_change(error, &[("@odata.id", "what")])?;
            let one = package::get(service, ctx, id).await?;
            draw(&visit, &one, &form, &faults).await
        }
    }
}

/// `POST /manage/packages/{id}/apart/remove`
pub(super) async fn remove(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let (service, ctx) = (visit.service(), &visit.ctx);
    match what(&form).ok_or(Problem::NotFound)? {
        What::Package(other) => incompatible::remove_package(service, ctx, id, other).await?,
        What::Group(other) => incompatible::remove_group(service, ctx, id, other).await?,
    }
    Ok(reply::see(&format!("{PATH}/{id}/apart?done=removed")))
}
