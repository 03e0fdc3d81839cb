//! Uploads of access data: who has which permission on a resource whose access is known elsewhere ("bring your own
//! data"). The data is for reviews; nothing is delivered from it.
//!
//! **Invariant:** what was completed does not change any more, and there is one upload for each resource and context.

use crate::flaw::Flaw;
use crate::time::{Duration, Timestamp};
use crate::word::words;

/// The largest file, in bytes.
pub const MAX_FILE_SIZE: usize = 10 * 1024 * 1024;
/// How many files one upload may have.
pub const MAX_FILES: i64 = 10;
/// How long an upload may take.
pub const TIME_TO_UPLOAD: Duration = Duration::from_minutes(120);

words! {
    /// How far an upload is.
    pub enum UploadStatus {
        /// Files may be uploaded.
        Active = "active",
        /// Every file is there.
        Complete = "complete",
        /// It was not completed in time.
        Expired = "expired",
    }
}

words! {
    /// What an upload is for: the name of its type.
    pub enum UploadKind {
        /// A review of access.
        AccessReview = "customDataProvidedResourceAccessReviewUploadSession",
    }
}

/// A new upload, as somebody sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUploadSession {
    /// What it is for.
    pub kind: UploadKind,
    /// The id of the context: of the instance of a review.
    pub reference_id: String,
    /// The context, as a JSON document.
    pub data_json: String,
}

/// A file of an upload, already checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUploadFile {
    /// Its name.
    pub name: String,
    /// What is in it, as it was sent.
    pub content: String,
}

/// Why an upload cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpen {
    /// It was completed.
    #[error("the upload session is complete")]
    Complete,
    /// Its time is over.
    #[error("the upload session has expired")]
    Expired,
}

/// The status at a point in time: an upload that is not completed in time expires, whoever looks.
pub fn status_at(stored: UploadStatus, expires_at: Timestamp, now: Timestamp) -> UploadStatus {
    match stored {
        UploadStatus::Active if expires_at <= now => UploadStatus::Expired,
        UploadStatus::Active | UploadStatus::Complete | UploadStatus::Expired => stored,
    }
}

/// Whether files may still be uploaded, and the upload be completed.
pub fn check_open(status: UploadStatus) -> Result<(), NotOpen> {
    match status {
        UploadStatus::Active => Ok(()),
        UploadStatus::Complete => Err(NotOpen::Complete),
        UploadStatus::Expired => Err(NotOpen::Expired),
    }
}

/// A column of access data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the first line, in any case.
    pub name: &'static str,
    /// Whether it must be there, with a value in every row.
    pub is_required: bool,
}

const fn column(name: &'static str, is_required: bool) -> Column {
    Column { name, is_required }
}

/// The columns of access data; others are refused.
pub const COLUMNS: &[Column] = &[
    column("principalId", true),
    column("principalType", true),
    column("permissionId", true),
    column("permissionName", true),
    column("permissionDescription", false),
    column("permissionType", false),
];

/// The only kind of principal that access data may name.
const PRINCIPAL_TYPE: &str = "EntraIdUser";
/// How much of an unknown column's name an answer repeats, in characters.
const LONGEST_NAME: usize = 64;
/// The longest value, in characters.
const MAX_VALUE: usize = 1024;

/// The columns that a first line names, in its order.
pub fn check_header(names: &[&str]) -> Result<Vec<Column>, Flaw> {
    let mut found: Vec<Column> = Vec::new();
    for (position, name) in names.iter().enumerate() {
        let target = format!("row 1, column {}", position + 1);
        let Some(known) = COLUMNS
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name.trim()))
        else {
            let all: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
            // A whole file may be one name: an answer is no place for it.
            let begins: String = name.chars().take(LONGEST_NAME).collect();
            return Err(Flaw::new(
                target,
                format!("`{begins}` is not one of the columns {}", all.join(", ")),
            ));
        };
        if found.contains(known) {
            return Err(Flaw::new(
                target,
                format!("the column `{}` is named twice", known.name),
            ));
        }
        found.push(*known);
    }
    match COLUMNS
        .iter()
        .find(|column| column.is_required && !found.contains(column))
    {
        Some(missing) => Err(Flaw::new(
            "row 1",
            format!("the column `{}` is missing", missing.name),
        )),
        None => Ok(found),
    }
}

/// Whether a value can stand in a column of a row; rows are counted from 1, the first line included.
pub fn check_value(row: u64, column: Column, value: &str) -> Result<(), Flaw> {
    let flaw = |message: String| {
        Err(Flaw::new(
            format!("row {row}, column {}", column.name),
            message,
        ))
    };
    if column.is_required && value.trim().is_empty() {
        return flaw("a value is required".to_owned());
    }
    if value.chars().count() > MAX_VALUE {
        return flaw(format!("must not be longer than {MAX_VALUE} characters"));
    }
    if value
        .chars()
        .any(|letter| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n'))
    {
        return flaw("must not have control characters".to_owned());
    }
    if column.name == "principalType" && !value.trim().eq_ignore_ascii_case(PRINCIPAL_TYPE) {
        return flaw(format!("must be `{PRINCIPAL_TYPE}`, not `{value}`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_in_any_order_and_case() {
        let found = check_header(&[
            "PermissionName",
            "principalType",
            " permissionId ",
            "PRINCIPALID",
        ])
        .unwrap();

        let names: Vec<_> = found.iter().map(|column| column.name).collect();
        assert_eq!(
            names,
            [
                "permissionName",
                "principalType",
                "permissionId",
                "principalId"
            ]
        );
    }

    #[test]
    fn unknown_doubled_and_missing_columns_are_named_by_place() {
        let required = [
            "principalId",
            "principalType",
            "permissionId",
            "permissionName",
        ];
        for (names, target) in [
            (vec!["principalId", "colour"], "row 1, column 2"),
            (vec!["principalId", "PrincipalId"], "row 1, column 2"),
            (required[..3].to_vec(), "row 1"),
            (Vec::new(), "row 1"),
        ] {
            assert_eq!(check_header(&names).unwrap_err().target, target);
        }
        assert!(check_header(&required).is_ok());
    }

    #[test]
    fn values_are_blamed_by_row_and_column() {
        let of = |name: &str| {
            *COLUMNS
                .iter()
                .find(|column| column.name == name)
                .expect("a column")
        };

        assert!(check_value(2, of("permissionDescription"), "").is_ok());
        assert!(check_value(2, of("principalType"), "entraiduser").is_ok());
        for (name, value) in [
            ("principalId", " "),
            ("principalType", "Group"),
            ("permissionName", "a\u{0}b"),
        ] {
            let flaw = check_value(7, of(name), value).unwrap_err();
            assert_eq!(flaw.target, format!("row 7, column {name}"));
        }
        let long = "x".repeat(MAX_VALUE + 1);
        assert!(check_value(2, of("permissionId"), &long).is_err());
    }

    #[test]
    fn an_upload_expires_unless_it_is_completed() {
        let (early, late) = (Timestamp::from_micros(1), Timestamp::from_micros(2));

        assert_eq!(
            status_at(UploadStatus::Active, late, early),
            UploadStatus::Active
        );
        assert_eq!(
            status_at(UploadStatus::Active, late, late),
            UploadStatus::Expired
        );
        assert_eq!(
            status_at(UploadStatus::Complete, early, late),
            UploadStatus::Complete
        );
        assert_eq!(check_open(UploadStatus::Complete), Err(NotOpen::Complete));
        assert_eq!(check_open(UploadStatus::Expired), Err(NotOpen::Expired));
    }
}
