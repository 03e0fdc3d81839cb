//! The database of an instance: where it is, whether its schema will do, and who else uses its folder.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use domain::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::{Location, Options, SchemaState, Store};

use crate::config::{Config, secret};

/// The built-in database's file.
pub(crate) const FILE: &str = "reeve.db";
const LOCK: &str = "reeve.lock";
const PAGING_KEY: &str = "paging.key";

/// A folder that is this process's alone; given back when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Makes sure that the data folder is there. Others may not look into a new one, and may not change any.
pub(crate) fn create_folder(data: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("cannot create the data folder `{}`", data.display()))?;
    if let Some(told) = check_folder(data)? {
        tracing::warn!("{told}");
    }
    Ok(())
}

/// An error if others may change what is in the data folder: they could give the server other keys. What is to be told
/// if they may look into it: its files are private each, but their names are not.
pub(crate) fn check_folder(data: &Path) -> anyhow::Result<Option<String>> {
    let metadata = std::fs::metadata(data)
        .with_context(|| format!("cannot look at the data folder `{}`", data.display()))?;
    let mode = metadata.permissions().mode() & 0o7777;
    let path = data.display();
    if mode & 0o022 != 0 {
        bail!(
            "others than its owner may change what is in the data folder `{path}` (its mode is {mode:04o}): `chmod 700 \
             {path}` mends that"
        );
    }
    let told = format!(
        "others than its owner may look into the data folder `{path}` (its mode is {mode:04o}): `chmod 700 {path}` mends that"
    );
    Ok((mode & 0o055 != 0).then_some(told))
}

/// Takes the folder, if the database is in it: a second server there would keep the first from its work.
pub(crate) fn lock(config: &Config, data: &Path) -> anyhow::Result<Option<Lock>> {
    if database_url(config)?.is_some() {
        return Ok(None);
    }
    let path = data.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open `{}`", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => bail!(
            "another server uses the data folder `{}`: stop it, or name another folder with `--data DIR`",
            data.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock `{}`", path.display()))
        }
    }
}

/// The database server's address, if there is one.
fn database_url(config: &Config) -> anyhow::Result<Option<SecretString>> {
    let inline = config.database.url.as_ref().map(|hidden| &hidden.0);
    secret::resolve("database.url", inline, config.database.url_file.as_deref())
}

/// Opens the database, whatever its schema.
pub(crate) fn open(config: &Config, data: &Path) -> anyhow::Result<Store> {
    let location = match database_url(config)? {
        Some(url) => Location::Postgres {
            url: url.expose_secret().to_owned(),
            ca: config.database.ca_file.clone(),
        },
        None => Location::Sqlite {
            path: data.join(FILE),
        },
    };
    if let Location::Sqlite { path } = &location {
        keep_private(path)?;
    }
    Store::open(&location, &Options::default()).with_context(|| match &location {
        Location::Sqlite { path } => format!("cannot open the database `{}`", path.display()),
        Location::Postgres { .. } => {
            "cannot reach the database server that `database.url` names".to_owned()
        }
    })
}

/// Nobody else may read what the server keeps: the database holds hashes of secrets, and so does the log that SQLite keeps
/// beside it with the same mode.
fn keep_private(path: &Path) -> anyhow::Result<()> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot open `{}`", path.display()))?;
    file.set_permissions(Permissions::from_mode(0o600))
        .with_context(|| format!("cannot make `{}` private", path.display()))
}

/// The file of the built-in database; `None` if the data is elsewhere.
pub(crate) fn file(config: &Config, data: &Path) -> anyhow::Result<Option<PathBuf>> {
    Ok(database_url(config)?.is_none().then(|| data.join(FILE)))
}

/// Opens the database if it is there, and makes none.
pub(crate) fn open_existing(config: &Config, data: &Path) -> anyhow::Result<Option<Store>> {
    if database_url(config)?.is_none() && !data.join(FILE).exists() {
        return Ok(None);
    }
    open(config, data).map(Some)
}

/// How the database's schema relates to this program; an error that says what to do if it does not.
pub(crate) fn schema_state(store: &Store) -> anyhow::Result<SchemaState> {
    store.schema_state().context(UNKNOWN)
}

/// Opens the database and makes sure that its schema is this program's.
pub(crate) fn prepare(
    config: &Config,
    data: &Path,
    migrate: bool,
    now: Timestamp,
    mut tell: impl FnMut(String),
) -> anyhow::Result<Store> {
    let store = open(config, data)?;
    let state = schema_state(&store)?;
    match (state, store.kind()) {
        (SchemaState::Current, _) => {}
        (_, store::Engine::Postgres) if !migrate => bail!(
            "the database's schema is {}: run `reeve migrate`, or start with `reeve serve --migrate`",
            describe(state)
        ),
        _ => {
            let steps = store
                .migrate_telling(now, |step| {
                    tell(format!(
                        "bringing the database's schema up to date, step {} of {} ({})",
                        step.version, step.latest, step.name
                    ));
                    tracing::info!(
                        step = step.version,
                        of = step.latest,
                        name = step.name,
                        "bringing the database's schema up to date"
                    );
                })
                .context("cannot bring the database's schema up to date")?;
            tracing::info!(steps, "brought the database's schema up to date");
        }
    }
    Ok(store)
}

/// What to do about a database that this program does not know.
const UNKNOWN: &str = "this database is not one that this version of Reeve can use; nothing was changed. Use the \
    version of Reeve that made it or a newer one, or another database (`--data DIR` or `database.url`)";

/// The state of a schema in words.
pub(crate) fn describe(state: SchemaState) -> String {
    match state {
        SchemaState::Empty => "not there yet".to_owned(),
        SchemaState::Behind { applied, latest } => {
            format!("at step {applied} of {latest}")
        }
        SchemaState::Current => "up to date".to_owned(),
    }
}

/// Signs the tokens of next pages, the same at each start and on all replicas.
pub(crate) fn paging_key(config: &Config, data: &Path) -> anyhow::Result<[u8; 32]> {
    let secret = match database_url(config)? {
        // Replicas share nothing but the database, and its address holds the password.
        Some(url) => url.expose_secret().to_owned(),
        None => kept_secret(&data.join(PAGING_KEY))?,
    };
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(b"reeve paging key\0");
    hash.update(secret.as_bytes());
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    Ok(key)
}

fn kept_secret(path: &Path) -> anyhow::Result<String> {
    use std::io::Write;
    let cannot = || format!("cannot use `{}`", path.display());
    if let Ok(kept) = std::fs::read_to_string(path)
        && !kept.is_empty()
    {
        keep_private(path)?;
        return Ok(kept);
    }
    let secret = auth::issuer::random_secret()?;
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(cannot)?;
    file.write_all(secret.as_bytes()).with_context(cannot)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_server_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::default();

        let first = lock(&config, folder.path()).unwrap();
        assert!(
            lock(&config, folder.path())
                .unwrap_err()
                .to_string()
                .contains("another server")
        );

        drop(first);
        assert!(lock(&config, folder.path()).is_ok());
    }

    #[test]
    fn the_key_of_pages_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let config = Config::default();

        let key = paging_key(&config, folder.path()).unwrap();

        assert_eq!(paging_key(&config, folder.path()).unwrap(), key);
        assert_ne!(paging_key(&config, other.path()).unwrap(), key);
    }

    #[test]
    fn a_database_of_something_else_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(
            &path,
            "this is no database, whatever its name says; it is long enough to be looked at",
        )
        .unwrap();
        let before = std::fs::read(&path).unwrap();

        let refused = prepare(
            &Config::default(),
            folder.path(),
            true,
            Timestamp::from_micros(0),
            drop,
        );

        assert!(refused.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
