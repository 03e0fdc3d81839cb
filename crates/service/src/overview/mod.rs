//! What whoever looks after access is shown: requests and assignments of everybody, drift, and what they may do about it.
//!
//! **Invariant:** every list goes through the reads of the API, so that the same roles show the same rows, and pages by the
//! same keys.

pub mod assignments;
pub mod drift;
pub mod extras;
pub mod packages;
pub mod requests;
mod select;

use std::fmt;
use std::str::FromStr;

use auth::decide::Catalogs;
use auth::roles::Action;
use domain::query::Value;

pub use select::{Filter, select};

use crate::authorize;
use crate::ctx::Ctx;

/// Rows of a page.
pub const PAGE: u64 = 50;

/// What somebody may do, for the links that they are shown. Whether they may do it to a given object is asked again.
#[expect(
    clippy::struct_excessive_bools,
    reason = "rights that do not depend on each other"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct May {
    /// See requests and assignments of others.
    pub read: bool,
    /// Reprocess some of them.
    pub reprocess: bool,
    /// Give the assignments that account for access which was there before.
    pub adopt: bool,
    /// See the targets, and what sweeps found in them.
    pub see_targets: bool,
    /// Pause and sweep targets.
    pub switch_targets: bool,
}

/// What the caller may do.
pub fn may(ctx: &Ctx) -> May {
    let somewhere = |action| !matches!(authorize::catalogs(ctx, action), Catalogs::None(_));
    let everywhere = |action| authorize::in_tenant(ctx, action).is_ok();
    May {
        read: somewhere(Action::ReadRequests),
        reprocess: somewhere(Action::Reprocess),
        adopt: everywhere(Action::AdminRequest),
        see_targets: everywhere(Action::ReadRequests),
        switch_targets: everywhere(Action::ManageSettings),
    }
}

/// Some of a list, and behind which row the rest begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins.
    pub next: Option<Place>,
}

/// A row of a list whose newest rows come first: when it was made, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    at: i64,
    id: String,
}

impl Place {
    fn of(values: &[Value]) -> Option<Self> {
        match values {
            [Value::Int(at), Value::Text(id)] => Some(Self {
                at: *at,
                id: id.clone(),
            }),
            _ => None,
        }
    }

    fn values(self) -> Vec<Value> {
        vec![Value::Int(self.at), Value::Text(self.id)]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

/// The text names no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text names no place in a list")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (at, id) = text.split_once('.').ok_or(NoPlace)?;
        let id = uuid::Uuid::try_parse(id).map_err(|_| NoPlace)?;
        Ok(Self {
            at: at.parse().map_err(|_| NoPlace)?,
            id: id.hyphenated().to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_it_was_written_and_nonsense_is_none() {
        let text = "1767225600000000.6e2c0a4b-9f44-4c5c-8e61-0c5b1e3a7d11";
        assert_eq!(
            text.parse::<Place>().map(|place| place.to_string()),
            Ok(text.to_owned())
        );
        for text in ["", "1", "1.x", "x.6e2c0a4b-9f44-4c5c-8e61-0c5b1e3a7d11"] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}
