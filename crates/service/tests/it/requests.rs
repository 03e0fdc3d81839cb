//! Requests from submission to their end, with the delivery engine played by the test.

use domain::access_package::{
    NewResourceRoleScope, ResourceReference, RoleReference, ScopeReference,
};
use domain::approval::StageStatus;
use domain::assignment;
use domain::assignment_request::{AssignmentRequest, RequestType, State};
use domain::directory::{GroupChanges, GroupRole};
use domain::failure::FailureCode;
use domain::id::{AccessPackageId, AssignmentId, ObjectId, PolicyId, RequestId, ResourceId};
use domain::policy::{PolicyDraft, RequestedSchedule, TargetScope};
use domain::resource::{DriftAction, OriginSystem};
use domain::submission::{Submission, TargetReference};
use domain::time::Duration;
use service::access_packages::role_scopes;
use service::deliveries::{Settled, Verdict};
use service::directory::{members, users};
use service::{
    Code, approvals, assignment_requests, deliveries, planning, policies, reprocess, resources,
    timers,
};
use store::ledger::lease::{Leased, ObservedBy};

use crate::support::{World, app, as_user, code};

/// A package with the member role of each of these groups, and a policy for direct assignment.
struct Offer {
    package: AccessPackageId,
    policy: PolicyId,
}

async fn offer(world: &World, name: &str, groups: &[ObjectId]) -> Offer {
    let catalog = world.catalog(name).await;
    let package = world.package(catalog, name).await;
    for group in groups {
        let resource = world.onboard(catalog, "AadGroup", *group).await;
        let wanted = member(resource, *group);
        role_scopes::create(&world.service, &app(), package, wanted)
            .await
            .unwrap();
    }
    let policy = world.direct_policy(package).await;
    Offer { package, policy }
}

fn member(resource: ResourceId, group: ObjectId) -> NewResourceRoleScope {
    NewResourceRoleScope {
        role: RoleReference {
            origin_id: Some(format!("Member_{group}")),
            resource: ResourceReference {
                id: Some(resource),
                ..ResourceReference::default()
            },
            ..RoleReference::default()
        },
        scope: ScopeReference {
            origin_id: Some(group.to_string()),
            ..ScopeReference::default()
        },
    }
}

fn admin_add(offer: &Offer, target: ObjectId) -> Submission {
    Submission {
        access_package_id: Some(offer.package),
        assignment_policy_id: Some(offer.policy),
        target: Some(TargetReference::Id(target)),
        ..empty(RequestType::AdminAdd)
    }
}

/// The caller's own request for a package.
pub(crate) fn user_add(package: AccessPackageId) -> Submission {
    Submission {
        access_package_id: Some(package),
        ..empty(RequestType::UserAdd)
    }
}

fn admin_remove(assignment: AssignmentId) -> Submission {
    Submission {
        assignment_id: Some(assignment),
        ..empty(RequestType::AdminRemove)
    }
}

pub(crate) fn empty(request_type: RequestType) -> Submission {
    Submission {
        request_type,
        is_extension: false,
        access_package_id: None,
        assignment_policy_id: None,
        assignment_id: None,
        target: None,
        schedule: RequestedSchedule::default(),
        schedule_document: "null".to_owned(),
        answers: Vec::new(),
        answers_document: "[]".to_owned(),
        justification: None,
        bypass_approval: None,
        is_validation_only: false,
    }
}

fn done() -> Verdict {
    Verdict::Done {
        by: ObservedBy::Write,
        preexisting: false,
    }
}

fn refused(unit: &Leased) -> Verdict {
    Verdict::Failed {
        code: FailureCode::GroupNotModifiable,
        message: "no".to_owned(),
        in_doubt: false,
        permanent: true,
        retry_after: None,
        attempts: unit.attempts,
    }
}

impl World {
    async fn submit(&self, submission: Submission) -> RequestId {
        assignment_requests::submit(&self.service, &app(), submission)
            .await
            .unwrap()
            .id
    }

    /// Plans, hands out and records until nothing is due; answers the units that were handed out.
    async fn deliver(&self, outcome: impl Fn(&Leased) -> Verdict) -> Vec<Leased> {
        let mut all = Vec::new();
        for round in 0..50 {
            timers::run_due(&self.service).await.unwrap();
            while planning::replan(&self.service, 10).await.unwrap() > 0 {}
            while planning::plan_due(&self.service, 10).await.unwrap() > 0 {}
            let owner = format!("worker-{}-{round}", all.len());
            let lease = Duration::from_minutes(5);
            let units = deliveries::claim(&self.service, "directory", &owner, lease, 100)
                .await
                .unwrap();
            if units.is_empty() {
                break;
            }
            let results = units
                .iter()
                .map(|unit| Settled {
                    grant_id: unit.id,
                    operation: unit.operation,
                    result: outcome(unit),
                })
                .collect();
            deliveries::record(&self.service, &owner, results)
                .await
                .unwrap();
            all.extend(units);
        }
        all
    }

    fn request_row(&self, id: RequestId) -> AssignmentRequest {
        self.service
            .store
            .read_blocking(move |tx| store::assignment_request::find(tx, id))
            .unwrap()
            .unwrap()
    }

    fn assignment_row(&self, id: AssignmentId) -> assignment::Assignment {
        self.service
            .store
            .read_blocking(move |tx| store::assignment::find(tx, id))
            .unwrap()
            .unwrap()
    }
}

fn two_groups(world: &World) -> [ObjectId; 2] {
    [
        world.group(501, "Accountants", GroupChanges::default()),
        world.group(502, "Auditors", GroupChanges::default()),
    ]
}

#[tokio::test]
async fn a_direct_assignment_is_delivered_and_its_ledger_verified() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)).await;
    let alice = world.user(1, "alice");

    let id = world.submit(admin_add(&offer, alice)).await;
    let units = world.deliver(|_| done()).await;

    assert_eq!(units.len(), 2);
    let request = world.request_row(id);
    assert_eq!(request.state, State::Delivered);
    let assignment = world.assignment_row(request.assignment_id.unwrap());
    assert_eq!(assignment.state, assignment::State::Delivered);
}

#[tokio::test]
async fn a_second_request_for_the_same_is_refused_rq_8() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)).await;
    let alice = world.user(1, "alice");
    world.submit(admin_add(&offer, alice)).await;

    let again = assignment_requests::submit(&world.service, &app(), admin_add(&offer, alice)).await;

    assert_eq!(code(again), Code::ExistingAssignment);
}

#[tokio::test]
async fn a_partial_request_is_tried_again_and_only_reads_what_is_there_rp_8() {
    let world = World::new();
    let [first, second] = two_groups(&world);
    let offer = offer(&world, "Books", &[first, second]).await;
    let alice = world.user(1, "alice");
    let id = world.submit(admin_add(&offer, alice)).await;
    let bad = second.to_string();
    world
        .deliver(|unit| {
            if unit.resource_origin_id == bad {
                refused(unit)
            } else {
                done()
            }
        })
        .await;
    assert_eq!(world.request_row(id).state, State::PartiallyDelivered);

    reprocess::request(&world.service, &app(), id, None)
        .await
        .unwrap();
    let delivering = world.request_row(id);
    let units = world.deliver(|_| done()).await;

    assert_eq!(delivering.state, State::Delivering);
    assert_eq!(delivering.completed_at, None, "RP-10");
    let read_first: Vec<_> = units
        .iter()
        .filter(|unit| unit.observed.agrees_with(true))
        .map(|unit| unit.resource_origin_id.clone())
        .collect();
    assert_eq!(
        read_first,
        [first.to_string()],
        "the good one is read, not written"
    );
    let request = world.request_row(id);
    assert_eq!(request.state, State::Delivered);
    let row = world.assignment_row(request.assignment_id.unwrap());
    assert_eq!(row.state, assignment::State::Delivered);
}

#[tokio::test]
async fn access_that_another_assignment_needs_is_kept_lg_1() {
    let world = World::new();
    let groups = two_groups(&world);
    let books = offer(&world, "Books", &groups).await;
    let audit = offer(&world, "Audit", &groups[1..]).await;
    let alice = world.user(1, "alice");
    let one = world.submit(admin_add(&books, alice)).await;
    world.submit(admin_add(&audit, alice)).await;
    world.deliver(|_| done()).await;
    let assignment = world.request_row(one).assignment_id.unwrap();

    let removal = world.submit(admin_remove(assignment)).await;
    let units = world.deliver(|_| done()).await;

    let taken: Vec<_> = units
        .iter()
        .map(|unit| unit.resource_origin_id.clone())
        .collect();
    assert_eq!(
        taken,
        [groups[0].to_string()],
        "only what nobody else needs"
    );
    assert_eq!(world.request_row(removal).state, State::Delivered);
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::Expired
    );
}

#[tokio::test]
async fn a_failed_removal_leaves_the_assignment_delivering_and_can_be_tried_again_as_2() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)).await;
    let alice = world.user(1, "alice");
    let add = world.submit(admin_add(&offer, alice)).await;
    world.deliver(|_| done()).await;
    let assignment = world.request_row(add).assignment_id.unwrap();
    let removal = world.submit(admin_remove(assignment)).await;
    world.deliver(refused).await;
    assert_eq!(world.request_row(removal).state, State::DeliveryFailed);
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::Delivering
    );

    reprocess::request(&world.service, &app(), removal, None)
        .await
        .unwrap();
    let units = world.deliver(|_| done()).await;

    assert_eq!(units.len(), 2, "RP-9");
    assert_eq!(world.request_row(removal).state, State::Delivered);
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::Expired
    );
}

#[tokio::test]
async fn a_failed_add_justifies_no_access_and_its_reprocess_links_it_again() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)).await;
    let alice = world.user(1, "alice");
    let id = world.submit(admin_add(&offer, alice)).await;
    world.deliver(refused).await;
    let assignment = world.request_row(id).assignment_id.unwrap();
    assert_eq!(world.request_row(id).state, State::DeliveryFailed);
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::DeliveryFailed
    );

    reprocess::request(&world.service, &app(), id, None)
        .await
        .unwrap();
    world.deliver(|_| done()).await;

    assert_eq!(world.request_row(id).state, State::Delivered);
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::Delivered
    );
}

#[tokio::test]
async fn a_role_added_to_a_package_reaches_its_holders_as_4() {
    let world = World::new();
    let [first, second] = two_groups(&world);
    let offer = offer(&world, "Books", &[first]).await;
    let alice = world.user(1, "alice");
    let id = world.submit(admin_add(&offer, alice)).await;
    world.deliver(|_| done()).await;
    let catalog = world.package_row(offer.package).unwrap().catalog_id;
    let resource = world.onboard(catalog, "AadGroup", second).await;
    let wanted = member(resource, second);

    role_scopes::create(&world.service, &app(), offer.package, wanted)
        .await
        .unwrap();
    let units = world.deliver(refused).await;

    assert_eq!(units.len(), 1);
    let assignment = world.request_row(id).assignment_id.unwrap();
    let row = world.assignment_row(assignment);
    assert_eq!(row.state, assignment::State::PartiallyDelivered, "A5");
}

#[tokio::test]
async fn an_assignment_is_enforced_again_by_a_request_of_its_own_rp_24() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)).await;
    let alice = world.user(1, "alice");
    let id = world.submit(admin_add(&offer, alice)).await;
    world.deliver(|_| done()).await;
    let assignment = world.request_row(id).assignment_id.unwrap();

    reprocess::assignment(&world.service, &app(), assignment)
        .await
        .unwrap();
    let twice = reprocess::assignment(&world.service, &app(), assignment).await;
    let between = world.assignment_row(assignment).state;
    let units = world.deliver(|_| done()).await;

    assert_eq!(code(twice), Code::InvalidAssignmentState, "RP-25");
    assert_eq!(between, assignment::State::Delivering);
    assert!(
        units.iter().all(|unit| unit.observed.agrees_with(true)),
        "read before write"
    );
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::Delivered
    );
}

#[tokio::test]
async fn retries_are_used_up_before_a_request_fails_rp_33() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)[..1]).await;
    let alice = world.user(1, "alice");
    let id = world.submit(admin_add(&offer, alice)).await;
    let down = |unit: &Leased| Verdict::Failed {
        code: FailureCode::OriginUnavailable,
        message: "no answer".to_owned(),
        in_doubt: true,
        permanent: false,
        retry_after: None,
        attempts: unit.attempts,
    };

    let mut attempts = 0;
    for _ in 0..20 {
        attempts += world.deliver(down).await.len();
        world.advance(Duration::from_minutes(270));
    }

    assert_eq!(attempts, 8);
    assert_eq!(world.request_row(id).state, State::DeliveryFailed);
}

#[tokio::test]
async fn the_assignments_of_a_user_who_is_gone_for_good_end_as_18() {
    let world = World::new();
    let offer = offer(&world, "Books", &two_groups(&world)).await;
    let alice = world.user(1, "alice");
    let id = world.submit(admin_add(&offer, alice)).await;
    world.deliver(|_| done()).await;
    let system = world.service.system();
    users::delete(&world.service, &system, alice).await.unwrap();

    users::hard_delete(&world.service, &system, alice)
        .await
        .unwrap();
    world.deliver(|_| done()).await;

    let assignment = world.request_row(id).assignment_id.unwrap();
    assert_eq!(
        world.assignment_row(assignment).state,
        assignment::State::Expired
    );
}

#[tokio::test]
async fn drift_is_shown_and_restored_only_where_the_resource_says_so() {
    for (action, restored) in [(DriftAction::Report, false), (DriftAction::Restore, true)] {
        let world = World::new();
        let [group, other] = two_groups(&world);
        let offer = offer(&world, "Books", &[group, other]).await;
        let alice = world.user(1, "alice");
        let id = world.submit(admin_add(&offer, alice)).await;
        world.deliver(|_| done()).await;
        let assignment = world.request_row(id).assignment_id.unwrap();
        let catalog = world.package_row(offer.package).unwrap().catalog_id;
        let (service, system) = (&world.service, world.service.system());
        let resource = world
            .service
            .store
            .read_blocking(move |tx| {
                let origin = group.to_string();
                store::resource::find_by_origin(tx, catalog, OriginSystem::AadGroup, &origin)
            })
            .unwrap()
            .unwrap();
        resources::set_drift_action(service, &app(), resource.id, action)
            .await
            .unwrap();
        let member = GroupRole::Member;
        members::add(service, &system, group, member, alice)
            .await
            .unwrap();

        members::remove(service, &system, group, member, alice)
            .await
            .unwrap();

        let expected = if restored {
            assignment::State::Delivering
        } else {
            assignment::State::Delivered
        };
        assert_eq!(
            world.assignment_row(assignment).state,
            expected,
            "L8, RP-26"
        );
        let units = world.deliver(|_| done()).await;
        let written = units.iter().filter(|unit| !unit.observed.agrees_with(true));
        assert_eq!(written.count(), usize::from(restored));
        let state = world.assignment_row(assignment).state;
        assert_eq!(state, assignment::State::Delivered);
    }
}

#[tokio::test]
async fn canceling_and_deleting_end_what_waits_for_a_decision_t17() {
    for gone in [false, true] {
        let world = World::new();
        let offer = offer(&world, "Books", &two_groups(&world)).await;
        let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
        let draft = PolicyDraft {
            access_package_id: Some(offer.package),
            display_name: "Approved".to_owned(),
            description: None,
            allowed_target_scope: TargetScope::AllMemberUsers,
            can_extend: true,
            settings_json: format!(
                r##"{{"v":1,"requestorSettings":{{"enableTargetsToSelfAddAccess":true}},
                "requestApprovalSettings":{{"isApprovalRequiredForAdd":true,"stages":[{{
                "primaryApprovers":[{{"@odata.type":"#microsoft.graph.singleUser","userId":"{bob}"}}]}}]}}}}"##
            ),
        };
        policies::create(&world.service, &app(), draft)
            .await
            .unwrap();
        let id = assignment_requests::submit(
            &world.service,
            &as_user(alice, &[]),
            user_add(offer.package),
        )
        .await
        .unwrap()
        .id;
        let waiting = approvals::waiting_for(&world.service, bob).await.unwrap();
        assert_eq!(waiting.len(), 1);

        if gone {
            let system = world.service.system();
            users::delete(&world.service, &system, alice).await.unwrap();
        } else {
            assignment_requests::cancel(&world.service, &app(), id)
                .await
                .unwrap();
        }

        assert_eq!(world.request_row(id).state, State::Canceled);
        let waiting = approvals::waiting_for(&world.service, bob).await.unwrap();
        assert_eq!(waiting, [], "AP-13");
        let stages = world
            .service
            .store
            .read_blocking(move |tx| store::approval::of_request(tx, id))
            .unwrap();
        assert_eq!(stages[0].status, StageStatus::Completed, "AP-11");
    }
}
