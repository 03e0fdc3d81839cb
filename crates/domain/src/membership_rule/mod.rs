//! Membership rules: the language in which a policy says by attributes whom it is for (AU-7).
//!
//! A rule is read once, whole, and refused at the place where it cannot be understood; then it is asked of one user after
//! the other. Texts compare without regard to case.
//!
//! **Invariant:** reading and asking take time that is linear in the rule and in what the user has: patterns are matched
//! without backtracking, and rules are bounded in length and depth.

pub mod attribute;
mod error;
mod expression;
mod parser;
#[cfg(test)]
mod tests;
mod token;

use std::fmt::{self, Display, Formatter};

pub use attribute::{Attribute, Fact, Facts};
pub use error::{InvalidRule, Place};

use expression::Expression;

/// The longest rule, in characters.
pub const LONGEST: usize = 3072;

/// A rule that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    root: Expression,
    attributes: Vec<Attribute>,
}

impl Rule {
    /// Reads a rule.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        if text.chars().count() > LONGEST {
            let message = format!("the rule is longer than {LONGEST} characters");
            return Err(InvalidRule::new(Place::START, message));
        }
        if text.trim().is_empty() {
            return Err(InvalidRule::new(Place::START, "the rule is empty"));
        }
        let root = parser::parse(text)?;
        let mut attributes = Vec::new();
        root.collect(&mut attributes);
        attributes.sort_unstable();
        attributes.dedup();
        Ok(Self { root, attributes })
    }

    /// The attributes that the rule asks for: what [`Facts`] have to hold of a user.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Whether a user satisfies the rule.
    pub fn matches(&self, facts: &Facts) -> bool {
        self.root.holds(facts, None)
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)
    }
}
