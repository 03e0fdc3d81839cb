//! Real peers for tests: each `start` gives a guard that owns one child process on a free loopback port.
//!
//! What has to be installed for nothing to be skipped (`cargo xtask test` sees to it):
//!
//! | peer | from |
//! |---|---|
//! | [`slapd`] | Debian `slapd`, `ldap-utils` |
//! | [`postgres`] | Debian `postgresql` |
//! | [`patroni`] | Debian `patroni`, `etcd-server`, and `postgresql` |
//! | [`network`] | Debian `iproute2`; root |
//! | [`canaille`] | `PyPI` `canaille==0.3.6`, in the virtual environment `$REEVE_PEERS_DIR/canaille` |
//! | [`scim2_server`] | `PyPI` `scim2-server==0.8.3`, on `PATH` or in the virtual environment `$REEVE_PEERS_DIR/venv` (default `target/peers/venv`) |
//! | [`scim_testers`] | `PyPI` `scim2-cli`, `scim2-tester` and `scim-sanity`, in the same environment |
//! | [`smtp_server`] | `PyPI` `aiosmtpd==1.4.6`, in the same environment |
//! | [`chromium`] | Debian `chromium`, `chromium-driver` |
//! | [`clients`] | `PyPI` and npm, as `clients/` pins them, in `$REEVE_PEERS_DIR/python`, `$REEVE_PEERS_DIR/javascript` and `$REEVE_PEERS_DIR/axe` |
//!
//! [`fake_scim`] and [`proxy`] need nothing: the one is a SCIM server with faults to order, the other stands before any
//! peer and breaks its connections.
//!
//! **Invariant:** a guard stops what it started, and only that; nothing listens beyond loopback, or beyond a network of the test's own.

pub mod canaille;
pub mod chromium;
pub mod clients;
pub mod fake_scim;
pub mod network;
pub mod patroni;
pub mod policy;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod scim2_server;
pub mod scim_testers;
pub mod slapd;
pub mod smtp_server;
pub mod tls;

use std::path::{Path, PathBuf};

/// The folder that `cargo xtask test` fills with what is not the system's.
pub fn folder() -> PathBuf {
    std::env::var_os("REEVE_PEERS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers"),
        PathBuf::from,
    )
}
