//! The first start of a tenant, and what only a development tenant has: accounts with secrets and a sample organisation.
//!
//! **Invariant:** everything here may be done again at each start; what is there already stays as it is.

mod accounts;
mod clock;
mod offers;
mod sample;
mod sign_in;
mod snapshots;

use domain::catalog::{CatalogState, CatalogType};
use domain::id::CatalogId;
use store::catalog::{self, Catalog};

pub use accounts::{
    DOMAIN, DevAccounts, DevClient, DevSecrets, DevUser, PORTAL_CLIENT, dev_accounts, portal_client,
};
pub use clock::{advance_clock, clock, patiently, restore_clock};
pub use sample::{SampleOrganisation, sample_organisation};
pub(crate) use sign_in::signed_in_user;
pub use sign_in::{SignedInClient, SignedInUser, verify_client, verify_password};
pub use snapshots::{
    START, Snapshot, keep_start, list_snapshots, remove_snapshot, restore_snapshot, take_snapshot,
};

use crate::ctx::Service;
use crate::error::ServiceError;

/// The name of the catalog that every tenant has.
const GENERAL: &str = "General";

/// Creates what every tenant has: the catalog "General".
pub async fn initialise(service: &Service) -> Result<CatalogId, ServiceError> {
    let moment = service.moment();
    service
        .store
        .write(move |tx| {
            if let Some(general) = catalog::find_default(tx)? {
                return Ok(general.id);
            }
            let general = Catalog {
                id: moment.id(CatalogId::new),
                display_name: GENERAL.to_owned(),
                description: Some("Built-in catalog.".to_owned()),
                catalog_type: CatalogType::ServiceDefault,
                state: CatalogState::Published,
                is_externally_visible: true,
                unique_name: None,
                created_by: None,
                created_at: moment.now,
                modified_by: None,
                modified_at: moment.now,
                version: 1,
            };
            catalog::insert(tx, &general)?;
            Ok(general.id)
        })
        .await
}
