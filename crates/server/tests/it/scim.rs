//! Provisioning at `/scim/v2`, as an outside directory uses it.

use domain::resource::DriftAction;
use serde_json::{Value, json};
use service::settings::{Settings, UnknownMembers};
use testkit::{Client, Plan, Reply, Start, TestApp};

const SCIM: &str = "/scim/v2";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A tenant where names without a domain can sign in.
fn with_domain() -> Start {
    Start {
        settings: Settings {
            provisioning_domain: Some("reeve.test".to_owned()),
            ..Settings::default()
        },
    }
}

async fn made(feeder: &Client, path: &str, body: Value) -> Value {
    let reply = feeder.post(&format!("{SCIM}{path}"), body).await;
    reply.assert_status(201).json()
}

async fn user(feeder: &Client, name: &str) -> String {
    let body = json!({"schemas": [USER], "userName": name, "displayName": name});
    text(&made(feeder, "/Users", body).await["id"])
}

async fn group(feeder: &Client, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
    text(&made(feeder, "/Groups", body).await["id"])
}

async fn patch(feeder: &Client, path: &str, operations: Value) -> Reply {
    let body = json!({"schemas": [PATCH], "Operations": operations});
    feeder.patch(&format!("{SCIM}{path}"), body).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn names(list: &Value, attribute: &str) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    resources.iter().map(|one| text(&one[attribute])).collect()
}

/// The users whom a filter finds, by their names.
async fn find(feeder: &Client, filter: &str) -> Reply {
    // What cannot stand in an address as it is.
    let filter = filter
        .replace('"', "%22")
        .replace('[', "%5B")
        .replace(']', "%5D");
    let path = format!("{SCIM}/Users?sortBy=userName&filter={filter}");
    feeder.get(&path).await
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16, error_type: Option<&str>) {
    let reply = reply.clone().assert_status(status);
    let body = reply.json();
    assert_eq!(
        body["schemas"],
        json!(["urn:ietf:params:scim:api:messages:2.0:Error"]),
        "{reply}"
    );
    assert_eq!(body["status"], status.to_string(), "{reply}");
    assert_eq!(body["scimType"].as_str(), error_type, "{reply}");
    assert!(
        reply.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/scim+json")
    );
}

#[tokio::test]
async fn a_user_that_is_fed_is_a_user_of_the_directory() {
    TestApp::on_both(async |app| {
        let feeder = app.as_operator();
        let boss = user(&feeder, "boss@reeve.test").await;
        let body = json!({
            "schemas": [USER, ENTERPRISE],
            "userName": "Nina@reeve.test",
            "externalId": "hr-7",
            "name": {"givenName": "Nina", "familyName": "Meyer"},
            "title": "Buyer",
            "active": true,
            "emails": [{"value": "home@x.test", "type": "home"}, {"value": "nina@reeve.test", "type": "work"}],
            "phoneNumbers": [{"value": "1", "type": "mobile"}, {"value": "2", "type": "work"}],
            "addresses": [{"type": "work", "locality": "Delft"}],
            "nickName": "not kept",
            ENTERPRISE: {
                "department": "Sales", "employeeNumber": "7", "organization": "Books Inc", "costCenter": "42",
                "manager": {"value": boss},
            },
        });

        let reply = feeder.post(&format!("{SCIM}/Users"), body).await.assert_status(201);

        let made = reply.json();
        let id = text(&made["id"]);
        assert_eq!(reply.headers["location"], format!("http://reeve.test/scim/v2/Users/{id}"));
        assert_eq!(made["meta"]["location"], reply.headers["location"].to_str().unwrap());
        assert_eq!(made["meta"]["version"], reply.headers["etag"].to_str().unwrap());
        assert_eq!(made["emails"], json!([{"value": "nina@reeve.test", "type": "work"}]));
        assert_eq!(made["externalId"], "hr-7");
        assert_eq!(made["displayName"], "Nina Meyer");
        assert_eq!(made[ENTERPRISE]["manager"]["value"], json!(boss));
        let seen = feeder
            .get(&format!("/beta/users/{id}?$expand=manager"))
            .await
            .assert_status(200)
            .json();
        assert_eq!(seen["userPrincipalName"], "Nina@reeve.test");
        assert_eq!(seen["department"], "Sales");
        assert_eq!(seen["employeeId"], "7");
        assert_eq!(seen["city"], "Delft");
        assert_eq!(seen["mobilePhone"], "1");
        assert_eq!(seen["businessPhones"], json!(["2"]));
        assert_eq!(seen["employeeOrgData"]["costCenter"], "42");
        assert_eq!(seen["manager"]["id"], json!(boss));
        let audit = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Add user'";
        let audit = feeder.get(audit).await.assert_status(200).rows();
        assert!(audit.iter().any(|event| event["targetResources"][0]["id"] == json!(id)));
    })
    .await;
}

#[tokio::test]
async fn whoever_leaves_is_switched_off_and_then_deleted_so_that_they_can_be_restored() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let id = user(&feeder, "nina@reeve.test").await;
    let path = format!("/Users/{id}");

    let off = patch(
        &feeder,
        &path,
        json!([{"op": "Replace", "path": "active", "value": "False"}]),
    )
    .await;
    let seen = feeder
        .get(&format!("/v1.0/users/{id}?$select=accountEnabled"))
        .await;
    let gone = feeder.delete(&format!("{SCIM}{path}")).await;

    assert_eq!(off.assert_status(200).json()["active"], false);
    assert_eq!(seen.json()["accountEnabled"], false);
    gone.assert_status(204).assert_empty();
    assert_refused(&feeder.get(&format!("{SCIM}{path}")).await, 404, None);
    assert_refused(&feeder.delete(&format!("{SCIM}{path}")).await, 404, None);
    let again = user(&feeder, "nina@reeve.test").await;
    assert_ne!(again, id);
}

#[tokio::test]
async fn a_replacement_clears_what_it_does_not_mention_and_switches_nobody_on() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let boss = user(&feeder, "boss@reeve.test").await;
    let body = json!({
        "schemas": [USER], "userName": "nina@reeve.test", "title": "Buyer", "active": false, "externalId": "7",
        ENTERPRISE: {"manager": boss, "division": "West"},
    });
    let id = text(&made(&feeder, "/Users", body).await["id"]);
    let path = format!("{SCIM}/Users/{id}");

    let body = json!({"schemas": [USER], "userName": "nina@reeve.test", "displayName": "N", "id": "ignored"});
    let replaced = feeder.put(&path, body).await.assert_status(200).json();

    assert_eq!(replaced["id"], json!(id));
    assert_eq!(replaced["active"], false);
    for gone in ["title", "externalId", ENTERPRISE] {
        assert_eq!(replaced.get(gone), None, "{gone}");
    }
    let nameless = json!({"schemas": [USER], "displayName": "N"});
    assert_refused(
        &feeder.put(&path, nameless).await,
        400,
        Some("invalidValue"),
    );
}

#[tokio::test]
async fn users_are_found_by_what_is_kept_of_them() {
    TestApp::on_both_with(with_domain(), async |app| {
        let feeder = app.as_operator();
        let boss = user(&feeder, "boss@reeve.test").await;
        for (name, key, mail, department) in [
            ("nina", "A-1", "nina@example.com", "Sales"),
            ("omar@reeve.test", "a-1", "omar@example.org", "IT"),
        ] {
            let body = json!({
                "schemas": [USER], "userName": name, "externalId": key, "displayName": name.to_uppercase(),
                "emails": [{"value": mail}], "active": name != "nina",
                ENTERPRISE: {"department": department, "manager": {"value": boss}},
            });
            made(&feeder, "/Users", body).await;
        }
        let nina = find(&feeder, "userName eq \"NINA\"").await.json();
        let nina = text(&nina["Resources"][0]["id"]);
        group(&feeder, "Buyers", &[&nina]).await;
        let (both, ours) = (vec!["nina", "omar@reeve.test"], "externalId pr and ");

        for (filter, expected) in [
            ("userName eq \"nina\"".to_owned(), vec!["nina"]),
            ("userName eq \"nina@reeve.test\"".to_owned(), vec![]),
            ("userName eq \"OMAR@reeve.test\"".to_owned(), vec!["omar@reeve.test"]),
            ("externalId eq \"A-1\"".to_owned(), vec!["nina"]),
            ("externalId eq \"b\"".to_owned(), vec![]),
            (format!("{ours}displayName sw \"n\""), vec!["nina"]),
            (format!("{ours}displayName gt \"nz\""), vec!["omar@reeve.test"]),
            (format!("{ours}not (active eq true)"), vec!["nina"]),
            (format!("{ours}active ne \"False\""), vec!["omar@reeve.test"]),
            ("emails[type eq \"work\" and value co \"@example.\"]".to_owned(), both.clone()),
            ("emails.value ew \".org\" or emails co \".com\"".to_owned(), both.clone()),
            (format!("{ours}emails.type ne \"work\""), vec![]),
            (format!("{ENTERPRISE}:department eq \"sales\""), vec!["nina"]),
            (format!("{ENTERPRISE}:manager eq \"{boss}\""), both.clone()),
            ("groups.display eq \"buyers\"".to_owned(), vec!["nina"]),
            (format!("{ours}groups[display sw \"x\"]"), vec![]),
            (format!("{ours}title pr"), vec![]),
            (format!("{ours}title eq null"), both.clone()),
            (format!("{ours}meta.created ge \"2000-01-01T00:00:00Z\""), both.clone()),
            (format!("{ours}meta.lastModified lt \"2000-01-01T00:00:00Z\""), vec![]),
            (format!("{ours}meta.resourceType eq \"user\""), both.clone()),
            (format!("id eq \"{nina}\""), vec!["nina"]),
        ] {
            let found = find(&feeder, &filter).await.assert_status(200).json();
            assert_eq!(names(&found, "userName"), expected, "{filter}");
            assert_eq!(found["totalResults"], expected.len(), "{filter}");
        }
        for wrong in [
            "userName", "nickName eq \"x\"", "phoneNumbers.value eq \"1\"", "active gt true", "active eq \"maybe\"",
            "meta.created gt \"yesterday\"", "userName eq 5", "name eq \"x\"", "emails[display pr]", "password pr",
        ] {
            let reply = find(&feeder, wrong).await;
            assert_refused(&reply, 400, Some("invalidFilter"));
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_sorted_paged_and_cut_down() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    for name in ["c", "a", "b"] {
        group(&feeder, name, &[]).await;
    }
    let list = async |query: &str| {
        let reply = feeder.get(&format!("{SCIM}/Groups?{query}")).await;
        reply.assert_status(200).json()
    };

    let page = list("sortBy=displayName&sortOrder=descending&startIndex=2&count=1").await;
    assert_eq!(names(&page, "displayName"), ["b"]);
    assert_eq!(
        (
            &page["totalResults"],
            &page["startIndex"],
            &page["itemsPerPage"]
        ),
        (&json!(3), &json!(2), &json!(1))
    );
    let none = list("count=0").await;
    assert_eq!(
        (&none["totalResults"], &none["Resources"]),
        (&json!(3), &json!([]))
    );
    assert_eq!(
        names(&list("startIndex=-3&count=-1").await, "id"),
        Vec::<String>::new()
    );
    let some = list("attributes=displayName&count=1").await;
    let members: Vec<&String> = some["Resources"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["schemas", "id", "displayName"]);
    let most = list("excludedAttributes=displayName,meta.created&count=1").await;
    assert_eq!(most["Resources"][0].get("displayName"), None);
    assert!(most["Resources"][0]["meta"]["location"].is_string());
    assert_eq!(most["Resources"][0]["meta"].get("created"), None);
    for (wrong, error_type) in [
        ("count=many", "invalidValue"),
        ("sortBy=members", "invalidPath"),
        ("sortOrder=up", "invalidValue"),
        ("attributes=id&excludedAttributes=meta", "invalidValue"),
    ] {
        let reply = feeder.get(&format!("{SCIM}/Groups?{wrong}")).await;
        assert_refused(&reply, 400, Some(error_type));
    }
}

#[tokio::test]
async fn a_search_may_be_a_body_and_may_be_over_everything() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let nina = user(&feeder, "nina@reeve.test").await;
    let buyers = group(&feeder, "nina's", &[&nina]).await;
    let search = |more: Value| {
        let mut body =
            json!({"schemas": [SEARCH], "filter": "displayName sw \"nina\"", "attributes": ["id"]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };

    let all = feeder
        .post(&format!("{SCIM}/.search"), search(json!({})))
        .await;
    let second = feeder
        .post(
            &format!("{SCIM}/.search"),
            search(json!({"startIndex": 2, "count": 1})),
        )
        .await;
    let members = json!({"filter": format!("members[value eq \"{nina}\" and type eq \"User\"]")});
    let of_type = feeder
        .post(&format!("{SCIM}/Groups/.search"), search(members.clone()))
        .await;
    let everywhere = feeder
        .post(&format!("{SCIM}/.search"), search(members))
        .await;

    assert_eq!(
        names(&all.assert_status(200).json(), "id"),
        [nina, buyers.clone()]
    );
    let second = second.assert_status(200).json();
    assert_eq!(
        (names(&second, "id"), &second["totalResults"]),
        (vec![buyers.clone()], &json!(2))
    );
    assert_eq!(
        names(&of_type.assert_status(200).json(), "id"),
        std::slice::from_ref(&buyers)
    );
    assert_eq!(names(&everywhere.assert_status(200).json(), "id"), [buyers]);
    let nothing = feeder
        .post(&format!("{SCIM}/Users/.search"), json!({}))
        .await;
    assert_refused(&nothing, 400, Some("invalidSyntax"));
}

#[tokio::test]
async fn members_come_and_go_however_other_directories_say_it() {
    TestApp::on_both(async |app| {
        let feeder = app.as_operator();
        let [a, b, c] = [
            user(&feeder, "a@reeve.test").await,
            user(&feeder, "b@reeve.test").await,
            user(&feeder, "c@reeve.test").await,
        ];
        let inner = group(&feeder, "Inner", &[]).await;
        let outer = group(&feeder, "Outer", &[&a]).await;
        let path = format!("/Groups/{outer}");
        let mut expected = vec![a.clone()];
        for (operation, change) in [
            (json!({"op": "add", "path": "members", "value": [{"value": b}, {"value": a}]}), vec![a.clone(), b.clone()]),
            (json!({"op": "Add", "value": {"members": [{"value": inner}]}}), vec![a.clone(), b.clone(), inner.clone()]),
            (json!({"op": "remove", "path": format!("members[value eq \"{a}\"]")}), vec![b.clone(), inner.clone()]),
            (json!({"op": "Remove", "path": "members", "value": [{"value": inner}, {"value": c}]}), vec![b.clone()]),
            (json!({"op": "remove", "path": format!("members[value eq \"{a}\"]")}), vec![b.clone()]),
            (json!({"op": "replace", "path": "members", "value": [{"value": a}, {"value": c}]}), vec![a.clone(), c.clone()]),
            (json!({"op": "remove", "path": "members"}), vec![]),
        ] {
            expected = change;
            expected.sort();
            let changed = patch(&feeder, &path, json!([operation])).await.assert_status(200).json();
            let mut members: Vec<String> = changed["members"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|member| text(&member["value"]))
                .collect();
            members.sort();
            assert_eq!(members, expected, "{operation}");
        }
        assert!(expected.is_empty());
        for (operation, error_type) in [
            (json!({"op": "add", "path": "members", "value": [{"value": "nobody"}]}), "invalidValue"),
            (json!({"op": "add", "path": "members", "value": [{"value": "00000000-0000-0000-0000-00000000dead"}]}), "invalidValue"),
            (json!({"op": "add", "path": "members", "value": [{"value": outer}]}), "invalidValue"),
            (json!({"op": "remove", "path": "members[type eq \"User\"]"}), "invalidFilter"),
            (json!({"op": "replace", "path": "members.value", "value": "x"}), "mutability"),
            (json!({"op": "remove", "path": "displayName"}), "invalidValue"),
        ] {
            assert_refused(&patch(&feeder, &path, json!([operation])).await, 400, Some(error_type));
        }
    })
    .await;
}

#[tokio::test]
async fn members_whom_nobody_knows_are_left_out_where_the_tenant_says_so() {
    let start = Start {
        settings: Settings {
            provisioning_unknown_members: UnknownMembers::Ignore,
            ..Settings::default()
        },
    };
    TestApp::on_both_with(start, async |app| {
    let feeder = app.as_operator();
    let a = user(&feeder, "a@reeve.test").await;
    let gone = user(&feeder, "gone@reeve.test").await;
    let removed = feeder.delete(&format!("{SCIM}/Users/{gone}")).await;
    removed.assert_status(204);
    let dead = "00000000-0000-0000-0000-00000000dead";
    let id = group(&feeder, "Team", &["nobody", dead, &gone]).await;
    let path = format!("/Groups/{id}");
    let given = json!([{"value": dead}, {"value": a}, {"value": "nobody"}, {"value": gone}]);
    let alone = json!({"value": a, "$ref": format!("http://reeve.test/scim/v2/Users/{a}"), "type": "User"});

    for operation in ["add", "replace"] {
        let change = json!([{"op": operation, "path": "members", "value": given}]);
        let changed = patch(&feeder, &path, change).await.assert_status(200);
        assert_eq!(changed.json()["members"], json!([alone]), "{operation}");
    }
    let whole = json!({"schemas": [GROUP], "displayName": "Team", "members": given});
    let changed = feeder.put(&format!("{SCIM}{path}"), whole).await;
    assert_eq!(
        changed.assert_status(200).json()["members"],
        json!([alone])
    );

    // Whoever is known and cannot be a member is refused as ever.
    let itself = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    let refused = patch(&feeder, &path, itself).await;
    assert_refused(&refused, 400, Some("invalidValue"));
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_refused_in_its_middle_changes_nothing() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let a = user(&feeder, "a@reeve.test").await;
    let id = group(&feeder, "Before", &[]).await;
    let path = format!("/Groups/{id}");

    let refused = patch(
        &feeder,
        &path,
        json!([
            {"op": "replace", "path": "displayName", "value": "After"},
            {"op": "add", "path": "members", "value": [{"value": a}]},
            {"op": "add", "path": "members", "value": [{"value": "00000000-0000-0000-0000-00000000dead"}]},
        ]),
    )
    .await;

    assert_refused(&refused, 400, Some("invalidValue"));
    let now = feeder.get(&format!("{SCIM}{path}")).await.json();
    assert_eq!(
        (&now["displayName"], now.get("members")),
        (&json!("Before"), None)
    );
}

#[tokio::test]
async fn who_is_taken_out_of_a_resources_group_is_drift_that_can_be_restored() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    let assignment = app.assign(&package, "alice").await;
    app.deliver().await;
    let assignment = app.assignment_of(&assignment).await;
    let group = app.id_of("Readers").to_string();
    let resources = "/v1.0/identityGovernance/entitlementManagement/catalogs?$expand=resources";
    let catalogs = feeder.get(resources).await.rows();
    let resource = catalogs
        .iter()
        .flat_map(|catalog| catalog["resources"].as_array().cloned().unwrap_or_default())
        .find(|resource| resource["originId"] == json!(group))
        .unwrap();
    let resource = text(&resource["id"]).parse().unwrap();
    let service = app.service();
    service::resources::set_drift_action(
        service,
        &service.system(),
        resource,
        DriftAction::Restore,
    )
    .await
    .unwrap();

    let alice = app.id_of("alice");
    let path = format!("/Groups/{group}");
    let removed = json!([{"op": "remove", "path": format!("members[value eq \"{alice}\"]")}]);
    patch(&feeder, &path, removed).await.assert_status(200);

    assert_eq!(app.assignment_state(&assignment).await, "delivering", "L8");
    app.deliver().await;
    assert_eq!(app.assignment_state(&assignment).await, "delivered");
    let members = feeder.get(&format!("{SCIM}{path}")).await.json();
    assert_eq!(members["members"][0]["value"], json!(alice.to_string()));
}

#[tokio::test]
async fn a_version_that_is_not_the_current_one_changes_nothing() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let a = user(&feeder, "a@reeve.test").await;
    let id = group(&feeder, "Team", &[]).await;
    for path in [format!("/Users/{a}"), format!("/Groups/{id}")] {
        let address = format!("{SCIM}{path}");
        let read = feeder.get(&address).await;
        let version = read.headers["etag"].to_str().unwrap().to_owned();
        let rename = json!([{"op": "replace", "path": "displayName", "value": "New"}]);

        let same = feeder
            .clone()
            .with_header("if-none-match", &version)
            .get(&address)
            .await;
        same.assert_status(304).assert_empty();
        let current = feeder.clone().with_header("if-match", &version);
        patch(&current, &path, rename.clone())
            .await
            .assert_status(200);
        assert_refused(&patch(&current, &path, rename).await, 412, None);
        assert_refused(&current.delete(&address).await, 412, None);
        feeder
            .clone()
            .with_header("if-match", "*")
            .get(&address)
            .await
            .assert_status(200);
    }
    let address = format!("{SCIM}/Groups/{id}");
    let version = feeder.get(&address).await.headers["etag"]
        .to_str()
        .unwrap()
        .to_owned();
    // A member that comes by another way makes another version too.
    let member =
        json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{a}")});
    let added = feeder
        .post(&format!("/v1.0/groups/{id}/members/$ref"), member)
        .await;
    added.assert_status(204);
    let stale = feeder
        .clone()
        .with_header("if-match", &version)
        .delete(&address)
        .await;
    assert_refused(&stale, 412, None);
}

#[tokio::test]
async fn a_user_name_is_unique_and_need_not_be_a_sign_in_name() {
    TestApp::on_both_with(with_domain(), async |app| {
        let feeder = app.as_operator();
        let id = user(&feeder, "n meyer").await;
        let again = json!({"schemas": [USER], "userName": "N MEYER"});
        assert_refused(
            &feeder.post(&format!("{SCIM}/Users"), again).await,
            409,
            Some("uniqueness"),
        );
        let other = user(&feeder, "o meyer").await;
        let rename = json!([{"op": "replace", "path": "userName", "value": "n meyer"}]);
        assert_refused(
            &patch(&feeder, &format!("/Users/{other}"), rename).await,
            409,
            Some("uniqueness"),
        );

        let seen = feeder.get(&format!("/v1.0/users/{id}")).await.json();
        assert_eq!(seen["userPrincipalName"], "n%20%meyer@reeve.test");
        assert_eq!(
            feeder.get(&format!("{SCIM}/Users/{id}")).await.json()["userName"],
            "n meyer"
        );
        // Who is renamed elsewhere has that name here too.
        let rename = json!({"userPrincipalName": "nina@reeve.test"});
        feeder
            .patch(&format!("/v1.0/users/{id}"), rename)
            .await
            .assert_status(204);
        assert_eq!(
            feeder.get(&format!("{SCIM}/Users/{id}")).await.json()["userName"],
            "nina@reeve.test"
        );
    })
    .await;
    let app = TestApp::new().await;
    let nowhere = json!({"schemas": [USER], "userName": "nina"});
    let reply = app
        .as_operator()
        .post(&format!("{SCIM}/Users"), nowhere)
        .await;
    assert_refused(&reply, 400, Some("invalidValue"));
}

#[tokio::test]
async fn what_is_described_can_be_read_alone() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        feeder
            .get(&format!("{SCIM}{path}"))
            .await
            .assert_status(200);
        let reply = feeder.post(&format!("{SCIM}{path}"), json!({})).await;
        assert_eq!(reply.headers["allow"], "GET, HEAD");
        assert_refused(&reply, 405, None);
        assert_refused(
            &feeder.get(&format!("{SCIM}{path}?filter=id pr")).await,
            403,
            None,
        );
    }
    for (list, attribute) in [("/ResourceTypes", "id"), ("/Schemas", "id")] {
        let all = feeder.get(&format!("{SCIM}{list}")).await.json();
        for id in names(&all, attribute) {
            let one = feeder
                .get(&format!("{SCIM}{list}/{id}"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(one["id"], json!(id));
        }
        assert_refused(&feeder.get(&format!("{SCIM}{list}/none")).await, 404, None);
    }
    for (path, status) in [
        ("/Me", 501),
        ("/Bulk", 501),
        ("/Devices", 404),
        ("/Users/x", 404),
        ("/Users/x/y", 404),
    ] {
        assert_refused(&feeder.get(&format!("{SCIM}{path}")).await, status, None);
    }
}

#[tokio::test]
async fn only_who_may_write_the_directory_feeds_it() {
    use auth::principal::Permission as P;
    let app = TestApp::new().await;
    let body = json!({"schemas": [USER], "userName": "nina@reeve.test"});
    let users = format!("{SCIM}/Users");

    let nobody = app.as_nobody().get(&users).await;
    assert!(nobody.headers.contains_key("www-authenticate"));
    assert_refused(&nobody, 401, None);
    app.add_application("reader").await;
    let reader = app.as_application("reader", &[P::UserReadAll]);
    reader.get(&users).await.assert_status(200);
    assert_refused(&reader.post(&users, body.clone()).await, 403, None);
    assert_refused(&reader.get(&format!("{SCIM}/Groups")).await, 403, None);
    let em = app.as_application("reader", &[P::EntitlementManagementReadWriteAll]);
    assert_refused(&em.get(&users).await, 403, None);
    // A person needs the role beside the permission, as in the Graph API.
    let alice = app.as_user_with("alice", &[P::UserReadWriteAll]);
    assert_refused(&alice.post(&users, body.clone()).await, 403, None);
    let writer = app.as_application("reader", &[P::UserReadWriteAll]);
    writer.post(&users, body).await.assert_status(201);
}

#[tokio::test]
async fn bodies_that_cannot_be_meant_are_refused() {
    let app = TestApp::new().await;
    let feeder = app.as_operator();
    let users = format!("{SCIM}/Users");
    for (body, error_type) in [
        (json!({}), "invalidSyntax"),
        (
            json!({"schemas": [GROUP], "userName": "a@b"}),
            "invalidSyntax",
        ),
        (json!({"schemas": [USER]}), "invalidValue"),
        (json!({"schemas": [USER], "userName": 5}), "invalidValue"),
        (
            json!({"schemas": [USER], "userName": "a@b", "active": "maybe"}),
            "invalidValue",
        ),
        (
            json!({"schemas": [USER], "userName": "a@b", "name": "x"}),
            "invalidValue",
        ),
        (
            json!({"schemas": [USER], "userName": "a@b", "USERNAME": "c@d"}),
            "invalidSyntax",
        ),
        (
            json!({"schemas": [USER], "userName": "a@b", "emails": [{"value": "1"}, {"value": "2"}]}),
            "invalidValue",
        ),
        (
            json!({"schemas": [USER], "userName": "a@b", ENTERPRISE: {"manager": "nobody"}}),
            "invalidValue",
        ),
    ] {
        let reply = feeder.post(&users, body.clone()).await;
        assert_refused(&reply, 400, Some(error_type));
    }
    let reply = feeder
        .post_bytes(&users, "application/scim+json", b"{")
        .await;
    assert_refused(&reply, 400, Some("invalidSyntax"));
    let reply = feeder.post_bytes(&users, "text/plain", b"{}").await;
    assert_refused(&reply, 415, None);
}

#[tokio::test]
async fn unknown_attributes_are_refused_where_bodies_are_strict_ht_1() {
    let start = Start {
        settings: Settings {
            strict_bodies: true,
            ..Settings::default()
        },
    };
    let app = TestApp::on(testkit::Backend::Sqlite, start).await.unwrap();
    let users = format!("{SCIM}/Users");
    for unknown in [
        json!({"nickName": "x"}),
        json!({"emails": [{"value": "a@b", "type": "home"}]}),
    ] {
        let mut body = json!({"schemas": [USER], "userName": "a@b"});
        body.as_object_mut()
            .unwrap()
            .extend(unknown.as_object().unwrap().clone());
        app.as_operator()
            .post(&users, body)
            .await
            .assert_status(400);
    }
}

#[tokio::test]
async fn provisioning_can_be_switched_off() {
    let start = Start {
        settings: Settings {
            provisioning_inbound: false,
            ..Settings::default()
        },
    };
    let app = TestApp::on(testkit::Backend::Sqlite, start).await.unwrap();

    let reply = app.as_operator().get(&format!("{SCIM}/Users")).await;

    assert_refused(&reply, 404, None);
}
