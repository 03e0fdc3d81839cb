//! What the ledger says, what the targets hold, and whether the two agree.

use std::collections::BTreeSet;

use domain::directory::GroupRole;
use domain::id::ObjectId;
use domain::ledger::Phase;
use store::ledger::entry::{self, Entry};

use crate::app::TestApp;
use crate::package::Role;
use crate::{CRM, ERP};

/// Somebody's role in a target in memory: the target, the role's id in it, who.
pub type Access = (String, String, ObjectId);

/// The ledger's rows of some people.
#[derive(Debug, Clone)]
pub struct Books {
    /// Whose grant, and the row.
    pub entries: Vec<(ObjectId, Entry)>,
}

impl Books {
    /// What is to be granted.
    pub fn desired(&self) -> BTreeSet<Access> {
        let wanted = self.entries.iter().filter(|(_, entry)| entry.desired);
        wanted.map(access).collect()
    }

    /// Everything that Reeve ever had to do with.
    pub fn known(&self) -> BTreeSet<Access> {
        self.entries.iter().map(access).collect()
    }

    /// The rows that are not settled, or not as desired.
    pub fn unsettled(&self) -> Vec<&Entry> {
        let entries = self.entries.iter().map(|(_, entry)| entry);
        let is_off = |entry: &&Entry| {
            entry.phase != Phase::Settled || !entry.observed.agrees_with(entry.desired)
        };
        entries.filter(is_off).collect()
    }
}

fn access((object, entry): &(ObjectId, Entry)) -> Access {
    (entry.target.clone(), entry.role_origin_id.clone(), *object)
}

impl TestApp {
    /// The ledger's rows of these people.
    pub async fn books(&self, names: &[&str]) -> Books {
        let mut entries = Vec::new();
        for name in names {
            let object = self.id_of(name);
            let rows =
                self.inner.service.store.read(move |tx| {
                    match store::subject::find_by_object(tx, object)? {
                        Some(subject) => entry::of_subject(tx, subject.id),
                        None => Ok(Vec::new()),
                    }
                });
            let rows: Result<_, store::Error> = rows.await;
            entries.extend(rows.unwrap().into_iter().map(|entry| (object, entry)));
        }
        Books { entries }
    }

    /// Everything that the targets in memory hold.
    pub fn held(&self) -> BTreeSet<Access> {
        let of = |name: &str| {
            let grants = self.target(name).grants();
            let name = name.to_owned();
            grants
                .into_iter()
                .map(move |(role, object)| (name.clone(), role, object))
        };
        of(ERP).chain(of(CRM)).collect()
    }

    /// Whether somebody really has a role of a package, in its target or in the directory.
    pub async fn has(&self, role: &Role, name: &str) -> bool {
        let object = self.id_of(name);
        if let Some(target) = &role.target {
            return self.target(target).has(&role.origin_id, object);
        }
        let of_group = if role.origin_id.starts_with("Owner_") {
            GroupRole::Owner
        } else {
            GroupRole::Member
        };
        let service = &self.inner.service;
        let subjects = [object];
        let seen = service::directory::members::observe(service, role.group, of_group, &subjects);
        seen.await.unwrap() == [true]
    }

    /// Somebody takes a role away behind Reeve's back.
    pub async fn loses(&self, role: &Role, name: &str) {
        let object = self.id_of(name);
        if let Some(target) = &role.target {
            assert!(self.target(target).loses(&role.origin_id, object));
            return;
        }
        let path = format!("/v1.0/groups/{}/members/{object}/$ref", role.group);
        self.as_operator().delete(&path).await.assert_status(204);
    }
}
