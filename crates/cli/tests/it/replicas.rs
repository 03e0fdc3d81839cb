//! Two servers on one database, one of which is killed, or stopped for longer than its lease, in the middle of a delivery.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use peers::fake_scim::{FakeScim, Fault, Features, Rule};
use peers::postgres::{Cluster, Database};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Api, EM, PATIENCE, Server, bind, direct, seed, shared_configuration, work};

const PEOPLE: usize = 6;
/// How long claimed work is a server's own in these tests.
const LEASE: Duration = Duration::from_secs(12);

/// A database, a target, and two servers that share both.
struct Pair {
    first: Server,
    second: Server,
    /// Calls to the first, and to the second.
    apis: [Api; 2],
    scim: FakeScim,
    people: Vec<String>,
    _database: Database<'static>,
    _folder: TempDir,
}

impl Pair {
    /// `None`, after saying so, where PostgreSQL is not installed.
    async fn start() -> Option<Self> {
        let database = Cluster::shared()?.create_database().unwrap();
        let scim = FakeScim::start(Features::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let configuration = configuration(&folder, &database.url(), &scim);
        let seed = seed(folder.path(), PEOPLE);
        let config = ["--config", configuration.to_str().unwrap()];
        let with_seed = [
            &config[..],
            &["--migrate", "--seed", seed.to_str().unwrap()],
        ]
        .concat();
        let first = Server::start(&folder.path().join("first"), &with_seed);
        // The start of another makes new secrets for the accounts that they share.
        let signed_in = first.sign_in(None).await;
        let second = Server::start(&folder.path().join("second"), &config);
        let apis = [signed_in, second.sign_in(None).await];
        bind(&apis[1], "Crew").await;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let name = format!("u{number}@reeve.example");
            people.push(apis[1].id_of("/v1.0/users", &name).await);
        }
        Some(Self {
            first,
            second,
            apis,
            scim,
            people,
            _database: database,
            _folder: folder,
        })
    }

    /// Assigns the package to everybody by the first server alone, and waits until it is in the middle of bringing that to
    /// the target, which does not answer.
    async fn caught_in_the_middle(&self) -> Vec<String> {
        self.second.signal("STOP");
        self.scim.break_by(Rule::on("PATCH", Fault::Hang).times(1));
        let (package, policy) = work(&self.apis[0]).await;
        let mut requests = Vec::new();
        for user in &self.people {
            let body = direct(&package, &policy, user);
            let path = format!("{EM}/assignmentRequests");
            let (status, made) = self.apis[0].call(Method::POST, &path, Some(&body)).await;
            assert_eq!(status, 201, "{made}");
            requests.push(format!("{path}/{}", made["id"].as_str().unwrap()));
        }
        self.until("a write is on its way", || {
            let seen = self.scim.requests_seen();
            seen.iter().any(|request| request.method == "PATCH")
        })
        .await;
        requests
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let look = async {
            let mut looks = tokio::time::interval(Duration::from_millis(20));
            while !is_so() {
                looks.tick().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, look).await;
        waited.unwrap_or_else(|_| panic!("waited in vain: {what}"));
    }

    fn members(&self) -> Vec<String> {
        let groups = self.scim.groups_named("Crew");
        assert_eq!(groups.len(), 1, "the group is there once");
        self.scim.members_of(&groups[0])
    }

    fn arrivals(&self) -> Vec<usize> {
        self.scim.arrivals_in(&self.scim.groups_named("Crew")[0])
    }
}

fn configuration(folder: &TempDir, database: &str, scim: &FakeScim) -> PathBuf {
    let lease = LEASE.as_secs();
    let delivery = format!(
        r#"
[delivery]
retrySchedule = ["PT0S", "PT0.1S", "PT0.2S", "PT0.5S", "PT1S", "PT2S", "PT4S"]
pollInterval = "PT0.1S"
lease = "PT{lease}S"
"#
    );
    shared_configuration(folder.path(), database, scim, &delivery)
}

/// Waits until nothing of the ledger is in flight, and gives it.
async fn settled_ledger(api: &Api) -> Vec<Value> {
    let look = async {
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        loop {
            looks.tick().await;
            let ledger = api.list("/reeve/v1/ledger?top=500").await;
            if ledger.iter().all(|row| row["phase"] == "settled") {
                return ledger;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, look).await;
    found.unwrap_or_else(|_| panic!("the ledger does not settle"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_had_claimed_is_taken_over_when_its_lease_ends() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let requests = pair.caught_in_the_middle().await;

    #[expect(
        clippy::disallowed_methods,
        reason = "the lease is a time of the real clock"
    )]
    let killed_at = Instant::now();
    pair.first.signal("KILL");
    pair.second.signal("CONT");

    for request in &requests {
        assert_eq!(pair.apis[1].settled(request).await, "delivered");
    }
    let took = killed_at.elapsed();
    assert!(took < 2 * LEASE, "taken over after {took:?}");
    assert_eq!(pair.members().len(), PEOPLE);
    assert_eq!(pair.arrivals(), [1; PEOPLE], "nobody is granted it twice");
    assert_eq!(pair.scim.user_count(), PEOPLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_stopped_for_longer_than_its_lease_changes_nothing_that_others_did_since()
{
    let Some(pair) = Pair::start().await else {
        return;
    };
    let requests = pair.caught_in_the_middle().await;
    pair.first.signal("STOP");
    pair.second.signal("CONT");
    let [woken, other] = &pair.apis;
    for request in &requests {
        assert_eq!(other.settled(request).await, "delivered");
    }
    let (package, _) = work(other).await;
    let filter = format!("accessPackage/id eq '{package}' and state eq 'delivered'");
    let held = other
        .list(&format!("{EM}/assignments?$filter={filter}&$select=id"))
        .await;
    assert_eq!(held.len(), PEOPLE);
    let mut removals = Vec::new();
    for assignment in held.iter().take(PEOPLE / 2) {
        let body =
            json!({ "requestType": "adminRemove", "assignment": { "id": assignment["id"] } });
        let path = format!("{EM}/assignmentRequests");
        let (status, made) = other.call(Method::POST, &path, Some(&body)).await;
        assert_eq!(status, 201, "{made}");
        removals.push(format!("{path}/{}", made["id"].as_str().unwrap()));
    }
    for removal in &removals {
        assert_eq!(other.settled(removal).await, "delivered");
    }

    pair.first.signal("CONT");

    // It works again, and what it had in hand is over.
    let reprocess = format!(
        "{EM}/assignments/{}/reprocess",
        held[PEOPLE - 1]["id"].as_str().unwrap()
    );
    assert_eq!(woken.call(Method::POST, &reprocess, None).await.0, 202);
    pair.second.signal("STOP");
    let ledger = settled_ledger(woken).await;
    pair.second.signal("CONT");
    let members = pair.members();
    assert_eq!(members.len(), PEOPLE - PEOPLE / 2);
    for row in ledger.iter().filter(|row| row["target"] == "hr") {
        let subject = row["subject"]["objectId"].as_str().unwrap();
        let number = pair.people.iter().position(|person| person == subject);
        let name = format!("u{}@reeve.example", number.unwrap());
        let is_member = members.contains(&name);
        assert_eq!(row["observed"] == "present", is_member, "{row}");
        assert_eq!(row["desired"].as_bool(), Some(is_member), "{row}");
    }
    for request in requests.iter().chain(&removals) {
        assert_eq!(
            woken.settled(request).await,
            "delivered",
            "no outcome changed"
        );
    }
    assert_eq!(pair.arrivals(), [1; PEOPLE], "nobody is granted it twice");
    assert_eq!(woken.list("/reeve/v1/stuck").await, Vec::<Value>::new());
}
