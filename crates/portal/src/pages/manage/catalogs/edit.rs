//! A catalog is made, changed, deleted.

use axum::extract::Path;
use axum::response::Response;
use domain::catalog::{CatalogChange, CatalogState, NewCatalog};
use domain::model;
use maud::{Markup, html};
use service::overview;
use service::overview::catalogs::Catalog;

use super::{PATH, catalogs, parsed};
use crate::form::Form;
use crate::layout::Place;
use crate::pages::access::status_of;
use crate::pages::manage::fields::{
    change, check, deletion, field, hinted, is_on, is_sure, line, on, trail, version, versioned,
};
use crate::pages::manage::jobs::refused;
use crate::pages::submission::Faults;
use crate::parts::trouble;
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};

/// Which member of a catalog is which field.
const FIELDS: [(&str, &str); 3] = [
    ("displayName", "name"),
    ("description", "description"),
    ("uniqueName", "unique"),
];

/// `GET /manage/catalogs/new`
pub(super) async fn new_form(visit: Visit) -> Result<Response, Problem> {
    if !overview::may(&visit.ctx).create_catalogs {
        service::authorize::in_tenant(&visit.ctx, auth::roles::Action::CreateCatalog)?;
    }
    let form = Form::of(vec![on("published", true)]);
    draw(&visit, None, &form, &Faults::default()).await
}

/// `POST /manage/catalogs/new`
pub(super) async fn create(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let wanted = NewCatalog {
        display_name: form.text("name").to_owned(),
        description: form.get("description").map(str::to_owned),
        state: state(&form),
        is_externally_visible: is_on(&form, "external"),
        unique_name: form.get("unique").map(str::to_owned),
    };
    match service::catalogs::create(visit.service(), &visit.ctx, wanted).await {
        Ok(id) => Ok(reply::see(&format!("{PATH}/{id}?done=made"))),
        Err(error) => draw(&visit, None, &form, &Faults::of_change(error, &FIELDS)?).await,
    }
}

fn state(form: &Form) -> CatalogState {
    if is_on(form, "published") {
        CatalogState::Published
    } else {
        CatalogState::Unpublished
    }
}

/// `GET /manage/catalogs/{id}/edit`
pub(super) async fn form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let one = catalogs::get(visit.service(), &visit.ctx, id).await?;
    if !catalogs::here(&visit.ctx, id).update {
        service::authorize::in_catalog(&visit.ctx, auth::roles::Action::UpdateCatalog, id)?;
    }
    let form = Form::of(vec![
        field("name", &one.name),
        field("description", &one.description),
        field("unique", &one.unique_name),
        on("published", one.is_published),
        on("external", one.is_externally_visible),
    ]);
    draw(&visit, Some(&one), &form, &Faults::default()).await
}

/// `POST /manage/catalogs/{id}/edit`
pub(super) async fn save(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let wanted = CatalogChange {
        display_name: Some(form.text("name").to_owned()),
        description: change(&form, "description"),
        state: Some(state(&form)),
        is_externally_visible: Some(is_on(&form, "external")),
        unique_name: change(&form, "unique"),
    };
    let text = id.to_string();
    let shown = overview::as_shown(visit.service(), &model::CATALOG, &text, version(&form))?;
    match service::catalogs::update(&shown, &visit.ctx, id, wanted).await {
        Ok(()) => Ok(reply::see(&format!("{PATH}/{id}?done=saved"))),
        Err(error) => {
            let faults = Faults::of_change(error, &FIELDS)?;
            let one = catalogs::get(visit.service(), &visit.ctx, id).await?;
            draw(&visit, Some(&one), &form, &faults).await
        }
    }
}

/// `POST /manage/catalogs/{id}/delete`
pub(super) async fn delete(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    service::authorize::in_catalog(&visit.ctx, auth::roles::Action::UpdateCatalog, id)?;
    if !is_sure(&form) {
        return Err(refused("Say that the catalog is to be deleted."));
    }
    service::catalogs::delete(visit.service(), &visit.ctx, id).await?;
    Ok(reply::see(&format!("{PATH}?done=deleted")))
}

/// The form, for a new catalog or one that is there.
async fn draw(
    visit: &Visit,
    stored: Option<&Catalog>,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let title = match stored {
        Some(one) => format!("Change {}", one.name),
        None => "Make a catalog".to_owned(),
    };
    let action = match stored {
        Some(one) => format!("{PATH}/{}/edit", one.id),
        None => format!("{PATH}/new"),
    };
    let mut way = vec![(PATH.to_owned(), "Catalogs")];
    if let Some(one) = stored {
        way.push((format!("{PATH}/{}", one.id), one.name.as_str()));
    }
    let content = html! {
        (trail(&way))
        h1 { (title) }
        (trouble(faults.unsaved().as_deref()))
        form .card method="post" action=(action) {
            (visit.marked_once())
            @if let Some(one) = stored { (versioned(one.version)) }
            (fields(form, faults))
            div .actions { button { "Save" } }
        }
        @if let Some(one) = stored.filter(|one| one.is_user_managed) {
            (deletion(visit, &format!("{PATH}/{}/delete", one.id), "the catalog",
                "Only a catalog without packages can be deleted. Its resources go with it."))
        }
    };
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(status_of(faults), page))
}

fn fields(form: &Form, faults: &Faults) -> Markup {
    html! {
        (line(form, faults, "name", "Name", true))
        (hinted(form, faults, "description", "What it is for", None, false).lines())
        (check(form, "published", "Its packages can be asked for"))
        (check(form, "external", "People outside may ask, where a policy lets them"))
        (hinted(form, faults, "unique", "Name for programs",
            Some("No other catalog has it. Scripts find the catalog by it."), false).line("text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_a_catalog_leads_to_a_field_of_the_form() {
        let drawn = fields(&Form::default(), &Faults::default()).into_string();
        for (_, field) in FIELDS {
            assert!(drawn.contains(&format!("name=\"{field}\"")), "{field}");
        }
    }
}
