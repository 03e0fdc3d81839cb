//! A tenant, a mail server, and what arrived there.

use notice::{Encryption, Sender, Sink, Smtp, Templates};
use peers::policy::started_or_skipped;
use peers::smtp_server::{NAME, SmtpServer};
use serde_json::{Value, json};
use testkit::{Package, Plan, TestApp, V1};

pub(crate) const FROM: &str = "Access <access@reeve.test>";

/// A tenant whose notices go to a mail server.
pub(crate) struct Post {
    pub(crate) app: TestApp,
    pub(crate) server: SmtpServer,
    pub(crate) sender: Sender,
}

/// One mail, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrived {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Post {
    /// `None`, and said so, where the mail server is not installed.
    pub(crate) async fn open() -> Option<Self> {
        let server = started_or_skipped(NAME, SmtpServer::start(None))?;
        let app = TestApp::new().await;
        let sender = sender(&app, plain(&server));
        Some(Self {
            app,
            server,
            sender,
        })
    }

    /// Lets happen what is due, then sends what there is to send.
    pub(crate) async fn settle(&self) -> usize {
        self.app.deliver().await;
        self.sender.pass().await.unwrap()
    }

    /// Everything that arrived so far.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        let mails = self.server.mails().unwrap();
        mails.iter().map(|mail| read(mail)).collect()
    }

    /// Number and recipient of every notice that was sent.
    pub(crate) async fn sent(&self) -> Vec<(i64, String)> {
        let mut sent = Vec::new();
        for notice in self.notices("sent").await {
            let to = notice.address.unwrap_or_default();
            let name = to.split('@').next().unwrap_or_default().to_owned();
            sent.push((notice.number, name));
        }
        sent.sort();
        sent
    }

    /// The notices in a state.
    pub(crate) async fn notices(&self, state: &str) -> Vec<store::notice::Notice> {
        let state = domain::notice::NoticeState::from_name(state).unwrap();
        let start = domain::time::Timestamp::from_micros(i64::MIN);
        let store = &self.app.service().store;
        store
            .read(move |tx| store::notice::list(tx, state, (start, ""), 1000))
            .await
            .unwrap()
    }

    /// A package that is had by this policy; `settings` are its approval, by stages.
    pub(crate) async fn package(&self, name: &str, days: Option<i64>, stages: Value) -> Package {
        let mut package = self.app.package(Plan::new(name).member_here(name)).await;
        let policy = format!("{V1}/assignmentPolicies/{}", package.policy);
        let operator = self.app.as_operator();
        operator.delete(&policy).await.assert_status(204);
        let expiration = match days {
            Some(days) => json!({"type": "afterDuration", "duration": format!("P{days}D")}),
            None => json!({"type": "noExpiration"}),
        };
        let body = json!({
            "displayName": name, "description": "",
            "allowedTargetScope": "allMemberUsers", "specificAllowedTargets": [],
            "expiration": expiration,
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": true, "enableTargetsToSelfUpdateAccess": true,
                "enableTargetsToSelfRemoveAccess": true
            },
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": stages.as_array().is_some_and(|stages| !stages.is_empty()),
                "stages": stages
            },
            "accessPackage": {"id": package.id}
        });
        let made = operator
            .post(&format!("{V1}/assignmentPolicies"), body)
            .await;
        package.policy = made.assert_status(201).text("id");
        package
    }

    /// A stage of a policy.
    pub(crate) fn stage(&self, first: &[&str], alternates: &[&str]) -> Value {
        let people = |names: &[&str]| -> Vec<Value> {
            names
                .iter()
                .map(|name| {
                    let id = self.app.id_of(name).to_string();
                    json!({"@odata.type": "#microsoft.graph.singleUser", "userId": id})
                })
                .collect()
        };
        json!({
            "durationBeforeAutomaticDenial": "P14D",
            "isEscalationEnabled": !alternates.is_empty(),
            "durationBeforeEscalation": (!alternates.is_empty()).then_some("P5D"),
            "primaryApprovers": people(first),
            "escalationApprovers": people(alternates),
        })
    }
}

/// A sender to this mail server.
pub(crate) fn sender(app: &TestApp, options: Smtp) -> Sender {
    let templates = Templates::built_in(None).unwrap();
    Sender::new(
        app.service().clone(),
        Sink::smtp(options).unwrap(),
        templates,
    )
}

/// The way to a mail server without protection.
pub(crate) fn plain(server: &SmtpServer) -> Smtp {
    Smtp {
        host: server.address().ip().to_string(),
        port: server.address().port(),
        encryption: Encryption::None,
        credentials: None,
        ca_pem: None,
        from: FROM.to_owned(),
    }
}

/// Reads a mail whose words are plain enough.
fn read(mail: &str) -> Arrived {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let unfolded = head.replace("\r\n ", " ");
        unfolded
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
            .unwrap_or_default()
    };
    Arrived {
        to: header("X-Envelope-To"),
        subject: header("Subject"),
        text: body.replace("=\r\n", "").replace("\r\n", "\n"),
    }
}
