//! A condition on the first write of a store: a row is still the one that was read.
//!
//! **Invariant:** the condition is looked at in the transaction that writes, so nothing comes between the two.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::query::{Query, Value};

use super::transaction::WriteTx;
use crate::error::Error;
use crate::list;

/// What has to hold.
pub(super) struct Guard {
    query: Query,
    versions: Vec<i64>,
    is_spent: AtomicBool,
}

impl Guard {
    pub(super) fn new(query: Query, versions: Vec<i64>) -> Self {
        Self {
            query,
            versions,
            is_spent: AtomicBool::new(false),
        }
    }

    /// Fails if the row is there in another version. A row that is not there is for the work to tell.
    pub(super) fn check(&self, tx: &mut WriteTx<'_>) -> Result<(), Error> {
        if self.is_spent.load(Ordering::Relaxed) {
            return Ok(());
        }
        let found = list::first(tx, &self.query)?;
        let stored = found.and_then(|row| row.values.first().and_then(Value::as_int));
        if stored.is_none_or(|stored| self.versions.contains(&stored)) {
            Ok(())
        } else {
            Err(Error::StaleVersion)
        }
    }

    /// The write is done: what follows finds the version that it made.
    pub(super) fn spend(&self) {
        self.is_spent.store(true, Ordering::Relaxed);
    }
}
