//! The automatic policies with their rules, read once and kept as long as they are written as they were.
//!
//! **Invariant:** a rule is found by its own text, so that what is kept cannot be out of date.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{AccessPackageId, PolicyId};
use domain::membership_rule::{Attribute, InvalidRule, Rule};
use store::ReadTx;
use store::automatic::{self, AutomaticPolicy};

use crate::error::ServiceError;

/// As many rules are kept; more are read anew.
const CAPACITY: usize = 4096;

type Read = Result<Arc<Rule>, InvalidRule>;

/// Rules that were read.
#[derive(Debug, Default)]
pub struct Rules {
    by_text: Mutex<HashMap<String, Read>>,
}

/// An automatic policy with its rule as it is understood.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) policy: AutomaticPolicy,
    /// An error quarantines the policy: nothing is added or removed by it (AU-6).
    pub(super) rule: Read,
}

impl Known {
    pub(super) const fn id(&self) -> PolicyId {
        self.policy.policy_id
    }
}

/// A package with its automatic policies, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) id: AccessPackageId,
    pub(super) policies: Vec<Known>,
}

impl Package {
    /// The policy of this id, if it is automatic.
    pub(super) fn policy(&self, id: PolicyId) -> Option<&Known> {
        self.policies.iter().find(|known| known.id() == id)
    }

    /// Adds the attributes that its rules ask for.
    pub(super) fn collect(&self, into: &mut Vec<Attribute>) {
        for known in &self.policies {
            if let Ok(rule) = &known.rule {
                into.extend_from_slice(rule.attributes());
            }
        }
    }
}

/// The attributes that the rules of these packages ask for.
pub(super) fn attributes<'p>(packages: impl IntoIterator<Item = &'p Package>) -> Vec<Attribute> {
    let mut wanted = Vec::new();
    for package in packages {
        package.collect(&mut wanted);
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

impl Rules {
    /// The packages that have automatic policies.
    pub(super) fn packages(&self, tx: &mut ReadTx<'_>) -> Result<Vec<Package>, ServiceError> {
        let mut packages: Vec<Package> = Vec::new();
        for policy in automatic::all(tx)? {
            let id = policy.access_package_id;
            let known = Known {
                rule: self.read(&policy.rule),
                policy,
            };
            match packages.last_mut() {
                Some(package) if package.id == id => package.policies.push(known),
                _ => packages.push(Package {
                    id,
                    policies: vec![known],
                }),
            }
        }
        Ok(packages)
    }

    fn read(&self, text: &str) -> Read {
        let mut kept = self.by_text.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(text) {
            return known.clone();
        }
        if kept.len() >= CAPACITY {
            kept.clear();
        }
        let read = Rule::parse(text).map(Arc::new);
        kept.insert(text.to_owned(), read.clone());
        read
    }
}
