//! `reeve audit`: proves the audit log, writes it out, and signs it anew after the key was lost. All of it works on the
//! database or on a file; no server has to run.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use auth::seal::Signer;
use service::audit::chain::Break;
use service::audit::proof::{Export, FileCheck, Stretch, Verified, verify};
use service::audit::sealing;
use service::clock::{Clock, Ids};
use service::ctx::Service;
use store::{SchemaState, Store};

use crate::args::{AuditExportArgs, AuditVerifyArgs, ConfigArgs, Noted};
use crate::config::Config;
use crate::instance::audit::known_signer;
use crate::output::Refused;
use crate::{instance, output};

/// The longest line of an export that is read.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// The database, and the folder of the key that its log is signed with.
fn open(args: &ConfigArgs) -> anyhow::Result<(Store, PathBuf)> {
    let config = Config::load(args.config.as_deref())?;
    let data = config.data_folder(args.data.as_deref());
    let Some(store) = instance::open_existing(&config, &data)? else {
        let told = format!("there is no database in `{}`", data.display());
        return Err(Refused(told).into());
    };
    match instance::schema_state(&store)? {
        SchemaState::Current => {}
        state => {
            let told = format!(
                "the database's schema is {}: start the server or run `reeve migrate` first",
                instance::describe(state)
            );
            return Err(Refused(told).into());
        }
    }
    Ok((store, instance::audit::key_folder(&config, &data)))
}

/// Proves the log; says whether it is whole.
pub(crate) fn verify_log(args: &AuditVerifyArgs) -> anyhow::Result<bool> {
    let noted = args.head.clone().map(|noted| (noted.seq, noted.hash));
    let Some(file) = &args.file else {
        let (store, folder) = open(&args.config)?;
        return Ok(tell(&verify(&store, &known_signer(&folder)?, noted)?));
    };
    let signer = match &args.config.data {
        Some(_) => Some(known_signer(&open(&args.config)?.1)?),
        None => None,
    };
    if signer.is_none() {
        output::note(
            "note: without `--data DIR` the server's signature in the file is not checked",
        );
    }
    let found = verify_file(file, signer.as_ref(), noted)?;
    // Who gave the key asked for the proof.
    let is_enough = signer.is_none() || found.as_ref().is_ok_and(|found| found.is_proven);
    Ok(tell(&found) && is_enough)
}

/// Tells what was found; whether nothing is wrong with it.
fn tell(found: &Result<Verified, Break>) -> bool {
    match found {
        Ok(verified) => {
            let range = verified.first.map_or_else(
                || "none".to_owned(),
                |first| format!("{first} to {}", verified.last),
            );
            let what = if verified.is_proven {
                "whole"
            } else {
                "links hold, NOT PROVEN to be this server's"
            };
            output::line(format_args!(
                "{what}: {} events ({range}), head {}:{}",
                verified.count, verified.last, verified.head
            ));
            if verified.unsealed.count > 0 {
                output::line(format_args!(
                    "not sealed yet, so not proven: {} events",
                    verified.unsealed.count
                ));
            }
            true
        }
        Err(broken) => {
            output::line(format_args!("BROKEN: {broken}"));
            false
        }
    }
}

fn verify_file(
    path: &Path,
    signer: Option<&Signer>,
    noted: Option<(i64, String)>,
) -> anyhow::Result<Result<Verified, Break>> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut lines = BufReader::new(File::open(path).with_context(cannot)?);
    let mut check = FileCheck::new(signer, noted);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut lines)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .with_context(cannot)?;
        if read == 0 {
            return Ok(check.end());
        }
        // What is no text is no event either; the check says which line.
        let text = std::str::from_utf8(&line).unwrap_or_default();
        if let Err(broken) = check.line(text.trim_end_matches('\n')) {
            return Ok(Err(broken));
        }
    }
}

/// Writes the log out.
pub(crate) fn export(args: &AuditExportArgs) -> anyhow::Result<()> {
    let (store, _) = open(&args.config)?;
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => {
            let file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(path)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(std::io::stdout().lock()),
    };
    let mut export = Some(Export::new(Stretch {
        since: args.since,
        until: args.until,
    }));
    while let Some(mut under_way) = export.take() {
        let (text, under_way) =
            store.read_blocking(move |tx| under_way.next(tx).map(|text| (text, under_way)))?;
        if let Some(text) = text {
            match out.write_all(text.as_bytes()) {
                Ok(()) => export = Some(under_way),
                // Whoever reads has enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(error).context("cannot write the export"),
            }
        }
    }
    out.flush().context("cannot write the export")
}

/// Signs the ends of the chain with the key that is there now, if every link holds.
pub(crate) fn sign(args: &ConfigArgs) -> anyhow::Result<bool> {
    let (store, folder) = open(args)?;
    let signer = Arc::new(instance::audit::signer(&folder, false)?);
    let settings = Config::load(args.config.as_deref())?.settings();
    let service = Service::new(store, Clock::system(), Ids::random(), settings);
    Ok(tell(&sealing::sign_anew(&service, &signer)?))
}

impl std::str::FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unlike = || "expected the place and the hash, such as `1234:9f86d0…`".to_owned();
        let (seq, hash) = text.split_once(':').ok_or_else(unlike)?;
        let seq = seq.parse().map_err(|_| unlike())?;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unlike());
        }
        Ok(Self {
            seq,
            hash: hash.to_owned(),
        })
    }
}
