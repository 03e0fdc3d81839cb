//! What a signed-in person is shown of their own: what they hold, what they asked for, what they may ask for, and what
//! waits for their decision.
//!
//! **Invariant:** nothing here shows a row, or says who decided, that the reads of the API would keep from the same caller;
//! what somebody's own grants are called and how they stand is theirs to know.

pub mod held;
pub mod offers;
pub mod requests;
pub(crate) mod rows;
pub mod waiting;

/// Some of a list, and whether there is more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there is a page behind this one.
    pub has_more: bool,
}

/// Rows of a page.
pub const PAGE: u64 = 25;
