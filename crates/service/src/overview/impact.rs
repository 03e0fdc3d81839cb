//! What a change of a package's roles would mean, before it is made: who gains and who loses which role, and where.
//!
//! **Invariant:** the change is made only if the package still is as the preview showed it: what is in it, its details, and
//! how many hold it.

use auth::issuer::fingerprint;
use auth::roles::Action;
use domain::access_package::{
    NewResourceRoleScope, ResourceReference, RoleReference, RoleScopeId, ScopeReference,
};
use domain::id::{AccessPackageId, AssignmentId};
use store::access_package::AccessPackage;
use store::impact::{self, Holder};
use store::{ReadTx, resource_role_scope};

use crate::access_packages::role_scopes;
use crate::content::package_for;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

pub use store::impact::Holder as Person;

/// People who are shown of each change.
pub const SHOWN: usize = 20;
/// Most roles that change at once.
pub const MOST: usize = 100;

/// Which roles are to come and to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Roles that come.
    pub adds: Vec<RoleScopeId>,
    /// Roles that go.
    pub removes: Vec<RoleScopeId>,
}

/// What one role means for those who hold the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The role.
    pub id: RoleScopeId,
    /// Whether it comes.
    pub is_addition: bool,
    /// The resource's name.
    pub resource: String,
    /// The role's name.
    pub role: String,
    /// The target that delivers it.
    pub target: String,
    /// How many gain or lose it.
    pub touched: i64,
    /// How many have it through something else as well, and notice nothing.
    pub untouched: i64,
    /// Some of the holders.
    pub people: Vec<Holder>,
    /// Behind whom there are more.
    pub more_after: Option<AssignmentId>,
}

/// What a wish would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many hold the package.
    pub held: i64,
    /// Each role that comes or goes.
    pub changes: Vec<Change>,
    /// What the package looked like, to be given to [`carry_out`].
    pub seen: String,
}

/// Looks ahead; nothing is changed.
pub async fn preview(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    wish: Wish,
) -> Result<Preview, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Preview, ServiceError> {
            let package = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            let within: Vec<RoleScopeId> = content(tx, package.id)?;
            let held = impact::held(tx, package.id)?;
            let mut changes = Vec::new();
            for (ids, is_addition) in [(&wish.adds, true), (&wish.removes, false)] {
                for id in ids {
                    // What is in it already does not come, and what is not does not go.
                    if within.contains(id) != is_addition {
                        changes.push(change(tx, &package, *id, is_addition, held)?);
                    }
                }
            }
            Ok(Preview {
                held,
                changes,
                seen: seen(tx, &package)?,
            })
        })
        .await
}

fn change(
    tx: &mut ReadTx<'_>,
    package: &AccessPackage,
    id: RoleScopeId,
    is_addition: bool,
    held: i64,
) -> Result<Change, ServiceError> {
    let unknown = || ServiceError::not_found("resource role", id);
    let offered = store::resource::find_role(tx, id.role)?.ok_or_else(unknown)?;
    let resource = store::resource::find(tx, offered.resource_id)?;
    resource
        .filter(|resource| resource.catalog_id == package.catalog_id)
        .ok_or_else(unknown)?;
    let tally = impact::tally(tx, package.id, id)?.ok_or_else(unknown)?;
    let limit = i64::try_from(SHOWN + 1).unwrap_or(i64::MAX);
    let mut people = impact::people(tx, package.id, id, None, limit)?;
    let has_more = people.len() > SHOWN;
    people.truncate(SHOWN);
    Ok(Change {
        id,
        is_addition,
        resource: tally.resource,
        role: tally.role,
        target: tally.target,
        touched: held - tally.elsewhere,
        untouched: tally.elsewhere,
        more_after: people
            .last()
            .filter(|_| has_more)
            .map(|last| last.assignment),
        people,
    })
}

/// More of those who hold the package, and how they stand to one role that would come or go.
pub async fn people(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    id: RoleScopeId,
    after: Option<AssignmentId>,
    limit: i64,
) -> Result<Vec<Holder>, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Vec<Holder>, ServiceError> {
            let package = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            change(tx, &package, id, true, 0)?;
            Ok(impact::people(tx, package.id, id, after, limit)?)
        })
        .await
}

/// Changes the roles of a package in one transaction, if it still looks as it was `seen`. Everybody who holds it follows
/// (AS-4).
pub async fn carry_out(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    wish: Wish,
    seen_before: String,
) -> Result<(), ServiceError> {
    if wish.adds.is_empty() && wish.removes.is_empty() {
        let message = "no role is chosen";
        return Err(ServiceError::invalid(Code::InvalidModel, "roles", message));
    }
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let package = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            if seen(tx, &package)? != seen_before {
                return Err(store::Error::StaleVersion.into());
            }
            for id in &wish.adds {
                role_scopes::add(tx, &moment, &ctx, &package, &named(*id))?;
            }
            for id in &wish.removes {
                role_scopes::remove(tx, &moment, &ctx, &package, *id)?;
            }
            Ok(())
        })
        .await?;
    service.wake();
    Ok(())
}

/// The role as a body names it.
fn named(id: RoleScopeId) -> NewResourceRoleScope {
    NewResourceRoleScope {
        role: RoleReference {
            id: Some(id.role),
            origin_id: None,
            resource: ResourceReference::default(),
        },
        scope: ScopeReference {
            id: Some(id.scope),
            origin_id: None,
            is_root_scope: false,
        },
    }
}

fn content(tx: &mut ReadTx<'_>, id: AccessPackageId) -> Result<Vec<RoleScopeId>, ServiceError> {
    let within = resource_role_scope::of_package(tx, id)?;
    Ok(within.into_iter().map(|one| one.id).collect())
}

/// What a preview was made of, in short.
fn seen(tx: &mut ReadTx<'_>, package: &AccessPackage) -> Result<String, ServiceError> {
    let mut within = content(tx, package.id)?;
    within.sort();
    let held = impact::held(tx, package.id)?;
    let ids: Vec<String> = within.iter().map(ToString::to_string).collect();
    Ok(fingerprint(&format!(
        "{} {held} {}",
        package.version,
        ids.join(" ")
    )))
}
