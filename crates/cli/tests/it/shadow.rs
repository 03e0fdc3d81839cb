//! `reeve audit tenant` against a Reeve in the role of the tenant: all that was done to it is found, and nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, EM, Server, run, text};

const FARM: &str = r"
users:
  - { userPrincipalName: dora@reeve.example, displayName: Dora }
  - { userPrincipalName: emil@reeve.example, displayName: Emil }
groups:
  - displayName: Crew
  - displayName: Doomed
  - displayName: Idle
  - displayName: Apart
    members: [emil@reeve.example]
applications:
  - displayName: Gate
    roles: [Opener]
catalogs:
  - displayName: Farm
    resources:
      - group: Idle
    accessPackages:
      - displayName: Work
        roles: [{ group: Crew, role: Member }, { application: Gate, role: Opener }]
        policies: [{ displayName: Direct, requestors: [] }]
      - displayName: Watch
        roles: [{ application: Gate, role: Opener }]
        policies: [{ displayName: By night, requestors: [] }]
      - displayName: Past
        roles: [{ group: Doomed, role: Member }]
        policies: [{ displayName: Once, requestors: [] }]
assignments:
  - { accessPackage: Work, policy: Direct, user: dora@reeve.example }
  - { accessPackage: Watch, policy: By night, user: dora@reeve.example }
  - { accessPackage: Work, policy: Direct, user: emil@reeve.example }
";

async fn send(api: &Api, method: Method, path: &str, body: Option<&Value>) {
    let (status, told) = api.call(method, path, body).await;
    assert!((200..300).contains(&status), "{path}: {status} {told}");
}

fn audit(server: &Server, code: i32) -> Vec<Value> {
    let data = server.data.to_str().unwrap();
    let done = run(&["audit", "tenant", "--data", data, "--output", "json"]);
    assert_eq!(done.status.code(), Some(code), "{}", text(&done.stderr));
    let told = text(&done.stdout);
    told.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_done_to_a_tenant_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("farm.yaml");
    // In a tenant where all is as it should be, there is nothing but the resource that nobody needs.
    std::fs::write(&seed, FARM).unwrap();
    let server = Server::start(
        &folder.path().join("data"),
        &["--seed", seed.to_str().unwrap()],
    );
    let api = server.sign_in(None).await;
    for assignment in api.list(&format!("{EM}/assignments?$select=id")).await {
        let path = format!("{EM}/assignments/{}", assignment["id"].as_str().unwrap());
        assert_eq!(api.settled(&path).await, "delivered");
    }
    let before = audit(&server, 1);
    assert_eq!(before.len(), 1, "{before:?}");
    assert_eq!(before[0]["finding"], "unused resource");
    let log = api
        .list("/v1.0/auditLogs/directoryAudits?$select=id")
        .await
        .len();

    let crew = api.id_of("/v1.0/groups", "Crew").await;
    let doomed = api.id_of("/v1.0/groups", "Doomed").await;
    let apart = api.id_of("/v1.0/groups", "Apart").await;
    let dora = api.id_of("/v1.0/users", "dora@reeve.example").await;
    let packages = format!("{EM}/accessPackages");
    let work = api.id_of(&packages, "Work").await;
    let watch = api.id_of(&packages, "Watch").await;
    let member = format!("/v1.0/groups/{crew}/members/{dora}/$ref");
    send(&api, Method::DELETE, &member, None).await;
    send(
        &api,
        Method::DELETE,
        &format!("/v1.0/groups/{doomed}"),
        None,
    )
    .await;
    let other = json!({ "@odata.id": format!("{}{packages}/{watch}", server.url) });
    let path = format!("{packages}/{work}/incompatibleAccessPackages/$ref");
    send(&api, Method::POST, &path, Some(&other)).await;
    let group = json!({ "@odata.id": format!("{}/v1.0/groups/{apart}", server.url) });
    let path = format!("{packages}/{work}/incompatibleGroups/$ref");
    send(&api, Method::POST, &path, Some(&group)).await;

    let found = audit(&server, 1);

    let mut told: Vec<String> = found
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
            format!("{}: {} {}", text("finding"), text("who"), text("package"))
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "dead reference: - Past",
            "delivered and not there: Dora Work",
            "incompatible access: Dora Work",
            "incompatible access: Emil Work",
            "unused resource: - -",
        ],
        "{found:?}"
    );
    // Four changes of this test, and none of the audit: it only reads.
    let now = api
        .list("/v1.0/auditLogs/directoryAudits?$select=id")
        .await
        .len();
    audit(&server, 1);
    let after = api
        .list("/v1.0/auditLogs/directoryAudits?$select=id")
        .await
        .len();
    assert!(now >= log + 4);
    assert_eq!(after, now);
}
