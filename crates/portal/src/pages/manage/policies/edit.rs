//! A policy is made, changed, deleted. A button of the form draws its path without saving anything.

use auth::roles::Action;
use axum::extract::Path;
use axum::response::Response;
use domain::id::{AccessPackageId, PolicyId};
use domain::policy::{PolicyDraft, TargetScope};
use maud::{Markup, html};
use service::overview::package::{self, Package};
use service::overview::policy::{self, Policy};
use service::policies;

use super::fields::{Shown, drawn, targets};
use super::{PATH, catalogs, document, parsed, picture, sets, way};
use crate::form::Form;
use crate::layout::Place;
use crate::pages::access::status_of;
use crate::pages::manage::fields::{deletion, hinted, is_on, is_sure, trail, version, versioned};
use crate::pages::manage::jobs::refused;
use crate::pages::submission::Faults;
use crate::parts::trouble;
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};

/// What the other buttons of the form send.
const LOOK: &str = "look";
const FIND: &str = "find";

fn package_of(id: &str) -> Result<AccessPackageId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// `GET /manage/packages/{id}/policies/new`
pub(super) async fn new_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let package = package::get(visit.service(), &visit.ctx, package_of(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManagePolicies, package.catalog)?;
    let shown = Shown::fresh(catalogs::here(&visit.ctx, package.catalog).rules);
    let page = Editor::fresh(&package);
    page.draw(&visit, &shown, &shown.form, &Faults::default(), &html! {})
        .await
}

/// `POST /manage/packages/{id}/policies/new`
pub(super) async fn create(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let package = package::get(visit.service(), &visit.ctx, package_of(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManagePolicies, package.catalog)?;
    let shown = Shown::fresh(catalogs::here(&visit.ctx, package.catalog).rules);
    let page = Editor::fresh(&package);
    let draft = match page.drafted(&visit, &shown, &form).await? {
        Ok(draft) => draft,
        Err(answer) => return Ok(answer),
    };
    match policies::create(visit.service(), &visit.ctx, draft).await {
        Ok(id) => Ok(reply::see(&format!("{PATH}/{id}?done=made"))),
        Err(error) => {
            let faults = faults_of(error)?;
            page.draw(&visit, &shown, &form, &faults, &html! {}).await
        }
    }
}

/// `GET /manage/policies/{id}/edit`
pub(super) async fn form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = policy::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManagePolicies, one.catalog)?;
    let rules = catalogs::here(&visit.ctx, one.catalog).rules;
    let shown = Shown::stored(&visit, &one, rules).await?;
    let page = Editor::stored(&one);
    page.draw(&visit, &shown, &shown.form, &Faults::default(), &html! {})
        .await
}

/// `POST /manage/policies/{id}/edit`
pub(super) async fn save(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let one = policy::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManagePolicies, one.catalog)?;
    let rules = catalogs::here(&visit.ctx, one.catalog).rules;
    // What the form was drawn from has to be what is there: it was patched upon what is there now.
    let read = version(&form);
    let mut shown = Shown::stored(&visit, &one, rules).await?;
    if read == one.version {
        shown = shown.with_lines(&form);
    }
    let page = Editor::stored(&one);
    let draft = match page.drafted(&visit, &shown, &form).await? {
        Ok(draft) => draft,
        Err(answer) => return Ok(answer),
    };
    match policies::replace(visit.service(), &visit.ctx, one.id, draft, read).await {
        Ok(()) => Ok(reply::see(&format!("{PATH}/{}?done=saved", one.id))),
        Err(error) => {
            let faults = faults_of(error)?;
            page.draw(&visit, &shown, &form, &faults, &html! {}).await
        }
    }
}

/// `POST /manage/policies/{id}/delete`
pub(super) async fn delete(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let one = policy::get(visit.service(), &visit.ctx, parsed(&id)?).await?;
    service::authorize::in_catalog(&visit.ctx, Action::ManagePolicies, one.catalog)?;
    if !is_sure(&form) {
        return Err(refused("Say that the policy is to be deleted."));
    }
    policies::delete(visit.service(), &visit.ctx, one.id).await?;
    let to = format!("/manage/packages/{}?done=deleted", one.package);
    Ok(reply::see(&to))
}

/// A refusal at the fields of the form.
fn faults_of(error: service::ServiceError) -> Result<Faults, Problem> {
    let targets = targets();
    let targets: Vec<(&str, &str)> = targets
        .iter()
        .map(|(target, field)| (target.as_str(), field.as_str()))
        .collect();
    Faults::of_change(error, &targets)
}

/// The page with the form.
struct Editor<'a> {
    title: String,
    action: String,
    way: Vec<(String, &'a str)>,
    package: AccessPackageId,
    stored: Option<(PolicyId, i64)>,
}

impl<'a> Editor<'a> {
    fn fresh(package: &'a Package) -> Self {
        Self {
            title: "Make a policy".to_owned(),
            action: format!("/manage/packages/{}/policies/new", package.id),
            way: vec![
                ("/manage/catalogs".to_owned(), "Catalogs"),
                (
                    format!("/manage/catalogs/{}", package.catalog),
                    &package.catalog_name,
                ),
                (format!("/manage/packages/{}", package.id), &package.name),
            ],
            package: package.id,
            stored: None,
        }
    }

    fn stored(one: &'a Policy) -> Self {
        let mut way = way(one);
        way.push((format!("{PATH}/{}", one.id), &one.name));
        Self {
            title: format!("Change {}", one.name),
            action: format!("{PATH}/{}/edit", one.id),
            way,
            package: one.package,
            stored: Some((one.id, one.version)),
        }
    }

    /// What the form says, or the page that answers it: with what is wrong, or with the path that was asked for.
    async fn drafted(
        &self,
        visit: &Visit,
        shown: &Shown,
        form: &Form,
    ) -> Result<Result<PolicyDraft, Response>, Problem> {
        if form.get("do") == Some(FIND) {
            let found = sets::found(visit, form.text("find")).await?;
            let answer = self
                .draw(visit, shown, form, &Faults::default(), &found)
                .await?;
            return Ok(Err(answer));
        }
        let mut faults = Faults::default();
        let scope = TargetScope::from_name(form.text("scope"));
        if scope.is_none() {
            faults.add("scope", "Choose for whom it is.");
        }
        let document = document::patched(visit, shown, form, &mut faults).await?;
        let (Some(scope), true) = (scope, faults.is_empty()) else {
            let answer = self.draw(visit, shown, form, &faults, &html! {}).await?;
            return Ok(Err(answer));
        };
        let settings_json = document.to_string();
        if form.get("do") == Some(LOOK) {
            let answer = self.look(visit, shown, form, scope, &settings_json).await?;
            return Ok(Err(answer));
        }
        Ok(Ok(PolicyDraft {
            access_package_id: Some(self.package),
            display_name: document::said_on_a_line(shown, form, "name"),
            description: Some(document::said(shown, form, "description"))
                .filter(|text| !text.is_empty()),
            allowed_target_scope: scope,
            can_extend: is_on(form, "self_update"),
            settings_json,
        }))
    }

    /// The page with the path that the form describes; nothing is saved.
    async fn look(
        &self,
        visit: &Visit,
        shown: &Shown,
        form: &Form,
        scope: TargetScope,
        document: &str,
    ) -> Result<Response, Problem> {
        let settings = match policy::read(document) {
            Ok(settings) => settings,
            Err(error) => {
                let faults = faults_of(error)?;
                return self.draw(visit, shown, form, &faults, &html! {}).await;
            }
        };
        let sets: Vec<_> = settings.subject_sets().cloned().collect();
        let names = policy::names(visit.service(), &sets).await?;
        let path = html! {
            section .card aria-labelledby="path" {
                h2 #path { "The path of a request, as the form says it" }
                p { "Nothing was saved yet." }
                (picture::path(scope, &settings, &names))
            }
        };
        self.draw(visit, shown, form, &Faults::default(), &path)
            .await
    }

    async fn draw(
        &self,
        visit: &Visit,
        shown: &Shown,
        form: &Form,
        faults: &Faults,
        path: &Markup,
    ) -> Result<Response, Problem> {
        let content = html! {
            (trail(&self.way))
            h1 { (self.title) }
            (trouble(faults.unsaved().as_deref()))
            (path)
            form .card method="post" action=(self.action) {
                (visit.marked_once())
                @if let Some((_, version)) = self.stored { (versioned(version)) }
                (drawn(form, faults, shown))
                fieldset .part {
                    legend { "Find somebody to name" }
                    (hinted(form, faults, "find", "Person, group or application", None, false).line("search"))
                    div .actions { button .second name="do" value=(FIND) formnovalidate { "Find" } }
                }
                div .actions {
                    button { "Save" }
                    button .second name="do" value=(LOOK) formnovalidate { "Draw the path" }
                }
            }
            @if let Some((id, _)) = self.stored {
                (deletion(visit, &format!("{PATH}/{id}/delete"), "the policy",
                    "Only a policy by which nobody holds the package can be deleted. Requests that are open are canceled."))
            }
        };
        let page = visit.page(Place::Catalogs, &self.title, &content).await?;
        Ok(reply::page(status_of(faults), page))
    }
}
