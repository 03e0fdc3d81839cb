//! Delta links: the list once, and from then on what became of it (ADR 25).

use std::collections::BTreeMap;

use auth::roles::EmRole;
use domain::time::Duration;
use serde_json::{Value, json};
use service::settings::Settings;
use testkit::{Backend, Client, Package, Plan, Reply, Start, TestApp, V1};

const REQUESTS: &str = "/reeve/v1/delta/assignmentRequests";
const ASSIGNMENTS: &str = "/reeve/v1/delta/assignments";
const NEXT: &str = "@odata.nextLink";
const DELTA: &str = "@odata.deltaLink";

/// The path of a link.
fn path_of(link: &Value) -> String {
    let link = link.as_str().unwrap();
    let at = link.find("/reeve/v1").unwrap();
    link[at..].to_owned()
}

/// Somebody who keeps a copy and follows the links.
struct Reader {
    client: Client,
    first: String,
    place: String,
    copy: BTreeMap<String, Value>,
    /// How often they had to begin again.
    resyncs: usize,
}

impl Reader {
    fn new(client: Client, first: &str) -> Self {
        Self {
            client,
            first: first.to_owned(),
            place: first.to_owned(),
            copy: BTreeMap::new(),
            resyncs: 0,
        }
    }

    /// Takes one page; answers whether the round is over.
    async fn step(&mut self) -> bool {
        let reply = self.client.get(&self.place).await;
        if reply.status == 410 {
            reply.assert_error(410, "ResyncRequired");
            self.place.clone_from(&self.first);
            self.copy.clear();
            self.resyncs += 1;
            return false;
        }
        let page = reply.assert_status(200).json();
        for row in page["value"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap().to_owned();
            if row.get("@removed").is_some() {
                assert_eq!(row["@removed"], json!({"reason": "deleted"}));
                self.copy.remove(&id);
            } else {
                self.copy.insert(id, row.clone());
            }
        }
        let is_over = page.get(DELTA).is_some();
        assert_ne!(is_over, page.get(NEXT).is_some(), "one of both: {page}");
        self.place = path_of(&page[if is_over { DELTA } else { NEXT }]);
        is_over
    }

    async fn round(&mut self) {
        for _ in 0..200 {
            if self.step().await {
                return;
            }
        }
        panic!("no round has 200 pages here");
    }
}

/// What the list shows.
async fn listed(client: &Client, collection: &str) -> BTreeMap<String, Value> {
    let path = format!("{V1}/{collection}?$top=999");
    let rows = client.get(&path).await.assert_status(200).rows();
    rows.into_iter()
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row))
        .collect()
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

#[tokio::test]
async fn the_first_round_is_the_list_and_the_next_is_what_changed_and_what_is_gone() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let package = app.package(Plan::new("CRM").approval_by(&["bob"])).await;
        let request = app.ask(&package, "alice").await;
        let mut reader = Reader::new(operator.clone(), REQUESTS);

        reader.round().await;
        assert_eq!(reader.copy, listed(&operator, "assignmentRequests").await);
        assert_eq!(reader.copy.len(), 1);

        let nothing = operator.get(&reader.place).await.assert_status(200);
        assert_eq!(nothing.rows(), Vec::<Value>::new());

        app.decide(&request, "bob", "Deny").await.assert_status(204);
        let changed = operator.get(&reader.place).await.assert_status(200);
        assert_eq!(changed.rows().len(), 1);
        assert_eq!(changed.rows()[0]["state"], "denied");
        // The same link again says the same: an answer may be lost.
        let again = operator.get(&reader.place).await.assert_status(200);
        assert_eq!(again.rows(), changed.rows());
        reader.round().await;

        let path = format!("{V1}/assignmentRequests/{request}");
        operator.delete(&path).await.assert_status(204);
        let gone = operator.get(&reader.place).await.assert_status(200);
        let removed = json!({"id": request, "@removed": {"reason": "deleted"}});
        assert_eq!(gone.rows(), [removed]);
    })
    .await;
}

#[tokio::test]
async fn select_and_page_sizes_are_those_of_the_list() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let package = app.package(Plan::new("CRM").member_here("Sales")).await;
    for name in ["alice", "bob", "carol"] {
        app.ask(&package, name).await;
    }
    app.deliver().await;

    let page = operator
        .get(&format!("{REQUESTS}?$select=id,state&$top=2"))
        .await
        .assert_status(200)
        .json();
    assert_eq!(page["value"].as_array().unwrap().len(), 2);
    let row = page["value"][0].as_object().unwrap();
    assert_eq!(row.keys().collect::<Vec<_>>(), ["id", "state"]);
    assert!(
        page["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("assignmentRequests(id,state)/$delta")
    );
    let rest = operator.get(&path_of(&page[NEXT])).await.assert_status(200);
    assert_eq!(rest.rows().len(), 1);
    assert_eq!(rest.rows()[0].as_object().unwrap().len(), 2);

    let sized = operator
        .clone()
        .with_header("prefer", "odata.maxpagesize=1")
        .get(REQUESTS)
        .await
        .assert_status(200);
    assert_eq!(sized.rows().len(), 1);

    for bad in ["$filter=state%20eq%20'denied'", "$select=nothing", "$top=0"] {
        let refused = operator.get(&format!("{REQUESTS}?{bad}")).await;
        refused.assert_error(400, "BadRequest");
    }
}

#[tokio::test]
async fn whoever_may_not_list_gets_no_delta_and_a_role_in_a_catalog_gets_that_catalog() {
    TestApp::on_both(async |app| {
        let shown = app
            .package(Plan::new("A").in_catalog("Shown").member_here("Sales"))
            .await;
        let hidden = app
            .package(Plan::new("B").in_catalog("Hidden").member_here("Staff"))
            .await;
        app.give_role("carol", EmRole::CatalogReader, &shown).await;
        let seen = app.ask(&shown, "alice").await;
        app.ask(&hidden, "alice").await;

        app.as_user("alice")
            .get(REQUESTS)
            .await
            .assert_error(403, "AccessDenied");
        app.as_nobody()
            .get(REQUESTS)
            .await
            .assert_error(401, "InvalidAuthenticationToken");
        let mut reader = Reader::new(app.as_user("carol"), REQUESTS);
        reader.round().await;
        assert_eq!(reader.copy.keys().collect::<Vec<_>>(), [&seen]);

        app.ask(&hidden, "bob").await;
        reader.round().await;
        assert_eq!(reader.copy.keys().collect::<Vec<_>>(), [&seen]);
        let more = app.ask(&shown, "bob").await;
        reader.round().await;
        assert!(reader.copy.contains_key(&more));
        assert_eq!((reader.copy.len(), reader.resyncs), (2, 0));

        // More of a role is another view: what she could not see before did not change since.
        app.give_role("carol", EmRole::CatalogReader, &hidden).await;
        reader.round().await;
        assert_eq!((reader.copy.len(), reader.resyncs), (4, 1));
    })
    .await;
}

#[tokio::test]
async fn tokens_that_are_forged_of_another_kind_or_of_another_caller_lead_nowhere() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let package = app.package(Plan::new("CRM").member_here("Sales")).await;
    app.give_role("carol", EmRole::CatalogReader, &package)
        .await;
    app.ask(&package, "alice").await;
    app.ask(&package, "bob").await;
    app.deliver().await;
    let mut reader = Reader::new(operator.clone(), REQUESTS);
    reader.round().await;
    let token = reader
        .place
        .split_once("$deltatoken=")
        .unwrap()
        .1
        .to_owned();

    let mut forged = token.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let list = operator
        .get(&format!("{V1}/assignmentRequests?$top=1"))
        .await
        .json();
    let page = list[NEXT].as_str().unwrap();
    let page = page.split_once("$skiptoken=").unwrap().1;
    for path in [
        format!("{REQUESTS}?$deltatoken={forged}"),
        format!("{REQUESTS}?$deltatoken=nonsense"),
        format!("{REQUESTS}?$deltatoken={page}"),
        format!("{REQUESTS}?$skiptoken={page}"),
        format!("{ASSIGNMENTS}?$deltatoken={token}"),
        format!("{REQUESTS}?$deltatoken={token}&$skiptoken={token}"),
        format!("{V1}/assignmentRequests?$skiptoken={token}"),
    ] {
        let refused = operator.get(&path).await.assert_error(400, "BadRequest");
        let target = refused.json()["error"]["target"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            path.contains(&target) && target.contains("token"),
            "{path}: {target}"
        );
    }

    let refused: Reply = app.as_user("carol").get(&reader.place).await;
    refused.assert_error(410, "ResyncRequired");
    app.as_user("alice")
        .get(&reader.place)
        .await
        .assert_error(403, "AccessDenied");
}

#[tokio::test]
async fn a_link_that_is_too_old_sends_its_reader_back_to_the_beginning() {
    for backend in Backend::ALL {
        let settings = Settings {
            delta_retention: Some(Duration::from_days(3)),
            ..Settings::default()
        };
        let Some(app) = TestApp::on(backend, Start { settings }).await else {
            continue;
        };
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        let mut reader = Reader::new(app.as_operator(), REQUESTS);
        reader.round().await;

        // Who comes back in time goes on for as long as they like.
        for _ in 0..3 {
            app.advance(Duration::from_days(2));
            app.deliver().await;
            reader.round().await;
        }
        assert_eq!(reader.resyncs, 0);

        app.ask(&package, "alice").await;
        app.advance(Duration::from_days(3));
        let refused = app.as_operator().get(&reader.place).await;
        refused.assert_error(410, "ResyncRequired");
        app.deliver().await;
        let refused = app.as_operator().get(&reader.place).await;
        refused.assert_error(410, "ResyncRequired");
        reader.round().await;
        assert_eq!((reader.copy.len(), reader.resyncs), (1, 1));
    }
}

#[tokio::test]
async fn whoever_follows_the_links_has_at_the_end_what_the_list_shows() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let first = app
            .package(Plan::new("A").in_catalog("Shown").member_here("Sales"))
            .await;
        let second = app
            .package(
                Plan::new("B")
                    .in_catalog("Shown")
                    .member_here("Staff")
                    .approval_by(&["bob"]),
            )
            .await;
        let third = app
            .package(Plan::new("C").in_catalog("Hidden").member_here("Board"))
            .await;
        app.give_role("carol", EmRole::CatalogReader, &first).await;
        let packages: [&Package; 3] = [&first, &second, &third];
        let catalogs = [first.catalog.clone(), third.catalog.clone()];
        let mut readers = Vec::new();
        for client in [operator.clone(), app.as_user("carol")] {
            for (delta, list) in [
                (REQUESTS, "assignmentRequests"),
                (ASSIGNMENTS, "assignments"),
            ] {
                let first = format!("{delta}?$top=3");
                readers.push((Reader::new(client.clone(), &first), client.clone(), list));
            }
        }
        let mut dice = Dice(20);

        for turn in 0..120 {
            let package = packages[dice.roll(3)];
            match dice.roll(9) {
                0..=2 => {
                    let name = ["alice", "bob", "carol"][dice.roll(3)];
                    app.try_ask(package, name).await;
                }
                3 | 4 => app.deliver().await,
                5 => {
                    let all = listed(&operator, "assignments").await;
                    if let Some(id) = all.keys().nth(dice.roll(all.len().max(1))) {
                        app.try_remove(id).await;
                    }
                }
                6 => {
                    let all = listed(&operator, "assignmentRequests").await;
                    if let Some(id) = all.keys().nth(dice.roll(all.len().max(1))) {
                        let path = format!("{V1}/assignmentRequests/{id}");
                        // Most may not be deleted, which is an answer, too.
                        operator.delete(&path).await;
                    }
                }
                7 if dice.roll(3) == 0 => {
                    let go = format!(
                        "/beta{}/accessPackages/{}/moveToCatalog",
                        &V1[5..],
                        third.id
                    );
                    let to = json!({"catalogId": catalogs[dice.roll(2)]});
                    operator.post(&go, to).await;
                }
                _ => {
                    let at = dice.roll(readers.len());
                    readers[at].0.step().await;
                }
            }
            if turn % 20 == 19 {
                app.deliver().await;
                for (reader, client, list) in &mut readers {
                    reader.round().await;
                    assert_eq!(
                        reader.copy,
                        listed(client, list).await,
                        "{list}, turn {turn}"
                    );
                }
            }
        }
        let (all, some): (Vec<_>, Vec<_>) = readers.iter().enumerate().partition(|(at, _)| *at < 2);
        assert!(all.iter().all(|(_, (reader, ..))| reader.resyncs == 0));
        assert!(some.iter().any(|(_, (reader, ..))| reader.resyncs > 0));
        assert!(readers.iter().all(|(reader, ..)| !reader.copy.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn a_package_that_moves_takes_its_requests_out_of_one_view_and_into_another() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let (shown, hidden) = (
        app.package(Plan::new("A").in_catalog("Shown")).await,
        app.package(Plan::new("B").in_catalog("Hidden")).await,
    );
    app.give_role("carol", EmRole::CatalogReader, &shown).await;
    app.ask(&shown, "alice").await;
    app.deliver().await;
    let mut reader = Reader::new(app.as_user("carol"), REQUESTS);
    let mut all = Reader::new(operator.clone(), REQUESTS);
    reader.round().await;
    all.round().await;
    assert_eq!(reader.copy.len(), 1);

    let go = format!(
        "/beta{}/accessPackages/{}/moveToCatalog",
        &V1[5..],
        shown.id
    );
    let moved = operator
        .post(&go, json!({"catalogId": hidden.catalog}))
        .await;
    assert!(moved.status.is_success(), "{moved:?}");
    reader.round().await;
    all.round().await;

    assert_eq!((reader.copy.len(), reader.resyncs), (0, 1));
    assert_eq!((all.copy.len(), all.resyncs), (1, 0));
}
