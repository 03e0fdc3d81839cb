//! Rows by the million: people, each with a delivered assignment, its request, its grant and the membership, by one statement
//! for each table.

use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use peers::postgres::{Cluster, Database};
use store::{Location, Store};

use crate::support::write_private;

const NOW: Timestamp = Timestamp::from_micros(1_735_689_600_000_000);

/// People who share a group, and a package.
const CROWD: u64 = 1_000;

/// How all ids begin.
pub(super) const BEGIN: &str = "01941f29-7c00-7000-80";

/// What ids are of: two digits in them.
const USER: &str = "01";
const GROUP: &str = "02";
const CATALOG: &str = "03";
const RESOURCE: &str = "04";
const ROLE: &str = "05";
const SCOPE: &str = "06";
const PACKAGE: &str = "07";
const POLICY: &str = "08";
const SUBJECT: &str = "09";
pub(super) const ASSIGNMENT: &str = "10";
const REQUEST: &str = "11";
const GRANT: &str = "12";

/// The id of the `n`th thing of a kind.
pub(super) fn id(kind: &str, n: u64) -> String {
    format!("{BEGIN}{kind}-{n:012}")
}

/// The same as an expression.
fn id_of(kind: &str, n: &str) -> String {
    format!("'{BEGIN}{kind}-' || SUBSTR(CAST(1000000000000 + {n} AS TEXT), 2)")
}

/// A database of a test's own, and the folder of the server on it.
pub(super) struct Home {
    folder: tempfile::TempDir,
    database: Option<Database<'static>>,
}

impl Home {
    /// The built-in database.
    pub(super) fn on_sqlite() -> Self {
        Self::new(None)
    }

    /// A database server; nothing where there is none.
    pub(super) fn on_postgres() -> Option<Self> {
        let database = Cluster::shared()?.create_database().unwrap();
        Some(Self::new(Some(database)))
    }

    fn new(database: Option<Database<'static>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database.as_ref().map(Database::url);
        let section = url.map_or_else(String::new, |url| format!("[database]\nurl = \"{url}\"\n"));
        write_private(&folder.path().join("reeve.toml"), section);
        Self { folder, database }
    }

    /// Where the server keeps its files.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server is told.
    pub(super) fn arguments(&self) -> [String; 3] {
        let config = self.folder.path().join("reeve.toml");
        [
            "--migrate".to_owned(),
            "--config".to_owned(),
            config.display().to_string(),
        ]
    }

    pub(super) fn file(&self) -> PathBuf {
        self.data().join("reeve.db")
    }

    pub(super) fn database(&self) -> Option<&Database<'static>> {
        self.database.as_ref()
    }

    /// The size of the database, in MiB.
    pub(super) fn mebibytes(&self) -> u64 {
        if self.database.is_none() {
            return super::mebibytes(&self.data());
        }
        let bytes = self.count("SELECT pg_database_size(current_database())");
        bytes / (1024 * 1024)
    }

    /// Brings the database to a step of its schema.
    pub(super) fn migrate_up_to(&self, step: i64) {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o700).create(self.data()).unwrap();
        let location = match &self.database {
            None => Location::Sqlite { path: self.file() },
            Some(database) => Location::Postgres {
                url: database.url(),
                ca: None,
            },
        };
        let store = Store::open(&location, &store::Options::default()).unwrap();
        store.migrate_up_to(step, NOW).unwrap();
    }

    /// Runs a script behind the server's back.
    pub(super) fn run(&self, script: &str) {
        match &self.database {
            None => {
                let connection = rusqlite::Connection::open(self.file()).unwrap();
                let quick = "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -262144;";
                connection
                    .execute_batch(&format!("{quick} BEGIN; {script}; COMMIT"))
                    .unwrap();
                // The log goes into the file.
                connection
                    .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
                    .unwrap();
            }
            Some(database) => drop(database.sql(script).unwrap()),
        }
    }

    /// The one number that a statement finds.
    pub(super) fn count(&self, sql: &str) -> u64 {
        match &self.database {
            None => count_in(&self.file(), sql),
            Some(database) => database.sql(sql).unwrap().trim().parse().unwrap(),
        }
    }

    /// Puts in so many people, with all that they have.
    pub(super) fn fill(&self, people: u64) {
        let groups = people.div_ceil(CROWD);
        for (table, count, values) in tables(groups, people) {
            let first = u64::from(count == people);
            self.run(&format!(
                "INSERT INTO {table} WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n \
                 WHERE i < {last}) SELECT {values} FROM n",
                last = first + count - 1
            ));
        }
        if self.database.is_some() {
            self.run("ANALYZE");
        }
    }
}

fn count_in(file: &Path, sql: &str) -> u64 {
    let connection = rusqlite::Connection::open(file).unwrap();
    let found: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    u64::try_from(found).unwrap()
}

/// A table with its columns, how many rows it gets, and the row of the number `i`.
type Table = (&'static str, u64, String);

/// Every table. People are counted from one, groups and all that stands for them from zero.
fn tables(groups: u64, people: u64) -> Vec<Table> {
    let mut tables = directory(groups, people);
    tables.extend(offers(groups));
    tables.extend(held(groups, people));
    tables
}

/// The id of the row's own number.
fn i(kind: &str) -> String {
    id_of(kind, "i")
}

/// The id of the group, or of what stands for it, of the person of that number.
fn of(kind: &str, groups: u64) -> String {
    id_of(kind, &format!("(i % {groups})"))
}

/// What the role of a group is called by its target.
fn member(group: &str) -> String {
    format!("'Member_' || {group}")
}

/// What a person signs in by.
const NAME: &str = "'user' || i || '@reeve.example'";

fn directory(groups: u64, people: u64) -> Vec<Table> {
    vec![
        (
            "directory_user (id, user_principal_name, user_principal_name_key, display_name, user_type, account_enabled, \
             details, created_at, version)",
            people,
            format!(
                "{}, {NAME}, {NAME}, 'User ' || i, 'Member', TRUE, '{{}}', i, 1",
                i(USER)
            ),
        ),
        (
            "directory_group (id, display_name, mail_enabled, security_enabled, group_types, details, created_at, version)",
            groups,
            format!(
                "{}, 'Group ' || i, FALSE, TRUE, '[]', '{{}}', i, 1",
                i(GROUP)
            ),
        ),
        (
            "group_member (group_id, member_id)",
            people,
            format!("{}, {}", of(GROUP, groups), i(USER)),
        ),
    ]
}

fn offers(groups: u64) -> Vec<Table> {
    vec![
        (
            "catalog (id, display_name, catalog_type, state, is_externally_visible, created_at, modified_at, version)",
            1,
            format!(
                "{}, 'Crowds', 'userManaged', 'published', FALSE, 1, 1, 1",
                i(CATALOG)
            ),
        ),
        (
            "access_package (id, catalog_id, display_name, is_hidden, is_role_scopes_visible, created_at, modified_at, \
             version)",
            groups,
            format!(
                "{}, '{}', 'Package ' || i, FALSE, TRUE, i, i, 1",
                i(PACKAGE),
                id(CATALOG, 0)
            ),
        ),
        (
            "assignment_policy (id, access_package_id, display_name, allowed_target_scope, can_extend, settings, created_at, \
             modified_at, version)",
            groups,
            format!(
                "{}, {}, 'Direct', 'allDirectoryUsers', FALSE, '{{\"v\":1,\"expiration\":{{\"type\":\"noExpiration\"}}}}', \
                 i, i, 1",
                i(POLICY),
                i(PACKAGE)
            ),
        ),
        (
            "resource (id, catalog_id, origin_system, origin_id, display_name, attributes, drift_action, created_at, \
             modified_at, version)",
            groups,
            format!(
                "{}, '{}', 'AadGroup', {}, 'Group ' || i, '{{\"v\":1,\"items\":[]}}', 'report', i, i, 1",
                i(RESOURCE),
                id(CATALOG, 0),
                i(GROUP)
            ),
        ),
        (
            "resource_role (id, resource_id, origin_system, origin_id, display_name)",
            groups,
            format!(
                "{}, {}, 'AadGroup', {}, 'Member'",
                i(ROLE),
                i(RESOURCE),
                member(&i(GROUP))
            ),
        ),
        (
            "resource_scope (id, resource_id, origin_system, origin_id, display_name, is_root_scope)",
            groups,
            format!(
                "{}, {}, 'AadGroup', {}, 'Root', TRUE",
                i(SCOPE),
                i(RESOURCE),
                i(GROUP)
            ),
        ),
        (
            "resource_role_scope (id, access_package_id, resource_role_id, resource_scope_id, created_at)",
            groups,
            format!(
                "{role} || '_' || {scope}, {}, {role}, {scope}, i",
                i(PACKAGE),
                role = i(ROLE),
                scope = i(SCOPE)
            ),
        ),
    ]
}

fn held(groups: u64, people: u64) -> Vec<Table> {
    let of = |kind| of(kind, groups);
    vec![
        (
            "subject (id, object_id, subject_type, display_name, principal_name, subject_lifecycle, created_at)",
            people,
            format!(
                "{}, {}, 'user', 'User ' || i, {NAME}, 'notGoverned', i",
                i(SUBJECT),
                i(USER)
            ),
        ),
        (
            "assignment (id, access_package_id, assignment_policy_id, target_id, state, status, schedule, starts_at, \
             is_extended, created_at, modified_at, version)",
            people,
            format!(
                "{}, {}, {}, {}, 'delivered', 'Delivered', {SCHEDULE}, i, FALSE, i, i, 2",
                i(ASSIGNMENT),
                of(PACKAGE),
                of(POLICY),
                i(SUBJECT)
            ),
        ),
        (
            "assignment_request (id, request_type, is_extension, access_package_id, assignment_policy_id, assignment_id, \
             requestor_id, target_id, created_by, state, status, answers, schedule, bypass_approval, plan_due, created_at, \
             delivering_since, completed_at, first_completed_at, version)",
            people,
            format!(
                "{}, 'adminAdd', FALSE, {}, {}, {}, {subject}, {subject}, {}, 'delivered', 'Delivered', '[]', {SCHEDULE}, \
                 FALSE, FALSE, i, i, i, i, 3",
                i(REQUEST),
                of(PACKAGE),
                of(POLICY),
                i(ASSIGNMENT),
                i(USER),
                subject = i(SUBJECT)
            ),
        ),
        (
            "ledger (id, subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, observed, \
             observed_at, observed_by, preexisting, phase, operation, target, attempts, created_at, version)",
            people,
            format!(
                "{}, {}, 'AadGroup', {group}, {}, {group}, TRUE, 'present', i, 'write', FALSE, 'settled', 'add', \
                 'directory', 0, i, 3",
                i(GRANT),
                i(SUBJECT),
                member(&of(GROUP)),
                group = of(GROUP)
            ),
        ),
        (
            "ledger_link (grant_id, assignment_id, resource_role_id, resource_scope_id)",
            people,
            format!(
                "{}, {}, {}, {}",
                i(GRANT),
                i(ASSIGNMENT),
                of(ROLE),
                of(SCOPE)
            ),
        ),
        (
            "request_delivery (request_id, grant_id, operation, outcome, kept, attempts, settled_at)",
            people,
            format!("{}, {}, 'add', 'done', FALSE, 1, i", i(REQUEST), i(GRANT)),
        ),
    ]
}

/// A schedule without end, as it is kept.
const SCHEDULE: &str = "'{\"v\":1,\"startDateTime\":\"2025-01-01T00:00:00Z\",\"expiration\":{\"type\":\"noExpiration\",\
    \"endDateTime\":null,\"duration\":null}}'";
