//! `reeve backup` and `reeve restore`: all that a server with the built-in database keeps, in a folder, copied while it
//! serves; and back.
//!
//! **Invariant:** a folder without its manifest is no backup, and the manifest is written last. Nothing is ever written over.
//! What is restored was checked first: every file against the manifest, the database's pages and references, its schema, and
//! the chain of the audit log.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use service::audit::proof::verify;
use service::clock::Clock;
use store::SchemaState;

use crate::args::{BackupArgs, RestoreArgs};
use crate::client::kept::write_whole;
use crate::config::Config;
use crate::instance::audit::{key_folder, known_signer};
use crate::output::{self, Refused};
use crate::{instance, output::progress::Progress};

const MANIFEST: &str = "backup.json";
/// Where keys of the audit log are that are not in the data folder.
const AUDIT_KEYS: &str = "audit-keys";
/// The layout of a backup.
const VERSION: u32 = 1;

/// What a backup says of itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    version: u32,
    /// The program that made it.
    reeve: String,
    taken_date_time: String,
    /// The end of the audit log that the copy holds.
    audit_head: String,
    /// The SHA-256 of each file.
    files: BTreeMap<String, String>,
}

/// Makes a backup.
pub(crate) fn make(args: &BackupArgs) -> anyhow::Result<()> {
    let config = Config::load(args.config.config.as_deref())?;
    let data = config.data_folder(args.config.data.as_deref());
    let Some(database) = instance::database_file(&config, &data)? else {
        return Err(Refused(
            "the data is in PostgreSQL: back it up with `pg_dump` or as your cluster does, which knows replicas, \
             permissions and point-in-time recovery; and copy the data folder beside it, for the keys"
                .to_owned(),
        )
        .into());
    };
    if !database.exists() {
        let told = format!("there is no database in `{}`", data.display());
        return Err(Refused(told).into());
    }
    if args.out.exists() {
        let what = if args.out.join(MANIFEST).exists() {
            "holds a backup already"
        } else {
            "is there already, and is no whole backup"
        };
        let told = format!(
            "`{}` {what}: name a folder that is not there yet",
            args.out.display()
        );
        return Err(Refused(told).into());
    }
    make_folder(&args.out)?;
    let mut progress = Progress::new();
    let mut files = BTreeMap::new();
    // The keys and the noted head first: the database may be ahead of that head, and must not be behind it.
    copy_small(&data, &args.out, "", &mut files)?;
    let keys = key_folder(&config, &data);
    if keys != data {
        let folder = args.out.join(AUDIT_KEYS);
        make_folder(&folder)?;
        copy_small(&keys, &folder, &format!("{AUDIT_KEYS}/"), &mut files)?;
    }
    progress.words("copying the database …");
    let copy = args.out.join(instance::DATABASE);
    // Made first, so that nobody else may read it at any moment: an empty file is taken over.
    create_private(&copy)?;
    store::copy_file(&database, &copy).context("cannot copy the database")?;
    progress.words("checking the copy …");
    let audit_head = check_database(&args.out)?;
    // Only now: whoever opens a database may write into it.
    File::open(&copy)?.sync_all()?;
    files.insert(instance::DATABASE.to_owned(), hash(&copy)?);
    let manifest = Manifest {
        version: VERSION,
        reeve: env!("CARGO_PKG_VERSION").to_owned(),
        taken_date_time: Clock::system().now().to_string(),
        audit_head,
        files,
    };
    let count = manifest.files.len();
    let text = serde_json::to_string_pretty(&manifest)?;
    write_whole(&args.out.join(MANIFEST), &text)?;
    progress.clear();
    output::line(format_args!(
        "{count} files in `{}`; the audit log ends at {}. Keep it as you keep keys: some are in it",
        args.out.display(),
        manifest.audit_head
    ));
    Ok(())
}

/// Checks a backup, and makes a data folder of it.
pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let manifest = manifest(&args.backup)?;
    for (name, expected) in &manifest.files {
        let path = args.backup.join(name);
        if !path.is_file() {
            let told = format!("the backup is not whole: `{}` is missing", path.display());
            return Err(Refused(told).into());
        }
        if hash(&path)? != *expected {
            let told = format!("`{}` is not the file that was backed up", path.display());
            return Err(Refused(told).into());
        }
    }
    let Some(data) = &args.data else {
        // The check works on a copy: opening a database may write beside it.
        let folder = tempfile::Builder::new().prefix("reeve-check-").tempdir()?;
        take_over(&args.backup, folder.path(), &manifest)?;
        check_whole(folder.path(), &manifest)?;
        output::line(format_args!(
            "whole: {} files of {}, the audit log ends at {}",
            manifest.files.len(),
            manifest.taken_date_time,
            manifest.audit_head
        ));
        return Ok(());
    };
    let is_new = match std::fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot look into `{}`", data.display()));
        }
    };
    if !is_new {
        let told = format!(
            "`{}` holds something already: name a folder that is not there yet",
            data.display()
        );
        return Err(Refused(told).into());
    }
    // Beside the folder and not in it: what is not whole is never a data folder. A slash at the end would mean in it.
    let data: &Path = &data.components().collect::<PathBuf>();
    let mut draft = data.as_os_str().to_owned();
    draft.push(format!(".restoring-{}", std::process::id()));
    let draft = Path::new(&draft);
    make_folder(draft)?;
    let restored = take_over(&args.backup, draft, &manifest)
        .and_then(|()| check_whole(draft, &manifest))
        .and_then(|()| {
            // An empty folder gives way.
            std::fs::rename(draft, data)
                .with_context(|| format!("cannot make `{}`", data.display()))
        });
    if restored.is_err() {
        // What was begun is of no use; the error says more than this one would.
        let _ = std::fs::remove_dir_all(draft);
    }
    restored?;
    output::line(format_args!(
        "restored {} files of {} to `{}`, the audit log ends at {}",
        manifest.files.len(),
        manifest.taken_date_time,
        data.display(),
        manifest.audit_head
    ));
    if data.join(AUDIT_KEYS).exists() {
        output::line(format_args!(
            "the keys of the audit log are in `{}`: put them where `audit.keyFolder` says",
            data.join(AUDIT_KEYS).display()
        ));
    }
    output::line(
        "Targets may show more than this copy remembers: reprocess the assignments once the server runs.",
    );
    Ok(())
}

fn manifest(backup: &Path) -> anyhow::Result<Manifest> {
    let path = backup.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|_| {
        Refused(format!(
            "`{}` is no whole backup: it has no `{MANIFEST}`",
            backup.display()
        ))
    })?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| Refused(format!("`{}` cannot be read: {error}", path.display())))?;
    if manifest.version != VERSION {
        let told = format!(
            "Reeve {} made the backup, in a form that this version does not know",
            manifest.reeve
        );
        return Err(Refused(told).into());
    }
    let is_plain = |name: &str| {
        let name = name.strip_prefix("audit-keys/").unwrap_or(name);
        !name.is_empty() && !name.contains('/') && name != ".." && name != "."
    };
    if let Some(name) = manifest.files.keys().find(|name| !is_plain(name)) {
        let told = format!("`{name}` in `{}` leads elsewhere", path.display());
        return Err(Refused(told).into());
    }
    Ok(manifest)
}

/// Copies the files of the manifest.
fn take_over(backup: &Path, to: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    for name in manifest.files.keys() {
        if name.starts_with(AUDIT_KEYS) && !to.join(AUDIT_KEYS).exists() {
            make_folder(&to.join(AUDIT_KEYS))?;
        }
        copy_private(&backup.join(name), &to.join(name))?;
    }
    Ok(())
}

/// The database as it will be used: whole, of a schema that is known, and with the log that was backed up.
fn check_whole(folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let head = check_database(folder)?;
    if head != manifest.audit_head {
        let told = format!(
            "the audit log ends at {head}, and ended at {} when it was backed up",
            manifest.audit_head
        );
        return Err(Refused(told).into());
    }
    Ok(())
}

/// Says where the audit log ends; an error if anything is wrong with the database.
fn check_database(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join(instance::DATABASE);
    let faults = store::faults_of_file(&path).context("cannot check the database")?;
    if let Some(first) = faults.first() {
        let told = format!("the database is damaged ({} faults): {first}", faults.len());
        return Err(Refused(told).into());
    }
    let config = Config::default();
    let Some(store) = instance::open_existing(&config, folder)? else {
        let told = format!("there is no database in `{}`", folder.display());
        return Err(Refused(told).into());
    };
    if instance::schema_state(&store)? == SchemaState::Empty {
        return Err(Refused("the database is empty".to_owned()).into());
    }
    let own = folder.join(AUDIT_KEYS);
    let keys = if own.exists() { own.as_path() } else { folder };
    let found = verify(&store, &known_signer(keys)?, None)?;
    drop(store);
    match found {
        Ok(verified) => Ok(format!("{}:{}", verified.last, verified.head)),
        Err(broken) => Err(Refused(format!("the audit log is broken: {broken}")).into()),
    }
}

/// Copies the files of a folder but for the database, which is copied by itself.
fn copy_small(
    from: &Path,
    to: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let cannot = || format!("cannot read `{}`", from.display());
    for entry in std::fs::read_dir(from).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_file = entry.file_type().with_context(cannot)?.is_file();
        let is_of_database = name.starts_with(instance::DATABASE) || name == "reeve.lock";
        if !is_file || is_of_database || name.contains(".draft-") {
            continue;
        }
        let copy = to.join(&name);
        copy_private(&entry.path(), &copy)?;
        files.insert(format!("{prefix}{name}"), hash(&copy)?);
    }
    Ok(())
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder `{}`", path.display()))
}

fn create_private(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write `{}`", path.display()))
}

fn copy_private(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut source =
        File::open(from).with_context(|| format!("cannot read `{}`", from.display()))?;
    let mut copy = create_private(to)?;
    std::io::copy(&mut source, &mut copy)
        .and_then(|_| copy.sync_all())
        .with_context(|| format!("cannot write `{}`", to.display()))
}

fn hash(path: &Path) -> anyhow::Result<String> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece).with_context(cannot)?;
        if read == 0 {
            break;
        }
        context.update(piece.get(..read).unwrap_or_default());
    }
    let mut text = String::new();
    for byte in context.finish().as_ref() {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
