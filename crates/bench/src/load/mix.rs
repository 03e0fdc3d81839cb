//! What traffic consists of: mostly reads, with requests of every kind among them.
//!
//! **Invariant:** no call is refused because of an earlier one: nobody asks twice for the same.

use anyhow::ensure;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use crate::data::{self, Size, id};
use crate::http::Call;

const ROOT: &str = "/v1.0/identityGovernance/entitlementManagement";

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One assignment by its id.
    One,
    /// The first assignments of a package, with who holds them.
    Filtered,
    /// The newest assignments of all.
    Newest,
    /// A reprocess.
    Reprocess,
    /// A request that two people are to agree to.
    Submission,
    /// A direct assignment.
    Direct,
}

/// All kinds, in the order of the table.
pub(super) const KINDS: [Kind; 6] = [
    Kind::One,
    Kind::Filtered,
    Kind::Newest,
    Kind::Reprocess,
    Kind::Submission,
    Kind::Direct,
];

use Kind::{Direct, Filtered, Newest, One, Reprocess, Submission};

/// The order in which they come, again and again.
const ROUND: [Kind; 20] = [
    One, Filtered, One, Reprocess, One, Newest, Filtered, One, Submission, One, Filtered, One,
    Reprocess, Direct, One, Filtered, Newest, One, Submission, Filtered,
];

impl Kind {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::One => "one assignment",
            Self::Filtered => "page of a package",
            Self::Newest => "newest page",
            Self::Reprocess => "reprocess",
            Self::Submission => "request, two stages",
            Self::Direct => "direct assignment",
        }
    }
}

/// So many calls, in the order in which they are sent.
pub(super) fn calls(size: Size, count: u64) -> anyhow::Result<Vec<(Kind, Call)>> {
    ensure!(
        count <= size.assignments * 4,
        "a tenant of {} assignments has no work for {count} calls",
        size.assignments
    );
    let mut numbers = [0_u64; KINDS.len()];
    let mut asked = 0;
    let mut calls = Vec::new();
    for kind in ROUND.iter().cycle().copied() {
        if calls.len() as u64 == count {
            break;
        }
        let of_kind = KINDS
            .iter()
            .zip(&mut numbers)
            .find(|(one, _)| **one == kind);
        let Some((_, number)) = of_kind else { continue };
        let call = match kind {
            One => get(format!("{ROOT}/assignments/{}", assignment(size, *number))),
            Filtered => get(filtered(size, *number)),
            Newest => get(format!("{ROOT}/assignments?$top=100")),
            Reprocess => reprocess(*number),
            Submission | Direct => {
                asked += 1;
                request(size, asked, kind == Submission)
            }
        };
        *number += 1;
        calls.push((kind, call));
    }
    Ok(calls)
}

/// The `n`th assignment to read: they lie all over the tenant.
fn assignment(size: Size, n: u64) -> String {
    id(data::Kind::Assignment, n * 7_919 % size.assignments)
}

fn filtered(size: Size, n: u64) -> String {
    let package = id(data::Kind::Package, n * 7_919 % size.packages);
    format!(
        "{ROOT}/assignments?$filter=accessPackage/id%20eq%20'{package}'%20and%20state%20eq%20'Delivered'\
         &$orderby=expiredDateTime%20desc&$expand=target&$top=100"
    )
}

fn get(path: String) -> Call {
    Call {
        method: Method::GET,
        path,
        body: Bytes::new(),
        expected: StatusCode::OK,
    }
}

fn reprocess(n: u64) -> Call {
    let assignment = id(data::Kind::Assignment, n);
    Call {
        method: Method::POST,
        path: format!("{ROOT}/assignments/{assignment}/reprocess"),
        body: Bytes::new(),
        expected: StatusCode::ACCEPTED,
    }
}

fn request(size: Size, n: u64, has_stages: bool) -> Call {
    let (user, package) = size.vacancy(n);
    let policy = if has_stages {
        size.two_stages(package)
    } else {
        id(data::Kind::Policy, package)
    };
    let body = json!({
        "requestType": "adminAdd",
        "assignment": {
            "targetId": id(data::Kind::User, user),
            "assignmentPolicyId": policy,
            "accessPackageId": id(data::Kind::Package, package),
        },
    });
    Call {
        method: Method::POST,
        path: format!("{ROOT}/assignmentRequests"),
        body: Bytes::from(body.to_string()),
        expected: StatusCode::CREATED,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_comes_and_no_write_comes_twice() {
        let calls = calls(Size::of(10_000), 2_000).unwrap();

        assert_eq!(calls.len(), 2_000);
        for kind in KINDS {
            assert!(calls.iter().any(|(one, _)| *one == kind), "{}", kind.name());
        }
        let writes: Vec<_> = calls
            .iter()
            .filter(|(_, call)| call.method == Method::POST)
            .map(|(_, call)| (&call.path, &call.body))
            .collect();
        let different: BTreeSet<_> = writes.iter().collect();
        assert_eq!(different.len(), writes.len());
    }

    #[test]
    fn a_tenant_that_is_too_small_is_refused() {
        assert!(calls(Size::of(10_000), 40_001).is_err());
    }
}
