//! Lists, pages and numbers (semantics 8.2).

use serde_json::Value;

use crate::support::{Server, V1};

fn names(page: &Value) -> Vec<String> {
    let rows = page["value"].as_array().unwrap();
    rows.iter()
        .map(|row| row["displayName"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn od_7_following_next_links_shows_every_object_once_and_keeps_the_options() {
    let server = Server::new().await;
    for name in ["Art", "Books", "Cars", "Dogs", "Eggs"] {
        server.catalog(name).await;
    }
    let mut next = Some(format!(
        "{V1}/catalogs?$top=2&$select=displayName&$filter=displayName%20ne%20'General'"
    ));

    let mut seen = Vec::new();
    let mut pages = 0;
    while let Some(path) = next {
        let page = server.get(&server.admin(), &path).await.expect(200).json();
        seen.extend(names(&page));
        pages += 1;
        next = page["@odata.nextLink"].as_str().map(|link| {
            let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
            assert!(path.contains("$top=2&$select=displayName"), "{link}");
            path.to_owned()
        });
    }

    assert_eq!(seen, ["Art", "Books", "Cars", "Dogs", "Eggs"]);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn a_page_token_of_another_query_is_refused() {
    let server = Server::new().await;
    server.catalog("Art").await;
    let page = server
        .get(&server.admin(), &format!("{V1}/catalogs?$top=1"))
        .await
        .json();
    let link = page["@odata.nextLink"].as_str().unwrap();
    let token = link.split("$skiptoken=").nth(1).unwrap();

    let mut forged = token.to_owned();
    forged.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    let forged = format!("{V1}/catalogs?$skiptoken={forged}");
    let foreign = format!("{V1}/catalogs?$orderby=state,displayName&$skiptoken={token}");

    for path in [forged, foreign] {
        let answer = server.get(&server.admin(), &path).await.expect(400);
        assert_eq!(answer.code(), "BadRequest", "{path}");
    }
}

#[tokio::test]
async fn od_8_numbers_are_plain_text_or_beside_the_page() {
    let server = Server::new().await;
    server.catalog("Art").await;

    let path = format!("{V1}/catalogs/$count?$filter=displayName%20eq%20'art'");
    let number = server.get(&server.admin(), &path).await.expect(200);
    let page = server
        .get(
            &server.admin(),
            &format!("{V1}/catalogs?$count=true&$top=1"),
        )
        .await;

    assert_eq!(number.body, b"1");
    assert!(number.header("content-type").starts_with("text/plain"));
    assert_eq!(page.json()["@odata.count"], 2);
}

#[tokio::test]
async fn od_10_contexts_name_the_whole_path() {
    let server = Server::new().await;
    let catalog = server.catalog("Art").await;

    let list = server
        .get(&server.admin(), &format!("{V1}/catalogs"))
        .await
        .json();
    let one = server
        .get(&server.admin(), &format!("{V1}/catalogs/{catalog}"))
        .await
        .json();

    let root =
        "http://127.0.0.1:8080/v1.0/$metadata#identityGovernance/entitlementManagement/catalogs";
    assert_eq!(list["@odata.context"], root);
    assert_eq!(one["@odata.context"], format!("{root}/$entity"));
}

#[tokio::test]
async fn role_definitions_are_a_list_like_any_other() {
    let server = Server::new().await;
    let root = "/beta/roleManagement/entitlementManagement/roleDefinitions";

    let path = format!("{root}?$filter=displayName%20eq%20'Catalog%20reader'");
    let found = server.get(&server.admin(), &path).await.expect(200).json();
    let path = format!("{root}/44272f93-9762-48e8-af59-1b5351b1d6b3");
    let one = server.get(&server.admin(), &path).await.expect(200).json();

    assert_eq!(names(&found), ["Catalog reader"]);
    assert_eq!(one["displayName"], "Catalog reader");
}
