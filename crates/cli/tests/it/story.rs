//! The story of `reeve demo`, lived by commands alone, each a process of its own.

use std::path::{Path, PathBuf};

use peers::fake_scim::{self, FakeScim, Features};
use serde_json::Value;

use crate::support::{Server, run, text, write_private};

/// What the farm gives access to, and who decides.
const FARM: &str = r"
groups:
  - displayName: Harvest crew
  - displayName: Gate openers
    target: gate
catalogs:
  - displayName: Farm
    accessPackages:
      - displayName: Harvest work
        roles:
          - { group: Harvest crew, role: Member }
          - { group: Gate openers, role: Member }
        policies:
          - displayName: Everybody, if bob agrees
            approvers: [bob@reeve.example]
            duration: P90D
      - displayName: Night watch
        roles:
          - { group: Gate openers, role: Member }
        policies:
          - displayName: carol, if bob or alice agrees
            allowedTargetScope: specificDirectoryUsers
            specificAllowedTargets:
              - { '@odata.type': '#microsoft.graph.singleUser', userId: carol@reeve.example }
            expiration: { type: afterDuration, duration: P30D }
            requestorSettings:
              enableTargetsToSelfAddAccess: true
              enableTargetsToSelfRemoveAccess: true
            requestApprovalSettings:
              isApprovalRequiredForAdd: true
              isApprovalRequiredForUpdate: false
              stages:
                - durationBeforeAutomaticDenial: P14D
                  isApproverJustificationRequired: false
                  isEscalationEnabled: true
                  durationBeforeEscalation: P2D
                  primaryApprovers:
                    - { '@odata.type': '#microsoft.graph.singleUser', userId: bob@reeve.example }
                  fallbackPrimaryApprovers: []
                  escalationApprovers:
                    - { '@odata.type': '#microsoft.graph.singleUser', userId: alice@reeve.example }
                  fallbackEscalationApprovers: []
";

struct Farm {
    server: Server,
    _gate: FakeScim,
    folder: tempfile::TempDir,
}

impl Farm {
    /// An empty development tenant, with a gate that is a system of its own.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gate = FakeScim::start(Features::default()).unwrap();
        for who in ["alice", "bob", "carol"] {
            gate.add_user(&format!("{who}@reeve.example"), None);
        }
        let config = folder.path().join("reeve.toml");
        let text = format!(
            "[delivery]\nretrySchedule = [\"PT0S\", \"PT0.1S\", \"PT0.1S\"]\n\n[[target]]\nname = \"gate\"\nkind = \"scim\"\n\
             url = \"{}\"\ntoken = \"{}\"\n",
            gate.base_url(),
            fake_scim::TOKEN
        );
        write_private(&config, text);
        let data = folder.path().join("data");
        let server = Server::start(&data, &["--config", config.to_str().unwrap()]);
        Self {
            server,
            _gate: gate,
            folder,
        }
    }

    fn data(&self) -> &Path {
        &self.server.data
    }

    fn file(&self) -> PathBuf {
        let path = self.folder.path().join("farm.yaml");
        std::fs::write(&path, FARM).unwrap();
        path
    }

    /// Runs a command as somebody, which has to end with this code; gives what it told.
    fn expect(&self, who: &str, code: i32, words: &[&str]) -> String {
        let mut arguments = words.to_vec();
        arguments.extend(["--data", self.data().to_str().unwrap()]);
        if who != "admin" {
            arguments.extend(["--as", who]);
        }
        let done = run(&arguments);
        let told = text(&done.stdout);
        assert_eq!(
            done.status.code(),
            Some(code),
            "{who}: {words:?}\n{told}{}",
            text(&done.stderr)
        );
        told
    }

    /// The same that ends well.
    fn run(&self, who: &str, words: &[&str]) -> String {
        self.expect(who, 0, words)
    }

    /// The objects that a command tells of.
    fn objects(&self, who: &str, words: &[&str]) -> Vec<Value> {
        let mut words = words.to_vec();
        words.extend(["--output", "json"]);
        let told = self.run(who, &words);
        told.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The only one.
    fn object(&self, who: &str, words: &[&str]) -> Value {
        let [one] = self.objects(who, words).try_into().unwrap();
        one
    }

    /// Asks for a package, and gives the request's id.
    fn ask(&self, who: &str, package: &str) -> String {
        let words = [
            "request",
            package,
            "--justification",
            "the harvest is ripe",
            "--wait",
        ];
        let request = self.object(who, &words);
        assert_eq!(request["state"], "pendingApproval");
        request["id"].as_str().unwrap().to_owned()
    }

    /// How a request ends that is being delivered.
    fn end_of(&self, request: &str) -> String {
        let look = || {
            let request = self.object("admin", &["requests", "show", request]);
            request["state"].as_str().unwrap().to_owned()
        };
        let mut state = look();
        // Each look is a process: this ends, by the schedule of the retries.
        for _ in 0..200 {
            if state != "delivering" && state != "submitted" {
                break;
            }
            state = look();
        }
        state
    }
}

#[test]
fn the_story_can_be_lived_on_the_command_line() {
    let farm = Farm::start();
    let file = farm.file();
    let file = file.to_str().unwrap();

    // Build. What would be made is what is made, and once.
    let would = farm.objects("admin", &["import", file, "--dry-run"]);
    assert!(farm.objects("admin", &["packages", "list"]).is_empty());
    let made = farm.objects("admin", &["import", file]);
    let names = |made: &[Value]| -> Vec<String> {
        let name = |one: &Value| format!("{} {}", one["what"], one["name"]).replace('"', "");
        made.iter().map(name).collect()
    };
    assert_eq!(names(&would), names(&made));
    for made_of in [
        "groups Gate openers",
        "resourceRequests Gate openers",
        "resourceRoleScopes Member of Harvest crew",
        "assignmentPolicies Everybody, if bob agrees",
    ] {
        assert!(names(&made).contains(&made_of.to_owned()), "{made:?}");
    }
    let again = farm.run("admin", &["import", file]);
    assert_eq!(again, "everything is there already\n");
    assert_eq!(
        farm.objects("alice", &["packages", "list", "--mine"]).len(),
        1
    );

    // Request, approve, deliver.
    let alices = farm.ask("alice", "Harvest work");
    farm.expect("carol", 3, &["approve", &alices]);
    let waiting = farm.object("bob", &["approvals", "list"]);
    assert_eq!(waiting["id"], alices.as_str());
    let decided = farm.run("bob", &["approve", &alices, "--reason", "many hands"]);
    assert!(decided.contains("Approve"), "{decided}");
    assert_eq!(farm.end_of(&alices), "delivered");
    assert!(farm.run("admin", &["drift"]).starts_with("0 grants"));

    // Drift, and reprocess of the assignment that the report names.
    farm.run(
        "admin",
        &[
            "dev",
            "member",
            "--remove",
            "alice",
            "--group",
            "Harvest crew",
        ],
    );
    let report = farm.expect("admin", 1, &["drift"]);
    assert!(
        report.contains("Harvest crew") && report.contains("Alice Archer"),
        "{report}"
    );
    let csv = farm.expect("admin", 1, &["drift", "--output", "csv"]);
    let [head, line] = csv.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(head.starts_with("assignment,who,role,of,target"), "{head}");
    let assignment = line.split(',').next().unwrap();
    let held = farm.object("admin", &["assignments", "list", "--person", "alice"]);
    assert_eq!(held["id"], assignment);
    farm.run("admin", &["reprocess", "assignments", assignment]);
    farm.run("admin", &["drift"]);

    // A target is down: the request is partial, and reprocessed once the target is back.
    farm.run("admin", &["dev", "faults", "set", "gate", "down"]);
    let carols = farm.ask("carol", "Harvest work");
    farm.run("bob", &["approve", "--all", "--package", "Harvest work"]);
    assert_eq!(farm.end_of(&carols), "partiallyDelivered");
    let partial = ["requests", "list", "--state", "partiallyDelivered"];
    assert_eq!(farm.object("admin", &partial)["id"], carols.as_str());
    let again = ["reprocess", "requests", "--state", "partiallyDelivered"];
    assert!(
        farm.expect("admin", 1, &again)
            .contains("partiallyDelivered")
    );
    farm.run("admin", &["dev", "faults", "clear", "gate"]);
    farm.run("admin", &again);
    assert_eq!(farm.end_of(&carols), "delivered");

    // What is refused.
    farm.expect("admin", 3, &["reprocess", "requests", &carols]);
    farm.expect("alice", 3, &["reprocess", "assignments", assignment]);
    farm.expect("admin", 3, &["grant", "Harvest work", "--to", "mallory"]);
    let back = ["revoke", "--mine", "--package", "Harvest work", "--wait"];
    farm.run("carol", &back);
    farm.expect("carol", 3, &back);
    let of_carol = ["assignments", "list", "--person", "carol"];
    assert_eq!(farm.object("admin", &of_carol)["state"], "expired");

    // Time passes: an approval escalates, and access ends.
    let watch = farm.ask("carol", "Night watch");
    assert!(farm.objects("alice", &["approvals", "list"]).is_empty());
    farm.run("admin", &["dev", "clock", "--advance", "P2D"]);
    let told = farm.object("alice", &["approvals", "list"]);
    assert_eq!(told["status"], "PendingApprovalEscalated", "{told}");
    farm.run("alice", &["approve", &watch]);
    assert_eq!(farm.end_of(&watch), "delivered");
    farm.run("admin", &["dev", "clock", "--advance", "P30D"]);
    let expired = [
        "assignments",
        "list",
        "--person",
        "carol",
        "--package",
        "Night watch",
    ];
    assert_eq!(farm.object("admin", &expired)["state"], "expired");
    let alices = ["assignments", "list", "--mine", "--state", "delivered"];
    assert_eq!(farm.object("alice", &alices)["id"], assignment);
    farm.run("admin", &["drift"]);
}

#[test]
fn an_administrator_gives_extends_and_takes_by_name() {
    let farm = Farm::start();
    let file = farm.file();
    farm.run("admin", &["import", file.to_str().unwrap()]);

    let given = [
        "grant",
        "Harvest work",
        "--to",
        "alice",
        "--for",
        "P10D",
        "--wait",
    ];
    let told = farm.run("admin", &given);
    // Graph has no assignment to tell it by before the approval.
    for (who, list) in [("admin", "requests"), ("bob", "approvals")] {
        let waiting = farm.object(who, &[list, "list"]);
        assert!(waiting["assignment"].is_null(), "{waiting}");
        assert_eq!(
            waiting["target"]["displayName"], "Alice Archer",
            "{waiting}"
        );
        let table = farm.run(who, &[list, "list"]);
        assert!(table.contains("Alice Archer"), "{table}");
    }
    assert!(
        told.contains("adminAdd") && told.contains("pendingApproval"),
        "{told}"
    );
    // The policy asks bob even where an administrator gives.
    farm.run("bob", &["approve", "--all"]);
    let held = ["assignments", "list", "--person", "alice@reeve.example"];
    let mut state = String::new();
    for _ in 0..200 {
        state = farm.object("admin", &held)["state"].to_string();
        if state == "\"delivered\"" {
            break;
        }
    }
    assert_eq!(state, "\"delivered\"");
    let before = farm.object("admin", &held);
    farm.run(
        "admin",
        &[
            "extend",
            "--person",
            "alice",
            "--package",
            "Harvest work",
            "--for",
            "P60D",
            "--wait",
        ],
    );
    let after = farm.object("admin", &held);
    assert_ne!(before["schedule"], after["schedule"]);
    let id = after["id"].as_str().unwrap();
    farm.run("admin", &["revoke", id, "--wait"]);
    assert_eq!(farm.object("admin", &held)["state"], "expired");

    let unknown = farm.expect("admin", 3, &["packages", "show", "Harvest wrok"]);
    assert_eq!(unknown, "");
    let shown = farm.run("admin", &["packages", "show", "Harvest work"]);
    assert!(shown.contains("Everybody, if bob agrees"), "{shown}");
    let asked = farm.ask("carol", "Harvest work");
    let canceled = farm.run("carol", &["cancel", &asked]);
    assert!(canceled.contains("true"), "{canceled}");
    farm.expect("carol", 3, &["cancel", &asked]);
    // What never comes to an assignment says whom it was for all the same; so does what is listed beside it.
    let refused = farm.ask("alice", "Harvest work");
    farm.run("bob", &["deny", &refused]);
    for (id, name) in [(&asked, "Carol"), (&refused, "Alice Archer")] {
        let shown = farm.object("admin", &["requests", "show", id]);
        assert!(shown["assignment"].is_null(), "{shown}");
        let told = shown["target"]["displayName"].as_str().unwrap();
        assert!(told.starts_with(name), "{shown}");
    }
    let listed = farm.run("admin", &["requests", "list", "--output", "csv"]);
    let is_told = |line: &str| line.split(',').nth(6).is_some_and(|name| !name.is_empty());
    assert!(listed.lines().count() > 4, "{listed}");
    assert!(listed.lines().all(is_told), "{listed}");
}
