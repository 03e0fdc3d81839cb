//! One tenant with two catalogs that look the same, and a caller of every kind. Each holds their role in the first
//! catalog alone.

use auth::principal::{DirectoryRole, Permission};
use auth::roles::EmRole;
use domain::directory::NewRoleAssignment;
use serde_json::{Value, json};
use testkit::{Backend, Client, Package, Plan, TestApp};

use super::table::Column;
use crate::support::V1;

const WRITE: &[Permission] = &[Permission::EntitlementManagementReadWriteAll];
const READ: &[Permission] = &[Permission::EntitlementManagementReadAll];

/// Somebody who calls.
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    pub(crate) column: Column,
    pub(crate) is_application: bool,
    pub(crate) client: Client,
}

impl Caller {
    /// Whether they hold any role that counts, so that a refusal need not come before the id is looked at.
    pub(crate) fn holds_a_role(&self) -> bool {
        !matches!(
            self.column,
            Column::None
                | Column::Requestor
                | Column::Approver
                | Column::WritingApplication
                | Column::ReadingApplication
        )
    }

    /// Whether they see both catalogs whole.
    pub(crate) fn sees_the_tenant(&self) -> bool {
        matches!(
            self.column,
            Column::Administrator
                | Column::Reader
                | Column::WritingApplication
                | Column::ReadingApplication
        )
    }

    /// Whether they see the first catalog.
    pub(crate) fn sees_their_catalog(&self) -> bool {
        matches!(
            self.column,
            Column::CatalogOwner
                | Column::AccessPackageManager
                | Column::AssignmentManager
                | Column::CatalogReader
        )
    }
}

/// A catalog, and one of everything in it.
pub(crate) struct Place {
    pub(crate) package: Package,
    /// Another package, which the first one does not go together with.
    pub(crate) rival: Package,
    /// A third one, whose policy calls an extension.
    pub(crate) bound: Package,
    pub(crate) resource: String,
    pub(crate) custom: String,
    pub(crate) extension: String,
    pub(crate) role_assignment: String,
    /// Delivered.
    pub(crate) request: String,
    pub(crate) assignment: String,
    /// An assignment that has ended.
    pub(crate) ended: String,
    /// Whose request and assignment these are.
    pub(crate) target: String,
    /// The one stage of a request that was decided.
    pub(crate) approval: String,
    pub(crate) stage: String,
}

/// Everything.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) own: Place,
    pub(crate) other: Place,
    pub(crate) callers: Vec<Caller>,
    /// A catalog where everybody holds the role, too, that they hold in the first.
    pub(crate) second: String,
    pub(crate) organization: String,
    pub(crate) control: Value,
    pub(crate) dave: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let app = TestApp::on(Backend::Sqlite, crate::extensions::open());
        let app = app.await.unwrap();
        let own = place(&app, "Own", "alice", "bob", "dave").await;
        let other = place(&app, "Other", "frank", "erin", "dave").await;
        let second = app.package(Plan::new("Second").in_catalog("Second")).await;
        let callers = callers(&app, &[&own.package, &second]).await;
        let operator = app.as_operator();
        let organizations = format!("{V1}/connectedOrganizations");
        let made = operator
            .post(&organizations, organization("contoso.com"))
            .await;
        let organization = made.assert_status(201).text("id");
        let sponsors = format!("{V1}/connectedOrganizations/{organization}/internalSponsors/$ref");
        let dave = app.id_of("dave").to_string();
        operator
            .post(&sponsors, reference("users", &dave))
            .await
            .assert_status(204);
        let controls = operator
            .get(&format!("{V1}/controlConfigurations"))
            .await
            .rows();
        let control = controls
            .into_iter()
            .find(|row| row["@odata.type"] == "#microsoft.graph.endUserSettings");
        assign_role(&app, "dave", EmRole::CatalogCreator, "/").await;
        Self {
            app,
            own,
            other,
            callers,
            second: second.catalog,
            organization,
            control: control.unwrap(),
            dave,
        }
    }
}

pub(crate) fn organization(domain: &str) -> Value {
    json!({
        "displayName": domain, "state": "configured",
        "identitySources": [{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": domain}],
    })
}

pub(crate) fn reference(set: &str, id: &str) -> Value {
    json!({"@odata.id": format!("https://reeve.test/v1.0/{set}/{id}")})
}

async fn assign_role(app: &TestApp, name: &str, role: EmRole, scope: &str) {
    let wanted = NewRoleAssignment {
        principal_id: app.id_of(name),
        role: role.definition_id().to_string(),
        app_scope_id: scope.to_owned(),
    };
    let service = app.service();
    service::role_assignments::create(service, &service.system(), wanted)
        .await
        .unwrap();
}

async fn give_directory_role(app: &TestApp, name: &str, role: DirectoryRole) {
    let (id, role) = (app.id_of(name), role.template_id());
    let added = app
        .service()
        .store
        .write(move |tx| store::directory::role_member::add(tx, role, id));
    added.await.unwrap();
}

/// A caller for every column, and some of the ways to come into one.
async fn callers(app: &TestApp, packages: &[&Package]) -> Vec<Caller> {
    use Column as C;
    let mut callers = Vec::new();
    let mut user = |name, column| {
        let client = app.as_user_with(name, WRITE);
        callers.push(Caller {
            name,
            column,
            is_application: false,
            client,
        });
    };
    for (name, role, column) in [
        ("GA", DirectoryRole::GlobalAdministrator, C::Administrator),
        (
            "IGA",
            DirectoryRole::IdentityGovernanceAdministrator,
            C::Administrator,
        ),
        ("GR", DirectoryRole::GlobalReader, C::Reader),
        ("SR", DirectoryRole::SecurityReader, C::Reader),
        ("SA", DirectoryRole::SecurityAdministrator, C::Reader),
        ("CA", DirectoryRole::ComplianceAdministrator, C::Reader),
        ("UA", DirectoryRole::UserAdministrator, C::None),
    ] {
        app.add_user(name).await;
        give_directory_role(app, name, role).await;
        user(name, column);
    }
    for (name, role, column) in [
        ("CC", EmRole::CatalogCreator, C::CatalogCreator),
        (
            "COA",
            EmRole::ConnectedOrganizationAdministrator,
            C::ConnectedOrganizationAdministrator,
        ),
    ] {
        app.add_user(name).await;
        assign_role(app, name, role, "/").await;
        user(name, column);
    }
    for (name, role, column) in [
        ("CO", EmRole::CatalogOwner, C::CatalogOwner),
        ("APM", EmRole::AccessPackageManager, C::AccessPackageManager),
        (
            "APAM",
            EmRole::AccessPackageAssignmentManager,
            C::AssignmentManager,
        ),
        ("CR", EmRole::CatalogReader, C::CatalogReader),
    ] {
        app.add_user(name).await;
        for package in packages {
            app.give_role(name, role, package).await;
        }
        user(name, column);
    }
    // AZ-12: the same role, held by a group that the caller is in through another group.
    app.add_user("CO:g").await;
    let (outer, inner) = (
        app.group("outer", None).await,
        app.group("inner", None).await,
    );
    for (group, member) in [(outer, inner), (inner, app.id_of("CO:g"))] {
        let path = format!("/v1.0/groups/{group}/members/$ref");
        let member = reference("directoryObjects", &member.to_string());
        app.as_operator()
            .post(&path, member)
            .await
            .assert_status(204);
    }
    for package in packages {
        app.give_role("outer", EmRole::CatalogOwner, package).await;
    }
    user("CO:g", C::CatalogOwner);
    for (name, column) in [
        ("alice", C::Requestor),
        ("bob", C::Approver),
        ("mallory", C::None),
    ] {
        user(name, column);
    }
    applications(app, packages, &mut callers).await;
    callers
}

/// Applications with a permission, with a role, and with neither.
async fn applications(app: &TestApp, packages: &[&Package], callers: &mut Vec<Caller>) {
    use Column as C;
    for (name, permissions, column) in [
        ("app:W", WRITE, C::WritingApplication),
        ("app:R", READ, C::ReadingApplication),
        ("app:0", &[], C::None),
        // AZ-1: a role in place of the permission.
        ("app:CO", &[], C::CatalogOwner),
        ("app:GR", &[], C::Reader),
        ("app:IGA", &[], C::Administrator),
    ] {
        app.add_application(name).await;
        match name {
            "app:CO" => {
                for package in packages {
                    app.give_role(name, EmRole::CatalogOwner, package).await;
                }
            }
            "app:GR" => give_directory_role(app, name, DirectoryRole::GlobalReader).await,
            "app:IGA" => {
                give_directory_role(app, name, DirectoryRole::IdentityGovernanceAdministrator)
                    .await;
            }
            _ => {}
        }
        let client = app.as_application(name, permissions);
        callers.push(Caller {
            name,
            column,
            is_application: true,
            client,
        });
    }
}

async fn place(app: &TestApp, name: &str, target: &str, approver: &str, former: &str) -> Place {
    let operator = app.as_operator();
    let group = format!("{name} readers");
    let plan = Plan::new(name)
        .in_catalog(name)
        .member_here(&group)
        .approval_by(&[approver]);
    let package = app.package(plan).await;
    let rival = app
        .package(Plan::new(&format!("{name} rival")).in_catalog(name))
        .await;
    let incompatible = format!(
        "{V1}/accessPackages/{}/incompatibleAccessPackages/$ref",
        package.id
    );
    let link = json!({"@odata.id": format!("https://reeve.test{V1}/accessPackages/{}", rival.id)});
    operator.post(&incompatible, link).await.assert_status(204);

    let requests = format!("{V1}/assignmentRequests");
    let body = json!({"requestType": "userAdd", "assignment": {"accessPackageId": package.id}});
    let asked = app.as_user(target).post(&requests, body).await;
    let request = asked.assert_status(201).text("id");
    let stages = format!("{V1}/accessPackageAssignmentApprovals/{request}/stages");
    let stage = app.as_user(approver).get(&stages).await.rows()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let verdict = json!({"reviewResult": "Approve", "justification": "known"});
    let path = format!("{stages}/{stage}");
    app.as_user(approver)
        .patch(&path, verdict)
        .await
        .assert_status(204);
    app.deliver().await;
    let assignment = assignment_of(app, &package, target).await;

    let ended = ended(app, &rival, former).await;

    let catalog = &package.catalog;
    let body = json!({
        "requestType": "adminAdd", "catalog": {"id": catalog}, "resource": doors(),
    });
    let made = operator
        .post(&format!("{V1}/resourceRequests"), body)
        .await
        .assert_status(201);
    let path = format!("{V1}/resourceRequests/{}/resource", made.text("id"));
    let custom = operator.get(&path).await.assert_status(200).text("id");
    let sessions = format!("{V1}/catalogs/{catalog}/resources/{custom}/uploadSessions");
    operator.post(&sessions, upload()).await.assert_status(201);
    let resources = format!("{V1}/catalogs/{catalog}/resources?$filter=originSystem eq 'AadGroup'");
    let resource = operator.get(&resources).await.rows()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let extensions = format!("{V1}/catalogs/{catalog}/customWorkflowExtensions");
    let made = operator
        .post(&extensions, extension("https://hooks.example.com/in"))
        .await;
    let extension = made.assert_status(201).text("id");
    let bound = app
        .package(Plan::new(&format!("{name} bound")).in_catalog(name))
        .await;
    let settings = format!(
        "{V1}/assignmentPolicies/{}/customExtensionStageSettings",
        bound.policy
    );
    let called = json!({"stage": "assignmentRequestCreated", "customExtension": {"id": extension}});
    operator.post(&settings, called).await.assert_status(201);
    let wanted = role_assignment(&app.id_of(former).to_string(), catalog);
    let made = operator
        .post(
            "/v1.0/roleManagement/entitlementManagement/roleAssignments",
            wanted,
        )
        .await;
    let role_assignment = made.assert_status(201).text("id");
    Place {
        rival,
        bound,
        resource,
        custom,
        extension,
        role_assignment,
        assignment,
        ended,
        stage,
        approval: request.clone(),
        request,
        target: app.id_of(target).to_string(),
        package,
    }
}

/// Gives somebody a package and takes it away again; answers the assignment.
async fn ended(app: &TestApp, rival: &Package, former: &str) -> String {
    let operator = app.as_operator();
    let requests = format!("{V1}/assignmentRequests");
    let direct =
        |kind: &str, assignment: Value| json!({"requestType": kind, "assignment": assignment});
    let add = json!({"targetId": app.id_of(former).to_string(), "accessPackageId": rival.id,
        "assignmentPolicyId": rival.policy});
    operator
        .post(&requests, direct("adminAdd", add))
        .await
        .assert_status(201);
    app.deliver().await;
    let ended = assignment_of(app, rival, former).await;
    operator
        .post(&requests, direct("adminRemove", json!({"id": ended})))
        .await
        .assert_status(201);
    app.deliver().await;
    ended
}

async fn assignment_of(app: &TestApp, package: &Package, target: &str) -> String {
    let path = format!(
        "{V1}/assignments?$filter=accessPackage/id eq '{}' and target/objectId eq '{}'",
        package.id,
        app.id_of(target)
    );
    let rows = app.as_operator().get(&path).await.assert_status(200).rows();
    rows[0]["id"].as_str().unwrap().to_owned()
}

/// A resource that no directory describes, so that no rights on it are asked for (DL-13).
pub(crate) fn doors() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.customDataProvidedResource", "displayName": "Doors",
        "originId": "doors", "originSystem": "CustomDataProvidedResource"
    })
}

pub(crate) fn upload() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
        "data": {
            "@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData",
            "reviewDefinitionId": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6b", "reviewInstanceId": "i-1"
        }
    })
}

pub(crate) fn extension(url: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Ticket", "description": "Opens a ticket.",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.httpRequestEndpoint", "targetUrl": url,
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
            "resourceId": "f604bd15-f785-4309-ad7c-6fad18ddb6cb",
        },
    })
}

pub(crate) fn role_assignment(principal: &str, catalog: &str) -> Value {
    json!({
        "principalId": principal, "roleDefinitionId": EmRole::CatalogReader.definition_id().to_string(),
        "directoryScopeId": "/", "appScopeId": format!("/AccessPackageCatalog/{catalog}"),
    })
}
