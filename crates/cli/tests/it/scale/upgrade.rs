//! A large database of an earlier release is brought forward: by a server that is killed again and again, that says what it
//! does meanwhile, and that stops when it is told to.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::rows::{ASSIGNMENT, BEGIN, Home, id};
use super::{assignments, patience, tell};
use crate::support::{EM, Server, Starting};

/// The last step of the first release.
const RELEASED: i64 = 23;

/// The line that is logged before each step.
const STEP: &str = "bringing the database's schema up to date";

/// How often the server is killed.
const KILLS: u32 = 5;

/// Tables whose rows are compared.
const TABLES: [&str; 6] = [
    "subject",
    "assignment",
    "assignment_request",
    "ledger",
    "directory_user",
    "directory_group",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_large_database_is_brought_forward_although_the_server_is_killed_in_the_middle() {
    bring_forward(&Home::on_sqlite(), assignments(20_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_database_of_a_database_server_is_brought_forward_although_the_server_is_killed_in_the_middle()
 {
    let Some(home) = Home::on_postgres() else {
        return;
    };
    bring_forward(&home, assignments(20_000)).await;
}

async fn bring_forward(home: &Home, rows: u64) {
    let arguments = home.arguments();
    let arguments = arguments.each_ref().map(String::as_str);
    let begun = Instant::now();
    home.migrate_up_to(RELEASED);
    home.fill(rows);
    let filled = begun.elapsed();
    let (before, size) = (sums(home), home.mebibytes());
    assert_eq!(before[0].0, rows);

    let mut kills = 0;
    let mut last = steps(home);
    for number in 0..KILLS {
        let mut server = Starting::on(&home.data(), &arguments).await;
        server.wait_for(STEP).await;
        // The moment is the point of the test, so it is by the clock: a little later each time.
        tokio::time::sleep(Duration::from_micros(u64::from(number) * rows)).await;
        drop(server);
        let now = steps(home);
        assert!(now >= last, "step {now} after step {last}");
        last = now;
        kills += 1;
        if is_current(home) {
            break;
        }
    }
    let begun = Instant::now();
    let server = Server::start(&home.data(), &arguments);
    let took = begun.elapsed();
    let memory = server.peak_mebibytes();
    assert!(took < patience(rows), "{took:?}");

    assert_eq!(sums(home), before);
    reads_and_writes_are_right(&server, rows).await;
    assert!(server.terminate().success());
    tell(&format!(
        "{rows} assignments, {size} MiB, filled in {:.1} s; killed {kills} times, the last time at step {last}; the last start \
         brought the rest forward and served after {:.1} s, with at most {memory} MiB of memory; the database has {} MiB",
        filled.as_secs_f64(),
        took.as_secs_f64(),
        home.mebibytes()
    ));
}

/// How many rows each table has, and what their moments add up to.
fn sums(home: &Home) -> Vec<(u64, u64)> {
    // Each start of a development tenant makes its own people.
    let sum = |table: &str, what: &str| {
        home.count(&format!(
            "SELECT {what} FROM {table} WHERE id LIKE '{BEGIN}%'"
        ))
    };
    TABLES
        .iter()
        .map(|table| {
            (
                sum(table, "count(*)"),
                sum(table, "CAST(sum(created_at) AS BIGINT)"),
            )
        })
        .collect()
}

/// The last step that was applied.
fn steps(home: &Home) -> u64 {
    home.count("SELECT max(version) FROM schema_migration")
}

fn is_current(home: &Home) -> bool {
    steps(home) == latest()
}

/// The last step that there is.
fn latest() -> u64 {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations");
    let number = |name: std::ffi::OsString| name.to_str()?.get(..4)?.parse().ok();
    std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| number(file.unwrap().file_name()))
        .max()
        .unwrap()
}

/// One of many is found, shown whole and reprocessed; what is not there is not found.
async fn reads_and_writes_are_right(server: &Server, rows: u64) {
    let api = server.sign_in(None).await;
    for number in [1, rows / 2, rows] {
        let id = id(ASSIGNMENT, number);
        let path = format!("{EM}/assignments/{id}?$expand=target,accessPackage");
        let shown = api.get(&path).await;
        assert_eq!(
            shown["target"]["displayName"],
            format!("User {number}"),
            "{shown}"
        );
        assert_eq!(shown["state"], "delivered", "{shown}");
        let name = shown["accessPackage"]["displayName"].as_str().unwrap();
        let of_package = format!(
            "{EM}/assignments?$filter=accessPackage/id eq '{}' and state eq 'delivered'&$count=true&$top=1",
            shown["accessPackage"]["id"].as_str().unwrap()
        );
        let counted = api.get(&of_package).await["@odata.count"].as_u64().unwrap();
        assert!((1..=1_000).contains(&counted), "{counted} hold {name}");

        let reprocess = format!("{EM}/assignments/{id}/reprocess");
        let (status, told) = api.call(Method::POST, &reprocess, None).await;
        assert_eq!(status, 202, "{told}");
        let state = api.settled(&format!("{EM}/assignments/{id}")).await;
        assert_eq!(state, "delivered");
    }
    let unknown = format!("{EM}/assignments/{}", id(ASSIGNMENT, rows + 1));
    let (status, told) = api.call(Method::GET, &unknown, None).await;
    assert_eq!(status, 404, "{told}");
    let requests = format!("{EM}/assignmentRequests?$filter=requestType eq 'systemUpdate'");
    assert_eq!(api.list(&requests).await.len(), 3);
    assert_eq!(api.list("/reeve/v1/stuck").await, Vec::<Value>::new());
}

/// What probes and clients see while the database is held up by somebody.
async fn is_alive_and_not_ready(server: &Starting, doing: &str) {
    let (status, _, text) = server.ask("/healthz").await;
    assert_eq!((status, text.as_str()), (200, "ok\n"));
    let (status, headers, text) = server.ask("/readyz").await;
    assert_eq!(status, 503);
    assert!(headers.contains_key("retry-after"), "{headers:?}");
    assert!(text.contains(doing), "{text}");
    for path in ["/v1.0/users", "/beta/me", "/reeve/v1/ledger", "/metrics"] {
        let (status, headers, text) = server.ask(path).await;
        assert_eq!(status, 503, "{path}: {text}");
        assert!(headers.contains_key("retry-after"), "{headers:?}");
        assert!(text.contains("ServiceUnavailable"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_brings_its_database_forward_says_so_and_stops_when_told() {
    let Some(home) = Home::on_postgres() else {
        return;
    };
    let arguments = home.arguments();
    let arguments = arguments.each_ref().map(String::as_str);
    home.migrate_up_to(RELEASED);
    let url = home.database().unwrap().url();
    let (release, held) = hold(url);

    let mut server = Starting::on(&home.data(), &arguments).await;
    server.wait_for(STEP).await;
    is_alive_and_not_ready(&server, "step ").await;
    assert!(server.terminate().success());
    // The database comes to the end of the first one's statement before it takes it back.
    let mut server = Starting::on(&home.data(), &arguments).await;
    is_alive_and_not_ready(&server, "not ready yet").await;

    release.send(()).unwrap();
    held.join().unwrap();
    server
        .wait_for("brought the database's schema up to date")
        .await;
    drop(server);
    let server = Server::start(&home.data(), &arguments);
    assert!(is_current(&home));
    assert!(server.terminate().success());
}

/// Has the ledger held by somebody who reads and writes it, so that no index can be built over it, until told.
fn hold(url: String) -> (std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>) {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (ready, is_held) = std::sync::mpsc::channel();
    let holder = std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client
            .batch_execute("BEGIN; LOCK TABLE ledger IN ROW EXCLUSIVE MODE")
            .unwrap();
        ready.send(()).unwrap();
        released.recv().unwrap();
        client.batch_execute("ROLLBACK").unwrap();
    });
    is_held.recv().unwrap();
    (release, holder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_file_somebody_else_writes_to_is_alive_and_stops_when_told() {
    let home = Home::on_sqlite();
    let arguments = home.arguments();
    let arguments = arguments.each_ref().map(String::as_str);
    home.migrate_up_to(RELEASED);
    let other = rusqlite::Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let server = Starting::on(&home.data(), &arguments).await;
    is_alive_and_not_ready(&server, "not ready yet").await;
    assert!(server.terminate().success());

    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let server = Server::start(&home.data(), &arguments);
    assert!(is_current(&home));
    assert!(server.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_waits_while_the_database_server_takes_no_more_connections() {
    let Some(home) = Home::on_postgres() else {
        return;
    };
    let database = home.database().unwrap();
    let role = format!("few_{}", database.name());
    home.run(&format!(
        "CREATE ROLE {role} LOGIN CONNECTION LIMIT 0; GRANT ALL ON SCHEMA public TO {role}"
    ));
    let (scheme, rest) = database
        .url()
        .split_once("://")
        .map(|(scheme, rest)| (scheme.to_owned(), rest.to_owned()))
        .unwrap();
    let (_, address) = rest.split_once('@').unwrap();
    let config = home.data().with_file_name("few.toml");
    crate::support::write_private(
        &config,
        format!("[database]\nurl = \"{scheme}://{role}@{address}\"\n"),
    );
    let arguments = ["--migrate", "--config", config.to_str().unwrap()];

    let mut server = Starting::on(&home.data(), &arguments).await;
    server
        .wait_for("takes no connection now; trying again")
        .await;
    is_alive_and_not_ready(&server, "waiting for the database server").await;
    home.run(&format!("ALTER ROLE {role} CONNECTION LIMIT 30"));
    server
        .wait_for("brought the database's schema up to date")
        .await;
    assert!(server.terminate().success());

    assert!(is_current(&home));
    home.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
