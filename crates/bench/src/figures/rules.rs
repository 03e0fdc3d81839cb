//! How long it takes to ask the rule of an automatic policy of everybody, where nothing follows: in this process, beside one
//! pass over the same rows on one thread.
//!
//! **Invariant:** both sides look at every user and at who holds the package, and find nobody who gains or loses it.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, ensure};
use domain::id::AccessPackageId;
use rusqlite::Connection;
use serde::Deserialize;
use service::clock::{Clock, Ids};
use service::settings::Settings;
use service::{Service, ServiceError, automatic};
use store::{Location, Options, Store};
use tokio::runtime::Runtime;

use super::{Figure, Part, Plan, Section, pair};
use crate::data::{self, Kind, Size, id, made_at};
use crate::http::now;

/// One of so many users is selected, and holds the package.
const SELECTED: u64 = 100;

/// A rule, and how the same is found out by hand.
struct Asked {
    name: &'static str,
    rule: &'static str,
    /// The ids of the users with the text that decides.
    select: &'static str,
    selects: fn(&str) -> anyhow::Result<bool>,
}

const ASKED: [Asked; 2] = [
    Asked {
        name: "a rule asked of all users, s",
        rule: "user.department -eq \"Sales\"",
        select: "SELECT id, department FROM directory_user WHERE deleted_at IS NULL ORDER BY id",
        selects: |department| Ok(department.eq_ignore_ascii_case("Sales")),
    },
    Asked {
        name: "the same about their details, s",
        rule: "user.country -eq \"Denmark\"",
        select: "SELECT id, details FROM directory_user WHERE deleted_at IS NULL ORDER BY id",
        selects: |details| {
            let details: Details<'_> = serde_json::from_str(details)?;
            Ok(details.country.eq_ignore_ascii_case("Denmark"))
        },
    },
];

#[derive(Deserialize)]
struct Details<'a> {
    country: &'a str,
}

/// Everything that a sweep needs, in this process.
struct Bench {
    runtime: Runtime,
    service: Service,
    bare: Connection,
}

pub(super) fn measure(plan: &Plan) -> anyhow::Result<Section> {
    let users = plan.ruled;
    eprintln!("rules: filling a SQLite file with {users} users ...");
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(&folder.path().join("rules.db"), users)?;
    let mut figures = Vec::new();
    for asked in ASKED {
        eprintln!("rules: {}", asked.rule);
        bench.change_rule(asked.rule)?;
        let pairs = (0..plan.pairs)
            .map(|number| pair(number, || bench.sweep(users), || bench.pass(&asked, users)))
            .collect::<anyhow::Result<_>>()?;
        figures.push(Figure {
            name: asked.name,
            yardstick: "one thread reading the same columns in one statement and comparing; less is better",
            pairs,
            note: Some(format!("`{}`", asked.rule)),
        });
    }
    Ok(Section {
        part: Part::Rules,
        title: format!(
            "Assignment by rule on SQLite: {users} users, one of {SELECTED} selected and holding; in one process; {} pairs",
            plan.pairs
        ),
        figures,
    })
}

impl Bench {
    fn new(file: &Path, users: u64) -> anyhow::Result<Self> {
        let location = Location::Sqlite {
            path: file.to_owned(),
        };
        let clock = Clock::system();
        Store::open(&location, &Options::default())?.migrate(clock.now())?;
        fill(file, users)?;
        let store = Store::open(&location, &Options::default())?;
        let bare = Connection::open(file)?;
        bare.execute_batch("PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456")?;
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            service: Service::new(store, clock, Ids::random(), Settings::default()),
            bare,
        })
    }

    fn change_rule(&self, rule: &str) -> anyhow::Result<()> {
        self.bare
            .execute("UPDATE automatic_policy SET rule = ?1", [rule])?;
        Ok(())
    }

    /// Seconds from the wish to look at everybody until everybody was looked at.
    fn sweep(&self, users: u64) -> anyhow::Result<f64> {
        let package: AccessPackageId = id(Kind::Package, 0).parse()?;
        let begun = now();
        let looked_at = self.runtime.block_on(async {
            let moment = self.service.clock.now();
            let wish = move |tx: &mut store::WriteTx<'_>| {
                store::automatic::sweep::request(tx, package, moment)
            };
            self.service.store.write(wish).await?;
            let mut looked_at = 0;
            loop {
                match automatic::run_due(&self.service).await? {
                    0 => return Ok::<_, ServiceError>(looked_at),
                    more => looked_at += more as u64,
                }
            }
        })?;
        let took = begun.elapsed().as_secs_f64();
        ensure!(looked_at >= users, "{looked_at} of {users} were looked at");
        let requests: i64 = self.bare.query_row(
            "SELECT count(*) FROM assignment_request WHERE request_type <> 'adminAdd'",
            [],
            |row| row.get(0),
        )?;
        ensure!(requests == 0, "{requests} requests followed");
        Ok(took)
    }

    /// Seconds for the same by hand.
    fn pass(&self, asked: &Asked, users: u64) -> anyhow::Result<f64> {
        let begun = now();
        let mut statement = self.bare.prepare_cached(
            "SELECT s.object_id FROM assignment a JOIN subject s ON s.id = a.target_id \
             WHERE a.access_package_id = ?1 AND a.state <> 'expired'",
        )?;
        let holders = statement
            .query_map([id(Kind::Package, 0)], |row| row.get(0))?
            .collect::<rusqlite::Result<HashSet<String>>>()?;
        let mut statement = self.bare.prepare_cached(asked.select)?;
        let mut rows = statement.query([])?;
        let (mut seen, mut selected) = (0, 0);
        while let Some(row) = rows.next()? {
            let user = row.get_ref(0)?.as_str()?;
            let is_selected = (asked.selects)(row.get_ref(1)?.as_str()?)?;
            ensure!(is_selected == holders.contains(user), "`{user}` changes");
            seen += 1;
            selected += u64::from(is_selected);
        }
        let took = begun.elapsed().as_secs_f64();
        ensure!(
            (seen, selected) == (users, users / SELECTED),
            "{seen} users, {selected} selected"
        );
        Ok(took)
    }
}

/// Users, one package with an automatic policy, and those who hold it.
fn fill(file: &Path, users: u64) -> anyhow::Result<()> {
    let size = Size {
        users,
        packages: 1,
        assignments: users / SELECTED,
    };
    let mut connection = Connection::open(file)?;
    data::into_sqlite(&mut connection, size)?;
    let tx = connection.transaction()?;
    {
        let mut hold = tx.prepare("UPDATE assignment SET target_id = ?2 WHERE id = ?1")?;
        let mut select = tx.prepare(
            "UPDATE directory_user SET department = 'Sales', details = '{\"country\":\"Denmark\"}' WHERE id = ?1",
        )?;
        // From the end, so that nobody gets what an earlier row still has.
        for n in (0..size.assignments).rev() {
            let user = n * SELECTED;
            hold.execute([id(Kind::Assignment, n), id(Kind::Subject, user)])?;
            select.execute([id(Kind::User, user)])?;
        }
    }
    tx.execute(
        "INSERT INTO automatic_policy (policy_id, access_package_id, rule, adds, removes, grace, created_at) \
         VALUES (?1, ?2, '', TRUE, TRUE, NULL, ?3)",
        rusqlite::params![
            id(Kind::Policy, 0),
            id(Kind::Package, 0),
            i64::try_from(made_at(0))?
        ],
    )?;
    tx.commit()?;
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .context("the file is in use")
}
