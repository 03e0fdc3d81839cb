//! Assignment by rule (section 6.8), with packages without roles, which are delivered as soon as they are planned.

mod cost;
mod life;
mod preview;
mod random;

use std::collections::BTreeMap;

use domain::assignment::{Assignment, State};
use domain::assignment_request::{AssignmentRequest, RequestType};
use domain::change::Change;
use domain::directory::UserChanges;
use domain::id::{AccessPackageId, ObjectId, PolicyId};
use domain::policy::{PolicyDraft, TargetScope};
use domain::submission::{Submission, TargetReference};
use serde_json::json;
use service::directory::users;
use service::{Service, ServiceError, assignment_requests, automatic, planning, policies, timers};
use store::automatic::note::{self, Note};

use crate::support::{World, app_with, object};
use auth::principal::Permission;
use service::Ctx;

/// Whoever arranges things.
fn operator() -> Ctx {
    app_with(&[
        Permission::EntitlementManagementReadWriteAll,
        Permission::UserReadWriteAll,
    ])
}

/// A policy that assigns by itself.
#[derive(Debug, Clone)]
struct Automatic<'a> {
    rule: &'a str,
    adds: bool,
    removes: bool,
    grace: Option<&'a str>,
    duration: Option<&'a str>,
}

impl<'a> Automatic<'a> {
    fn by(rule: &'a str) -> Self {
        Self {
            rule,
            adds: true,
            removes: true,
            grace: None,
            duration: None,
        }
    }

    fn draft(&self, package: AccessPackageId) -> PolicyDraft {
        let expiration = match self.duration {
            Some(duration) => json!({"type": "afterDuration", "duration": duration}),
            None => json!({"type": "noExpiration"}),
        };
        let settings = json!({
            "v": 1,
            "expiration": expiration,
            "specificAllowedTargets": [{
                "@odata.type": "#microsoft.graph.attributeRuleMembers",
                "membershipRule": self.rule
            }],
            "automaticRequestSettings": {
                "requestAccessForAllowedTargets": self.adds,
                "removeAccessWhenTargetLeavesAllowedTargets": self.removes,
                "gracePeriodBeforeAccessRemoval": self.grace
            },
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": true,
                "stages": [{"primaryApprovers": [{
                    "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1
                }]}]
            }
        });
        PolicyDraft {
            access_package_id: Some(package),
            display_name: "By rule".to_owned(),
            description: None,
            allowed_target_scope: TargetScope::SpecificDirectoryUsers,
            can_extend: false,
            settings_json: settings.to_string(),
        }
    }
}

const SALES: &str = "user.department -eq \"Sales\"";

impl World {
    async fn automatic(&self, package: AccessPackageId, policy: &Automatic<'_>) -> PolicyId {
        policies::create(&self.service, &operator(), policy.draft(package))
            .await
            .unwrap()
    }

    async fn save_again(&self, id: PolicyId, package: AccessPackageId, policy: &Automatic<'_>) {
        let read = policies::stored(&self.service, &operator(), id)
            .await
            .unwrap();
        let draft = policy.draft(package);
        policies::replace(&self.service, &operator(), id, draft, read.version)
            .await
            .unwrap();
    }

    /// A user in a department.
    async fn person(&self, number: u128, department: &str) -> ObjectId {
        let id = self.user(number, &format!("user{number}"));
        self.transfer(id, department).await;
        id
    }

    async fn transfer(&self, user: ObjectId, department: &str) {
        let changes = UserChanges {
            department: Change::Set(department.to_owned()),
            ..UserChanges::default()
        };
        users::update(&self.service, &operator(), user, changes)
            .await
            .unwrap();
    }

    /// Does what is due, until nothing is.
    async fn settle(&self) {
        settle(&self.service).await;
    }

    fn live(&self, package: AccessPackageId, user: ObjectId) -> Option<Assignment> {
        self.service
            .store
            .read_blocking(move |tx| {
                let Some(subject) = store::subject::find_by_object(tx, user)? else {
                    return Ok::<_, store::Error>(None);
                };
                store::assignment::find_live(tx, subject.id, package)
            })
            .unwrap()
    }

    /// By which policy a user has the package.
    fn held_by(&self, package: AccessPackageId, user: ObjectId) -> Option<PolicyId> {
        self.live(package, user)
            .map(|held| held.assignment_policy_id)
    }

    /// The requests for a user, oldest first.
    fn requests_of(&self, user: ObjectId) -> Vec<AssignmentRequest> {
        self.service
            .store
            .read_blocking(move |tx| {
                let Some(subject) = store::subject::find_by_object(tx, user)? else {
                    return Ok(Vec::new());
                };
                let entity = &domain::model::ASSIGNMENT_REQUEST;
                let field = |name| entity.field(name).unwrap();
                let query = domain::query::Query {
                    fields: vec![field("id")],
                    filter: domain::query::Predicate::equals(
                        field("target_id"),
                        domain::query::Value::Text(subject.id.to_string()),
                    ),
                    ..domain::query::Query::of(entity)
                };
                let mut found = Vec::new();
                for row in store::list::list(tx, &query)?.rows {
                    let domain::query::Value::Text(id) = &row.values[0] else {
                        panic!("an id is a text");
                    };
                    found.extend(store::assignment_request::find(tx, id.parse().unwrap())?);
                }
                found.sort_by_key(|request| (request.created_at, request.id));
                Ok::<_, store::Error>(found)
            })
            .unwrap()
    }

    fn types_of(&self, user: ObjectId) -> Vec<RequestType> {
        self.requests_of(user)
            .into_iter()
            .map(|request| request.request_type)
            .collect()
    }

    fn notes_of(&self, user: ObjectId) -> Vec<Note> {
        self.service
            .store
            .read_blocking(move |tx| note::of_user(tx, user))
            .unwrap()
    }

    async fn send(&self, submission: Submission) -> Result<AssignmentRequest, ServiceError> {
        assignment_requests::submit(&self.service, &operator(), submission).await
    }

    async fn admin_add(
        &self,
        package: AccessPackageId,
        policy: PolicyId,
        user: ObjectId,
    ) -> Result<AssignmentRequest, ServiceError> {
        let mut submission = submission(RequestType::AdminAdd);
        submission.access_package_id = Some(package);
        submission.assignment_policy_id = Some(policy);
        submission.target = Some(TargetReference::Id(user));
        submission.bypass_approval = Some(true);
        self.send(submission).await
    }

    async fn admin_remove(&self, held: &Assignment) -> AssignmentRequest {
        let mut submission = submission(RequestType::AdminRemove);
        submission.assignment_id = Some(held.id);
        self.send(submission).await.unwrap()
    }
}

fn submission(request_type: RequestType) -> Submission {
    crate::requests::empty(request_type)
}

async fn settle(service: &Service) {
    for _ in 0..1000 {
        let timed = timers::run_due(service).await.unwrap().total();
        let asked = automatic::run_due(service).await.unwrap();
        let planned = planning::plan_due(service, 500).await.unwrap();
        if timed + asked + planned == 0 {
            return;
        }
    }
    panic!("there is no end to what is due");
}

/// Who holds what by which policy, with the text beside the state.
fn book(
    world: &World,
    packages: &[AccessPackageId],
    people: &[ObjectId],
) -> BTreeMap<(AccessPackageId, ObjectId), (PolicyId, State, String)> {
    let mut book = BTreeMap::new();
    for package in packages {
        for user in people {
            if let Some(held) = world.live(*package, *user) {
                let entry = (held.assignment_policy_id, held.state, held.status);
                book.insert((*package, *user), entry);
            }
        }
    }
    book
}

fn user_number(number: usize) -> ObjectId {
    object(1000 + number as u128)
}
