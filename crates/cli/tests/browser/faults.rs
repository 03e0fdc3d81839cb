//! Pages that tell what is wrong: forms that were sent with faults, addresses that lead nowhere, and the way in and out.

use peers::chromium::Driver;

use crate::crawl::look_at;
use crate::tenant::Tenant;
use crate::window::{Scripts, Window};

/// A form with something wrong in it.
struct Fault {
    who: &'static str,
    /// The links that lead to it, by their words.
    way: &'static [&'static str],
    /// Fills it in, as a browser that checks nothing would let somebody, and gives the button to be pressed.
    script: &'static str,
    /// What the page then says.
    says: &'static str,
}

const FAULTS: [Fault; 6] = [
    Fault {
        who: "bob",
        way: &["Approvals"],
        script: "return document.querySelector('button[value=approve]')",
        says: "Choose at least one request.",
    },
    Fault {
        who: "alice",
        way: &["Find access", "Night shift", "With questions"],
        script: "return document.querySelector('main form[method=post] button')",
        says: "Nothing was sent yet",
    },
    Fault {
        who: "alice",
        way: &["My access", "Ask for more time"],
        script:
            "const day = document.querySelector('#ends'); day.type = 'text'; day.value = 'soon';
                 return document.querySelector('main form[method=post] button')",
        says: "Give a day as year, month and day",
    },
    Fault {
        who: "admin",
        way: &["Drift"],
        script: "return document.querySelector('main form[method=post] .actions button')",
        says: "Nothing is chosen.",
    },
    Fault {
        who: "admin",
        way: &["Requests"],
        script:
            "const day = document.querySelector('#from'); day.type = 'text'; day.value = 'soon';
                 return document.querySelector('form.search button')",
        says: "Give days as year, month and day",
    },
    Fault {
        who: "admin",
        way: &["Targets"],
        script: "return document.querySelector('main form[action$=pause] button')",
        says: "This cannot be done",
    },
];

/// Looks at them; what is wrong with how they tell it.
pub(crate) async fn look(driver: &Driver, tenant: &Tenant, axe: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for who in ["alice", "bob", "admin"] {
        let window = Window::open(driver, &tenant.server, who, Scripts::On).await;
        for (number, fault) in FAULTS
            .iter()
            .enumerate()
            .filter(|(_, fault)| fault.who == who)
        {
            window.visit("/").await;
            for link in fault.way {
                window.follow(link).await;
            }
            window.submit(fault.script).await;
            window.sees(fault.says).await;
            let name = format!("fault-{}-{who}", number + 1);
            let found = look_at(&window, axe, &name, true).await;
            wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
        }
        if who == "alice" {
            wrong.extend(way_out(&window, axe).await);
        }
        window.close().await;
    }
    wrong
}

/// What is seen by whoever lost their way, and by whoever has gone.
async fn way_out(window: &Window, axe: &str) -> Vec<String> {
    window.visit("/requests/nowhere").await;
    window.sees("There is no such page").await;
    let mut wrong = look_at(window, axe, "nowhere", true).await;
    window.visit("/").await;
    window.press("Sign out").await;
    wrong.extend(look_at(window, axe, "signed-out", true).await);
    wrong
}
