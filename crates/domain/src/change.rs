//! What a partial update says about one property (HT-1).
//!
//! **Invariant:** "not mentioned" and "null" are different things, and neither is a value.

/// What a partial update says about one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Change<T> {
    /// Not mentioned: it stays as it is.
    #[default]
    Keep,
    /// Null: it loses its value.
    Clear,
    /// It gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// The value that an optional property has afterwards.
    #[must_use]
    pub fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_keeps_null_clears_and_a_value_replaces() {
        assert_eq!(Change::Keep.over(Some(1)), Some(1));
        assert_eq!(Change::Clear.over(Some(1)), None);
        assert_eq!(Change::Set(2).over(Some(1)), Some(2));
    }
}
