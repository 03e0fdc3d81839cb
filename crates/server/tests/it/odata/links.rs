//! Addresses of objects: keys, qualified names, links, parameter aliases.

use http::Method;

use crate::support::{BETA, NOWHERE, Server, V1, id};

#[tokio::test]
async fn keys_stand_in_segments_in_parentheses_and_by_name() {
    let server = Server::new().await;
    let catalog = server.catalog("Art").await;
    let package = server.package(&catalog, "Books").await;

    for path in [
        format!("accessPackages/{package}/catalog"),
        format!("accessPackages('{package}')/catalog"),
        format!("accessPackages(id='{package}')/catalog"),
        format!("accessPackages(@p)/catalog?@p='{package}'"),
        format!("catalogs/{}", catalog.to_uppercase()),
        format!("catalogs/{catalog}/accessPackages/{package}/catalog"),
        format!("catalogs('{catalog}')/accessPackages('{package}')/catalog"),
    ] {
        let found = server.get(&server.admin(), &format!("{V1}/{path}")).await;
        assert_eq!(id(&found.expect(200).json()), catalog, "{path}");
    }
    let missing = format!("{V1}/accessPackages(@p)/catalog");
    server.get(&server.admin(), &missing).await.expect(400);
}

#[tokio::test]
async fn links_are_one_behind_a_navigation_to_one_and_a_list_otherwise() {
    let server = Server::new().await;
    let catalog = server.catalog("Art").await;
    let package = server.package(&catalog, "Books").await;
    let root = "http://127.0.0.1:8080/v1.0";

    let one = server
        .get(
            &server.admin(),
            &format!("{V1}/accessPackages/{package}/catalog/$ref"),
        )
        .await
        .expect(200)
        .json();
    let list = server
        .get(
            &server.admin(),
            &format!("{V1}/catalogs/{catalog}/accessPackages/$ref"),
        )
        .await
        .expect(200)
        .json();

    let em = "identityGovernance/entitlementManagement";
    assert_eq!(one["@odata.context"], format!("{root}/$metadata#$ref"));
    assert_eq!(one["@odata.id"], format!("{root}/{em}/catalogs/{catalog}"));
    assert_eq!(
        list["@odata.context"],
        format!("{root}/$metadata#Collection($ref)")
    );
    assert_eq!(
        list["value"][0]["@odata.id"],
        format!("{root}/{em}/accessPackages/{package}")
    );
    let nowhere = format!("{V1}/accessPackages/{NOWHERE}/catalog/$ref");
    server.get(&server.admin(), &nowhere).await.expect(404);
}

#[tokio::test]
async fn expansions_hold_links_alone_where_that_is_asked() {
    let server = Server::new().await;
    let catalog = server.catalog("Art").await;
    let package = server.package(&catalog, "Books").await;

    let path = format!("{V1}/catalogs/{catalog}?$select=id&$expand=accessPackages/$ref");
    let found = server.get(&server.admin(), &path).await.expect(200).json();

    let link = found["accessPackages"][0].as_object().unwrap();
    assert_eq!(link.len(), 1, "{found}");
    assert!(
        link["@odata.id"].as_str().unwrap().contains(&package),
        "{found}"
    );
}

#[tokio::test]
async fn calls_may_be_qualified_and_take_aliases() {
    let server = Server::new().await;
    let user = server.user("alice");

    for call in [
        "filterByCurrentUser(on='target')",
        "microsoft.graph.filterByCurrentUser(on='target')",
        "filterByCurrentUser(on=@on)?@on='target'",
        "filterByCurrentUser(on=@on)?$top=5&@on='target'",
        "filterByCurrentUser(on='target')/$count",
    ] {
        let path = format!("{V1}/assignments/{call}");
        server.get(&user, &path).await.expect(200);
    }
    for call in [
        "filterByCurrentUser(on=@on)",
        "filterByCurrentUser(on='@on')?@on='target'",
    ] {
        let path = format!("{V1}/assignments/{call}");
        server.get(&user, &path).await.expect(400);
    }
}

#[tokio::test]
async fn a_retiring_name_says_so_unless_that_is_switched_off_ve_1() {
    use service::settings::Settings;
    let path = format!("{BETA}/accessPackageAssignmentRequests");
    for (deprecation_headers, expected) in [(true, "true"), (false, "")] {
        let server = Server::with(Settings {
            deprecation_headers,
            ..Settings::default()
        })
        .await;

        let answer = server
            .ask(&server.admin(), Method::GET, &path)
            .await
            .expect(200);

        assert_eq!(answer.header("deprecation"), expected);
        assert_eq!(answer.header("link").is_empty(), !deprecation_headers);
    }
}
