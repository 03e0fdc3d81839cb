//! Who calls, with the roles that the directory gives them: what every decision is made on.
//!
//! **Invariant:** a caller whose user or service principal is not in the directory, or disabled, does not get in; nor does
//! one who could be two. What is remembered of a caller is at most [`REMEMBERED_FOR`] old, and never older than the last
//! change that this process made (AZ-12).

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::decide::Caller;
use auth::principal::{DirectoryRole, Kind, Lookup, Principal, Unbound, UserAttribute, Verified};
use auth::roles::{EmRole, Scope};
use domain::id::{AppId, ObjectId};
use domain::time::{Duration, Timestamp};
use store::directory::{membership, role_member, service_principal, user, user_match};
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

/// What a token calls somebody: what is remembered is remembered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    /// A user by object id.
    User(ObjectId),
    /// A service principal by object id, or else by client id.
    Application(ObjectId, String),
    /// Somebody by something else.
    Other(Lookup),
}

impl Name {
    fn of(verified: &Verified) -> Self {
        match verified {
            Verified::Principal(principal) => match &principal.kind {
                Kind::Delegated { user, .. } => Self::User(*user),
                Kind::Application { object, client_id } => {
                    Self::Application(*object, client_id.clone())
                }
            },
            Verified::Unbound(unbound) => Self::Other(unbound.lookup.clone()),
        }
    }
}

/// What the directory says of an object that calls.
#[derive(Debug)]
struct Standing {
    object: ObjectId,
    directory_roles: BTreeSet<DirectoryRole>,
    em_roles: Vec<(EmRole, Scope)>,
    groups: Arc<[ObjectId]>,
}

/// What is remembered of callers.
#[derive(Debug, Default)]
pub struct Cache {
    generation: AtomicU64,
    remembered: Mutex<HashMap<Name, Remembered>>,
}

#[derive(Debug)]
struct Remembered {
    generation: u64,
    at: Timestamp,
    standing: Arc<Standing>,
    /// The last token, and its caller ready made.
    verified: Verified,
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

    /// The caller of a token, if what is remembered still holds at `now`.
    fn recall(&self, name: &Name, verified: &Verified, now: Timestamp) -> Option<LoadedCaller> {
        let generation = self.generation();
        let mut remembered = self.lock();
        let known = remembered.get_mut(name)?;
        let fresh = known.at <= now && now < known.at.plus(REMEMBERED_FOR);
        if known.generation != generation || !fresh {
            return None;
        }
        if known.verified != *verified {
            known.loaded = compose(verified, &known.standing);
            known.verified = verified.clone();
        }
        Some(known.loaded.clone())
    }

    fn remember(&self, name: Name, remembered: Remembered) {
        let mut all = self.lock();
        if all.len() >= MOST_REMEMBERED {
            all.clear();
        }
        all.insert(name, remembered);
    }

    /// No code that can panic runs under this lock, so that a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller behind a valid token, or why they do not get in (ER-1).
pub async fn admit(service: &Service, verified: &Verified) -> Result<LoadedCaller, ServiceError> {
    let now = service.clock.now();
    let name = Name::of(verified);
    if let Some(loaded) = service.callers.recall(&name, verified, now) {
        return Ok(loaded);
    }
    // Read before the database: a change that commits in between makes what is read stale, not remembered.
    let generation = service.callers.generation();
    let standing = {
        let verified = verified.clone();
        service.store.read(move |tx| read(tx, &verified)).await?
    };
    let standing = Arc::new(standing);
    let loaded = compose(verified, &standing);
    let remembered = Remembered {
        generation,
        at: now,
        standing,
        verified: verified.clone(),
        loaded: loaded.clone(),
    };
    service.callers.remember(name, remembered);
    Ok(loaded)
}

/// The caller of a principal who is known by object id.
pub async fn load(
    service: &Service,
    principal: &Arc<Principal>,
) -> Result<LoadedCaller, ServiceError> {
    admit(service, &Verified::Principal(Arc::clone(principal))).await
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

fn compose(verified: &Verified, standing: &Standing) -> LoadedCaller {
    let principal = match verified {
        Verified::Principal(principal) if principal.object() == standing.object => {
            Arc::clone(principal)
        }
        Verified::Principal(principal) => Arc::new(known_as(principal, standing.object)),
        Verified::Unbound(unbound) => Arc::new(unbound.resolved(standing.object)),
    };
    let mut directory_roles = standing.directory_roles.clone();
    directory_roles.extend(principal.token.directory_roles.iter().copied());
    let caller = Caller {
        principal,
        directory_roles,
        em_roles: standing.em_roles.clone(),
    };
    LoadedCaller {
        caller: Arc::new(caller),
        groups: Arc::clone(&standing.groups),
    }
}

fn read(tx: &mut ReadTx<'_>, verified: &Verified) -> Result<Standing, ServiceError> {
    let object = match verified {
        Verified::Principal(principal) => match &principal.kind {
            Kind::Delegated { user, .. } => enabled_user(tx, *user)?,
            Kind::Application { object, client_id } => enabled_application(tx, *object, client_id)?,
        },
        Verified::Unbound(unbound) => looked_up(tx, unbound)?,
    };
    Ok(standing(tx, object)?)
}

/// The object that the directory has for what a token calls somebody.
fn looked_up(tx: &mut ReadTx<'_>, unbound: &Unbound) -> Result<ObjectId, ServiceError> {
    let claim = &unbound.claim;
    let (by, found) = match &unbound.lookup {
        Lookup::User { by, value } => (by, users_by(tx, *by, value)?),
        Lookup::Application { app_id } => {
            let found = service_principal::find_by_app(tx, *app_id)?;
            let application = found.ok_or_else(|| {
                not_admitted(format!(
                    "no service principal has the `appId` that the token's `{claim}` stands for: register the application \
                     here, or correct `applications` of the issuer"
                ))
            })?;
            return may_sign_in(
                application.id,
                application.account_enabled,
                "service principal",
            );
        }
    };
    match found.as_slice() {
        [one] => enabled_user(tx, *one),
        [] => Err(not_admitted(format!(
            "no user of the directory has the token's `{claim}` as `{}`: create the user, or correct `userClaim` and \
             `userBy` of the issuer",
            by.as_str()
        ))),
        _ => Err(not_admitted(format!(
            "more than one user of the directory has the token's `{claim}` as `{}`: nobody can be told from the other",
            by.as_str()
        ))),
    }
}

fn users_by(tx: &mut ReadTx<'_>, by: UserAttribute, value: &str) -> Result<Vec<ObjectId>, Error> {
    match by {
        UserAttribute::ObjectId => Ok(value.parse().into_iter().collect()),
        UserAttribute::UserPrincipalName => {
            let found = user::find_by_name(tx, value)?;
            Ok(found.into_iter().map(|user| user.id).collect())
        }
        UserAttribute::Mail => user_match::by_mail(tx, value),
        UserAttribute::EmployeeId => user_match::by_employee_id(tx, value),
        UserAttribute::ExternalId => user_match::by_external_id(tx, value),
    }
}

fn standing(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Standing, Error> {
    let groups = membership::transitive_groups_of(tx, object)?;
    let holders: Vec<ObjectId> = groups.iter().copied().chain([object]).collect();
    let directory_roles = role_member::roles_of(tx, &holders)?;
    let em_roles = role_assignment::held_by(tx, &holders)?;
    Ok(Standing {
        object,
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
    let user = user::find_present(tx, id)?.ok_or_else(|| {
        not_admitted(
            "the token's user does not exist in the directory: create the user, or let the issuer's `userClaim` and \
             `userBy` name an attribute that users have here",
        )
    })?;
    may_sign_in(id, user.account_enabled, "user")
}

/// An issuer of another tenant may know the application by another object id; its client id is the same everywhere. An
/// object that is another application's is no mistake that could be overlooked.
fn enabled_application(
    tx: &mut ReadTx<'_>,
    object: ObjectId,
    client_id: &str,
) -> Result<ObjectId, ServiceError> {
    let app_id = client_id.parse::<AppId>().ok();
    let mut found = service_principal::find(tx, object)?;
    if let (None, Some(app_id)) = (&found, app_id) {
        found = service_principal::find_by_app(tx, app_id)?;
    }
    let application = found.ok_or_else(|| {
        not_admitted(
            "the token's service principal does not exist in the directory: register the application here with the same \
             `appId`",
        )
    })?;
    if app_id != Some(application.app_id) {
        return Err(not_admitted(
            "the token's service principal is that of another application than the token's client id",
        ));
    }
    may_sign_in(
        application.id,
        application.account_enabled,
        "service principal",
    )
}

fn may_sign_in(id: ObjectId, enabled: bool, what: &str) -> Result<ObjectId, ServiceError> {
    if enabled {
        Ok(id)
    } else {
        Err(not_admitted(format!("the token's {what} is disabled")))
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

fn not_admitted(message: impl Into<String>) -> ServiceError {
    ServiceError::refused(Code::InvalidAuthenticationToken, message.into())
}
