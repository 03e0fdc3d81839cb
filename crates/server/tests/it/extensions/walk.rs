//! Random walks: whatever happens to receivers, requests and the clock, a request that waits comes to an end.

use domain::time::Duration;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use testkit::{Plan, TestApp, V1};

use super::receiver::{Answer, Receiver};
use super::{add_extension, answer, ask, call_at, extension, open, resume_paths, standing};

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The engine and the caller work.
    Deliver,
    /// The next call is refused.
    Refuse,
    /// The latest callout is answered, so.
    Answer(Option<&'static str>),
    /// An hour's fraction passes.
    Minutes(i64),
    /// The requestor takes it back.
    Cancel,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Deliver),
        1 => Just(Step::Refuse),
        3 => Just(Step::Answer(None)),
        1 => Just(Step::Answer(Some("Denied"))),
        1 => Just(Step::Answer(Some("Canceled"))),
        2 => (1_i64..70).prop_map(Step::Minutes),
        1 => Just(Step::Cancel),
    ];
    proptest::collection::vec(step, 1..12)
}

fn is_final(state: &str) -> bool {
    [
        "delivered",
        "denied",
        "canceled",
        "deliveryFailed",
        "partiallyDelivered",
    ]
    .contains(&state)
}

async fn walk(steps: &[Step]) {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let package = app.package(Plan::new("CRM").member_here("Sellers")).await;
    let id = add_extension(&app, &package, extension(&receiver.url(), Some("PT1H"))).await;
    for stage in [
        "assignmentRequestCreated",
        "assignmentRequestApproved",
        "assignmentRequestGranted",
    ] {
        call_at(&app, &package, stage, &id).await;
    }
    let request = ask(&app.as_user("alice"), &package).await;
    for step in steps {
        let before = standing(&app, &request).await.0;
        match step {
            Step::Deliver => app.deliver().await,
            Step::Refuse => receiver.will_answer(&[Answer::Status(503)]),
            Step::Answer(state) => {
                let got: Option<Value> = receiver.got().last().map(|got| got.body.clone());
                if let Some(got) = got {
                    let path = &resume_paths(&request)[0];
                    let reply = app.as_operator().post(path, answer(&got, *state)).await;
                    assert!([204, 400].contains(&reply.status.as_u16()), "{reply}");
                }
            }
            Step::Minutes(minutes) => app.advance(Duration::from_minutes(*minutes)),
            Step::Cancel => {
                let path = format!("{V1}/assignmentRequests/{request}/cancel");
                let reply = app.as_user("alice").post_empty(&path).await;
                assert!([204, 400].contains(&reply.status.as_u16()), "{reply}");
            }
        }
        if is_final(&before) {
            assert_eq!(standing(&app, &request).await.0, before, "{step:?}");
        }
    }
    // At each of three stages it may wait an hour from when it was told.
    for _ in 0..4 {
        app.deliver().await;
        app.advance(Duration::from_minutes(61));
    }
    app.deliver().await;
    let (state, status) = standing(&app, &request).await;
    assert!(is_final(&state), "{state} {status}");
}

#[test]
fn a_request_that_waits_always_ends() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    };

    TestRunner::new(config)
        .run(&steps(), |steps| {
            runtime.block_on(walk(&steps));
            Ok(())
        })
        .unwrap();
}
