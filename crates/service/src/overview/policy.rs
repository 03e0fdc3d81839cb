//! One assignment policy for whoever looks at it or edits it: its document, and who everybody in it is.

use std::collections::BTreeMap;

use auth::roles::Action;
use domain::id::{AccessPackageId, CatalogId, ConnectedOrganizationId, ObjectId, PolicyId};
use domain::model;
use domain::policy::{PolicySettings, TargetScope};
use domain::subject_set::{Referent, SubjectSet};
use store::assignment_policy::parse;
use store::connected_organization;

use super::people::{Found, names_in};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, equals, query, with, with_fields};
use crate::reads;

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its package.
    pub package: AccessPackageId,
    /// The package's name.
    pub package_name: String,
    /// The catalog of the package.
    pub catalog: CatalogId,
    /// The catalog's name.
    pub catalog_name: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who may have the package by it.
    pub scope: TargetScope,
    /// Whether holders may ask for more time.
    pub can_extend: bool,
    /// The rest, as it is stored.
    pub document: String,
    /// The same, as the rules read it.
    pub settings: PolicySettings,
    /// Its version.
    pub version: i64,
}

/// One policy that the caller sees.
pub async fn get(service: &Service, ctx: &Ctx, id: PolicyId) -> Result<Policy, ServiceError> {
    authorize::admitted(ctx, Action::ReadPolicies)?;
    let entity = &model::ASSIGNMENT_POLICY;
    let fields = [
        "id",
        "access_package_id",
        "display_name",
        "description",
        "allowed_target_scope",
        "can_extend",
        "settings",
        "version",
    ];
    let package = query(&model::ACCESS_PACKAGE, &["display_name", "catalog_id"])?;
    let package = with_fields(package, "catalog", &["display_name"])?;
    let mut wanted = with(query(entity, &fields)?, "access_package", package)?;
    wanted.filter = equals(entity, &[], "id", id.to_string())?;
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let record = found.rows.first();
    let unknown = || ServiceError::not_found("assignment policy", id);
    let row = Row::new(&wanted, record.ok_or_else(unknown)?);
    let package = row.one("access_package").ok_or_else(unknown)?;
    let document = row.string("settings");
    let settings = parse(&document).map_err(ServiceError::internal)?;
    let scope = TargetScope::from_name(row.text("allowed_target_scope").unwrap_or_default());
    Ok(Policy {
        id,
        package: row.parsed("access_package_id")?,
        package_name: package.string("display_name"),
        catalog: package.parsed("catalog_id")?,
        catalog_name: package.of("catalog", "display_name").unwrap_or_default(),
        name: row.string("display_name"),
        description: row.string("description"),
        scope: scope.ok_or_else(|| ServiceError::Internal("a policy of no known scope".into()))?,
        can_extend: row.flag("can_extend"),
        document,
        settings,
        version: row.int("version").unwrap_or_default(),
    })
}

/// The settings that a document says, read as those of a stored policy are; for what is not stored yet.
pub fn read(document: &str) -> Result<PolicySettings, ServiceError> {
    parse(document).map_err(crate::content::flawed)
}

/// Who is named by sets of subjects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// People, groups and applications.
    pub objects: BTreeMap<ObjectId, Found>,
    /// Connected organizations.
    pub organizations: BTreeMap<ConnectedOrganizationId, String>,
}

/// Who the sets of a policy name that the caller sees.
pub async fn names(service: &Service, sets: &[SubjectSet]) -> Result<Names, ServiceError> {
    let mut objects = Vec::new();
    let mut organizations = Vec::new();
    for set in sets {
        match set.referent() {
            Some(Referent::User(id) | Referent::Group(id) | Referent::ServicePrincipal(id)) => {
                objects.push(id);
            }
            Some(Referent::ConnectedOrganization(id)) => organizations.push(id),
            None => {}
        }
    }
    service
        .store
        .read(move |tx| -> Result<Names, ServiceError> {
            let mut names = Names {
                objects: names_in(tx, &objects)?,
                organizations: BTreeMap::new(),
            };
            for id in &organizations {
                if let Some(found) = connected_organization::find(tx, *id)? {
                    names.organizations.insert(*id, found.display_name);
                }
            }
            Ok(names)
        })
        .await
}
