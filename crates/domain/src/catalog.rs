//! Catalogs: containers of resources and packages, and the unit of delegated administration.

use crate::change::Change;
use crate::flaw::{Flaw, check_description, check_name, check_unique_name};
use crate::word::words;

words! {
    /// Who made a catalog.
    pub enum CatalogType {
        /// Somebody, through the API.
        UserManaged = "userManaged",
        /// Set-up: the one called "General", which cannot be deleted.
        ServiceDefault = "serviceDefault",
        /// Reeve itself.
        ServiceManaged = "serviceManaged",
    }
}

words! {
    /// Whether packages of a catalog can be requested (RQ-9).
    pub enum CatalogState {
        /// Not yet, or not any more.
        Unpublished = "unpublished",
        /// Yes.
        Published = "published",
    }
}

/// A catalog that somebody wants to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCatalog {
    /// Its name; two catalogs may have the same.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether its packages can be requested.
    pub state: CatalogState,
    /// Whether external users may request (EX-9).
    pub is_externally_visible: bool,
    /// A key of its own choice, unique in the tenant.
    pub unique_name: Option<String>,
}

impl NewCatalog {
    /// A catalog with the defaults of a body that only names it.
    pub fn named(display_name: impl Into<String>) -> Self {
        Self {
            display_name: display_name.into(),
            description: None,
            state: CatalogState::Published,
            is_externally_visible: true,
            unique_name: None,
        }
    }

    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), Flaw> {
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        check_unique_name("uniqueName", self.unique_name.as_deref())
    }
}

/// What somebody wants to change of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogChange {
    /// Another name.
    pub display_name: Option<String>,
    /// Another description.
    pub description: Change<String>,
    /// Publish it, or take it back.
    pub state: Option<CatalogState>,
    /// Open or close it to external users.
    pub is_externally_visible: Option<bool>,
    /// Another key.
    pub unique_name: Change<String>,
}
