//! Items that are found as they shall be, all of a chunk by one look: at the ledger, and at the built-in directory, which is in
//! the same database. Nothing of them has to be judged one by one.
//!
//! **Invariant:** an item is found so only where a single call would be accepted and would change nothing. Whatever is not
//! plainly so is judged like a single call.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{AccessPackageId, AssignmentId, CatalogId};
use domain::reprocess_job::Collection;
use store::reprocess_job::steady::{Steady, steady};
use store::reprocess_job::tally::TargetTally;
use store::reprocess_job::{Job, facts};
use store::{ReadTx, WriteTx};

use super::in_place::{DIRECTORY, is_held};
use super::rights::Rights;
use super::{happened, record};
use crate::ctx::Moment;
use crate::error::ServiceError;

/// Items that were found so, by the ids of their objects.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<String, Steady>);

impl Found {
    /// Looks for them among the objects of a chunk.
    pub(super) fn among(
        tx: &mut ReadTx<'_>,
        moment: &Moment,
        rights: &Rights,
        collection: Collection,
        objects: &[String],
    ) -> Result<Self, store::Error> {
        if collection != Collection::Assignments || objects.is_empty() || is_held(tx)? {
            return Ok(Self::default());
        }
        let mut found = steady(tx, objects, moment.now)?;
        if !rights.reach_everything() {
            let packages: BTreeSet<AccessPackageId> =
                found.iter().map(|one| one.access_package_id).collect();
            let catalogs: BTreeMap<AccessPackageId, CatalogId> =
                facts::catalogs(tx, packages)?.into_iter().collect();
            found.retain(|one| {
                catalogs
                    .get(&one.access_package_id)
                    .is_some_and(|catalog| rights.reach(*catalog))
            });
        }
        let by_id = found.into_iter().map(|one| (one.id.to_string(), one));
        Ok(Self(by_id.collect()))
    }

    /// What was found of an object.
    pub(super) fn get(&self, object: &str) -> Option<&Steady> {
        self.0.get(object)
    }

    /// Whether nothing was found so.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many items were found so.
    pub(super) fn count(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// How many grants they have.
    pub(super) fn grants(&self) -> i64 {
        self.0.values().map(|one| one.grants).sum()
    }

    /// The ids of the objects, in their order.
    pub(super) fn objects(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    fn assignments(&self) -> impl Iterator<Item = AssignmentId> {
        self.0.values().map(|one| one.id)
    }
}

/// Writes that the items behind a place and up to another one were found so: their lines, the record of their grants (RP-21),
/// and one event of the job that names them by their number, their places and the hash of their ids.
pub(super) fn settle(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    job: &mut Job,
    places: (i64, i64),
    found: &Found,
) -> Result<(), ServiceError> {
    if found.is_empty() {
        return Ok(());
    }
    let (count, units) = (found.count(), found.grants());
    let settled =
        store::reprocess_job::item::as_found(tx, job.id, places, found.objects(), moment.now)?;
    if i64::try_from(settled) != Ok(count) {
        return Err(store::Error::StaleVersion.into());
    }
    store::reprocess_job::steady::seen(tx, found.assignments(), moment.now)?;
    let done = TargetTally {
        done: units,
        ..TargetTally::default()
    };
    let targets = BTreeMap::from([(DIRECTORY.to_owned(), done)]);
    store::reprocess_job::tally::add_targets(tx, job.id, &targets)?;
    job.progress.delivered += count;
    let event = happened(job, "verifyAssignments")
        .with("items", count)
        .with("after", places.0)
        .with("through", places.1)
        .with("sha256", digest(found));
    record(tx, moment, job, event)?;
    Ok(())
}

/// The hash of the ids in their order, each on a line of its own.
fn digest(found: &Found) -> String {
    let mut lines = String::with_capacity(found.0.len() * 37);
    for object in found.objects() {
        lines.push_str(object);
        lines.push('\n');
    }
    auth::seal::link("", &lines)
}
