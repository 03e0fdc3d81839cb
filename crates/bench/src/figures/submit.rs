//! How many requests a second are submitted under a policy of two stages: each 201 means that the request, its stages and
//! those who are asked are on the disk.
//!
//! **Invariant:** both sides have written the same number of rows, table by table.

use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use super::rows::Rows;
use super::{Bench, Figure, Plan, at_99, open};
use crate::data::{APPROVER, Kind, Size, id};
use crate::http::{Call, Run, Target, send_all};
use crate::server::Server;

const REQUESTS: &str = "/v1.0/identityGovernance/entitlementManagement/assignmentRequests";

/// What a submission writes to.
const TABLES: [&str; 5] = [
    "assignment_request",
    "approval_stage",
    "approval_stage_approver",
    "notice",
    "audit_event",
];

pub(super) fn measure(bench: &mut Bench<'_>, group: &Server) -> anyhow::Result<[Figure; 2]> {
    let (group, reeve) = (open(group), bench.reeve.clone());
    let (size, count) = (bench.plan.size, bench.plan.submissions);
    let asked = asked(bench.plan)?;
    let chunk = |pair: u64| {
        let chunk = asked.chunks(count).nth(usize::try_from(pair)?);
        chunk.context("a pair more than there are")
    };
    let before = Rows::count(&bench.tenant, &TABLES)?;
    let mut runs: [Vec<Run>; 2] = [Vec::new(), Vec::new()];
    let [ours, bare] = &mut runs;
    let pairs = bench.pairs(
        |bench, pair| {
            let calls = chunk(pair)?.iter();
            let calls = calls.map(|(user, package)| request(*user, *package, size));
            let run = submit(bench, &reeve, calls.collect())?;
            let rate = run.rate();
            ours.push(run);
            Ok(rate)
        },
        |bench, pair| {
            let calls = chunk(pair)?.iter();
            let calls = calls.map(|(user, package)| bare_request(*user, *package, size));
            let run = submit(bench, &group, calls.collect())?;
            let rate = run.rate();
            bare.push(run);
            Ok(rate)
        },
    )?;
    before.grew_alike(&bench.tenant)?;
    let p99 = at_99(&pairs, &runs);
    Ok([
        Figure {
            name: "requests submitted/s, two stages",
            yardstick: "bare axum writing the same rows, group commit",
            pairs,
            note: None,
        },
        Figure {
            name: "requests submitted, p99 ms",
            yardstick: "the same; less is better",
            pairs: p99,
            note: None,
        },
    ])
}

/// Who is to get what, behind those that deliveries use. The approver's own requests would ask nobody.
fn asked(plan: &Plan) -> anyhow::Result<Vec<(u64, u64)>> {
    let wanted = plan.submissions * plan.pairs;
    let behind = plan.pairs as u64 * plan.deliveries;
    let asked: Vec<_> = (behind..plan.size.assignments)
        .map(|n| plan.size.vacancy(n))
        .filter(|(user, _)| *user != APPROVER)
        .take(wanted)
        .collect();
    ensure!(asked.len() == wanted, "the tenant is too small");
    Ok(asked)
}

fn submit(bench: &Bench<'_>, target: &Target, calls: Vec<Call>) -> anyhow::Result<Run> {
    let callers = bench.plan.callers;
    bench
        .runtime
        .block_on(send_all(target, callers, Arc::new(calls)))
}

fn request(user: u64, package: u64, size: Size) -> Call {
    let body = json!({
        "requestType": "adminAdd",
        "assignment": {
            "targetId": id(Kind::User, user),
            "assignmentPolicyId": size.two_stages(package),
            "accessPackageId": id(Kind::Package, package),
        },
    });
    Call {
        method: Method::POST,
        path: REQUESTS.to_owned(),
        body: Bytes::from(body.to_string()),
        expected: StatusCode::CREATED,
    }
}

fn bare_request(user: u64, package: u64, size: Size) -> Call {
    Call {
        method: Method::POST,
        path: format!("/submissions/{user}/{package}/{}", size.two_stages(package)),
        body: Bytes::new(),
        expected: StatusCode::CREATED,
    }
}
