//! One running server: database, service, engine and listeners, wired from a configuration.
//!
//! **Invariant:** an [`Instance`] answers as soon as it exists, and [`Instance::stop`] leaves nothing behind: requests in
//! flight are answered, claimed work is given back, the database is closed.

mod anteroom;
pub(crate) mod audit;
mod callouts;
mod database;
mod dev;
mod development;
mod issuers;
mod notices;
mod outboxes;
mod portal;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use auth::callout::Signer;
use auth::keys::{Algorithm, SigningKeys, TlsMaterial};
use auth::token::Verifier;
use connector_api::Connector;
use delivery::{Engine, EngineOptions, Registry, TargetOptions};
use domain::cloud::GRAPH_ID;
use prometheus_client::registry::Registry as MetricsRegistry;
use server::{
    App, Bound, Delivery, Https, Issuer, Listeners, Metrics, Parts, Settle, Stuck, StuckQuery,
    Target,
};
use service::Service;
use service::clock::{Clock, Ids};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use database::{
    FILE as DATABASE, check_folder, create_folder, describe, file as database_file, open,
    open_existing, schema_state,
};
pub(crate) use issuers::{directory_role, verifier_config, verifier_configs};

use crate::client::graph::{Graph, TokenSource};
use crate::client::http_client;
use crate::client::sign_in::Grant;
use crate::config::{Config, Listen, TargetSection, secret};
use crate::dev_file::DevFile;
use crate::{targets, tenant_file};
use anteroom::Anteroom;
use outboxes::Outboxes;

/// Where a development tenant speaks TLS, if nobody says otherwise.
const DEV_HTTPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

/// How long calls to targets may take once the server is asked to stop.
const ENGINE_GRACE: Duration = Duration::from_secs(10);

/// How long a database server that takes no connection is left alone before each further try: two minutes in all.
const PAUSES: [Duration; 25] = {
    let mut pauses = [Duration::from_secs(5); 25];
    let [first, second, ..] = &mut pauses;
    *first = Duration::from_secs(1);
    *second = Duration::from_secs(2);
    pauses
};

/// What an instance is made of.
#[derive(Debug)]
pub(crate) struct Blueprint {
    pub(crate) config: Config,
    pub(crate) data: PathBuf,
    /// Bring the schema of a database server up to date as well.
    pub(crate) migrate: bool,
    /// Be a development tenant.
    pub(crate) dev: bool,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) sample_organisation: bool,
    /// Targets besides those of the configuration.
    pub(crate) targets: Vec<ExtraTarget>,
}

/// A target that no configuration names.
pub(crate) type ExtraTarget = (&'static str, Arc<dyn Connector>, TargetOptions);

/// A running server.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) https: Option<SocketAddr>,
    /// How to sign in, if this is a development tenant.
    pub(crate) dev: Option<DevFile>,
    stop: watch::Sender<bool>,
    stop_engine: watch::Sender<bool>,
    serving: JoinHandle<anyhow::Result<()>>,
    engine: JoinHandle<()>,
    service: Service,
    _lock: Option<database::Lock>,
}

impl Instance {
    /// Starts a server; it accepts when this returns.
    pub(crate) async fn start(blueprint: Blueprint) -> anyhow::Result<Self> {
        let Blueprint {
            mut config,
            data,
            migrate,
            dev,
            seed,
            sample_organisation,
            targets: more,
        } = blueprint;
        if dev {
            let domain = &mut config.provisioning.domain;
            domain.get_or_insert_with(|| service::tenant::DOMAIN.to_owned());
        }
        let config = opened_in_development(config, dev);
        database::create_folder(&data)?;
        let lock = database::lock(&config, &data)?;
        let clock = Clock::system();
        let needs_material = dev
            || config.server.certificate_file.is_none() && https_address(&config, dev).is_some();
        let names = certificate_names(&config, dev);
        let material = needs_material
            .then(|| TlsMaterial::load_or_create(&data, &names, clock.now()))
            .transpose()?;
        let bound = bind(&config, dev, material.as_ref()).await?;
        let (http, https) = (bound.http_address(), bound.https_address());
        let limits = config.limits.limits();
        let anteroom = Anteroom::open(&bound, &limits, &clock)?;
        let alone = lock.is_some();
        let opening = Opening { migrate, alone };
        let service = open_service(&config, &data, opening, clock, &anteroom).await?;
        if dev {
            warn_of_development();
        }
        let base_url = base_url(&config, http, https)?;
        let dev_file = match &material {
            Some(material) if dev => {
                let authority = config
                    .server
                    .certificate_file
                    .as_ref()
                    .unwrap_or(&material.authority);
                let back = portal::addresses(&base_url, http, https);
                Some(prepare_development(&service, &data, &base_url, &back, authority).await?)
            }
            _ => None,
        };
        if sample_organisation {
            service::tenant::sample_organisation(&service)
                .await
                .context("cannot make the sample organisation")?;
        }

        let registry = register_targets(&config, &service, more, dev)?;
        let known = operators_view(&config, &service, &registry);
        let engine = Engine::new(service.clone(), registry, EngineOptions::default());
        let signer = Arc::new(callouts::signer(&config, &data, &base_url)?);
        let outboxes = Outboxes::new(&config, &service, &signer)?;
        let delivery = delivery_of(known, &service, &engine, &outboxes);
        let sealer = audit::Sealer::new(
            &service,
            audit::signer(&audit::key_folder(&config, &data), dev)?,
        );
        let app = app(
            &config,
            &data,
            &service,
            (&engine, &sealer, &outboxes),
            dev_file.as_ref(),
            delivery,
            signer,
        )?;
        let router = server::router(app);
        anteroom.close().await;

        let (stop, stopped) = watch::channel(false);
        let (stop_engine, engine_stopped) = watch::channel(false);
        let engine = work((engine, sealer, outboxes), engine_stopped);
        let serving = tokio::spawn(async move {
            bound
                .serve(router, &limits, until(stopped))
                .await
                .context("the server failed")
        });
        let instance = Self {
            http,
            https,
            dev: dev_file,
            stop,
            stop_engine,
            serving,
            engine,
            service,
            _lock: lock,
        };
        if let Err(error) = instance.introduce(&data, seed.as_deref()).await {
            instance.stop().await?;
            return Err(error);
        }
        Ok(instance)
    }

    /// Brings in the seed, keeps what there is to be reset to, then tells how to sign in: whoever waits for that file finds everything there.
    async fn introduce(&self, data: &Path, seed: Option<&Path>) -> anyhow::Result<()> {
        let Some(dev) = &self.dev else {
            return Ok(());
        };
        if let Some(seed) = seed {
            let graph = self.graph(dev)?;
            tenant_file::apply(&graph, seed).await?;
        }
        service::tenant::keep_start(&self.service)
            .await
            .context("cannot keep how the tenant is at its start")?;
        dev.write(data)
    }

    /// The tenant's own Graph API, as its client `admin`.
    pub(crate) fn graph(&self, dev: &DevFile) -> anyhow::Result<Graph> {
        let root = base_url_of(self.http, self.https)?;
        let mut here = dev.clone();
        here.authority = root.clone();
        let http = http_client(Some(&dev.ca_file))?;
        let grant = Grant::of_known_client(&here, here.client("admin")?, &[]);
        Graph::new(http, &root, TokenSource::Grant(grant))
    }

    /// Waits until the server ends by itself, which only a failure makes it do.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        let what = tokio::select! {
            served = &mut self.serving => match served {
                Ok(Ok(())) => anyhow!("the server stopped by itself"),
                Ok(Err(error)) => error,
                Err(panic) => anyhow!(panic).context("the server panicked"),
            },
            engine = &mut self.engine => match engine {
                Ok(()) => anyhow!("the delivery engine stopped by itself"),
                Err(panic) => anyhow!(panic).context("the delivery engine panicked"),
            },
        };
        what
    }

    /// Stops accepting, lets requests and calls under way finish, gives claimed work back, closes the database.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        // Where nobody listens any more there is nothing to stop.
        let _ = self.stop.send(true);
        let _ = self.stop_engine.send(true);
        let mut engine = self.engine;
        let (served, worked) = tokio::join!(
            self.serving,
            tokio::time::timeout(ENGINE_GRACE, &mut engine)
        );
        if let Ok(ended) = worked {
            ended.context("the delivery engine panicked")?;
        } else {
            // What it had claimed is tried again, by the next start or once the lease is over.
            tracing::warn!("a target did not answer in time; its calls were left");
            engine.abort();
            // The task was told to end, so this is the end, however it is told.
            let _ = engine.await;
        }
        // The last one to go closes the database, which waits for what was submitted.
        let service = self.service;
        tokio::task::spawn_blocking(move || drop(service)).await?;
        served.context("the server panicked")?
    }
}

/// Starts all that works in the background.
fn work(
    (engine, sealer, outboxes): (Engine, audit::Sealer, Outboxes),
    stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(
            engine.run(stopped.clone()),
            sealer.run(stopped.clone()),
            outboxes.run(stopped)
        );
    })
}

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
struct Opening {
    /// Its schema is brought up to date wherever it is.
    migrate: bool,
    /// Nobody else uses it.
    alone: bool,
}

/// The service on a database that is up to date. A database server that takes nobody now is asked again for a while.
async fn open_service(
    config: &Config,
    data: &Path,
    opening: Opening,
    clock: Clock,
    anteroom: &Anteroom,
) -> anyhow::Result<Service> {
    let tell = anteroom.teller();
    let mut pauses = PAUSES.into_iter();
    loop {
        let opened = try_service(config, data, opening, clock.clone(), tell.clone()).await;
        let Err(error) = opened else {
            return opened;
        };
        let Some(pause) = pauses.next().filter(|_| turned_away(&error)) else {
            return Err(error);
        };
        tracing::warn!(
            error = format!("{error:#}"),
            seconds = pause.as_secs(),
            "the database server takes no connection now; trying again"
        );
        tell("waiting for the database server, which takes no connection now".to_owned());
        tokio::time::sleep(pause).await;
    }
}

/// Whether a database server is there and takes nobody for now.
fn turned_away(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<store::Error>()
            .is_some_and(store::Error::is_turned_away)
    })
}

/// Whoever has the folder alone takes up what was claimed before.
async fn try_service(
    config: &Config,
    data: &Path,
    Opening { migrate, alone }: Opening,
    clock: Clock,
    tell: impl Fn(String) + Clone + Send + 'static,
) -> anyhow::Result<Service> {
    let store = {
        let (config, data, now) = (config.clone(), data.to_owned(), clock.now());
        let tell = tell.clone();
        tokio::task::spawn_blocking(move || database::prepare(&config, &data, migrate, now, tell))
            .await??
    };
    tell("taking up what an earlier process left".to_owned());
    let service = Service::new(store, clock, Ids::random(), config.settings());
    service::tenant::initialise(&service)
        .await
        .context("cannot set up the tenant")?;
    if alone {
        let reclaimed = service::deliveries::reclaim(&service)
            .await
            .context("cannot take up deliveries")?;
        if reclaimed > 0 {
            tracing::info!(reclaimed, "took up deliveries that an earlier process left");
        }
        outboxes::reclaim(&service).await?;
    }
    Ok(service)
}

/// Knows the portal, which people come back to at these addresses, and makes the accounts of a development tenant.
async fn prepare_development(
    service: &Service,
    data: &Path,
    base_url: &str,
    back: &[String],
    authority: &Path,
) -> anyhow::Result<DevFile> {
    service::tenant::portal_client(service, back)
        .await
        .context("cannot register the portal")?;
    dev::prepare(service, data, base_url, authority).await
}

/// Says what a development tenant is not good for.
fn warn_of_development() {
    tracing::warn!(
        "this is a development tenant: its passwords are in `dev.json`, and its issuer asks for nothing else"
    );
}

/// In a development tenant receivers need not be named.
fn opened_in_development(mut config: Config, dev: bool) -> Config {
    if dev && config.extensions.allowed_hosts.is_empty() {
        config.extensions.allowed_hosts = vec!["*".to_owned()];
    }
    config
}

fn register_targets(
    config: &Config,
    service: &Service,
    more: Vec<ExtraTarget>,
    dev: bool,
) -> anyhow::Result<Registry> {
    let mut registry = targets::register(
        Registry::new(service),
        &config.target,
        &config.sweeps,
        config.delivery.lease.0,
    )?;
    for (name, connector, options) in more {
        registry = registry.with(name, connector, options)?;
    }
    Ok(if dev {
        registry.with_faults(service.faults.clone())
    } else {
        registry
    })
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender goes with the instance; that is a reason to stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Where TLS is to be spoken.
fn https_address(config: &Config, dev: bool) -> Option<SocketAddr> {
    match config.server.https {
        Some(listen) => listen.address(),
        None => dev.then_some(DEV_HTTPS),
    }
}

async fn bind(config: &Config, dev: bool, material: Option<&TlsMaterial>) -> anyhow::Result<Bound> {
    let given = config
        .server
        .certificate_file
        .as_ref()
        .zip(config.server.key_file.as_ref());
    if let Some((_, key)) = given {
        secret::check_private("server.keyFile", key)?;
    }
    let own = material.map(|material| (&material.certificate, &material.key));
    let https =
        https_address(config, dev)
            .zip(given.or(own))
            .map(|(address, (certificate, key))| Https {
                address,
                certificate: certificate.clone(),
                key: key.clone(),
            });
    let listeners = Listeners {
        http: config.server.http.address(),
        https,
    };
    Ok(server::bind(listeners).await?)
}

/// The names that a self-made certificate is for, besides this machine's own.
fn certificate_names(config: &Config, dev: bool) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(address) = https_address(config, dev)
        && !address.ip().is_unspecified()
    {
        names.push(address.ip().to_string());
    }
    let public = config
        .server
        .public_url
        .as_deref()
        .and_then(|url| reqwest::Url::parse(url).ok());
    if let Some(host) = public.as_ref().and_then(reqwest::Url::host_str) {
        names.push(host.trim_matches(['[', ']']).to_owned());
    }
    names
}

/// Where clients are told to go: scheme, host and port.
fn base_url(
    config: &Config,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
) -> anyhow::Result<String> {
    if let Some(url) = &config.server.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    base_url_of(http, https)
}

fn base_url_of(http: Option<SocketAddr>, https: Option<SocketAddr>) -> anyhow::Result<String> {
    https
        .map(|address| url("https", address))
        .or_else(|| http.map(|address| url("http", address)))
        .context("the server listens nowhere")
}

/// The URL of a listener, as seen from this machine.
pub(crate) fn url(scheme: &str, address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("{scheme}://{address}")
}

fn app(
    config: &Config,
    data: &Path,
    service: &Service,
    (engine, sealer, outboxes): (&Engine, &audit::Sealer, &Outboxes),
    dev: Option<&DevFile>,
    delivery: Delivery,
    signer: Arc<Signer>,
) -> anyhow::Result<App> {
    let mut issuers = verifier_configs(config)?;
    let mut built_in = None;
    let issuer = match dev {
        Some(dev) => {
            let keys = SigningKeys::open(data, Algorithm::Es256)?;
            let cloud = config.server.cloud_profile.cloud();
            let own = dev::own_issuer(dev, cloud, &keys);
            built_in = Some((dev, own.clone()));
            issuers.push(own);
            Some(Issuer::new(&dev.tenant_id, &dev.base_url, GRAPH_ID, keys))
        }
        None => None,
    };
    if issuers.is_empty() {
        tracing::warn!(
            "no issuer is configured, so every call of the Graph API is answered 401: add an `[[issuer]]` to the \
             configuration (see `reeve config`), or use `reeve serve --dev` for a tenant with an issuer of its own"
        );
    }
    let mut registry = MetricsRegistry::default();
    let metrics = Metrics::register(&mut registry);
    engine.metrics().register(&mut registry);
    sealer.register(&mut registry);
    outboxes.poster().metrics().register(&mut registry);
    Ok(App::new(Parts {
        service: service.clone(),
        verifier: Verifier::new(issuers)?,
        token_clock: Clock::system(),
        public_url: config.server.public_url.clone(),
        authorization_uri: dev
            .map(|dev| format!("{}/{}/oauth2/v2.0/authorize", dev.authority, dev.tenant_id))
            .or_else(|| issuers::authorization_uri(config)),
        issuer,
        portal: portal::pages(config, service, &delivery, built_in)?,
        signer: Some(signer),
        receivers: Some(outboxes.receivers()),
        delivery,
        development: dev.is_some(),
        paging_key: database::paging_key(config, data)?,
        metrics,
        registry: Arc::new(registry),
        limits: config.limits.limits(),
    }))
}

/// What operators are shown of deliveries.
fn operators_view(
    config: &Config,
    service: &Service,
    registry: &Registry,
) -> (Vec<Target>, StuckQuery) {
    let targets = registry
        .names()
        .map(|name| {
            let configured = config.target.iter().find(|target| target.name() == name);
            let kind = match configured {
                Some(TargetSection::Scim(_)) => "scim",
                Some(TargetSection::Ldap(_)) => "ldap",
                None if name == delivery::DIRECTORY => "directory",
                None => "built-in",
            };
            Target {
                name: name.to_owned(),
                kind: kind.to_owned(),
            }
        })
        .collect();
    let service = service.clone();
    let stuck: StuckQuery = Arc::new(move || {
        let service = service.clone();
        Box::pin(async move {
            let report = delivery::stuck(&service).await?;
            let now = service.clock.now();
            Ok(report
                .objects
                .into_iter()
                .map(|object| Stuck {
                    kind: object.kind.as_str().to_owned(),
                    id: object.id,
                    since: object.since.unwrap_or(now),
                })
                .collect())
        })
    });
    (targets, stuck)
}

/// What the server is told of the engine.
fn delivery_of(
    (targets, stuck): (Vec<Target>, StuckQuery),
    service: &Service,
    engine: &Engine,
    outboxes: &Outboxes,
) -> Delivery {
    Delivery {
        targets,
        stuck,
        lanes: Arc::new({
            let engine = engine.clone();
            move || engine.lanes()
        }),
        settle: settling(service, engine, outboxes),
    }
}

/// All that can be done at the time it is, by whoever works in the background as well, for a clock that is moved.
fn settling(service: &Service, engine: &Engine, outboxes: &Outboxes) -> Settle {
    let (service, engine, outboxes) = (service.clone(), engine.clone(), outboxes.clone());
    Arc::new(move || {
        let (service, engine, outboxes) = (service.clone(), engine.clone(), outboxes.clone());
        Box::pin(async move {
            loop {
                service.standstill.until_still().await;
                let report = engine.settle().await?;
                let done = outboxes.pass().await?;
                if report.passes <= 1 && done == 0 {
                    return Ok(());
                }
            }
        })
    })
}

/// Replaces what the command line says about listeners.
pub(crate) fn override_listeners(config: &mut Config, http: Option<Listen>, https: Option<Listen>) {
    if let Some(http) = http {
        config.server.http = http;
    }
    if https.is_some() {
        config.server.https = https;
    }
}
