//! What is refused, and where (OD-3, OD-4).

use serde_json::Value;

use crate::support::{BETA, Server, V1};

/// Queries that are refused, the option at fault, and the character at fault in its value.
const REFUSED: &[(&str, &str, &str, usize)] = &[
    (V1, "catalogs?$filter=displayName foo 'x'", "$filter", 13),
    (V1, "catalogs?$filter=nothing eq 'x'", "$filter", 1),
    (
        V1,
        "catalogs?$filter=displayName eq 'ö' and nothing eq 1",
        "$filter",
        24,
    ),
    (
        V1,
        "catalogs?$filter=length(displayName) eq 1",
        "$filter",
        1,
    ),
    (
        V1,
        "catalogs?$filter=displayName eq 'a' and substring(displayName,1) eq 'b'",
        "$filter",
        24,
    ),
    (V1, "catalogs?$filter=state eq 'lost'", "$filter", 1),
    (V1, "catalogs?$filter=state gt 'published'", "$filter", 1),
    (
        V1,
        "catalogs?$filter=isExternallyVisible eq 5",
        "$filter",
        1,
    ),
    (
        V1,
        "catalogs?$filter=accessPackages/displayName eq 'x'",
        "$filter",
        1,
    ),
    (
        V1,
        "catalogs?$filter=accessPackages/any(p:p/nothing eq 'x')",
        "$filter",
        24,
    ),
    (
        V1,
        "catalogs?$filter=accessPackages/any(p:displayName eq 'x')",
        "$filter",
        22,
    ),
    (
        V1,
        "accessPackages?$filter=catalog/nothing eq 'x'",
        "$filter",
        9,
    ),
    (
        V1,
        "accessPackages?$filter=catalog/ nothing eq 'x'",
        "$filter",
        10,
    ),
    (V1, "accessPackages?$select=id,nothing", "$select", 4),
    (
        V1,
        "accessPackages?$orderby=displayName,catalog/nothing desc",
        "$orderby",
        21,
    ),
    (
        V1,
        "accessPackages?$orderby=assignmentPolicies/id",
        "$orderby",
        1,
    ),
    (V1, "accessPackages?$expand=catalog,nothing", "$expand", 9),
    (
        V1,
        "accessPackages?$expand=catalog($select=id,nothing)",
        "$expand",
        20,
    ),
    (
        V1,
        "accessPackages?$expand=catalog($filter=displayName eq 'ö' and nothing eq 1)",
        "$expand",
        40,
    ),
    (V1, "accessPackages?$search=a OR", "$search", 5),
    (
        BETA,
        "accessPackageAssignments?$filter=state eq 'Delivered'",
        "$filter",
        1,
    ),
];

fn escaped(path: &str) -> String {
    path.replace(' ', "%20").replace('ö', "%C3%B6")
}

#[tokio::test]
async fn a_refusal_names_the_option_and_the_character_od_3_od_4() {
    let server = Server::new().await;
    for (root, path, option, position) in REFUSED {
        let answer = server
            .get(&server.admin(), &format!("{root}/{}", escaped(path)))
            .await
            .expect(400);

        let error: Value = answer.json()["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert_eq!(answer.code(), "BadRequest", "{path}");
        assert_eq!(error["target"], *option, "{path}: {message}");
        assert!(
            message.contains(&format!("at character {position}"))
                && !message.contains(&format!("at character {position}0")),
            "{path}: {message}"
        );
    }
}

#[tokio::test]
async fn a_format_that_is_not_offered_is_refused() {
    let server = Server::new().await;

    let answer = server
        .get(&server.admin(), &format!("{V1}/catalogs?$format=xml"))
        .await
        .expect(400);

    assert_eq!(answer.json()["error"]["target"], "$format");
}

#[tokio::test]
async fn a_position_of_another_order_is_refused_before_it_reaches_the_database() {
    let server = Server::new().await;
    server.catalog("Art").await;
    let page = server
        .get(
            &server.admin(),
            &format!("{V1}/catalogs?$top=1&$orderby=createdDateTime"),
        )
        .await
        .expect(200)
        .json();
    let link = page["@odata.nextLink"].as_str().unwrap();
    let token = link.split("$skiptoken=").nth(1).unwrap();

    let foreign = format!("{V1}/catalogs?$orderby=displayName&$skiptoken={token}");
    let answer = server.get(&server.admin(), &foreign).await.expect(400);

    assert_eq!(answer.json()["error"]["target"], "$skiptoken");
}

#[tokio::test]
async fn unknown_members_are_ignored_or_refused_as_the_setting_says_ht_1() {
    use service::settings::Settings;
    let body = serde_json::json!({
        "displayName": "Art", "description": "", "state": "published", "id": "x",
        "@odata.type": "#microsoft.graph.accessPackageCatalog", "colour": "blue",
    });
    let path = format!("{V1}/catalogs");

    let lenient = Server::new().await;
    lenient
        .post(&lenient.admin(), &path, &body)
        .await
        .expect(201);

    let strict = Server::with(Settings {
        strict_bodies: true,
        ..Settings::default()
    })
    .await;
    let answer = strict.post(&strict.admin(), &path, &body).await.expect(400);
    assert_eq!(answer.code(), "BadRequest");
    assert_eq!(answer.json()["error"]["target"], "colour");
    let mut known = body;
    known.as_object_mut().unwrap().remove("colour");
    strict
        .post(&strict.admin(), &path, &known)
        .await
        .expect(201);
}
