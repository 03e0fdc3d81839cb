//! Installs the real peers that tests run against, where they are missing.
//!
//! Debian's packages come by apt, as root or through `sudo -n`; what comes from PyPI goes into a virtual environment
//! below the target folder. No service of the system is started: the tests start their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::suite::run::status;

/// A Debian package, and the programs that tell whether it is there.
struct Package {
    name: &'static str,
    programs: &'static [&'static str],
}

const PACKAGES: &[Package] = &[
    Package {
        name: "postgresql",
        programs: &["initdb", "postgres", "pg_isready"],
    },
    Package {
        name: "patroni",
        programs: &["patroni"],
    },
    Package {
        name: "etcd-server",
        programs: &["etcd"],
    },
    Package {
        name: "iproute2",
        programs: &["ip"],
    },
    Package {
        name: "slapd",
        programs: &["slapd", "slapadd"],
    },
    Package {
        name: "ldap-utils",
        programs: &["ldapmodify", "ldapsearch"],
    },
    Package {
        name: "nodejs",
        programs: &["node"],
    },
    Package {
        name: "npm",
        programs: &["npm"],
    },
    Package {
        name: "chromium",
        programs: &["chromium"],
    },
    Package {
        name: "chromium-driver",
        programs: &["chromedriver"],
    },
];

/// The virtual environment of what gets on with each other.
const SHARED: &str = "venv";

/// The `OpenID` provider, in the version that the tests know; it brings much, and has an environment of its own.
const OPENID_PROVIDER: Pin = Pin {
    environment: "canaille",
    program: "canaille",
    requirement: "canaille[front,oidc]==0.3.6",
};

/// The SCIM server, in the version that the tests know.
const SCIM_SERVER: Pin = Pin {
    environment: SHARED,
    program: "scim2-server",
    requirement: "scim2-server==0.8.3",
};

/// The mail server that notices go to.
const MAIL_SERVER: Pin = Pin {
    environment: SHARED,
    program: "aiosmtpd",
    requirement: "aiosmtpd==1.4.6 atpublic==9.0.0 attrs==26.1.0",
};

/// What puts our own SCIM endpoint to the test.
const SCIM_TESTERS: &[Pin] = &[
    Pin {
        environment: SHARED,
        program: "scim2",
        requirement: "scim2-cli==0.6.0 scim2-tester==0.5.2 scim2-client==0.13.2 scim2-models==0.12.3",
    },
    Pin {
        environment: SHARED,
        program: "scim-sanity",
        requirement: "scim-sanity==0.7.4",
    },
];

/// Installs packages while a policy forbids to start services; puts the policy that was there back.
const INSTALL: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
kept=$policy.kept-by-reeve
restore() { rm -f "$policy"; if [ -e "$kept" ]; then mv "$kept" "$policy"; fi; }
if [ -e "$policy" ] && [ ! -e "$kept" ]; then mv "$policy" "$kept"; fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q || echo 'apt-get update failed; trying with the lists at hand' >&2
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
"#;

/// A program from PyPI in one version.
pub(crate) struct Pin {
    /// The virtual environment that it goes into, a folder beside the others.
    pub(crate) environment: &'static str,
    /// What it installs.
    pub(crate) program: &'static str,
    /// What pip is asked for, with spaces between.
    pub(crate) requirement: &'static str,
}

/// Where peers are kept that are not the system's.
#[derive(Debug)]
pub(crate) struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// The folder below the target folder, or the one that `REEVE_PEERS_DIR` names.
    pub(crate) fn below(target: &Path) -> Self {
        Self {
            folder: std::env::var_os("REEVE_PEERS_DIR")
                .map_or_else(|| target.join("peers"), PathBuf::from),
        }
    }

    /// What tests have to know as `REEVE_PEERS_DIR`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Installs what is missing, and nothing else.
    pub(crate) fn install(&self) -> anyhow::Result<()> {
        let missing = missing(&folders());
        if missing.is_empty() {
            eprintln!("present: PostgreSQL, Patroni, etcd, OpenLDAP, Node.js, Chromium");
        } else {
            install_packages(&missing)?;
        }
        let still = self::missing(&folders());
        ensure!(
            still.is_empty(),
            "the packages {} are installed, but their programs are not found",
            still.join(" ")
        );
        for pin in [&SCIM_SERVER, &OPENID_PROVIDER, &MAIL_SERVER]
            .into_iter()
            .chain(SCIM_TESTERS)
        {
            self.program(pin)?;
        }
        Ok(())
    }

    /// The program of a pin, which is installed into the virtual environment if it is not there.
    pub(crate) fn program(&self, pin: &Pin) -> anyhow::Result<PathBuf> {
        let environment = self.folder.join(pin.environment);
        let program = environment.join("bin").join(pin.program);
        let mark = environment.join(format!("{}.pin", pin.program));
        let installed = std::fs::read_to_string(&mark).unwrap_or_default();
        if program.is_file() && installed == pin.requirement {
            eprintln!("present: {}", pin.requirement);
            return Ok(program);
        }
        if !environment.join("bin/pip").is_file() {
            create_environment(&environment)?;
        }
        eprintln!("installing with pip: {}", pin.requirement);
        let status = status(
            Command::new(environment.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--no-input"])
                .arg("--disable-pip-version-check")
                .args(pin.requirement.split(' ')),
        )?;
        ensure!(
            status.success() && program.is_file(),
            "pip cannot install `{}` (PyPI has to be within reach)",
            pin.requirement
        );
        std::fs::write(&mark, pin.requirement)?;
        Ok(program)
    }
}

pub(super) fn create_environment(environment: &Path) -> anyhow::Result<()> {
    let create = || {
        status(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(environment),
        )
    };
    eprintln!("creating the virtual environment {}", environment.display());
    // Debian has the module in a package of its own, and python3 may be missing altogether.
    if create().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    install_packages(&["python3", "python3-venv"])?;
    let status = create()?;
    ensure!(status.success(), "python3 -m venv: {status}");
    Ok(())
}

fn install_packages(packages: &[&str]) -> anyhow::Result<()> {
    let list = packages.join(" ");
    ensure!(
        find("apt-get", &folders()).is_some(),
        "missing: {list}. There is no apt-get here: install them by hand (the names are Debian's)"
    );
    let by_hand = format!("missing: {list}. Install them by hand: apt-get install {list}");
    let mut command = if is_root()? {
        Command::new("sh")
    } else if may_sudo() {
        let mut command = Command::new("sudo");
        command.args(["-n", "sh"]);
        command
    } else {
        bail!("{by_hand} (this needs root, or a sudo that asks no password)");
    };
    eprintln!("installing with apt: {list}");
    let status = status(command.args(["-c", INSTALL, "sh"]).args(packages))?;
    ensure!(status.success(), "{by_hand}");
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .context("cannot run `id`")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn may_sudo() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The packages of which a program is in none of the folders.
fn missing(folders: &[PathBuf]) -> Vec<&'static str> {
    PACKAGES
        .iter()
        .filter(|package| {
            package
                .programs
                .iter()
                .any(|program| find(program, folders).is_none())
        })
        .map(|package| package.name)
        .collect()
}

/// `PATH`, and where Debian keeps servers.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .chain(
            versions
                .into_iter()
                .flatten()
                .flatten()
                .map(|version| version.path().join("bin")),
        )
        .collect()
}

fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_missing_when_one_of_its_programs_is() {
        let folder = tempfile::tempdir().unwrap();
        for program in [
            "patroni",
            "etcd",
            "ip",
            "slapd",
            "ldapmodify",
            "ldapsearch",
            "node",
            "npm",
            "chromium",
        ] {
            std::fs::write(folder.path().join(program), "").unwrap();
        }

        let missing = missing(&[folder.path().to_owned()]);

        assert_eq!(missing, ["postgresql", "slapd", "chromium-driver"]);
    }

    #[test]
    fn a_pinned_program_that_is_present_is_not_installed_again() {
        let folder = tempfile::tempdir().unwrap();
        let peers = Peers {
            folder: folder.path().to_owned(),
        };
        let programs = folder.path().join("venv/bin");
        std::fs::create_dir_all(&programs).unwrap();
        std::fs::write(programs.join(SCIM_SERVER.program), "").unwrap();
        std::fs::write(
            folder.path().join("venv/scim2-server.pin"),
            SCIM_SERVER.requirement,
        )
        .unwrap();

        let program = peers.program(&SCIM_SERVER).unwrap();

        assert_eq!(program, programs.join("scim2-server"));
    }
}
