//! How fast deliveries go to targets outside, SCIM and LDAP, beside a bare loop of the writes; what a dead target costs the others;
//! and how long an idle server takes from accepting a change to having it in the target.
//!
//! **Invariant:** a delivery counts when its outcome is in the database, seen as present, and a SCIM target was sent it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use ldap3::{Ldap, LdapConnAsync, Mod};
use peers::slapd::{self, GROUPS, SERVICE, SERVICE_PASSWORD, Slapd};
use rusqlite::{Connection as Sqlite, params};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{Figure, Part, Plan, Section, pair};
use crate::data::{Kind, Size, id};
use crate::http::{Call, Connection, Target, now, send_all};
use crate::machine;
use crate::report::Pair;
use crate::stub::Stub;
use crate::tenant::Tenant;

const REQUESTS: &str = "/v1.0/identityGovernance/entitlementManagement/assignmentRequests";

/// Calls under way at once, on both sides.
const IN_FLIGHT: usize = 16;
/// How long the slow target thinks.
const THINKS: Duration = Duration::from_millis(20);
/// How long deliveries may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long between two looks at the ledger, at the end alone where the target tells how far things are.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A target: package `n` has its group in the target `n % 6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// Takes a hundred members at once, and thinks about nothing.
    Quick,
    /// The same service, where each member is a request of its own.
    Single,
    /// Takes one member at a time, and thinks about each request.
    Slow,
    /// Takes connections and never says a word.
    Dead,
    /// An LDAP server.
    Ldap,
    /// The same server, where each member is a modify of its own.
    LdapSingle,
}

/// All of them.
const NAMES: [Name; 6] = [
    Name::Quick,
    Name::Single,
    Name::Slow,
    Name::Dead,
    Name::Ldap,
    Name::LdapSingle,
];
/// Deliveries of each group to a target that thinks.
const FEW: u64 = 10;
/// Connections to it, on both sides: a server with one writer gains nothing past a few.
const CONNECTIONS: usize = 2;
/// The attribute of its groups that holds the members; they need no entries of their own.
const MEMBERS: &str = "memberUid";

impl Name {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Single => "single",
            Self::Slow => "slow",
            Self::Dead => "dead",
            Self::Ldap => "ldap",
            Self::LdapSingle => "ldap-single",
        }
    }

    const fn is_ldap(self) -> bool {
        matches!(self, Self::Ldap | Self::LdapSingle)
    }

    /// Whether each member is a write of its own.
    const fn is_single(self) -> bool {
        matches!(self, Self::Single | Self::Slow | Self::LdapSingle)
    }

    /// The packages whose groups are in it.
    fn packages(self, size: Size) -> impl Iterator<Item = u64> {
        let place = NAMES.iter().position(|name| *name == self).unwrap_or(0);
        (place as u64..size.packages).step_by(NAMES.len())
    }
}

/// Which grants are to be delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// So many of each group.
    Few(u64),
    /// All of each group.
    All,
}

struct Bench {
    runtime: Runtime,
    tenant: Tenant,
    /// Keeps Reeve alive.
    _server: crate::server::Server,
    reeve: Target,
    ledger: Sqlite,
    quick: Stub,
    slow: Stub,
    /// Takes connections and never says a word.
    _dead: TcpListener,
    /// None where it is not installed.
    slapd: Option<Slapd>,
}

pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Section> {
    let size = plan.size;
    eprintln!("targets: filling a SQLite file ...");
    let mut bench = Bench::start(reeve, size)?;
    let mut figures = Vec::new();
    eprintln!("targets: one by one");
    figures.push(bench.against_patches(
        plan,
        "SCIM deliveries/s, one a request",
        (Name::Single, Wanted::All),
    )?);
    eprintln!("targets: many members of a group");
    let before = bench.quick.asked();
    figures.push(bench.against_patches(
        plan,
        "SCIM deliveries/s, 100 a group",
        (Name::Quick, Wanted::All),
    )?);
    let after = bench.quick.asked();
    eprintln!("targets: a slow one");
    figures.push(bench.against_patches(
        plan,
        "SCIM deliveries/s, target of 20 ms",
        (Name::Slow, Wanted::Few(FEW)),
    )?);
    eprintln!("targets: beside a dead one");
    figures.push(bench.beside_a_dead_one(plan)?);
    figures.extend(bench.against_modifies(plan)?);
    eprintln!("targets: accepted to enforced");
    figures.extend(bench.accepted_to_enforced(plan)?);
    let requests = after.requests - before.requests;
    let note = format!(
        "{requests} requests of all kinds while 100 a group were delivered and their yardstick ran"
    );
    if let Some(figure) = figures.get_mut(1) {
        figure.note = Some(note);
    }
    Ok(Section {
        part: Part::Targets,
        title: format!(
            "targets: {} groups of {} in six targets; {IN_FLIGHT} calls at once to SCIM, {CONNECTIONS} to LDAP; {} pairs",
            size.packages,
            size.assignments / size.packages,
            plan.pairs
        ),
        figures,
    })
}

impl Bench {
    fn start(reeve: &Path, size: Size) -> anyhow::Result<Self> {
        let (quick, slow) = (Stub::start(Duration::ZERO)?, Stub::start(THINKS)?);
        let dead = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let slapd = Slapd::start(&["keeper"])?;
        let mut configuration = String::new();
        for name in NAMES.into_iter().filter(|name| !name.is_ldap()) {
            let address = match name {
                Name::Slow => slow.address,
                Name::Dead => dead.local_addr()?,
                Name::Quick | Name::Single | Name::Ldap | Name::LdapSingle => quick.address,
            };
            write!(
                configuration,
                "[[target]]\nname = \"{}\"\nkind = \"scim\"\nurl = \"http://{address}\"\ntoken = \"bare\"\n\
                 maxInFlight = {IN_FLIGHT}\nsweep = \"PT0S\"\n{}",
                name.as_str(),
                at_once(name)
            )?;
        }
        if let Some(slapd) = &slapd {
            for name in NAMES.into_iter().filter(|name| name.is_ldap()) {
                write!(
                    configuration,
                    "[[target]]\nname = \"{}\"\nkind = \"ldap\"\nurl = \"{}\"\nbindDn = \"{SERVICE}\"\n\
                     password = \"{SERVICE_PASSWORD}\"\nmemberAttribute = \"{MEMBERS}\"\n\
                     memberValue = \"{{localPart}}\"\nmaxInFlight = {CONNECTIONS}\nsweep = \"PT0S\"\n{}",
                    name.as_str(),
                    slapd.url(),
                    at_once(name)
                )?;
            }
            slapd.change(&groups(size)?)?;
        } else {
            eprintln!("SKIPPED: {} is not installed", slapd::NAME);
        }
        let tenant = Tenant::configured(reeve, size, &configuration)?;
        tenant.add(|tx| {
            for package in 0..size.packages {
                let group = id(Kind::Group, package);
                let name = name_of(package)?;
                let address = if name.is_ldap() {
                    group_dn(package)
                } else {
                    group.clone()
                };
                tx.execute(
                    "INSERT INTO target_binding (object_id, target, address) VALUES (?1, ?2, ?3)",
                    params![group, name.as_str(), address],
                )?;
                tx.execute(
                    "UPDATE ledger SET target = ?2 WHERE resource_origin_id = ?1",
                    params![group, name.as_str()],
                )?;
            }
            Ok(())
        })?;
        let server = tenant.start()?;
        let target = tenant.target(&server)?;
        let ledger = Sqlite::open(tenant.file().context("no file")?)?;
        ledger.busy_timeout(Duration::from_secs(20))?;
        let bench = Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            tenant,
            _server: server,
            reeve: target,
            ledger,
            quick,
            slow,
            _dead: dead,
            slapd,
        };
        for name in NAMES {
            if !name.is_ldap() || bench.slapd.is_some() {
                bench.switch(name, "pause")?;
            }
        }
        Ok(bench)
    }

    fn stub(&self, target: Name) -> Option<&Stub> {
        match target {
            Name::Quick | Name::Single => Some(&self.quick),
            Name::Slow => Some(&self.slow),
            Name::Dead | Name::Ldap | Name::LdapSingle => None,
        }
    }

    fn switch(&self, target: Name, how: &str) -> anyhow::Result<()> {
        let call = Call {
            method: Method::POST,
            path: format!("/reeve/v1/targets/{}/{how}", target.as_str()),
            body: Bytes::new(),
            expected: StatusCode::NO_CONTENT,
        };
        self.runtime
            .block_on(async { Connection::open(&self.reeve).await?.send(&call).await })?;
        Ok(())
    }

    /// Makes grants of a paused target due; says how many.
    fn make_due(&self, target: Name, wanted: Wanted) -> anyhow::Result<usize> {
        let most = match wanted {
            Wanted::All => i64::MAX,
            Wanted::Few(most) => i64::try_from(most)?,
        };
        let sql = "UPDATE ledger SET phase = 'pending', operation = 'add', observed = 'unknown', attempts = 0, \
             next_attempt_at = created_at WHERE id IN (SELECT id FROM (SELECT id, \
             row_number() OVER (PARTITION BY resource_origin_id ORDER BY id) AS place FROM ledger WHERE target = ?1) \
             WHERE place <= ?2)";
        Ok(self.ledger.execute(sql, params![target.as_str(), most])?)
    }

    fn is_left(&self, target: Name) -> anyhow::Result<bool> {
        let mut left = self.ledger.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM ledger WHERE phase = 'pending' AND target = ?1) \
             OR EXISTS (SELECT 1 FROM ledger WHERE phase = 'leased' AND lease_until > 0 AND target = ?1)",
        )?;
        Ok(left.query_row([target.as_str()], |row| row.get(0))?)
    }

    /// Whether somebody is still to be told of something.
    fn are_notices_left(&self) -> anyhow::Result<bool> {
        let mut left = self.ledger.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM notice WHERE due_at <= CAST(unixepoch('subsec') * 1000000 AS INTEGER)) \
             OR EXISTS (SELECT 1 FROM notice WHERE lease_until IS NOT NULL)",
        )?;
        Ok(left.query_row([], |row| row.get(0))?)
    }

    /// Waits until nothing is left for a target.
    fn wait(&self, target: Name) -> anyhow::Result<()> {
        self.wait_while(|| self.is_left(target))
            .with_context(|| format!("deliveries to `{}`", target.as_str()))
    }

    fn wait_while(&self, is_left: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let begun = now();
        while is_left()? {
            ensure!(begun.elapsed() < PATIENCE, "it takes too long");
            self.runtime
                .block_on(async { tokio::time::sleep(LOOK_EVERY).await });
        }
        Ok(())
    }

    /// Deliveries a second, from the moment when they may begin to the last outcome.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn deliver(&self, target: Name, wanted: Wanted) -> anyhow::Result<f64> {
        let due = self.make_due(target, wanted)?;
        let stub = self.stub(target);
        let before = stub.map_or(0, |stub| stub.asked().members);
        let begun = now();
        self.switch(target, "resume")?;
        if let Some(stub) = stub {
            let all = stub.sent(before + due as u64);
            self.runtime
                .block_on(async { tokio::time::timeout(PATIENCE, all).await })
                .with_context(|| format!("deliveries to `{}` take too long", target.as_str()))?;
        }
        self.wait(target)?;
        let took = begun.elapsed();
        self.switch(target, "pause")?;
        if let Some(stub) = stub {
            let sent = stub.asked().members - before;
            ensure!(
                sent == due as u64,
                "{sent} members were sent for {due} deliveries"
            );
        }
        let unseen: i64 = self.ledger.query_row(
            "SELECT count(*) FROM ledger WHERE target = ?1 AND observed <> 'present'",
            [target.as_str()],
            |row| row.get(0),
        )?;
        ensure!(unseen == 0, "{unseen} grants were not seen");
        Ok(due as f64 / took.as_secs_f64())
    }

    /// As many writes a second, each of one member, by callers that do nothing else.
    fn patches(&self, target: Name, count: u64) -> anyhow::Result<f64> {
        let calls: Vec<Call> = (0..count)
            .map(|n| patch(&format!("user{n}@example.com")))
            .collect();
        let bare = Target {
            address: self.stub(target).context("no such stub")?.address,
            token: Some("bare".to_owned()),
        };
        let run = self
            .runtime
            .block_on(send_all(&bare, IN_FLIGHT, Arc::new(calls)))?;
        Ok(run.rate())
    }

    fn against_patches(
        &mut self,
        plan: &Plan,
        name: &'static str,
        (target, wanted): (Name, Wanted),
    ) -> anyhow::Result<Figure> {
        // Connections and statements are made before anything counts.
        self.deliver(target, wanted)?;
        let groups = target.packages(plan.size).count() as u64;
        let count = match wanted {
            Wanted::Few(few) => groups * few,
            Wanted::All => groups * (plan.size.assignments / plan.size.packages),
        };
        let pairs = (0..plan.pairs)
            .map(|number| {
                pair(
                    number,
                    || self.deliver(target, wanted),
                    || self.patches(target, count),
                )
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Figure {
            name,
            yardstick: "a bare loop of PATCH, one member each, as many at once, no outcome kept",
            pairs,
            note: None,
        })
    }

    /// The same deliveries, with and without work for a target that takes connections and never answers.
    fn beside_a_dead_one(&mut self, plan: &Plan) -> anyhow::Result<Figure> {
        let pairs = (0..plan.pairs)
            .map(|number| {
                pair(
                    number,
                    || {
                        self.make_due(Name::Dead, Wanted::All)?;
                        self.switch(Name::Dead, "resume")?;
                        let rate = self.deliver(Name::Quick, Wanted::All);
                        self.switch(Name::Dead, "pause")?;
                        rate
                    },
                    || self.deliver(Name::Quick, Wanted::All),
                )
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Figure {
            name: "SCIM deliveries/s beside a dead target",
            yardstick: "the same without work for the dead target",
            pairs,
            note: None,
        })
    }

    /// LDAP: one member a modify, and all of each group at once, beside one modify after the other on as many connections.
    fn against_modifies(&mut self, plan: &Plan) -> anyhow::Result<Vec<Figure>> {
        if self.slapd.is_none() {
            return Ok(Vec::new());
        }
        eprintln!("targets: LDAP");
        let each = plan.size.assignments / plan.size.packages;
        let mut figures = Vec::new();
        for (name, target) in [
            ("LDAP deliveries/s, one a request", Name::LdapSingle),
            ("LDAP deliveries/s, 100 a group", Name::Ldap),
        ] {
            let packages: Vec<u64> = target.packages(plan.size).collect();
            self.empty_groups(&packages)?;
            self.deliver(target, Wanted::All)?;
            let pairs = (0..plan.pairs)
                .map(|number| {
                    pair(
                        number,
                        || {
                            self.empty_groups(&packages)?;
                            self.deliver(target, Wanted::All)
                        },
                        || {
                            self.empty_groups(&packages)?;
                            self.modifies(&packages, each)
                        },
                    )
                })
                .collect::<anyhow::Result<_>>()?;
            figures.push(Figure {
                name,
                yardstick: "a bare LDAP client, one member a modify, as many connections, no outcome kept",
                pairs,
                note: None,
            });
        }
        Ok(figures)
    }

    async fn bound(&self) -> anyhow::Result<Ldap> {
        let url = self.slapd.as_ref().context("no LDAP server")?.url();
        let (connection, mut ldap) = LdapConnAsync::new(&url).await?;
        // An error shows at the next operation.
        tokio::spawn(async move { drop(connection.drive().await) });
        ldap.simple_bind(SERVICE, SERVICE_PASSWORD)
            .await?
            .success()?;
        Ok(ldap)
    }

    fn empty_groups(&self, packages: &[u64]) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let mut ldap = self.bound().await?;
            for package in packages {
                let nobody = Mod::Replace(MEMBERS, HashSet::new());
                let dn = group_dn(*package);
                ldap.modify(&dn, vec![nobody]).await?.success()?;
            }
            ldap.unbind().await?;
            Ok(())
        })
    }

    /// Members a second, each by a modify of its own.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn modifies(&self, packages: &[u64], each: u64) -> anyhow::Result<f64> {
        let parts = packages.chunks(packages.len().div_ceil(CONNECTIONS));
        let took = self.runtime.block_on(async {
            let mut connections = Vec::new();
            for part in parts {
                connections.push((self.bound().await?, part));
            }
            let begun = now();
            let writers = connections.into_iter().map(|(mut ldap, part)| async move {
                for n in 0..each {
                    for package in part {
                        let member = format!("bare{n}");
                        let add = Mod::Add(MEMBERS, HashSet::from([member.as_str()]));
                        let dn = group_dn(*package);
                        ldap.modify(&dn, vec![add]).await?.success()?;
                    }
                }
                anyhow::Ok(())
            });
            futures_util::future::try_join_all(writers).await?;
            anyhow::Ok(begun.elapsed())
        })?;
        Ok((packages.len() as u64 * each) as f64 / took.as_secs_f64())
    }

    /// How long it takes from sending a direct assignment to the change of its group in the target.
    fn accepted_to_enforced(&mut self, plan: &Plan) -> anyhow::Result<Vec<Figure>> {
        self.switch(Name::Quick, "resume")?;
        let folder = tempfile::tempdir()?;
        let bare = Sqlite::open(folder.path().join("bare.db"))?;
        bare.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE work (id INTEGER PRIMARY KEY, body TEXT)",
        )?;
        let rounds = plan.rounds();
        let mut next = (0..plan.size.assignments).filter(|n| {
            let (_, package) = plan.size.vacancy(*n);
            name_of(package).is_ok_and(|name| name == Name::Quick)
        });
        let mut found = [Vec::new(), Vec::new()];
        for number in 0..plan.pairs {
            let before = machine::ticks();
            let mut sides = [Vec::new(), Vec::new()];
            for side in [number % 2, (number + 1) % 2] {
                for _ in 0..rounds {
                    let took = if side == 0 {
                        let n = next.next().context("all packages are held")?;
                        self.enforce(plan.size.vacancy(n))?
                    } else {
                        self.bare_steps(&bare)?
                    };
                    if let Some(side) = sides.get_mut(side) {
                        side.push(took);
                    }
                }
                self.tenant.settle(&self.runtime)?;
            }
            let others = machine::foreign_share(before);
            let [mut ours, mut yardstick] = sides;
            for (quantile, pairs) in [0.5, 0.99].into_iter().zip(&mut found) {
                pairs.push(Pair {
                    reeve: at(&mut ours, quantile),
                    yardstick: at(&mut yardstick, quantile),
                    others,
                });
            }
        }
        self.switch(Name::Quick, "pause")?;
        let names = [
            "accepted to enforced, p50 ms",
            "accepted to enforced, p99 ms",
        ];
        let figures = names.into_iter().zip(found).map(|(name, pairs)| Figure {
            name,
            yardstick: "two durable commits and one PATCH, one after the other; less is better",
            pairs,
            note: None,
        });
        Ok(figures.collect())
    }

    fn enforce(&self, (user, package): (u64, u64)) -> anyhow::Result<f64> {
        let body = json!({
            "requestType": "adminAdd",
            "assignment": {
                "targetId": id(Kind::User, user),
                "assignmentPolicyId": id(Kind::Policy, package),
                "accessPackageId": id(Kind::Package, package),
            },
        });
        let call = Call {
            method: Method::POST,
            path: REQUESTS.to_owned(),
            body: Bytes::from(body.to_string()),
            expected: StatusCode::CREATED,
        };
        let patches = self.quick.asked().patches;
        let took = self.runtime.block_on(async {
            let mut connection = Connection::open(&self.reeve).await?;
            let begun = now();
            connection.send(&call).await?;
            tokio::time::timeout(PATIENCE, self.quick.patched(patches + 1)).await?;
            anyhow::Ok(begun.elapsed())
        })?;
        // What follows the change is recorded, and who is to be told is told, before the next one: the server is idle.
        self.wait(Name::Quick)?;
        self.wait_while(|| self.are_notices_left())?;
        Ok(took.as_secs_f64() * 1_000.0)
    }

    fn bare_steps(&self, bare: &Sqlite) -> anyhow::Result<f64> {
        let target = Target {
            address: self.quick.address,
            token: Some("bare".to_owned()),
        };
        let took = self.runtime.block_on(async {
            let mut connection = Connection::open(&target).await?;
            let begun = now();
            for _ in 0..2 {
                bare.execute("INSERT INTO work (body) VALUES ('accepted')", [])?;
            }
            connection.send(&patch("user@example.com")).await?;
            anyhow::Ok(begun.elapsed())
        })?;
        Ok(took.as_secs_f64() * 1_000.0)
    }
}

/// The entry of a package's group.
fn group_dn(package: u64) -> String {
    format!("cn=group{package},{GROUPS}")
}

/// The groups of the LDAP server, empty.
fn groups(size: Size) -> anyhow::Result<String> {
    let mut ldif = String::new();
    let ldap = NAMES.into_iter().filter(|name| name.is_ldap());
    for package in ldap.flat_map(|name| name.packages(size)) {
        write!(
            ldif,
            "dn: {}\nchangetype: add\nobjectClass: posixGroup\ncn: group{package}\ngidNumber: {}\n\n",
            group_dn(package),
            10_000 + package
        )?;
    }
    Ok(ldif)
}

/// How many members the target takes at once, where it is not as many as by itself.
const fn at_once(name: Name) -> &'static str {
    if name.is_single() {
        "maxSubjects = 1\n"
    } else {
        ""
    }
}

fn name_of(package: u64) -> anyhow::Result<Name> {
    let place = usize::try_from(package)? % NAMES.len();
    NAMES.get(place).copied().context("no such target")
}

fn patch(member: &str) -> Call {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "members", "value": [{ "value": member }] }],
    });
    Call {
        method: Method::PATCH,
        path: "/Groups/bare?attributes=members".to_owned(),
        body: Bytes::from(body.to_string()),
        expected: StatusCode::OK,
    }
}

/// What a share of the values stayed below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a place in a short list"
)]
fn at(values: &mut [f64], quantile: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len().saturating_sub(1)) as f64 * quantile;
    values
        .get(place.ceil() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}
