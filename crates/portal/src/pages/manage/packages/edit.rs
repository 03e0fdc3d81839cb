//! A package is made, changed, deleted.

use auth::roles::Action;
use axum::extract::Path;
use axum::response::Response;
use domain::access_package::{AccessPackageChange, NewAccessPackage};
use domain::id::CatalogId;
use domain::model;
use maud::{Markup, html};
use service::overview;
use service::overview::package::Package;

use super::{PATH, catalogs, package, parsed};
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

/// Which member of a package is which field.
const FIELDS: [(&str, &str); 3] = [
    ("displayName", "name"),
    ("description", "description"),
    ("uniqueName", "unique"),
];

fn catalog(id: &str) -> Result<CatalogId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// `GET /manage/catalogs/{id}/packages/new`
pub(super) async fn new_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = catalog(&id)?;
    service::authorize::in_catalog(&visit.ctx, Action::ManageAccessPackages, id)?;
    let form = Form::of(vec![on("visible", true)]);
    draw(&visit, id, None, &form, &Faults::default()).await
}

/// `POST /manage/catalogs/{id}/packages/new`
pub(super) async fn create(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = catalog(&id)?;
    let wanted = NewAccessPackage {
        catalog_id: id,
        display_name: form.text("name").to_owned(),
        description: form.get("description").map(str::to_owned),
        is_hidden: is_on(&form, "hidden"),
        is_role_scopes_visible: is_on(&form, "visible"),
        unique_name: form.get("unique").map(str::to_owned),
    };
    match service::access_packages::create(visit.service(), &visit.ctx, wanted).await {
        Ok(id) => Ok(reply::see(&format!("{PATH}/{id}?done=made"))),
        Err(error) => {
            let faults = Faults::of_change(error, &FIELDS)?;
            draw(&visit, id, None, &form, &faults).await
        }
    }
}

/// `GET /manage/packages/{id}/edit`
pub(super) async fn form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = package::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManageAccessPackages, one.catalog)?;
    let form = Form::of(vec![
        field("name", &one.name),
        field("description", &one.description),
        field("unique", &one.unique_name),
        on("hidden", one.is_hidden),
        on("visible", one.is_role_scopes_visible),
    ]);
    draw(&visit, one.catalog, Some(&one), &form, &Faults::default()).await
}

/// `POST /manage/packages/{id}/edit`
pub(super) async fn save(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = parsed(&id)?;
    let wanted = AccessPackageChange {
        display_name: Some(form.text("name").to_owned()),
        description: change(&form, "description"),
        is_hidden: Some(is_on(&form, "hidden")),
        is_role_scopes_visible: Some(is_on(&form, "visible")),
        unique_name: change(&form, "unique"),
    };
    let (text, version) = (id.to_string(), version(&form));
    let shown = overview::as_shown(visit.service(), &model::ACCESS_PACKAGE, &text, version)?;
    match service::access_packages::update(&shown, &visit.ctx, id, wanted).await {
        Ok(()) => Ok(reply::see(&format!("{PATH}/{id}?done=saved"))),
        Err(error) => {
            let faults = Faults::of_change(error, &FIELDS)?;
            let one = package::get(visit.service(), &visit.ctx, id).await?;
            draw(&visit, one.catalog, Some(&one), &form, &faults).await
        }
    }
}

/// `POST /manage/packages/{id}/delete`
pub(super) async fn delete(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let one = package::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManageAccessPackages, one.catalog)?;
    if !is_sure(&form) {
        return Err(refused("Say that the package is to be deleted."));
    }
    service::access_packages::delete(visit.service(), &visit.ctx, one.id).await?;
    Ok(reply::see(&format!(
        "/manage/catalogs/{}?done=deleted",
        one.catalog
    )))
}

async fn draw(
    visit: &Visit,
    id: CatalogId,
    stored: Option<&Package>,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let catalog = catalogs::get(visit.service(), &visit.ctx, id).await?;
    let title = match stored {
        Some(one) => format!("Change {}", one.name),
        None => "Make a package".to_owned(),
    };
    let action = match stored {
        Some(one) => format!("{PATH}/{}/edit", one.id),
        None => format!("/manage/catalogs/{id}/packages/new"),
    };
    let mut way = vec![
        ("/manage/catalogs".to_owned(), "Catalogs"),
        (format!("/manage/catalogs/{id}"), catalog.name.as_str()),
    ];
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
        @if let Some(one) = stored {
            (deletion(visit, &format!("{PATH}/{}/delete", one.id), "the package",
                "Only a package that nobody holds can be deleted. Its policies go with it, and requests that are open are canceled."))
        }
    };
    let page = visit.page(Place::Catalogs, &title, &content).await?;
    Ok(reply::page(status_of(faults), page))
}

fn fields(form: &Form, faults: &Faults) -> Markup {
    html! {
        (line(form, faults, "name", "Name", true))
        (hinted(form, faults, "description", "What it is for", None, false).lines())
        (check(form, "hidden", "Hidden: only whoever has its address finds it"))
        (check(form, "visible", "Those who may ask for it see what is inside"))
        (hinted(form, faults, "unique", "Name for programs",
            Some("No other package has it. Scripts find the package by it."), false).line("text"))
    }
}
