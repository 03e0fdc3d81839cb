//! Who may do what, through HTTP: every caller of semantics 7.2 calls every operation of 7.3, in the catalog where they
//! hold their role and in another. What was answered is a golden file; and it is compared with the table of the
//! semantics, written down once more in [`table`], so that the two cannot be wrong together.

mod operations;
mod reach;
mod rules;
mod scoped;
mod table;
mod words;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use http::Method;
use serde_json::Value;
use testkit::{Client, Reply};

use operations::{Ask, Call, Operation};
use table::{Column, cell, is_for_users};
use world::{Caller, Place, World};

const GOLDEN: &str = "tests/it/permissions/golden.txt";

async fn send(client: &Client, ask: Ask) -> Reply {
    match (ask.method, ask.body) {
        (Method::POST, Some(body)) => client.post(&ask.path, body).await,
        (Method::PATCH, Some(body)) => client.patch(&ask.path, body).await,
        (Method::PUT, Some(body)) => client.put(&ask.path, body).await,
        (method, _) => client.ask(method, &ask.path).await,
    }
}

/// What an answer says about rights: `+` there are, `3` 403, `4` 404.
fn verdict(reply: &Reply) -> char {
    match reply.status.as_u16() {
        200..=299 | 400 | 409 => '+',
        403 => '3',
        404 => '4',
        _ => panic!("{reply}"),
    }
}

/// Which catalogs a list shows: `a` both, `o` the caller's, `e` neither; `3` where there is no list.
fn shown(world: &World, reply: &Reply, id: fn(&Place) -> &str) -> char {
    if reply.status == 403 {
        return '3';
    }
    let rows = reply.clone().assert_status(200).rows();
    let has = |place: &Place| rows.iter().any(|row| mentions(row, id(place)));
    match (has(&world.own), has(&world.other)) {
        (true, true) => 'a',
        (true, false) => 'o',
        (false, false) => 'e',
        (false, true) => panic!("only what is not the caller's: {reply}"),
    }
}

fn mentions(row: &Value, id: &str) -> bool {
    row.to_string().contains(id)
}

async fn answers(world: &World, operation: &Operation, caller: &Caller) -> String {
    let client = &caller.client;
    match &operation.call {
        Call::Within(call) => {
            let own = send(client, call(world, &world.own)).await;
            let other = send(client, call(world, &world.other)).await;
            [verdict(&own), verdict(&other)].iter().collect()
        }
        Call::Tenant(call) => verdict(&send(client, call(world)).await).to_string(),
        Call::List(path, id) => shown(world, &client.get(path).await, *id).to_string(),
    }
}

/// What section 7 has a caller be told.
fn expected(operation: &Operation, caller: &Caller) -> String {
    let cell = cell(operation.row, caller.column);
    let allowed_here = match cell {
        _ if is_for_users(operation.row) => !caller.is_application,
        "+" => true,
        // What is the caller's own is in the first catalog; nobody has made a catalog yet when they are read.
        "own" => {
            !matches!(operation.call, Call::List(..)) && caller.column != Column::CatalogCreator
        }
        _ => false,
    };
    let is_everywhere = is_for_users(operation.row) || caller.sees_the_tenant();
    match operation.call {
        Call::List(..) if cell == "own" && caller.column == Column::CatalogCreator => {
            "e".to_owned()
        }
        Call::List(..) => match (allowed_here, caller.sees_the_tenant()) {
            (true, true) => "a",
            (true, false) => "o",
            (false, _) => "3",
        }
        .to_owned(),
        Call::Tenant(_) => if allowed_here { "+" } else { "3" }.to_owned(),
        Call::Within(_) => {
            // Requestor and approver know the request, whatever they may do with it.
            let is_about_request = ["approve/deny", "cancel"].contains(&operation.row);
            let is_part = matches!(caller.column, Column::Requestor | Column::Approver);
            let knows_own = caller.sees_their_catalog() || (is_about_request && is_part);
            let own = if allowed_here && operation.is_across && !is_everywhere {
                // The package is theirs, the catalog that it is to go to is not there for them.
                '4'
            } else if allowed_here {
                '+'
            } else {
                refused(operation, caller, knows_own)
            };
            let other = if allowed_here && is_everywhere {
                '+'
            } else {
                refused(operation, caller, false)
            };
            [own, other].iter().collect()
        }
    }
}

/// RP-5, ER-5: who holds no role is refused before the id is looked at; who holds one but may not know the object is
/// told that it is not there. A read is refused as a whole if it shows nothing at all to the caller. Requests and
/// assignments may be the caller's own, so that any user may ask.
fn refused(operation: &Operation, caller: &Caller, knows_it: bool) -> char {
    let is_closed =
        is_for_users(operation.row) || (operation.row == "approve/deny" && caller.is_application);
    if is_closed || caller.sees_the_tenant() || knows_it {
        return '3';
    }
    let reads = |row| cell(row, caller.column) != ".";
    let may_be_own = !caller.is_application;
    let looks_further = match operation.row {
        "approve/deny" | "cancel" => may_be_own || caller.holds_a_role(),
        // A subject is in no catalog: who may do this in none is refused whoever it is.
        "subject lifecycle" => reads(operation.row),
        row if operation.is_get => {
            reads(row) || (may_be_own && cell(row, Column::Requestor) == "own")
        }
        // The catalog in the path is read first.
        _ if operation.is_below_catalog => {
            reads("list/get catalogs, access packages, resources, roles")
        }
        _ => caller.holds_a_role(),
    };
    if looks_further { '4' } else { '3' }
}

#[tokio::test]
async fn every_caller_may_do_what_section_7_3_says_and_nothing_else_az_1() {
    let world = World::new().await;
    let mut text = String::from(
        "Who may do what, as answered over HTTP. Two signs: in the catalog where the caller holds the role, and in another.\n\
         + allowed  3 refused (403)  4 not there for the caller (404)\n\
         Lists: a all catalogs  o the caller's  e nothing  3 refused\n\n",
    );
    write!(text, "{:26}", "").unwrap();
    for caller in &world.callers {
        write!(text, "{:8}", caller.name).unwrap();
    }
    text = text.trim_end().to_owned() + "\n";
    let mut wrong = BTreeMap::new();
    for operation in operations::all() {
        write!(text, "{:26}", operation.name).unwrap();
        for caller in &world.callers {
            let answered = answers(&world, &operation, caller).await;
            let expected = expected(&operation, caller);
            if answered != expected {
                wrong.insert(
                    (operation.name, caller.name),
                    format!("{answered}, expected {expected}"),
                );
            }
            write!(text, "{answered:8}").unwrap();
        }
        text = text.trim_end().to_owned() + "\n";
    }
    world.app.wait_out_retries().await;

    assert!(
        wrong.is_empty(),
        "not as in section 7.3: {wrong:#?}\n{text}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("REEVE_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{} differs; write it anew with REEVE_WRITE_GOLDEN=1:\n{text}",
        path.display()
    );
}

#[test]
fn every_row_of_the_table_is_called() {
    let operations = operations::all();
    for (row, _) in table::TABLE {
        assert!(
            operations.iter().any(|operation| operation.row == *row),
            "{row}"
        );
    }
}
