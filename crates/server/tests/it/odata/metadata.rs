//! Control information: contexts, types and links, as much as is asked for (OD-10, OD-11).

use serde_json::Value;

use crate::support::{Server, V1};

#[tokio::test]
async fn contexts_list_what_was_selected_and_expanded_od_10() {
    let server = Server::new().await;
    let catalog = server.catalog("Art").await;
    server.package(&catalog, "Books").await;
    let root = "http://127.0.0.1:8080/v1.0/$metadata#identityGovernance/entitlementManagement";

    for (path, expected) in [
        ("catalogs".to_owned(), "catalogs"),
        (
            "catalogs?$select=id,DISPLAYNAME".to_owned(),
            "catalogs(id,displayName)",
        ),
        (
            format!("catalogs/{catalog}?$select=id"),
            "catalogs(id)/$entity",
        ),
        (
            "accessPackages?$expand=catalog".to_owned(),
            "accessPackages(catalog())",
        ),
        (
            "accessPackages?$select=id&$expand=catalog($select=id,state)".to_owned(),
            "accessPackages(id,catalog(id,state))",
        ),
        ("catalogs?$select=*".to_owned(), "catalogs(*)"),
    ] {
        let answer = server.get(&server.admin(), &format!("{V1}/{path}")).await;
        let context = answer.expect(200).json()["@odata.context"].clone();
        assert_eq!(context, format!("{root}/{expected}"), "{path}");
    }
}

#[tokio::test]
async fn full_metadata_has_types_and_links_at_every_level_od_11() {
    let server = Server::new().await;
    let catalog = server.catalog("Art").await;
    let package = server.package(&catalog, "Books").await;
    let path = format!(
        "{V1}/accessPackages/{package}?$expand=catalog&$format=application/json;odata.metadata=full"
    );

    let answer = server.get(&server.admin(), &path).await.expect(200);

    let em = "http://127.0.0.1:8080/v1.0/identityGovernance/entitlementManagement";
    let found = answer.json();
    assert!(
        answer
            .header("content-type")
            .contains("odata.metadata=full")
    );
    for (object, of, url) in [
        (
            &found,
            "accessPackage",
            format!("{em}/accessPackages('{package}')"),
        ),
        (
            &found["catalog"],
            "accessPackageCatalog",
            format!("{em}/catalogs('{catalog}')"),
        ),
    ] {
        assert_eq!(object["@odata.type"], format!("#microsoft.graph.{of}"));
        assert_eq!(object["@odata.id"], url);
        assert_eq!(object["@odata.editLink"], url);
        assert_eq!(object["@odata.etag"], "W/\"1\"");
        assert_eq!(object["createdDateTime@odata.type"], "#DateTimeOffset");
        assert_eq!(object.get("displayName@odata.type"), None);
    }
    let url = found["@odata.id"].as_str().unwrap();
    assert_eq!(
        found["catalog@odata.navigationLink"],
        format!("{url}/catalog")
    );
    assert_eq!(
        found["catalog@odata.associationLink"],
        format!("{url}/catalog/$ref")
    );
    // The links lead where they say.
    let link = url.strip_prefix("http://127.0.0.1:8080").unwrap();
    server.get(&server.admin(), link).await.expect(200);
}

#[tokio::test]
async fn no_metadata_is_none_at_all_but_numbers_and_pages() {
    let server = Server::new().await;
    server.catalog("Art").await;
    let path = format!("{V1}/catalogs?$top=1&$count=true&$format=json;odata.metadata=none");

    let found = server.get(&server.admin(), &path).await.expect(200).json();

    let names: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.count", "@odata.nextLink", "value"]);
    let row = found["value"][0].as_object().unwrap();
    assert!(row.keys().all(|name| !name.contains('@')), "{row:?}");
}

#[tokio::test]
async fn lists_show_versions_where_they_are_asked_for_ht_2() {
    let server = Server::new().await;
    server.catalog("Art").await;
    let rows = |page: Value| page["value"].as_array().unwrap().clone();

    let plain = server.get(&server.admin(), &format!("{V1}/catalogs")).await;
    let asked = server
        .get(
            &server.admin(),
            &format!("{V1}/catalogs?$select=id,@odata.etag"),
        )
        .await;

    let plain = rows(plain.expect(200).json());
    assert!(plain.iter().all(|row| row.get("@odata.etag").is_none()));
    let asked = rows(asked.expect(200).json());
    assert!(
        asked.iter().all(|row| row["@odata.etag"] == "W/\"1\""),
        "{asked:?}"
    );
}
