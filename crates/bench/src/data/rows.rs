//! The rows of the tenant, table by table, parents first.

use serde_json::json;

use super::{APPROVER, Kind, Size, id, made_at, schedule};

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// NULL.
    Null,
    /// A flag.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Rows of one table.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// The columns that are filled, in the order of the cells, with commas between.
    pub(super) columns: &'static str,
    /// How many rows there are.
    pub(super) count: u64,
    /// The row of a number.
    pub(super) row: Box<dyn Fn(u64) -> Vec<Cell>>,
}

fn text(value: impl Into<String>) -> Cell {
    Cell::Text(value.into())
}

fn number(value: u64) -> Cell {
    Cell::Number(i64::try_from(value).unwrap_or(i64::MAX))
}

fn of(kind: Kind, n: u64) -> Cell {
    text(id(kind, n))
}

const YES: Cell = Cell::Flag(true);
const NO: Cell = Cell::Flag(false);
const NONE: Cell = Cell::Null;

/// Every table with rows in it.
pub(super) fn tables(size: Size) -> Vec<Table> {
    let mut tables = directory(size);
    tables.extend(catalog(size));
    tables.extend(entitlements(size));
    tables.extend(ledger(size));
    tables
}

fn directory(size: Size) -> Vec<Table> {
    let user = |n| {
        let name = format!("user{n:05}@reeve.example");
        vec![
            of(Kind::User, n),
            text(&name),
            text(&name),
            text(format!("User {n:05}")),
            text(&name),
            text("Member"),
            YES,
            text(format!("Department {:02}", n % 100)),
            text(r#"{"country":"Netherlands"}"#),
            number(made_at(n)),
            number(1),
        ]
    };
    let group = |n| {
        vec![
            of(Kind::Group, n),
            text(format!("Group {n:04}")),
            NO,
            YES,
            text("[]"),
            text("{}"),
            number(made_at(n)),
            number(1),
        ]
    };
    let member = move |n| {
        let (user, package) = size.holding(n);
        vec![of(Kind::Group, package), of(Kind::User, user)]
    };
    vec![
        Table {
            name: "directory_user",
            columns: "id, user_principal_name, user_principal_name_key, display_name, mail, user_type, \
                      account_enabled, department, details, created_at, version",
            count: size.users,
            row: Box::new(user),
        },
        Table {
            name: "directory_group",
            columns: "id, display_name, mail_enabled, security_enabled, group_types, details, created_at, version",
            count: size.packages,
            row: Box::new(group),
        },
        Table {
            name: "group_member",
            columns: "group_id, member_id",
            count: size.assignments,
            row: Box::new(member),
        },
    ]
}

fn catalog(size: Size) -> Vec<Table> {
    let catalog = |n| {
        vec![
            of(Kind::Catalog, n),
            text(format!("Catalog {n:04}")),
            text("userManaged"),
            text("published"),
            NO,
            number(made_at(n)),
            number(made_at(n)),
            number(1),
        ]
    };
    let package = move |n| {
        vec![
            of(Kind::Package, n),
            of(Kind::Catalog, n % size.catalogs()),
            text(format!("Package {n:04}")),
            text(format!("Membership of group {n:04}")),
            NO,
            YES,
            number(made_at(n)),
            number(made_at(n)),
            number(1),
        ]
    };
    let policy = |n| {
        vec![
            of(Kind::Policy, n),
            of(Kind::Package, n),
            text("Direct assignment"),
            text("allDirectoryUsers"),
            NO,
            text(r#"{"v":1,"expiration":{"type":"noExpiration"}}"#),
            number(made_at(n)),
            number(made_at(n)),
            number(1),
        ]
    };
    let stage = json!({
        "durationBeforeAutomaticDenial": "P14D",
        "primaryApprovers": [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": id(Kind::User, APPROVER)}
        ],
    });
    let settings = json!({
        "v": 1,
        "expiration": {"type": "noExpiration"},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": true, "stages": [stage, stage]},
    })
    .to_string();
    let two_stages = move |n| {
        vec![
            text(size.two_stages(n)),
            of(Kind::Package, n),
            text("Two stages"),
            text("allDirectoryUsers"),
            NO,
            text(&settings),
            number(made_at(n)),
            number(made_at(n)),
            number(1),
        ]
    };
    let mut tables = vec![
        Table {
            name: "catalog",
            columns: "id, display_name, catalog_type, state, is_externally_visible, created_at, modified_at, version",
            count: size.catalogs(),
            row: Box::new(catalog),
        },
        Table {
            name: "access_package",
            columns: "id, catalog_id, display_name, description, is_hidden, is_role_scopes_visible, created_at, \
                      modified_at, version",
            count: size.packages,
            row: Box::new(package),
        },
        Table {
            name: "assignment_policy",
            columns: "id, access_package_id, display_name, allowed_target_scope, can_extend, settings, created_at, \
                      modified_at, version",
            count: size.packages,
            row: Box::new(policy),
        },
        Table {
            name: "assignment_policy",
            columns: "id, access_package_id, display_name, allowed_target_scope, can_extend, settings, created_at, \
                      modified_at, version",
            count: size.packages,
            row: Box::new(two_stages),
        },
    ];
    tables.extend(resources(size));
    tables
}

/// Each package has one role: membership of a group of its own.
fn resources(size: Size) -> Vec<Table> {
    let resource = move |n| {
        vec![
            of(Kind::Resource, n),
            of(Kind::Catalog, n % size.catalogs()),
            text("AadGroup"),
            of(Kind::Group, n),
            text(format!("Group {n:04}")),
            text(r#"{"v":1,"items":[]}"#),
            text("report"),
            number(made_at(n)),
            number(made_at(n)),
            number(1),
        ]
    };
    let role = |n| {
        vec![
            of(Kind::Role, n),
            of(Kind::Resource, n),
            text("AadGroup"),
            text(format!("Member_{}", id(Kind::Group, n))),
            text("Member"),
        ]
    };
    let scope = |n| {
        vec![
            of(Kind::Scope, n),
            of(Kind::Resource, n),
            text("AadGroup"),
            of(Kind::Group, n),
            text("Root"),
            YES,
        ]
    };
    let role_scope = |n| {
        vec![
            text(format!("{}_{}", id(Kind::Role, n), id(Kind::Scope, n))),
            of(Kind::Package, n),
            of(Kind::Role, n),
            of(Kind::Scope, n),
            number(made_at(n)),
        ]
    };
    vec![
        Table {
            name: "resource",
            columns: "id, catalog_id, origin_system, origin_id, display_name, attributes, drift_action, created_at, \
                      modified_at, version",
            count: size.packages,
            row: Box::new(resource),
        },
        Table {
            name: "resource_role",
            columns: "id, resource_id, origin_system, origin_id, display_name",
            count: size.packages,
            row: Box::new(role),
        },
        Table {
            name: "resource_scope",
            columns: "id, resource_id, origin_system, origin_id, display_name, is_root_scope",
            count: size.packages,
            row: Box::new(scope),
        },
        Table {
            name: "resource_role_scope",
            columns: "id, access_package_id, resource_role_id, resource_scope_id, created_at",
            count: size.packages,
            row: Box::new(role_scope),
        },
    ]
}

fn entitlements(size: Size) -> Vec<Table> {
    let subject = |n| {
        let name = format!("user{n:05}@reeve.example");
        vec![
            of(Kind::Subject, n),
            of(Kind::User, n),
            text("user"),
            text(format!("User {n:05}")),
            text(&name),
            text(&name),
            text("notGoverned"),
            number(made_at(n)),
        ]
    };
    let assignment = move |n| {
        let (user, package) = size.holding(n);
        vec![
            of(Kind::Assignment, n),
            of(Kind::Package, package),
            of(Kind::Policy, package),
            of(Kind::Subject, user),
            text("delivered"),
            text("Delivered"),
            text(schedule(n)),
            number(made_at(n)),
            NO,
            number(made_at(n)),
            number(made_at(n)),
            number(2),
        ]
    };
    let request = move |n| {
        let (user, package) = size.holding(n);
        vec![
            of(Kind::Request, n),
            text("adminAdd"),
            NO,
            of(Kind::Package, package),
            of(Kind::Policy, package),
            of(Kind::Assignment, n),
            of(Kind::Subject, user),
            of(Kind::Subject, user),
            of(Kind::User, user),
            text("delivered"),
            text("Delivered"),
            text("[]"),
            text(schedule(n)),
            NO,
            NO,
            number(made_at(n)),
            number(made_at(n)),
            number(made_at(n)),
            number(made_at(n)),
            number(3),
        ]
    };
    vec![
        Table {
            name: "subject",
            columns: "id, object_id, subject_type, display_name, email, principal_name, subject_lifecycle, created_at",
            count: size.users,
            row: Box::new(subject),
        },
        Table {
            name: "assignment",
            columns: "id, access_package_id, assignment_policy_id, target_id, state, status, schedule, starts_at, \
                      is_extended, created_at, modified_at, version",
            count: size.assignments,
            row: Box::new(assignment),
        },
        Table {
            name: "assignment_request",
            columns: "id, request_type, is_extension, access_package_id, assignment_policy_id, assignment_id, \
                      requestor_id, target_id, created_by, state, status, answers, schedule, bypass_approval, \
                      plan_due, created_at, delivering_since, completed_at, first_completed_at, version",
            count: size.assignments,
            row: Box::new(request),
        },
    ]
}

fn ledger(size: Size) -> Vec<Table> {
    let grant = move |n| {
        let (user, package) = size.holding(n);
        vec![
            of(Kind::Grant, n),
            of(Kind::Subject, user),
            text("AadGroup"),
            of(Kind::Group, package),
            text(format!("Member_{}", id(Kind::Group, package))),
            of(Kind::Group, package),
            YES,
            text("present"),
            number(made_at(n)),
            text("write"),
            NO,
            text("settled"),
            text("add"),
            text("directory"),
            number(0),
            number(made_at(n)),
            number(3),
        ]
    };
    let link = move |n| {
        let (_, package) = size.holding(n);
        vec![
            of(Kind::Grant, n),
            of(Kind::Assignment, n),
            of(Kind::Role, package),
            of(Kind::Scope, package),
        ]
    };
    let unit = |n| {
        vec![
            of(Kind::Request, n),
            of(Kind::Grant, n),
            text("add"),
            text("done"),
            NO,
            NONE,
            number(1),
            number(made_at(n)),
        ]
    };
    vec![
        Table {
            name: "ledger",
            columns: "id, subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, \
                      observed, observed_at, observed_by, preexisting, phase, operation, target, attempts, \
                      created_at, version",
            count: size.assignments,
            row: Box::new(grant),
        },
        Table {
            name: "ledger_link",
            columns: "grant_id, assignment_id, resource_role_id, resource_scope_id",
            count: size.assignments,
            row: Box::new(link),
        },
        Table {
            name: "request_delivery",
            columns: "request_id, grant_id, operation, outcome, kept, error_code, attempts, settled_at",
            count: size.assignments,
            row: Box::new(unit),
        },
    ]
}
