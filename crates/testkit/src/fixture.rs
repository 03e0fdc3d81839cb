//! Requests and assignments in every state, brought there by real means: people who ask and decide, targets that fail,
//! time that passes.

use domain::time::{Duration, Timestamp};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::package::{Package, Plan};
use crate::reply::Reply;
use crate::{CRM, ERP, V1};

/// A request, and what it is about.
#[derive(Debug, Clone)]
pub struct Case {
    /// The package.
    pub package: Package,
    /// Whose request.
    pub who: String,
    /// The request's id.
    pub request: String,
    /// The assignment's id; empty if there is none.
    pub assignment: String,
}

impl TestApp {
    /// A package with one role in each target in memory, of groups of its own.
    pub async fn two_role_package(&self) -> Package {
        self.package(self.two_roles()).await
    }

    fn two_roles(&self) -> Plan {
        let number = self.service().moment().id(|uuid| uuid.simple().to_string());
        Plan::new(&format!("Package {number}"))
            .member_of(&format!("Ledger {number}"), ERP)
            .member_of(&format!("Customers {number}"), CRM)
    }

    /// Assigns the package to somebody, who has to be allowed to have it; answers the request's id.
    pub async fn assign(&self, package: &Package, name: &str) -> String {
        let reply = self.try_assign(package, name).await;
        reply.assert_status(201).text("id")
    }

    /// Tries to assign the package to somebody.
    pub async fn try_assign(&self, package: &Package, name: &str) -> Reply {
        self.assign_with(package, name, json!({})).await
    }

    /// Tries to assign the package to somebody, with more members in the body.
    pub async fn assign_with(&self, package: &Package, name: &str, more: Value) -> Reply {
        let mut body = json!({
            "requestType": "adminAdd",
            "assignment": {
                "targetId": self.id_of(name).to_string(),
                "assignmentPolicyId": package.policy,
                "accessPackageId": package.id
            }
        });
        let members = body.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        let path = format!("{V1}/assignmentRequests");
        self.as_operator().post(&path, body).await
    }

    /// Somebody asks for the package.
    pub async fn try_ask(&self, package: &Package, name: &str) -> Reply {
        let body = json!({
            "requestType": "userAdd",
            "assignment": {"accessPackageId": package.id, "assignmentPolicyId": package.policy}
        });
        let path = format!("{V1}/assignmentRequests");
        self.as_user(name).post(&path, body).await
    }

    /// Somebody asks for the package and may; answers the request's id.
    pub async fn ask(&self, package: &Package, name: &str) -> String {
        self.try_ask(package, name)
            .await
            .assert_status(201)
            .text("id")
    }

    /// An administrator tries to end an assignment.
    pub async fn try_remove(&self, assignment: &str) -> Reply {
        let body = json!({"requestType": "adminRemove", "assignment": {"id": assignment}});
        let path = format!("{V1}/assignmentRequests");
        self.as_operator().post(&path, body).await
    }

    /// An administrator ends an assignment; answers the request's id.
    pub async fn remove(&self, assignment: &str) -> String {
        self.try_remove(assignment)
            .await
            .assert_status(201)
            .text("id")
    }

    /// Somebody asks to keep what they have until this time; answers what came of it.
    pub async fn try_extend(&self, assignment: &str, name: &str, until: Timestamp) -> Reply {
        let body = json!({
            "requestType": "userUpdate",
            "assignment": {"id": assignment},
            "schedule": {
                "expiration": {"type": "afterDateTime", "endDateTime": until.to_string()}
            }
        });
        let path = format!("{V1}/assignmentRequests");
        self.as_user(name).post(&path, body).await
    }

    /// Somebody decides the open stage of a request.
    pub async fn decide(&self, request: &str, name: &str, result: &str) -> Reply {
        let approval = format!("{V1}/accessPackageAssignmentApprovals/{request}");
        let approver = self.as_user(name);
        let stages = approver.get(&format!("{approval}/stages")).await;
        let stages = stages.assert_status(200).rows();
        let open = stages.iter().find(|stage| stage["status"] == "InProgress");
        let stage = crate::reply::text(open.expect("a stage is open"), "id");
        let body = json!({"reviewResult": result, "justification": "for a test"});
        approver
            .patch(&format!("{approval}/stages/{stage}"), body)
            .await
    }

    /// A request as v1.0 shows it, with its assignment.
    pub async fn request(&self, id: &str) -> Value {
        let path = format!("{V1}/assignmentRequests/{id}?$expand=assignment");
        self.as_operator()
            .get(&path)
            .await
            .assert_status(200)
            .json()
    }

    /// Where a request stands.
    pub async fn state(&self, id: &str) -> String {
        crate::reply::text(&self.request(id).await, "state")
    }

    /// The id of the assignment of a request; empty if it has none.
    pub async fn assignment_of(&self, request: &str) -> String {
        let request = self.request(request).await;
        let id = request.pointer("/assignment/id").and_then(Value::as_str);
        id.unwrap_or_default().to_owned()
    }

    /// An assignment as v1.0 shows it.
    pub async fn assignment(&self, id: &str) -> Value {
        let path = format!("{V1}/assignments/{id}");
        self.as_operator()
            .get(&path)
            .await
            .assert_status(200)
            .json()
    }

    /// Where an assignment stands.
    pub async fn assignment_state(&self, id: &str) -> String {
        crate::reply::text(&self.assignment(id).await, "state")
    }

    /// The requests about a package, oldest first.
    pub async fn requests_of(&self, package: &Package) -> Vec<Value> {
        let path = format!(
            "{V1}/assignmentRequests?$filter=accessPackage/id eq '{}'\
             &$expand=assignment&$orderby=createdDateTime,id",
            package.id
        );
        self.as_operator()
            .get(&path)
            .await
            .assert_status(200)
            .rows()
    }

    /// A request of alice's in this state, for a package with a role in each target. Targets work again afterwards.
    pub async fn request_in(&self, state: &str) -> Case {
        let mut cases = self.requests_in(state, 1).await;
        cases.remove(0)
    }

    /// Requests of so many people in this state, for one package with a role in each target.
    pub async fn requests_in(&self, state: &str, count: usize) -> Vec<Case> {
        let people = self.people(count).await;
        let package = if matches!(state, "pendingApproval" | "denied" | "canceled") {
            self.package(self.two_roles().approval_by(&["bob"])).await
        } else {
            self.two_role_package().await
        };
        for target in down_for(state) {
            self.target(target).goes_down();
        }
        let mut requests = Vec::new();
        for who in &people {
            requests.push(self.begin(&package, who, state).await);
        }
        match state {
            "delivered" | "delivering" => self.deliver().await,
            "partiallyDelivered" | "deliveryFailed" => self.wait_out_retries().await,
            _ => {}
        }
        if !down_for(state).is_empty() && state != "delivering" {
            self.recover(down_for(state));
        }
        if state == "delivering" {
            for target in down_for(state) {
                self.target(target).comes_up();
            }
        }
        let mut cases = Vec::new();
        for (who, request) in people.into_iter().zip(requests) {
            assert_eq!(self.state(&request).await, state);
            let assignment = self.assignment_of(&request).await;
            let package = package.clone();
            cases.push(Case {
                package,
                who,
                request,
                assignment,
            });
        }
        cases
    }

    /// Submits a request that is to come into this state, and does what people do to it.
    async fn begin(&self, package: &Package, who: &str, state: &str) -> String {
        match state {
            "pendingApproval" => self.ask(package, who).await,
            "denied" => {
                let request = self.ask(package, who).await;
                self.decide(&request, "bob", "Deny")
                    .await
                    .assert_status(204);
                request
            }
            "canceled" => {
                let request = self.ask(package, who).await;
                self.cancel(&request).await.assert_status(204);
                request
            }
            "scheduled" => {
                let start = self.now().plus(Duration::from_days(30));
                let schedule = json!({"schedule": {"startDateTime": start.to_string()}});
                let reply = self.assign_with(package, who, schedule).await;
                reply.assert_status(201).text("id")
            }
            "delivering" | "delivered" | "partiallyDelivered" | "deliveryFailed" => {
                self.assign(package, who).await
            }
            other => panic!("no fixture brings a request to `{other}`"),
        }
    }

    /// alice, and so many people more.
    async fn people(&self, count: usize) -> Vec<String> {
        let mut people = vec!["alice".to_owned()];
        for number in 1..count {
            let name = format!("holder-{number}");
            if !self.knows(&name) {
                self.add_user(&name).await;
            }
            people.push(name);
        }
        people
    }

    /// An assignment of alice's in this state, with the request that made it.
    pub async fn assignment_in(&self, state: &str) -> Case {
        let mut cases = self.assignments_in(state, 1).await;
        cases.remove(0)
    }

    /// Assignments of so many people in this state, with the requests that made them.
    pub async fn assignments_in(&self, state: &str, count: usize) -> Vec<Case> {
        let by = if state == "expired" {
            "delivered"
        } else {
            state
        };
        let cases = self.requests_in(by, count).await;
        if state == "expired" {
            for case in &cases {
                self.remove(&case.assignment).await;
            }
            self.deliver().await;
        }
        for case in &cases {
            assert_eq!(self.assignment_state(&case.assignment).await, state);
        }
        cases
    }

    /// Removals of so many people's delivered assignments, all of which failed. Targets work again afterwards.
    pub async fn failed_removals(&self, count: usize) -> Vec<Case> {
        let added = self.requests_in("delivered", count).await;
        for target in [ERP, CRM] {
            self.target(target).goes_down();
        }
        let mut cases = Vec::new();
        for case in added {
            let request = self.remove(&case.assignment).await;
            cases.push(Case { request, ..case });
        }
        self.wait_out_retries().await;
        self.recover(&[ERP, CRM]);
        for case in &cases {
            assert_eq!(self.state(&case.request).await, "deliveryFailed");
        }
        cases
    }

    /// Cancels a request as an administrator.
    pub async fn cancel(&self, request: &str) -> Reply {
        let path = format!("{V1}/assignmentRequests/{request}/cancel");
        self.as_operator().post_empty(&path).await
    }
}

/// The targets that are down while a request is brought into this state.
fn down_for(state: &str) -> &'static [&'static str] {
    match state {
        "delivering" => &[ERP],
        "partiallyDelivered" => &[CRM],
        "deliveryFailed" => &[ERP, CRM],
        _ => &[],
    }
}
