//! What whoever looks after access is shown: requests and assignments of everybody, drift, and what they may do about it.
//!
//! **Invariant:** every list goes through the reads of the API, so that the same roles show the same rows, and pages by the
//! same keys.

pub mod access;
pub mod assignments;
pub mod audit;
pub mod catalogs;
pub mod drift;
pub mod extras;
pub mod history;
pub mod impact;
pub mod package;
pub mod packages;
pub mod people;
pub mod policy;
pub mod requests;
mod select;

use std::fmt;
use std::str::FromStr;

use auth::decide::Catalogs;
use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::query::{Entity, Query, Value};

pub use select::{Filter, select};

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, equals, query};
use crate::reads;

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
    /// See catalogs and what is in them.
    pub read_catalogs: bool,
    /// Make catalogs.
    pub create_catalogs: bool,
    /// Read the audit log.
    pub see_audit: bool,
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
        read_catalogs: somewhere(Action::ReadCatalogContent),
        create_catalogs: everywhere(Action::CreateCatalog),
        see_audit: authorize::in_directory(ctx, DirectoryAction::ReadAudit).is_ok(),
    }
}

/// The same service, whose first write happens only if the object still is the version that a page showed (HT-2).
pub fn as_shown(
    service: &Service,
    entity: &'static Entity,
    id: &str,
    version: i64,
) -> Result<Service, ServiceError> {
    let mut shown = query(entity, &["version"])?;
    shown.filter = equals(entity, &[], "id", id)?;
    shown.limit = Some(1);
    Ok(Service {
        store: service.store.guarded(shown, vec![version]),
        ..service.clone()
    })
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
    pub(crate) fn of(values: &[Value]) -> Option<Self> {
        match values {
            [Value::Int(at), Value::Text(id)] => Some(Self {
                at: *at,
                id: id.clone(),
            }),
            _ => None,
        }
    }

    pub(crate) fn values(self) -> Vec<Value> {
        vec![Value::Int(self.at), Value::Text(self.id)]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

/// A row of a list that is ordered by name: the name, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByName {
    name: String,
    id: String,
}

impl ByName {
    pub(crate) fn new(name: &str, id: impl fmt::Display) -> Self {
        Self {
            name: name.to_owned(),
            id: id.to_string(),
        }
    }

    pub(crate) fn of(values: &[Value]) -> Option<Self> {
        match values {
            [Value::Text(name), Value::Text(id)] => Some(Self {
                name: name.clone(),
                id: id.clone(),
            }),
            _ => None,
        }
    }

    pub(crate) fn values(self) -> Vec<Value> {
        vec![Value::Text(self.name), Value::Text(self.id)]
    }
}

impl fmt::Display for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.name)
    }
}

impl FromStr for ByName {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (id, name) = text.split_once('.').ok_or(NoPlace)?;
        let id = uuid::Uuid::try_parse(id).map_err(|_| NoPlace)?;
        Ok(Self {
            name: name.to_owned(),
            id: id.hyphenated().to_string(),
        })
    }
}

/// Some of a list that is ordered by name, and behind which row the rest begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins.
    pub next: Option<ByName>,
}

/// Reads a page of a list that is ordered by name.
async fn named<T>(
    service: &Service,
    ctx: &Ctx,
    mut wanted: Query,
    after: Option<ByName>,
    read: impl Fn(Row<'_>) -> Result<T, ServiceError>,
) -> Result<Named<T>, ServiceError> {
    wanted.after = after.map(ByName::values);
    wanted.limit = Some(PAGE);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    Ok(Named {
        rows: found
            .rows
            .iter()
            .map(|record| read(Row::new(&wanted, record)))
            .collect::<Result<_, _>>()?,
        next: found.next.as_deref().and_then(ByName::of),
    })
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
        let text = "6e2c0a4b-9f44-4c5c-8e61-0c5b1e3a7d11.Sales. And more";
        assert_eq!(
            text.parse::<ByName>().map(|place| place.to_string()),
            Ok(text.to_owned())
        );
        assert_eq!("x.Sales".parse::<ByName>(), Err(NoPlace));
    }
}
