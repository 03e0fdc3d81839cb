//! Commands that published clients offer and that this server refuses on purpose, with the reason that callers get.
//!
//! **Invariant:** what the contract has, what can be addressed, and what neither the table of routes nor this one knows
//! fails a test. `docs/deviations.txt` is written from here.

use domain::model;
use domain::query::Entity;
use http::Method;

use crate::graph::{Place, Refusal};

const CREATE: &[Method] = &[Method::POST];
const CHANGE: &[Method] = &[Method::PATCH];
const DELETE: &[Method] = &[Method::DELETE];
const CHANGE_OR_DELETE: &[Method] = &[Method::PATCH, Method::DELETE];
const REPLACE_OR_DELETE: &[Method] = &[Method::PUT, Method::DELETE];

const FROM_REQUESTS: &str =
    "assignments follow from requests: create an assignment request (AS-10)";
const DELIVERED: &str = "delivered roles follow from assignments; they are only read";
const WITH_REQUEST: &str =
    "an approval begins and ends with its request: decide a stage, or cancel the request";
const SUGGESTED: &str = "what somebody may request is worked out for each caller; it is only read";
const AS_ASKED: &str = "a request says what was asked: cancel it and ask again";
const BY_REQUEST: &str =
    "resources are brought into a catalog and taken out of it by resource requests";
const OF_ORIGIN: &str =
    "roles and scopes of a resource are those of its origin: refresh the resource";
const OF_SYSTEM: &str = "environments are those of the origin systems; they are only read";
const UPLOADED: &str = "a file stays as it was uploaded: delete the upload session to begin anew";
const PAIR: &str = "a role in an access package is added and removed, not changed";
const KNOWN: &str =
    "subjects follow from the directory and from requests; they are neither created nor deleted";
const CONTROLS: &str = "which controls there are is fixed: replace one with PUT";
const SETTINGS: &str = "settings can be changed, not deleted";
const BUILT_IN: &str = "roles, their actions and where they apply are built in";
const HELD: &str = "a role assignment is created and deleted, not changed";
const SCHEDULED: &str =
    "schedules follow from role assignments: create a role assignment schedule request";
const CARRIED_OUT: &str = "a request to assign a role is carried out at once and kept as it was";
const ELIGIBLE: &str =
    "roles of entitlement management are held and not merely offered: create an assignment";
const TRANSITIVE: &str =
    "transitive role assignments follow from role assignments and groups; they are only read";
const NO_APPROVALS: &str = "no role assignment waits for an approval";

const fn refusal(
    of: &'static Entity,
    place: Place,
    methods: &'static [Method],
    why: &'static str,
) -> Refusal {
    Refusal {
        of,
        place,
        methods,
        why,
    }
}

/// The table of refusals.
#[rustfmt::skip]
pub(crate) static REFUSALS: &[Refusal] = &[
    refusal(&model::ASSIGNMENT, Place::Collection, CREATE, FROM_REQUESTS),
    refusal(&model::ASSIGNMENT, Place::Object, CHANGE_OR_DELETE, FROM_REQUESTS),
    refusal(&model::ASSIGNMENT_POLICY, Place::Object, CHANGE, "a policy is replaced as a whole: use PUT (PO-40)"),
    refusal(&model::LEDGER, Place::Collection, CREATE, DELIVERED),
    refusal(&model::LEDGER, Place::Object, CHANGE_OR_DELETE, DELIVERED),
    refusal(&model::APPROVAL, Place::Collection, CREATE, WITH_REQUEST),
    refusal(&model::APPROVAL, Place::Object, CHANGE_OR_DELETE, WITH_REQUEST),
    refusal(&model::APPROVAL_STAGE, Place::Collection, CREATE, WITH_REQUEST),
    refusal(&model::APPROVAL_STAGE, Place::Object, DELETE, WITH_REQUEST),
    refusal(&model::SUGGESTION, Place::Collection, CREATE, SUGGESTED),
    refusal(&model::SUGGESTION, Place::Object, CHANGE_OR_DELETE, SUGGESTED),
    refusal(&model::AVAILABLE_ACCESS_PACKAGE, Place::Collection, CREATE, SUGGESTED),
    refusal(&model::AVAILABLE_ACCESS_PACKAGE, Place::Object, CHANGE_OR_DELETE, SUGGESTED),
    refusal(&model::ASSIGNMENT_REQUEST, Place::Object, CHANGE, AS_ASKED),
    refusal(&model::RESOURCE_REQUEST, Place::Object, CHANGE_OR_DELETE, AS_ASKED),
    refusal(&model::RESOURCE, Place::Collection, CREATE, BY_REQUEST),
    refusal(&model::RESOURCE, Place::Object, CHANGE_OR_DELETE, BY_REQUEST),
    refusal(&model::RESOURCE_ROLE, Place::Collection, CREATE, OF_ORIGIN),
    refusal(&model::RESOURCE_ROLE, Place::Object, CHANGE_OR_DELETE, OF_ORIGIN),
    refusal(&model::RESOURCE_SCOPE, Place::Collection, CREATE, OF_ORIGIN),
    refusal(&model::RESOURCE_SCOPE, Place::Object, CHANGE_OR_DELETE, OF_ORIGIN),
    refusal(&model::RESOURCE_ENVIRONMENT, Place::Collection, CREATE, OF_SYSTEM),
    refusal(&model::RESOURCE_ENVIRONMENT, Place::Object, CHANGE_OR_DELETE, OF_SYSTEM),
    refusal(&model::RESOURCE_ROLE_SCOPE, Place::Object, CHANGE, PAIR),
    refusal(&model::UPLOAD_FILE, Place::Content, REPLACE_OR_DELETE, UPLOADED),
    refusal(&model::SUBJECT, Place::Collection, CREATE, KNOWN),
    refusal(&model::SUBJECT, Place::Object, DELETE, KNOWN),
    refusal(&model::CONTROL_CONFIGURATION, Place::Collection, CREATE, CONTROLS),
    refusal(&model::CONTROL_CONFIGURATION, Place::Object, DELETE, CONTROLS),
    refusal(&model::ENTITLEMENT_SETTINGS, Place::Object, DELETE, SETTINGS),
    refusal(&model::ROLE_DEFINITION, Place::Collection, CREATE, BUILT_IN),
    refusal(&model::ROLE_DEFINITION, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::DELETED_ROLE_DEFINITION, Place::Collection, CREATE, BUILT_IN),
    refusal(&model::DELETED_ROLE_DEFINITION, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::ROLE_RESOURCE_NAMESPACE, Place::Collection, CREATE, BUILT_IN),
    refusal(&model::ROLE_RESOURCE_NAMESPACE, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::ROLE_RESOURCE_ACTION, Place::Collection, CREATE, BUILT_IN),
    refusal(&model::ROLE_RESOURCE_ACTION, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::ROLE_DELETED_ITEMS, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::ROLE_APPLICATION, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::APP_SCOPE, Place::Object, CHANGE_OR_DELETE, BUILT_IN),
    refusal(&model::ROLE_ASSIGNMENT, Place::Object, CHANGE, HELD),
    refusal(&model::ROLE_ASSIGNMENT_SCHEDULE, Place::Collection, CREATE, SCHEDULED),
    refusal(&model::ROLE_ASSIGNMENT_SCHEDULE, Place::Object, CHANGE_OR_DELETE, SCHEDULED),
    refusal(&model::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE, Place::Collection, CREATE, SCHEDULED),
    refusal(&model::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE, Place::Object, CHANGE_OR_DELETE, SCHEDULED),
    refusal(&model::ROLE_ASSIGNMENT_SCHEDULE_REQUEST, Place::Object, CHANGE_OR_DELETE, CARRIED_OUT),
    refusal(&model::ROLE_ELIGIBILITY_SCHEDULE, Place::Collection, CREATE, ELIGIBLE),
    refusal(&model::ROLE_ELIGIBILITY_SCHEDULE, Place::Object, CHANGE_OR_DELETE, ELIGIBLE),
    refusal(&model::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE, Place::Collection, CREATE, ELIGIBLE),
    refusal(&model::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE, Place::Object, CHANGE_OR_DELETE, ELIGIBLE),
    refusal(&model::ROLE_ELIGIBILITY_SCHEDULE_REQUEST, Place::Collection, CREATE, ELIGIBLE),
    refusal(&model::ROLE_ELIGIBILITY_SCHEDULE_REQUEST, Place::Object, CHANGE_OR_DELETE, ELIGIBLE),
    refusal(&model::TRANSITIVE_ROLE_ASSIGNMENT, Place::Collection, CREATE, TRANSITIVE),
    refusal(&model::TRANSITIVE_ROLE_ASSIGNMENT, Place::Object, CHANGE_OR_DELETE, TRANSITIVE),
    refusal(&model::ROLE_ASSIGNMENT_APPROVAL, Place::Collection, CREATE, NO_APPROVALS),
    refusal(&model::ROLE_ASSIGNMENT_APPROVAL, Place::Object, CHANGE_OR_DELETE, NO_APPROVALS),
    refusal(&model::ROLE_ASSIGNMENT_APPROVAL_STEP, Place::Collection, CREATE, NO_APPROVALS),
    refusal(&model::ROLE_ASSIGNMENT_APPROVAL_STEP, Place::Object, CHANGE_OR_DELETE, NO_APPROVALS),
];
