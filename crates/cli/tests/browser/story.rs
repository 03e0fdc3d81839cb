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
    build(&cast.admin).await;
    request_and_approve(&cast).await;
    repair_drift(tenant, &cast).await;
    survive_an_outage(&cast).await;
    refuse(tenant, &cast).await;
    let_time_pass(tenant, &cast).await;
    for window in [cast.admin, cast.alice, cast.bob, cast.carol] {
        window.close().await;
    }
}

/// Puts the package together, and says who may have it and who decides. The groups come from the directory.
async fn build(admin: &Window) {
    admin.follow("Catalogs").await;
    admin.follow("Make a catalog").await;
    admin.fill("Name", "Farm").await;
    admin.choose("Its packages can be asked for").await;
    admin.press("Save").await;
    admin.follow("Resources").await;
    for group in ["Harvest crew", "Gate openers"] {
        admin.fill("Group or application", group).await;
        admin.press("Find").await;
        admin.choose(group).await;
        admin.press("Add").await;
        admin.sees(&format!("{group} Security Group")).await;
    }
    admin.follow("Packages").await;
    admin.follow("Make a package").await;
    admin.fill("Name", HARVEST).await;
    admin
        .fill("What it is for", "All that a harvester needs.")
        .await;
    admin
        .choose("Those who may ask for it see what is inside")
        .await;
    admin.press("Save").await;
    admin.follow("Change the roles").await;
    admin.choose("Harvest crew, Member").await;
    admin.choose("Gate openers, Member").await;
    admin.press("Show what it means").await;
    admin.press("Change the roles").await;
    admin.follow("Make a policy").await;
    admin.fill("Name", "Everybody, if bob agrees").await;
    admin.fill("For how long", "90").await;
    admin.choose("Somebody has to approve new access").await;
    admin.fill("Who decides", "bob@reeve.example").await;
    admin.press("Save").await;
    admin.sees("Everybody, if bob agrees").await;
}

/// Offers carol the same for thirty days: bob decides, and after two days alice may as well.
async fn offer_to_carol(admin: &Window) {
    admin.follow("Catalogs").await;
    admin.follow("Farm").await;
    admin.follow(HARVEST).await;
    admin.follow("Make a policy").await;
    admin.fill("Name", "carol, if bob or alice agrees").await;
    admin
        .select(
            "For whom it is",
            "People and groups of the directory, listed below",
        )
        .await;
    admin.fill("These", "carol@reeve.example").await;
    admin.fill("For how long", "30").await;
    admin.choose("Somebody has to approve new access").await;
    admin.fill("Who decides", "bob@reeve.example").await;
    admin.fill("How long they have", "14").await;
    admin.choose("Others are asked as well after a while").await;
    admin.fill("After how long", "2").await;
    admin.fill("Who else is asked", "alice@reeve.example").await;
    admin.press("Save").await;
    admin.sees("carol, if bob or alice agrees").await;
}

/// Breaks the gate.
async fn break_gate(admin: &Window) {
    admin.follow("Development tenant").await;
    admin.unfold("Add a fault").await;
    admin.select("What misbehaves", "gate").await;
    admin.fill("How", "down").await;
    admin.press("Add the fault").await;
}

/// Mends it.
async fn mend_gate(admin: &Window) {
    admin.follow("Development tenant").await;
    admin.press("End all faults").await;
    admin.sees("Everything behaves.").await;
}

/// Lets so many days pass.
async fn pass(admin: &Window, days: &str) {
    admin.follow("Development tenant").await;
    admin.fill("Move it on by", days).await;
    admin.select("Of these", "days").await;
    admin.press("Move the clock on").await;
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

async fn survive_an_outage(cast: &Cast) {
    break_gate(&cast.admin).await;
    ask(&cast.carol).await;
    approve(&cast.bob, "Carol Cooper").await;
    cast.carol.comes_to_see("Partly done").await;
    mend_gate(&cast.admin).await;

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
    offer_to_carol(&cast.admin).await;
    ask(&cast.carol).await;
    cast.alice.follow("Approvals").await;
    cast.alice.sees("Nothing waits for your decision.").await;

    // Bob is on holiday.
    pass(&cast.admin, "2").await;
    cast.alice
        .finds(&format!("{HARVEST} for Carol Cooper"))
        .await;
    approve(&cast.alice, "Carol Cooper").await;
    cast.carol.comes_to_see("Done").await;
    assert!(tenant.is_in("Harvest crew", "carol").await);

    pass(&cast.admin, "30").await;
    cast.carol.follow("My access").await;
    cast.carol.finds("You hold nothing at the moment.").await;
    cast.carol.follow("What I held before").await;
    cast.carol.sees("Over").await;
    assert!(!tenant.is_in("Harvest crew", "carol").await);
    cast.alice.follow("My access").await;
    cast.alice.sees("Active").await;
}
