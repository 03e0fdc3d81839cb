//! The filter above a list of requests or assignments, and the part below it by which many are reprocessed.

use domain::reprocess_job::{Collection, Tracking};
use domain::time::Timestamp;
use maud::{Markup, html};
use service::overview::{Filter, Place};

use crate::form::Form;
use crate::parts::{Field, day, select, zone};
use crate::problem::Problem;
use crate::visit::Visit;

/// The fields of a filter, in the order of the page.
const FIELDS: [&str; 6] = ["state", "package", "person", "from", "until", "zone"];

/// The field with the objects that are chosen.
pub(super) const PICK: &str = "pick";

/// What a filter says, and what is wrong with it.
pub(super) struct Typed {
    pub(super) filter: Filter,
    pub(super) wrong: Option<String>,
}

/// Reads a filter; `states` are the words that it may name.
pub(super) fn read(form: &Form, states: &[(&str, &str)]) -> Typed {
    let mut wrong = None;
    let state = form.get("state").filter(|state| {
        let is_known = states.iter().any(|(word, _)| word == state);
        if !is_known {
            wrong = Some("There is no such state.".to_owned());
        }
        is_known
    });
    let state = state.map(str::to_owned);
    let (from, before) = days(form, &mut wrong);
    Typed {
        filter: Filter {
            state,
            package: form.get("package").map(str::to_owned),
            person: form.get("person").map(str::to_owned),
            from,
            before,
        },
        wrong,
    }
}

/// From the first day on, and before the one behind the last; what is no day is wrong.
pub(super) fn days(
    form: &Form,
    wrong: &mut Option<String>,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let mut on = |name: &str, later: i64| {
        let at = day(form.get(name)?, form.text("zone"), later);
        if at.is_none() {
            *wrong = Some("Give days as year, month and day, such as 2027-01-31.".to_owned());
        }
        at
    };
    (on("from", 0), on("until", 1))
}

/// The fields as they were typed, to be said again.
pub(super) fn fields(form: &Form) -> Vec<(&'static str, &str)> {
    FIELDS.map(|name| (name, form.text(name))).to_vec()
}

/// Whether anything was typed.
fn is_narrowed(form: &Form) -> bool {
    let typed = FIELDS.iter().filter(|name| **name != "zone");
    typed.into_iter().any(|name| form.get(name).is_some())
}

/// Behind which row the page begins.
pub(crate) fn after(form: &Form) -> Result<Option<Place>, Problem> {
    let Some(text) = form.get("after") else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| Problem::NotFound)
}

/// The form of the filter.
pub(super) fn filter_form(path: &str, form: &Form, states: &[(&str, &str)]) -> Markup {
    let mut choices = vec![("", "Any")];
    choices.extend_from_slice(states);
    let field = |name: &str, label: &str, kind: &str| {
        html! {
            div .field {
                label for=(name) { (label) }
                input id=(name) name=(name) type=(kind) value=(form.text(name));
            }
        }
    };
    html! {
        form .search role="search" method="get" action=(path) {
            (zone())
            (select("state", "State", &choices, form.text("state")))
            (field("package", "Package", "text"))
            (field("person", "Person", "text"))
            (field("from", "Made from", "date"))
            (field("until", "Made until", "date"))
            div .actions {
                button .second { "Show" }
                @if is_narrowed(form) { a href=(path) { "Show all" } }
            }
            p .hint data-utc { "Days are those of UTC." }
        }
    }
}

/// The box that chooses a row.
pub(super) fn pick(id: &str, name: &str) -> Markup {
    html! {
        input type="checkbox" name=(PICK) value=(id) id={"pick-" (id)};
        label .unseen for={"pick-" (id)} { "Choose " (name) }
    }
}

/// The box that chooses all rows of the page, for those with a script.
pub(super) fn pick_all(count: usize) -> Markup {
    html! {
        @if count > 1 {
            div .choice hidden {
                input #all type="checkbox" data-all=(PICK);
                label for="all" { "Choose all " (count) " of this page" }
            }
        }
    }
}

/// The part of the form by which what is chosen, or all that the filter shows, is planned.
pub(super) fn bulk(visit: &Visit, collection: Collection) -> Markup {
    let form = &visit.asked;
    html! {
        section .card aria-labelledby="bulk" {
            h2 #bulk { "Reprocess many" }
            p { "First comes a plan: what would be added and removed, and what is refused. Nothing happens before you start it." }
            input type="hidden" name="collection" value=(collection.as_str());
            @for (name, value) in fields(form) {
                @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
            }
            (Field {
                name: "note",
                label: "Note",
                hint: Some("What it is for. It stands beside the job and in the audit log."),
                value: "",
                error: None,
                is_required: false,
            }.line("text"))
            @if collection == Collection::Assignments { (tracking()) }
            div .actions {
                button name="what" value="chosen" { "Plan for what is chosen" }
                button .second name="what" value="all" {
                    @if is_narrowed(form) { "Plan for all that the filter shows" }
                    @else { "Plan for all" }
                }
            }
        }
    }
}

/// Which items leave a request behind.
fn tracking() -> Markup {
    let choices = [
        (
            Tracking::Changes.as_str(),
            "For those that change; the rest leaves a line in the report",
        ),
        (Tracking::Everything.as_str(), "For each"),
    ];
    Field {
        name: "tracking",
        label: "Leave a request behind",
        hint: None,
        value: "",
        error: None,
        is_required: true,
    }
    .choice(&choices, false, &[Tracking::Changes.as_str()])
}
