//! PostgreSQL as a throw-away cluster in a temporary folder, reached by a Unix socket there, and by a
//! loopback port only where TLS is asked for.
//!
//! **Invariant:** the server never outlives the process that started it, not even one that is killed: a thread that lives
//! as long as the cluster is its parent, and the kernel ends the server when that thread goes. What a killed process
//! leaves in the temporary folder is removed by the next one that starts a cluster.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread::JoinHandle;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::policy::started_or_skipped;
use crate::process::{Guard, find_program, free_port, with_free_ports};
use crate::tls::Identity;

/// The name in messages.
pub const NAME: &str = "postgresql";

/// The superuser of every cluster.
pub const USER: &str = "reeve";

/// Folders are called `<PREFIX><process id>-<chance>`, so that it can be told whose they are.
const PREFIX: &str = "reeve-postgres-";

/// What a commit is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: a commit is on the disk.
    Full,
    /// A commit survives the end of the server, but not of the machine; several times faster.
    None,
}

/// A running server with its data.
pub struct Cluster {
    programs: Programs,
    /// What the server is told beside where its data is.
    settings: Vec<String>,
    port: Option<u16>,
    databases: AtomicU32,
    server: Option<Server>,
    folder: TempDir,
}

/// A database of its own; dropped with this value.
pub struct Database<'c> {
    cluster: &'c Cluster,
    name: String,
}

/// The thread that is the parent of the server, and ends it when told.
struct Server {
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone)]
struct Programs {
    binaries: PathBuf,
    setpriv: Option<PathBuf>,
    /// PostgreSQL refuses to run as root.
    as_user: Option<&'static str>,
}

impl Cluster {
    /// Starts a new cluster; `None` if PostgreSQL is not installed.
    pub fn start(durability: Durability) -> anyhow::Result<Option<Self>> {
        let Some(mut cluster) = Self::prepare(durability)? else {
            return Ok(None);
        };
        cluster.start_again()?;
        Ok(Some(cluster))
    }

    /// Starts a new cluster that also listens on a loopback port, where it speaks TLS with a certificate for
    /// `localhost`; `None` if PostgreSQL is not installed.
    pub fn start_with_tls(durability: Durability) -> anyhow::Result<Option<Self>> {
        let Some(mut cluster) = Self::prepare(durability)? else {
            return Ok(None);
        };
        let identity = Identity::for_loopback()?;
        let folder = cluster.folder.path();
        fs::write(folder.join("ca.pem"), &identity.ca_pem)?;
        fs::write(folder.join("server.pem"), &identity.certificate_pem)?;
        let key = folder.join("server.key");
        fs::write(&key, &identity.key_pem)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        cluster.programs.give_away(&key)?;
        let files = folder.display().to_string();
        cluster.settings.extend([
            "ssl=on".to_owned(),
            format!("ssl_cert_file={files}/server.pem"),
            format!("ssl_key_file={files}/server.key"),
            "listen_addresses=127.0.0.1".to_owned(),
        ]);
        with_free_ports(|| {
            let port = free_port()?;
            cluster.settings.push(format!("port={port}"));
            cluster.port = Some(port);
            cluster.start_again()
        })?;
        Ok(Some(cluster))
    }

    /// Everything but the running server.
    fn prepare(durability: Durability) -> anyhow::Result<Option<Self>> {
        let Some(programs) = Programs::find() else {
            return Ok(None);
        };
        remove_leftovers();
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", id()))
            .tempdir()?;
        programs.give_away(folder.path())?;
        programs.initialise(folder.path())?;
        let fsync = match durability {
            Durability::Full => "on",
            Durability::None => "off",
        };
        let settings = [
            "max_connections=400".to_owned(),
            "shared_buffers=64MB".to_owned(),
            "listen_addresses=".to_owned(),
            format!("fsync={fsync}"),
            format!("full_page_writes={fsync}"),
        ];
        Ok(Some(Self {
            programs,
            settings: settings.into(),
            port: None,
            databases: AtomicU32::new(0),
            server: None,
            folder,
        }))
    }

    /// The one cluster of this process, started when it is first asked for, without syncing to disk.
    ///
    /// `None`, after saying so, if PostgreSQL is not installed and this run may do without it.
    ///
    /// # Panics
    /// When it is installed but does not start, and when it is missing although it is required.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Option<Cluster>, String>> = OnceLock::new();
        let shared = SHARED
            .get_or_init(|| Self::start(Durability::None).map_err(|error| format!("{error:#}")));
        let started = shared.as_ref().map(Option::as_ref);
        started_or_skipped(NAME, started.map_err(|error| anyhow::anyhow!("{error}")))
    }

    /// Creates an empty database.
    pub fn create_database(&self) -> anyhow::Result<Database<'_>> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE template0"),
        )?;
        Ok(Database {
            cluster: self,
            name,
        })
    }

    /// Runs a statement behind everybody's back and gives its rows, one a line.
    pub fn sql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        let output = Command::new(self.programs.binaries.join("psql"))
            .args([
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                USER,
                "-d",
                database,
                "-c",
                statement,
            ])
            .args(["-p", &self.port().to_string(), "-h"])
            .arg(self.folder.path())
            .output()?;
        ensure!(
            output.status.success(),
            "psql: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgresql://{USER}@{host}:{}/{database}", self.port())
    }

    /// The address of one of its databases that insists on TLS, for a cluster that speaks it.
    pub fn tls_url(&self, database: &str) -> String {
        let port = self.port();
        format!("postgresql://{USER}@localhost:{port}/{database}?sslmode=require")
    }

    /// The certificate authority of a cluster that speaks TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The port also names the socket.
    fn port(&self) -> u16 {
        self.port.unwrap_or(5432)
    }

    /// Ends the server at once, as a crash would, and keeps the data.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the stopped server on the same data.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.server = None;
        let (programs, folder) = (self.programs.clone(), self.folder.path().to_owned());
        let (settings, port) = (self.settings.clone(), self.port());
        let (stop, stopped) = mpsc::channel();
        let (started, starting) = mpsc::channel();
        let keeper = std::thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || match programs.run(&folder, &settings, port) {
                Ok(guard) => {
                    // Whoever asked may be gone; then the other channel is closed too.
                    let _ = started.send(Ok(()));
                    // An error is the sign as well: it means that the sender is gone.
                    let _ = stopped.recv();
                    programs.stop(&folder, guard);
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })?;
        self.server = Some(Server {
            stop: Some(stop),
            keeper: Some(keeper),
        });
        starting.recv().context("the keeper of the server ended")?
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Before the folder goes.
        self.server = None;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(keeper) = self.keeper.take() {
            // A panic of the keeper has been printed.
            let _ = keeper.join();
        }
    }
}

impl Database<'_> {
    /// Its address.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a statement in it behind everybody's back and gives its rows, one a line.
    pub fn sql(&self, statement: &str) -> anyhow::Result<String> {
        self.cluster.sql(&self.name, statement)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A stopped server takes the database along when its folder goes.
        let _ = self.cluster.sql("postgres", &drop);
    }
}

impl Programs {
    fn find() -> Option<Self> {
        let binaries = find_binaries()?;
        let setpriv = find_program("setpriv", &[]);
        let as_user = is_root().then_some("postgres");
        if as_user.is_some() && setpriv.is_none() {
            return None;
        }
        Some(Self {
            binaries,
            setpriv,
            as_user,
        })
    }

    /// A command that runs one of the programs as somebody who may, and that ends when this thread does.
    fn command(&self, program: &str) -> Command {
        let program = self.binaries.join(program);
        let Some(setpriv) = &self.setpriv else {
            return Command::new(program);
        };
        let mut command = Command::new(setpriv);
        if let Some(user) = self.as_user {
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        // The signal for an immediate shutdown.
        command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
        command
    }

    fn initialise(&self, folder: &Path) -> anyhow::Result<()> {
        let output = self
            .command("initdb")
            .args([
                "-U",
                USER,
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .args(["--no-sync", "--no-instructions", "-D"])
            .arg(folder.join("data"))
            .current_dir(folder)
            .output()?;
        ensure!(
            output.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn run(&self, folder: &Path, settings: &[String], port: u16) -> anyhow::Result<Guard> {
        let mut guard = Guard::spawn(
            self.command("postgres")
                .arg("-D")
                .arg(folder.join("data"))
                .arg("-k")
                .arg(folder)
                .args(settings.iter().flat_map(|setting| ["-c", setting]))
                .current_dir(folder),
            &folder.join("log"),
        )?;
        let is_ready = || {
            let asked = Command::new(self.binaries.join("pg_isready"))
                .args(["-q", "-d", "postgres", "-U", USER])
                .args(["-p", &port.to_string(), "-h"])
                .arg(folder)
                .status();
            asked.is_ok_and(|status| status.success())
        };
        guard.wait_until(is_ready)?;
        Ok(guard)
    }

    /// Lets the server end itself, so that it removes its shared memory; the guard ends it if it does not.
    fn stop(&self, folder: &Path, guard: Guard) {
        let asked = self
            .command("pg_ctl")
            .args(["stop", "-s", "-m", "immediate", "-D"])
            .arg(folder.join("data"))
            .current_dir(folder)
            .output();
        drop(asked);
        drop(guard);
    }

    /// Makes a file or folder belong to whom the server runs as.
    fn give_away(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = self.as_user else {
            return Ok(());
        };
        let status = Command::new("chown").arg(user).arg(path).status()?;
        ensure!(status.success(), "chown {user}: {status}");
        Ok(())
    }
}

/// The folder of the newest version's programs: Debian keeps them off `PATH`.
pub(crate) fn find_binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let binaries = entry.path().join("bin");
            binaries
                .join("initdb")
                .is_file()
                .then_some((version, binaries))
        })
        .max();
    match newest {
        Some((_, binaries)) => Some(binaries),
        None => Some(find_program("initdb", &[])?.parent()?.to_owned()),
    }
}

/// Whether this process belongs to root, told by who owns its entry in `/proc`.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

/// Removes the folders of processes that are gone.
fn remove_leftovers() {
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(owner, _)| owner.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner.to_string()).exists()) {
            // Another process may be doing the same, or the folder may be somebody else's.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_apart_and_go_with_their_guards() {
        let Some(cluster) = Cluster::shared() else {
            return;
        };
        let one = cluster.create_database().unwrap();
        let other = cluster.create_database().unwrap();

        one.sql("CREATE TABLE thing (id INT); INSERT INTO thing VALUES (7)")
            .unwrap();

        assert_eq!(one.sql("SELECT id FROM thing").unwrap(), "7");
        assert!(other.sql("SELECT id FROM thing").is_err());
        let name = one.name().to_owned();
        drop(one);
        let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        assert_eq!(cluster.sql("postgres", &left).unwrap(), "0");
    }

    #[test]
    fn data_outlives_a_crash_of_the_server() {
        let started = started_or_skipped(NAME, Cluster::start(Durability::Full));
        let Some(mut cluster) = started else { return };
        cluster
            .sql("postgres", "CREATE TABLE thing (id INT)")
            .unwrap();

        cluster.stop();
        assert!(cluster.sql("postgres", "SELECT 1").is_err());
        cluster.start_again().unwrap();

        assert_eq!(
            cluster
                .sql("postgres", "SELECT count(*) FROM thing")
                .unwrap(),
            "0"
        );
    }

    #[test]
    fn dropping_a_cluster_ends_its_server_and_removes_its_folder() {
        let started = started_or_skipped(NAME, Cluster::start(Durability::None));
        let Some(cluster) = started else { return };
        let folder = cluster.folder.path().to_owned();
        let file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
        let server = Path::new("/proc").join(file.lines().next().unwrap());
        assert!(server.exists());

        drop(cluster);

        assert!(!server.exists());
        assert!(!folder.exists());
    }
}
