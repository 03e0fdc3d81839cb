//! Real peers for tests: each `start` gives a guard that owns one child process on a free loopback port.
//!
//! What has to be installed for nothing to be skipped (`cargo xtask test` sees to it):
//!
//! | peer | from |
//! |---|---|
//! | [`slapd`] | Debian `slapd`, `ldap-utils` |
//! | [`postgres`] | Debian `postgresql` |
//! | [`scim2_server`] | `PyPI` `scim2-server==0.8.3`, on `PATH` or in the virtual environment `$REEVE_PEERS_DIR/venv` (default `target/peers/venv`) |
//!
//! [`fake_scim`] and [`proxy`] need nothing: the one is a SCIM server with faults to order, the other stands before any
//! peer and breaks its connections.
//!
//! **Invariant:** a guard stops what it started, and only that; nothing listens beyond loopback.

pub mod fake_scim;
pub mod policy;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod scim2_server;
pub mod slapd;
pub mod tls;
