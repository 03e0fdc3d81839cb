//! What it costs that a caller sees a part only: the same list for an administrator and for callers with less.
//!
//! **Invariant:** both sides of a pair are Reeve, and answer the same rows.

use std::sync::Arc;

use anyhow::{Context, ensure};
use rusqlite::params;
use serde_json::Value;

use super::page::get;
use super::{Bench, Figure};
use crate::data::{Kind, Size, id, identifier, made_at};
use crate::http::{Call, Connection, Run, Target, send_for};
use crate::tenant::Tenant;

const ROOT: &str = "/v1.0/identityGovernance/entitlementManagement";

/// The definition of the role Catalog owner.
const OWNER: &str = "ae79f266-94d4-4dab-b730-feca7e132178";

/// Who owns one catalog, who owns every second, and who holds packages.
const ONE: &str = "alice";
const HALF: &str = "bob";
const HOLDER: &str = "carol";

/// Packages that the holder holds.
const HELD: u64 = 200;

/// Gives the tenant's own users roles in catalogs, and one of them packages.
pub(super) fn prepare(tenant: &Tenant, size: Size) -> anyhow::Result<()> {
    tenant.add(|tx| {
        let user = |name: &str| {
            let name = format!("{name}@reeve.example");
            tx.query_row(
                "SELECT id FROM directory_user WHERE user_principal_name = ?1",
                [name],
                |row| row.get::<_, String>(0),
            )
        };
        let (one, half, holder) = (user(ONE)?, user(HALF)?, user(HOLDER)?);
        for n in 0..size.catalogs() {
            let owners = [(&one, n == 0), (&half, n.is_multiple_of(2))];
            for (place, (owner, _)) in owners.iter().enumerate().filter(|(_, (_, owns))| *owns) {
                let catalog = id(Kind::Catalog, n);
                tx.execute(
                    "INSERT INTO role_assignment (id, principal_id, role_definition_id, directory_scope_id, app_scope_id, \
                     catalog_id, created_at) VALUES (?1, ?2, ?3, '/', ?4, ?5, ?6)",
                    params![
                        identifier(made_at(n) / 1_000, Kind::Role, n * 2 + place as u64),
                        owner,
                        OWNER,
                        format!("/AccessPackageCatalog/{catalog}"),
                        catalog,
                        i64::try_from(made_at(n))?,
                    ],
                )?;
            }
        }
        let subject = id(Kind::Subject, size.users);
        tx.execute(
            "INSERT INTO subject (id, object_id, subject_type, display_name, principal_name, email, subject_lifecycle, \
             created_at) VALUES (?1, ?2, 'user', 'Carol', 'carol@reeve.example', 'carol@reeve.example', 'notGoverned', ?3)",
            params![subject, holder, i64::try_from(made_at(size.users))?],
        )?;
        for n in 0..HELD.min(size.packages) {
            tx.execute(
                "UPDATE assignment SET target_id = ?1 WHERE id = ?2",
                [&subject, &id(Kind::Assignment, n)],
            )?;
        }
        Ok(())
    })
}

/// Each list for callers with less, beside the administrator's.
pub(super) fn measure(bench: &mut Bench<'_>, size: Size) -> anyhow::Result<Vec<Figure>> {
    let as_user = |name| bench.tenant.target_as_user(&bench.server, name);
    let (administrator, one, half, holder) = (
        as_user("admin")?,
        as_user(ONE)?,
        as_user(HALF)?,
        as_user(HOLDER)?,
    );
    let of_packages = |set: &str| -> Vec<Call> {
        // Every one is in the first catalog, which both owners own.
        let packages = (0..size.packages).step_by(usize::try_from(size.catalogs()).unwrap_or(1));
        let path = |n| {
            let package = id(Kind::Package, n);
            format!("{ROOT}/{set}?$filter=accessPackage/id%20eq%20'{package}'&$top=100")
        };
        packages.map(|n| get(path(n))).collect()
    };
    let mut figures = Vec::new();
    for (name, caller, set) in [
        (
            "assignments: owner of one catalog, pages/s",
            &one,
            "assignments",
        ),
        (
            "assignments: owner of half of them, pages/s",
            &half,
            "assignments",
        ),
        (
            "requests: owner of one catalog, pages/s",
            &one,
            "assignmentRequests",
        ),
        (
            "requests: owner of half of them, pages/s",
            &half,
            "assignmentRequests",
        ),
    ] {
        let calls = of_packages(set);
        let yardstick = "the same lists for an administrator of the tenant";
        figures.push(beside(
            bench,
            (name, yardstick),
            (caller, calls.clone()),
            (&administrator, calls),
        )?);
    }
    let own = format!("{ROOT}/assignments/filterByCurrentUser(on='target')?$top=100");
    let object = holder_of(bench)?;
    let all = format!("{ROOT}/assignments?$filter=target/objectId%20eq%20'{object}'&$top=100");
    figures.push(beside(
        bench,
        (
            "assignments: one's own, pages/s",
            "the same rows by filter, for an administrator of the tenant",
        ),
        (&holder, vec![get(own)]),
        (&administrator, vec![get(all)]),
    )?);
    Ok(figures)
}

fn holder_of(bench: &Bench<'_>) -> anyhow::Result<String> {
    let path = format!("/v1.0/users/{HOLDER}@reeve.example?$select=id");
    let found = bench.runtime.block_on(document(&bench.reeve, &get(path)))?;
    let id = found.get("id").and_then(Value::as_str);
    Ok(id.context("the holder has no id")?.to_owned())
}

fn beside(
    bench: &mut Bench<'_>,
    (name, yardstick): (&'static str, &'static str),
    (caller, ours): (&Target, Vec<Call>),
    (administrator, theirs): (&Target, Vec<Call>),
) -> anyhow::Result<Figure> {
    for (ours, theirs) in ours.iter().zip(&theirs).take(3) {
        let [ours, theirs] = [(caller, ours), (administrator, theirs)]
            .map(|(target, call)| bench.runtime.block_on(document(target, call)));
        let (ours, theirs) = (ours?, theirs?);
        ensure!(
            ours.get("value") == theirs.get("value"),
            "{name}: the two see other rows: {ours} against {theirs}"
        );
    }
    let (ours, theirs) = (Arc::new(ours), Arc::new(theirs));
    let mut last: [Option<Run>; 2] = [None, None];
    let [scoped, whole] = &mut last;
    let run = |bench: &Bench<'_>, target: &Target, calls: &Arc<Vec<Call>>| {
        let (readers, span) = (bench.plan.readers, bench.plan.listing);
        bench
            .runtime
            .block_on(send_for(target, readers, Arc::clone(calls), span))
    };
    let pairs = bench.pairs(
        |bench, _| Ok(scoped.insert(run(bench, caller, &ours)?).rate()),
        |bench, _| Ok(whole.insert(run(bench, administrator, &theirs)?).rate()),
    )?;
    let [scoped, whole] = last.map(|run| run.map_or(f64::NAN, |run| run.millis_at(0.5)));
    Ok(Figure {
        name,
        yardstick,
        pairs,
        note: Some(format!(
            "last pair: p50 {scoped:.2} ms, yardstick {whole:.2} ms"
        )),
    })
}

async fn document(target: &Target, call: &Call) -> anyhow::Result<Value> {
    let body = Connection::open(target).await?.send(call).await?;
    Ok(serde_json::from_slice(&body)?)
}
