//! Fields and parts that the pages of catalogs, packages and policies share.

use domain::access_package::RoleScopeId;
use domain::change::Change;
use maud::{Markup, html};

use crate::form::Form;
use crate::pages::submission::Faults;
use crate::parts::Field;
use crate::visit::Visit;

/// What a box sends when it is checked.
pub(super) const YES: &str = "yes";
/// The field with the version that a form was drawn from.
pub(super) const VERSION: &str = "version";
/// The field by which somebody says that they mean it.
const SURE: &str = "sure";

/// A box that is on or off.
pub(super) fn check(form: &Form, name: &str, label: &str) -> Markup {
    html! {
        div .choice {
            input type="checkbox" id=(name) name=(name) value=(YES) checked[is_on(form, name)];
            label for=(name) { (label) }
        }
    }
}

/// Whether a box is on.
pub(super) fn is_on(form: &Form, name: &str) -> bool {
    form.get(name) == Some(YES)
}

/// A box as a field of a form that somebody has filled in.
pub(super) fn on(name: &str, is_on: bool) -> (String, String) {
    field(name, if is_on { YES } else { "" })
}

/// A field of a form that somebody has filled in.
pub(super) fn field(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// One line of text.
pub(super) fn line(form: &Form, faults: &Faults, name: &str, label: &str, must: bool) -> Markup {
    hinted(form, faults, name, label, None, must).line("text")
}

/// A field with a hint.
pub(super) fn hinted<'a>(
    form: &'a Form,
    faults: &'a Faults,
    name: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    is_required: bool,
) -> Field<'a> {
    Field {
        name,
        label,
        hint,
        value: form.text(name),
        error: faults.of(name),
        is_required,
    }
}

/// A text that may be left empty, as a change.
pub(super) fn change(form: &Form, name: &str) -> Change<String> {
    form.get(name)
        .map_or(Change::Clear, |text| Change::Set(text.to_owned()))
}

/// The version that a form was drawn from; none is like an old one.
pub(super) fn version(form: &Form) -> i64 {
    form.get(VERSION)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// The field with a version.
pub(super) fn versioned(version: i64) -> Markup {
    html! { input type="hidden" name=(VERSION) value=(version); }
}

/// The part of a page by which something is deleted.
pub(super) fn deletion(visit: &Visit, action: &str, what: &str, hint: &str) -> Markup {
    html! {
        section .card aria-labelledby="delete" {
            h2 #delete { "Delete" }
            p { (hint) }
            form method="post" action=(action) {
                (visit.marked())
                div .choice {
                    input type="checkbox" id=(SURE) name=(SURE) value=(YES) required;
                    label for=(SURE) { "Yes, delete " (what) }
                }
                div .actions { button .harm { "Delete" } }
            }
        }
    }
}

/// Whether somebody has said that they mean it.
pub(super) fn is_sure(form: &Form) -> bool {
    is_on(form, SURE)
}

/// The ids of roles that a form chooses; `None` if one of them is none.
pub(super) fn role_scopes(form: &Form, name: &str) -> Option<Vec<RoleScopeId>> {
    form.all(name).map(RoleScopeId::parse).collect()
}

/// The parts of something, each on a page of its own: address and name.
pub(super) fn tabs(label: &str, tabs: &[(String, &str)], here: &str) -> Markup {
    html! {
        nav .tabs aria-label=(label) {
            ul {
                @for (address, name) in tabs {
                    li { a href=(address) aria-current=[(*name == here).then_some("page")] { (name) } }
                }
            }
        }
    }
}

/// The way from the catalog to the page, which is not in it.
pub(super) fn trail(steps: &[(String, &str)]) -> Markup {
    html! {
        nav .trail aria-label="Where this is" {
            ol { @for (address, name) in steps { li { a href=(address) { (name) } } } }
        }
    }
}
