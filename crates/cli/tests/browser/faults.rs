//! Pages that tell what is wrong: forms that were sent with faults, addresses that lead nowhere, and the way in and out.

use peers::chromium::Driver;

use crate::crawl::look_at;
use crate::look;
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

const FAULTS: [Fault; 12] = [
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
    Fault {
        who: "admin",
        way: &["Catalogs", "Make a catalog"],
        script: "return document.querySelector('main form[method=post] .actions button')",
        says: "Nothing was saved",
    },
    Fault {
        who: "admin",
        way: &["Catalogs", "Barn", "Packages", "Make a package"],
        script: "return document.querySelector('main form[method=post] .actions button')",
        says: "Nothing was saved",
    },
    Fault {
        who: "admin",
        way: &[
            "Catalogs",
            "Barn",
            "Packages",
            "Night shift",
            "Change the roles",
        ],
        script: "return document.querySelector('main form[method=post] .actions button')",
        says: "Choose at least one role.",
    },
    Fault {
        who: "admin",
        way: &[
            "Catalogs",
            "Barn",
            "Packages",
            "Night shift",
            "Make a policy",
        ],
        script: "document.querySelector('[name=expires_after]').value = 'soon';
                 return document.querySelector('main form[method=post] > .actions button')",
        says: "Nothing was saved",
    },
    Fault {
        who: "admin",
        way: &["Development tenant"],
        script: "return document.querySelector('form[action$=clock] button')",
        says: "Say by how much",
    },
    Fault {
        who: "admin",
        way: &["Development tenant"],
        script: "document.querySelector('[name=seed]').value = 'users: [nobody';
                 return document.querySelector('form[action$=seed] button')",
        says: "Development tenant",
    },
];

/// Looks at them; what is wrong with how they tell it.
pub(crate) async fn walk(driver: &Driver, tenant: &Tenant, axe: &str) -> Vec<String> {
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
            wrong.extend(at_the_issuer(&window, tenant, axe).await);
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

/// The pages of the issuer: where people sign in and out and let devices act, and what they are told there.
async fn at_the_issuer(window: &Window, tenant: &Tenant, axe: &str) -> Vec<String> {
    let dev = tenant.server.dev();
    let of = |path: &str| format!("/{}/oauth2/{path}", dev["tenantId"].as_str().unwrap());
    let mut wrong = Vec::new();
    let mut look = async |name: &str| wrong.extend(shown(window, axe, name).await);

    window.visit(&of("deviceauth")).await;
    window.sees("Connect a device").await;
    look("issuer-device").await;
    window.fill("Code that the device shows", "NOTACODE").await;
    window.press("Next").await;
    window.sees("The code is not known").await;
    look("issuer-device-unknown").await;
    let code = tenant.device_code().await;
    window
        .visit(&of(&format!("deviceauth?user_code={code}")))
        .await;
    window.sees("act as you?").await;
    look("issuer-device-confirm").await;
    window.press("Refuse").await;
    look("issuer-device-refused").await;

    window.visit(&of("v2.0/logout")).await;
    window.sees("Sign out?").await;
    look("issuer-sign-out").await;
    window.press("Sign out").await;
    look("issuer-signed-out").await;

    window.visit("/").await;
    window.sees("Sign in to").await;
    look("issuer-sign-in").await;
    window.fill("User name", "alice@reeve.example").await;
    window.fill("Password", "not hers").await;
    window.press("Sign in").await;
    look("issuer-sign-in-wrong").await;
    window.visit(&of("v2.0/authorize?client_id=nobody")).await;
    window.sees("This cannot be done").await;
    look("issuer-refusal").await;
    wrong
}

/// What is wrong with a page that has a frame of its own.
async fn shown(window: &Window, axe: &str, name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (width, scheme) in [(1280, "light"), (360, "dark")] {
        window.size(width).await;
        window.scheme(scheme).await;
        let found = look::by_axe(window, axe, width == 360).await;
        wrong.extend(
            found
                .into_iter()
                .map(|what| format!("{name}, {width} px, {scheme}: {what}")),
        );
    }
    window.size(1280).await;
    wrong
}
