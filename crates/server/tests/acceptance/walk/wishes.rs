//! What waits for somebody or for time: approvals that escalate, starts on a later day, extensions, and access by a rule.

use domain::assignment_request::State;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{CRM, Plan, TestApp, V1};

use super::{PEOPLE, Walk, id};

/// Decides where an approval was escalated.
pub(super) const DEPUTY: &str = "deputy";

/// Whoever is in Sales has this package, and a day longer.
pub(super) async fn ruled(app: &TestApp) -> testkit::Package {
    let package = app
        .package(Plan::new("Ruled").member_of("Sellers", CRM))
        .await;
    let body = json!({
        "displayName": "Everybody in Sales", "description": "By rule.",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [{
            "@odata.type": "#microsoft.graph.attributeRuleMembers", "description": "Sales",
            "membershipRule": "user.department -eq \"Sales\""
        }],
        "automaticRequestSettings": {
            "requestAccessForAllowedTargets": true, "gracePeriodBeforeAccessRemoval": "P1D"
        },
        "accessPackage": {"id": package.id}
    });
    let path = format!("{V1}/assignmentPolicies");
    app.as_operator().post(&path, body).await.assert_status(201);
    package
}

impl Walk<'_> {
    /// Whoever may decides about what waits; a deputy comes too early before it is escalated.
    pub(super) async fn decide(&mut self) -> String {
        let pending = self.requests_in(&[State::PendingApproval]).await;
        let Some(request) = self.dice.pick(&pending).cloned() else {
            return "nothing to decide".to_owned();
        };
        let result = ["Approve", "Approve", "Approve", "Deny"][self.dice.roll(4)];
        let status = self.app.request(&request).await["status"].clone();
        let is_escalated = status == "PendingApprovalEscalated";
        let is_bob = self.dice.roll(3) > usize::from(is_escalated);
        let who = if is_bob { "bob" } else { DEPUTY };
        let may = is_bob || is_escalated;

        let reply = self.try_to_decide(&request, who, result).await;

        assert_eq!(
            reply == 204,
            may,
            "{who} about a request that is {status}: {reply}"
        );
        self.ways
            .insert((format!("by the {who}"), reply.to_string()));
        format!("{who} says {result} to {request}: {reply}")
    }

    /// The status of the answer; the stage is looked up by bob, who is asked in every one.
    async fn try_to_decide(&self, request: &str, who: &str, result: &str) -> u16 {
        let stages = format!("{V1}/accessPackageAssignmentApprovals/{request}/stages");
        let known = self
            .app
            .as_user("bob")
            .get(&stages)
            .await
            .assert_status(200);
        let known = known.rows();
        let open = known.iter().find(|stage| stage["status"] == "InProgress");
        let path = format!("{stages}/{}", id(open.unwrap()));
        let body = json!({"reviewResult": result, "justification": "on the way"});
        let reply = self.app.as_user(who).patch(&path, body).await;
        reply.status.as_u16()
    }

    /// An administrator assigns from a later day on.
    pub(super) async fn assign_later(&mut self) -> String {
        let who = PEOPLE[self.dice.roll(PEOPLE.len())];
        let hours = [6, 30, 100][self.dice.roll(3)];
        let start = self.app.now().plus(Duration::from_minutes(hours * 60));
        let package = &self.packages[self.dice.roll(self.packages.len())];
        let schedule = json!({"schedule": {
            "startDateTime": start.to_string(), "expiration": {"type": "notSpecified"}
        }});
        let reply = self.app.assign_with(package, who, schedule).await;
        assert!([201, 400].contains(&reply.status.as_u16()), "{reply}");
        format!(
            "{who} is to have {} in {hours} hours: {}",
            package.id, reply.status
        )
    }

    /// Somebody asks to keep what they have for longer.
    pub(super) async fn extend(&mut self) -> String {
        let all: Vec<Value> = self.assignments().await.into_values().collect();
        let Some(row) = self.dice.pick(&all) else {
            return "nothing to extend".to_owned();
        };
        let holder = PEOPLE
            .iter()
            .find(|name| row["target"]["objectId"] == self.app.id_of(name).to_string());
        let (assignment, holder) = (id(row), *holder.unwrap());
        let hours = [10, 60, 100][self.dice.roll(3)];
        let until = self.app.now().plus(Duration::from_minutes(hours * 60));
        let reply = self.app.try_extend(&assignment, holder, until).await;
        assert!([201, 400].contains(&reply.status.as_u16()), "{reply}");
        let is_held = ["delivered", "partiallyDelivered"].contains(&row["state"].as_str().unwrap());
        assert!(
            is_held || reply.status == 400,
            "{row} was extended: {reply}"
        );
        format!(
            "{holder} extends {assignment} by {hours} hours: {} {}",
            reply.status,
            reply.code()
        )
    }

    /// Somebody changes the department, so that the rule selects them, or no more.
    pub(super) async fn transfer(&mut self) -> String {
        let who = PEOPLE[self.dice.roll(PEOPLE.len())];
        let department = ["Sales", "Finance"][self.dice.roll(2)];
        let path = format!("/v1.0/users/{}", self.app.id_of(who));
        let change = json!({"department": department});
        self.app
            .as_operator()
            .patch(&path, change)
            .await
            .assert_status(204);
        format!("{who} goes to {department}")
    }

    /// Nobody decides any more, and days go by: whatever waited is over.
    pub(super) async fn wait_until_all_is_over(&mut self) {
        for days in [2, 3, 15, 1] {
            self.app.advance(Duration::from_days(days));
            self.app.wait_out_retries().await;
            self.check_states().await;
        }
        let waiting = [
            State::Submitted,
            State::PendingApproval,
            State::Scheduled,
            State::Delivering,
        ];
        assert_eq!(self.requests_in(&waiting).await, Vec::<String>::new());
    }
}
