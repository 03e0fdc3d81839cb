//! Subjects: the identities that entitlement management knows, each with its directory object.

use domain::directory::name_key;
use domain::guest::MailAddress;
use domain::id::{CatalogId, ObjectId, SubjectId};
use domain::subject::SubjectLifecycle;
use domain::time::Timestamp;

use crate::column::{opt_parsed, opt_string, parsed};
use crate::engine::Row;
use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    PRESENT,
    FIND_BY_OBJECT,
    FIND_BY_ADDRESS,
    INSERT,
    INSERT_ADDRESS,
    ATTACH,
    DIRECTORY_FACTS,
    SET_LIFECYCLE,
    CATALOGS,
    USER_BY_ADDRESS,
];

const FIND: &str = "SELECT id, object_id, subject_type, display_name, email, principal_name \
    FROM subject WHERE id = $1";
// Table by table: asked of the view of all objects, SQLite would list everybody first.
const PRESENT: &str = "SELECT s.id, s.object_id FROM subject s WHERE s.id IN EACH($1) \
    AND (EXISTS (SELECT 1 FROM directory_user u WHERE u.id = s.object_id AND u.deleted_at IS NULL) \
    OR EXISTS (SELECT 1 FROM directory_group g WHERE g.id = s.object_id) \
    OR EXISTS (SELECT 1 FROM service_principal p WHERE p.id = s.object_id))";
const FIND_BY_OBJECT: &str = "SELECT id, object_id, subject_type, display_name, email, principal_name \
    FROM subject WHERE object_id = $1";
const FIND_BY_ADDRESS: &str = "SELECT id, object_id, subject_type, display_name, email, principal_name \
    FROM subject WHERE address_key = $1";
const INSERT_ADDRESS: &str = "INSERT INTO subject (id, subject_type, display_name, email, address_key, \
    subject_lifecycle, connected_organization_id, created_at) VALUES ($1, 'user', $2, $3, $4, 'notDefined', \
    (SELECT connected_organization_id FROM connected_organization_source WHERE kind = 'domain' AND value = $5), $6)";
const ATTACH: &str = "UPDATE subject SET object_id = $2, display_name = $3, email = $4, principal_name = $5, \
    address_key = NULL, subject_lifecycle = 'notGoverned', connected_organization_id = \
    (SELECT connected_organization_id FROM connected_organization_guest WHERE object_id = $2) WHERE id = $1";
const INSERT: &str = "INSERT INTO subject (id, object_id, subject_type, display_name, email, principal_name, \
    subject_lifecycle, connected_organization_id, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, 'notGoverned', \
    (SELECT connected_organization_id FROM connected_organization_guest WHERE object_id = $2), $7)";
const CATALOGS: &str = "SELECT DISTINCT package.catalog_id FROM assignment \
    JOIN access_package package ON package.id = assignment.access_package_id \
    WHERE assignment.target_id = $1 ORDER BY package.catalog_id";
// EX-5: the account of somebody who was let go is not deleted any more.
const SET_LIFECYCLE: &str = "UPDATE subject SET subject_lifecycle = $2, \
    cleanup_at = CASE WHEN $2 = 'governed' THEN cleanup_at END WHERE id = $1";
const DIRECTORY_FACTS: &str = "SELECT object_type, display_name, mail, user_principal_name \
    FROM directory_object WHERE id = $1";

pub(crate) const USER_BY_ADDRESS: &str = "SELECT id FROM directory_user WHERE deleted_at IS NULL \
    AND (LOWER(mail) = $1 OR user_principal_name_key = $1) ORDER BY id LIMIT 1";

/// The user who has this mail address or sign-in name.
pub fn user_by_address(tx: &mut ReadTx<'_>, address: &str) -> Result<Option<ObjectId>, Error> {
    let row = tx.query_opt(USER_BY_ADDRESS, &[value::text(name_key(address))])?;
    row.as_ref()
        .map(|row| parsed(row, 0, "directory_user.id"))
        .transpose()
}

/// An identity as entitlement management sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Entitlement management's own id.
    pub id: SubjectId,
    /// The directory id; absent until the object exists.
    pub object_id: Option<ObjectId>,
    /// `user` or `servicePrincipal`.
    pub subject_type: String,
    /// Full name.
    pub display_name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Sign-in name.
    pub principal_name: Option<String>,
}

/// The subject of this id.
pub fn find(tx: &mut ReadTx<'_>, id: SubjectId) -> Result<Option<Subject>, Error> {
    tx.query_opt(FIND, &[value::text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The directory objects of those of these subjects whom the directory has.
pub fn present(
    tx: &mut ReadTx<'_>,
    subjects: impl IntoIterator<Item = SubjectId>,
) -> Result<Vec<(SubjectId, ObjectId)>, Error> {
    tx.query_map(PRESENT, &[value::list(subjects)], |row| {
        Ok((
            parsed(row, 0, "subject.id")?,
            parsed(row, 1, "subject.object_id")?,
        ))
    })
}

/// The subject of a directory object.
pub fn find_by_object(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Option<Subject>, Error> {
    tx.query_opt(FIND_BY_OBJECT, &[value::text(object)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The subject of this address, in lower case, whom the directory does not know yet.
pub fn find_by_address(tx: &mut ReadTx<'_>, key: &str) -> Result<Option<Subject>, Error> {
    tx.query_opt(FIND_BY_ADDRESS, &[value::text(key)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The subject of an address that nobody in the directory has, made under `fresh` if it is not known yet (OM-5).
pub fn ensure_address(
    tx: &mut WriteTx<'_>,
    address: &MailAddress,
    display_name: &str,
    fresh: SubjectId,
    now: Timestamp,
) -> Result<Subject, Error> {
    let key = address.key();
    if let Some(subject) = find_by_address(tx, &key)? {
        return Ok(subject);
    }
    let subject = Subject {
        id: fresh,
        object_id: None,
        subject_type: "user".to_owned(),
        display_name: Some(display_name.to_owned()),
        email: Some(address.to_string()),
        principal_name: None,
    };
    tx.execute_one(
        INSERT_ADDRESS,
        &[
            value::text(subject.id),
            value::text(display_name),
            value::text(address),
            value::text(key),
            value::text(address.domain()),
            value::int(now.micros()),
        ],
    )?;
    Ok(subject)
}

/// The subject of an address whom the directory knows by now, under one of these names.
fn awaited(
    tx: &mut ReadTx<'_>,
    mail: Option<&str>,
    principal_name: Option<&str>,
) -> Result<Option<SubjectId>, Error> {
    for address in [mail, principal_name].into_iter().flatten() {
        if let Some(subject) = find_by_address(tx, &address.to_lowercase())? {
            return Ok(Some(subject.id));
        }
    }
    Ok(None)
}

/// The subject of a directory object, made under `fresh` if it is not known yet; `None` if the directory has no such
/// user or service principal. Whoever was known by the address only is that subject.
pub fn ensure(
    tx: &mut WriteTx<'_>,
    object: ObjectId,
    fresh: SubjectId,
    now: Timestamp,
) -> Result<Option<Subject>, Error> {
    if let Some(subject) = find_by_object(tx, object)? {
        return Ok(Some(subject));
    }
    let Some(facts) = tx.query_opt(DIRECTORY_FACTS, &[value::text(object)])? else {
        return Ok(None);
    };
    let subject_type @ ("user" | "servicePrincipal") = facts.text(0)? else {
        return Ok(None);
    };
    let mut subject = Subject {
        id: fresh,
        object_id: Some(object),
        subject_type: subject_type.to_owned(),
        display_name: opt_string(&facts, 1)?,
        email: opt_string(&facts, 2)?,
        principal_name: opt_string(&facts, 3)?,
    };
    let awaited = awaited(
        tx,
        subject.email.as_deref(),
        subject.principal_name.as_deref(),
    )?;
    if let Some(awaited) = awaited {
        subject.id = awaited;
        attach(tx, &subject)?;
        return Ok(Some(subject));
    }
    tx.execute_one(
        INSERT,
        &[
            value::text(subject.id),
            value::opt_text(subject.object_id),
            value::text(&subject.subject_type),
            value::opt_text(subject.display_name.as_ref()),
            value::opt_text(subject.email.as_ref()),
            value::opt_text(subject.principal_name.as_ref()),
            value::int(now.micros()),
        ],
    )?;
    Ok(Some(subject))
}

/// The directory knows whoever was known by an address: from now on the subject is that object's.
fn attach(tx: &mut WriteTx<'_>, subject: &Subject) -> Result<(), Error> {
    tx.execute_one(
        ATTACH,
        &[
            value::text(subject.id),
            value::opt_text(subject.object_id),
            value::opt_text(subject.display_name.as_ref()),
            value::opt_text(subject.email.as_ref()),
            value::opt_text(subject.principal_name.as_ref()),
        ],
    )
}

/// The catalogs whose packages a subject has, or had.
pub fn catalogs(tx: &mut ReadTx<'_>, id: SubjectId) -> Result<Vec<CatalogId>, Error> {
    tx.query_map(CATALOGS, &[value::text(id)], |row| {
        parsed(row, 0, "access_package.catalog_id")
    })
}

/// Says whether the account of a subject is looked after (EX-5).
pub fn set_lifecycle(
    tx: &mut WriteTx<'_>,
    id: SubjectId,
    lifecycle: SubjectLifecycle,
) -> Result<(), Error> {
    tx.execute_one(SET_LIFECYCLE, &[value::text(id), value::text(lifecycle)])
}

fn read(row: &Row<'_>) -> Result<Subject, Error> {
    Ok(Subject {
        id: parsed(row, 0, "subject.id")?,
        object_id: opt_parsed(row, 1, "subject.object_id")?,
        subject_type: row.text(2)?.to_owned(),
        display_name: opt_string(row, 3)?,
        email: opt_string(row, 4)?,
        principal_name: opt_string(row, 5)?,
    })
}
