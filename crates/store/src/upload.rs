//! Uploads of access data, and the files in them. Files are in the database, bounded, so that every replica has them.

use domain::id::{CatalogId, ResourceId, UploadFileId, UploadSessionId};
use domain::time::Timestamp;
use domain::upload::{UploadKind, UploadStatus};

use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    INSERT,
    SAVE,
    DELETE,
    EXPIRE,
    INSERT_FILE,
    HAS_FILE,
    FILE,
];

const FIND: &str = "SELECT u.id, u.resource_id, u.object_type, u.reference_id, u.data, u.status, u.files_uploaded, \
    u.total_bytes_uploaded, u.created_by, u.created_at, u.expires_at, u.version \
    FROM upload_session u WHERE u.id = $1";
const INSERT: &str = "INSERT INTO upload_session (id, resource_id, object_type, reference_id, data, status, \
    is_upload_done, files_uploaded, total_bytes_uploaded, created_by, created_at, expires_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (resource_id, reference_id) DO NOTHING";
const SAVE: &str = "UPDATE upload_session SET status = $3, is_upload_done = $4, files_uploaded = $5, \
    total_bytes_uploaded = $6, version = version + 1 WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM upload_session WHERE id = $1 AND version = $2";
const EXPIRE: &str = "UPDATE upload_session SET status = 'expired', version = version + 1 \
    WHERE status = 'active' AND expires_at <= $1";
const INSERT_FILE: &str = "INSERT INTO upload_file (id, upload_session_id, name, size, uploaded_at, content) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const HAS_FILE: &str = "SELECT 1 FROM upload_file WHERE upload_session_id = $1 AND name = $2";
const FILE: &str = "SELECT f.name, f.content, r.catalog_id FROM upload_file f \
    JOIN upload_session u ON u.id = f.upload_session_id JOIN resource r ON r.id = u.resource_id WHERE f.id = $1";

/// An upload of access data for one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSession {
    /// Its id.
    pub id: UploadSessionId,
    /// The resource that the data is about.
    pub resource_id: ResourceId,
    /// What it is for.
    pub kind: UploadKind,
    /// The id of the context.
    pub reference_id: String,
    /// The context, as a document.
    pub data: String,
    /// How far it is.
    pub status: UploadStatus,
    /// How many files it has.
    pub files_uploaded: i64,
    /// How large they are in all.
    pub total_bytes_uploaded: i64,
    /// Who began it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When it expires, unless it is complete by then.
    pub expires_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// A file of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadFile {
    /// Its id.
    pub id: UploadFileId,
    /// The upload.
    pub session_id: UploadSessionId,
    /// Its name.
    pub name: String,
    /// How large it is, in bytes.
    pub size: i64,
    /// When it came.
    pub uploaded_at: Timestamp,
    /// What is in it.
    pub content: String,
}

/// What is in a file, and in which catalog it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub content: String,
    /// The catalog of the resource that it is about.
    pub catalog_id: CatalogId,
}

/// The upload of this id.
pub fn find(tx: &mut ReadTx<'_>, id: UploadSessionId) -> Result<Option<UploadSession>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Stores a new upload; `false` if its resource has one for its context.
pub fn insert(tx: &mut WriteTx<'_>, session: &UploadSession) -> Result<bool, Error> {
    let stored = tx.execute(
        INSERT,
        &[
            text(session.id),
            text(session.resource_id),
            text(session.kind),
            text(&session.reference_id),
            text(&session.data),
            text(session.status),
            boolean(session.status == UploadStatus::Complete),
            int(session.files_uploaded),
            int(session.total_bytes_uploaded),
            opt_text(session.created_by.as_ref()),
            int(session.created_at.micros()),
            int(session.expires_at.micros()),
            int(session.version),
        ],
    )?;
    Ok(stored > 0)
}

/// Stores how far an upload is, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, session: &UploadSession) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(session.id),
            int(session.version),
            text(session.status),
            boolean(session.status == UploadStatus::Complete),
            int(session.files_uploaded),
            int(session.total_bytes_uploaded),
        ],
    )
}

/// Removes an upload with its files.
pub fn delete(tx: &mut WriteTx<'_>, session: &UploadSession) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(session.id), int(session.version)])
}

/// Closes uploads that were not completed in time; answers how many.
pub fn expire(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(EXPIRE, &[int(now.micros())])
}

/// Stores a file.
pub fn insert_file(tx: &mut WriteTx<'_>, file: &UploadFile) -> Result<(), Error> {
    tx.execute_one(
        INSERT_FILE,
        &[
            text(file.id),
            text(file.session_id),
            text(&file.name),
            int(file.size),
            int(file.uploaded_at.micros()),
            text(&file.content),
        ],
    )
}

/// Whether an upload has a file of this name.
pub fn has_file(tx: &mut ReadTx<'_>, session: UploadSessionId, name: &str) -> Result<bool, Error> {
    let found = tx.query_opt(HAS_FILE, &[text(session), text(name)])?;
    Ok(found.is_some())
}

/// What is in the file of this id.
pub fn file(tx: &mut ReadTx<'_>, id: UploadFileId) -> Result<Option<FileContent>, Error> {
    let row = tx.query_opt(FILE, &[text(id)])?;
    row.as_ref()
        .map(|row| {
            Ok(FileContent {
                name: row.text(0)?.to_owned(),
                content: row.text(1)?.to_owned(),
                catalog_id: parsed(row, 2, "resource.catalog_id")?,
            })
        })
        .transpose()
}

fn read(row: &Row<'_>) -> Result<UploadSession, Error> {
    Ok(UploadSession {
        id: parsed(row, 0, "upload_session.id")?,
        resource_id: parsed(row, 1, "upload_session.resource_id")?,
        kind: word(row, 2, "upload_session.object_type", UploadKind::from_name)?,
        reference_id: row.text(3)?.to_owned(),
        data: row.text(4)?.to_owned(),
        status: word(row, 5, "upload_session.status", UploadStatus::from_name)?,
        files_uploaded: row.int(6)?,
        total_bytes_uploaded: row.int(7)?,
        created_by: opt_string(row, 8)?,
        created_at: instant(row, 9)?,
        expires_at: instant(row, 10)?,
        version: row.int(11)?,
    })
}
