//! Long lists of callers who see few packages: page by page the same rows in the same order as whoever sees all, with
//! ties in time, packages of very different size, and packages without anything.

use auth::roles::EmRole;
use domain::assignment::{Assignment, State};
use domain::id::AssignmentId;
use domain::time::{Duration, Timestamp};
use serde_json::Value;
use testkit::{Client, Package, Plan, TestApp};

use crate::support::V1;

/// The ids of a list, page by page.
async fn pages(client: &Client, path: &str, size: usize) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next.take() {
        let page = client.get(&path).await.assert_status(200).json();
        let rows = page["value"].as_array().unwrap();
        let link = page["@odata.nextLink"].as_str();
        assert!(
            rows.len() == size || link.is_none(),
            "a page in between is full"
        );
        let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
        ids.extend(rows.iter().map(id));
        next = link.map(|link| link.strip_prefix("http://reeve.test").unwrap().to_owned());
    }
    ids
}

/// Stores ended assignments of a package, each made so many seconds after the start.
async fn fill(app: &TestApp, package: &Package, like: &Assignment, seconds: &[i64]) {
    let (now, seconds) = (app.now(), seconds.to_vec());
    let (package, policy) = (package.id.parse().unwrap(), package.policy.parse().unwrap());
    let moment = app.service().moment();
    let like = like.clone();
    let stored = app.service().store.write(move |tx| {
        for second in &seconds {
            let at: Timestamp = now.plus(Duration::from_secs(*second));
            let row = Assignment {
                id: moment.id(AssignmentId::new),
                access_package_id: package,
                assignment_policy_id: policy,
                state: State::Expired,
                expired_at: Some(at),
                created_at: at,
                modified_at: at,
                ..like.clone()
            };
            store::assignment::insert(tx, &row)?;
        }
        Ok::<(), store::Error>(())
    });
    stored.await.unwrap();
}

#[tokio::test]
async fn lists_of_few_packages_page_through_the_same_rows_as_those_of_all() {
    TestApp::on_both(async |app| {
        let mut packages = Vec::new();
        for (name, catalog) in [("A", "Own"), ("B", "Own"), ("C", "Own"), ("D", "Other"), ("E", "Empty")] {
            packages.push(app.package(Plan::new(name).in_catalog(catalog)).await);
        }
        let [crowded, sparse, mixed, other, empty] = packages.as_slice() else { panic!() };
        let body = serde_json::json!({"requestType": "adminAdd", "assignment": {
            "targetId": app.id_of("alice").to_string(), "accessPackageId": crowded.id, "assignmentPolicyId": crowded.policy,
        }});
        let made = app.as_operator().post(&format!("{V1}/assignmentRequests"), body).await;
        made.assert_status(201);
        app.deliver().await;
        let rows = app.as_operator().get(&format!("{V1}/assignments")).await.rows();
        let id: AssignmentId = rows[0]["id"].as_str().unwrap().parse().unwrap();
        let read = app.service().store.read(move |tx| store::assignment::find(tx, id));
        let like = read.await.unwrap().unwrap();
        // Many at few times, few over a long time, and as many as elsewhere at the same times.
        fill(app, crowded, &like, &(0..60).map(|at| at / 20).collect::<Vec<_>>()).await;
        fill(app, sparse, &like, &[1, 1, 2, 500]).await;
        let steps: Vec<_> = (0..25).map(|at| at * 7 % 40).collect();
        fill(app, mixed, &like, &steps).await;
        fill(app, other, &like, &steps).await;
        app.give_role("carol", EmRole::CatalogReader, crowded).await;
        app.give_role("dave", EmRole::CatalogOwner, empty).await;
        app.give_role("erin", EmRole::CatalogOwner, other).await;
        app.give_role("erin", EmRole::CatalogOwner, empty).await;

        let named = |packages: &[&Package]| {
            let named = packages.iter().map(|package| format!("accessPackage/id eq '{}'", package.id));
            named.collect::<Vec<_>>().join(" or ")
        };
        for (name, sees) in [("carol", vec![crowded, sparse, mixed]), ("dave", vec![empty]), ("erin", vec![other, empty])] {
            let all = format!("{V1}/assignments?$top=999&$filter={}", named(&sees));
            let expected = pages(&app.as_operator(), &all, 999).await;
            for size in [1, 7, 20, 100, 999] {
                let path = format!("{V1}/assignments?$top={size}");
                let client = app.as_user(name);
                assert_eq!(pages(&client, &path, size).await, expected, "{name} {size}");
            }
            let counted = format!("{V1}/assignments?$top=3&$count=true");
            let counted = app.as_user(name).get(&counted).await.assert_status(200).json();
            assert_eq!(counted["@odata.count"], expected.len());
            let filtered = format!("{V1}/assignments?$top=5&$filter=state eq 'delivered'");
            let live = app.as_user(name).get(&filtered).await.assert_status(200).rows();
            assert_eq!(live.len(), usize::from(name == "carol"));
            let other_order = format!("{V1}/assignments?$top=4&$orderby=expiredDateTime");
            let mut turned = pages(&app.as_user(name), &other_order, 4).await;
            turned.sort_unstable();
            let mut sorted = expected.clone();
            sorted.sort_unstable();
            assert_eq!(turned, sorted);
        }
    })
    .await;
}
