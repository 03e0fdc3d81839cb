//! Rows in the tables of both sides of a comparison.

use anyhow::ensure;

use crate::tenant::Tenant;

/// How many rows tables hold: Reeve's, and those of the yardstick with group commit.
pub(super) struct Rows<'a> {
    tables: &'a [&'static str],
    ours: Vec<i64>,
    bare: Vec<i64>,
}

impl<'a> Rows<'a> {
    pub(super) fn count(tenant: &Tenant, tables: &'a [&'static str]) -> anyhow::Result<Self> {
        Ok(Self {
            tables,
            ours: tenant.rows(None, tables)?,
            bare: tenant.rows(Some("group"), tables)?,
        })
    }

    /// A yardstick that has written other rows since measures nothing.
    pub(super) fn grew_alike(&self, tenant: &Tenant) -> anyhow::Result<()> {
        let after = Self::count(tenant, self.tables)?;
        let ours = more(&self.ours, &after.ours);
        let bare = more(&self.bare, &after.bare);
        ensure!(
            ours == bare && ours.iter().any(|more| *more > 0),
            "the yardstick wrote other rows to {:?}: {bare:?} instead of {ours:?}",
            self.tables
        );
        Ok(())
    }
}

fn more(before: &[i64], after: &[i64]) -> Vec<i64> {
    before
        .iter()
        .zip(after)
        .map(|(before, after)| after - before)
        .collect()
}
