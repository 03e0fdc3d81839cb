//! Reprocess (semantics 4): try a request again whose delivery failed or was partial, or enforce an assignment that was
//! delivered but may have drifted.
//!
//! **Invariant:** acceptance is one durable transaction; no target is spoken to before the caller has the answer.

mod accept;
pub(crate) mod begin;
pub(crate) mod facts;
pub(crate) mod judge;
mod look;
mod rate;

use std::sync::Arc;

use auth::roles::Action;
use domain::activity::Activity;
use domain::id::{AssignmentId, RequestId};

use self::accept::{Call, Wanted};
pub use self::accept::{Calls, calls};
pub use self::look::{look_at_assignment, look_at_request};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{audit, authorize};

const ACTIVITY: Activity = Activity::UpdateRequest;

/// Retries the delivery of a request (section 4.3). `of_assignment` is the assignment that the path named before it (P7).
pub async fn request(
    service: &Service,
    ctx: &Ctx,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
) -> Result<(), ServiceError> {
    let wanted = Wanted::Request { id, of_assignment };
    let done = accept(service, ctx, wanted).await;
    let object_type = "AccessPackageAssignmentRequest";
    finish(service, ctx, done, object_type, &id.to_string()).await
}

/// The same for whoever begins with what the request failed at; who may not retry it so leaves no trace.
pub(crate) async fn again(service: &Service, ctx: &Ctx, id: RequestId) -> Result<(), ServiceError> {
    let wanted = Wanted::Request {
        id,
        of_assignment: None,
    };
    accept(service, ctx, wanted).await?;
    service.wake();
    Ok(())
}

/// Enforces an assignment again (section 4.4).
pub async fn assignment(
    service: &Service,
    ctx: &Ctx,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let done = accept(service, ctx, Wanted::Assignment { id }).await;
    let object_type = "AccessPackageAssignment";
    finish(service, ctx, done, object_type, &id.to_string()).await
}

async fn accept(service: &Service, ctx: &Ctx, wanted: Wanted) -> Result<(), ServiceError> {
    let call = Call {
        wanted,
        moment: service.moment(),
        ctx: ctx.clone(),
        settings: Arc::clone(&service.settings),
    };
    service
        .store
        .write_together(&service.reprocesses, call)
        .await
}

/// May the caller try at all: the 403 that comes before the id is looked at (RP-5)?
pub fn admitted(ctx: &Ctx) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)
}

/// The same, of the object that the address names; a refusal leaves its event (AL-4).
pub async fn admitted_to(
    service: &Service,
    ctx: &Ctx,
    named: Named<'_>,
) -> Result<(), ServiceError> {
    match admitted(ctx) {
        Ok(()) => Ok(()),
        refused => {
            let (object_type, id) = match named {
                Named::Request(id) => ("AccessPackageAssignmentRequest", id),
                Named::Assignment(id) => ("AccessPackageAssignment", id),
            };
            finish(service, ctx, refused, object_type, id).await
        }
    }
}

/// What an address names, as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// An assignment request.
    Request(&'a str),
    /// An assignment.
    Assignment(&'a str),
}

async fn finish(
    service: &Service,
    ctx: &Ctx,
    done: Result<(), ServiceError>,
    object_type: &'static str,
    id: &str,
) -> Result<(), ServiceError> {
    match &done {
        Ok(()) => service.wake(),
        Err(error) => {
            let event =
                audit::success(ACTIVITY, object_type, id, None).with("operation", "reprocess");
            audit::refusal(service, ctx, event, error).await?;
        }
    }
    done
}
