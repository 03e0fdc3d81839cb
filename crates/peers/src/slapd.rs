//! `OpenLDAP`'s `slapd` with the mdb backend in a temporary folder.
//!
//! The tree is `dc=reeve,dc=test` with `ou=people` (inetOrgPerson) and `ou=groups`; the service account may write below
//! `ou=groups` only and read the rest. Tests look behind a connector's back with the command line tools, so that nothing
//! is judged by the code under test.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use tempfile::TempDir;

use crate::process::{Guard, find_program, free_port, loopback, with_free_ports};
use crate::tls::Identity;

/// The name in messages.
pub const NAME: &str = "slapd";

/// The root of the tree.
pub const SUFFIX: &str = "dc=reeve,dc=test";
/// Where the people are.
pub const PEOPLE: &str = "ou=people,dc=reeve,dc=test";
/// Where the groups are.
pub const GROUPS: &str = "ou=groups,dc=reeve,dc=test";
/// The administrator, who may do everything.
pub const ADMIN: &str = "cn=admin,dc=reeve,dc=test";
/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "admin-secret";
/// The account for the connector: writes below [`GROUPS`], reads elsewhere.
pub const SERVICE: &str = "cn=reeve,dc=reeve,dc=test";
/// The service account's password.
pub const SERVICE_PASSWORD: &str = "service-secret";

/// A running server.
pub struct Slapd {
    plain: SocketAddr,
    tls: SocketAddr,
    identity: Identity,
    programs: Programs,
    process: Option<Guard>,
    folder: TempDir,
}

#[derive(Clone)]
struct Programs {
    slapd: PathBuf,
    slapadd: PathBuf,
    ldapmodify: PathBuf,
    ldapsearch: PathBuf,
}

impl Slapd {
    /// Starts a server that knows these people by `uid`; `None` if it is not installed.
    pub fn start(people: &[&str]) -> anyhow::Result<Option<Self>> {
        let Some(programs) = Programs::find() else {
            return Ok(None);
        };
        with_free_ports(|| start(&programs, people)).map(Some)
    }

    /// Where it listens for `ldap://` and `StartTLS`.
    pub fn address(&self) -> SocketAddr {
        self.plain
    }

    /// The `ldap://` URL.
    pub fn url(&self) -> String {
        format!("ldap://{}", self.plain)
    }

    /// The `ldaps://` URL.
    pub fn tls_url(&self) -> String {
        format!("ldaps://{}", self.tls)
    }

    /// What a client has to trust for `StartTLS` and `ldaps://`.
    pub fn ca_pem(&self) -> &str {
        &self.identity.ca_pem
    }

    /// Stops the server and keeps its data.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts the stopped server again, on the same ports with the same data.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.process = Some(run(
            &self.programs,
            self.folder.path(),
            self.plain,
            self.tls,
        )?);
        Ok(())
    }

    /// Changes the tree as administrator; `ldif` is a list of change records.
    pub fn change(&self, ldif: &str) -> anyhow::Result<()> {
        let mut child = Command::new(&self.programs.ldapmodify)
            .args(["-x", "-H", &self.url(), "-D", ADMIN, "-w", ADMIN_PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("no standard input")?
            .write_all(ldif.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "ldapmodify: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// The values of one attribute of one entry, read as administrator; `None` if there is no such entry.
    pub fn values(&self, dn: &str, attribute: &str) -> anyhow::Result<Option<Vec<String>>> {
        let output = Command::new(&self.programs.ldapsearch)
            .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", &self.url()])
            .args(["-D", ADMIN, "-w", ADMIN_PASSWORD, "-s", "base", "-b", dn])
            .args(["(objectClass=*)", attribute])
            .output()?;
        if output.status.code() == Some(32) {
            return Ok(None);
        }
        if !output.status.success() {
            bail!("ldapsearch: {}", String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8(output.stdout)?;
        let plain = format!("{attribute}: ");
        let encoded = format!("{attribute}:: ");
        let mut values = Vec::new();
        for line in text.lines() {
            if let Some(value) = line.strip_prefix(&plain) {
                values.push(value.to_owned());
            } else if let Some(value) = line.strip_prefix(&encoded) {
                let bytes = base64::engine::general_purpose::STANDARD.decode(value)?;
                values.push(String::from_utf8(bytes)?);
            }
        }
        Ok(Some(values))
    }
}

impl Programs {
    fn find() -> Option<Self> {
        let system = [Path::new("/usr/sbin")];
        Some(Self {
            slapd: find_program("slapd", &system)?,
            slapadd: find_program("slapadd", &system)?,
            ldapmodify: find_program("ldapmodify", &[])?,
            ldapsearch: find_program("ldapsearch", &[])?,
        })
    }
}

/// The entry of a person.
pub fn person_dn(uid: &str) -> String {
    format!("uid={uid},{PEOPLE}")
}

fn start(programs: &Programs, people: &[&str]) -> anyhow::Result<Slapd> {
    let folder = tempfile::tempdir()?;
    let identity = Identity::for_loopback()?;
    write_files(folder.path(), &identity, people)?;
    let loaded = Command::new(&programs.slapadd)
        .arg("-q")
        .arg("-f")
        .arg(folder.path().join("slapd.conf"))
        .arg("-l")
        .arg(folder.path().join("seed.ldif"))
        .output()?;
    ensure!(
        loaded.status.success(),
        "slapadd: {}",
        String::from_utf8_lossy(&loaded.stderr)
    );
    let (plain, tls) = (loopback(free_port()?), loopback(free_port()?));
    let process = run(programs, folder.path(), plain, tls)?;
    Ok(Slapd {
        plain,
        tls,
        identity,
        programs: programs.clone(),
        process: Some(process),
        folder,
    })
}

fn run(
    programs: &Programs,
    folder: &Path,
    plain: SocketAddr,
    tls: SocketAddr,
) -> anyhow::Result<Guard> {
    let mut process = Guard::spawn(
        Command::new(&programs.slapd)
            .arg("-f")
            .arg(folder.join("slapd.conf"))
            .args(["-h", &format!("ldap://{plain} ldaps://{tls}")])
            // Any debug level keeps it in the foreground.
            .args(["-d", "0"]),
        &folder.join("log"),
    )?;
    process.wait_until(|| TcpStream::connect(plain).is_ok() && TcpStream::connect(tls).is_ok())?;
    Ok(process)
}

fn write_files(folder: &Path, identity: &Identity, people: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir(folder.join("db"))?;
    std::fs::write(folder.join("ca.pem"), &identity.ca_pem)?;
    std::fs::write(folder.join("server.pem"), &identity.certificate_pem)?;
    std::fs::write(folder.join("server.key"), &identity.key_pem)?;
    std::fs::write(folder.join("slapd.conf"), configuration(folder))?;
    std::fs::write(folder.join("seed.ldif"), seed(people)?)?;
    Ok(())
}

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key

database mdb
suffix \"{SUFFIX}\"
rootdn \"{ADMIN}\"
rootpw {ADMIN_PASSWORD}
directory {folder}/db
maxsize 268435456
dbnosync
index uid eq
access to dn.subtree=\"{GROUPS}\"
    by dn.exact=\"{SERVICE}\" write
    by * none
access to *
    by dn.exact=\"{SERVICE}\" read
    by anonymous auth
    by * none
"
    )
}

fn seed(people: &[&str]) -> anyhow::Result<String> {
    let mut ldif = format!(
        "dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
dc: reeve
o: Reeve

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: {SERVICE}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: reeve
userPassword: {SERVICE_PASSWORD}
"
    );
    for uid in people {
        write!(
            ldif,
            "\ndn: {}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n",
            person_dn(uid)
        )?;
    }
    Ok(ldif)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::started_or_skipped;

    #[test]
    fn its_data_outlives_a_restart() {
        let Some(mut slapd) = started_or_skipped(NAME, Slapd::start(&["alice"])) else {
            return;
        };
        slapd
            .change(&format!(
                "dn: cn=a,{GROUPS}\nchangetype: add\nobjectClass: groupOfNames\ncn: a\nmember: {}\n",
                person_dn("alice")
            ))
            .unwrap();

        slapd.stop();
        assert!(TcpStream::connect(slapd.address()).is_err());
        slapd.start_again().unwrap();

        let members = slapd.values(&format!("cn=a,{GROUPS}"), "member").unwrap();
        assert_eq!(members, Some(vec![person_dn("alice")]));
        assert_eq!(
            slapd.values(&format!("cn=b,{GROUPS}"), "member").unwrap(),
            None
        );
    }
}
