//! Many callers at once: nobody is turned away because others write, too, and each call is accepted once.

use serde_json::json;
use testkit::{Client, ERP, Package, Plan, TestApp, V1};
use tokio::task::JoinSet;

const CALLERS: usize = 64;

/// Delivered assignments of a package to so many people.
async fn assigned(app: &TestApp, package: &Package, people: usize) -> Vec<String> {
    let mut requests = Vec::new();
    for number in 0..people {
        let name = format!("person{number}");
        app.add_user(&name).await;
        requests.push(app.assign(package, &name).await);
    }
    app.deliver().await;
    let mut assignments = Vec::new();
    for request in requests {
        assignments.push(app.assignment_of(&request).await);
    }
    assignments
}

/// Sends a call for each of these, as many at a time as there are callers; gives the statuses.
async fn send_all<C, F>(targets: Vec<String>, call: C) -> Vec<u16>
where
    C: Fn(String) -> F + Clone + Send + 'static,
    F: Future<Output = u16> + Send,
{
    let mut callers = JoinSet::new();
    let mut shares: Vec<Vec<String>> = vec![Vec::new(); CALLERS];
    for (number, target) in targets.into_iter().enumerate() {
        shares[number % CALLERS].push(target);
    }
    for share in shares {
        let call = call.clone();
        callers.spawn(async move {
            let mut statuses = Vec::new();
            for target in share {
                statuses.push(call(target).await);
            }
            statuses
        });
    }
    callers.join_all().await.concat()
}

async fn reprocess(caller: &Client, assignment: &str) -> u16 {
    let path = format!("{V1}/assignments/{assignment}/reprocess");
    caller.post_empty(&path).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_4_sixty_four_callers_have_two_hundred_assignments_enforced_and_each_is_accepted_once() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Leads").member_of("Leads", ERP))
            .await;
        let assignments = assigned(app, &package, 200).await;

        let caller = app.as_operator();
        let statuses = send_all(assignments.clone(), move |assignment| {
            let caller = caller.clone();
            async move { reprocess(&caller, &assignment).await }
        })
        .await;

        assert_eq!(statuses, [202; 200]);
        app.deliver().await;
        let list = format!(
            "{V1}/assignmentRequests?$filter=requestType%20eq%20'systemUpdate'&$expand=assignment($select=id)&$top=500"
        );
        let tracked = app.as_operator().get(&list).await.assert_status(200).json();
        let mut tracked: Vec<String> = tracked["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|request| request["assignment"]["id"].as_str().unwrap().to_owned())
            .collect();
        tracked.sort();
        let mut expected = assignments;
        expected.sort();
        assert_eq!(tracked, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_25_of_many_calls_for_one_assignment_at_once_one_is_accepted() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Leads")).await;
        let assignments = assigned(app, &package, 2).await;

        // Half for the one, half for the other, and some for what is not there.
        let unknown = "00000000-0000-0000-0000-00000000dead".to_owned();
        let mut wanted = Vec::new();
        for _ in 0..30 {
            wanted.extend(assignments.iter().cloned());
            wanted.push(unknown.clone());
        }
        let caller = app.as_operator();
        let statuses = send_all(wanted, move |assignment| {
            let caller = caller.clone();
            async move { reprocess(&caller, &assignment).await }
        })
        .await;

        let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
        assert_eq!((count(202), count(404)), (2, 30), "{statuses:?}");
        assert_eq!(count(400) + count(409), 58, "{statuses:?}");
        app.deliver().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_41_a_call_that_is_sent_again_while_the_first_waits_is_answered_like_it() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Leads")).await;
        let assignments = assigned(app, &package, 1).await;

        let again: Vec<String> = (0..CALLERS).map(|_| assignments[0].clone()).collect();
        let caller = app
            .as_operator()
            .with_header("client-request-id", "6a1f7b7e-8d0c-4d7e-9a55-000000000001");
        let statuses = send_all(again, move |assignment| {
            let caller = caller.clone();
            async move { reprocess(&caller, &assignment).await }
        })
        .await;

        assert_eq!(statuses, [202; CALLERS]);
        let list = format!("{V1}/assignmentRequests?$filter=requestType%20eq%20'systemUpdate'");
        let tracked = app.as_operator().get(&list).await.assert_status(200).json();
        assert_eq!(tracked["value"].as_array().unwrap().len(), 1);
        app.deliver().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_assign_a_package_and_nobody_is_turned_away() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Leads").member_of("Leads", ERP))
            .await;
        let mut people = Vec::new();
        for number in 0..CALLERS {
            let name = format!("person{number}");
            app.add_user(&name).await;
            people.push(app.id_of(&name).to_string());
        }

        let caller = app.as_operator();
        let (package_id, policy) = (package.id.clone(), package.policy.clone());
        let statuses = send_all(people, move |person| {
            let body = json!({
                "requestType": "adminAdd",
                "assignment": {
                    "targetId": person,
                    "assignmentPolicyId": policy,
                    "accessPackageId": package_id,
                },
            });
            let caller = caller.clone();
            async move {
                let path = format!("{V1}/assignmentRequests");
                caller.post(&path, body).await.status.as_u16()
            }
        })
        .await;

        assert_eq!(statuses, [201; CALLERS]);
        app.deliver().await;
    })
    .await;
}
