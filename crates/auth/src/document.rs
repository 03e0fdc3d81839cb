//! The table of who may do what, for people: what `docs/authorization.md` shows.
//!
//! **Invariant:** nothing here is said twice: every mark follows from [`MATRIX`].

use std::fmt::Write;

use crate::principal::{DirectoryRole, Permission};
use crate::roles::{Action, EmRole, MATRIX, Role, Row, Who};

/// The columns of roles: a heading, and the roles that have the same rights.
const COLUMNS: &[(&str, &[Role])] = &[
    (
        "GA, IGA",
        &[
            Role::Directory(DirectoryRole::GlobalAdministrator),
            Role::Directory(DirectoryRole::IdentityGovernanceAdministrator),
        ],
    ),
    (
        "readers",
        &[
            Role::Directory(DirectoryRole::GlobalReader),
            Role::Directory(DirectoryRole::SecurityReader),
            Role::Directory(DirectoryRole::SecurityAdministrator),
            Role::Directory(DirectoryRole::ComplianceAdministrator),
        ],
    ),
    ("CC", &[Role::Em(EmRole::CatalogCreator)]),
    (
        "COA",
        &[Role::Em(EmRole::ConnectedOrganizationAdministrator)],
    ),
    ("CO", &[Role::Em(EmRole::CatalogOwner)]),
    ("APM", &[Role::Em(EmRole::AccessPackageManager)]),
    ("APAM", &[Role::Em(EmRole::AccessPackageAssignmentManager)]),
    ("CR", &[Role::Em(EmRole::CatalogReader)]),
];

/// The table in Markdown: a row for each operation, a column for each role, and the permissions.
pub fn table() -> String {
    let mut text = String::from("| operation |");
    for (heading, _) in COLUMNS {
        // Writing to a string cannot fail.
        let _ = write!(text, " {heading} |");
    }
    text.push_str(" any user | delegated | application |\n|---|");
    text.push_str(&"---|".repeat(COLUMNS.len() + 3));
    text.push('\n');
    for row in MATRIX {
        let _ = write!(text, "| {} |", what(row.action));
        for (_, roles) in COLUMNS {
            let _ = write!(text, " {} |", mark(row, roles));
        }
        let anybody = if row.who == Who::AnyUser { "✔" } else { "" };
        let _ = writeln!(
            text,
            " {anybody} | {} | {} |",
            permissions(row.delegated),
            permissions(row.application)
        );
    }
    text
}

fn mark(row: &Row, roles: &[Role]) -> &'static str {
    let holds = |role: &Role| matches!(row.who, Who::Holders(holders) if holders.contains(role));
    if roles.iter().all(holds) {
        "✔"
    } else if roles.iter().all(|role| row.own_only.contains(role)) {
        "own"
    } else {
        ""
    }
}

/// The permissions, any of which suffices, by their letters.
fn permissions(any_of: &[Permission]) -> String {
    let letters: Vec<&str> = any_of
        .iter()
        .map(|permission| letter(*permission))
        .collect();
    if letters.is_empty() {
        "never".to_owned()
    } else {
        letters.join(", ")
    }
}

fn letter(permission: Permission) -> &'static str {
    match permission {
        Permission::EntitlementManagementReadAll => "R",
        Permission::EntitlementManagementReadWriteAll => "W",
        Permission::SubjectAccessReadWrite => "S",
        other => other.as_str(),
    }
}

/// What is done, in a few words.
const fn what(action: Action) -> &'static str {
    match action {
        Action::ReadCatalogContent => {
            "read catalogs, access packages, role scopes, resources, extensions, roles"
        }
        Action::CreateCatalog => "create a catalog",
        Action::UpdateCatalog => "update, delete a catalog",
        Action::ManageResources => "add, update, remove, refresh resources ¹",
        Action::AssignCatalogRole => "assign roles in a catalog",
        Action::AssignCatalogCreator => "assign roles of the tenant (CC, COA)",
        Action::ManageAccessPackages => {
            "create, update, hide, delete access packages, role scopes, incompatibilities"
        }
        Action::MovePackage => "`moveToCatalog` ²",
        Action::ManagePolicies => "create, update, delete policies",
        Action::ManageAutoPolicies => "the same for policies that assign by rule",
        Action::ReadPolicies => "read policies",
        Action::ReadRequests => "read requests, assignments, delivered roles, errors ³",
        Action::AdminRequest => "`adminAdd`, `adminUpdate`, `adminRemove`",
        Action::UserRequest => "`userAdd`, `userUpdate`, `userRemove` ³",
        Action::ApproverRemove => "`approverRemove` ⁴",
        Action::Cancel => "cancel a request ³",
        Action::Reprocess => "reprocess a request or an assignment",
        Action::Resume => "resume a request",
        Action::DeleteRequest => "delete a request",
        Action::Decide => "approve, deny ³",
        Action::ManageExtensions => "create, update, delete custom extensions",
        Action::ReadConnectedOrganizations => "read connected organizations, sponsors",
        Action::ManageConnectedOrganizations => {
            "create, update, delete connected organizations, sponsors"
        }
        Action::ReadSettings => "read settings, control configurations, connectors",
        Action::ManageSettings => "change settings, control configurations, connectors",
        Action::ManageSubjectLifecycle => "change the life cycle of a subject",
        Action::UploadSessions => "create and fill upload sessions",
        Action::QueryAsUser => "`filterByCurrentUser`, `getApplicablePolicyRequirements` ³",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_is_in_one_column_and_each_column_speaks_for_all_its_roles() {
        let in_columns = |role: Role| {
            let columns = COLUMNS.iter().filter(|(_, roles)| roles.contains(&role));
            columns.count()
        };
        for role in EmRole::ALL {
            assert_eq!(in_columns(Role::Em(*role)), 1, "{role:?}");
        }
        for role in DirectoryRole::ALL {
            let counts = *role != DirectoryRole::UserAdministrator;
            assert_eq!(in_columns(Role::Directory(*role)), usize::from(counts));
        }
        for row in MATRIX {
            for (heading, roles) in COLUMNS {
                let holds = |role: &&Role| matches!(row.who, Who::Holders(holders) if holders.contains(role));
                let number = roles.iter().filter(holds).count();
                assert!(
                    number == 0 || number == roles.len(),
                    "{heading} does not speak for all its roles: {:?}",
                    row.action
                );
            }
        }
    }

    #[test]
    fn the_table_has_a_row_for_each_operation_and_names_its_permissions() {
        let table = table();

        assert_eq!(table.lines().count(), MATRIX.len() + 2);
        let reprocess =
            "| reprocess a request or an assignment | ✔ |  |  |  | ✔ | ✔ | ✔ |  |  | W | W |";
        assert!(table.contains(reprocess), "{table}");
        let decide = "| approve, deny ³ |  |  |  |  |  |  |  |  | ✔ | S, W | never |";
        assert!(table.contains(decide), "{table}");
    }
}
