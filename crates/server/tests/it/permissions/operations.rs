//! One call for each operation of semantics 7.3, some operations by several calls. A call that is allowed leaves
//! everything as the next caller needs it: it changes nothing, makes something of its own, or is refused for a reason
//! that comes after the decision about rights.

use http::Method;
use serde_json::{Value, json};

use super::world::{
    Place, World, doors, extension, organization, reference, role_assignment, upload,
};
use crate::support::{BETA, V1};

/// What is asked of the server.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

fn ask(method: Method, path: String, body: Option<Value>) -> Ask {
    Ask { method, path, body }
}

fn get(path: String) -> Ask {
    ask(Method::GET, path, None)
}

fn post(path: String, body: Value) -> Ask {
    ask(Method::POST, path, Some(body))
}

/// Where an operation happens.
pub(crate) enum Call {
    /// Something in a catalog, asked of both catalogs.
    Within(fn(&World, &Place) -> Ask),
    /// Something that belongs to no catalog.
    Tenant(fn(&World) -> Ask),
    /// A list, and the id in it that stands for a catalog.
    List(String, fn(&Place) -> &str),
}

/// An operation: its row of the table, what it is called in the golden file, and the call.
pub(crate) struct Operation {
    pub(crate) row: &'static str,
    pub(crate) name: &'static str,
    pub(crate) call: Call,
    /// Whether it asks for something by its id: who may not know it is told so, also without any role.
    pub(crate) is_get: bool,
    /// Whether it needs the right in both catalogs.
    pub(crate) is_across: bool,
    /// Whether its path leads through the catalog to what is in it.
    pub(crate) is_below_catalog: bool,
}

fn within(row: &'static str, name: &'static str, call: fn(&World, &Place) -> Ask) -> Operation {
    Operation {
        row,
        name,
        call: Call::Within(call),
        is_get: false,
        is_across: false,
        is_below_catalog: false,
    }
}

fn one(row: &'static str, name: &'static str, call: fn(&World, &Place) -> Ask) -> Operation {
    Operation {
        row,
        name,
        call: Call::Within(call),
        is_get: true,
        is_across: false,
        is_below_catalog: false,
    }
}

fn across(row: &'static str, name: &'static str, call: fn(&World, &Place) -> Ask) -> Operation {
    Operation {
        is_across: true,
        ..within(row, name, call)
    }
}

fn below(row: &'static str, name: &'static str, call: fn(&World, &Place) -> Ask) -> Operation {
    Operation {
        is_below_catalog: true,
        ..within(row, name, call)
    }
}

fn tenant(row: &'static str, name: &'static str, call: fn(&World) -> Ask) -> Operation {
    Operation {
        row,
        name,
        call: Call::Tenant(call),
        is_get: false,
        is_across: false,
        is_below_catalog: false,
    }
}

fn list(row: &'static str, name: &'static str, path: String, id: fn(&Place) -> &str) -> Operation {
    Operation {
        row,
        name,
        call: Call::List(path, id),
        is_get: false,
        is_across: false,
        is_below_catalog: false,
    }
}

const ROLES: &str = "/v1.0/roleManagement/entitlementManagement/roleAssignments";

/// All of them. Lists come first: later calls make more.
pub(crate) fn all() -> Vec<Operation> {
    let mut all = reads();
    all.extend(catalogs());
    all.extend(packages());
    all.extend(requests());
    all.extend(tenant_wide());
    all
}

fn reads() -> Vec<Operation> {
    let content = "list/get catalogs, access packages, resources, roles";
    let asked = "read requests";
    let held = "read assignments, delivered roles";
    vec![
        list(content, "list catalogs", format!("{V1}/catalogs"), |p| {
            &p.package.catalog
        }),
        list(
            content,
            "list access packages",
            format!("{V1}/accessPackages"),
            |p| &p.package.id,
        ),
        list(content, "list resources", format!("{V1}/resources"), |p| {
            &p.resource
        }),
        list(content, "list role assignments", ROLES.to_owned(), |p| {
            &p.role_assignment
        }),
        one(content, "get catalog", |_, p| {
            get(format!("{V1}/catalogs/{}", p.package.catalog))
        }),
        one(content, "get access package", |_, p| {
            get(format!("{V1}/accessPackages/{}", p.package.id))
        }),
        one(content, "get resources of catalog", |_, p| {
            get(format!("{V1}/catalogs/{}/resources", p.package.catalog))
        }),
        one(content, "get roles of catalog", |_, p| {
            get(format!(
                "{V1}/catalogs/{}/resourceRoles?$filter=originSystem eq 'AadGroup'",
                p.package.catalog
            ))
        }),
        one(content, "get extension", |_, p| {
            get(format!(
                "{V1}/catalogs/{}/customWorkflowExtensions/{}",
                p.package.catalog, p.extension
            ))
        }),
        one(content, "get role assignment", |_, p| {
            get(format!("{ROLES}/{}", p.role_assignment))
        }),
        list(
            "read policies",
            "list policies",
            format!("{V1}/assignmentPolicies"),
            |p| &p.package.policy,
        ),
        one("read policies", "get policy", |_, p| {
            get(format!("{V1}/assignmentPolicies/{}", p.package.policy))
        }),
        list(
            asked,
            "list requests",
            format!("{V1}/assignmentRequests"),
            |p| &p.request,
        ),
        list(held, "list assignments", format!("{V1}/assignments"), |p| {
            &p.assignment
        }),
        list(
            held,
            "list delivered roles",
            format!(
                "{BETA}/accessPackageAssignmentResourceRoles?$expand=accessPackageResourceRole"
            ),
            |p| &p.package.role().origin_id,
        ),
        one(asked, "get request", |_, p| {
            get(format!("{V1}/assignmentRequests/{}", p.request))
        }),
        one(held, "get assignment", |_, p| {
            get(format!("{V1}/assignments/{}", p.assignment))
        }),
    ]
}

fn catalogs() -> Vec<Operation> {
    let resources = "resource request, refresh";
    let roles = "role assignment in catalog";
    vec![
        within("update/delete catalog", "update catalog", |_, p| {
            ask(
                Method::PATCH,
                format!("{V1}/catalogs/{}", p.package.catalog),
                Some(json!({"description": "x"})),
            )
        }),
        within("update/delete catalog", "delete catalog", |_, p| {
            ask(
                Method::DELETE,
                format!("{V1}/catalogs/{}", p.package.catalog),
                None,
            )
        }),
        within(resources, "add resource", |_, p| {
            let body = json!({"requestType": "adminAdd", "catalog": {"id": p.package.catalog}, "resource": doors()});
            post(format!("{V1}/resourceRequests"), body)
        }),
        within(resources, "refresh resource", |_, p| {
            ask(
                Method::POST,
                format!("{V1}/resources/{}/refresh", p.resource),
                None,
            )
        }),
        within(roles, "assign catalog role", |w, p| {
            post(
                ROLES.to_owned(),
                role_assignment(&w.dave, &p.package.catalog),
            )
        }),
        within("custom extensions", "create extension", |_, p| {
            // A host that may not be called: refused, but not for lack of rights.
            let path = format!(
                "{V1}/catalogs/{}/customWorkflowExtensions",
                p.package.catalog
            );
            post(path, extension("https://forbidden.example.net/in"))
        }),
        below("custom extensions", "update extension", |_, p| {
            let path = format!(
                "{V1}/catalogs/{}/customWorkflowExtensions/{}",
                p.package.catalog, p.extension
            );
            ask(
                Method::PATCH,
                path,
                Some(extension("https://hooks.example.com/in")),
            )
        }),
        below("upload sessions", "create upload session", |_, p| {
            let path = format!(
                "{V1}/catalogs/{}/resources/{}/uploadSessions",
                p.package.catalog, p.custom
            );
            post(path, upload())
        }),
    ]
}

fn policy(place: &Place, automatic: bool) -> Value {
    let mut body = json!({
        "displayName": "Direct", "description": "", "allowedTargetScope": "notSpecified",
        "expiration": {"type": "noExpiration"}, "accessPackage": {"id": place.rival.id},
    });
    if automatic {
        body["allowedTargetScope"] = json!("specificDirectoryUsers");
        body["specificAllowedTargets"] = json!([{
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "description": "sales", "membershipRule": "(user.department -eq \"Nobody here\")",
        }]);
        body["automaticRequestSettings"] = json!({"requestAccessForAllowedTargets": true});
    }
    body
}

fn packages() -> Vec<Operation> {
    let content = "access packages, role scopes, incompatibilities";
    vec![
        within(content, "create access package", |_, p| {
            let body = json!({"displayName": "New", "description": "", "catalog": {"id": p.package.catalog}});
            post(format!("{V1}/accessPackages"), body)
        }),
        within(content, "hide access package", |_, p| {
            ask(
                Method::PATCH,
                format!("{V1}/accessPackages/{}", p.package.id),
                Some(json!({"isHidden": false})),
            )
        }),
        within(content, "delete access package", |_, p| {
            ask(
                Method::DELETE,
                format!("{V1}/accessPackages/{}", p.package.id),
                None,
            )
        }),
        within(content, "add role scope", |_, p| {
            let role = p.package.role();
            let group = role.group.to_string();
            let body = json!({
                "role": {"originId": role.origin_id, "originSystem": "AadGroup", "displayName": "Role",
                    "resource": {"id": p.resource, "originId": group, "originSystem": "AadGroup"}},
                "scope": {"originId": group, "originSystem": "AadGroup"},
            });
            post(
                format!("{V1}/accessPackages/{}/resourceRoleScopes", p.package.id),
                body,
            )
        }),
        within(content, "add incompatible package", |_, p| {
            let path = format!(
                "{V1}/accessPackages/{}/incompatibleAccessPackages/$ref",
                p.package.id
            );
            let other = format!(
                "identityGovernance/entitlementManagement/accessPackages/{}",
                p.package.id
            );
            post(path, reference_at(&other))
        }),
        // It calls an extension, so that it stays where it is.
        within("moveToCatalog", "move package within", |w, p| {
            let path = format!("{BETA}/accessPackages/{}/moveToCatalog", p.bound.id);
            post(path, json!({"catalogId": w.second}))
        }),
        across("moveToCatalog", "move package across", |w, p| {
            let to = if p.bound.id == w.own.bound.id {
                &w.other
            } else {
                &w.own
            };
            let path = format!("{BETA}/accessPackages/{}/moveToCatalog", p.bound.id);
            post(path, json!({"catalogId": to.package.catalog}))
        }),
        within("policies", "create policy", |_, p| {
            post(format!("{V1}/assignmentPolicies"), policy(p, false))
        }),
        within("policies", "replace policy", |_, p| {
            ask(
                Method::PUT,
                format!("{V1}/assignmentPolicies/{}", p.rival.policy),
                Some(policy(p, false)),
            )
        }),
        within("policies", "delete policy", |_, p| {
            ask(
                Method::DELETE,
                format!("{V1}/assignmentPolicies/{}", p.package.policy),
                None,
            )
        }),
        within("auto-assignment policy", "create auto policy", |_, p| {
            post(format!("{V1}/assignmentPolicies"), policy(p, true))
        }),
    ]
}

fn reference_at(path: &str) -> Value {
    json!({"@odata.id": format!("https://reeve.test/v1.0/{path}")})
}

fn requests() -> Vec<Operation> {
    let admin = "adminAdd/Update/Remove";
    let users = "userAdd/Update/Remove";
    let asks = "getApplicablePolicyRequirements, filterByCurrentUser";
    vec![
        within(admin, "adminAdd", |_, p| {
            let assignment = json!({
                "targetId": p.target, "accessPackageId": p.package.id, "assignmentPolicyId": p.package.policy,
            });
            post(
                format!("{V1}/assignmentRequests"),
                json!({"requestType": "adminAdd", "assignment": assignment}),
            )
        }),
        within(admin, "adminRemove", |_, p| {
            let body = json!({"requestType": "adminRemove", "assignment": {"id": p.ended}});
            post(format!("{V1}/assignmentRequests"), body)
        }),
        within("cancel", "cancel request", |_, p| {
            ask(
                Method::POST,
                format!("{V1}/assignmentRequests/{}/cancel", p.request),
                None,
            )
        }),
        within("reprocess", "reprocess request", |_, p| {
            ask(
                Method::POST,
                format!("{V1}/assignmentRequests/{}/reprocess", p.request),
                None,
            )
        }),
        within("reprocess", "reprocess assignment", |_, p| {
            ask(
                Method::POST,
                format!("{V1}/assignments/{}/reprocess", p.ended),
                None,
            )
        }),
        within("resume", "resume request", |_, p| {
            let body = json!({"source": "Contoso", "type": "x", "data": {
                "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
                "stage": "assignmentRequestCreated", "customExtensionStageInstanceId": p.extension,
                "customExtensionStageInstanceDetail": "done",
            }});
            post(
                format!("{V1}/assignmentRequests/{}/resume", p.request),
                body,
            )
        }),
        within("delete request", "delete request", |_, p| {
            ask(
                Method::DELETE,
                format!("{V1}/assignmentRequests/{}", p.request),
                None,
            )
        }),
        within("approve/deny", "approve", |_, p| {
            let path = format!(
                "{V1}/accessPackageAssignmentApprovals/{}/stages/{}",
                p.approval, p.stage
            );
            ask(
                Method::PATCH,
                path,
                Some(json!({"reviewResult": "Approve", "justification": "again"})),
            )
        }),
        within("subject lifecycle", "update subject", |_, p| {
            let path = format!("{V1}/subjects(objectId='{}')", p.target);
            ask(
                Method::PATCH,
                path,
                Some(json!({"subjectLifecycle": "notGoverned"})),
            )
        }),
        within(users, "userAdd", |_, p| {
            let body =
                json!({"requestType": "userAdd", "assignment": {"accessPackageId": p.package.id}});
            post(format!("{V1}/assignmentRequests"), body)
        }),
        within(asks, "requirements", |_, p| {
            ask(
                Method::POST,
                format!(
                    "{V1}/accessPackages/{}/getApplicablePolicyRequirements",
                    p.package.id
                ),
                None,
            )
        }),
        tenant(asks, "filterByCurrentUser", |_| {
            get(format!("{V1}/assignments/filterByCurrentUser(on='target')"))
        }),
    ]
}

fn tenant_wide() -> Vec<Operation> {
    let organizations = "connected organizations, sponsors";
    let settings = "settings, controlConfigurations, connectors";
    vec![
        tenant("assign Catalog creator", "assign Catalog creator", |w| {
            let mut body = role_assignment(&w.dave, "");
            body["appScopeId"] = json!("/");
            body["roleDefinitionId"] = json!(
                auth::roles::EmRole::CatalogCreator
                    .definition_id()
                    .to_string()
            );
            post(ROLES.to_owned(), body)
        }),
        tenant(organizations, "create organization", |_| {
            post(
                format!("{V1}/connectedOrganizations"),
                organization("fabrikam.com"),
            )
        }),
        tenant(organizations, "update organization", |w| {
            let path = format!("{V1}/connectedOrganizations/{}", w.organization);
            ask(Method::PATCH, path, Some(json!({"description": "x"})))
        }),
        tenant(organizations, "add sponsor", |w| {
            let path = format!(
                "{V1}/connectedOrganizations/{}/internalSponsors/$ref",
                w.organization
            );
            // An application speaks for nobody: refused, but not for lack of rights.
            let application = w.app.id_of("app:0").to_string();
            post(path, reference("directoryObjects", &application))
        }),
        tenant(settings, "update settings", |_| {
            ask(
                Method::PATCH,
                format!("{V1}/settings"),
                Some(json!({"durationUntilExternalUserDeletedAfterBlocked": "P30D"})),
            )
        }),
        tenant(settings, "put control configuration", |w| {
            let path = format!(
                "{V1}/controlConfigurations/{}",
                w.control["id"].as_str().unwrap()
            );
            let body =
                json!({"@odata.type": "#microsoft.graph.endUserSettings", "isEnabled": true});
            ask(Method::PUT, path, Some(body))
        }),
        // The last one: whoever makes a catalog owns it from then on (AZ-10).
        tenant("create catalog", "create catalog", |_| {
            post(
                format!("{V1}/catalogs"),
                json!({"displayName": "New", "description": ""}),
            )
        }),
    ]
}
