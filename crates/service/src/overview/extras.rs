//! Access that nobody granted, and people who are adopted, by the names that a reader knows them by.
//!
//! **Invariant:** names are told to whoever may read requests in the whole tenant, and to nobody else.

use std::collections::{BTreeSet, HashMap};

use auth::roles::Action;
use domain::id::{DriftExtraId, ObjectId};
use domain::model;
use store::ReadTx;

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, is_one_of, query, with_fields};
use crate::sweeps::extras::{self, Extra, Wanted};

/// Access that nobody granted, as people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What a sweep found.
    pub extra: Extra,
    /// Who has it: by name, or by what the target calls them.
    pub who: String,
    /// The resource's name in a catalog, or its id.
    pub resource: String,
    /// The role's name in a catalog, or its id.
    pub role: String,
}

/// Extras in the order of their ids, and how many there are.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    wanted: Wanted,
    after: Option<DriftExtraId>,
    limit: i64,
) -> Result<(Vec<Named>, i64), ServiceError> {
    let (found, total) = extras::list(service, ctx, wanted, after, limit).await?;
    let people = found.iter().filter_map(|one| one.object_id).collect();
    let people = names(service, ctx, people).await?;
    let resources: BTreeSet<String> = found
        .iter()
        .map(|one| one.place.resource_origin_id.clone())
        .collect();
    let roles = service
        .store
        .read(move |tx| roles(tx, resources.clone()))
        .await?;
    let named = found.into_iter().map(|extra| {
        let place = &extra.place;
        let key = (
            place.resource_origin_id.clone(),
            place.role_origin_id.clone(),
        );
        let (resource, role) = roles.get(&key).cloned().unwrap_or(key);
        let who = extra.object_id.and_then(|id| people.get(&id).cloned());
        Named {
            who: who.unwrap_or_else(|| extra.label.clone()),
            resource,
            role,
            extra,
        }
    });
    Ok((named.collect(), total))
}

/// What these people are called; who is not in the directory is left out.
pub async fn names(
    service: &Service,
    ctx: &Ctx,
    people: BTreeSet<ObjectId>,
) -> Result<HashMap<ObjectId, String>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            let mut names = HashMap::new();
            for id in &people {
                if let Some(user) = store::directory::user::find(tx, *id)? {
                    names.insert(*id, user.display_name);
                }
            }
            Ok(names)
        })
        .await
}

/// A resource and a role.
type Pair = (String, String);

/// The names of the roles of these resources, by the ids in their origin.
fn roles(
    tx: &mut ReadTx<'_>,
    resources: BTreeSet<String>,
) -> Result<HashMap<Pair, Pair>, ServiceError> {
    if resources.is_empty() {
        return Ok(HashMap::new());
    }
    let entity = &model::RESOURCE_ROLE;
    let fields = ["display_name", "origin_id"];
    let wanted = query(entity, &fields)?;
    let mut wanted = with_fields(wanted, "resource", &["display_name", "origin_id"])?;
    wanted.filter = is_one_of(entity, &["resource"], "origin_id", resources)?;
    let mut named = HashMap::new();
    for record in &store::list::list(tx, &wanted)?.rows {
        let row = Row::new(&wanted, record);
        let of = |name: &str| row.of("resource", name).unwrap_or_default();
        let key = (of("origin_id"), row.string("origin_id"));
        named.insert(key, (of("display_name"), row.string("display_name")));
    }
    Ok(named)
}
