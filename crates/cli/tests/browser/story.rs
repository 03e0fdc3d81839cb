//! The story of `reeve demo`, lived in browsers alone: what the chapters tell is what people see and press.

use peers::chromium::Driver;

use crate::tenant::Tenant;
use crate::window::{Scripts, Window};

const HARVEST: &str = "Harvest work";

/// Who takes part, each with a browser of their own.
struct Cast {
    admin: Window,
    alice: Window,
    bob: Window,
    carol: Window,
}

/// Lives it.
pub(crate) async fn live(driver: &Driver, tenant: &Tenant) {
    let open = async |who| Window::open(driver, &tenant.server, who, Scripts::On).await;
    let cast = Cast {
        admin: open("admin").await,
        alice: open("alice").await,
        bob: open("bob").await,
        carol: open("carol").await,
    };
    request_and_approve(&cast).await;
    repair_drift(tenant, &cast).await;
    survive_an_outage(tenant, &cast).await;
    refuse(tenant, &cast).await;
    let_time_pass(tenant, &cast).await;
    for window in [cast.admin, cast.alice, cast.bob, cast.carol] {
        window.close().await;
    }
}

/// Asks for the package.
async fn ask(who: &Window) {
    who.follow("Find access").await;
    who.follow(HARVEST).await;
    who.fill("Why is it needed?", "The harvest is ripe.").await;
    who.press("Send request").await;
    who.sees("Your request was sent.").await;
    who.comes_to_see("Waiting for approval").await;
}

/// Approves what waits for somebody.
async fn approve(who: &Window, whose: &str) {
    who.follow("Approvals").await;
    who.sees(&format!("{HARVEST} for {whose}")).await;
    who.sees("The harvest is ripe.").await;
    who.choose(&format!("Choose: {HARVEST} for {whose}")).await;
    who.fill("Your reason", "Many hands.").await;
    who.press("Approve").await;
    who.sees("1 request was decided.").await;
}

async fn request_and_approve(cast: &Cast) {
    ask(&cast.alice).await;
    approve(&cast.bob, "Alice Archer").await;
    // Her page is still the one that was open when bob had not decided.
    cast.alice.comes_to_see("Done").await;
    cast.alice.sees("Verified").await;
    cast.alice.follow("My access").await;
    cast.alice.sees(HARVEST).await;
    cast.alice.sees("Active").await;
}

async fn repair_drift(tenant: &Tenant, cast: &Cast) {
    tenant.leaves("Harvest crew", "alice").await;
    cast.admin.follow("Drift").await;
    cast.admin.finds("1 missing").await;
    cast.admin.sees("Alice Archer").await;
    cast.alice.visit("/").await;
    cast.alice.sees("Missing").await;

    cast.admin.follow(HARVEST).await;
    cast.admin.press("Reprocess").await;
    cast.admin.sees("It is being reprocessed.").await;
    cast.alice.loses("Missing").await;
    cast.alice.sees("Verified").await;
    assert!(tenant.is_in("Harvest crew", "alice").await);
    cast.admin.follow("Drift").await;
    cast.admin
        .finds("Everything that was looked at is as it shall be.")
        .await;
}

async fn survive_an_outage(tenant: &Tenant, cast: &Cast) {
    tenant.fault("gate", Some("down")).await;
    ask(&cast.carol).await;
    approve(&cast.bob, "Carol Cooper").await;
    cast.carol.comes_to_see("Partly done").await;
    tenant.fault("gate", None).await;

    // Only whoever looks after access can try it again.
    cast.carol.does_not_see("Reprocess").await;
    cast.admin.follow("Requests").await;
    cast.admin.select("State", "Partly done").await;
    cast.admin.press("Show").await;
    cast.admin.follow(HARVEST).await;
    cast.admin.sees("Carol Cooper").await;
    cast.admin.press("Reprocess").await;
    cast.admin.comes_to_see("Done").await;
    cast.carol.follow("My access").await;
    cast.carol.finds("Active").await;
}

async fn refuse(tenant: &Tenant, cast: &Cast) {
    cast.carol.follow("Give it up").await;
    cast.carol.press("Give it up").await;
    cast.carol.comes_to_see("Done").await;
    cast.carol.follow("My access").await;
    cast.carol.sees("You hold nothing at the moment.").await;
    assert!(!tenant.is_in("Harvest crew", "carol").await);

    cast.admin.follow("Assignments").await;
    cast.admin.select("State", "Over").await;
    cast.admin.press("Show").await;
    cast.admin.follow(HARVEST).await;
    cast.admin.sees("This cannot be reprocessed now.").await;
    // Who has no role sees no page of those who look after access.
    let assignment = cast.admin.path().await;
    cast.alice.does_not_see("Assignments").await;
    cast.alice.visit(&assignment).await;
    cast.alice.does_not_see("Grants").await;
    cast.alice.visit("/").await;
}

async fn let_time_pass(tenant: &Tenant, cast: &Cast) {
    tenant.offers_carol_the_harvest().await;
    ask(&cast.carol).await;
    cast.alice.follow("Approvals").await;
    cast.alice.sees("Nothing waits for your decision.").await;

    // Bob is on holiday.
    tenant.passes("P2D").await;
    cast.alice
        .finds(&format!("{HARVEST} for Carol Cooper"))
        .await;
    approve(&cast.alice, "Carol Cooper").await;
    cast.carol.comes_to_see("Done").await;
    assert!(tenant.is_in("Harvest crew", "carol").await);

    tenant.passes("P30D").await;
    cast.carol.follow("My access").await;
    cast.carol.finds("You hold nothing at the moment.").await;
    cast.carol.follow("What I held before").await;
    cast.carol.sees("Over").await;
    assert!(!tenant.is_in("Harvest crew", "carol").await);
    cast.alice.follow("My access").await;
    cast.alice.sees("Active").await;
}
