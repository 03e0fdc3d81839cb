//! The frame of every page.

use std::sync::LazyLock;

use auth::issuer::fingerprint;
use maud::{DOCTYPE, Markup, html};
use service::overview::{self, May};

use crate::visit::Visit;

/// The one style sheet.
pub(crate) const STYLE: &str = include_str!("../assets/style.css");
/// The one script: what it does makes pages nicer, and none needs it.
pub(crate) const SCRIPT: &str = include_str!("../assets/script.js");
/// What stands beside the title.
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

/// Where in the portal a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Access,
    Requests,
    Packages,
    Approvals,
    Catalogs,
    AllRequests,
    Assignments,
    Jobs,
    Drift,
    Targets,
    Reports,
    Dev,
}

const PLACES: [(Place, &str, &str); 4] = [
    (Place::Access, "/", "My access"),
    (Place::Requests, "/requests", "My requests"),
    (Place::Packages, "/packages", "Find access"),
    (Place::Approvals, "/approvals", "Approvals"),
];

/// A page of whoever looks after access: its place, address and name, and who is shown it.
type Operation = (Place, &'static str, &'static str, fn(May) -> bool);

/// The pages of whoever looks after access, each with the right that shows it.
const OPERATIONS: [Operation; 8] = [
    (Place::Catalogs, "/manage/catalogs", "Catalogs", |may| {
        may.read_catalogs
    }),
    (Place::AllRequests, "/manage/requests", "Requests", |may| {
        may.read
    }),
    (
        Place::Assignments,
        "/manage/assignments",
        "Assignments",
        |may| may.read,
    ),
    (Place::Jobs, "/manage/jobs", "Bulk jobs", |may| {
        may.reprocess
    }),
    (Place::Drift, "/manage/drift", "Drift", |may| may.read),
    (Place::Targets, "/manage/targets", "Targets", |may| {
        may.see_targets
    }),
    (Place::Reports, "/manage/reports", "Reports", |may| {
        may.read || may.see_audit
    }),
    (Place::Dev, "/manage/dev", "Development tenant", |may| {
        may.switch_targets
    }),
];

/// A page for somebody who is signed in; `waiting` requests wait for their decision.
pub(crate) fn page(
    visit: &Visit,
    place: Place,
    title: &str,
    waiting: usize,
    content: &Markup,
) -> Markup {
    let may = overview::may(&visit.ctx);
    let operations = OPERATIONS.iter().filter(|(place, .., shown)| {
        let is_here = *place != Place::Dev || visit.portal.development().is_some();
        is_here && shown(may)
    });
    let operations: Vec<_> = operations.collect();
    let bar = html! {
        nav aria-label="Main" {
            ul {
                @for (own, address, name) in PLACES {
                    li {
                        a href=(address) aria-current=[(own == place).then_some("page")] {
                            (name)
                            @if own == Place::Approvals && waiting > 0 {
                                " " span .count { (waiting) span .unseen { " waiting" } }
                            }
                        }
                    }
                }
            }
        }
        form .who method="post" action="/sign-out" {
            (visit.marked())
            span title=(visit.who.user_principal_name) { (visit.who.display_name) }
            button .second { "Sign out" }
        }
        @if !operations.is_empty() {
            nav .operations aria-label="Operations" {
                ul {
                    @for (own, address, name, _) in operations {
                        li {
                            a href=(address) aria-current=[(*own == place).then_some("page")] { (name) }
                        }
                    }
                }
            }
        }
    };
    frame(title, &bar, content)
}

/// A page for whoever comes.
pub(crate) fn bare(title: &str, content: &Markup) -> Markup {
    frame(title, &html! {}, content)
}

fn frame(title: &str, bar: &Markup, content: &Markup) -> Markup {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut version = fingerprint(&[STYLE, SCRIPT, ICON].concat());
        version.truncate(12);
        version
    });
    let version = VERSION.as_str();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " - Reeve" }
                link rel="icon" href={"/portal/icon.svg?" (version)} type="image/svg+xml";
                link rel="stylesheet" href={"/portal/style.css?" (version)};
                script defer src={"/portal/script.js?" (version)} {}
            }
            body {
                a .skip href="#main" { "Skip to the content" }
                header .bar {
                    a .brand href="/" { "Reeve" }
                    (bar)
                }
                main #main tabindex="-1" { (content) }
            }
        }
    }
}
