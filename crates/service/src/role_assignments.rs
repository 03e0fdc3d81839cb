//! Roles of entitlement management: who holds which, for the tenant or in one catalog (semantics 7.2).

use std::collections::BTreeSet;

use auth::decide::Catalogs;
use auth::principal::Permission;
use auth::roles::{Action, EmRole, Scope};
use domain::activity::Activity;
use domain::directory::NewRoleAssignment;
use domain::id::{CatalogId, ObjectId, RoleAssignmentId, RoleDefinitionId};
use domain::model;
use domain::query::{Predicate, Query, Value};
use store::directory::object;
use store::role_assignment::{self, RoleAssignment};
use store::{ReadTx, WriteTx, catalog};

use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Actor, Ctx, Moment, Service};
use crate::directory::privileged;
use crate::error::{Code, ServiceError};
use crate::reads;

const TYPE: &str = "RoleAssignment";

/// Assigns a role.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    wanted: NewRoleAssignment,
) -> Result<RoleAssignment, ServiceError> {
    let grant = read(&wanted)?;
    authorize_in(ctx, grant.scope)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let created = service
        .store
        .write(move |tx| assign(tx, &moment, &ctx, grant))
        .await?;
    service.callers.invalidate();
    Ok(created)
}

/// Takes a role away.
pub async fn delete(
    service: &Service,
    ctx: &Ctx,
    id: RoleAssignmentId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            authorize::admitted(&ctx, Action::AssignCatalogRole)?;
            let gone = get(tx, id)?;
            authorize_known(&ctx, &gone)?;
            withdraw(tx, &moment, &ctx, &gone)
        })
        .await?;
    service.callers.invalidate();
    Ok(())
}

/// Who is to hold which role where, the role and the scope being such that go together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) principal: ObjectId,
    pub(crate) role: EmRole,
    pub(crate) scope: Scope,
}

/// Assigns a role, as a part of a transaction; after the commit call `service.callers.invalidate()`.
pub(crate) fn assign(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    grant: Grant,
) -> Result<RoleAssignment, ServiceError> {
    let principal = grant.principal;
    if object::find(tx, principal)?.is_none() {
        let message = format!("directory object `{principal}` does not exist");
        return Err(ServiceError::invalid(
            Code::BadRequest,
            "principalId",
            message,
        ));
    }
    if let Some(catalog) = catalog_of(grant.scope)
        && catalog::find(tx, catalog)?.is_none()
    {
        return Err(ServiceError::not_found("catalog", catalog));
    }
    let is_everywhere = authorize::catalogs(ctx, Action::AssignCatalogRole) == Catalogs::All;
    if !is_everywhere && store::directory::group::find(tx, principal)?.is_some() {
        // Whoever feeds the directory is kept from groups that give roles. So it takes more than a single catalog to say
        // that a group does.
        privileged::check_may_change(tx, ctx, principal)?;
    }
    let created = assignment(moment, principal, grant.role, grant.scope);
    if !role_assignment::insert(tx, &created)? {
        let message = "the principal already holds the role there";
        return Err(ServiceError::invalid(
            Code::BadRequest,
            "roleDefinitionId",
            message,
        ));
    }
    let activity = Activity::AddRoleAssignment;
    record(tx, moment, ctx, activity, &created)?;
    Ok(created)
}

/// Takes a role away, as a part of a transaction; after the commit call `service.callers.invalidate()`.
pub(crate) fn withdraw(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    gone: &RoleAssignment,
) -> Result<(), ServiceError> {
    role_assignment::delete(tx, gone.id)?;
    let activity = Activity::RemoveRoleAssignment;
    record(tx, moment, ctx, activity, gone)
}

/// The role assignment by which the principal itself holds the role there.
pub(crate) fn get_held(tx: &mut ReadTx<'_>, grant: Grant) -> Result<RoleAssignment, ServiceError> {
    let (role, scope) = (grant.role.definition_id(), grant.scope.to_string());
    role_assignment::held_by(tx, &[grant.principal])?
        .into_iter()
        .find(|held| held.role_definition_id == role && held.app_scope_id == scope)
        .ok_or_else(|| {
            let message = "the principal does not hold the role there";
            ServiceError::invalid(Code::BadRequest, "roleDefinitionId", message)
        })
}

/// Who holds a role, as far as the caller may see the assignments; with `transitive` the members of groups that hold it,
/// too.
pub async fn principals(
    service: &Service,
    ctx: &Ctx,
    role: RoleDefinitionId,
    transitive: bool,
) -> Result<Vec<ObjectId>, ServiceError> {
    let entity = if transitive {
        &model::ROLE_ASSIGNMENT_HOLDER
    } else {
        &model::ROLE_ASSIGNMENT
    };
    let field = |name: &str| {
        let missing =
            || ServiceError::Internal(format!("`{}` has no `{name}`", entity.name).into());
        entity.field(name).ok_or_else(missing)
    };
    let query = Query {
        fields: vec![field("principal_id")?],
        filter: Predicate::equals(field("role_definition_id")?, Value::Text(role.to_string())),
        ..Query::of(entity)
    };
    let page = reads::list(service, ctx, query).await?;
    let principals: BTreeSet<ObjectId> = page
        .rows
        .iter()
        .filter_map(|row| row.values.first()?.as_text()?.parse().ok())
        .collect();
    Ok(principals.into_iter().collect())
}

/// Makes whoever creates a catalog its first owner (AZ-10), as a part of the transaction that creates it; after the
/// commit call `service.callers.invalidate()`. An application whose permission covers every catalog needs no role.
pub fn grant_owner_of_new_catalog(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    catalog: CatalogId,
) -> Result<(), ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(());
    };
    let principal = &caller.principal;
    let covers_all = principal
        .scopes()
        .contains(Permission::EntitlementManagementReadWriteAll);
    if principal.is_application() && covers_all {
        return Ok(());
    }
    let owner = assignment(
        moment,
        principal.object(),
        EmRole::CatalogOwner,
        Scope::Catalog(catalog),
    );
    role_assignment::insert(tx, &owner)?;
    record(tx, moment, ctx, Activity::AddRoleAssignment, &owner)
}

/// The role and the scope that the body names, if they go together.
pub(crate) fn read(wanted: &NewRoleAssignment) -> Result<Grant, ServiceError> {
    let by_id = wanted
        .role
        .parse()
        .ok()
        .and_then(EmRole::from_definition_id);
    let role = by_id
        .or_else(|| EmRole::from_display_name(&wanted.role))
        .ok_or_else(|| {
            let message = format!("entitlement management has no role `{}`", wanted.role);
            ServiceError::invalid(Code::BadRequest, "roleDefinitionId", message)
        })?;
    let scope = Scope::from_app_scope_id(&wanted.app_scope_id).ok_or_else(|| {
        let message = format!(
            "`{}` is neither `/` nor `/AccessPackageCatalog/` with the id of a catalog",
            wanted.app_scope_id
        );
        ServiceError::invalid(Code::BadRequest, "appScopeId", message)
    })?;
    match (role.is_for_catalogs(), scope) {
        (true, Scope::Catalog(_)) | (false, Scope::Tenant) => Ok(Grant {
            principal: wanted.principal_id,
            role,
            scope,
        }),
        (true, Scope::Tenant) => {
            let message = format!(
                "the role `{}` is assigned in one catalog",
                role.display_name()
            );
            Err(ServiceError::invalid(
                Code::BadRequest,
                "appScopeId",
                message,
            ))
        }
        (false, Scope::Catalog(_)) => {
            let message = format!(
                "the role `{}` is assigned for the tenant, at `/`",
                role.display_name()
            );
            Err(ServiceError::invalid(
                Code::BadRequest,
                "appScopeId",
                message,
            ))
        }
    }
}

/// Whether the caller may take this assignment away; as if it were not there, if they may not see it.
fn authorize_known(ctx: &Ctx, assignment: &RoleAssignment) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("role assignment", assignment.id);
    if let Some(catalog) = assignment.catalog_id {
        let (action, reads) = (Action::AssignCatalogRole, Action::ReadCatalogContent);
        return authorize::in_catalog_known_by(ctx, action, reads, catalog, unknown);
    }
    match authorize::catalogs(ctx, Action::ReadCatalogContent) {
        Catalogs::All => authorize::in_tenant(ctx, Action::AssignCatalogCreator),
        Catalogs::Some(_) | Catalogs::None(_) => Err(unknown()),
    }
}

/// Whether the caller may assign roles there.
pub(crate) fn authorize_in(ctx: &Ctx, scope: Scope) -> Result<(), ServiceError> {
    match scope {
        Scope::Tenant => authorize::in_tenant(ctx, Action::AssignCatalogCreator),
        Scope::Catalog(catalog) => authorize::in_catalog(ctx, Action::AssignCatalogRole, catalog),
    }
}

/// The same for a role that somebody holds already: it is no secret that there is one, so nothing is "not found".
pub(crate) fn check_may_assign(ctx: &Ctx, scope: Scope) -> Result<(), ServiceError> {
    let action = match scope {
        Scope::Tenant => Action::AssignCatalogCreator,
        Scope::Catalog(_) => Action::AssignCatalogRole,
    };
    authorize::for_catalog(ctx, action, catalog_of(scope))
}

const fn catalog_of(scope: Scope) -> Option<CatalogId> {
    match scope {
        Scope::Tenant => None,
        Scope::Catalog(catalog) => Some(catalog),
    }
}

fn assignment(moment: &Moment, principal: ObjectId, role: EmRole, scope: Scope) -> RoleAssignment {
    RoleAssignment {
        id: moment.id(RoleAssignmentId::new),
        principal_id: principal,
        role_definition_id: role.definition_id(),
        app_scope_id: scope.to_string(),
        catalog_id: catalog_of(scope),
        created_at: moment.now,
    }
}

fn get(tx: &mut ReadTx<'_>, id: RoleAssignmentId) -> Result<RoleAssignment, ServiceError> {
    role_assignment::find(tx, id)?.ok_or_else(|| ServiceError::not_found("role assignment", id))
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    about: &RoleAssignment,
) -> Result<(), ServiceError> {
    let event = success(activity, TYPE, about.id, None)
        .with("principalId", about.principal_id)
        .with("roleDefinitionId", about.role_definition_id)
        .with("appScopeId", &about.app_scope_id);
    Ok(audit::record(tx, moment, ctx, event)?)
}
