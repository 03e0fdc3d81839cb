//! The portal in a real browser: every page as each of four people, at two widths, in light and dark, by keyboard and under
//! the eyes of axe; the main journeys without scripts; and the story of `reeve demo`, lived by pages alone.
//!
//! Pictures of all pages are left in `target/screenshots`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail loudly"
)]

#[path = "../it/support.rs"]
#[expect(dead_code, reason = "shared with the other tests of the program")]
mod support;

mod crawl;
mod faults;
mod look;
mod plain;
mod readme;
mod session;
mod story;
mod tenant;
mod window;

use std::path::PathBuf;

use peers::chromium::{self, Driver};
use peers::policy::started_or_skipped;

use crate::crawl::Seen;
use crate::tenant::Tenant;
use crate::window::{Scripts, Window};

/// The driver and the script of axe, or nothing where they are not installed.
fn installed() -> Option<(Driver, PathBuf)> {
    let started = Driver::start().map(|driver| Some((driver?, peers::clients::axe()?)));
    started_or_skipped(chromium::NAME, started)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody() {
    let Some((driver, axe)) = installed() else {
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let tenant = Tenant::start().await;
    tenant.live().await;

    let mut seen = Seen::default();
    for who in ["alice", "bob", "carol", "admin"] {
        let window = Window::open(&driver, &tenant.server, who, Scripts::On).await;
        crawl::walk(&window, &axe, &mut seen).await;
        window.close().await;
    }
    readme::take(&driver, &tenant).await;
    seen.wrong
        .extend(faults::walk(&driver, &tenant, &axe).await);

    assert!(seen.wrong.is_empty(), "{}", seen.wrong.join("\n"));
    let forgotten = crawl::forgotten(&seen.paths);
    assert!(forgotten.is_empty(), "no link leads to {forgotten:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_journeys_need_no_script() {
    let Some((driver, _)) = installed() else {
        return;
    };
    let tenant = Tenant::start().await;

    plain::travel(&driver, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_the_demo_is_lived_in_browsers_alone() {
    let Some((driver, _)) = installed() else {
        return;
    };
    let tenant = Tenant::bare().await;

    story::live(&driver, &tenant).await;
}
