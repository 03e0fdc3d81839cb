//! What touches a group or an application: the packages and policies that give it, and who has it, by Reeve or otherwise.
//!
//! **Invariant:** packages, policies, assignments and grants are those that the lists would show the asker; who has it
//! otherwise is shown to those who may read the directory.

use std::collections::BTreeMap;

use auth::directory::DirectoryAction;
use domain::id::ObjectId;
use domain::model;
use domain::query::{Entity, Expansion, Predicate, Query, Record, Value};
use store::ReadTx;
use store::holders::{self, Holder};

use super::access::{equals, must_know, origin_of};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::reads::scope::{self, Me};

/// How many packages are listed at most.
pub const MOST_PACKAGES: u64 = 100;

/// A policy of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Its name.
    pub display_name: String,
}

/// A package that gives the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: String,
    /// Its name.
    pub display_name: String,
    /// Its policies, as far as the asker may read them.
    pub policies: Vec<Policy>,
    /// How many assignments of it are live.
    pub assignments: i64,
}

/// By what somebody has the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// By assignments that the asker may read.
    Reeve,
    /// By something else: it was given in the directory, or by packages that the asker may not read.
    Otherwise,
    /// By both: it was there before Reeve granted it.
    Both,
    /// They do not have it: it is on its way, missing, or gone.
    Nothing,
}

/// Somebody who has the resource, or is to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who.
    pub holder: ObjectId,
    /// What they are.
    pub kind: Option<String>,
    /// Their name.
    pub display_name: Option<String>,
    /// By what.
    pub source: Source,
    /// Whether the directory has them in it themselves; none, if the asker may not read the directory.
    pub in_directory: Option<bool>,
    /// Whether an assignment wants it.
    pub is_desired: bool,
    /// What was observed last.
    pub observed: Option<String>,
    /// The assignments that give it.
    pub assignments: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What the ledger calls it.
    pub origin: String,
    /// The packages that give it, in the order of their names.
    pub packages: Vec<Package>,
    /// Whether there are more of them.
    pub has_more_packages: bool,
    /// Who has it.
    pub lines: Vec<Line>,
    /// Behind whom the next page begins.
    pub next: Option<ObjectId>,
}

/// Explains what touches a resource.
pub async fn explain(
    service: &Service,
    ctx: &Ctx,
    object: String,
    after: Option<ObjectId>,
    top: u64,
) -> Result<Explanation, ServiceError> {
    authorize::admitted(ctx, auth::roles::Action::ReadCatalogContent)?;
    must_know(service, ctx, &object).await?;
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Explanation, ServiceError> {
            let reader = Reader {
                me: Me::of(tx, &ctx)?,
                origin: origin_of(tx, &object)?,
                ctx: ctx.clone(),
            };
            let (packages, has_more_packages) = match after {
                None => reader.packages(tx)?,
                Some(_) => (Vec::new(), false),
            };
            let (lines, next) = reader.lines(tx, after, top)?;
            Ok(Explanation {
                origin: reader.origin,
                packages,
                has_more_packages,
                lines,
                next,
            })
        })
        .await
}

struct Reader {
    ctx: Ctx,
    me: Me,
    origin: String,
}

impl Reader {
    fn read(&self, tx: &mut ReadTx<'_>, query: Query) -> Result<Vec<Record>, ServiceError> {
        // Who may not see any row sees none.
        match scope::by_role(&self.ctx, &self.me, query) {
            Ok(query) => Ok(store::list::list(tx, &query)?.rows),
            Err(ServiceError::Refused { .. }) => Ok(Vec::new()),
            Err(other) => Err(other),
        }
    }

    fn packages(&self, tx: &mut ReadTx<'_>) -> Result<(Vec<Package>, bool), ServiceError> {
        let entity = &model::ACCESS_PACKAGE;
        let mut query = of(entity, &["id", "display_name"])?;
        query.filter = Predicate::Exists {
            hops: scope::walk(entity, &["resource_role_scopes", "role", "resource"])?,
            inner: Box::new(equals(&model::RESOURCE, &[], "origin_id", &self.origin)?),
        };
        query.limit = Some(MOST_PACKAGES + 1);
        for relation in scope::walk(entity, &["assignment_policies"])? {
            query.expand.push(Expansion {
                relation,
                query: of(relation.to, &["id", "display_name"])?,
            });
        }
        let mut rows = self.read(tx, query)?;
        let most = usize::try_from(MOST_PACKAGES).unwrap_or(usize::MAX);
        let has_more = rows.len() > most;
        rows.truncate(most);
        let mut packages = Vec::new();
        for row in rows {
            let [id, display_name] = texts(&row);
            let policies = row.expanded.first().into_iter().flatten().map(|policy| {
                let [id, display_name] = texts(policy);
                Policy { id, display_name }
            });
            packages.push(Package {
                policies: policies.collect(),
                assignments: self.assignments(tx, &id)?,
                id,
                display_name,
            });
        }
        Ok((packages, has_more))
    }

    fn assignments(&self, tx: &mut ReadTx<'_>, package: &str) -> Result<i64, ServiceError> {
        let entity = &model::ASSIGNMENT;
        let mut query = of(entity, &["id"])?;
        let live = ["delivering", "delivered", "partiallyDelivered"];
        query.filter = equals(entity, &[], "access_package_id", package)?.and(Predicate::In {
            path: scope::path(entity, &[], "state")?,
            values: live.map(|state| Value::Text(state.to_owned())).into(),
        });
        query.limit = Some(1);
        query.count = true;
        match scope::by_role(&self.ctx, &self.me, query) {
            Ok(query) => Ok(store::list::list(tx, &query)?.count.unwrap_or_default()),
            Err(ServiceError::Refused { .. }) => Ok(0),
            Err(other) => Err(other),
        }
    }

    fn lines(
        &self,
        tx: &mut ReadTx<'_>,
        after: Option<ObjectId>,
        top: u64,
    ) -> Result<(Vec<Line>, Option<ObjectId>), ServiceError> {
        let Ok(object) = self.origin.parse::<ObjectId>() else {
            return Ok((Vec::new(), None));
        };
        let sees_directory = [
            DirectoryAction::ReadGroups,
            DirectoryAction::ReadApplications,
        ]
        .into_iter()
        .all(|action| authorize::in_directory(&self.ctx, action).is_ok());
        let most = usize::try_from(top).unwrap_or(usize::MAX);
        let limit = i64::try_from(top).unwrap_or(i64::MAX).saturating_add(1);
        let mut found = holders::page(tx, object, after, limit)?;
        let has_more = found.len() > most;
        found.truncate(most);
        let next = found.last().map(|one| one.object).filter(|_| has_more);
        let grants = self.grants(tx, &found)?;
        let nobody = Vec::new();
        let lines = found
            .into_iter()
            .filter_map(|holder| {
                let own = grants.get(&holder.object.to_string()).unwrap_or(&nobody);
                // Whom only packages touch that the asker may not read is not there.
                let is_known = !own.is_empty() || (sees_directory && holder.is_in_directory);
                is_known.then(|| line(holder, own, sees_directory))
            })
            .collect();
        Ok((lines, next))
    }

    /// The grants of these people that the asker may see, by whose they are.
    fn grants(
        &self,
        tx: &mut ReadTx<'_>,
        holders: &[Holder],
    ) -> Result<BTreeMap<String, Vec<Grant>>, ServiceError> {
        let entity = &model::LEDGER;
        let mut query = of(entity, &["desired", "observed", "preexisting"])?;
        let people = holders
            .iter()
            .map(|one| Value::Text(one.object.to_string()));
        query.filter =
            equals(entity, &[], "resource_origin_id", &self.origin)?.and(Predicate::In {
                path: scope::path(entity, &["subject"], "object_id")?,
                values: people.collect(),
            });
        for (relation, field) in [("subject", "object_id"), ("assignments", "id")] {
            for relation in scope::walk(entity, &[relation])? {
                query.expand.push(Expansion {
                    relation,
                    query: of(relation.to, &[field])?,
                });
            }
        }
        let mut grants: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
        for row in self.read(tx, query)? {
            let related = |at: usize| -> Vec<String> {
                let rows = row.expanded.get(at).into_iter().flatten();
                rows.map(|row| {
                    let [text] = texts(row);
                    text
                })
                .collect()
            };
            let flag = |at: usize| row.values.get(at).and_then(Value::as_bool) == Some(true);
            let observed = row
                .values
                .get(1)
                .and_then(Value::as_text)
                .unwrap_or_default();
            if let Some(whose) = related(0).pop() {
                grants.entry(whose).or_default().push(Grant {
                    is_desired: flag(0),
                    observed: observed.to_owned(),
                    is_preexisting: flag(2),
                    assignments: related(1),
                });
            }
        }
        Ok(grants)
    }
}

struct Grant {
    is_desired: bool,
    observed: String,
    is_preexisting: bool,
    assignments: Vec<String>,
}

fn line(holder: Holder, grants: &[Grant], sees_directory: bool) -> Line {
    let is_desired = grants.iter().any(|grant| grant.is_desired);
    let is_seen = grants.iter().any(|grant| grant.observed == "present");
    let is_there = (sees_directory && holder.is_in_directory) || is_seen;
    let was_there = grants.iter().any(|grant| grant.is_preexisting);
    let source = match (is_there, is_desired) {
        (false, _) => Source::Nothing,
        (true, false) => Source::Otherwise,
        (true, true) if was_there => Source::Both,
        (true, true) => Source::Reeve,
    };
    let mut assignments: Vec<String> = grants
        .iter()
        .flat_map(|grant| grant.assignments.iter().cloned())
        .collect();
    assignments.sort();
    assignments.dedup();
    Line {
        holder: holder.object,
        kind: holder.kind,
        display_name: holder.display_name,
        source,
        in_directory: sees_directory.then_some(holder.is_in_directory),
        is_desired,
        observed: grants.first().map(|grant| grant.observed.clone()),
        assignments,
    }
}

fn of(entity: &'static Entity, fields: &[&str]) -> Result<Query, ServiceError> {
    let mut query = Query::of(entity);
    for name in fields {
        query.fields.push(scope::path(entity, &[], name)?.field);
    }
    Ok(query)
}

/// The first columns, as texts.
fn texts<const N: usize>(row: &Record) -> [String; N] {
    std::array::from_fn(|at| {
        let text = row.values.get(at).and_then(Value::as_text);
        text.unwrap_or_default().to_owned()
    })
}
