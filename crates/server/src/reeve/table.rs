//! The routes of Reeve's own API, as a table: for routing, and for the description that clients read.

use futures_util::future::BoxFuture;
use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::answer::Answer;
use super::{
    OwnRequest, adoptions, audit_log, bindings, clock, deliveries, delta, explain, extras, faults,
    ledger, notices, policy_preview, reports, reprocess_jobs, resources, snapshots, stuck, sweeps,
    targets,
};
use crate::error::Error;

/// What stands before each path of the table.
pub(crate) const ROOT: &str = "/reeve/v1";

/// Carries out one kind of request.
type Handler = for<'a> fn(&'a OwnRequest<'a>) -> BoxFuture<'a, Result<Answer, Error>>;

/// One row.
pub(crate) struct Operation {
    /// The method.
    pub(crate) method: Method,
    /// The path below [`ROOT`], with parameters in braces.
    pub(crate) path: &'static str,
    /// Its name, for generated clients.
    pub(crate) id: &'static str,
    /// What it does, in one sentence.
    pub(super) summary: &'static str,
    /// The parameters behind the `?`.
    pub(super) query: &'static [Parameter],
    /// The schema of the body, if it takes one.
    pub(super) body: Option<&'static str>,
    /// The status of success.
    pub(super) status: u16,
    /// The schema of the answer, if it has one.
    pub(super) answer: Option<&'static str>,
    /// Whether only development tenants have it.
    pub(super) development: bool,
    /// Who carries it out.
    pub(super) run: Handler,
}

/// A parameter behind the `?`.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// The type of its value in a JSON schema.
    pub(super) kind: &'static str,
    pub(super) summary: &'static str,
}

const fn parameter(name: &'static str, kind: &'static str, summary: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        summary,
    }
}

const fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: &'static str,
    run: Handler,
) -> Operation {
    Operation {
        method: Method::GET,
        path,
        id,
        summary,
        query: &[],
        body: None,
        status: 200,
        answer: Some(answer),
        development: false,
        run,
    }
}

const fn change(
    method: Method,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    body: Option<&'static str>,
    run: Handler,
) -> Operation {
    Operation {
        method,
        path,
        id,
        summary,
        query: &[],
        body,
        status: 204,
        answer: None,
        development: false,
        run,
    }
}

const fn with_query(mut operation: Operation, query: &'static [Parameter]) -> Operation {
    operation.query = query;
    operation
}

const fn answering(mut operation: Operation, answer: &'static str) -> Operation {
    operation.status = 200;
    operation.answer = Some(answer);
    operation
}

const fn creating(mut operation: Operation, answer: &'static str) -> Operation {
    operation.status = 201;
    operation.answer = Some(answer);
    operation
}

const fn development(mut operation: Operation) -> Operation {
    operation.development = true;
    operation
}

const PAGE: &[Parameter] = &[
    parameter("top", "integer", "Most rows of a page, from 1 to 999."),
    parameter(
        "after",
        "string",
        "Where the page begins, from the `nextLink` of the page before.",
    ),
];

const PREVIEW: &[Parameter] = &[
    parameter(
        "outcome",
        "string",
        "Only users of whom this becomes: gains, loses, moves, stays or skipped; all but stays, if nothing is said.",
    ),
    parameter("top", "integer", "Most rows of a page, from 1 to 999."),
    parameter(
        "after",
        "string",
        "Where the page begins, from the `nextLink` of the page before.",
    ),
];

const NOTICES: &[Parameter] = &[
    parameter(
        "state",
        "string",
        "Only notices in this state: queued, sending, sent, uncertain, failed or dropped; failed, if nothing is said.",
    ),
    parameter("top", "integer", "Most rows of a page, from 1 to 999."),
    parameter(
        "after",
        "string",
        "Where the page begins, from the `nextLink` of the page before.",
    ),
];

const AUDIT_LOG: &[Parameter] = &[
    parameter(
        "since",
        "string",
        "Begin with the first event that is not older.",
    ),
    parameter(
        "until",
        "string",
        "End before the first event that is not older.",
    ),
    parameter(
        "after",
        "integer",
        "Go on behind this place, from the link of the answer before.",
    ),
    parameter(
        "through",
        "integer",
        "End with this place, from the same link.",
    ),
];

const AUTHORIZATION: &[Parameter] = &[
    parameter(
        "operation",
        "string",
        "What is to be done: the name of an operation such as `reprocess`, or a command of the Graph API such as \
         `POST /v1.0/identityGovernance/entitlementManagement/assignmentRequests/{id}/reprocess`.",
    ),
    parameter(
        "object",
        "string",
        "The id of the catalog, access package, policy, request, assignment, resource, extension or role assignment.",
    ),
    parameter(
        "principal",
        "string",
        "Who is to do it, by object id, sign-in name or client id; by default the caller.",
    ),
    parameter(
        "permissions",
        "string",
        "The permissions that the token is to have, with spaces between them, or `none`; by default those of the caller's own \
         token, and every permission for others.",
    ),
];

/// The format of a report.
const FORMAT: Parameter = parameter(
    "format",
    "string",
    "How the report is written: json, or csv with the rest behind `Link`.",
);

const TARGET: Parameter = parameter("target", "string", "Only of this target.");

const RESOURCE: Parameter = parameter(
    "resource",
    "string",
    "Only of this resource, by its id in its origin, such as the group id.",
);

const TOP: Parameter = parameter("top", "integer", "Most rows of a page, from 1 to 999.");

const AFTER: Parameter = parameter(
    "after",
    "string",
    "Where the page begins, from the `nextLink` of the page before.",
);

const DRIFT: &[Parameter] = &[
    parameter(
        "kind",
        "string",
        "Only grants that are missing, or only those that are unwanted and there.",
    ),
    parameter(
        "subject",
        "string",
        "Only grants of this subject, by its own id or its directory id.",
    ),
    TARGET,
    RESOURCE,
    FORMAT,
    TOP,
    AFTER,
];

const EXTRAS: &[Parameter] = &[
    TARGET,
    RESOURCE,
    parameter("subject", "string", "Only of this user, by directory id."),
    FORMAT,
    TOP,
    AFTER,
];

const SWEEPS: &[Parameter] = &[TARGET, TOP, AFTER];

const PRINCIPAL: Parameter = parameter(
    "principal",
    "string",
    "Whom it is about, by object id or sign-in name; by default the caller.",
);

const CHANGES: &[Parameter] = &[
    parameter(
        "$select",
        "string",
        "The properties that are wanted, as in the list.",
    ),
    parameter(
        "$top",
        "integer",
        "Most objects of a page, from 1 to 999; `Prefer: odata.maxpagesize` says the same.",
    ),
    parameter(
        "$skiptoken",
        "string",
        "Where the page begins, from the `@odata.nextLink` of the page before.",
    ),
    parameter(
        "$deltatoken",
        "string",
        "Since when changes are wanted, from the `@odata.deltaLink` of the round before.",
    ),
];

const EXPLAIN_REQUEST: &[Parameter] = &[
    PRINCIPAL,
    parameter(
        "accessPackage",
        "string",
        "The id of the access package that they would ask for.",
    ),
];

const EXPLAIN_APPROVAL: &[Parameter] = &[
    parameter("request", "string", "The id of a request that was made."),
    PRINCIPAL,
    parameter(
        "accessPackage",
        "string",
        "The id of the access package that they would ask for, in the place of a request.",
    ),
];

const EXPLAIN_ACCESS: &[Parameter] = &[
    PRINCIPAL,
    parameter("accessPackage", "string", "The id of an access package."),
    parameter(
        "resource",
        "string",
        "The id of a group, an application or a resource of a catalog, in the place of an access package.",
    ),
];

const EXPLAIN_RESOURCE: &[Parameter] = &[
    parameter(
        "object",
        "string",
        "The id of a group, an application or a resource of a catalog.",
    ),
    TOP,
    AFTER,
];

const INCOMPATIBLE_ACCESS: &[Parameter] = &[
    parameter(
        "accessPackage",
        "string",
        "Only holders of this access package; otherwise of all that the caller may read.",
    ),
    parameter(
        "format",
        "string",
        "How the report is written: json, or csv, which is all of it in one file.",
    ),
    TOP,
    AFTER,
];

const LEDGER: &[Parameter] = &[
    parameter(
        "subject",
        "string",
        "Only grants of this subject, by its own id or its directory id.",
    ),
    parameter(
        "assignment",
        "string",
        "Only grants that this assignment justifies.",
    ),
    parameter(
        "request",
        "string",
        "Only grants that this assignment request delivers.",
    ),
    parameter("target", "string", "Only grants in this target."),
    parameter(
        "phase",
        "string",
        "Only grants in this phase: settled, pending, leased or needsAttention.",
    ),
    parameter(
        "drifted",
        "boolean",
        "Only grants that are not as they should be, with nothing in flight.",
    ),
    parameter("top", "integer", "Most rows of a page, from 1 to 999."),
    parameter(
        "after",
        "string",
        "Where the page begins, from the `nextLink` of the page before.",
    ),
];

const RESULTS: &[Parameter] = &[
    parameter(
        "onlyFailed",
        "boolean",
        "Only items that came to no good end.",
    ),
    parameter(
        "after",
        "integer",
        "Only items behind this one, by its `item`.",
    ),
    parameter(
        "top",
        "integer",
        "At most so many items; all, if nothing is said.",
    ),
];

/// A function as the table wants it.
macro_rules! run {
    ($function:path) => {
        |request| Box::pin(async move { $function(request).await.map(Answer::from) })
    };
}

/// The table.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    read("/targets", "listTargets", "Lists the targets, what waits for each, and what was switched.", "Targets", run!(targets::list)),
    change(Method::POST, "/targets/{name}/pause", "pauseTarget", "Holds back all deliveries to a target.", Some("Pause"), run!(targets::pause)),
    change(Method::POST, "/targets/{name}/resume", "resumeTarget", "Lets deliveries to a target go on.", None, run!(targets::resume)),
    read("/bindings", "listBindings", "Lists which groups and applications are delivered to which target.", "Bindings", run!(bindings::list)),
    read("/bindings/{objectId}", "getBinding", "Tells which target a group or application is delivered to.", "Binding", run!(bindings::get)),
    answering(change(Method::PUT, "/bindings/{objectId}", "setBinding", "Delivers a group or application to a target.", Some("NewBinding"), run!(bindings::set)), "Binding"),
    change(Method::DELETE, "/bindings/{objectId}", "clearBinding", "Delivers a group or application to the built-in directory again.", None, run!(bindings::clear)),
    with_query(read("/ledger", "listLedger", "Lists grants: what is desired, what was observed, what is in flight.", "Grants", run!(ledger::list)), LEDGER),
    with_query(read("/drift", "listDrift", "Counts and lists grants that are not as they should be, with nothing in flight.", "Drift", run!(ledger::drift)), DRIFT),
    with_query(read("/drift/extras", "listExtras", "Counts and lists access that is there and that nobody granted, as sweeps saw it.", "Extras", run!(extras::list)), EXTRAS),
    with_query(read("/sweeps", "listSweeps", "Lists the sweeps of targets, the newest first.", "Sweeps", run!(sweeps::list)), SWEEPS),
    creating(change(Method::POST, "/sweeps", "createSweep", "Reads who really has access in a target, unless a sweep of it is under way.", Some("NewSweep"), run!(sweeps::create)), "Sweep"),
    read("/sweeps/{id}", "getSweep", "Tells how far a sweep is.", "Sweep", run!(sweeps::get)),
    with_query(read("/sweeps/{id}/objects", "listSweepObjects", "Lists what a sweep read, and what it could not read and why.", "SweepObjects", run!(sweeps::objects)), PAGE),
    change(Method::POST, "/sweeps/{id}/cancel", "cancelSweep", "Calls a sweep off; what it found stays.", None, run!(sweeps::cancel)),
    answering(change(Method::POST, "/adoptions", "adopt", "Assigns a package to those who have all that it gives already, or tells who that would be.", Some("NewAdoption"), run!(adoptions::create)), "Adoption"),
    change(Method::POST, "/ledger/{id}/retry", "retryGrant", "Tries a grant again that needs attention, whether or not a request is behind it.", None, run!(ledger::retry)),
    change(Method::PATCH, "/resources/{id}", "changeResource", "Says whether drift of a resource is only shown, or restored at once, and whether nobody else may be in it.", Some("ResourceChange"), run!(resources::change)),
    read("/assignmentRequests/{id}/deliveries", "listDeliveries", "Lists the units of work of a request, with attempts and errors.", "Deliveries", run!(deliveries::list)),
    with_query(read("/policies/{id}/preview", "previewPolicy", "Tells who would get, lose and keep a package by the rule of a policy, and who would be left out and why.", "Preview", run!(policy_preview::stored)), PREVIEW),
    with_query(answering(change(Method::POST, "/policies/{id}/preview", "previewDraft", "Tells the same of another rule or other settings, before they are saved.", Some("PreviewDraft"), run!(policy_preview::drafted)), "Preview"), PREVIEW),
    with_query(read("/policies/{id}/automatic", "getAutomaticStatus", "Tells how far the rule of a policy is, and about whom nothing was done and why.", "AutomaticStatus", run!(policy_preview::progress)), PAGE),
    with_query(read("/auditLog", "exportAuditLog", "Writes out the sealed events of the audit log as JSON lines; `Link` leads to the rest.", "AuditLines", run!(audit_log::list)), AUDIT_LOG),
    with_query(read("/notices", "listNotices", "Lists what people were told by mail, or were not, and why.", "Notices", run!(notices::list)), NOTICES),
    change(Method::POST, "/notices/{id}/retry", "retryNotice", "Sends a notice again that came to no good end.", None, run!(notices::retry)),
    with_query(read("/explain/authorization", "explainAuthorization", "Tells why somebody may do something, or may not, and what would be enough.", "Authorization", run!(explain::authorization)), AUTHORIZATION),
    creating(change(Method::POST, "/reprocessJobs", "createReprocessJob", "Plans to reprocess many assignments or requests, and runs the plan if it stays within its thresholds.", Some("NewReprocessJob"), run!(reprocess_jobs::create)), "ReprocessJob"),
    with_query(read("/reprocessJobs", "listReprocessJobs", "Lists the bulk jobs, the newest first.", "ReprocessJobs", run!(reprocess_jobs::list)), PAGE),
    read("/reprocessJobs/{id}", "getReprocessJob", "Tells how far a bulk job is.", "ReprocessJob", run!(reprocess_jobs::get)),
    read("/reprocessJobs/{id}/plan", "getReprocessPlan", "Tells what a bulk job would do to which targets, and what it would refuse and why.", "ReprocessPlan", run!(reprocess_jobs::plan)),
    answering(change(Method::POST, "/reprocessJobs/{id}/run", "runReprocessJob", "Runs a plan that is ready, or that was stopped at its thresholds.", Some("ReprocessRun"), run!(reprocess_jobs::run)), "ReprocessJob"),
    answering(change(Method::POST, "/reprocessJobs/{id}/pause", "pauseReprocessJob", "Holds a bulk job back; what was begun is delivered.", None, run!(reprocess_jobs::pause)), "ReprocessJob"),
    answering(change(Method::POST, "/reprocessJobs/{id}/resume", "resumeReprocessJob", "Lets a bulk job go on.", None, run!(reprocess_jobs::resume)), "ReprocessJob"),
    answering(change(Method::POST, "/reprocessJobs/{id}/cancel", "cancelReprocessJob", "Ends a bulk job; what was begun is delivered.", None, run!(reprocess_jobs::cancel)), "ReprocessJob"),
    with_query(read("/reprocessJobs/{id}/results", "listReprocessResults", "Writes out what came of each item, as JSON lines.", "ReprocessLines", run!(reprocess_jobs::results)), RESULTS),
    read("/reprocessJobs/{id}/events", "watchReprocessJob", "Tells of the progress of a bulk job as server-sent events, until it is over.", "ReprocessEvents", run!(reprocess_jobs::events)),
    with_query(read("/explain/request", "explainRequest", "Tells why somebody can ask for an access package, or cannot: every check in its order, by each policy.", "RequestExplanation", run!(explain::request)), EXPLAIN_REQUEST),
    with_query(read("/explain/approval", "explainApproval", "Tells who decides about a request, or would: stages, people, stand-ins and time-outs.", "ApprovalExplanation", run!(explain::approval)), EXPLAIN_APPROVAL),
    with_query(read("/explain/access", "explainAccess", "Tells why somebody has access, or does not: grants, assignments, requests, and what was seen.", "AccessExplanation", run!(explain::access)), EXPLAIN_ACCESS),
    with_query(read("/explain/resource", "explainResource", "Tells which access packages give a group or an application, and who has it, by them or otherwise.", "ResourceExplanation", run!(explain::resource)), EXPLAIN_RESOURCE),
    with_query(read("/reports/incompatibleAccess", "reportIncompatibleAccess", "Lists who holds what does not go together today; as CSV, if that is what is accepted.", "IncompatibleAccess", run!(reports::incompatible_access)), INCOMPATIBLE_ACCESS),
    with_query(read("/delta/assignmentRequests", "deltaAssignmentRequests", "Lists all assignment requests that the caller may list, and from then on what became of them.", "Delta", run!(delta::requests)), CHANGES),
    with_query(read("/delta/assignments", "deltaAssignments", "Lists all assignments that the caller may list, and from then on what became of them.", "Delta", run!(delta::assignments)), CHANGES),
    read("/stuck", "listStuck", "Lists objects that nobody moves on although their deadline has passed.", "StuckObjects", run!(stuck::list)),
    development(read("/dev/clock", "getClock", "Tells the time of the tenant.", "Clock", run!(clock::get))),
    development(answering(change(Method::POST, "/dev/clock", "advanceClock", "Moves the tenant's clock forward.", Some("Advance"), run!(clock::advance)), "Clock")),
    development(read("/dev/snapshots", "listSnapshots", "Lists the states of the tenant that were kept.", "Snapshots", run!(snapshots::list))),
    development(answering(change(Method::POST, "/dev/snapshots", "takeSnapshot", "Keeps everything that the tenant holds under a name.", Some("NewSnapshot"), run!(snapshots::take)), "Snapshot")),
    development(change(Method::DELETE, "/dev/snapshots/{name}", "removeSnapshot", "Lets go of a state that was kept.", None, run!(snapshots::remove))),
    development(change(Method::POST, "/dev/snapshots/{name}/restore", "restoreSnapshot", "Brings everything back as it was kept, the clock included.", None, run!(snapshots::restore))),
    development(change(Method::POST, "/dev/reset", "resetTenant", "Brings everything back as it was when the server began to serve.", None, run!(snapshots::reset))),
    development(read("/dev/faults", "listFaults", "Lists what misbehaves on purpose, and how often this server met it.", "InjectedFaults", run!(faults::list))),
    development(creating(change(Method::POST, "/dev/faults", "createFault", "Makes a target or a route of the API misbehave, for all calls, the next ones, or a share of them.", Some("NewFault"), run!(faults::create)), "InjectedFault")),
    development(change(Method::DELETE, "/dev/faults", "removeFaults", "Takes all faults back.", None, run!(faults::remove_all))),
    development(change(Method::PUT, "/dev/faults/{name}", "setFault", "Makes a target misbehave in one way alone, or behave again.", Some("Fault"), run!(faults::set))),
    development(change(Method::DELETE, "/dev/faults/{name}", "removeFault", "Takes a fault back by its id, or all faults of a target by its name.", None, run!(faults::remove))),
];

/// A row that fits, with the values of its path parameters.
pub(super) struct Found {
    pub(super) operation: &'static Operation,
    pub(super) arguments: Vec<(&'static str, String)>,
}

/// The row for a request.
pub(super) fn find(method: &Method, path: &str, development: bool) -> Result<Found, Error> {
    let segments = segments(path)?;
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut allow = Vec::new();
    for operation in OPERATIONS
        .iter()
        .filter(|row| development || !row.development)
    {
        let Some(arguments) = matches(operation.path, &segments) else {
            continue;
        };
        if operation.method == *method {
            return Ok(Found {
                operation,
                arguments,
            });
        }
        allow.push(operation.method.as_str());
    }
    if allow.is_empty() {
        return Err(Error::NotFound(format!("`{ROOT}{path}` does not exist")));
    }
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    Err(Error::MethodNotAllowed {
        allow: allow.join(", "),
    })
}

fn segments(path: &str) -> Result<Vec<String>, Error> {
    path.trim_matches('/')
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| Error::bad_request("the path is not UTF-8"))
        })
        .collect()
}

fn matches(pattern: &'static str, segments: &[String]) -> Option<Vec<(&'static str, String)>> {
    let pattern: Vec<&'static str> = pattern.trim_matches('/').split('/').collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut arguments = Vec::new();
    for (wanted, found) in pattern.into_iter().zip(segments) {
        match parameter_name(wanted) {
            Some(name) => arguments.push((name, found.clone())),
            None if wanted.eq_ignore_ascii_case(found) => {}
            None => return None,
        }
    }
    Some(arguments)
}

/// The name of a path parameter, if the segment is one.
pub(super) fn parameter_name(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// A schema by its name.
pub(super) fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("#/components/schemas/{name}") })
}
