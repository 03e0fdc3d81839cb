//! Custom extensions, from their definition over the callout to the answer (semantics 6.9, 10.3, 10.4).

mod definitions;
mod dynamic;
mod life;
mod receiver;
mod stages;
mod tokens;
mod trouble;
mod walk;

use domain::extension::HostPolicy;
use serde_json::{Value, json};
use service::settings::{ExtensionSettings, Settings};
use testkit::{BETA, Client, Package, Plan, Start, TestApp, V1};

use receiver::Receiver;

/// An app that may call receivers on this machine.
pub(crate) fn open() -> Start {
    Start {
        settings: Settings {
            extensions: ExtensionSettings {
                hosts: HostPolicy {
                    allowed_hosts: vec!["127.0.0.1".to_owned(), "hooks.example.com".to_owned()],
                    allow_private_addresses: true,
                    allow_plain_http: true,
                },
                ..ExtensionSettings::default()
            },
            ..Settings::default()
        },
    }
}

/// An extension that calls this address; the request waits if a time is given.
fn extension(url: &str, waits: Option<&str>) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Ticket",
        "description": "Opens a ticket.",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
            "resourceGroupName": "resources",
            "logicAppWorkflowName": "ticket",
            "url": url,
        },
        "authenticationConfiguration": {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"},
        "clientConfiguration": {"timeoutInMilliseconds": 2000, "maximumRetries": 1},
        "callbackConfiguration": waits.map(|time| json!({
            "@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration",
            "timeoutDuration": time,
        })),
    })
}

/// The collection of a catalog's extensions, by the names of a version.
fn collection(root: &str, catalog: &str) -> String {
    if root == V1 {
        format!("{V1}/catalogs/{catalog}/customWorkflowExtensions")
    } else {
        format!("{BETA}/accessPackageCatalogs/{catalog}/accessPackageCustomWorkflowExtensions")
    }
}

fn policies(root: &str) -> String {
    if root == V1 {
        format!("{V1}/assignmentPolicies")
    } else {
        format!("{BETA}/accessPackageAssignmentPolicies")
    }
}

/// Makes an extension in the catalog of a package; answers its id.
async fn add_extension(app: &TestApp, package: &Package, body: Value) -> String {
    let path = collection(V1, &package.catalog);
    let made = app.as_operator().post(&path, body).await;
    made.assert_status(201).text("id")
}

/// Has the policy of a package call an extension at a stage; answers the setting's id.
async fn call_at(app: &TestApp, package: &Package, stage: &str, extension: &str) -> String {
    let path = format!(
        "{V1}/assignmentPolicies/{}/customExtensionStageSettings",
        package.policy
    );
    let body = json!({"stage": stage, "customExtension": {"id": extension}});
    let made = app.as_operator().post(&path, body).await;
    made.assert_status(201).text("id")
}

/// A package whose policy calls the receiver at a stage.
async fn calling(
    app: &TestApp,
    plan: Plan,
    receiver: &Receiver,
    stage: &str,
    waits: Option<&str>,
) -> Package {
    let package = app.package(plan).await;
    let id = add_extension(app, &package, extension(&receiver.url(), waits)).await;
    call_at(app, &package, stage, &id).await;
    package
}

/// Somebody asks for a package; answers the request's id.
async fn ask(client: &Client, package: &Package) -> String {
    let body = json!({"requestType": "userAdd", "assignment": {"accessPackageId": package.id}});
    let made = client.post(&format!("{V1}/assignmentRequests"), body).await;
    made.assert_status(201).text("id")
}

/// State and status of a request.
async fn standing(app: &TestApp, request: &str) -> (String, String) {
    let path = format!("{V1}/assignmentRequests/{request}");
    let read = app.as_operator().get(&path).await.assert_status(200);
    (read.text("state"), read.text("status"))
}

/// The states of a request's callouts.
async fn callouts(app: &TestApp, root: &str, request: &str) -> Vec<Value> {
    let path = format!("{root}/assignmentRequests/{request}");
    let read = app.as_operator().get(&path).await.assert_status(200).json();
    read["customExtensionCalloutInstances"]
        .as_array()
        .unwrap()
        .clone()
}

/// What a receiver answers for the callout that it got.
fn answer(got: &Value, state: Option<&str>) -> Value {
    let stage = got["Stage"].as_str().unwrap();
    json!({
        "source": "Contoso.Ticket",
        "type": format!("microsoft.graph.accessPackageCustomExtensionStage.{stage}"),
        "data": {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": stage,
            "customExtensionStageInstanceId": got["CustomExtensionStageInstanceId"],
            "customExtensionStageInstanceDetail": "Ticket 17",
            "state": state,
        },
    })
}

/// The paths by which a request is resumed.
fn resume_paths(request: &str) -> [String; 3] {
    [
        format!("{V1}/assignmentRequests/{request}/resume"),
        format!("{BETA}/assignmentRequests/{request}/resume"),
        format!("{BETA}/accessPackageAssignmentRequests/{request}/resume"),
    ]
}

/// A request whose extension is called, for whom only that matters.
pub(crate) async fn call_one(app: &TestApp) {
    let receiver = Receiver::new().await;
    let plan = Plan::new("Called").member_here("Called");
    let package = calling(app, plan, &receiver, "assignmentRequestCreated", None).await;
    ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    receiver.only();
}
