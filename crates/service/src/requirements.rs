//! What the policies of a package want of a user who would ask for it (PO-10 to PO-12).

use auth::decide::Access;
use auth::roles::Action;
use domain::catalog::CatalogState;
use domain::id::{AccessPackageId, PolicyId};
use domain::policy::{Policy, applicable};
use store::{ReadTx, access_package, assignment_policy, catalog, offer, subject};

use crate::assignment_requests::target_facts;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{authorize, user_attributes};

/// A policy by which the caller may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its id.
    pub policy: PolicyId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its settings as a document.
    pub settings_json: String,
    /// The answers that the caller gave for the package before, as a document.
    pub answers_json: Option<String>,
}

/// The policies by which the caller may ask for a package: those of the best rank, and none in a catalog that takes no
/// requests. A hidden package is as good as any (RQ-9).
pub async fn of_package(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
) -> Result<Vec<Requirement>, ServiceError> {
    authorize::in_tenant(ctx, Action::QueryAsUser)?;
    let user = authorize::as_requestor(ctx, Access::Read)?;
    service
        .store
        .read(move |tx| -> Result<Vec<Requirement>, ServiceError> {
            let not_found = || ServiceError::not_found("access package", package);
            let found = access_package::find(tx, package)?.ok_or_else(not_found)?;
            let catalog = catalog::find(tx, found.catalog_id)?;
            let is_open = catalog.is_some_and(|catalog| catalog.state == CatalogState::Published);
            let Some(facts) = target_facts(tx, user)?.filter(|_| is_open) else {
                return Ok(Vec::new());
            };
            let stored = assignment_policy::stored_of_package(tx, package)?;
            let policies: Result<Vec<Policy>, store::Error> = stored
                .iter()
                .map(assignment_policy::AssignmentPolicy::to_policy)
                .collect();
            let answers = answers(tx, user, package)?;
            let policies = policies?;
            let chosen = applicable(&policies, &facts);
            let rows = chosen
                .iter()
                .filter_map(|policy| stored.iter().find(|row| row.id == policy.id));
            let asked = user_attributes::asked(tx, package, Some(user))?;
            rows.map(|row| {
                Ok(Requirement {
                    policy: row.id,
                    display_name: row.display_name.clone(),
                    description: row.description.clone(),
                    settings_json: user_attributes::with_questions(&row.settings, &asked)?,
                    answers_json: answers.clone(),
                })
            })
            .collect()
        })
        .await
}

fn answers(
    tx: &mut ReadTx<'_>,
    user: domain::id::ObjectId,
    package: AccessPackageId,
) -> Result<Option<String>, ServiceError> {
    match subject::find_by_object(tx, user)? {
        Some(target) => Ok(offer::answers(tx, target.id, package)?),
        None => Ok(None),
    }
}
