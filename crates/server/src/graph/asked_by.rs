//! What a call of the Graph API asks of its caller, told without making it.

use auth::roles::Action;
use http::Method;
use service::Ctx;
use service::entrance::Asked;
use service::explain::authorization::Operation;
use uuid::Uuid;
use wire::address::{Address, Tail};

use super::{resolve, table, versioned};
use crate::app::App;
use crate::error::Error;
use crate::routes::asks;

/// What a call asks.
pub(crate) struct AskedBy {
    /// The operation, where the address alone says which.
    pub(crate) operation: Option<Operation>,
    /// The object that governs it.
    pub(crate) object: Option<Uuid>,
}

/// The objects that belong to a catalog by themselves: what hangs on them is governed as they are.
const GOVERNED: &[&str] = &[
    "catalog",
    "access_package",
    "assignment_policy",
    "assignment_request",
    "assignment",
    "approval",
    "resource",
    "custom_extension",
    "legacy_custom_extension",
    "role_assignment",
];

/// What the call at this path asks, by the tables that the call itself is routed by.
pub(crate) fn asked_by(
    app: &App,
    ctx: &Ctx,
    method: &Method,
    path: &str,
) -> Result<AskedBy, Error> {
    let path = path.split('?').next().unwrap_or_default();
    let (version, rest) = versioned(path).ok_or_else(|| {
        Error::bad_parameter("operation", "the path has to begin with /v1.0 or /beta")
    })?;
    let segments = odata::path::parse(rest)?;
    let address = resolve(app, version, ctx, &segments)?;
    let routes = table::at(&address);
    let Some(route) = routes.iter().find(|route| route.method == *method) else {
        let allow = table::allowed(&address, &routes);
        return match *method {
            Method::GET if table::is_readable(&address) => Ok(AskedBy {
                operation: None,
                object: None,
            }),
            _ => Err(Error::MethodNotAllowed { allow }),
        };
    };
    let operation = match asks::of(route.of, route.place, method) {
        Some(Asked::Entitlements(action)) => Some(Operation::Entitlements(action)),
        Some(Asked::Directory(action)) => Some(Operation::Directory(action)),
        Some(Asked::Requestor) => Some(Operation::Entitlements(Action::QueryAsUser)),
        Some(Asked::Own) | None => own(&address),
    };
    Ok(AskedBy {
        operation,
        object: governed(&address),
    })
}

/// The operations that are one's own, and that the address alone tells.
fn own(address: &Address) -> Option<Operation> {
    let action = match (&address.tail, address.target().entity.name) {
        (Tail::Call(call), "assignment_request") if call.operation.name == "cancel" => {
            Action::Cancel
        }
        (Tail::Call(call), _) if call.operation.name == "filterByCurrentUser" => {
            Action::QueryAsUser
        }
        (Tail::Entity, "approval_stage") => Action::Decide,
        _ => return None,
    };
    Some(Operation::Entitlements(action))
}

fn governed(address: &Address) -> Option<Uuid> {
    let steps = address.steps.iter().enumerate().rev();
    steps
        .filter(|(_, step)| GOVERNED.contains(&step.of.entity.name))
        .find_map(|(at, _)| address.id(at)?.parse().ok())
}
