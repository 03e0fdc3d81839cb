//! One access package for whoever looks after it: what is in it, who may have it, what it does not go with.

use auth::roles::Action;
use domain::access_package::RoleScopeId;
use domain::assignment::State;
use domain::id::{AccessPackageId, CatalogId, ObjectId, PolicyId};
use domain::model;
use store::{ReadTx, incompatible};

use super::people;
use crate::authorize;
use crate::content::package_for;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, equals, is_one_of, query, with, with_fields};
use crate::reads;

/// A package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: AccessPackageId,
    /// Its catalog.
    pub catalog: CatalogId,
    /// The catalog's name.
    pub catalog_name: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether only whoever has its address finds it.
    pub is_hidden: bool,
    /// Whether those who may ask for it see what is in it.
    pub is_role_scopes_visible: bool,
    /// Its name for programs.
    pub unique_name: String,
    /// Its version.
    pub version: i64,
    /// What is in it.
    pub roles: Vec<Role>,
    /// Its policies, each with its name and for whom it is.
    pub policies: Vec<(PolicyId, String, String)>,
    /// How many hold it now.
    pub held: i64,
}

/// A role in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Which role, and where it applies.
    pub id: RoleScopeId,
    /// The resource's name.
    pub resource: String,
    /// The role's name.
    pub role: String,
    /// The scope's name, unless it is the whole resource.
    pub scope: Option<String>,
}

/// One package that the caller sees.
pub async fn get(
    service: &Service,
    ctx: &Ctx,
    id: AccessPackageId,
) -> Result<Package, ServiceError> {
    authorize::admitted(ctx, Action::ReadCatalogContent)?;
    let entity = &model::ACCESS_PACKAGE;
    let fields = [
        "id",
        "catalog_id",
        "display_name",
        "description",
        "is_hidden",
        "is_role_scopes_visible",
        "unique_name",
        "version",
    ];
    let role = query(&model::RESOURCE_ROLE, &["display_name"])?;
    let role = with_fields(role, "resource", &["display_name"])?;
    let content = query(&model::RESOURCE_ROLE_SCOPE, &["id"])?;
    let content = with(content, "role", role)?;
    let content = with_fields(content, "scope", &["display_name", "is_root_scope"])?;
    let wanted = query(entity, &fields)?;
    let wanted = with(wanted, "resource_role_scopes", content)?;
    let wanted = with_fields(wanted, "catalog", &["display_name"])?;
    let of_policies = ["id", "display_name", "allowed_target_scope"];
    let mut wanted = with_fields(wanted, "assignment_policies", &of_policies)?;
    wanted.filter = equals(entity, &[], "id", id.to_string())?;
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let record = found.rows.first();
    let record = record.ok_or_else(|| ServiceError::not_found("access package", id))?;
    let row = Row::new(&wanted, record);
    let policies = row.many("assignment_policies").map(|policy| {
        let scope = policy.string("allowed_target_scope");
        Ok((policy.parsed("id")?, policy.string("display_name"), scope))
    });
    Ok(Package {
        id,
        catalog: row.parsed("catalog_id")?,
        catalog_name: row.of("catalog", "display_name").unwrap_or_default(),
        name: row.string("display_name"),
        description: row.string("description"),
        is_hidden: row.flag("is_hidden"),
        is_role_scopes_visible: row.flag("is_role_scopes_visible"),
        unique_name: row.string("unique_name"),
        version: row.int("version").unwrap_or_default(),
        roles: row
            .many("resource_role_scopes")
            .map(content_of)
            .collect::<Result<_, _>>()?,
        policies: policies.collect::<Result<_, ServiceError>>()?,
        held: held(service, ctx, id).await?,
    })
}

fn content_of(row: Row<'_>) -> Result<Role, ServiceError> {
    let id = row.text("id").and_then(RoleScopeId::parse);
    let id = id.ok_or_else(|| ServiceError::Internal("a role scope without an id".into()))?;
    let role = row.one("role");
    let scope = row
        .one("scope")
        .filter(|scope| !scope.flag("is_root_scope"));
    Ok(Role {
        id,
        resource: role
            .and_then(|role| role.of("resource", "display_name"))
            .unwrap_or_default(),
        role: role
            .map(|role| role.string("display_name"))
            .unwrap_or_default(),
        scope: scope.map(|scope| scope.string("display_name")),
    })
}

/// How many assignments of the package are live.
async fn held(service: &Service, ctx: &Ctx, id: AccessPackageId) -> Result<i64, ServiceError> {
    let entity = &model::ASSIGNMENT;
    let mut wanted = query(entity, &["id"])?;
    let live = [
        State::Delivering,
        State::Delivered,
        State::PartiallyDelivered,
    ];
    let live = live.map(|state| state.as_str().to_owned());
    let of_package = equals(entity, &[], "access_package_id", id.to_string())?;
    wanted.filter = of_package.and(is_one_of(entity, &[], "state", live)?);
    wanted.limit = Some(1);
    wanted.count = true;
    let found = reads::list(service, ctx, wanted).await?;
    Ok(found.count.unwrap_or_default())
}

/// What a package does not go with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Apart {
    /// Packages whose holders may not get it, each with its name.
    pub packages: Vec<(AccessPackageId, String)>,
    /// Packages that list it in their turn.
    pub listed_by: Vec<(AccessPackageId, String)>,
    /// Groups whose members may not get it.
    pub groups: Vec<(ObjectId, String)>,
    /// How many packages there are beside these that the caller may not see.
    pub unseen: usize,
}

/// What the package does not go with. Packages that the caller may not see are counted and not named.
pub async fn apart(
    service: &Service,
    ctx: &Ctx,
    id: AccessPackageId,
) -> Result<Apart, ServiceError> {
    let caller = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Apart, ServiceError> {
            package_for(tx, &caller, Action::ReadCatalogContent, id)?;
            let mut apart = Apart::default();
            for other in incompatible::packages(tx, id)? {
                match named(tx, &caller, other)? {
                    Some(name) => apart.packages.push((other, name)),
                    None => apart.unseen += 1,
                }
            }
            for other in incompatible::packages_that_list(tx, id)? {
                match named(tx, &caller, other)? {
                    Some(name) => apart.listed_by.push((other, name)),
                    None => apart.unseen += 1,
                }
            }
            let groups = incompatible::groups(tx, id)?;
            let names = people::names_in(tx, &groups)?;
            for group in groups {
                let name = names.get(&group).map(|found| found.name.clone());
                apart
                    .groups
                    .push((group, name.unwrap_or_else(|| group.to_string())));
            }
            Ok(apart)
        })
        .await
}

/// The name of a package, if the caller may see it.
fn named(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    id: AccessPackageId,
) -> Result<Option<String>, ServiceError> {
    match package_for(tx, ctx, Action::ReadCatalogContent, id) {
        Ok(found) => Ok(Some(found.display_name)),
        Err(ServiceError::Refused { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}
