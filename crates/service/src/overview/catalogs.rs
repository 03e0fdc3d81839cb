//! Catalogs for whoever looks after them: what is in each, and what the reader may do there.

use auth::roles::{Action, EmRole, Scope};
use domain::catalog::{CatalogState, CatalogType};
use domain::extension::{ExtensionType, Stage};
use domain::id::{
    AccessPackageId, CatalogId, CustomExtensionId, ObjectId, PolicyId, ResourceId, ResourceRoleId,
    ResourceScopeId, RoleAssignmentId,
};
use domain::model;
use domain::query::{Predicate, TextMatch};

use super::{ByName, Named, PAGE, Part, Place, named};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, equals, query, with, with_fields};
use crate::reads::{self, scope};

/// What the caller may do in one catalog, for the links and forms that they are shown.
#[expect(
    clippy::struct_excessive_bools,
    reason = "rights that do not depend on each other"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    /// Change and delete the catalog.
    pub update: bool,
    /// Bring resources in and take them out.
    pub resources: bool,
    /// Say who looks after it.
    pub roles: bool,
    /// Change packages: what is in them and what excludes them.
    pub packages: bool,
    /// Change policies.
    pub policies: bool,
    /// Change policies that assign by a rule.
    pub rules: bool,
    /// Change custom extensions.
    pub extensions: bool,
}

/// What the caller may do in a catalog.
pub fn here(ctx: &Ctx, catalog: CatalogId) -> Here {
    let may = |action| authorize::for_catalog(ctx, action, Some(catalog)).is_ok();
    Here {
        update: may(Action::UpdateCatalog),
        resources: may(Action::ManageResources),
        roles: may(Action::AssignCatalogRole),
        packages: may(Action::ManageAccessPackages),
        policies: may(Action::ManagePolicies),
        rules: authorize::in_tenant(ctx, Action::ManageAutoPolicies).is_ok(),
        extensions: may(Action::ManageExtensions),
    }
}

/// A catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// Its id.
    pub id: CatalogId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether its packages can be asked for.
    pub is_published: bool,
    /// Whether people outside may ask for them.
    pub is_externally_visible: bool,
    /// Whether it can be deleted: the one that set-up made cannot.
    pub is_user_managed: bool,
    /// Its name for programs.
    pub unique_name: String,
    /// Its version.
    pub version: i64,
}

const FIELDS: [&str; 8] = [
    "id",
    "display_name",
    "description",
    "state",
    "is_externally_visible",
    "catalog_type",
    "unique_name",
    "version",
];

/// Catalogs that the caller sees, by name, with this text in their names.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    search: &str,
    after: Option<ByName>,
) -> Result<Named<Catalog>, ServiceError> {
    authorize::admitted(ctx, Action::ReadCatalogContent)?;
    let entity = &model::CATALOG;
    let mut wanted = query(entity, &FIELDS)?;
    if !search.is_empty() {
        wanted.filter = Predicate::Text {
            path: scope::path(entity, &[], "display_name")?,
            matching: TextMatch::Contains,
            text: search.to_owned(),
        };
    }
    named(service, ctx, wanted, after, catalog).await
}

/// One catalog that the caller sees.
pub async fn get(service: &Service, ctx: &Ctx, id: CatalogId) -> Result<Catalog, ServiceError> {
    authorize::admitted(ctx, Action::ReadCatalogContent)?;
    let mut wanted = query(&model::CATALOG, &FIELDS)?;
    wanted.filter = equals(&model::CATALOG, &[], "id", id.to_string())?;
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let record = found.rows.first();
    let record = record.ok_or_else(|| ServiceError::not_found("catalog", id))?;
    catalog(Row::new(&wanted, record))
}

fn catalog(row: Row<'_>) -> Result<Catalog, ServiceError> {
    Ok(Catalog {
        id: row.parsed("id")?,
        name: row.string("display_name"),
        description: row.string("description"),
        is_published: row.text("state") == Some(CatalogState::Published.as_str()),
        is_externally_visible: row.flag("is_externally_visible"),
        is_user_managed: row.text("catalog_type") == Some(CatalogType::UserManaged.as_str()),
        unique_name: row.string("unique_name"),
        version: row.int("version").unwrap_or_default(),
    })
}

/// A package of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: AccessPackageId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether only whoever has its address finds it.
    pub is_hidden: bool,
    /// How many policies it has.
    pub policies: usize,
    /// How many roles are in it.
    pub roles: usize,
}

/// The packages of a catalog, by name.
pub async fn packages(
    service: &Service,
    ctx: &Ctx,
    id: CatalogId,
    after: Option<ByName>,
) -> Result<Named<Package>, ServiceError> {
    let entity = &model::ACCESS_PACKAGE;
    let wanted = query(entity, &["id", "display_name", "description", "is_hidden"])?;
    let wanted = with_fields(wanted, "assignment_policies", &["id"])?;
    let mut wanted = with_fields(wanted, "resource_role_scopes", &["id"])?;
    wanted.filter = equals(entity, &[], "catalog_id", id.to_string())?;
    named(service, ctx, wanted, after, |row| {
        Ok(Package {
            id: row.parsed("id")?,
            name: row.string("display_name"),
            description: row.string("description"),
            is_hidden: row.flag("is_hidden"),
            policies: row.many("assignment_policies").count(),
            roles: row.many("resource_role_scopes").count(),
        })
    })
    .await
}

/// A resource of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// What kind of thing it is.
    pub kind: String,
    /// What it is called where it comes from.
    pub origin_id: String,
    /// The roles that it offers.
    pub roles: Vec<(ResourceRoleId, String)>,
    /// The scope that stands for all of it.
    pub root: Option<ResourceScopeId>,
}

/// The resources of a catalog with their roles, by name.
pub async fn resources(
    service: &Service,
    ctx: &Ctx,
    id: CatalogId,
    after: Option<ByName>,
) -> Result<Named<Resource>, ServiceError> {
    let entity = &model::RESOURCE;
    let fields = ["id", "display_name", "resource_type", "origin_id"];
    let wanted = query(entity, &fields)?;
    let wanted = with_fields(wanted, "roles", &["id", "display_name"])?;
    let mut wanted = with_fields(wanted, "scopes", &["id", "is_root_scope"])?;
    wanted.filter = equals(entity, &[], "catalog_id", id.to_string())?;
    named(service, ctx, wanted, after, |row| {
        let roles = row
            .many("roles")
            .map(|role| Ok((role.parsed("id")?, role.string("display_name"))));
        let root = row
            .many("scopes")
            .find(|scope| scope.flag("is_root_scope"))
            .map(|scope| scope.parsed("id"));
        Ok(Resource {
            id: row.parsed("id")?,
            name: row.string("display_name"),
            kind: row.string("resource_type"),
            origin_id: row.string("origin_id"),
            roles: roles.collect::<Result<_, ServiceError>>()?,
            root: root.transpose()?,
        })
    })
    .await
}

/// Somebody who holds a role in a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The role assignment.
    pub id: RoleAssignmentId,
    /// Which role.
    pub role: Option<EmRole>,
    /// Who.
    pub principal: ObjectId,
    /// Their name.
    pub name: String,
    /// What they sign in with.
    pub address: String,
}

/// Who holds which role in a catalog.
pub async fn holders(
    service: &Service,
    ctx: &Ctx,
    id: CatalogId,
    after: Option<Place>,
) -> Result<Part<Holder>, ServiceError> {
    let entity = &model::ROLE_ASSIGNMENT;
    let wanted = query(entity, &["id", "role_definition_id", "principal_id"])?;
    let of_whom = ["display_name", "user_principal_name"];
    let mut wanted = with_fields(wanted, "principal", &of_whom)?;
    wanted.filter = equals(entity, &[], "app_scope_id", Scope::Catalog(id).to_string())?;
    wanted.after = after.map(Place::values);
    wanted.limit = Some(PAGE);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let holder = |record| {
        let row = Row::new(&wanted, record);
        let role = row.parsed("role_definition_id")?;
        Ok(Holder {
            id: row.parsed("id")?,
            role: EmRole::from_definition_id(role),
            principal: row.parsed("principal_id")?,
            name: row.of("principal", "display_name").unwrap_or_default(),
            address: row
                .of("principal", "user_principal_name")
                .unwrap_or_default(),
        })
    };
    Ok(Part {
        rows: found
            .rows
            .iter()
            .map(holder)
            .collect::<Result<_, ServiceError>>()?,
        next: found.next.as_deref().and_then(Place::of),
    })
}

/// A custom extension, and where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its id.
    pub id: CustomExtensionId,
    /// Its catalog.
    pub catalog: CatalogId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it is called for.
    pub kind: ExtensionType,
    /// Where it is called, as a document.
    pub endpoint: String,
    /// How it is told who calls, as a document.
    pub authentication: String,
    /// How long it is waited for within a call and how often it is called, as a document.
    pub client: String,
    /// How long a request waits for its answer, as a document.
    pub callback: String,
    /// Its version.
    pub version: i64,
}

/// The extensions of a catalog, by name.
pub async fn extensions(
    service: &Service,
    ctx: &Ctx,
    id: CatalogId,
    after: Option<ByName>,
) -> Result<Named<Extension>, ServiceError> {
    let entity = &model::CUSTOM_EXTENSION;
    let mut wanted = extension_fields()?;
    wanted.filter = equals(entity, &[], "catalog_id", id.to_string())?;
    named(service, ctx, wanted, after, extension).await
}

/// One extension that the caller sees.
pub async fn get_extension(
    service: &Service,
    ctx: &Ctx,
    id: CustomExtensionId,
) -> Result<Extension, ServiceError> {
    authorize::admitted(ctx, Action::ReadCatalogContent)?;
    let mut wanted = extension_fields()?;
    wanted.filter = equals(&model::CUSTOM_EXTENSION, &[], "id", id.to_string())?;
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let record = found.rows.first();
    let record = record.ok_or_else(|| ServiceError::not_found("custom extension", id))?;
    extension(Row::new(&wanted, record))
}

fn extension_fields() -> Result<domain::query::Query, ServiceError> {
    query(
        &model::CUSTOM_EXTENSION,
        &[
            "id",
            "catalog_id",
            "display_name",
            "description",
            "object_type",
            "endpoint",
            "authentication",
            "client",
            "callback",
            "version",
        ],
    )
}

fn extension(row: Row<'_>) -> Result<Extension, ServiceError> {
    let kind = ExtensionType::from_name(row.text("object_type").unwrap_or_default())
        .ok_or_else(|| ServiceError::Internal("an extension of no known type".into()))?;
    Ok(Extension {
        id: row.parsed("id")?,
        catalog: row.parsed("catalog_id")?,
        name: row.string("display_name"),
        description: row.string("description"),
        kind,
        endpoint: row.string("endpoint"),
        authentication: row.string("authentication"),
        client: row.string("client"),
        callback: row.string("callback"),
        version: row.int("version").unwrap_or_default(),
    })
}

/// A stage of a policy that calls an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The extension.
    pub extension: CustomExtensionId,
    /// When it is called.
    pub stage: Option<Stage>,
    /// By which policy.
    pub policy: PolicyId,
    /// The policy's name.
    pub policy_name: String,
    /// Of which package.
    pub package_name: String,
}

/// The stages of policies that call these extensions, the first ones of them.
pub async fn uses(
    service: &Service,
    ctx: &Ctx,
    extensions: &[CustomExtensionId],
) -> Result<Vec<Use>, ServiceError> {
    let mut uses = Vec::new();
    for entity in [&model::EXTENSION_STAGE, &model::EXTENSION_HANDLER] {
        let policy = query(&model::ASSIGNMENT_POLICY, &["id", "display_name"])?;
        let policy = with_fields(policy, "access_package", &["display_name"])?;
        let wanted = query(entity, &["custom_extension_id", "stage", "policy_id"])?;
        let mut wanted = with(wanted, "assignment_policy", policy)?;
        let ids = extensions.iter().map(ToString::to_string);
        wanted.filter = crate::mine::rows::is_one_of(entity, &[], "custom_extension_id", ids)?;
        wanted.limit = Some(MOST_USES);
        let found = reads::list(service, ctx, wanted.clone()).await?;
        for record in &found.rows {
            let row = Row::new(&wanted, record);
            let policy = row.one("assignment_policy");
            uses.push(Use {
                extension: row.parsed("custom_extension_id")?,
                stage: Stage::from_name(row.text("stage").unwrap_or_default()),
                policy: row.parsed("policy_id")?,
                policy_name: policy
                    .map(|one| one.string("display_name"))
                    .unwrap_or_default(),
                package_name: policy
                    .and_then(|one| one.of("access_package", "display_name"))
                    .unwrap_or_default(),
            });
        }
    }
    Ok(uses)
}

/// Most stages that are shown beside the extensions of a page.
const MOST_USES: u64 = 200;
