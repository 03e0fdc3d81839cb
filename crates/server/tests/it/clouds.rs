//! One server, the API of several clouds (semantics section 9).

use axum::http::Method;
use domain::cloud::Cloud;
use serde_json::{Value, json};
use service::settings::Settings;
use testkit::{BETA, Backend, Start, TestApp, V1};
use wire::Version;
use wire::cloud::{GAPS, Part, gaps};

use crate::support::{NOWHERE, Server, TENANT};

const RESUME: &str = "resume";

fn settings(cloud: Cloud) -> Settings {
    Settings {
        cloud,
        ..Settings::default()
    }
}

async fn app(cloud: Cloud) -> TestApp {
    let start = Start {
        settings: settings(cloud),
    };
    TestApp::on(Backend::Sqlite, start).await.unwrap()
}

fn roots() -> [(Version, &'static str); 2] {
    [(Version::V1, V1), (Version::Beta, BETA)]
}

/// A request that reaches the part, if it is there, and the segment that is blamed if not.
fn request(root: &str, part: Part) -> Option<(Method, String, String)> {
    let (method, path, blamed) = match part {
        Part::Member("entitlementManagement", set) => (Method::GET, set.to_owned(), set),
        Part::Member(_, way) => {
            let sets = if root == V1 {
                "resources"
            } else {
                "accessPackageResources"
            };
            (Method::GET, format!("{sets}/{NOWHERE}/{way}"), way)
        }
        Part::Operation(_, name) => {
            let path = format!("assignmentRequests/{NOWHERE}/{name}");
            (Method::POST, path, name)
        }
        Part::Type(_) | Part::Update(_) => return None,
    };
    Some((method, format!("{root}/{path}"), blamed.to_owned()))
}

/// CL-1, CL-2: each row of the table, in each cloud, both versions, and through `$batch`.
#[tokio::test]
async fn what_a_cloud_lacks_is_an_unknown_segment_and_everything_else_is_there() {
    for cloud in Cloud::ALL.iter().copied() {
        let app = app(cloud).await;
        let operator = app.as_operator();
        for (version, root) in roots() {
            let lacking: Vec<Part> = gaps(cloud, version).collect();
            for gap in GAPS {
                let Some((method, path, blamed)) = request(root, gap.part) else {
                    continue;
                };
                let reply = if method == Method::GET {
                    operator.get(&path).await
                } else {
                    operator.post(&path, json!({})).await
                };
                let (_, below) = path[1..].split_once('/').unwrap();
                let batch = json!({"requests": [{
                    "id": "1", "method": method.as_str(), "url": format!("/{below}"),
                    "headers": {"content-type": "application/json"}, "body": {},
                }]});
                let front = if version == Version::V1 {
                    "/v1.0"
                } else {
                    "/beta"
                };
                let batched = operator.post(&format!("{front}/$batch"), batch).await;
                let batched = batched.assert_status(200).json();
                let status = batched["responses"][0]["status"].clone();
                assert_eq!(status, reply.status.as_u16(), "{cloud} {path}: {batched}");
                let is_blamed = String::from_utf8_lossy(&reply.body)
                    .contains(&format!("Resource not found for the segment '{blamed}'"));
                assert_eq!(is_blamed, lacking.contains(&gap.part), "{cloud} {reply}");
                if is_blamed {
                    reply.assert_error(400, "BadRequest");
                }
            }
        }
    }
}

#[tokio::test]
async fn cl_1_metadata_and_the_objects_above_the_sets_show_what_the_cloud_has() {
    for cloud in Cloud::ALL.iter().copied() {
        let app = app(cloud).await;
        for (version, root) in roots() {
            let front = if version == Version::V1 {
                "/v1.0"
            } else {
                "/beta"
            };
            let metadata = app.as_nobody().get(&format!("{front}/$metadata")).await;
            let text = String::from_utf8(metadata.assert_status(200).body).unwrap();
            let expanded = app.as_user("admin").get(&format!("{root}?$expand=*")).await;
            let expanded = expanded.assert_status(200).json();
            for gap in GAPS {
                let is_there = !gaps(cloud, version).any(|part| part == gap.part);
                match gap.part {
                    Part::Member("entitlementManagement", set) => {
                        assert_eq!(expanded.get(set).is_some(), is_there, "{cloud} {set}");
                        let named = app
                            .as_user("admin")
                            .get(&format!("{root}?$expand={set}"))
                            .await;
                        assert_eq!(named.status.as_u16() == 200, is_there, "{cloud} {named}");
                        let found = text.contains(&format!("\"{set}\""));
                        assert_eq!(found, is_there, "{cloud} {version:?} {set}");
                    }
                    Part::Operation(_, name) => {
                        let found = text.contains(&format!("<Action Name=\"{name}\""));
                        assert_eq!(found, is_there, "{cloud} {version:?} {name}");
                    }
                    Part::Member(..) | Part::Type(_) | Part::Update(_) => {}
                }
            }
        }
    }
}

#[tokio::test]
async fn cl_2_subjects_of_beta_are_read_but_not_changed_outside_the_global_cloud() {
    for cloud in Cloud::ALL.iter().copied() {
        let app = app(cloud).await;
        let path = format!("{BETA}/subjects/{NOWHERE}");
        let body = json!({"subjectLifecycle": "governed"});

        let read = app.as_operator().get(&format!("{BETA}/subjects")).await;
        let changed = app.as_operator().patch(&path, body).await;

        assert_eq!(read.status, 200);
        if cloud == Cloud::Global {
            changed.assert_status(404);
        } else {
            assert_eq!(changed.headers["allow"], "GET, HEAD");
            let told = changed.assert_error(405, "MethodNotAllowed").json();
            let message = told["error"]["message"].as_str().unwrap();
            assert!(message.contains("server.cloudProfile"), "{message}");
        }
    }
}

/// `cancel` and `reprocess` are in every cloud that a profile is for (semantics 9.2).
#[tokio::test]
async fn both_ways_to_reprocess_are_in_every_cloud_and_resume_is_not() {
    for cloud in Cloud::ALL.iter().copied() {
        let app = app(cloud).await;
        let package = app.two_role_package().await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        for path in [
            format!("{V1}/assignments/{assignment}/reprocess"),
            format!("{BETA}/accessPackageAssignments/{assignment}/reprocess"),
        ] {
            app.as_operator().post_empty(&path).await.assert_status(202);
            app.deliver().await;
        }
        let path = format!("{V1}/assignmentRequests/{request}/{RESUME}");
        let resumed = app.as_operator().post(&path, json!({})).await;
        let is_unknown = String::from_utf8_lossy(&resumed.body).contains("segment 'resume'");
        assert_eq!(is_unknown, cloud != Cloud::Global, "{cloud} {resumed}");
    }
}

/// Semantics 9.1: tokens of one cloud are not valid in another.
#[tokio::test]
async fn a_token_for_the_graph_of_another_cloud_is_refused() {
    for cloud in Cloud::ALL.iter().copied() {
        let server = Server::with(settings(cloud)).await;
        let path = format!("{V1}/catalogs");
        for other in Cloud::ALL.iter().copied() {
            let token = server.for_audience(other.graph_root());
            let answer = server.get(&token, &path).await;
            if other == cloud {
                answer.expect(200);
            } else {
                assert_eq!(answer.status, 401, "{other} in {cloud}");
                assert_eq!(answer.code(), "InvalidAuthenticationToken");
                let challenge = answer.header("www-authenticate");
                assert!(challenge.contains("authorization_uri="), "{challenge}");
            }
        }
        let everywhere = server.for_audience(domain::cloud::GRAPH_ID);
        server.get(&everywhere, &path).await.expect(200);
    }
}

#[tokio::test]
async fn the_issuer_tells_its_cloud_and_leads_to_itself() {
    for cloud in Cloud::ALL.iter().copied() {
        let server = Server::with(settings(cloud)).await;
        let path = format!("/{TENANT}/v2.0/.well-known/openid-configuration");

        let document = server.get("", &path).await.expect(200).json();

        assert_eq!(document["cloud_instance_name"], cloud.instance());
        assert_eq!(document["msgraph_host"], "127.0.0.1:8443");
        let token = document["token_endpoint"].as_str().unwrap();
        assert!(token.starts_with("https://127.0.0.1:8443/"), "{token}");
    }
}

/// EX-1: the clouds are those that there are.
#[tokio::test]
async fn ex_1_a_tenant_of_another_cloud_names_a_cloud_that_there_is() {
    let app = app(Cloud::UsGov).await;
    let body = |instance: &str| {
        json!({"displayName": instance, "identitySources": [{
            "@odata.type": "#microsoft.graph.crossCloudAzureActiveDirectoryTenant",
            "tenantId": uuid_of(instance), "cloudInstance": instance}]})
    };
    for root in [V1, BETA] {
        let path = format!("{root}/connectedOrganizations");
        for cloud in [Cloud::Global, Cloud::China] {
            let made = app.as_operator().post(&path, body(cloud.instance())).await;
            let made = made.assert_status(201).json();
            assert_eq!(
                made["identitySources"][0]["cloudInstance"],
                cloud.instance()
            );
            let own = format!("{path}/{}", made["id"].as_str().unwrap());
            app.as_operator().delete(&own).await.assert_status(204);
        }
        let refused = app.as_operator().post(&path, body("moon.example")).await;
        let refused: Value = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(
            refused["error"]["target"],
            "identitySources/0/cloudInstance"
        );
    }
}

/// A tenant id that differs with the text.
fn uuid_of(text: &str) -> String {
    format!("00000000-0000-4000-8000-{:012x}", text.len())
}
