//! Separation of duties (SD-1): the packages and groups whose holders may not get a package.

pub mod holdings;

use domain::id::{AccessPackageId, ObjectId};

use crate::column::parsed;
use crate::value::{list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    RESTRICTED,
    PACKAGES,
    PACKAGES_THAT_LIST,
    INSERT_PACKAGE,
    DELETE_PACKAGE,
    GROUPS,
    INSERT_GROUP,
    DELETE_GROUP,
];

const RESTRICTED: &str = "SELECT p.id FROM access_package p WHERE p.id IN EACH($1) AND (\
    EXISTS (SELECT 1 FROM incompatible_access_package i WHERE i.access_package_id = p.id) \
    OR EXISTS (SELECT 1 FROM incompatible_access_package i WHERE i.incompatible_id = p.id) \
    OR EXISTS (SELECT 1 FROM incompatible_group g WHERE g.access_package_id = p.id))";
const PACKAGES: &str = "SELECT incompatible_id FROM incompatible_access_package \
    WHERE access_package_id = $1 ORDER BY incompatible_id";
const PACKAGES_THAT_LIST: &str = "SELECT access_package_id FROM incompatible_access_package \
    WHERE incompatible_id = $1 ORDER BY access_package_id";
const INSERT_PACKAGE: &str = "INSERT INTO incompatible_access_package (access_package_id, incompatible_id) \
    VALUES ($1, $2) ON CONFLICT (access_package_id, incompatible_id) DO NOTHING";
const DELETE_PACKAGE: &str = "DELETE FROM incompatible_access_package \
    WHERE access_package_id = $1 AND incompatible_id = $2";
const GROUPS: &str =
    "SELECT group_id FROM incompatible_group WHERE access_package_id = $1 ORDER BY group_id";
const INSERT_GROUP: &str = "INSERT INTO incompatible_group (access_package_id, group_id) \
    VALUES ($1, $2) ON CONFLICT (access_package_id, group_id) DO NOTHING";
const DELETE_GROUP: &str =
    "DELETE FROM incompatible_group WHERE access_package_id = $1 AND group_id = $2";

/// Those of these packages that do not go with something, or that something does not go with.
pub fn restricted(
    tx: &mut ReadTx<'_>,
    packages: impl IntoIterator<Item = AccessPackageId>,
) -> Result<Vec<AccessPackageId>, Error> {
    tx.query_map(RESTRICTED, &[list(packages)], |row| {
        parsed(row, 0, "access_package.id")
    })
}

/// The packages whose holders may not get `package`.
pub fn packages(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<AccessPackageId>, Error> {
    tx.query_map(PACKAGES, &[text(package)], |row| {
        parsed(row, 0, "incompatible_access_package.incompatible_id")
    })
}

/// The packages that holders of `package` may not get.
pub fn packages_that_list(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<AccessPackageId>, Error> {
    tx.query_map(PACKAGES_THAT_LIST, &[text(package)], |row| {
        parsed(row, 0, "incompatible_access_package.access_package_id")
    })
}

/// Lists a package; `false` if it was listed before.
pub fn insert_package(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    other: AccessPackageId,
) -> Result<bool, Error> {
    Ok(tx.execute(INSERT_PACKAGE, &[text(package), text(other)])? > 0)
}

/// Takes a package off the list; `false` if it was not on it.
pub fn delete_package(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    other: AccessPackageId,
) -> Result<bool, Error> {
    Ok(tx.execute(DELETE_PACKAGE, &[text(package), text(other)])? > 0)
}

/// The groups whose members may not get `package`.
pub fn groups(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(GROUPS, &[text(package)], |row| {
        parsed(row, 0, "incompatible_group.group_id")
    })
}

/// Lists a group; `false` if it was listed before.
pub fn insert_group(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    group: ObjectId,
) -> Result<bool, Error> {
    Ok(tx.execute(INSERT_GROUP, &[text(package), text(group)])? > 0)
}

/// Takes a group off the list; `false` if it was not on it.
pub fn delete_group(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    group: ObjectId,
) -> Result<bool, Error> {
    Ok(tx.execute(DELETE_GROUP, &[text(package), text(group)])? > 0)
}
