//! How many direct assignments a second come from the request to members of the built-in directory, verified.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use super::rows::Rows;
use super::{Bench, Figure, open};
use crate::data::{Kind, id};
use crate::http::{Call, now, send_all};
use crate::server::Server;

const REQUESTS: &str = "/v1.0/identityGovernance/entitlementManagement/assignmentRequests";

/// What a direct assignment writes to until it is delivered.
const TABLES: [&str; 8] = [
    "assignment_request",
    "assignment",
    "ledger",
    "ledger_link",
    "request_delivery",
    "group_member",
    "notice",
    "audit_event",
];

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn measure(bench: &mut Bench<'_>, group: &Server) -> anyhow::Result<Figure> {
    let (group, reeve) = (open(group), bench.reeve.clone());
    let (size, count) = (bench.plan.size, bench.plan.deliveries);
    let numbers = move |pair: u64| pair * count..(pair + 1) * count;
    let before = Rows::count(&bench.tenant, &TABLES)?;
    let pairs = bench.pairs(
        |bench, pair| {
            let calls = numbers(pair).map(|n| request(size.vacancy(n))).collect();
            let begun = now();
            let callers = bench.plan.callers;
            bench
                .runtime
                .block_on(send_all(&reeve, callers, Arc::new(calls)))?;
            bench.tenant.settle(&bench.runtime)?;
            Ok(count as f64 / begun.elapsed().as_secs_f64())
        },
        |bench, pair| {
            let calls = numbers(pair).map(|n| bare(size.vacancy(n))).collect();
            let callers = bench.plan.callers;
            let run = bench
                .runtime
                .block_on(send_all(&group, callers, Arc::new(calls)))?;
            Ok(run.rate())
        },
    )?;
    before.grew_alike(&bench.tenant)?;
    Ok(Figure {
        name: "adminAdd delivered/s",
        yardstick: "bare axum writing the final rows of each in one transaction, group commit",
        pairs,
        note: Some("from the first request sent to the last one delivered".to_owned()),
    })
}

fn request((user, package): (u64, u64)) -> Call {
    let body = json!({
        "requestType": "adminAdd",
        "assignment": {
            "targetId": id(Kind::User, user),
            "assignmentPolicyId": id(Kind::Policy, package),
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

fn bare((user, package): (u64, u64)) -> Call {
    Call {
        method: Method::POST,
        path: format!("/requests/{user}/{package}"),
        body: Bytes::new(),
        expected: StatusCode::CREATED,
    }
}
