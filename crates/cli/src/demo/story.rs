//! The story: what Reeve is for, in six steps, each through the API that every client uses.

use reqwest::Method;
use serde_json::{Value, json};

use super::teller::{Person, Teller, chapter, say};
use crate::client::ENTITLEMENTS;
use crate::client::bodies::{self, Origin, Requestors};
use crate::client::own_api::Grant;

/// The target that goes down.
pub(super) const GATE: &str = "gate";

/// An id that nothing has.
const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";
/// The role of the application, an id of our own choice as in any application.
const OPENER: &str = "6f1d9c7a-0b52-4b53-9d0e-1c2a3b4c5d6e";
const GATE_APPLICATION: &str = "1b8f3f0e-52c4-4d7e-8f5a-7a9b0c1d2e3f";

/// Who takes part.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) admin: Person,
    pub(super) alice: Person,
    pub(super) bob: Person,
    pub(super) carol: Person,
    pub(super) nobody: Person,
    pub(super) alice_id: String,
    pub(super) bob_id: String,
    pub(super) carol_id: String,
}

/// What the first step makes.
#[derive(Debug)]
struct Farm {
    group: String,
    package: String,
    policy: String,
}

/// What somebody got.
#[derive(Debug)]
struct Granted {
    request: String,
    assignment: String,
}

/// Tells the story.
pub(super) async fn tell(teller: &mut Teller, cast: &Cast) -> anyhow::Result<()> {
    let farm = build(teller, cast).await?;
    let alices = request_and_approve(teller, cast, &farm).await?;
    repair_drift(teller, cast, &farm, &alices).await?;
    let carols = survive_an_outage(teller, cast, &farm).await?;
    refuse(teller, cast, &farm, &alices, &carols).await?;
    let_time_pass(teller, cast, &farm, &alices).await
}

async fn build(teller: &mut Teller, cast: &Cast) -> anyhow::Result<Farm> {
    chapter("1. Build: who may have what, and who decides");
    let admin = &cast.admin;
    say(
        "A group, and an application with a role. The gate is a system of its own: the application is bound to it.",
    );
    let group = json!({
        "displayName": "Harvest crew", "description": "Works on the harvest.",
        "mailEnabled": false, "mailNickname": "harvestcrew", "securityEnabled": true,
    });
    let group = teller.make(admin, "/v1.0/groups", &group).await?;
    let application = json!({
        "appId": GATE_APPLICATION, "displayName": "Farm gate",
        "appRoles": [{
            "id": OPENER, "displayName": "Opener", "description": "May open the gate.", "value": "Gate.Open",
            "isEnabled": true, "allowedMemberTypes": ["User"],
        }],
    });
    let application = teller
        .make(admin, "/v1.0/servicePrincipals", &application)
        .await?;
    admin.graph.bind_target(&application, GATE).await?;
    for (id, name) in [
        (group.as_str(), "Harvest crew"),
        (&application, "Farm gate"),
        (OPENER, "Opener"),
    ] {
        teller.name(id, name);
    }

    say("A catalog with both as resources, and an access package with a role of each.");
    let catalog = json!({
        "displayName": "Farm", "description": "What the farm needs.", "state": "published", "isExternallyVisible": false,
    });
    let catalog = teller
        .make(admin, &format!("{ENTITLEMENTS}/catalogs"), &catalog)
        .await?;
    let package = json!({
        "displayName": "Harvest work", "description": "All that a harvester needs.", "catalog": { "id": catalog },
    });
    let package = teller
        .make(admin, &format!("{ENTITLEMENTS}/accessPackages"), &package)
        .await?;
    let member = format!("Member_{group}");
    for (origin, role) in [
        (Origin::group(&group), member.as_str()),
        (Origin::application(&application), OPENER),
    ] {
        teller
            .make(
                admin,
                &format!("{ENTITLEMENTS}/resourceRequests"),
                &bodies::add_resource(&catalog, &origin),
            )
            .await?;
        let filter = format!(
            "{ENTITLEMENTS}/catalogs/{catalog}/resources?$filter=originId%20eq%20%27{}%27",
            origin.id
        );
        let found = admin.graph.get(&filter).await?;
        let resource = found
            .pointer("/value/0/id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let path = format!("{ENTITLEMENTS}/accessPackages/{package}/resourceRoleScopes");
        teller
            .make(admin, &path, &bodies::role_scope(&resource, &origin, role))
            .await?;
    }

    say("A policy: everybody may ask, and bob decides.");
    let approvers = [cast.bob_id.clone()];
    let policy = bodies::policy(
        &package,
        "Everybody, if bob agrees",
        Requestors::Everybody,
        &approvers,
        Some("P90D"),
    );
    let policy = teller
        .make(
            admin,
            &format!("{ENTITLEMENTS}/assignmentPolicies"),
            &policy,
        )
        .await?;
    Ok(Farm {
        group,
        package,
        policy,
    })
}

async fn request_and_approve(
    teller: &mut Teller,
    cast: &Cast,
    farm: &Farm,
) -> anyhow::Result<Granted> {
    chapter("2. Request, approve, deliver, verify");
    say("alice asks, bob approves; then the grants are brought to the group and to the gate.");
    let request = ask(teller, &cast.alice, farm).await?;
    approve(teller, cast, &request).await?;
    teller
        .await_state(&cast.admin, &request_path(&request), "delivered")
        .await?;
    let assignment = assignment_of(cast, &request).await?;

    say("`delivered` means verified: each grant was seen at its target. The ledger says how:");
    let rows = cast.admin.graph.ledger(Some(&cast.alice_id)).await?;
    for row in &rows {
        say(&teller.named(&format!("   ledger {}", row.sentence())));
    }
    teller.expect(
        rows.len() == 2 && rows.iter().all(Grant::is_verified),
        "both grants are desired and were seen",
    );
    Ok(Granted {
        request,
        assignment,
    })
}

async fn repair_drift(
    teller: &mut Teller,
    cast: &Cast,
    farm: &Farm,
    alices: &Granted,
) -> anyhow::Result<()> {
    chapter("3. Reprocess an assignment that has drifted");
    say("Somebody removes alice from the group behind Reeve's back.");
    let link = format!("/v1.0/groups/{}/members/{}/$ref", farm.group, cast.alice_id);
    teller
        .call(&cast.admin, Method::DELETE, &link, None, 204)
        .await?;
    say(
        "The assignment still says `delivered`, as it does in Entra; the drift report knows better.",
    );
    teller
        .await_state(
            &cast.admin,
            &assignment_path(&alices.assignment),
            "delivered",
        )
        .await?;
    let drifted = cast.admin.graph.drift().await?;
    for row in &drifted {
        say(&teller.named(&format!("   drift  {}", row.sentence())));
    }
    teller.expect(
        drifted.len() == 1,
        "the drift report shows alice's membership, and nothing else",
    );

    say("Reprocess evaluates the assignment again and enforces it:");
    let path = format!("{}/reprocess", assignment_path(&alices.assignment));
    teller
        .call(&cast.admin, Method::POST, &path, None, 202)
        .await?;
    teller
        .await_state(
            &cast.admin,
            &assignment_path(&alices.assignment),
            "delivered",
        )
        .await?;
    let is_back = is_member(cast, farm, &cast.alice_id).await?;
    teller.expect(is_back, "alice is in the group again");
    let left = cast.admin.graph.drift().await?;
    teller.expect(left.is_empty(), "the drift report is empty");
    Ok(())
}

async fn survive_an_outage(
    teller: &mut Teller,
    cast: &Cast,
    farm: &Farm,
) -> anyhow::Result<Granted> {
    chapter("4. Reprocess a request whose delivery was partial");
    say("The gate goes down. carol asks, bob approves; the group takes her, the gate does not.");
    say("(A server tries for about eight hours; the demo for a moment.)");
    cast.admin.graph.set_fault(GATE, Some("down")).await?;
    let request = ask(teller, &cast.carol, farm).await?;
    approve(teller, cast, &request).await?;
    teller
        .await_state(&cast.admin, &request_path(&request), "partiallyDelivered")
        .await?;

    say("The gate comes back. Reprocess tries what is missing, and only that:");
    cast.admin.graph.set_fault(GATE, None).await?;
    let path = format!("{}/reprocess", request_path(&request));
    teller
        .call(&cast.admin, Method::POST, &path, None, 202)
        .await?;
    teller
        .await_state(&cast.admin, &request_path(&request), "delivered")
        .await?;
    let assignment = assignment_of(cast, &request).await?;
    teller
        .await_state(&cast.admin, &assignment_path(&assignment), "delivered")
        .await?;
    Ok(Granted {
        request,
        assignment,
    })
}

async fn refuse(
    teller: &mut Teller,
    cast: &Cast,
    farm: &Farm,
    alices: &Granted,
    carols: &Granted,
) -> anyhow::Result<()> {
    chapter("5. What reprocess refuses");
    say("carol gives her access back, so that there is an assignment that is over.");
    let removal = json!({ "requestType": "userRemove", "assignment": { "id": carols.assignment } });
    let removal = teller
        .make(
            &cast.carol,
            &format!("{ENTITLEMENTS}/assignmentRequests"),
            &removal,
        )
        .await?;
    teller
        .await_state(&cast.admin, &request_path(&removal), "delivered")
        .await?;
    teller
        .await_state(&cast.admin, &assignment_path(&carols.assignment), "expired")
        .await?;
    let is_out = !is_member(cast, farm, &cast.carol_id).await?;
    teller.expect(is_out, "carol is out of the group");

    for (what, path_of, right, wrong) in [
        (
            "A request",
            request_path as fn(&str) -> String,
            &alices.request,
            &carols.request,
        ),
        (
            "An assignment",
            assignment_path,
            &alices.assignment,
            &carols.assignment,
        ),
    ] {
        say(&format!(
            "{what}: no id, an unknown id, a wrong state, no token, too weak a role."
        ));
        for (who, id, status) in [
            (&cast.admin, "abc", 400),
            (&cast.admin, NOBODYS, 404),
            (&cast.admin, wrong.as_str(), 400),
            (&cast.nobody, right.as_str(), 401),
            (&cast.alice, right.as_str(), 403),
        ] {
            teller
                .call(
                    who,
                    Method::POST,
                    &format!("{}/reprocess", path_of(id)),
                    None,
                    status,
                )
                .await?;
        }
    }
    Ok(())
}

async fn let_time_pass(
    teller: &mut Teller,
    cast: &Cast,
    farm: &Farm,
    alices: &Granted,
) -> anyhow::Result<()> {
    chapter("6. Let time pass: an approval that escalates, and access that ends");
    say(
        "Another policy, for carol: bob decides within two weeks, and alice may as well after two days.",
    );
    let approvers = [cast.bob_id.clone()];
    let carol = [cast.carol_id.clone()];
    let mut policy = bodies::policy(
        &farm.package,
        "carol, if bob or alice agrees",
        Requestors::Users(&carol),
        &approvers,
        Some("P30D"),
    );
    bodies::escalate(&mut policy, &cast.alice_id, "P2D");
    let policies = format!("{ENTITLEMENTS}/assignmentPolicies");
    let policy = teller.make(&cast.admin, &policies, &policy).await?;
    let short = Farm {
        group: farm.group.clone(),
        package: farm.package.clone(),
        policy,
    };
    let request = ask(teller, &cast.carol, &short).await?;
    teller
        .await_state(&cast.admin, &request_path(&request), "pendingApproval")
        .await?;
    say(
        "bob is on holiday. A development tenant has a clock that can be moved, by a call that is Reeve's own:",
    );
    advance(teller, cast, "P2D").await?;
    teller
        .await_status(
            &cast.admin,
            &request_path(&request),
            "PendingApprovalEscalated",
        )
        .await?;
    decide(teller, &cast.alice, &request).await?;
    teller
        .await_state(&cast.admin, &request_path(&request), "delivered")
        .await?;

    let assignment = assignment_of(cast, &request).await?;
    say("After thirty days carol's access is over, and the group and the gate are told so.");
    advance(teller, cast, "P30D").await?;
    teller
        .await_end(&cast.admin, &assignment_path(&assignment))
        .await?;
    let is_out = !is_member(cast, farm, &cast.carol_id).await?;
    teller.expect(is_out, "carol is out of the group");
    say("alice's lasts for ninety days from the day on which she got it:");
    teller
        .await_state(
            &cast.admin,
            &assignment_path(&alices.assignment),
            "delivered",
        )
        .await
}

/// Moves the tenant's clock.
async fn advance(teller: &mut Teller, cast: &Cast, by: &str) -> anyhow::Result<()> {
    let body = json!({ "advance": by });
    let path = "/reeve/v1/dev/clock";
    say(&format!("   (the clock goes on by {by})"));
    teller
        .call(&cast.admin, Method::POST, path, Some(&body), 200)
        .await
        .map(drop)
}

async fn ask(teller: &mut Teller, who: &Person, farm: &Farm) -> anyhow::Result<String> {
    let body = json!({
        "requestType": "userAdd",
        "assignment": { "accessPackageId": farm.package, "assignmentPolicyId": farm.policy },
        "justification": "The harvest is ripe.",
    });
    teller
        .make(who, &format!("{ENTITLEMENTS}/assignmentRequests"), &body)
        .await
}

/// Bob decides.
async fn approve(teller: &mut Teller, cast: &Cast, request: &str) -> anyhow::Result<()> {
    teller
        .await_state(&cast.admin, &request_path(request), "pendingApproval")
        .await?;
    decide(teller, &cast.bob, request).await
}

/// Somebody approves; the approval has the request's id.
async fn decide(teller: &mut Teller, who: &Person, request: &str) -> anyhow::Result<()> {
    let stages = format!("{ENTITLEMENTS}/accessPackageAssignmentApprovals/{request}/stages");
    let open = who.graph.get(&stages).await?;
    let stage = open
        .pointer("/value/0/id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let decision = json!({ "reviewResult": "Approve", "justification": "Many hands." });
    teller
        .call(
            who,
            Method::PATCH,
            &format!("{stages}/{stage}"),
            Some(&decision),
            204,
        )
        .await
        .map(drop)
}

async fn assignment_of(cast: &Cast, request: &str) -> anyhow::Result<String> {
    let path = format!("{}?$expand=assignment($select=id)", request_path(request));
    let found = cast.admin.graph.get(&path).await?;
    Ok(found
        .pointer("/assignment/id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned())
}

async fn is_member(cast: &Cast, farm: &Farm, user: &str) -> anyhow::Result<bool> {
    let members = cast
        .admin
        .graph
        .list(&format!("/v1.0/groups/{}/members?$select=id", farm.group))
        .await?;
    Ok(members
        .iter()
        .any(|member| member.get("id").and_then(Value::as_str) == Some(user)))
}

fn request_path(id: &str) -> String {
    format!("{ENTITLEMENTS}/assignmentRequests/{id}")
}

fn assignment_path(id: &str) -> String {
    format!("{ENTITLEMENTS}/assignments/{id}")
}
