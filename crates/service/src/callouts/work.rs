//! Calls handed out under leases, and what came of them.
//!
//! **Invariant:** a verdict counts only under the lease that it was made under; the answer of the receiver may come before
//! it, and is not overwritten.

use domain::activity::Activity;
use domain::extension::{Authentication, CalloutStatus};
use domain::id::CalloutId;
use domain::time::{Duration, Timestamp};
use serde_json::{Map, Value as Json, json};
use store::WriteTx;
use store::custom_extension::{self, CustomExtension};
use store::extension_callout::{self, Callout};
use store::outbox::Lease;

use super::{Ending, conclude, settle, token};
use crate::audit;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;
use crate::settings::{PayloadShape, Settings};

/// How long a claimed call is left to whoever claimed it: several times what a call may take.
pub const LEASE: Duration = Duration::from_secs(30);

/// A call to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The callout's id, which is the receiver's key against doing it twice.
    pub id: CalloutId,
    /// Where.
    pub url: String,
    /// How long the receiver has, in milliseconds.
    pub timeout_ms: u64,
    /// How to tell who calls.
    pub authentication: Option<Authentication>,
    /// What is sent.
    pub body: String,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Accepted {
        /// Its own id of what it does now.
        run_id: Option<String>,
    },
    /// It did not.
    Failed {
        /// Why, in one sentence.
        reason: String,
    },
}

/// Claims up to `limit` calls that are due under the lease `owner`, which must be new.
pub async fn claim(service: &Service, owner: &str, limit: i64) -> Result<Vec<Call>, ServiceError> {
    let (moment, ctx) = (service.moment(), service.system());
    let settings = service.settings.clone();
    let owner = owner.to_owned();
    service
        .store
        .write(move |tx| -> Result<Vec<Call>, ServiceError> {
            let lease = Lease {
                owner: &owner,
                now: moment.now,
                until: moment.now.plus(LEASE),
            };
            let claimed = extension_callout::claim(tx, lease, limit)?;
            let mut calls = Vec::new();
            for callout in claimed {
                match custom_extension::find(tx, callout.custom_extension_id)? {
                    Some(extension) => {
                        let gets_token = settings.extensions.callback_tokens && callout.waits;
                        let token = if gets_token {
                            Some(token::give(tx, &moment, callout.id)?)
                        } else {
                            None
                        };
                        calls.push(call(&settings, &callout, &extension, token));
                    }
                    None => fail(
                        tx,
                        &moment,
                        &ctx,
                        &settings,
                        callout,
                        "the extension is gone",
                        0,
                    )?,
                }
            }
            Ok(calls)
        })
        .await
}

/// When the next call is due that nobody has claimed.
pub async fn next_due(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    Ok(service.store.read(extension_callout::next_due).await?)
}

/// Takes back all claimed calls, for a start at which nobody else can be at work.
pub async fn reclaim(service: &Service) -> Result<u64, ServiceError> {
    Ok(service.store.write(extension_callout::reclaim).await?)
}

/// Records what came of a call, and what follows for the request that waits for it.
pub async fn record(
    service: &Service,
    owner: &str,
    id: CalloutId,
    outcome: Outcome,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), service.system());
    let settings = service.settings.clone();
    let owner = owner.to_owned();
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let Some(callout) = extension_callout::find(tx, id)? else {
                return Ok(());
            };
            if callout.lease_owner.as_deref() != Some(&owner) {
                return Ok(());
            }
            match &outcome {
                Outcome::Accepted { run_id } => {
                    accept(tx, &moment, &ctx, callout, run_id.as_deref())
                }
                Outcome::Failed { reason } => {
                    let extension = custom_extension::find(tx, callout.custom_extension_id)?;
                    let retries = extension
                        .and_then(|extension| extension.content.client)
                        .map_or(0, domain::extension::ClientConfiguration::retries);
                    fail(tx, &moment, &ctx, &settings, callout, reason, retries)
                }
            }
        })
        .await?;
    service.wake();
    Ok(())
}

fn accept(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut callout: Callout,
    run_id: Option<&str>,
) -> Result<(), ServiceError> {
    callout.external_correlation_id = run_id.map(ToOwned::to_owned);
    callout.due_at = None;
    callout.lease_owner = None;
    callout.lease_until = None;
    if callout.status == CalloutStatus::Queued {
        if callout.waits {
            callout.status = CalloutStatus::WaitingForCallback;
            // The receiver has all of its time from when it was told.
            let patience = callout
                .deadline_at
                .map(|end| end.micros().saturating_sub(callout.created_at.micros()));
            callout.deadline_at =
                patience.map(|micros| moment.now.plus(Duration::from_micros(micros)));
        } else {
            callout.status = CalloutStatus::CalloutSent;
            callout.finished_at = Some(moment.now);
        }
    }
    extension_callout::save(tx, &callout)?;
    Ok(audit::record(tx, moment, ctx, executed(&callout))?)
}

fn fail(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    mut callout: Callout,
    reason: &str,
    retries: i64,
) -> Result<(), ServiceError> {
    callout.attempts += 1;
    callout.lease_owner = None;
    callout.lease_until = None;
    callout.failure = Some(reason.to_owned());
    if callout.status != CalloutStatus::Queued {
        // The answer came all the same.
        callout.due_at = None;
        return Ok(extension_callout::save(tx, &callout)?);
    }
    if callout.attempts <= retries {
        callout.due_at = Some(moment.now);
        return Ok(extension_callout::save(tx, &callout)?);
    }
    let waited = callout.request_id.filter(|_| callout.waits);
    callout.status = CalloutStatus::CalloutFailed;
    settle(&mut callout, moment);
    extension_callout::save(tx, &callout)?;
    audit::record(tx, moment, ctx, executed(&callout).failed(reason))?;
    match waited {
        Some(request) => conclude(
            tx,
            moment,
            ctx,
            settings,
            request,
            callout.stage,
            Ending::Silent,
        ),
        None => Ok(()),
    }
}

fn executed(callout: &Callout) -> audit::Event {
    let (object_type, id) = match (callout.request_id, callout.assignment_id) {
        (Some(request), _) => ("AccessPackageAssignmentRequest", request.to_string()),
        (None, Some(assignment)) => ("AccessPackageAssignment", assignment.to_string()),
        (None, None) => ("CustomExtension", callout.custom_extension_id.to_string()),
    };
    audit::success(Activity::ExecuteExtension, object_type, id, None)
        .with("customExtensionId", callout.custom_extension_id)
        .with("customExtensionStageInstanceId", callout.id)
        .with("stage", callout.stage)
}

fn call(
    settings: &Settings,
    callout: &Callout,
    extension: &CustomExtension,
    token: Option<String>,
) -> Call {
    let content = &extension.content;
    let mut data: Json = serde_json::from_str(&callout.data).unwrap_or_default();
    if let (Some(token), Some(members)) = (token, data.as_object_mut()) {
        members.insert("callbackToken".to_owned(), Json::String(token));
    }
    let body = match settings.extensions.payload_shape {
        PayloadShape::FlatPascal => flat_pascal(data),
        PayloadShape::Graph => json!({
            "type": format!("microsoft.graph.accessPackageCustomExtensionStage.{}", callout.stage),
            "source": "Reeve",
            "data": data,
        }),
    };
    let timeout = content.client.unwrap_or_default().timeout();
    Call {
        id: callout.id,
        url: content.endpoint.url().to_owned(),
        timeout_ms: u64::try_from(timeout).unwrap_or_default(),
        authentication: content.authentication.clone(),
        body: body.to_string(),
    }
}

/// The shape that receivers in the field read (CX-1): no envelope, names with a capital, the policy of the assignment under
/// both of its names.
fn flat_pascal(mut data: Json) -> Json {
    if let Some(assignment) = data.get_mut("assignment").and_then(Json::as_object_mut)
        && let Some(policy) = assignment.get("assignmentPolicy").cloned()
    {
        assignment.insert("accessPackageAssignmentPolicy".to_owned(), policy);
    }
    pascal(data)
}

fn pascal(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let renamed: Map<String, Json> = members
                .into_iter()
                .filter(|(name, _)| !name.starts_with('@'))
                .map(|(name, value)| (capitalised(&name), pascal(value)))
                .collect();
            Json::Object(renamed)
        }
        Json::Array(items) => items.into_iter().map(pascal).collect(),
        plain @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => plain,
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
