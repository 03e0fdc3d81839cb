//! Why somebody has access, or does not: what the ledger, the assignments, the requests and the directory say of it.
//!
//! **Invariant:** who asks about others is shown the rows that the lists would show them; who asks about themselves is
//! shown their own, without what only operators may know of targets.

use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::id::{AccessPackageId, ObjectId, ResourceId};
use domain::model;
use domain::query::{Comparison, Entity, Expansion, Page, Predicate, Query, Record, Value};
use store::ReadTx;

use super::request::package_asked;
use super::who::{self, Asked};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::reads::scope::{self, Me};
use crate::{authorize, reads};

/// What is shown of an assignment.
pub const ASSIGNMENT: &[&str] = &[
    "id",
    "access_package_id",
    "assignment_policy_id",
    "state",
    "status",
    "starts_at",
    "ends_at",
    "expired_at",
];
/// What is shown of a request.
pub const REQUEST: &[&str] = &[
    "id",
    "request_type",
    "access_package_id",
    "assignment_id",
    "state",
    "status",
    "starts_at",
    "created_at",
    "completed_at",
    "failure_code",
];
/// What is shown of a grant to whose it is.
pub const OWN_GRANT: &[&str] = &[
    "id",
    "desired",
    "observed",
    "observed_at",
    "phase",
    "error_code",
];
/// What is shown of a grant to whoever may read the ledger.
pub const GRANT: &[&str] = &[
    "id",
    "desired",
    "observed",
    "observed_at",
    "phase",
    "error_code",
    "observed_by",
    "preexisting",
    "origin_system",
    "resource_origin_id",
    "role_origin_id",
    "target",
    "operation",
    "attempts",
    "next_attempt_at",
    "error_message",
    "error_at",
];
/// What is shown of the assignments behind a grant.
pub const LINKED: &[&str] = &["id", "access_package_id", "state"];

/// How many rows of a kind are shown at most, the newest first.
const MOST: u64 = 50;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Whose access; the caller's, if nobody is named.
    pub principal: Option<String>,
    /// To what.
    pub about: About,
}

/// To what somebody has access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// What an access package gives.
    Package(AccessPackageId),
    /// A group or an application, by its own id or by that of a resource of a catalog; or anything else that a catalog
    /// knows by such an id.
    Resource(String),
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They have it.
    Has,
    /// They have some of it.
    Partly,
    /// They will have it: something is under way.
    OnItsWay,
    /// They do not have it.
    HasNot,
}

/// Rows, and the columns that they have.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The query.
    pub query: Query,
    /// Its answer.
    pub page: Page,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Whose access.
    pub principal: ObjectId,
    /// How it stands.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The rule that says so.
    pub rule: &'static str,
    /// The assignments.
    pub assignments: Rows,
    /// The requests, the newest first.
    pub requests: Rows,
    /// The grants.
    pub grants: Rows,
    /// Whether the directory has them in the group, or with a role of the application; none, if the asker may not know or
    /// there is no such thing.
    pub in_directory: Option<bool>,
}

/// Explains why somebody has access, or does not.
pub async fn explain(
    service: &Service,
    ctx: &Ctx,
    question: Question,
) -> Result<Explanation, ServiceError> {
    if question.principal.is_some() && authorize::user_of(ctx).is_none() {
        authorize::admitted(ctx, Action::ReadRequests)?;
    }
    let asked = who::asked(service, ctx, question.principal.as_deref()).await?;
    if !asked.is_self {
        authorize::admitted(ctx, Action::ReadRequests)?;
    }
    if let (About::Resource(resource), false) = (&question.about, asked.is_self) {
        must_know(service, ctx, resource).await?;
    }
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| explained(tx, &ctx, &asked, &question.about))
        .await
}

/// A resource that the asker cannot read anywhere is not there.
pub(super) async fn must_know(
    service: &Service,
    ctx: &Ctx,
    resource: &str,
) -> Result<(), ServiceError> {
    for (entity, field) in [
        (&model::RESOURCE, "origin_id"),
        (&model::RESOURCE, "id"),
        (&model::GROUP, "id"),
        (&model::SERVICE_PRINCIPAL, "id"),
    ] {
        let path = scope::path(entity, &[], field)?;
        let named = Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value: Value::Text(resource.to_owned()),
        };
        match reads::exists(service, ctx, entity, named).await {
            Ok(true) => return Ok(()),
            Ok(false) | Err(ServiceError::Refused { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Err(ServiceError::not_found("resource", resource))
}

fn explained(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    asked: &Asked,
    about: &About,
) -> Result<Explanation, ServiceError> {
    let me = Me::of(tx, ctx)?;
    let reader = Reader { ctx, me, asked };
    let mut in_directory = None;
    let (of_assignment, of_request, of_grant) = match about {
        About::Package(package) => {
            package_asked(tx, ctx, asked, *package)?;
            let id = package.to_string();
            (
                equals(&model::ASSIGNMENT, &[], "access_package_id", &id)?,
                equals(&model::ASSIGNMENT_REQUEST, &[], "access_package_id", &id)?,
                Predicate::Exists {
                    hops: scope::walk(&model::LEDGER, &["assignments"])?,
                    inner: Box::new(equals(&model::ASSIGNMENT, &[], "access_package_id", &id)?),
                },
            )
        }
        About::Resource(resource) => {
            let origin = origin_of(tx, resource)?;
            in_directory = directory_says(tx, ctx, asked, &origin)?;
            let of_grant = equals(&model::LEDGER, &[], "resource_origin_id", &origin)?;
            let of_assignment = Predicate::Exists {
                hops: scope::walk(&model::ASSIGNMENT, &["assignment_resource_roles"])?,
                inner: Box::new(of_grant.clone()),
            };
            let of_request = Predicate::Exists {
                hops: scope::walk(&model::ASSIGNMENT_REQUEST, &["deliveries"])?,
                inner: Box::new(equals(
                    &model::REQUEST_DELIVERY,
                    &["ledger"],
                    "resource_origin_id",
                    &origin,
                )?),
            };
            (of_assignment, of_request, of_grant)
        }
    };
    let grant_fields = if asked.is_self { OWN_GRANT } else { GRANT };
    let assignments = reader.rows(tx, &model::ASSIGNMENT, "target", ASSIGNMENT, of_assignment)?;
    let requests = reader.rows(
        tx,
        &model::ASSIGNMENT_REQUEST,
        "target",
        REQUEST,
        of_request,
    )?;
    let grants = reader.rows(tx, &model::LEDGER, "subject", grant_fields, of_grant)?;
    let (verdict, rule, reason) = match about {
        About::Package(_) => of_package(&assignments, &requests, &grants),
        About::Resource(_) => of_resource(&grants, in_directory),
    };
    Ok(Explanation {
        principal: asked.object,
        verdict,
        reason,
        rule,
        assignments,
        requests,
        grants,
        in_directory,
    })
}

/// Reads rows of the one who is asked about, as far as the asker may see them.
struct Reader<'a> {
    ctx: &'a Ctx,
    me: Me,
    asked: &'a Asked,
}

impl Reader<'_> {
    fn rows(
        &self,
        tx: &mut ReadTx<'_>,
        entity: &'static Entity,
        whose: &str,
        fields: &[&str],
        filter: Predicate,
    ) -> Result<Rows, ServiceError> {
        let mut query = Query::of(entity);
        for name in fields {
            query.fields.push(scope::path(entity, &[], name)?.field);
        }
        let object = self.asked.object.to_string();
        query.filter = equals(entity, &[whose], "object_id", &object)?.and(filter);
        query.limit = Some(MOST);
        if entity == &model::LEDGER {
            let relation = scope::walk(entity, &["assignments"])?;
            for relation in relation {
                let mut linked = Query::of(relation.to);
                for name in LINKED {
                    linked
                        .fields
                        .push(scope::path(relation.to, &[], name)?.field);
                }
                query.expand.push(Expansion {
                    relation,
                    query: linked,
                });
            }
        }
        // What is the asker's own needs no role; the rows name nobody else.
        let narrowed = if self.asked.is_self {
            query.clone()
        } else {
            scope::by_role(self.ctx, &self.me, query.clone())?
        };
        let page = store::list::list(tx, &narrowed)?;
        Ok(Rows { query, page })
    }
}

pub(super) fn equals(
    entity: &'static Entity,
    hops: &[&str],
    field: &str,
    text: &str,
) -> Result<Predicate, ServiceError> {
    Ok(Predicate::Compare {
        path: scope::path(entity, hops, field)?,
        comparison: Comparison::Eq,
        value: Value::Text(text.to_owned()),
    })
}

/// What the ledger calls a resource: its own id, also where it was named by that of a catalog's resource.
pub(super) fn origin_of(tx: &mut ReadTx<'_>, resource: &str) -> Result<String, ServiceError> {
    if let Ok(id) = resource.parse::<ResourceId>()
        && let Some(found) = store::resource::find(tx, id)?
    {
        return Ok(found.origin_id);
    }
    Ok(match resource.parse::<ObjectId>() {
        Ok(id) => id.to_string(),
        Err(_) => resource.to_owned(),
    })
}

/// Whether the directory has them in the group, or with a role of the application.
fn directory_says(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    asked: &Asked,
    origin: &str,
) -> Result<Option<bool>, ServiceError> {
    let Ok(object) = origin.parse::<ObjectId>() else {
        return Ok(None);
    };
    let may = |action| asked.is_self || authorize::in_directory(ctx, action).is_ok();
    if store::directory::group::find(tx, object)?.is_some() {
        if !may(DirectoryAction::ReadGroups) {
            return Ok(None);
        }
        let groups = store::directory::membership::transitive_groups_of(tx, asked.object)?;
        return Ok(Some(groups.contains(&object)));
    }
    if store::directory::service_principal::find(tx, object)?.is_some() {
        if !may(DirectoryAction::ReadApplications) {
            return Ok(None);
        }
        let before = asked.object.uuid().as_u128().checked_sub(1);
        let before = before.map(|id| ObjectId::new(uuid::Uuid::from_u128(id)));
        let found = store::holders::page(tx, object, before, 1)?;
        let here = found
            .iter()
            .any(|one| one.object == asked.object && one.is_in_directory);
        return Ok(Some(here));
    }
    // Nobody is in what is not there; to whoever asks about themselves that is all there is to say.
    Ok(asked.is_self.then_some(false))
}

/// How a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    /// Wanted, and seen.
    There,
    /// Wanted, and under way.
    Coming,
    /// Wanted, given up or gone although nothing is under way.
    Missing,
    /// Not wanted, and seen.
    Unwanted,
    /// Not wanted, and not there.
    Gone,
}

impl Rows {
    fn value<'r>(&self, row: &'r Record, name: &str) -> Option<&'r Value> {
        let at = self
            .query
            .fields
            .iter()
            .position(|field| field.name == name)?;
        row.values.get(at)
    }

    fn text<'r>(&self, row: &'r Record, name: &str) -> &'r str {
        self.value(row, name)
            .and_then(Value::as_text)
            .unwrap_or_default()
    }

    fn grant(&self, row: &Record) -> Grant {
        let desired = self.value(row, "desired").and_then(Value::as_bool) == Some(true);
        let present = self.text(row, "observed") == "present";
        let under_way = ["pending", "leased"].contains(&self.text(row, "phase"));
        match (desired, present) {
            (true, true) => Grant::There,
            (true, false) if under_way => Grant::Coming,
            (true, false) => Grant::Missing,
            (false, true) => Grant::Unwanted,
            (false, false) => Grant::Gone,
        }
    }

    fn count(&self, wanted: Grant) -> usize {
        let rows = self.page.rows.iter();
        rows.filter(|row| self.grant(row) == wanted).count()
    }

    /// Why a grant is missing, if one is.
    fn trouble(&self) -> String {
        let missing = self
            .page
            .rows
            .iter()
            .find(|row| self.grant(row) == Grant::Missing);
        match missing.map(|row| self.text(row, "error_code")) {
            Some("") | None => {
                "it is gone from the target, and nothing puts it back yet".to_owned()
            }
            Some(code) => format!("its delivery failed with `{code}`"),
        }
    }
}

type Found = (Verdict, &'static str, String);

fn of_package(assignments: &Rows, requests: &Rows, grants: &Rows) -> Found {
    let all = assignments.page.rows.iter();
    let live = all.clone().find(|row| {
        ["delivering", "delivered", "partiallyDelivered"].contains(&assignments.text(row, "state"))
    });
    if let Some(live) = live {
        return of_live(assignments.text(live, "state"), grants);
    }
    let open = requests.page.rows.iter().find_map(|row| {
        let waits = match requests.text(row, "state") {
            "pendingApproval" => "somebody has to approve the request",
            "scheduled" => "the start date has not come",
            "submitted" => "the request waits for an extension to answer",
            "delivering" => "the request is being delivered",
            _ => return None,
        };
        Some(waits)
    });
    if let Some(waits) = open {
        return (Verdict::OnItsWay, "RQ-16", waits.to_owned());
    }
    let newest = requests.page.rows.first();
    let (state, code) = newest.map_or(("", ""), |row| {
        (
            requests.text(row, "state"),
            requests.text(row, "failure_code"),
        )
    });
    let reason = match (state, code) {
        ("denied", _) => "the last request was denied, or nobody decided in time".to_owned(),
        ("canceled", _) => "the last request was cancelled".to_owned(),
        ("deliveryFailed", "") => "the last request could not be delivered".to_owned(),
        ("deliveryFailed", code) => format!("the last request could not be delivered: `{code}`"),
        _ if all.count() > 0 => "the assignment has ended".to_owned(),
        _ => "there is no assignment and no request".to_owned(),
    };
    (Verdict::HasNot, "OM-3", reason)
}

fn of_live(state: &str, grants: &Rows) -> Found {
    let (there, missing) = (grants.count(Grant::There), grants.count(Grant::Missing));
    let coming = grants.count(Grant::Coming);
    let all = there + missing + coming;
    match state {
        _ if missing > 0 => (
            if there > 0 {
                Verdict::Partly
            } else {
                Verdict::HasNot
            },
            "L8",
            format!(
                "there is an assignment, but {missing} of {all} grants are not there: {}",
                grants.trouble()
            ),
        ),
        "delivering" => (
            Verdict::OnItsWay,
            "RQ-16",
            format!("the assignment is being delivered: {there} of {all} grants are there"),
        ),
        "partiallyDelivered" => (
            Verdict::Partly,
            "A4",
            "the assignment was delivered in part".to_owned(),
        ),
        _ if coming > 0 => (
            Verdict::Partly,
            "L3",
            format!("there is an assignment, and {coming} of {all} grants are on their way"),
        ),
        _ => (
            Verdict::Has,
            "L1",
            format!("there is an assignment, and all {all} grants were seen"),
        ),
    }
}

fn of_resource(grants: &Rows, in_directory: Option<bool>) -> Found {
    let count = |wanted| grants.count(wanted);
    if count(Grant::There) > 0 && count(Grant::Missing) == 0 {
        let reason = "an assignment gives it, and it was seen at the target".to_owned();
        return (Verdict::Has, "L1", reason);
    }
    if count(Grant::There) > 0 {
        let reason = format!(
            "an assignment gives it, but not all is there: {}",
            grants.trouble()
        );
        return (Verdict::Partly, "L8", reason);
    }
    if count(Grant::Missing) > 0 {
        let reason = format!("an assignment gives it, but {}", grants.trouble());
        return (Verdict::HasNot, "L8", reason);
    }
    if count(Grant::Coming) > 0 {
        let reason = "an assignment gives it, and it is being delivered".to_owned();
        return (Verdict::OnItsWay, "L3", reason);
    }
    if count(Grant::Unwanted) > 0 {
        let reason = "no assignment gives it any more, but it is still there".to_owned();
        return (Verdict::Has, "L8", reason);
    }
    match in_directory {
        Some(true) => {
            let reason = "the directory has it so; no assignment gives it".to_owned();
            (Verdict::Has, "AS-3", reason)
        }
        _ if count(Grant::Gone) > 0 => {
            let reason = "the assignment that gave it has ended".to_owned();
            (Verdict::HasNot, "L1", reason)
        }
        Some(false) | None => {
            let reason = "no assignment gives it".to_owned();
            (Verdict::HasNot, "L1", reason)
        }
    }
}
