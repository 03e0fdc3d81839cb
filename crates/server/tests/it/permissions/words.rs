//! Refusals that help: whoever is refused is told each permission and each role that would do, for every row of the table in the
//! code (AZ-1, ER-5).

use std::collections::BTreeMap;

use auth::principal::Permission;
use auth::roles::{Action, MATRIX, Row, Who};
use testkit::{Client, Reply};

use super::operations::{self, Ask, Call};
use super::send;
use super::world::World;
use crate::support::V1;

/// The row of the code for each row of the transcription in [`super::table`].
const ACTIONS: &[(&str, Action)] = &[
    (
        "list/get catalogs, access packages, resources, roles",
        Action::ReadCatalogContent,
    ),
    ("create catalog", Action::CreateCatalog),
    ("update/delete catalog", Action::UpdateCatalog),
    ("resource request, refresh", Action::ManageResources),
    ("role assignment in catalog", Action::AssignCatalogRole),
    ("assign Catalog creator", Action::AssignCatalogCreator),
    (
        "access packages, role scopes, incompatibilities",
        Action::ManageAccessPackages,
    ),
    ("moveToCatalog", Action::MovePackage),
    ("policies", Action::ManagePolicies),
    ("auto-assignment policy", Action::ManageAutoPolicies),
    ("read policies", Action::ReadPolicies),
    ("read requests", Action::ReadRequests),
    ("read assignments, delivered roles", Action::ReadRequests),
    ("adminAdd/Update/Remove", Action::AdminRequest),
    ("userAdd/Update/Remove", Action::UserRequest),
    ("cancel", Action::Cancel),
    ("reprocess", Action::Reprocess),
    ("resume", Action::Resume),
    ("delete request", Action::DeleteRequest),
    ("approve/deny", Action::Decide),
    ("custom extensions", Action::ManageExtensions),
    (
        "connected organizations, sponsors",
        Action::ManageConnectedOrganizations,
    ),
    (
        "settings, controlConfigurations, connectors",
        Action::ManageSettings,
    ),
    ("subject lifecycle", Action::ManageSubjectLifecycle),
    ("upload sessions", Action::UploadSessions),
    (
        "getApplicablePolicyRequirements, filterByCurrentUser",
        Action::QueryAsUser,
    ),
];

/// Reads that the transcription has no row for.
const READS: &[(&str, Action)] = &[
    ("connectedOrganizations", Action::ReadConnectedOrganizations),
    ("settings", Action::ReadSettings),
    ("controlConfigurations", Action::ReadSettings),
];

/// Everything that is asked, by its row of the code.
fn asks(world: &World) -> Vec<(Action, Ask)> {
    let mut asks = Vec::new();
    let get = |path: String| Ask {
        method: http::Method::GET,
        path,
        body: None,
    };
    for operation in operations::all() {
        let found = ACTIONS.iter().find(|(row, _)| *row == operation.row);
        let (_, action) = found.unwrap_or_else(|| panic!("`{}` has no row", operation.row));
        let ask = match operation.call {
            Call::Within(call) => call(world, &world.own),
            Call::Tenant(call) => call(world),
            Call::List(path, _) => get(path),
        };
        asks.push((*action, ask));
    }
    for (path, action) in READS {
        asks.push((*action, get(format!("{V1}/{path}"))));
    }
    asks
}

fn message(reply: &Reply) -> String {
    let body = reply.json();
    body["error"]["message"].as_str().unwrap().to_owned()
}

/// What a refusal lacks of what would do.
fn lacking(row: &Row, is_application: bool, reply: &Reply) -> Vec<String> {
    let told = message(reply);
    if is_application && row.who == Who::AnyUser {
        let why = "only a signed-in user can do this, not an application";
        return if told.contains(why) {
            Vec::new()
        } else {
            vec![why.to_owned()]
        };
    }
    let permissions: &[Permission] = if is_application {
        row.application
    } else {
        row.delegated
    };
    let mut names: Vec<String> = permissions.iter().map(ToString::to_string).collect();
    if let Who::Holders(roles) = row.who {
        names.extend(roles.iter().map(ToString::to_string));
    }
    assert!(!names.is_empty(), "{:?}", row.action);
    names.retain(|name| !told.contains(name));
    names
}

#[tokio::test]
async fn a_403_names_each_permission_and_role_that_would_do_for_every_row_of_the_matrix() {
    let world = World::new().await;
    let app = &world.app;
    let governance = [Permission::EntitlementManagementReadWriteAll];
    let callers: [(&str, bool, Client); 6] = [
        (
            "a user without a permission",
            false,
            app.as_user_with("GA", &[]),
        ),
        (
            "a user with one that does not do",
            false,
            app.as_user_with("GA", &[Permission::UserReadAll]),
        ),
        (
            "a user without a role",
            false,
            app.as_user_with("mallory", &governance),
        ),
        (
            "a user with a role that does not do",
            false,
            app.as_user_with("COA", &governance),
        ),
        ("an application", true, app.as_application("app:0", &[])),
        (
            "an application with a permission that does not do",
            true,
            app.as_application("app:0", &[Permission::EntitlementManagementReadAll]),
        ),
    ];
    let mut unhelpful = Vec::new();
    let mut refused: BTreeMap<(Action, bool), usize> = BTreeMap::new();
    for (name, is_application, client) in &callers {
        for (action, ask) in asks(&world) {
            let row = auth::roles::row(action);
            let reply = send(client, ask).await;
            if reply.status != 403 {
                continue;
            }
            *refused.entry((action, *is_application)).or_default() += 1;
            let lacking = lacking(&row, *is_application, &reply);
            if !lacking.is_empty() {
                unhelpful.push(format!("{name}: {action:?} lacks {lacking:?}: {reply}"));
            }
        }
    }
    world.app.wait_out_retries().await;

    assert!(unhelpful.is_empty(), "{}", unhelpful.join("\n"));
    for row in MATRIX {
        // Whoever approved may, whatever they are: the tests of `on_behalf` hold that.
        if row.action == Action::ApproverRemove {
            continue;
        }
        for is_application in [false, true] {
            let count = refused.get(&(row.action, is_application));
            assert!(
                count.is_some(),
                "nobody was refused: {:?}, {is_application}",
                row.action
            );
        }
    }
}
