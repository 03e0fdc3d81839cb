//! Who holds what does not go together now, however it came to that (SD-3, SD-6).
//!
//! Read from one side: of a package that lists another, the assignments whose target also holds that other, or is in that
//! group. The rows come in the order of their keys, from any of them on.

use domain::id::{AccessPackageId, AssignmentId, CatalogId, ObjectId, SubjectId};

use crate::column::{opt_parsed, opt_string, parsed};
use crate::engine::Row;
use crate::value::{int, list, text};
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[BY_PACKAGE, BY_PACKAGE_IN, BY_GROUP, BY_GROUP_IN];

macro_rules! by_package {
    ($scope:literal) => {
        concat!(
            "SELECT i.access_package_id, p.display_name, i.incompatible_id, q.display_name, a.id, b.id, ",
            "s.id, s.object_id, s.display_name, s.principal_name ",
            "FROM incompatible_access_package i ",
            "JOIN access_package p ON p.id = i.access_package_id ",
            "JOIN access_package q ON q.id = i.incompatible_id ",
            "JOIN assignment a ON a.access_package_id = i.access_package_id ",
            "AND a.state IN ('delivering', 'delivered', 'partiallyDelivered') ",
            "JOIN assignment b ON b.target_id = a.target_id AND b.access_package_id = i.incompatible_id ",
            "AND b.state IN ('delivering', 'delivered', 'partiallyDelivered') ",
            "JOIN subject s ON s.id = a.target_id ",
            "WHERE (i.access_package_id, i.incompatible_id, a.id) > ($1, $2, $3) ",
            "AND (i.access_package_id = $4 OR $4 = '') ",
            $scope,
            "ORDER BY i.access_package_id, i.incompatible_id, a.id LIMIT $5"
        )
    };
}

// Groups count for whoever is in them, also through other groups (SD-4). UNION ends a circle of groups.
macro_rules! by_group {
    ($scope:literal) => {
        concat!(
            "SELECT i.access_package_id, p.display_name, i.group_id, g.display_name, a.id, NULL, ",
            "s.id, s.object_id, s.display_name, s.principal_name ",
            "FROM incompatible_group i ",
            "JOIN access_package p ON p.id = i.access_package_id ",
            "JOIN directory_group g ON g.id = i.group_id ",
            "JOIN assignment a ON a.access_package_id = i.access_package_id ",
            "AND a.state IN ('delivering', 'delivered', 'partiallyDelivered') ",
            "JOIN subject s ON s.id = a.target_id ",
            "WHERE (i.access_package_id, i.group_id, a.id) > ($1, $2, $3) ",
            "AND (i.access_package_id = $4 OR $4 = '') ",
            $scope,
            "AND EXISTS (WITH RECURSIVE above (id) AS ( ",
            "SELECT group_id FROM group_member WHERE member_id = s.object_id ",
            "UNION SELECT m.group_id FROM group_member m JOIN above ON m.member_id = above.id) ",
            "SELECT 1 FROM above WHERE above.id = i.group_id) ",
            "ORDER BY i.access_package_id, i.group_id, a.id LIMIT $5"
        )
    };
}

const BY_PACKAGE: &str = by_package!("");
const BY_PACKAGE_IN: &str =
    by_package!("AND p.catalog_id IN EACH($6) AND q.catalog_id IN EACH($6) ");
const BY_GROUP: &str = by_group!("");
const BY_GROUP_IN: &str = by_group!("AND p.catalog_id IN EACH($6) ");

/// What a package does not go with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// A package, held by this assignment.
    Package(AccessPackageId, AssignmentId),
    /// A group.
    Group(ObjectId),
}

/// Somebody who holds both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The package that lists the other.
    pub package: AccessPackageId,
    /// Its name.
    pub package_name: String,
    /// The other.
    pub other: Other,
    /// Its name.
    pub other_name: Option<String>,
    /// The assignment of the package.
    pub assignment: AssignmentId,
    /// Whose it is.
    pub subject: SubjectId,
    /// Their directory object.
    pub object: Option<ObjectId>,
    /// Their name.
    pub subject_name: Option<String>,
    /// Their sign-in name.
    pub principal_name: Option<String>,
}

/// Behind which row to begin: package, what it does not go with, assignment; empty texts are before every row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position(pub [String; 3]);

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Only of this package.
    pub package: Option<AccessPackageId>,
    /// Only in these catalogs; both packages have to be.
    pub catalogs: Option<Vec<CatalogId>>,
    /// Behind this row.
    pub after: Position,
    /// At most so many.
    pub limit: i64,
}

/// Those who hold a package and another that it does not go with.
pub fn of_packages(tx: &mut ReadTx<'_>, search: &Search) -> Result<Vec<Holding>, Error> {
    rows(tx, search, BY_PACKAGE, BY_PACKAGE_IN, |row| {
        let assignment = parsed(row, 5, "assignment.id")?;
        Ok(Other::Package(
            parsed(row, 2, "incompatible_access_package.incompatible_id")?,
            assignment,
        ))
    })
}

/// Those who hold a package and are in a group that it does not go with.
pub fn of_groups(tx: &mut ReadTx<'_>, search: &Search) -> Result<Vec<Holding>, Error> {
    rows(tx, search, BY_GROUP, BY_GROUP_IN, |row| {
        Ok(Other::Group(parsed(row, 2, "incompatible_group.group_id")?))
    })
}

fn rows(
    tx: &mut ReadTx<'_>,
    search: &Search,
    all: &'static str,
    some: &'static str,
    other: impl Fn(&Row<'_>) -> Result<Other, Error>,
) -> Result<Vec<Holding>, Error> {
    let Position([package, beside, assignment]) = &search.after;
    let mut values = vec![
        text(package),
        text(beside),
        text(assignment),
        text(search.package.map(|id| id.to_string()).unwrap_or_default()),
        int(search.limit),
    ];
    let sql = match &search.catalogs {
        None => all,
        Some(catalogs) => {
            values.push(list(catalogs));
            some
        }
    };
    tx.query_map(sql, &values, |row| {
        Ok(Holding {
            package: parsed(row, 0, "incompatible_access_package.access_package_id")?,
            package_name: row.text(1)?.to_owned(),
            other: other(row)?,
            other_name: opt_string(row, 3)?,
            assignment: parsed(row, 4, "assignment.id")?,
            subject: parsed(row, 6, "subject.id")?,
            object: opt_parsed(row, 7, "subject.object_id")?,
            subject_name: opt_string(row, 8)?,
            principal_name: opt_string(row, 9)?,
        })
    })
}
