//! The whole table of roles, actions and scopes as a golden file: a change of who may do what is a visible diff.
//! `UPDATE_GOLDEN=1` writes it anew.

use std::fmt::Write;
use std::path::Path;

use auth::decide::{Caller, Catalogs, Decision, Refusal, decide, readable_catalogs};
use auth::directory::{DIRECTORY, decide_directory};
use auth::principal::{DirectoryRole, Permission};
use auth::roles::{Action, EmRole, MATRIX};

use crate::support::{
    application, other_catalog, own_catalog, user, with_directory_role, with_em_role,
};

const READ: &[Permission] = &[Permission::EntitlementManagementReadAll];
const WRITE: &[Permission] = &[Permission::EntitlementManagementReadWriteAll];
const OWN: &[Permission] = &[Permission::SubjectAccessReadWrite];

fn cell(decision: &Decision) -> char {
    match decision {
        Decision::Allow => '+',
        Decision::Deny(Refusal::MissingPermission { .. }) => 'p',
        Decision::Deny(Refusal::MissingRole { .. }) => 'r',
        Decision::Deny(Refusal::NoRoleAnywhere { .. }) => '-',
        Decision::Deny(Refusal::NotForApplications) => 'x',
    }
}

fn callers() -> Vec<(&'static str, Caller)> {
    let mut callers = Vec::new();
    for (name, role) in [
        ("GA", DirectoryRole::GlobalAdministrator),
        ("IGA", DirectoryRole::IdentityGovernanceAdministrator),
        ("GR", DirectoryRole::GlobalReader),
        ("SR", DirectoryRole::SecurityReader),
        ("SA", DirectoryRole::SecurityAdministrator),
        ("CA", DirectoryRole::ComplianceAdministrator),
        ("UA", DirectoryRole::UserAdministrator),
    ] {
        callers.push((name, with_directory_role(user(WRITE), role)));
    }
    for (name, role) in [
        ("CC", EmRole::CatalogCreator),
        ("COA", EmRole::ConnectedOrganizationAdministrator),
        ("CO", EmRole::CatalogOwner),
        ("APM", EmRole::AccessPackageManager),
        ("APAM", EmRole::AccessPackageAssignmentManager),
        ("CR", EmRole::CatalogReader),
    ] {
        callers.push((name, with_em_role(user(WRITE), role)));
    }
    callers.push(("user", user(WRITE)));
    let administrator =
        |permissions| with_directory_role(user(permissions), DirectoryRole::GlobalAdministrator);
    callers.push(("GA:R", administrator(READ)));
    callers.push(("GA:S", administrator(OWN)));
    callers.push(("GA:0", administrator(&[])));
    callers.push(("app:W", application(WRITE)));
    callers.push(("app:R", application(READ)));
    callers.push(("app:S", application(OWN)));
    callers.push(("app:0", application(&[])));
    callers.push((
        "app:CO",
        with_em_role(application(&[]), EmRole::CatalogOwner),
    ));
    callers.push((
        "app:CR",
        with_em_role(application(READ), EmRole::CatalogReader),
    ));
    callers
}

fn entitlement_management() -> String {
    let callers = callers();
    let mut text = String::from(
        "Entitlement management. Each cell: own catalog, other catalog, no catalog.\n\
         + allowed  p permission missing  r role missing  - no role anywhere  x not for applications\n\
         Users have EntitlementManagement.ReadWrite.All but where :R (Read.All), :S (SubjectAccess) or :0 (none) follows;\n\
         app:CO holds the role without a permission, app:CR has Read.All and the role.\n\n",
    );
    write!(text, "{:29}", "").unwrap();
    for (name, _) in &callers {
        write!(text, " {name:6}").unwrap();
    }
    trim_end(&mut text);
    for row in MATRIX {
        write!(text, "{:29}", format!("{:?}", row.action)).unwrap();
        for (_, caller) in &callers {
            let cells: String = [Some(own_catalog()), Some(other_catalog()), None]
                .into_iter()
                .map(|catalog| cell(&decide(caller, row.action, catalog)))
                .collect();
            write!(text, " {cells:6}").unwrap();
        }
        trim_end(&mut text);
    }

    text.push_str("\nCatalogs that a list shows.\n\n");
    write!(text, "{:29}", "").unwrap();
    for (name, _) in &callers {
        write!(text, " {name:6}").unwrap();
    }
    trim_end(&mut text);
    for action in [
        Action::ReadCatalogContent,
        Action::ReadPolicies,
        Action::ReadRequests,
        Action::ReadConnectedOrganizations,
        Action::ReadSettings,
    ] {
        write!(text, "{:29}", format!("{action:?}")).unwrap();
        for (_, caller) in &callers {
            let shown = match readable_catalogs(caller, action) {
                Catalogs::All => "all",
                Catalogs::Some(catalogs) if catalogs.is_empty() => "empty",
                Catalogs::Some(catalogs) if catalogs.contains(&other_catalog()) => "WRONG",
                Catalogs::Some(_) => "own",
                Catalogs::None(_) => "403",
            };
            write!(text, " {shown:6}").unwrap();
        }
        trim_end(&mut text);
    }
    text
}

fn directory() -> String {
    let mut text = String::from(
        "Directory.\n+ allowed  p permission missing  r role missing  x not for applications\n\n\
         Applications with one permission.\n\n",
    );
    let numbered: Vec<(String, Permission)> = Permission::ALL
        .iter()
        .enumerate()
        .map(|(number, permission)| (format!("{:2}", number + 1), *permission))
        .collect();
    for (number, permission) in &numbered {
        writeln!(text, "{number} {permission}").unwrap();
    }
    write!(text, "\n{:24}", "").unwrap();
    for (number, _) in &numbered {
        write!(text, " {number}").unwrap();
    }
    trim_end(&mut text);
    for row in DIRECTORY {
        write!(text, "{:24}", format!("{:?}", row.action)).unwrap();
        for (_, permission) in &numbered {
            let caller = application(&[*permission]);
            write!(text, "  {}", cell(&decide_directory(&caller, row.action))).unwrap();
        }
        trim_end(&mut text);
    }

    for permission in [
        Permission::DirectoryReadWriteAll,
        Permission::UserReadAll,
        Permission::EntitlementManagementReadWriteAll,
    ] {
        writeln!(text, "\nUsers with {permission} and a role.\n").unwrap();
        write!(text, "{:24}", "").unwrap();
        for name in ["none", "GA", "IGA", "GR", "SR", "SA", "CA", "UA"] {
            write!(text, " {name:4}").unwrap();
        }
        trim_end(&mut text);
        for row in DIRECTORY {
            write!(text, "{:24}", format!("{:?}", row.action)).unwrap();
            let without = user(&[permission]);
            let mut cells = vec![cell(&decide_directory(&without, row.action))];
            cells.extend(DirectoryRole::ALL.iter().map(|role| {
                let caller = with_directory_role(without.clone(), *role);
                cell(&decide_directory(&caller, row.action))
            }));
            for cell in cells {
                write!(text, " {cell:<4}").unwrap();
            }
            trim_end(&mut text);
        }
    }
    text
}

/// Ends the line without blanks before its end.
fn trim_end(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{} differs; run with UPDATE_GOLDEN=1 and look at the diff. Now:\n{text}",
        path.display()
    );
}

#[test]
fn who_may_do_what_is_as_written_down() {
    assert_golden("matrix.txt", &entitlement_management());
}

#[test]
fn who_may_do_what_in_the_directory_is_as_written_down() {
    assert_golden("directory.txt", &directory());
}
