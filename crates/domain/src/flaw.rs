//! What is wrong with a value that somebody wants to store: which property, and why.

use std::fmt;

/// What is wrong with one property of a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Flaw {
    /// The property, as a path of the names of v1.0 (`requestApprovalSettings/stages/0`).
    pub target: String,
    /// What was expected, in one sentence.
    pub message: String,
}

impl Flaw {
    /// A flaw of the property `target`.
    pub fn new(target: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            target: target.to_string(),
            message: message.into(),
        }
    }
}

/// Longest name of an object.
const LONGEST_NAME: usize = 256;
/// Longest text of one line, such as a job title.
pub const LONGEST_LINE: usize = 256;
/// Longest description of an object.
const LONGEST_DESCRIPTION: usize = 4096;
/// Longest value of what is only kept and served, as JSON.
const LONGEST_DETAIL: usize = 32_768;

/// A name that has to be there: not blank, of bearable length.
pub fn check_name(target: &str, name: &str) -> Result<(), Flaw> {
    if name.trim().is_empty() {
        return Err(Flaw::new(target, format!("`{target}` must not be empty")));
    }
    check_length(target, name, LONGEST_NAME)
}

/// A description: of bearable length.
pub fn check_description(target: &str, description: Option<&str>) -> Result<(), Flaw> {
    check_length(target, description.unwrap_or_default(), LONGEST_DESCRIPTION)
}

/// A text of one line, if there is one: of bearable length.
pub fn check_line(target: &str, text: Option<&str>) -> Result<(), Flaw> {
    check_length(target, text.unwrap_or_default(), LONGEST_LINE)
}

/// A value that is only kept and served, as JSON: of bearable length.
pub fn check_detail(target: &str, json: &str) -> Result<(), Flaw> {
    check_length(target, json, LONGEST_DETAIL)
}

/// A name that serves as a key in addresses, if there is one: neither blank nor with a slash or quote.
pub fn check_unique_name(target: &str, name: Option<&str>) -> Result<(), Flaw> {
    let Some(name) = name else { return Ok(()) };
    check_name(target, name)?;
    if name.contains(['/', '\'', '?', '#']) {
        return Err(Flaw::new(
            target,
            format!("`{target}` must not contain `/`, `'`, `?` or `#`"),
        ));
    }
    Ok(())
}

fn check_length(target: &str, text: &str, longest: usize) -> Result<(), Flaw> {
    if text.chars().count() > longest {
        return Err(Flaw::new(
            target,
            format!("`{target}` must not be longer than {longest} characters"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_neither_blank_nor_endless() {
        assert!(check_name("displayName", "Finance").is_ok());
        for wrong in ["", "  ", &"x".repeat(LONGEST_NAME + 1)] {
            assert_eq!(
                check_name("displayName", wrong).unwrap_err().target,
                "displayName"
            );
        }
    }

    #[test]
    fn unique_names_fit_into_an_address() {
        assert!(check_unique_name("uniqueName", None).is_ok());
        assert!(check_unique_name("uniqueName", Some("finance-2026")).is_ok());
        for wrong in ["", "a/b", "o'brien"] {
            assert!(
                check_unique_name("uniqueName", Some(wrong)).is_err(),
                "{wrong}"
            );
        }
    }
}
