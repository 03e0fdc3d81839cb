//! The app itself: everything wired up, and the hand that drives clock and engine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use callout::{Caller, CallerOptions};
use delivery::{Engine, EngineOptions, FaultPlan, Registry, TargetOptions};
use domain::id::ObjectId;
use domain::time::{Duration, Timestamp};
use feed::{Poster, PosterOptions};
use prometheus_client::registry::Registry as Metrics;
use server::{Delivery, Receivers, Stuck, Target};
use service::Service;
use service::clock::{Clock, Ids};
use service::settings::Settings;
use store::Faults;

use auth::callout::Signer;
use auth::keys::{Algorithm, Keys};
use auth::token::{IssuerConfig, KeySource, Verifier};

use crate::backend::{Backend, Home};
use crate::browser::{self, SignIns};
use crate::fake_target::FakeTarget;
use crate::people::{self, AUDIENCE, ISSUER, keys};
use crate::{CRM, ERP, WEBHOOK_SECRET};

/// The time at which every test begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

/// How often the clock may be moved before it is clear that there will never be an end.
const MOST_MOVES: usize = 2_000;

/// How an app starts.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The settings of the rules.
    pub settings: Settings,
}

/// A whole Reeve.
#[derive(Debug)]
pub struct TestApp {
    pub(crate) inner: Arc<Inner>,
    engine: Mutex<Engine>,
    caller: Arc<Caller>,
    poster: Arc<Poster>,
}

/// What callers share with the app.
pub(crate) struct Inner {
    pub(crate) service: Service,
    pub(crate) router: Router,
    pub(crate) sign_ins: SignIns,
    /// The clock by which sessions of browsers end.
    pub(crate) machine: Clock,
    targets: BTreeMap<&'static str, Arc<FakeTarget>>,
    faults: FaultPlan,
    names: Mutex<BTreeMap<String, ObjectId>>,
    pub(crate) catalogs: Mutex<BTreeMap<String, String>>,
    pub(crate) resources: Mutex<BTreeMap<(String, ObjectId), String>>,
    backend: Backend,
    home: Home,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn remember(&self, name: &str, id: ObjectId) {
        let mut names = self.names.lock().unwrap();
        let before = names.insert(name.to_owned(), id);
        assert!(before.is_none(), "`{name}` is in the directory twice");
    }

    pub(crate) fn object(&self, name: &str) -> ObjectId {
        self.find(name)
            .unwrap_or_else(|| panic!("nobody is called `{name}`"))
    }

    pub(crate) fn find(&self, name: &str) -> Option<ObjectId> {
        self.names.lock().unwrap().get(name).copied()
    }
}

impl TestApp {
    /// Runs a test on a fresh app of each database; afterwards nothing that is due may be left.
    pub async fn on_both(test: impl AsyncFn(&Self)) {
        Self::on_both_with(Start::default(), test).await;
    }

    /// The same, started in another way.
    pub async fn on_both_with(start: Start, test: impl AsyncFn(&Self)) {
        for backend in Backend::ALL {
            let Some(app) = Self::on(backend, start.clone()).await else {
                continue;
            };
            test(&app).await;
            app.wait_out_retries().await;
        }
    }

    /// The same on development tenants, with what only those have.
    pub async fn on_both_in_development(test: impl AsyncFn(&Self)) {
        for backend in Backend::ALL {
            let Some(app) = Self::made(backend, Start::default(), true, None).await else {
                continue;
            };
            test(&app).await;
            app.wait_out_retries().await;
        }
    }

    /// A fresh app on SQLite.
    pub async fn new() -> Self {
        let app = Self::on(Backend::Sqlite, Start::default()).await;
        app.expect("SQLite is always there")
    }

    /// A fresh app; `None`, after saying so, if PostgreSQL is not installed and may be missing.
    pub async fn on(backend: Backend, start: Start) -> Option<Self> {
        Self::made(backend, start, false, None).await
    }

    /// A fresh app on a PostgreSQL that goes wrong as these faults say; `None`, after saying so, if PostgreSQL is not
    /// installed and may be missing.
    pub async fn on_faulty_postgres(faults: Faults) -> Option<Self> {
        Self::made(Backend::Postgres, Start::default(), false, Some(faults)).await
    }

    /// A fresh development tenant; `None`, after saying so, if PostgreSQL is not installed and may be missing.
    pub async fn in_development(backend: Backend) -> Option<Self> {
        Self::made(backend, Start::default(), true, None).await
    }

    async fn made(
        backend: Backend,
        start: Start,
        is_development: bool,
        database_faults: Option<Faults>,
    ) -> Option<Self> {
        let limits = server::Limits::default();
        Self::within(backend, start, is_development, (database_faults, limits)).await
    }

    /// On SQLite, for callers who may ask so often in a second, and so often at once.
    pub async fn limited(per_second: u32, burst: u32) -> Self {
        let limits = server::Limits {
            requests_per_second: Some(per_second),
            burst: Some(burst),
            ..server::Limits::default()
        };
        let made = Self::within(Backend::Sqlite, Start::default(), false, (None, limits)).await;
        made.expect("SQLite is everywhere")
    }

    async fn within(
        backend: Backend,
        start: Start,
        is_development: bool,
        (database_faults, limits): (Option<Faults>, server::Limits),
    ) -> Option<Self> {
        let (store, home) = backend.open(database_faults)?;
        let service = Service::new(store, Clock::manual(START), Ids::counted(1), start.settings);
        let targets: BTreeMap<_, _> = [ERP, CRM]
            .map(|name| (name, Arc::new(FakeTarget::default())))
            .into();
        let faults = service.faults.clone();
        let engine = engine(&service, &targets, &faults);
        let caller = Arc::new(caller(&service));
        let poster = Arc::new(poster(&service));
        let (sign_ins, machine) = (SignIns::default(), Clock::manual(START));
        let delivery = known_of_delivery(&service, &engine, (&caller, &poster));
        let told = portal::Targets {
            known: delivery
                .targets
                .iter()
                .map(|target| (target.name.clone(), target.kind.clone()))
                .collect(),
            lanes: delivery.lanes.clone(),
            stuck: delivery.stuck.clone(),
        };
        let here = is_development.then(|| browser::development(&delivery));
        let pages = browser::pages(&service, &sign_ins, &machine, told, here);
        let router = router(
            &service,
            &engine,
            (delivery, &poster),
            pages,
            (is_development, limits),
        );
        let inner = Inner {
            service,
            router,
            sign_ins,
            machine,
            targets,
            faults,
            names: Mutex::default(),
            catalogs: Mutex::default(),
            resources: Mutex::default(),
            backend,
            home,
        };
        people::settle_in(&inner).await;
        Some(Self {
            inner: Arc::new(inner),
            engine: Mutex::new(engine),
            caller,
            poster,
        })
    }

    /// Which database it runs on.
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// The use cases, for what the API does not show.
    pub fn service(&self) -> &Service {
        &self.inner.service
    }

    /// Runs a statement past the program, as somebody could who has the database in their hands; says how many rows it
    /// changed.
    pub fn tamper(&self, sql: &str) -> u64 {
        self.inner.home.tamper(sql)
    }

    /// A target in memory.
    pub fn target(&self, name: &str) -> &FakeTarget {
        let target = self.inner.targets.get(name);
        target.unwrap_or_else(|| panic!("no target is called `{name}`"))
    }

    /// What goes wrong with any target, the built-in directory too.
    pub fn faults(&self) -> &FaultPlan {
        &self.inner.faults
    }

    /// The directory id of a person, a group or an application of the test.
    pub fn id_of(&self, name: &str) -> ObjectId {
        self.inner.object(name)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.inner.service.clock.now()
    }

    /// Moves the clock; nothing else happens.
    pub fn advance(&self, by: Duration) {
        self.inner.service.clock.advance(by);
    }

    /// Moves the clock by which sessions of browsers end.
    pub fn advance_machine(&self, by: Duration) {
        self.inner.machine.advance(by);
    }

    /// Lets the engine do what can be done now, and has the extensions called that are to be.
    pub async fn deliver(&self) {
        for _ in 0..MOST_MOVES {
            let report = self.engine().settle().await.unwrap();
            assert!(report.is_quiet, "the engine finds no end: {report:?}");
            if self.call_extensions().await == 0 {
                return;
            }
        }
        panic!("extensions are called without end");
    }

    /// Makes the calls of extensions that are due; nothing else happens.
    pub async fn call_extensions(&self) -> usize {
        self.caller.pass().await.unwrap()
    }

    /// Posts the notifications of changes that are due; nothing else happens.
    pub async fn post_changes(&self) -> usize {
        self.poster.pass().await.unwrap()
    }

    /// Moves the clock from one attempt to the next, until the engine has brought everything to its end, well or not.
    pub async fn wait_out_retries(&self) {
        for _ in 0..MOST_MOVES {
            self.deliver().await;
            let next = self
                .inner
                .service
                .store
                .read(store::ledger::lease::next_attempt);
            let Some(next) = next.await.unwrap() else {
                return;
            };
            // What is due and still not done waits for its target to recover.
            let gap = next.micros() - self.now().micros();
            self.advance(Duration::from_micros(gap.max(1_000_000)));
        }
        panic!("attempts never end");
    }

    /// Targets answer again, and the engine has waited long enough to believe it: a minute, and the tenth that a grant's
    /// waits may be longer by chance (RP-33).
    pub fn recover(&self, targets: &[&str]) {
        for target in targets {
            self.target(target).comes_up();
        }
        self.advance(Duration::from_micros(67_000_000));
    }

    /// The engine dies with all that it had in hand; another one takes over.
    pub fn crash(&self) {
        let inner = &self.inner;
        *self.engine.lock().unwrap() = engine(&inner.service, &inner.targets, &inner.faults);
    }

    /// The engine, to be driven in other ways.
    pub fn engine(&self) -> Engine {
        self.engine.lock().unwrap().clone()
    }
}

impl Drop for TestApp {
    /// Work that is due and was not done is a test that stopped half-way, or an engine that overlooks something.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let now = self.now();
        let left = self
            .inner
            .service
            .store
            .read_blocking(move |tx| store::ledger::stuck::list(tx, now, 5))
            .unwrap();
        assert!(left.is_empty(), "work was left undone: {left:?}");
    }
}

fn engine(
    service: &Service,
    targets: &BTreeMap<&'static str, Arc<FakeTarget>>,
    faults: &FaultPlan,
) -> Engine {
    let mut registry = Registry::new(service);
    for (name, target) in targets {
        registry = registry
            .with(name, target.clone(), TargetOptions::default())
            .unwrap();
    }
    let registry = registry.with_faults(faults.clone());
    Engine::new(service.clone(), registry, EngineOptions::default())
}

/// Calls extensions as the server does, with the key that the router shows.
fn caller(service: &Service) -> Caller {
    let options = CallerOptions {
        signer: signer(),
        webhook_secrets: [("127.0.0.1".to_owned(), WEBHOOK_SECRET.into())].into(),
        ca_pem: None,
        token_clock: Clock::manual(START),
    };
    Caller::new(service.clone(), options).unwrap()
}

/// Posts changes as the server does.
fn poster(service: &Service) -> Poster {
    let options = PosterOptions {
        signer: signer(),
        ca_pem: None,
        token_clock: Clock::manual(START),
    };
    Poster::new(service.clone(), options).unwrap()
}

/// Asks receivers as the server does.
fn receivers(poster: &Arc<Poster>) -> Receivers {
    let poster = Arc::clone(poster);
    Receivers::new(Arc::new(move |url| {
        let poster = Arc::clone(&poster);
        Box::pin(async move {
            let answer = poster.greet(&url).await;
            answer.map_err(|unanswered| unanswered.to_string())
        })
    }))
}

/// One key for all tests of the process.
fn signer() -> Arc<Signer> {
    static SIGNER: OnceLock<Arc<Signer>> = OnceLock::new();
    let made = SIGNER.get_or_init(|| {
        let folder = tempfile::TempDir::new().unwrap();
        let keys = Keys::load_or_create_as(folder.path(), "callout", Algorithm::Es256).unwrap();
        Arc::new(Signer::new(keys, "https://reeve.test"))
    });
    Arc::clone(made)
}

fn router(
    service: &Service,
    engine: &Engine,
    (delivery, poster): (Delivery, &Arc<Poster>),
    pages: Router,
    (is_development, limits): (bool, server::Limits),
) -> Router {
    let mut registry = Metrics::default();
    let metrics = server::Metrics::register(&mut registry);
    engine.metrics().register(&mut registry);
    let issuer = IssuerConfig::new(ISSUER, &[AUDIENCE], KeySource::Static(keys().jwks()));
    server::router(server::App::new(server::Parts {
        service: service.clone(),
        verifier: Verifier::new(vec![issuer]).unwrap(),
        token_clock: Clock::manual(START),
        public_url: None,
        authorization_uri: None,
        issuer: None,
        portal: Some(pages),
        signer: Some(signer()),
        receivers: Some(receivers(poster)),
        delivery,
        development: is_development,
        paging_key: [7; 32],
        metrics,
        registry: Arc::new(registry),
        limits,
    }))
}

/// What the server is told of the engine.
fn known_of_delivery(
    service: &Service,
    engine: &Engine,
    (caller, poster): (&Arc<Caller>, &Arc<Poster>),
) -> Delivery {
    let kinds = [
        (delivery::DIRECTORY, "directory"),
        (ERP, "memory"),
        (CRM, "memory"),
    ];
    let targets = kinds.map(|(name, kind)| Target {
        name: name.to_owned(),
        kind: kind.to_owned(),
    });
    let service = service.clone();
    Delivery {
        targets: targets.into(),
        stuck: Arc::new(move || {
            let service = service.clone();
            Box::pin(async move {
                let report = delivery::stuck(&service).await?;
                let stuck = report.objects.into_iter().map(|object| Stuck {
                    kind: object.kind.as_str().to_owned(),
                    id: object.id,
                    since: object.since.unwrap_or(START),
                });
                Ok(stuck.collect())
            })
        }),
        lanes: Arc::new({
            let engine = engine.clone();
            move || engine.lanes()
        }),
        settle: Arc::new({
            let work = (engine.clone(), Arc::clone(caller), Arc::clone(poster));
            move || {
                let (engine, caller, poster) = work.clone();
                Box::pin(async move {
                    loop {
                        engine.settle().await?;
                        if caller.pass().await? + poster.pass().await? == 0 {
                            return Ok(());
                        }
                    }
                })
            }
        }),
    }
}
