//! Commands that published clients offer and that this server refuses on purpose, with the reason that callers get.
//!
//! **Invariant:** what the contract has, what can be addressed, and what neither the table of routes nor this one knows
//! fails a test. `docs/deviations.txt` is written from here.

use domain::model;
use http::Method;

use crate::graph::{Place, Refusal};

const CREATE: &[Method] = &[Method::POST];
const CHANGE: &[Method] = &[Method::PATCH];
const CHANGE_OR_DELETE: &[Method] = &[Method::PATCH, Method::DELETE];

/// The table of refusals.
#[rustfmt::skip]
pub(crate) static REFUSALS: &[Refusal] = &[
    Refusal { of: &model::ASSIGNMENT, place: Place::Collection, methods: CREATE, why: "assignments follow from requests: create an assignment request (AS-10)" },
    Refusal { of: &model::ASSIGNMENT, place: Place::Object, methods: CHANGE_OR_DELETE, why: "assignments follow from requests: create an assignment request (AS-10)" },
    Refusal { of: &model::ASSIGNMENT_POLICY, place: Place::Object, methods: CHANGE, why: "a policy is replaced as a whole: use PUT (PO-40)" },
];
