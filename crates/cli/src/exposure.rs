//! Who can reach a server as it is configured, and what they would find: the questions that `serve` asks before it starts
//! and `doctor` at any time.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::config::{Config, Listen, TargetSection, secret};

/// What the server keeps in its data folder and nobody else may read. What ends so is such a file.
const PRIVATE: [&str; 5] = [
    "reeve.db",
    "reeve.db-wal",
    "reeve.db-shm",
    "dev.json",
    ".key",
];

/// A development tenant hands out administrators: only this machine may reach it, unless somebody says otherwise.
pub(crate) fn check_development(config: &Config, is_remote_allowed: bool) -> anyhow::Result<()> {
    let remote = addresses(config)
        .into_iter()
        .find(|address| is_remote(*address));
    match remote {
        Some(address) if !is_remote_allowed => bail!(
            "`--dev` with the address {address} would let anybody who reaches it sign in as an administrator: listen on \
             127.0.0.1, or add `--dev-allow-remote` if that is meant, in a container for example"
        ),
        _ => Ok(()),
    }
}

/// What is dangerous about where the server listens.
pub(crate) fn dangers(config: &Config) -> Vec<String> {
    let mut dangers = Vec::new();
    let is_behind_tls = config
        .server
        .public_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https://"));
    if let Listen::At(address) = config.server.http
        && is_remote(address)
        && !is_behind_tls
    {
        dangers.push(format!(
            "plain HTTP is spoken on {address}, where tokens travel for everybody to read: use `server.https`, or a proxy with \
             TLS and its address as `server.publicUrl`"
        ));
    }
    dangers
}

/// The files of the data folder that others may read.
pub(crate) fn open_files(data: &Path) -> anyhow::Result<Vec<String>> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_private = PRIVATE.iter().any(|end| name.ends_with(end));
        let mode = entry.metadata()?.permissions().mode() & 0o777;
        if is_private && mode & 0o077 != 0 {
            open.push(format!("{name} (mode {mode:04o})"));
        }
    }
    open.sort();
    Ok(open)
}

/// An error for the first file with a secret that others may read; otherwise, how many there are.
pub(crate) fn check_files(config: &Config) -> anyhow::Result<usize> {
    let files = secret_files(config);
    for (key, file) in &files {
        secret::check_private(key, file)?;
    }
    Ok(files.len())
}

/// Every file with a secret that the configuration names, by its key.
fn secret_files(config: &Config) -> Vec<(String, &PathBuf)> {
    let alone = [
        ("server.keyFile", &config.server.key_file),
        ("database.urlFile", &config.database.url_file),
        ("notices.passwordFile", &config.notices.password_file),
    ];
    let alone = alone.map(|(key, file)| (key.to_owned(), file.as_ref()));
    let webhooks = config.extensions.webhook_secret_files.iter();
    let webhooks = webhooks.map(|(host, file)| {
        let key = format!("extensions.webhookSecretFiles.\"{host}\"");
        (key, Some(file))
    });
    let issuers = config.issuer.iter().enumerate().map(|(index, issuer)| {
        let key = format!("issuer[{index}].introspection.clientSecretFile");
        let asked = issuer.introspection.as_ref();
        (key, asked.map(|asked| &asked.client_secret_file))
    });
    let targets = config.target.iter().enumerate();
    let targets = targets.map(|(index, target)| match target {
        TargetSection::Scim(target) => (
            format!("target[{index}].tokenFile"),
            target.token_file.as_ref(),
        ),
        TargetSection::Ldap(target) => (
            format!("target[{index}].passwordFile"),
            target.password_file.as_ref(),
        ),
    });
    alone
        .into_iter()
        .chain(webhooks)
        .chain(issuers)
        .chain(targets)
        .filter_map(|(key, file)| Some((key, file?)))
        .collect()
}

fn addresses(config: &Config) -> Vec<SocketAddr> {
    [Some(config.server.http), config.server.https]
        .into_iter()
        .flatten()
        .filter_map(Listen::address)
        .collect()
}

fn is_remote(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(http: &str, public_url: Option<&str>) -> Config {
        let mut config = Config::default();
        config.server.http = http.parse().unwrap();
        config.server.public_url = public_url.map(str::to_owned);
        config
    }

    #[test]
    fn a_development_tenant_is_for_this_machine_unless_somebody_says_otherwise() {
        for here in ["127.0.0.1:0", "[::1]:8080", "127.9.9.9:1", "off"] {
            assert!(
                check_development(&listening(here, None), false).is_ok(),
                "{here}"
            );
        }
        for everywhere in [
            "0.0.0.0:8080",
            "[::]:0",
            "192.0.2.1:80",
            "[::ffff:10.0.0.1]:80",
        ] {
            let config = listening(everywhere, None);
            let told = check_development(&config, false).unwrap_err().to_string();
            assert!(told.contains("--dev-allow-remote"), "{told}");
            assert!(check_development(&config, true).is_ok());
        }
        let mut config = listening("off", None);
        config.server.https = Some("0.0.0.0:8443".parse().unwrap());
        assert!(check_development(&config, false).is_err());
    }

    #[test]
    fn plain_http_for_everybody_is_a_danger_unless_a_proxy_stands_before_it() {
        assert_eq!(dangers(&listening("127.0.0.1:8080", None)), [""; 0]);
        assert_eq!(
            dangers(&listening(
                "0.0.0.0:8080",
                Some("https://reeve.example.com")
            )),
            [""; 0]
        );
        assert_eq!(dangers(&listening("0.0.0.0:8080", None)).len(), 1);
        assert_eq!(
            dangers(&listening("0.0.0.0:8080", Some("http://reeve.example.com"))).len(),
            1
        );
    }

    #[test]
    fn files_that_others_may_read_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [
            ("reeve.db", 0o600),
            ("issuer-es256.key", 0o640),
            ("dev.json", 0o644),
            ("authority.pem", 0o644),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, "x").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }

        assert_eq!(
            open_files(folder.path()).unwrap(),
            ["dev.json (mode 0644)", "issuer-es256.key (mode 0640)"]
        );
    }
}
