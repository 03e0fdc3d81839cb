//! Verifying the chain in the database, and writing it out: both read it some events at a time, so that they need the same
//! little memory for any length.

use auth::directory::DirectoryAction;
use auth::seal::{NO_HASH, Signer};
use domain::time::Timestamp;
use serde_json::{Value as Json, json};
use store::audit_chain::{self, Backlog, Mark, Place, StoredEvent};
use store::{ReadTx, Store};

use super::chain::{Break, HASH, Walk, canonical, line};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

/// Events that are read at once.
const BATCH: i64 = 1000;

/// What a verification found to be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many events.
    pub count: u64,
    /// The first place.
    pub first: Option<i64>,
    /// The last place.
    pub last: i64,
    /// The hash of the last event: to be kept elsewhere.
    pub head: String,
    /// Whether the last event is the one that the server signed as the head; if not, the links hold, and nothing says
    /// who made them.
    pub is_proven: bool,
    /// What is not sealed yet, and so not proven.
    pub unsealed: Backlog,
}

/// Whether every sealed event is the one that was sealed at its place, from the anchor to the head that the server signed.
/// `noted` is a place and hash that were written down elsewhere. Blocks.
pub fn verify(
    store: &Store,
    signer: &Signer,
    noted: Option<(i64, String)>,
) -> Result<Result<Verified, Break>, ServiceError> {
    walk(store, Some(signer), noted)
}

/// The same without a look at what the server signed.
pub(super) fn verify_links(store: &Store) -> Result<Result<Verified, Break>, ServiceError> {
    walk(store, None, None)
}

fn walk(
    store: &Store,
    signer: Option<&Signer>,
    noted: Option<(i64, String)>,
) -> Result<Result<Verified, Break>, ServiceError> {
    // Read before the head, which only goes on from there.
    let beside = signer.map_or(Ok(None), Signer::noted);
    let beside = beside.map_err(ServiceError::internal)?;
    let (anchor, mut events) = store.read_blocking(|tx| -> Result<_, ServiceError> {
        let anchor = audit_chain::mark(tx, Place::Anchor)?;
        Ok((anchor, audit_chain::after(tx, 0, BATCH)?))
    })?;
    let mut walk = match begin(signer, anchor.as_ref(), noted) {
        Ok(walk) => walk,
        Err(broken) => return Ok(Err(broken)),
    };
    loop {
        for event in &events {
            if let Err(broken) = step(&mut walk, event) {
                return Ok(Err(broken));
            }
        }
        let after = walk.seq;
        let is_last = i64::try_from(events.len()).unwrap_or(i64::MAX) < BATCH;
        if is_last {
            let (head, unsealed, more) =
                store.read_blocking(move |tx| -> Result<_, ServiceError> {
                    Ok((
                        audit_chain::mark(tx, Place::Head)?,
                        audit_chain::backlog(tx)?,
                        audit_chain::after(tx, after, BATCH)?,
                    ))
                })?;
            if !more.is_empty() && head.as_ref().is_some_and(|head| head.seq > after) {
                // Sealed while we were walking.
                events = more;
                continue;
            }
            let signed = (signer, beside.as_ref(), head.as_ref());
            return Ok(finish(signed, &walk, unsealed, more.first()));
        }
        events = store.read_blocking(move |tx| audit_chain::after(tx, after, BATCH))?;
    }
}

fn begin(
    signer: Option<&Signer>,
    anchor: Option<&Mark>,
    noted: Option<(i64, String)>,
) -> Result<Walk, Break> {
    let Some(anchor) = anchor else {
        return Ok(Walk::after(0, NO_HASH, noted));
    };
    if let Some(signer) = signer {
        proven(signer, Place::Anchor, anchor)?;
    }
    Ok(Walk::after(anchor.seq, anchor.hash.clone(), noted))
}

pub(super) fn step(walk: &mut Walk, event: &StoredEvent) -> Result<(), Break> {
    let (seq, hash) = event.link.clone().unwrap_or_default();
    walk.step(seq, &event.id, &canonical(seq, event), &hash)
}

fn finish(
    (signer, beside, head): (Option<&Signer>, Option<&(i64, String)>, Option<&Mark>),
    walk: &Walk,
    unsealed: Backlog,
    beyond: Option<&StoredEvent>,
) -> Result<Verified, Break> {
    let Some(head) = head else {
        return if walk.count == 0 && walk.seq == 0 {
            not_behind(beside, None)?;
            Ok(verified(walk, signer.is_some(), unsealed))
        } else {
            Err(Break::NoHead)
        };
    };
    if let Some(signer) = signer {
        proven(signer, Place::Head, head)?;
    }
    not_behind(beside, Some(head))?;
    if let Some((seq, _)) = beyond.and_then(|event| event.link.clone()) {
        return Err(Break::Added {
            seq,
            last: head.seq,
        });
    }
    if head.seq > walk.seq {
        return Err(Break::Missing {
            from: walk.seq + 1,
            to: head.seq,
        });
    }
    if head.seq < walk.seq {
        return Err(Break::Added {
            seq: head.seq + 1,
            last: head.seq,
        });
    }
    if head.hash != walk.hash {
        return Err(Break::OtherHash { seq: head.seq });
    }
    walk.end()?;
    Ok(verified(walk, signer.is_some(), unsealed))
}

/// Whether the head is at least the one that was noted outside of the database.
pub(super) fn not_behind(beside: Option<&(i64, String)>, head: Option<&Mark>) -> Result<(), Break> {
    let Some((noted, hash)) = beside else {
        return Ok(());
    };
    match head {
        Some(head) if head.seq > *noted || (head.seq == *noted && head.hash == *hash) => Ok(()),
        _ => Err(Break::Behind {
            noted: *noted,
            head: head.map_or(0, |head| head.seq),
        }),
    }
}

fn verified(walk: &Walk, is_proven: bool, unsealed: Backlog) -> Verified {
    Verified {
        count: walk.count,
        first: walk.first,
        last: walk.seq,
        head: walk.hash.clone(),
        is_proven,
        unsealed,
    }
}

pub(super) fn proven(signer: &Signer, place: Place, mark: &Mark) -> Result<(), Break> {
    signer
        .check(&mark.proof, place.as_str(), mark.seq, &mark.hash)
        .map(drop)
        .map_err(|why| Break::Forged {
            place: place.as_str(),
            seq: mark.seq,
            why: why.to_string(),
        })
}

/// Which events to write out: whole stretches of the chain, so that what is written can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// From the first event that is not older.
    pub since: Option<Timestamp>,
    /// To the last event that is older.
    pub until: Option<Timestamp>,
}

/// An export under way: the lines come some at a time.
#[derive(Debug)]
pub struct Export {
    stretch: Stretch,
    at: i64,
    last: i64,
    has_begun: bool,
    is_over: bool,
}

impl Export {
    /// An export that has not begun.
    pub fn new(stretch: Stretch) -> Self {
        Self {
            stretch,
            at: 0,
            last: i64::MAX,
            has_begun: false,
            is_over: false,
        }
    }

    /// An export that goes on behind a place and ends with another.
    pub fn resumed(after: i64, through: i64) -> Self {
        Self {
            stretch: Stretch::default(),
            at: after,
            last: through,
            has_begun: true,
            is_over: after >= through,
        }
    }

    /// Where an export that is not over goes on: behind the first place, to the second.
    pub fn rest(&self) -> Option<(i64, i64)> {
        (!self.is_over).then_some((self.at, self.last))
    }

    /// The next lines, each with its end; `None` once everything is written. Called with a snapshot of the database.
    pub fn next(&mut self, tx: &mut ReadTx<'_>) -> Result<Option<String>, ServiceError> {
        if self.is_over {
            return Ok(None);
        }
        let mut text = String::new();
        if !self.has_begun {
            self.has_begun = true;
            text.push_str(&self.begin(tx)?);
        }
        let events = audit_chain::after(tx, self.at, BATCH)?;
        let is_short = i64::try_from(events.len()).unwrap_or(i64::MAX) < BATCH;
        for event in &events {
            let (seq, hash) = event.link.clone().unwrap_or_default();
            if seq > self.last {
                break;
            }
            self.at = seq;
            text.push_str(&line(seq, &hash, event));
            text.push('\n');
        }
        if is_short || self.at >= self.last {
            self.is_over = true;
        }
        Ok(Some(text))
    }

    /// The first line: where the stretch begins, and what the server signed.
    fn begin(&mut self, tx: &mut ReadTx<'_>) -> Result<String, ServiceError> {
        let anchor = audit_chain::mark(tx, Place::Anchor)?;
        let head = audit_chain::mark(tx, Place::Head)?;
        let end = head.as_ref().map_or(0, |head| head.seq);
        self.at = anchor.as_ref().map_or(0, |anchor| anchor.seq);
        let mut hash = anchor
            .as_ref()
            .map_or_else(|| NO_HASH.to_owned(), |anchor| anchor.hash.clone());
        if let Some(since) = self.stretch.since {
            let first = audit_chain::first_since(tx, since)?;
            let before = first.unwrap_or(end + 1) - 1;
            if before > self.at {
                let event = audit_chain::after(tx, before - 1, 1)?;
                hash = event
                    .first()
                    .and_then(|event| event.link.clone())
                    .map(|(_, hash)| hash)
                    .unwrap_or_default();
                self.at = before;
            }
        }
        self.last = match self.stretch.until {
            Some(until) => audit_chain::last_before(tx, until)?.unwrap_or(0).min(end),
            None => end,
        };
        let mut start = json!({ "chain": { "after": self.at, "hash": hash, "last": self.last } });
        for (name, mark) in [("anchor", anchor), ("head", head)] {
            if let (Some(chain), Some(mark)) =
                (start.get_mut("chain").and_then(Json::as_object_mut), mark)
            {
                let mark = json!({ "seq": mark.seq, "hash": mark.hash, "proof": mark.proof });
                chain.insert(name.to_owned(), mark);
            }
        }
        Ok(format!("{start}\n"))
    }
}

/// Some lines of an export, for callers who may read the audit log, and the export as it goes on.
pub async fn lines(
    service: &Service,
    ctx: &Ctx,
    mut export: Export,
) -> Result<(String, Export), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::ReadAudit)?;
    service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            let text = export.next(tx)?.unwrap_or_default();
            Ok((text, export))
        })
        .await
}

/// Verifies an exported file line by line.
#[derive(Debug)]
pub struct FileCheck<'s> {
    signer: Option<&'s Signer>,
    noted: Option<(i64, String)>,
    lines: usize,
    walk: Option<Walk>,
    last: i64,
    head: Option<Mark>,
}

impl<'s> FileCheck<'s> {
    /// A check that has not begun. Without a signer, what the server signed is not looked at.
    pub fn new(signer: Option<&'s Signer>, noted: Option<(i64, String)>) -> Self {
        Self {
            signer,
            noted,
            lines: 0,
            walk: None,
            last: 0,
            head: None,
        }
    }

    /// The next line.
    pub fn line(&mut self, text: &str) -> Result<(), Break> {
        self.lines += 1;
        let line = self.lines;
        let unreadable = || Break::Unreadable { line };
        let mut json: Json = serde_json::from_str(text).map_err(|_| unreadable())?;
        // Of a member that is there twice, reading keeps one: only what reads back as it stands is what was written.
        let is_ours = super::chain::is_printed_as(&json, text);
        let Some(walk) = &mut self.walk else {
            return self
                .begin(&json)
                .filter(|_| is_ours)
                .ok_or_else(unreadable)?;
        };
        let members = json.as_object_mut().ok_or_else(unreadable)?;
        // `shift_remove` would keep the order as well; the hash is the last member, so that both do.
        let hash = members.remove(HASH).ok_or_else(unreadable)?;
        let seq = members
            .get("seq")
            .and_then(Json::as_i64)
            .ok_or_else(unreadable)?;
        let id = members
            .get("id")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        if !is_ours {
            return Err(Break::Changed { seq, id });
        }
        walk.step(
            seq,
            &id,
            &json.to_string(),
            hash.as_str().unwrap_or_default(),
        )?;
        if let Some(head) = &self.head
            && head.seq == walk.seq
            && head.hash != walk.hash
        {
            return Err(Break::OtherHash { seq });
        }
        Ok(())
    }

    fn begin(&mut self, json: &Json) -> Option<Result<(), Break>> {
        let chain = json.get("chain")?;
        let after = chain.get("after")?.as_i64()?;
        let hash = chain.get("hash")?.as_str()?;
        self.last = chain.get("last")?.as_i64()?;
        let mark = |name: &str| -> Option<Mark> {
            let mark = chain.get(name)?;
            Some(Mark {
                seq: mark.get("seq")?.as_i64()?,
                hash: mark.get("hash")?.as_str()?.to_owned(),
                proof: mark.get("proof")?.as_str()?.to_owned(),
            })
        };
        self.head = mark("head");
        let anchor = mark("anchor");
        if let Some(signer) = self.signer {
            for (place, mark) in [(Place::Anchor, &anchor), (Place::Head, &self.head)] {
                if let Some(mark) = mark
                    && let Err(broken) = proven(signer, place, mark)
                {
                    return Some(Err(broken));
                }
            }
            if self.head.is_none() && self.last > 0 {
                return Some(Err(Break::NoHead));
            }
        }
        if let Some(anchor) = anchor.filter(|anchor| anchor.seq == after)
            && anchor.hash != hash
        {
            return Some(Err(Break::OtherHash { seq: after }));
        }
        self.walk = Some(Walk::after(after, hash, self.noted.take()));
        Some(Ok(()))
    }

    /// The end of the file.
    pub fn end(self) -> Result<Verified, Break> {
        let walk = self.walk.ok_or(Break::Unreadable { line: 1 })?;
        if walk.seq < self.last {
            return Err(Break::Missing {
                from: walk.seq + 1,
                to: self.last,
            });
        }
        if walk.count > 0 && walk.seq > self.last {
            return Err(Break::Added {
                seq: walk.seq,
                last: self.last,
            });
        }
        walk.end()?;
        // Only links up to a signed head tie the file to the server.
        let is_proven = self.signer.is_some()
            && self
                .head
                .is_some_and(|head| head.seq == walk.seq && head.hash == walk.hash);
        Ok(verified(&walk, is_proven, Backlog::default()))
    }
}
