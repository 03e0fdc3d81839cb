//! Who calls, with the roles that the directory gives them: what every decision is made on.
//!
//! **Invariant:** a caller whose user or service principal is gone or disabled does not get in. What is remembered of a
//! caller is at most [`REMEMBERED_FOR`] old, and never older than the last change that this process made (AZ-12).

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::decide::Caller;
use auth::principal::{DirectoryRole, Kind, Principal, Verified};
use auth::roles::{EmRole, Scope};
use domain::id::{AppId, ObjectId};
use domain::time::{Duration, Timestamp};
use store::directory::{membership, role_member, service_principal, user};
use store::{Error, ReadTx, role_assignment};

use crate::ctx::Service;
use crate::error::{Code, ServiceError};

/// How long a caller is remembered (AZ-12).
pub const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// How many callers are remembered.
const MOST_REMEMBERED: usize = 10_000;

/// A caller as the rules see them.
#[derive(Debug, Clone)]
pub struct LoadedCaller {
    /// The principal with the roles it holds.
    pub caller: Arc<Caller>,
    /// The groups that the caller is in, directly or through other groups: what is theirs as much as the caller's own.
    pub groups: Arc<[ObjectId]>,
}

/// What the directory says of an object that calls.
#[derive(Debug)]
struct Standing {
    directory_roles: BTreeSet<DirectoryRole>,
    em_roles: Vec<(EmRole, Scope)>,
    groups: Arc<[ObjectId]>,
}

/// What is remembered of callers.
#[derive(Debug, Default)]
pub struct Cache {
    generation: AtomicU64,
    remembered: Mutex<HashMap<ObjectId, Remembered>>,
}

#[derive(Debug)]
struct Remembered {
    generation: u64,
    at: Timestamp,
    standing: Arc<Standing>,
    /// The last token's caller, ready made.
    loaded: LoadedCaller,
}

impl Cache {
    /// Forgets everybody: to be called after each commit that changes roles, memberships or who may sign in.
    pub fn invalidate(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// The caller of `principal`, if what is remembered still holds at `now`.
    fn recall(&self, principal: &Arc<Principal>, now: Timestamp) -> Option<LoadedCaller> {
        let generation = self.generation();
        let mut remembered = self.lock();
        let known = remembered.get_mut(&principal.object())?;
        let fresh = known.at <= now && now < known.at.plus(REMEMBERED_FOR);
        if known.generation != generation || !fresh {
            return None;
        }
        if known.loaded.caller.principal != *principal {
            known.loaded = compose(principal, &known.standing);
        }
        Some(known.loaded.clone())
    }

    fn remember(&self, object: ObjectId, remembered: Remembered) {
        let mut all = self.lock();
        if all.len() >= MOST_REMEMBERED {
            all.clear();
        }
        all.insert(object, remembered);
    }

    /// No code that can panic runs under this lock, so that a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectId, Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller behind a valid token, or why they do not get in.
pub async fn load(
    service: &Service,
    principal: &Arc<Principal>,
) -> Result<LoadedCaller, ServiceError> {
    let now = service.clock.now();
    if let Some(loaded) = service.callers.recall(principal, now) {
        return Ok(loaded);
    }
    // Read before the database: a change that commits in between makes what is read stale, not remembered.
    let generation = service.callers.generation();
    let kind = principal.kind.clone();
    let (object, standing) = service.store.read(move |tx| read(tx, &kind)).await?;
    let principal = if principal.object() == object {
        Arc::clone(principal)
    } else {
        Arc::new(known_as(principal, object))
    };
    let standing = Arc::new(standing);
    let loaded = compose(&principal, &standing);
    let remembered = Remembered {
        generation,
        at: now,
        standing,
        loaded: loaded.clone(),
    };
    service.callers.remember(object, remembered);
    Ok(loaded)
}

/// The principal of a valid token, looked up where the token only has a name.
pub async fn resolve(
    service: &Service,
    verified: &Verified,
) -> Result<Arc<Principal>, ServiceError> {
    match verified {
        Verified::Principal(principal) => Ok(Arc::clone(principal)),
        Verified::Named(named) => {
            let name = named.name.clone();
            let found = service
                .store
                .read(move |tx| user::find_by_name(tx, &name))
                .await?;
            let found = found.ok_or_else(|| stranger("user"))?;
            Ok(Arc::new(named.resolved(found.id)))
        }
    }
}

/// The groups that a directory object is in, directly or through other groups.
pub async fn groups_of(service: &Service, object: ObjectId) -> Result<Vec<ObjectId>, ServiceError> {
    Ok(service
        .store
        .read(move |tx| membership::transitive_groups_of(tx, object))
        .await?)
}

/// Who is in a group, directly or through other groups.
pub async fn members_of(service: &Service, group: ObjectId) -> Result<Vec<ObjectId>, ServiceError> {
    Ok(service
        .store
        .read(move |tx| membership::transitive_members(tx, group))
        .await?)
}

fn compose(principal: &Arc<Principal>, standing: &Standing) -> LoadedCaller {
    let mut directory_roles = standing.directory_roles.clone();
    directory_roles.extend(principal.token.directory_roles.iter().copied());
    let caller = Caller {
        principal: Arc::clone(principal),
        directory_roles,
        em_roles: standing.em_roles.clone(),
    };
    LoadedCaller {
        caller: Arc::new(caller),
        groups: Arc::clone(&standing.groups),
    }
}

fn read(tx: &mut ReadTx<'_>, kind: &Kind) -> Result<(ObjectId, Standing), ServiceError> {
    let object = match kind {
        Kind::Delegated { user, .. } => enabled_user(tx, *user)?,
        Kind::Application { object, client_id } => enabled_application(tx, *object, client_id)?,
    };
    Ok((object, standing(tx, object)?))
}

fn standing(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Standing, Error> {
    let groups = membership::transitive_groups_of(tx, object)?;
    let holders: Vec<ObjectId> = groups.iter().copied().chain([object]).collect();
    let directory_roles = role_member::roles_of(tx, &holders)?;
    let em_roles = role_assignment::held_by(tx, &holders)?;
    Ok(Standing {
        directory_roles: directory_roles
            .iter()
            .filter_map(|id| DirectoryRole::from_template_id(id))
            .collect(),
        em_roles: em_roles
            .iter()
            .filter_map(|held| {
                let role = EmRole::from_definition_id(held.role_definition_id)?;
                Some((role, Scope::from_app_scope_id(&held.app_scope_id)?))
            })
            .collect(),
        groups: groups.into(),
    })
}

fn enabled_user(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<ObjectId, ServiceError> {
    let user = user::find_present(tx, id)?.ok_or_else(|| stranger("user"))?;
    if user.account_enabled {
        Ok(id)
    } else {
        Err(disabled("user"))
    }
}

/// An issuer of another tenant may know the application by another object id; its client id is the same everywhere.
fn enabled_application(
    tx: &mut ReadTx<'_>,
    object: ObjectId,
    client_id: &str,
) -> Result<ObjectId, ServiceError> {
    let mut found = service_principal::find(tx, object)?;
    if let (None, Ok(app_id)) = (&found, client_id.parse::<AppId>()) {
        found = service_principal::find_by_app(tx, app_id)?;
    }
    let application = found.ok_or_else(|| stranger("service principal"))?;
    if application.account_enabled {
        Ok(application.id)
    } else {
        Err(disabled("service principal"))
    }
}

fn known_as(principal: &Principal, object: ObjectId) -> Principal {
    let kind = match &principal.kind {
        Kind::Delegated { client_id, .. } => Kind::Delegated {
            user: object,
            client_id: client_id.clone(),
        },
        Kind::Application { client_id, .. } => Kind::Application {
            object,
            client_id: client_id.clone(),
        },
    };
    Principal {
        kind,
        token: principal.token.clone(),
    }
}

fn stranger(what: &str) -> ServiceError {
    let message = format!("the token's {what} does not exist in the directory");
    ServiceError::refused(Code::InvalidAuthenticationToken, message)
}

fn disabled(what: &str) -> ServiceError {
    let message = format!("the token's {what} is disabled");
    ServiceError::refused(Code::InvalidAuthenticationToken, message)
}
