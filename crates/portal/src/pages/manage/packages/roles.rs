//! The roles of a package are changed: first a preview of who gains and who loses what and where, then the change itself.
//!
//! **Invariant:** nothing changes that the page before did not show. If the package is another one by then, the page comes
//! again with what is so now.

use auth::roles::Action;
use axum::extract::Path;
use axum::response::Response;
use domain::access_package::RoleScopeId;
use http::StatusCode;
use maud::{Markup, html};
use service::overview::catalogs::Resource;
use service::overview::impact::{self, Change, MOST, Person, Preview, Wish};
use service::overview::package::{Package, Role};

use super::{PATH, catalogs, content_table, head, package, parsed};
use crate::form::Form;
use crate::layout::Place;
use crate::pages::manage::catalogs::behind;
use crate::pages::manage::fields::role_scopes;
use crate::parts::{badge, none, table, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words::Tone;

/// The fields with roles that come and roles that go.
const ADD: &str = "add";
const REMOVE: &str = "remove";
/// The field with what the package looked like.
const SEEN: &str = "seen";
/// The field of the buttons that turn the page: where the next one begins, or nothing for the first.
const TURN: &str = "after";

/// `GET /manage/packages/{id}/roles`
pub(super) async fn choose(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = package::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    if catalogs::here(&visit.ctx, one.catalog).packages {
        return draw_choice(&visit, &one, &Form::default(), None).await;
    }
    let content = html! {
        (head(&one, "Roles"))
        @if one.roles.is_empty() { div .empty { p { "It gives no role." } } }
        @else { (content_table(&one.roles)) }
    };
    let title = format!("Roles of {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

async fn draw_choice(
    visit: &Visit,
    one: &Package,
    form: &Form,
    wrong: Option<&str>,
) -> Result<Response, Problem> {
    let after = behind(form)?;
    let is_first = after.is_none();
    let offered = catalogs::resources(visit.service(), &visit.ctx, one.catalog, after).await?;
    let next = offered.next.as_ref().map(ToString::to_string);
    let base = format!("{PATH}/{}/roles", one.id);
    let content = html! {
        (head(one, "Roles"))
        (trouble(wrong))
        p { "Choose what comes and what goes. The next page shows what that means for the " (one.held) " who hold the package; nothing changes before that." }
        form method="post" action=(base) {
            (visit.marked())
            (going(&one.roles, form))
            (coming(one, &offered.rows, form))
            div .actions {
                button { "Show what it means" }
                (turns(is_first, next.as_deref()))
            }
        }
        p {
            "Is a resource missing? "
            a href={"/manage/catalogs/" (one.catalog) "/resources"} { "Resources of the catalog" }
        }
    };
    let title = format!("Roles of {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok(reply::page(status, page))
}

fn going(roles: &[Role], form: &Form) -> Markup {
    html! {
        fieldset .part {
            legend { "Inside now: take out" }
            @if roles.is_empty() { p { "Nothing is inside yet." } }
            @for role in roles {
                @let name = match &role.scope {
                    Some(scope) => format!("{}, {} ({scope})", role.resource, role.role),
                    None => format!("{}, {}", role.resource, role.role),
                };
                (choice(REMOVE, role.id, &name, form))
            }
        }
    }
}

/// The ways to the other pages. They send the form, so that what is chosen on this page stays chosen.
fn turns(is_first: bool, next: Option<&str>) -> Markup {
    html! {
        @if !is_first { button .second name=(TURN) value="" { "First page of resources" } }
        @if let Some(next) = next {
            button .second name=(TURN) value=(next) { "Next page of resources" }
        }
    }
}

/// The roles that the catalog's resources offer and that are not inside.
fn coming(one: &Package, offered: &[Resource], form: &Form) -> Markup {
    let is_inside = |id: RoleScopeId| one.roles.iter().any(|role| role.id == id);
    let mut choices = Vec::new();
    for resource in offered {
        let Some(scope) = resource.root else { continue };
        for (role, name) in &resource.roles {
            let id = RoleScopeId { role: *role, scope };
            if !is_inside(id) {
                choices.push((id, format!("{}, {name}", resource.name)));
            }
        }
    }
    let is_here = |id: &str| choices.iter().any(|(own, _)| own.to_string() == id);
    let elsewhere: Vec<&str> = form.all(ADD).filter(|id| !is_here(id)).collect();
    html! {
        fieldset .part {
            legend { "Resources of the catalog: put in" }
            @if choices.is_empty() { p { "The catalog has no other role to offer here." } }
            @for (id, name) in &choices { (choice(ADD, *id, name, form)) }
            @for id in &elsewhere { input type="hidden" name=(ADD) value=(id); }
            @if !elsewhere.is_empty() { p .hint { (elsewhere.len()) " chosen on other pages." } }
        }
    }
}

fn choice(field: &str, id: RoleScopeId, name: &str, form: &Form) -> Markup {
    let text = id.to_string();
    let is_chosen = form.all(field).any(|chosen| chosen == text);
    html! {
        div .choice {
            input type="checkbox" name=(field) value=(text) id={(field) "-" (text)} checked[is_chosen];
            label for={(field) "-" (text)} { (name) }
        }
    }
}

/// `POST /manage/packages/{id}/roles`: the preview, or the change that it showed.
pub(super) async fn change(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let one = package::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManageAccessPackages, one.catalog)?;
    let chosen = (role_scopes(&form, ADD), role_scopes(&form, REMOVE));
    let (Some(adds), Some(removes)) = chosen else {
        return Err(Problem::NotFound);
    };
    if form.has(TURN) {
        return draw_choice(&visit, &one, &form, None).await;
    }
    let wish = Wish { adds, removes };
    let count = wish.adds.len() + wish.removes.len();
    if count == 0 || count > MOST {
        let wrong = if count == 0 {
            "Choose at least one role.".to_owned()
        } else {
            format!("At most {MOST} roles change at once.")
        };
        return draw_choice(&visit, &one, &form, Some(&wrong)).await;
    }
    let (service, ctx) = (visit.service(), &visit.ctx);
    let Some(seen) = form.get(SEEN) else {
        let preview = impact::preview(service, ctx, one.id, wish.clone()).await?;
        return draw_preview(&visit, &one, &wish, &preview, None).await;
    };
    match impact::carry_out(service, ctx, one.id, wish.clone(), seen.to_owned()).await {
        Ok(()) => Ok(reply::see(&format!("{PATH}/{}?done=roles", one.id))),
        Err(error) if error.code() == Some(service::Code::PreconditionFailed) => {
            let preview = impact::preview(service, ctx, one.id, wish.clone()).await?;
            let wrong = "The package, or who holds it, changed since you looked. Nothing was done: this is what it would mean now.";
            draw_preview(&visit, &one, &wish, &preview, Some(wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn draw_preview(
    visit: &Visit,
    one: &Package,
    wish: &Wish,
    preview: &Preview,
    wrong: Option<&str>,
) -> Result<Response, Problem> {
    let base = format!("{PATH}/{}/roles", one.id);
    let content = html! {
        (head(one, "Roles"))
        h2 { "What the change would mean" }
        (trouble(wrong))
        @if preview.changes.is_empty() {
            p { "Nothing would change: what comes is inside already, and what goes is not." }
        } @else {
            p { (preview.held) " hold the package now. Nothing has changed yet." }
            (summary(&preview.changes))
            @for change in &preview.changes { (people(change)) }
            form method="post" action=(base) {
                (visit.marked_once())
                input type="hidden" name=(SEEN) value=(preview.seen);
                @for id in &wish.adds { input type="hidden" name=(ADD) value=(id); }
                @for id in &wish.removes { input type="hidden" name=(REMOVE) value=(id); }
                div .actions { button .harm[!wish.removes.is_empty()] { "Change the roles" } }
            }
        }
        p { a href=(base) { "Choose again" } }
    };
    let title = format!("Roles of {}", one.name);
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    let status = if wrong.is_some() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok(reply::page(status, page))
}

fn sign(change: &Change) -> Markup {
    badge(if change.is_addition {
        (Tone::Good, "Comes")
    } else {
        (Tone::Bad, "Goes")
    })
}

/// What each change means in numbers, and for which target.
fn summary(changes: &[Change]) -> Markup {
    let rows: Vec<Vec<Markup>> = changes
        .iter()
        .map(|change| {
            let verb = if change.is_addition { "gain" } else { "lose" };
            vec![
                sign(change),
                html! { (change.resource) ", " (change.role) },
                html! { (change.target) },
                html! { (change.touched) " " (verb) " it" },
                html! { @if change.untouched == 0 { (none()) } @else { (change.untouched) " have it through something else as well" } },
            ]
        })
        .collect();
    let columns = ["What", "Role", "Target", "Grants", "Who notices nothing"];
    table("What comes and what goes", &columns, &rows)
}

/// Who would notice, the first of them.
fn people(change: &Change) -> Markup {
    let heading = format!("people-{}", change.id);
    let rows: Vec<Vec<Markup>> = change
        .people
        .iter()
        .map(|person| person_row(change, person))
        .collect();
    html! {
        @if !rows.is_empty() {
            section .card aria-labelledby=(heading) {
                h3 id=(heading) { (change.resource) ", " (change.role) }
                (table("Who holds the package", &["Who", "What happens"], &rows))
                @if change.more_after.is_some() { p .hint { "These are the first " (rows.len()) ". The numbers above are about all." } }
            }
        }
    }
}

fn person_row(change: &Change, person: &Person) -> Vec<Markup> {
    let what = match (person.is_elsewhere, change.is_addition) {
        (true, true) => (Tone::Quiet, "Has it already, through something else"),
        (true, false) => (Tone::Quiet, "Keeps it, through something else"),
        (false, true) => (Tone::Good, "Gains it"),
        (false, false) => (Tone::Bad, "Loses it"),
    };
    let name = person.name.as_deref().unwrap_or("Somebody without a name");
    vec![
        html! {
            a href={"/manage/assignments/" (person.assignment)} { (name) }
            @if let Some(address) = &person.principal_name { " " span .quiet { (address) } }
        },
        badge(what),
    ]
}
