//! A development tenant full of assignments, with the databases of its yardsticks, which start as copies of its own.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use peers::postgres::Cluster;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::data::{self, Size};
use crate::http::{Target, now};
use crate::server::{Server, command};

/// How long work may take to be done.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// How long between two looks at the work.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(10);

const UNDER_WAY: &str =
    "SELECT count(*) FROM assignment_request WHERE state IN ('submitted', 'delivering')";

/// A database.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// An address.
    Postgres(String),
}

/// The tenant.
pub(crate) struct Tenant {
    reeve: PathBuf,
    folder: TempDir,
    database: Database,
    watcher: Watcher,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// A look past the server at how much is under way.
enum Watcher {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Client),
}

impl Tenant {
    /// A tenant in a SQLite file.
    pub(crate) fn on_sqlite(reeve: &Path, size: Size) -> anyhow::Result<Self> {
        Self::configured(reeve, size, "")
    }

    /// The same with a configuration.
    pub(crate) fn configured(
        reeve: &Path,
        size: Size,
        configuration: &str,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("reeve.toml");
        std::fs::write(&file, configuration)?;
        // It may hold secrets, and then Reeve wants it to be its owner's alone.
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
        let file = folder.path().join("data/reeve.db");
        first_start(reeve, folder.path())?;
        let mut connection = rusqlite::Connection::open(&file)?;
        data::into_sqlite(&mut connection, size)?;
        drop(connection);
        let watcher = rusqlite::Connection::open(&file)?;
        Ok(Self {
            reeve: reeve.to_owned(),
            folder,
            database: Database::Sqlite(file),
            watcher: Watcher::Sqlite(watcher),
        })
    }

    /// A tenant in a database of a PostgreSQL server.
    pub(crate) fn on_postgres(reeve: &Path, cluster: &Cluster, size: Size) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        cluster.sql("postgres", "CREATE DATABASE measured TEMPLATE template0")?;
        let url = cluster.url("measured");
        let configuration = format!("[database]\nurl = \"{url}\"\n");
        std::fs::write(folder.path().join("reeve.toml"), configuration)?;
        first_start(reeve, folder.path())?;
        data::into_postgres(&url, size)?;
        for copy in ["bare_group", "bare_each"] {
            cluster.sql(
                "postgres",
                &format!("CREATE DATABASE {copy} TEMPLATE measured"),
            )?;
        }
        let watcher = postgres::Client::connect(&url, postgres::NoTls)?;
        Ok(Self {
            reeve: reeve.to_owned(),
            folder,
            database: Database::Postgres(url),
            watcher: Watcher::Postgres(watcher),
        })
    }

    /// Starts Reeve on it.
    pub(crate) fn start(&self) -> anyhow::Result<Server> {
        serve(&self.reeve, self.folder.path())
    }

    /// Reeve, as its client `admin`.
    pub(crate) fn target(&self, server: &Server) -> anyhow::Result<Target> {
        self.target_as(server, ["--client", "admin"])
    }

    /// Reeve, as one of the users that every development tenant has.
    pub(crate) fn target_as_user(&self, server: &Server, name: &str) -> anyhow::Result<Target> {
        self.target_as(server, ["--user", name])
    }

    /// Puts more into a SQLite file, before the first start.
    pub(crate) fn add(
        &self,
        add: impl FnOnce(&rusqlite::Transaction<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Database::Sqlite(file) = &self.database else {
            bail!("only a SQLite file is added to");
        };
        let mut connection = rusqlite::Connection::open(file)?;
        let tx = connection.transaction()?;
        add(&tx)?;
        tx.commit()?;
        // Into the file itself, which yardsticks copy.
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }

    fn target_as(&self, server: &Server, who: [&str; 2]) -> anyhow::Result<Target> {
        let told = Command::new(&self.reeve)
            .arg("token")
            .args(who)
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .output()?;
        ensure!(
            told.status.success(),
            "reeve token: {}",
            String::from_utf8_lossy(&told.stderr)
        );
        Ok(Target {
            address: server.address,
            token: Some(String::from_utf8(told.stdout)?.trim().to_owned()),
        })
    }

    /// Starts a yardstick on a copy of the database as it was before anything was measured; `group` writes at most share a
    /// commit. Before the first start of Reeve.
    pub(crate) fn yardstick(&self, copy: &str, group: usize) -> anyhow::Result<Server> {
        let mut command = yardstick()?;
        match &self.database {
            Database::Sqlite(file) => {
                let path = self.copy_in_file(copy);
                std::fs::copy(file, &path)?;
                command.arg("--sqlite").arg(path);
            }
            Database::Postgres(url) => {
                command.args(["--postgres", &copy_on_server(url, copy)?]);
            }
        }
        command.args(["--group", &group.to_string()]);
        Server::start(
            &mut command,
            &self.folder.path().join(format!("{copy}.log")),
        )
    }

    /// Starts a yardstick without a database.
    pub(crate) fn empty_yardstick(&self) -> anyhow::Result<Server> {
        Server::start(&mut yardstick()?, &self.folder.path().join("empty.log"))
    }

    /// Waits until no request is under way any more.
    pub(crate) fn settle(&mut self, runtime: &Runtime) -> anyhow::Result<()> {
        let begun = now();
        loop {
            let left = self.under_way()?;
            if left == 0 {
                return Ok(());
            }
            ensure!(
                begun.elapsed() < PATIENCE,
                "{left} requests are still under way after {PATIENCE:?}"
            );
            runtime.block_on(async { tokio::time::sleep(LOOK_EVERY).await });
        }
    }

    /// How many rows these tables hold: the tenant's own, or those of a yardstick's copy.
    pub(crate) fn rows(&self, copy: Option<&str>, tables: &[&str]) -> anyhow::Result<Vec<i64>> {
        let counts = tables
            .iter()
            .map(|table| format!("SELECT count(*) FROM {table}"));
        match &self.database {
            Database::Sqlite(file) => {
                let path = copy.map_or_else(|| file.clone(), |copy| self.copy_in_file(copy));
                let connection = rusqlite::Connection::open(path)?;
                counts
                    .map(|sql| Ok(connection.query_row(&sql, [], |row| row.get(0))?))
                    .collect()
            }
            Database::Postgres(url) => {
                let url = copy.map_or_else(|| Ok(url.clone()), |copy| copy_on_server(url, copy))?;
                let mut client = postgres::Client::connect(&url, postgres::NoTls)?;
                counts
                    .map(|sql| Ok(client.query_one(&sql, &[])?.get(0)))
                    .collect()
            }
        }
    }

    /// The tenant's own file, where the database is a file.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.database {
            Database::Sqlite(file) => Some(file),
            Database::Postgres(_) => None,
        }
    }

    /// The file of a yardstick's copy, where the database is a file.
    pub(crate) fn copied_file(&self, copy: &str) -> Option<PathBuf> {
        match &self.database {
            Database::Sqlite(_) => Some(self.copy_in_file(copy)),
            Database::Postgres(_) => None,
        }
    }

    fn copy_in_file(&self, copy: &str) -> PathBuf {
        self.folder.path().join(format!("{copy}.db"))
    }

    fn under_way(&mut self) -> anyhow::Result<i64> {
        Ok(match &mut self.watcher {
            Watcher::Sqlite(connection) => connection
                .prepare_cached(UNDER_WAY)?
                .query_row([], |row| row.get(0))?,
            Watcher::Postgres(client) => client.query_one(UNDER_WAY, &[])?.get(0),
        })
    }
}

/// The address of a yardstick's database beside that of the tenant.
fn copy_on_server(url: &str, copy: &str) -> anyhow::Result<String> {
    let (server, _) = url
        .rsplit_once('/')
        .context("an address without database")?;
    Ok(format!("{server}/bare_{copy}"))
}

/// This program as a yardstick.
fn yardstick() -> anyhow::Result<Command> {
    let mut command = command(&std::env::current_exe()?);
    command.arg("yardstick");
    Ok(command)
}

/// Has Reeve make the schema and the tenant's own accounts.
fn first_start(reeve: &Path, folder: &Path) -> anyhow::Result<()> {
    serve(reeve, folder)?.stop()
}

fn serve(reeve: &Path, folder: &Path) -> anyhow::Result<Server> {
    let mut command = command(reeve);
    command
        .args([
            "serve",
            "--dev",
            "--http",
            "127.0.0.1:0",
            "--https",
            "off",
            "--migrate",
            "--data",
        ])
        .arg(folder.join("data"));
    let configuration = folder.join("reeve.toml");
    if configuration.exists() {
        command.arg("--config").arg(configuration);
    }
    Server::start(&mut command, &folder.join("reeve.log"))
}
