//! A highly available PostgreSQL: Patroni on each of three nodes with synchronous replication, and etcd apart from them.
//!
//! It lives in a [`Network`], so that a node can be cut off, and ends with it. Etcd is where the test is, which is never cut
//! off: Patroni reads without asking for a quorum, and a member that was cut off together with a primary goes on calling it
//! the leader for a moment after it is back. The primary then takes the lock and goes on from what it had.
//!
//! **Invariant:** what a client was told to be committed is on two nodes, and only one of those becomes the primary.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::network::Network;
use crate::postgres;
use crate::process::{Guard, find_program, wait_for};

/// The name in messages.
pub const NAME: &str = "patroni, etcd-server and postgresql";

/// How long a change of the cluster may take on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a node may take to answer a question.
const ANSWER: Duration = Duration::from_secs(2);

const ETCD: u16 = 2379;
const REST: u16 = 8008;
const POSTGRES: u16 = 5432;

/// A running cluster.
pub struct Patroni {
    network: Network,
    binaries: PathBuf,
    /// Etcd and Patroni; PostgreSQL is Patroni's, and ends with the namespaces.
    daemons: Vec<Guard>,
    folder: TempDir,
}

/// A node, as the cluster sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    node: u8,
    role: String,
    is_running: bool,
}

impl Patroni {
    /// Starts three nodes and waits until one is the primary and the others follow; `None` if something is not installed.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let (Some(etcd), Some(patroni), Some(binaries)) = (
            find_program("etcd", &[]),
            find_program("patroni", &[]),
            postgres::find_binaries(),
        ) else {
            return Ok(None);
        };
        let network = Network::with_nodes(3)?;
        let folder = tempfile::Builder::new()
            .prefix("reeve-patroni-")
            .tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let mut cluster = Self {
            network,
            binaries,
            daemons: Vec::new(),
            folder,
        };
        let mut command = Command::new(&etcd);
        command.args(cluster.etcd_arguments());
        let log = cluster.folder.path().join("etcd.log");
        let mut daemons = vec![Guard::spawn(&mut command, &log)?];
        for node in cluster.network.nodes() {
            let home = cluster.home(node);
            fs::create_dir(&home)?;
            fs::write(
                home.join("patroni.yml"),
                cluster.configuration(node).to_string(),
            )?;
            as_owner(Command::new("chown").args(["-R", OWNER]).arg(&home))?;
            fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
            let mut command = cluster.command(node, &patroni);
            command.arg(home.join("patroni.yml")).current_dir(&home);
            daemons.push(Guard::spawn(&mut command, &home.join("patroni.log"))?);
        }
        cluster.daemons = daemons;
        cluster.wait_until_whole()?;
        Ok(Some(cluster))
    }

    /// The address of a database for clients that look for the primary themselves.
    pub fn url(&self, database: &str) -> String {
        let hosts: Vec<String> = self
            .network
            .nodes()
            .map(|node| format!("{}:{POSTGRES}", self.network.address(node)))
            .collect();
        format!(
            "postgresql://{}@{}/{database}?target_session_attrs=read-write",
            postgres::USER,
            hosts.join(",")
        )
    }

    /// The node that is the primary, by what the other nodes know.
    pub fn primary(&self) -> anyhow::Result<u8> {
        self.find_primary().context("there is no primary")
    }

    fn find_primary(&self) -> Option<u8> {
        let members = self.members();
        members
            .iter()
            .find(|member| member.role == "leader")
            .map(|member| member.node)
    }

    /// Kills the server of the primary, and gives its node.
    pub fn kill_primary(&self) -> anyhow::Result<u8> {
        let node = self.primary()?;
        let file = fs::read_to_string(self.home(node).join("data/postmaster.pid"))?;
        let pid = file.lines().next().context("the primary has no process")?;
        as_owner(Command::new("kill").args(["-KILL", pid]))?;
        Ok(node)
    }

    /// Cuts the primary off from everybody, and gives its node.
    pub fn cut_primary(&self) -> anyhow::Result<u8> {
        let node = self.primary()?;
        self.network.cut(node)?;
        Ok(node)
    }

    /// Joins a node that was cut off.
    pub fn join(&self, node: u8) -> anyhow::Result<()> {
        self.network.join(node)
    }

    /// Waits until another node than this one is the primary and can commit.
    pub fn wait_for_another_than(&self, node: u8) -> anyhow::Result<()> {
        let promoted = || self.find_primary().is_some_and(|primary| primary != node);
        wait_for(PATIENCE, "another primary", promoted).with_context(|| self.told())
    }

    /// Waits until all nodes run and one of them is the synchronous standby.
    pub fn wait_until_whole(&self) -> anyhow::Result<()> {
        let nodes = self.network.nodes().count();
        let is_whole = || {
            let members = self.members();
            let has = |role| members.iter().any(|member| member.role == role);
            members.len() == nodes
                && members.iter().all(|member| member.is_running)
                && has("leader")
                && has("sync_standby")
        };
        wait_for(PATIENCE, "a whole cluster", is_whole).with_context(|| self.told())
    }

    /// Runs a statement on the primary and gives its rows, one a line.
    pub fn sql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        let output = Command::new(self.binaries.join("psql"))
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement])
            .args(["-d", &self.url(database)])
            .output()?;
        ensure!(
            output.status.success(),
            "psql: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// What the first node that answers knows; nothing if none does.
    fn members(&self) -> Vec<Member> {
        let views: Vec<Vec<Member>> = self
            .network
            .nodes()
            .filter_map(|node| self.asked(node).ok())
            .collect();
        // A node that is cut off sees less, or what was.
        views
            .into_iter()
            .max_by_key(|members| members.iter().filter(|member| member.is_running).count())
            .unwrap_or_default()
    }

    fn asked(&self, node: u8) -> anyhow::Result<Vec<Member>> {
        let address = (self.network.address(node), REST).into();
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET /cluster HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        let body: Value = serde_json::from_str(body)?;
        let members = body.get("members").and_then(Value::as_array);
        let members = members.context("no members")?.iter();
        Ok(members.filter_map(Member::read).collect())
    }

    fn home(&self, node: u8) -> PathBuf {
        self.folder.path().join(format!("n{node}"))
    }

    /// A program on a node, as the user that owns its data.
    fn command(&self, node: u8, program: &Path) -> Command {
        let mut command = self.network.command(node);
        command
            .args(["setpriv", "--reuid", OWNER_USER, "--regid", OWNER_USER])
            .args(["--init-groups", "--"])
            .arg(program)
            .env("HOME", self.home(node));
        command
    }

    fn etcd_arguments(&self) -> Vec<String> {
        let data = self.folder.path().join("etcd").display().to_string();
        let url = format!("http://{}:{ETCD}", self.network.here());
        [
            ("--data-dir", data),
            ("--listen-client-urls", url.clone()),
            ("--advertise-client-urls", url),
            // It has no peers.
            ("--listen-peer-urls", "http://127.0.0.1:0".to_owned()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
    }

    /// Patroni reads YAML, of which JSON is a part.
    fn configuration(&self, node: u8) -> Value {
        let at = |port| format!("{}:{port}", self.network.address(node));
        let home = self.home(node).display().to_string();
        let etcd = format!("{}:{ETCD}", self.network.here());
        let user = json!({ "username": postgres::USER });
        json!({
            "scope": "reeve",
            "name": format!("n{node}"),
            "restapi": { "listen": at(REST), "connect_address": at(REST) },
            "etcd3": { "host": etcd },
            "bootstrap": {
                "dcs": {
                    "ttl": 12,
                    "loop_wait": 1,
                    "retry_timeout": 4,
                    "synchronous_mode": true,
                    "synchronous_mode_strict": true,
                    "primary_start_timeout": 0,
                    "postgresql": {
                        "use_pg_rewind": true,
                        "remove_data_directory_on_rewind_failure": true,
                        "remove_data_directory_on_diverged_timelines": true,
                        "parameters": {
                            "wal_log_hints": "on", "max_connections": 100, "shared_buffers": "32MB",
                            "min_wal_size": "8MB", "max_wal_size": "128MB", "wal_keep_size": "32MB",
                            "wal_sender_timeout": "5s", "wal_receiver_timeout": "5s",
                        },
                    },
                },
                "initdb": [
                    { "encoding": "UTF8" }, { "locale": "C.UTF-8" }, { "auth": "trust" }, { "wal-segsize": "1" },
                    "data-checksums",
                ],
                "pg_hba": ["host replication all 10.77.0.0/24 trust", "host all all 10.77.0.0/24 trust", "local all all trust"],
            },
            "postgresql": {
                "listen": at(POSTGRES),
                "connect_address": at(POSTGRES),
                "data_dir": format!("{home}/data"),
                "bin_dir": self.binaries.display().to_string(),
                "pgpass": format!("{home}/pgpass"),
                "authentication": { "superuser": user, "replication": user, "rewind": user },
                // A node that cannot be rewound is copied anew; a copy that waits for the pace of a checkpoint waits for minutes.
                "basebackup": { "checkpoint": "fast" },
                "parameters": { "unix_socket_directories": home },
            },
        })
    }

    /// What the cluster and its sessions are at, and the last words of every daemon, for a failure.
    pub fn told(&self) -> String {
        let daemons: Vec<u32> = self.daemons.iter().map(Guard::pid).collect();
        let sessions = self.sql(
            "postgres",
            "SELECT pid, client_addr, application_name, state, wait_event_type, wait_event, now() - state_change, \
             left(query, 120) FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')",
        );
        let sessions = sessions.unwrap_or_else(|error| format!("{error:#}"));
        let mut told = format!("{:?}, processes {daemons:?}\n{sessions}\n", self.members());
        for node in self.network.nodes() {
            let log = fs::read_to_string(self.home(node).join("patroni.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(15).collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            let words = lines.join("\n");
            told.extend(["node ", &node.to_string(), ":\n", &words, "\n"]);
        }
        told
    }
}

impl Member {
    fn read(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str);
        Some(Self {
            node: text("name")?.strip_prefix('n')?.parse().ok()?,
            role: text("role")?.to_owned(),
            is_running: matches!(text("state")?, "running" | "streaming"),
        })
    }
}

/// PostgreSQL refuses to run as root.
const OWNER_USER: &str = "postgres";
const OWNER: &str = "postgres:postgres";

fn as_owner(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{}: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
