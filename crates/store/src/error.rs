//! What a database can answer, told by what the caller can do about it.
//!
//! Invariant: a violation is recognised by the code that the database gives, never by the text of its message.

use std::error::Error as StdError;

use postgres::error::SqlState;
use rusqlite::ffi;

/// Any error of a driver or of the operating system.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The kind of rule that a statement would have broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A second row with the same key.
    Unique,
    /// A row that names a parent that is not there, or a parent that still has children.
    ForeignKey,
    /// A value outside the column's `CHECK`.
    Check,
    /// No value where one is needed.
    NotNull,
}

/// Why a transaction or a statement did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The statement contradicts what is stored.
    #[error("conflicts with stored data: {0:?}")]
    Conflict(Violation),
    /// The row was changed, or removed, since it was read.
    #[error("changed since it was read")]
    StaleVersion,
    /// The database could not take the work now; the same call may succeed later.
    #[error("the database is busy")]
    Busy,
    /// The disk is full, or takes no more of what is written for another reason. Nothing was stored.
    #[error("the disk of the database is full")]
    Full,
    /// The database is out of reach, or went away: nothing was written. The same call may succeed later.
    #[error("{context}: the database is out of reach")]
    Unavailable {
        /// What was being done.
        context: String,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// The connection was lost after the commit was asked for and before it was answered.
    #[error("the connection was lost during the commit: whether it happened is unknown")]
    Undecided {
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// A stored value is not what the code expects.
    #[error("{place}: {found}")]
    Corrupt {
        /// Where: a column, and of which row or statement.
        place: String,
        /// What is there.
        found: String,
    },
    /// The database holds a schema that this program does not know.
    #[error("the schema of the database is not one this program knows: {reason}")]
    SchemaUnknown {
        /// What was found.
        reason: String,
    },
    /// The work's own statement failed before, it went on nevertheless, and so nothing was stored.
    #[error("a statement of the transaction failed, so it cannot commit")]
    Aborted,
    /// The work panicked; nothing was stored.
    #[error("the work panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The database or its driver failed.
    #[error("{context}")]
    Driver {
        /// What was being done.
        context: String,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
}

impl Error {
    /// A stored value of `table.column`, in the row `id`, that cannot be read.
    pub fn corrupt(
        table: &str,
        column: &str,
        id: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Corrupt {
            place: format!("`{table}.{column}` of `{id}`"),
            found: found.to_string(),
        }
    }

    /// The database went away, or cannot be reached, while doing `context`.
    pub(crate) fn unavailable(context: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Unavailable {
            context: context.into(),
            source: source.into(),
        }
    }

    /// Whether the database server is there and takes nobody for now: it is full, or about to be ready.
    pub fn is_turned_away(&self) -> bool {
        let Self::Unavailable { source, .. } = self else {
            return false;
        };
        let code = source
            .downcast_ref::<postgres::Error>()
            .and_then(postgres::Error::code);
        code.is_some_and(|code| {
            [SqlState::TOO_MANY_CONNECTIONS, SqlState::CANNOT_CONNECT_NOW].contains(code)
        })
    }

    /// The same failure, where it is known that nothing was done and that another server may do better.
    pub(crate) fn into_unavailable(self) -> Self {
        match self {
            Self::Driver { context, source } => Self::Unavailable { context, source },
            other => other,
        }
    }

    /// A failure of the driver while doing `context`.
    pub(crate) fn driver(context: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Driver {
            context: context.into(),
            source: source.into(),
        }
    }
}

impl Error {
    /// The same for another caller that met it too.
    pub(crate) fn for_another(&self) -> Self {
        match self {
            Self::Conflict(violation) => Self::Conflict(*violation),
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::Unavailable { context, .. } => Self::unavailable(context.clone(), causes(self)),
            Self::Undecided { .. } => Self::Undecided {
                source: causes(self).into(),
            },
            other => Self::driver(other.to_string(), causes(other)),
        }
    }
}

/// The causes of an error in one line.
fn causes(error: &Error) -> String {
    let causes = std::iter::successors(StdError::source(error), |cause: &&dyn StdError| {
        (*cause).source()
    });
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What a failed statement means for the transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setback {
    /// It can only be rolled back.
    Failed,
    /// Others were in the way: the same work may succeed when it is run again.
    Contended,
    /// The connection is gone.
    Disconnected,
}

/// An error of rusqlite while running `context`, and what it means for the transaction.
pub(crate) fn from_sqlite(context: &str, error: rusqlite::Error) -> (Error, Setback) {
    let Some(code) = error.sqlite_error().map(|failure| failure.extended_code) else {
        return (Error::driver(context, error), Setback::Failed);
    };
    let violation = match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => Some(Violation::Unique),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Some(Violation::ForeignKey),
        ffi::SQLITE_CONSTRAINT_CHECK => Some(Violation::Check),
        ffi::SQLITE_CONSTRAINT_NOTNULL => Some(Violation::NotNull),
        _ => None,
    };
    if let Some(violation) = violation {
        return (Error::Conflict(violation), Setback::Failed);
    }
    // The low byte is the primary code; the rest tells the variant. What a quota refuses is no `FULL` to SQLite.
    match code & 0xff {
        ffi::SQLITE_FULL => (Error::Full, Setback::Failed),
        _ if [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE].contains(&code) => {
            (Error::Full, Setback::Failed)
        }
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => (Error::Busy, Setback::Contended),
        _ => (Error::driver(context, error), Setback::Failed),
    }
}

/// An error of PostgreSQL while running `context`, and what it means for the transaction.
pub(crate) fn from_postgres(context: &str, error: postgres::Error) -> (Error, Setback) {
    let Some(code) = error.code() else {
        return if error.is_closed() || is_io(&error) {
            (Error::unavailable(context, error), Setback::Disconnected)
        } else {
            (Error::driver(context, error), Setback::Failed)
        };
    };
    let violation = match *code {
        // Two that create the same table at once collide in the catalogue, under one of these codes.
        SqlState::UNIQUE_VIOLATION
        | SqlState::EXCLUSION_VIOLATION
        | SqlState::DUPLICATE_TABLE
        | SqlState::DUPLICATE_OBJECT => Violation::Unique,
        SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION => Violation::ForeignKey,
        SqlState::CHECK_VIOLATION => Violation::Check,
        SqlState::NOT_NULL_VIOLATION => Violation::NotNull,
        SqlState::DISK_FULL => return (Error::Full, Setback::Failed),
        // Somebody who looks after the database took the statement back, or a time-out of theirs did: nothing happened,
        // and to run it again at once would defy them. The caller may.
        SqlState::QUERY_CANCELED => return (Error::Busy, Setback::Failed),
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => {
            return (Error::Busy, Setback::Contended);
        }
        // Whether a statement happened is unknown: only for a commit that matters, and there it is told (`Undecided`).
        SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
        // A server that stops says so in words before it closes the connection; one that is full takes nobody more.
        | SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
            return (Error::unavailable(context, error), Setback::Disconnected);
        }
        // A node that was demoted can only be read: a new connection finds the primary.
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            return (Error::driver(context, error), Setback::Disconnected);
        }
        _ => return (Error::driver(context, error), Setback::Failed),
    };
    (Error::Conflict(violation), Setback::Failed)
}

fn is_io(error: &postgres::Error) -> bool {
    StdError::source(error).is_some_and(<dyn StdError>::is::<std::io::Error>)
}
