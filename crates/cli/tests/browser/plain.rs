//! The main journeys in a browser that runs no scripts.

use peers::chromium::Driver;

use crate::tenant::Tenant;
use crate::window::{Scripts, Window};

/// Takes them.
pub(crate) async fn travel(driver: &Driver, tenant: &Tenant) {
    let open = async |who| Window::open(driver, &tenant.server, who, Scripts::Off).await;
    let [admin, bob, carol] = [open("admin").await, open("bob").await, open("carol").await];

    // What is asked for is followed by a link.
    carol.follow("Find access").await;
    carol.fill("Search by name", "night").await;
    carol.press("Search").await;
    carol.follow("Night shift").await;
    carol.follow("With questions").await;
    carol.choose("Those of the weekend").await;
    carol.fill("Why is it needed?", "Somebody has to.").await;
    carol.press("Send request").await;
    carol.sees("Your request was sent.").await;
    carol.follow("Look again").await;
    carol.sees("Waiting for approval").await;

    bob.follow("Approvals").await;
    bob.sees("weekend").await;
    bob.choose("Choose: Night shift for Carol Cooper").await;
    // It is refused without a reason, and what was chosen stays so.
    bob.press("Approve").await;
    bob.sees("It cannot be decided without a reason.").await;
    bob.fill("Your reason", "Thank you.").await;
    bob.press("Approve").await;
    bob.sees("1 request was decided.").await;
    carol.finds("Done").await;

    // A bulk job is planned, started and followed.
    admin.follow("Assignments").await;
    admin.fill("Package", "Night shift").await;
    admin.press("Show").await;
    admin.press("Plan for all that the filter shows").await;
    admin.finds("Planned, not started").await;
    admin.press("Start").await;
    admin.finds("Done").await;

    carol.follow("My access").await;
    carol.follow("Give it up: Night shift").await;
    carol.press("Give it up").await;
    carol.finds("Done").await;
    carol.press("Sign out").await;
    carol.sees("signed out").await;
    for window in [admin, bob, carol] {
        window.close().await;
    }
}
