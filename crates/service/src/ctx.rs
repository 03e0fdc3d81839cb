//! What every use case is given: who asks, and the service's own store, clock, ids and settings.

use std::sync::Arc;

use auth::decide::Caller;
use domain::id::ObjectId;
use domain::time::Timestamp;
use store::Store;
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::automatic::Rules;
use crate::clock::{Clock, Ids};
use crate::faults::FaultPlan;
use crate::settings::{GuestSettings, Settings};
use crate::standstill::Standstill;
use crate::{callers, reprocess};

/// On whose behalf something happens.
#[derive(Debug, Clone)]
pub enum Actor {
    /// An authenticated caller of the API.
    Caller(Arc<Caller>),
    /// Reeve itself: timers, the reconciler, set-up.
    System,
}

impl Actor {
    /// Whether it is the same caller, through the same application.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            (Self::Caller(one), Self::Caller(other)) => {
                Arc::ptr_eq(one, other) || one.principal.kind == other.principal.kind
            }
            (Self::System, Self::Caller(_)) | (Self::Caller(_), Self::System) => false,
        }
    }
}

/// One call: who asks, and under which ids it is known.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// On whose behalf.
    pub actor: Actor,
    /// The server's id of the call.
    pub request_id: Uuid,
    /// The client's own id of the call, if it sent one (RP-41).
    pub client_request_id: Option<String>,
}

impl Ctx {
    /// A call by an authenticated caller.
    pub fn of_caller(
        caller: Arc<Caller>,
        request_id: Uuid,
        client_request_id: Option<String>,
    ) -> Self {
        Self {
            actor: Actor::Caller(caller),
            request_id,
            client_request_id,
        }
    }

    /// The signed-in user who calls, if one does.
    pub fn user(&self) -> Option<ObjectId> {
        match &self.actor {
            Actor::Caller(caller) => caller.principal.as_user(),
            Actor::System => None,
        }
    }

    /// Something that Reeve does by itself.
    pub fn system(request_id: Uuid) -> Self {
        Self {
            actor: Actor::System,
            request_id,
            client_request_id: None,
        }
    }
}

/// The service: cheap to clone, shared by every entrance.
#[derive(Debug, Clone)]
pub struct Service {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The ids.
    pub ids: Ids,
    /// The settings.
    pub settings: Arc<Settings>,
    /// Wakes the delivery engine: a hint, never data (R29).
    pub work: Arc<Notify>,
    /// Wakes whoever calls custom extensions: a hint as well.
    pub calls: Arc<Notify>,
    /// Wakes whoever sends notices: a hint, too.
    pub mails: Arc<Notify>,
    /// Wakes whoever posts notifications of changes: one more.
    pub feeds: Arc<Notify>,
    /// Reprocess calls that are accepted together.
    pub reprocesses: Arc<reprocess::Calls>,
    /// What is remembered of callers (AZ-12).
    pub callers: Arc<callers::Cache>,
    /// Membership rules that were read.
    pub rules: Arc<Rules>,
    /// Keeps whoever delivers or plans apart from whoever exchanges the whole tenant.
    pub standstill: Arc<Standstill>,
    /// How a development tenant misbehaves on purpose; empty in every other.
    pub faults: FaultPlan,
    /// Held by whoever moves the clock of a development tenant: one at a time.
    pub journeys: Arc<Mutex<()>>,
}

impl Service {
    /// A service on a migrated store.
    pub fn new(store: Store, clock: Clock, ids: Ids, settings: Settings) -> Self {
        Self {
            store,
            clock,
            ids,
            reprocesses: Arc::new(reprocess::calls()),
            settings: Arc::new(settings),
            work: Arc::new(Notify::new()),
            calls: Arc::new(Notify::new()),
            mails: Arc::new(Notify::new()),
            feeds: Arc::new(Notify::new()),
            callers: Arc::default(),
            rules: Arc::default(),
            standstill: Arc::default(),
            faults: FaultPlan::default(),
            journeys: Arc::default(),
        }
    }

    /// The time and the means to draw ids, for one transaction.
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.clock.now(),
            notifies: self.settings.notices.is_on,
            mails_per_requestor: self.settings.notices.per_requestor_per_day,
            symmetric_incompatibility: self.settings.symmetric_incompatibility,
            guests: self.settings.guests.clone(),
            ids: self.ids.clone(),
        }
    }

    /// A call of Reeve itself.
    pub fn system(&self) -> Ctx {
        Ctx::system(self.moment().id(|uuid| uuid))
    }

    /// Tells the engine, whoever calls extensions, whoever sends notices, and whoever posts changes, that there is work.
    pub fn wake(&self) {
        self.work.notify_one();
        self.calls.notify_one();
        self.mails.notify_one();
        self.feeds.notify_one();
    }
}

/// One point in time with a source of ids: what a transaction needs of the world.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// Whether people are told of what happens (section 10.2).
    pub notifies: bool,
    /// How many mails to others the requests of one user may cause within a day.
    pub mails_per_requestor: i64,
    /// Whether a package that excludes another is excluded by it as well (SD-2).
    pub symmetric_incompatibility: bool,
    /// How people from outside come into the directory (section 3.4).
    pub guests: Arc<GuestSettings>,
    ids: Ids,
}

impl Moment {
    /// A new id of the type that is wanted.
    pub fn id<T>(&self, wrap: impl Fn(Uuid) -> T) -> T {
        wrap(self.ids.next(self.now))
    }

    /// A number within -1.0 and 1.0 that differs from object to object and from time to time: spreads retries.
    pub fn jitter(&self, of: Uuid) -> f64 {
        let (high, low) = of.as_u64_pair();
        let mixed =
            (high ^ low ^ self.now.micros().unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let step = u32::try_from(mixed >> 32).unwrap_or_default();
        f64::from(step) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}
