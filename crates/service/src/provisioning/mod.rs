//! Commands by which an outside directory feeds the built-in one: users and groups, whole or in parts.
//!
//! **Invariant:** each is one transaction, and does to the directory what the commands of [`crate::directory`] do, with
//! the same rights, rules and audit events. Nothing here knows the protocol: what is wanted comes from a function that
//! is shown the object as it is, inside of the transaction.

pub mod groups;
pub mod users;

use domain::query::{Query, Record};
use store::ReadTx;

use crate::error::ServiceError;

/// Why a change did not happen.
#[derive(Debug)]
pub enum Failure<E> {
    /// The directory says no.
    Service(ServiceError),
    /// Whoever says what is wanted says no.
    Edit(E),
}

impl<E> From<ServiceError> for Failure<E> {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl<E> From<store::Error> for Failure<E> {
    fn from(error: store::Error) -> Self {
        Self::Service(error.into())
    }
}

/// The one row that a query names.
fn shown(
    tx: &mut ReadTx<'_>,
    query: &Query,
    absent: impl FnOnce() -> ServiceError,
) -> Result<Record, ServiceError> {
    store::list::first(tx, query)?.ok_or_else(absent)
}
