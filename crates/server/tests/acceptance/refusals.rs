//! Who is refused by reprocess, with what, and in which order (TR6 to TR8, TR16, RP-2, RP-3, RP-5).

use auth::principal::Permission;
use auth::roles::EmRole;
use axum::http::Method;
use testkit::{Case, Client, Plan, TestApp};

use crate::paths::{self, Of, Path};

const UNKNOWN: &str = "0f9e7a52-3c46-4d11-8f0a-5a1b2c3d4e5f";

/// A case that the path could reprocess, of somebody of its own.
async fn ready(app: &TestApp) -> Vec<(Path, Case)> {
    let requests = paths::to_requests();
    let failed = app.requests_in("deliveryFailed", requests.len()).await;
    let assignments = paths::to_assignments();
    let delivered = app.assignments_in("delivered", assignments.len()).await;
    let both = requests.into_iter().zip(failed);
    both.chain(assignments.into_iter().zip(delivered)).collect()
}

/// What the object that the path reprocesses looks like.
async fn seen(app: &TestApp, path: &Path, case: &Case) -> serde_json::Value {
    match path.of {
        Of::Request => app.request(&case.request).await,
        Of::Assignment => app.assignment(&case.assignment).await,
    }
}

#[tokio::test]
async fn tr6_a_malformed_id_is_400_and_an_unknown_one_404() {
    TestApp::on_both(async |app| {
        let case = app.request_in("deliveryFailed").await;
        let operator = app.as_operator();
        for path in paths::all() {
            for malformed in ["abc", "123", "0f9e7a52-3c46-4d11-8f0a-5a1b2c3d4e5"] {
                let url = path.with(malformed, malformed);
                operator
                    .post_empty(&url)
                    .await
                    .assert_error(400, "BadRequest");
            }
            let url = path.with(UNKNOWN, UNKNOWN);
            operator
                .post_empty(&url)
                .await
                .assert_error(404, "ResourceNotFound");
            let url = path.with(UNKNOWN, &case.assignment);
            if path.of == Of::Request {
                operator
                    .post_empty(&url)
                    .await
                    .assert_error(404, "ResourceNotFound");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn p7_the_request_must_be_one_of_the_assignment() {
    TestApp::on_both(async |app| {
        let cases = app.requests_in("deliveryFailed", 2).await;
        for path in paths::to_requests().iter().filter(|path| path.is_nested()) {
            let url = path.with(&cases[0].request, &cases[1].assignment);

            app.as_operator()
                .post_empty(&url)
                .await
                .assert_error(404, "ResourceNotFound");

            assert_eq!(app.state(&cases[0].request).await, "deliveryFailed");
        }
    })
    .await;
}

#[tokio::test]
async fn rp_5_ids_are_compared_in_any_case() {
    TestApp::on_both(async |app| {
        for (path, case) in ready(app).await {
            let url = path.with(
                &case.request.to_uppercase(),
                &case.assignment.to_uppercase(),
            );
            app.as_operator().post_empty(&url).await.assert_status(202);
        }
    })
    .await;
}

/// Somebody, with the status and code that they get.
struct Refused {
    who: &'static str,
    client: Client,
    status: u16,
    code: &'static str,
}

/// Everybody of TR7 for the package of the case.
async fn everybody(app: &TestApp, case: &Case) -> Vec<Refused> {
    app.give_role("bob", EmRole::CatalogReader, &case.package)
        .await;
    let elsewhere = app
        .package(Plan::new("Elsewhere").in_catalog("Elsewhere"))
        .await;
    app.give_role("carol", EmRole::AccessPackageManager, &elsewhere)
        .await;
    let read = [Permission::EntitlementManagementReadAll];
    let forged = app
        .as_nobody()
        .with_header("authorization", "Bearer e30.e30.e30");
    let refused = |who, client, status, code| Refused {
        who,
        client,
        status,
        code,
    };
    app.add_application("reader").await;
    app.add_application("powerless").await;
    vec![
        refused("nobody", app.as_nobody(), 401, "InvalidAuthenticationToken"),
        refused("a forger", forged, 401, "InvalidAuthenticationToken"),
        refused(
            "an administrator with Read.All",
            app.as_user_with("admin", &read),
            403,
            "AccessDenied",
        ),
        refused(
            "an application with Read.All",
            app.as_application("reader", &read),
            403,
            "AccessDenied",
        ),
        refused(
            "an application with nothing",
            app.as_application("powerless", &[]),
            403,
            "AccessDenied",
        ),
        refused(
            "a user without role",
            app.as_user("mallory"),
            403,
            "AccessDenied",
        ),
        refused("the target", app.as_user(&case.who), 403, "AccessDenied"),
        refused(
            "a reader of this catalog",
            app.as_user("bob"),
            403,
            "AccessDenied",
        ),
        refused(
            "a manager elsewhere",
            app.as_user("carol"),
            404,
            "ResourceNotFound",
        ),
    ]
}

#[tokio::test]
async fn tr7_those_who_may_not_are_refused_and_nothing_changes() {
    TestApp::on_both(async |app| {
        let failed = app.request_in("deliveryFailed").await;
        let delivered = app.assignment_in("delivered").await;
        let everybody = everybody(app, &failed).await;
        for path in paths::all() {
            let case = match path.of {
                Of::Request => &failed,
                Of::Assignment => &delivered,
            };
            let before = seen(app, &path, case).await;

            for one in &everybody {
                let reply = one.client.post_empty(&path.to(case)).await;

                assert!(
                    reply.status == one.status && reply.code() == one.code,
                    "{} by {}: {reply}",
                    path.name,
                    one.who
                );
                if one.status == 401 {
                    let challenge = reply.headers.get("www-authenticate").unwrap();
                    assert!(challenge.to_str().unwrap().starts_with("Bearer"), "8.5");
                }
            }

            assert_eq!(seen(app, &path, case).await, before, "{}", path.name);
        }
    })
    .await;
}

#[tokio::test]
async fn rp_5_who_may_never_call_it_learns_nothing_about_ids() {
    TestApp::on_both(async |app| {
        for path in paths::all() {
            for id in ["abc", UNKNOWN] {
                let url = path.with(id, id);
                let nobody = app.as_nobody().post_empty(&url).await;
                nobody.assert_error(401, "InvalidAuthenticationToken");
                let mallory = app.as_user("mallory").post_empty(&url).await;
                mallory.assert_error(403, "AccessDenied");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rp_5_the_role_is_looked_at_before_the_state() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        app.give_role("bob", EmRole::CatalogReader, &case.package)
            .await;
        for path in paths::to_requests() {
            let reader = app.as_user("bob").post_empty(&path.to(&case)).await;
            reader.assert_error(403, "AccessDenied");
            let operator = app.as_operator().post_empty(&path.to(&case)).await;
            operator.assert_error(400, "InvalidRequestState");
        }
    })
    .await;
}

#[tokio::test]
async fn tr8_an_application_needs_the_permission_or_the_role() {
    TestApp::on_both(async |app| {
        app.add_application("permitted").await;
        app.add_application("manager").await;
        let all = [Permission::EntitlementManagementReadWriteAll];
        let mut is_role_given = std::collections::BTreeSet::new();
        for round in 0..2 {
            for (path, case) in ready(app).await {
                if is_role_given.insert(case.package.catalog.clone()) {
                    let role = EmRole::AccessPackageAssignmentManager;
                    app.give_role("manager", role, &case.package).await;
                }
                let client = match round {
                    0 => app.as_application("permitted", &all),
                    _ => app.as_application("manager", &[]),
                };
                let reply = client.post_empty(&path.to(&case)).await;
                reply.assert_status(202).assert_empty();
            }
            app.deliver().await;
        }
    })
    .await;
}

#[tokio::test]
async fn rp_2_each_managing_role_of_the_catalog_suffices_for_a_user() {
    TestApp::on_both(async |app| {
        let people = [
            ("bob", EmRole::AccessPackageAssignmentManager),
            ("carol", EmRole::AccessPackageManager),
            ("dave", EmRole::CatalogOwner),
        ];
        let cases = app.requests_in("deliveryFailed", people.len() + 1).await;
        for ((name, role), case) in people.iter().zip(&cases) {
            app.give_role(name, *role, &case.package).await;
            let url = paths::to_requests()[0].to(case);
            app.as_user(name).post_empty(&url).await.assert_status(202);
        }
        let url = paths::to_requests()[0].to(&cases[3]);
        app.as_user("admin")
            .post_empty(&url)
            .await
            .assert_status(202);
    })
    .await;
}

#[tokio::test]
async fn rp_3_there_is_no_body_but_an_empty_object() {
    TestApp::on_both(async |app| {
        for (path, case) in ready(app).await {
            let (operator, url) = (app.as_operator(), path.to(&case));
            let before = seen(app, &path, &case).await;
            for bad in ["[]", "null", "{\"a\":1}", "{", "text", "\"\""] {
                let reply = operator
                    .post_bytes(&url, "application/json", bad.as_bytes())
                    .await;
                reply.assert_error(400, "BadRequest");
            }
            assert_eq!(seen(app, &path, &case).await, before, "{}", path.name);

            let good = match (path.name, path.of) {
                ("P1" | "P3", _) => operator.post_bytes(&url, "text/plain", b"{}").await,
                ("P4" | "P2", _) => operator.post_bytes(&url, "application/json", b"").await,
                _ => {
                    operator
                        .post_bytes(&url, "application/json", b" {} \n")
                        .await
                }
            };

            let reply = good.assert_status(202).assert_empty();
            for absent in ["location", "retry-after", "operation-location"] {
                assert!(!reply.headers.contains_key(absent), "{absent}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn er_7_other_methods_are_405_and_post_is_allowed() {
    TestApp::on_both(async |app| {
        let failed = app.request_in("deliveryFailed").await;
        for path in paths::all() {
            for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
                let reply = app.as_operator().ask(method, &path.to(&failed)).await;
                let reply = reply.assert_error(405, "MethodNotAllowed");
                assert_eq!(reply.headers.get("allow").unwrap(), "POST", "{}", path.name);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rp_2_paths_that_do_not_exist_are_unknown_segments() {
    TestApp::on_both(async |app| {
        let failed = app.request_in("deliveryFailed").await;
        let em = "identityGovernance/entitlementManagement";
        for unknown in [
            format!("/beta/{em}/assignments/{}/reprocess", failed.assignment),
            format!(
                "/v1.0/{em}/accessPackageAssignmentRequests/{}/reprocess",
                failed.request
            ),
        ] {
            let reply = app.as_operator().post_empty(&unknown).await;
            reply.assert_error(400, "BadRequest");
        }
    })
    .await;
}

#[tokio::test]
async fn rp_1_segments_are_matched_in_any_case() {
    TestApp::on_both(async |app| {
        for (path, case) in ready(app).await {
            let url = path
                .to(&case)
                .replace("/identityGovernance", "/IDENTITYGOVERNANCE");
            let url = url.replace("reprocess", "Reprocess");
            app.as_operator().post_empty(&url).await.assert_status(202);
        }
    })
    .await;
}

// TR16: the same questions by every path, with the answers of the canonical one.
#[tokio::test]
async fn tr16_every_path_answers_like_the_canonical_one() {
    TestApp::on_both(async |app| {
        for of in [Of::Request, Of::Assignment] {
            let paths: Vec<Path> = paths::all()
                .into_iter()
                .filter(|path| path.of == of)
                .collect();
            let answers: Vec<Vec<(u16, String)>> = {
                let mut all = Vec::new();
                let good = match of {
                    Of::Request => app.requests_in("deliveryFailed", paths.len()).await,
                    Of::Assignment => app.assignments_in("delivered", paths.len()).await,
                };
                for (path, case) in paths.iter().zip(&good) {
                    all.push(answers(app, path, case).await);
                }
                all
            };

            for (path, got) in paths.iter().zip(&answers) {
                assert_eq!(got, &answers[0], "{} {of:?}", path.name);
            }
            assert_eq!(
                answers[0].last().unwrap().0,
                400,
                "the second try is too early"
            );
            app.deliver().await;
        }
    })
    .await;
}

async fn answers(app: &TestApp, path: &Path, case: &Case) -> Vec<(u16, String)> {
    let url = path.to(case);
    let mut answers = Vec::new();
    for (client, url) in [
        (app.as_nobody(), url.clone()),
        (app.as_user("mallory"), url.clone()),
        (app.as_operator(), path.with("abc", "abc")),
        (app.as_operator(), path.with(UNKNOWN, UNKNOWN)),
        (app.as_user("admin"), url.clone()),
        (app.as_operator(), url),
    ] {
        let reply = client.post_empty(&url).await;
        answers.push((reply.status.as_u16(), reply.code()));
    }
    answers
}
