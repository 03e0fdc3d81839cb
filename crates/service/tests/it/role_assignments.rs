//! Roles of entitlement management.

use auth::principal::DirectoryRole;
use auth::resource_actions;
use auth::roles::EmRole;
use domain::directory::{GroupChanges, NewRoleAssignment, NewRoleScheduleRequest, RoleAction};
use domain::id::{CatalogId, ObjectId};
use domain::model;
use domain::query::{Entity, Query, Value};
use service::{Code, Ctx, reads, role_assignments, role_schedule_requests};

use crate::support::{World, app, as_user, as_user_in, code, object, refusal};

fn wanted(principal_id: ObjectId, role: EmRole, app_scope_id: &str) -> NewRoleAssignment {
    NewRoleAssignment {
        principal_id,
        role: role.definition_id().to_string(),
        app_scope_id: app_scope_id.to_owned(),
    }
}

fn scope_of(catalog: CatalogId) -> String {
    format!("/AccessPackageCatalog/{catalog}")
}

#[tokio::test]
async fn roles_go_to_users_and_groups_in_a_catalog_az_11() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let (alice, sales) = (
        world.user(1, "alice"),
        world.group(2, "Sales", GroupChanges::default()),
    );

    for principal in [alice, sales] {
        let body = wanted(principal, EmRole::CatalogReader, &scope_of(catalog));
        let created = role_assignments::create(&world.service, &app(), body.clone())
            .await
            .unwrap();
        let again = role_assignments::create(&world.service, &app(), body).await;

        assert_eq!(
            (created.principal_id, created.catalog_id),
            (principal, Some(catalog))
        );
        assert_eq!(code(again), Code::BadRequest);
        role_assignments::delete(&world.service, &app(), created.id)
            .await
            .unwrap();
        let gone = role_assignments::delete(&world.service, &app(), created.id).await;
        assert_eq!(code(gone), Code::ResourceNotFound);
    }
}

#[tokio::test]
async fn tenant_roles_are_assigned_at_the_root_and_catalog_roles_in_a_catalog() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let alice = world.user(1, "alice");

    for role in EmRole::ALL.iter().copied() {
        let (right, wrong) = if role.is_for_catalogs() {
            (scope_of(catalog), "/".to_owned())
        } else {
            ("/".to_owned(), scope_of(catalog))
        };
        let refused =
            role_assignments::create(&world.service, &app(), wanted(alice, role, &wrong)).await;
        let created =
            role_assignments::create(&world.service, &app(), wanted(alice, role, &right)).await;

        assert_eq!(
            refusal(refused),
            (Code::BadRequest, Some("appScopeId".to_owned())),
            "{role:?}"
        );
        assert_eq!(created.unwrap().app_scope_id, right);
    }
}

#[tokio::test]
async fn a_role_may_be_named_q_20() {
    let world = World::new();
    let body = NewRoleAssignment {
        principal_id: world.user(1, "alice"),
        role: "connected organization administrator".to_owned(),
        app_scope_id: "/".to_owned(),
    };

    let created = role_assignments::create(&world.service, &app(), body)
        .await
        .unwrap();

    let role = EmRole::ConnectedOrganizationAdministrator;
    assert_eq!(created.role_definition_id, role.definition_id());
}

#[tokio::test]
async fn what_the_body_names_has_to_exist() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let alice = world.user(1, "alice");
    let unknown_role = NewRoleAssignment {
        role: object(99).to_string(),
        ..wanted(alice, EmRole::CatalogReader, &scope_of(catalog))
    };
    let no_catalog = scope_of(CatalogId::new(object(99).uuid()));
    let bad = |target: &str| (Code::BadRequest, Some(target.to_owned()));
    let create = async |body| refusal(role_assignments::create(&world.service, &app(), body).await);

    assert_eq!(create(unknown_role).await, bad("roleDefinitionId"));
    let nobody = wanted(object(99), EmRole::CatalogReader, &scope_of(catalog));
    assert_eq!(create(nobody).await, bad("principalId"));
    assert_eq!(
        create(wanted(alice, EmRole::CatalogReader, "/Nowhere")).await,
        bad("appScopeId")
    );
    let nowhere = wanted(alice, EmRole::CatalogReader, &no_catalog);
    assert_eq!(create(nowhere).await, (Code::ResourceNotFound, None));
}

#[tokio::test]
async fn owners_assign_in_their_catalog_and_only_administrators_for_the_tenant() {
    let world = World::new();
    let (mine, other) = (world.catalog("Mine").await, world.catalog("Other").await);
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let owner = as_user_in(alice, EmRole::CatalogOwner, mine);
    let manager = as_user_in(alice, EmRole::AccessPackageManager, mine);
    let administrator = as_user(alice, &[DirectoryRole::IdentityGovernanceAdministrator]);
    let create = async |ctx, body| role_assignments::create(&world.service, &ctx, body).await;
    let reader_of = |catalog| wanted(bob, EmRole::CatalogReader, &scope_of(catalog));
    let creator = wanted(bob, EmRole::CatalogCreator, "/");

    let granted = create(owner.clone(), reader_of(mine)).await.unwrap();
    assert_eq!(
        code(create(owner.clone(), reader_of(other)).await),
        Code::ResourceNotFound
    );
    assert_eq!(
        code(create(manager.clone(), reader_of(mine)).await),
        Code::AccessDenied
    );
    assert_eq!(
        code(create(owner, creator.clone()).await),
        Code::AccessDenied
    );
    let revoked = role_assignments::delete(&world.service, &manager, granted.id).await;
    assert_eq!(code(revoked), Code::AccessDenied);
    assert!(create(administrator, creator).await.is_ok());
}

/// A column of every row of an entity, as the service itself reads it.
async fn texts(world: &World, entity: &'static Entity, columns: &[&str]) -> Vec<Vec<String>> {
    let query = Query {
        fields: columns
            .iter()
            .map(|name| entity.field(name).unwrap())
            .collect(),
        ..Query::of(entity)
    };
    let ctx = world.service.system();
    let page = reads::list(&world.service, &ctx, query).await.unwrap();
    let text = |value: &Value| value.as_text().unwrap_or_default().to_owned();
    page.rows
        .iter()
        .map(|row| row.values.iter().map(text).collect())
        .collect()
}

#[tokio::test]
async fn the_definitions_of_roles_say_what_the_table_of_roles_grants() {
    let world = World::new();

    let columns = ["id", "display_name", "description", "allowed_actions"];
    let defined = texts(&world, &model::ROLE_DEFINITION, &columns).await;
    let actions = texts(&world, &model::ROLE_RESOURCE_ACTION, &["id", "name"]).await;

    let namespace = resource_actions::NAMESPACE;
    assert_eq!(defined.len(), EmRole::ALL.len());
    for role in EmRole::ALL.iter().copied() {
        let id = role.definition_id().to_string();
        let row = defined.iter().find(|row| row[0] == id).unwrap();
        let allowed: Vec<String> = serde_json::from_str(&row[3]).unwrap();
        let granted: Vec<String> = resource_actions::of_role(role)
            .iter()
            .map(|name| format!("{namespace}/{name}"))
            .collect();
        assert_eq!(
            (&*row[1], &*row[2]),
            (role.display_name(), role.description())
        );
        assert_eq!(allowed, granted, "{role:?}");
    }
    let mut expected: Vec<Vec<String>> = resource_actions::all()
        .iter()
        .map(|name| {
            let id = format!("{namespace}-{}", name.replace('/', "-"));
            vec![id, format!("{namespace}/{name}")]
        })
        .collect();
    let mut actions = actions;
    actions.sort();
    expected.sort();
    assert_eq!(actions, expected);
}

fn request(action: RoleAction, assignment: NewRoleAssignment) -> NewRoleScheduleRequest {
    NewRoleScheduleRequest {
        action,
        assignment,
        starts_at: None,
        justification: None,
        custom_data: None,
        schedule_info: None,
        ticket_info: None,
    }
}

#[tokio::test]
async fn a_request_does_what_the_role_assignment_itself_would() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let (alice, carol) = (world.user(1, "alice"), world.user(2, "carol"));
    let body = wanted(alice, EmRole::CatalogReader, &scope_of(catalog));
    let submit = async |ctx: &Ctx, action| {
        let request = request(action, body.clone());
        role_schedule_requests::submit(&world.service, ctx, request).await
    };
    let held = async || texts(&world, &model::ROLE_ASSIGNMENT, &["principal_id"]).await;

    let stranger = submit(&as_user(carol, &[]), RoleAction::Assign).await;
    let too_early = submit(&app(), RoleAction::Remove).await;
    let before = held().await;
    submit(&app(), RoleAction::Assign).await.unwrap();
    let between = held().await;
    let twice = submit(&app(), RoleAction::Assign).await;
    submit(&app(), RoleAction::Remove).await.unwrap();
    let after = held().await;

    assert_eq!(code(stranger), Code::AccessDenied);
    assert_eq!(code(too_early), Code::BadRequest);
    assert_eq!(code(twice), Code::BadRequest);
    assert_eq!(between.len(), before.len() + 1);
    assert!(between.contains(&vec![alice.to_string()]));
    assert_eq!(after, before);
}
