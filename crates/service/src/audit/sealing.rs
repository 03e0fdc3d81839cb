//! The sealer: gives the events that were committed their places in the chain, and removes what is older than the log is
//! kept (ADR 16).
//!
//! **Invariant:** an event is sealed once and in a transaction of its own that also moves the signed end of the chain; so
//! two sealers, on two replicas, never give one place twice.

use std::sync::Arc;

use auth::seal::{self, NO_HASH, Signer};
use domain::activity::Activity;
use domain::time::Timestamp;
use store::audit_chain::{self, Backlog, Link, Mark, Place};
use store::{ReadTx, WriteTx};

use super::chain::{Break, Walk, canonical};
use super::proof::{self, Verified};
use crate::audit::{self, success};
use crate::ctx::Service;
use crate::error::ServiceError;

/// Events that are sealed, or removed, in one transaction.
const BATCH: i64 = 500;

/// What is left to seal.
pub async fn backlog(service: &Service) -> Result<Backlog, ServiceError> {
    Ok(service.store.read(audit_chain::backlog).await?)
}

/// Since when the oldest event waits that has no place yet.
pub async fn waiting_since(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    let first = service
        .store
        .read(|tx| audit_chain::unsealed(tx, 1))
        .await?;
    Ok(first.first().map(|event| event.happened_at))
}

/// Seals everything that was committed before; answers how many events there were.
pub async fn seal_all(service: &Service, signer: &Arc<Signer>) -> Result<usize, ServiceError> {
    let mut total = 0;
    loop {
        let sealed = seal_some(service, signer).await?;
        total += sealed;
        if i64::try_from(sealed).unwrap_or(i64::MAX) < BATCH {
            return Ok(total);
        }
    }
}

async fn seal_some(service: &Service, signer: &Arc<Signer>) -> Result<usize, ServiceError> {
    // A look first: most of the time there is nothing to do, and nobody is to wait for that.
    if waiting_since(service).await?.is_none() {
        return Ok(0);
    }
    // Read before the head, which only goes on from there.
    let noted = signer.noted().map_err(ServiceError::internal)?;
    let (by, now) = (Arc::clone(signer), service.clock.now());
    let (sealed, head) = service
        .store
        .write_bulk(move |tx| seal_in(tx, &by, noted.as_ref(), now))
        .await?;
    if let Some((seq, hash)) = head {
        let signer = Arc::clone(signer);
        tokio::task::spawn_blocking(move || signer.note(seq, &hash))
            .await
            .map_err(ServiceError::internal)?
            .map_err(ServiceError::internal)?;
    }
    Ok(sealed)
}

/// How many events were sealed, and the head that is to be noted once they are committed.
fn seal_in(
    tx: &mut WriteTx<'_>,
    signer: &Signer,
    noted: Option<&(i64, String)>,
    now: Timestamp,
) -> Result<(usize, Option<(i64, String)>), ServiceError> {
    let (mut seq, mut hash) = end(tx, signer, noted)?;
    let events = audit_chain::unsealed(tx, BATCH)?;
    if events.is_empty() {
        return Ok((0, None));
    }
    let mut links = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        hash = seal::link(&hash, &canonical(seq, &event));
        links.push(Link {
            id: event.id,
            seq,
            hash: hash.clone(),
        });
    }
    audit_chain::seal(tx, &links)?;
    let head = signed(signer, Place::Head, seq, &hash, now)?;
    audit_chain::set_mark(tx, Place::Head, &head)?;
    Ok((links.len(), Some((seq, hash))))
}

/// The last event that was sealed: its place and its hash. What the server did not sign is not gone on from: that would
/// make somebody else's chain ours. Nor is an older end than the noted one: that would seal anew what was changed meanwhile.
fn end(
    tx: &mut ReadTx<'_>,
    signer: &Signer,
    noted: Option<&(i64, String)>,
) -> Result<(i64, String), ServiceError> {
    let head = audit_chain::mark(tx, Place::Head)?;
    proof::not_behind(noted, head.as_ref()).map_err(ServiceError::internal)?;
    let Some(head) = head else {
        return Ok((0, NO_HASH.to_owned()));
    };
    proof::proven(signer, Place::Head, &head).map_err(ServiceError::internal)?;
    Ok((head.seq, head.hash))
}

fn signed(
    signer: &Signer,
    place: Place,
    seq: i64,
    hash: &str,
    now: Timestamp,
) -> Result<Mark, ServiceError> {
    let proof = signer
        .sign(place.as_str(), seq, hash, now)
        .map_err(ServiceError::internal)?;
    Ok(Mark {
        seq,
        hash: hash.to_owned(),
        proof,
    })
}

/// Removes the sealed events that are older than `retention.audit` (AL-3); the chain then begins at a signed anchor. Events
/// go in the order of the chain: one that is too old stays as long as one before it is not.
pub async fn expire(service: &Service, signer: &Arc<Signer>) -> Result<usize, ServiceError> {
    let Some(keep) = service.settings.retention_audit else {
        return Ok(0);
    };
    let before = service.clock.now().minus(keep);
    let first = service
        .store
        .read(|tx| audit_chain::after(tx, 0, 1))
        .await?;
    if first.iter().all(|event| event.happened_at >= before) {
        return Ok(0);
    }
    let mut total = 0;
    loop {
        let (signer, now) = (Arc::clone(signer), service.clock.now());
        let removed = service
            .store
            .write_bulk(move |tx| expire_in(tx, &signer, before, now))
            .await?;
        total += removed;
        if i64::try_from(removed).unwrap_or(i64::MAX) < BATCH {
            return Ok(total);
        }
    }
}

fn expire_in(
    tx: &mut WriteTx<'_>,
    signer: &Signer,
    before: Timestamp,
    now: Timestamp,
) -> Result<usize, ServiceError> {
    let anchor = audit_chain::mark(tx, Place::Anchor)?;
    if let Some(anchor) = &anchor {
        proof::proven(signer, Place::Anchor, anchor).map_err(ServiceError::internal)?;
    }
    let mut walk = anchor.map_or_else(
        || Walk::after(0, NO_HASH, None),
        |anchor| Walk::after(anchor.seq, anchor.hash, None),
    );
    let oldest = audit_chain::after(tx, 0, BATCH)?;
    let old: Vec<_> = oldest
        .iter()
        .take_while(|event| event.happened_at < before)
        .collect();
    // What goes is signed for, so it must be what was sealed: its age too is only what the row says.
    for event in &old {
        proof::step(&mut walk, event).map_err(ServiceError::internal)?;
    }
    if old.is_empty() {
        return Ok(0);
    }
    let anchor = signed(signer, Place::Anchor, walk.seq, &walk.hash, now)?;
    audit_chain::set_mark(tx, Place::Anchor, &anchor)?;
    audit_chain::remove_through(tx, walk.seq)?;
    Ok(old.len())
}

/// Signs both ends of the chain with the key that is there, if every link between them holds, and notes this end of it: for
/// when the key was lost, or an old state of the database was put back on purpose. That leaves an event, which the next server
/// to run seals. Blocks.
pub fn sign_anew(
    service: &Service,
    signer: &Arc<Signer>,
) -> Result<Result<Verified, Break>, ServiceError> {
    let store = &service.store;
    if let Err(broken) = proof::verify_links(store)? {
        return Ok(Err(broken));
    }
    let by = Arc::clone(signer);
    let (moment, ctx) = (service.moment(), service.system());
    let head = store.write_blocking(move |tx| -> Result<_, ServiceError> {
        for place in [Place::Anchor, Place::Head] {
            if let Some(mark) = audit_chain::mark(tx, place)? {
                let anew = signed(&by, place, mark.seq, &mark.hash, moment.now)?;
                audit_chain::set_mark(tx, place, &anew)?;
            }
        }
        let head = audit_chain::mark(tx, Place::Head)?;
        let about = head.as_ref().map_or(0, |head| head.seq);
        let event = success(Activity::SignAuditLog, "AuditLog", about, None);
        audit::record(tx, &moment, &ctx, event)?;
        Ok(head)
    })?;
    let head = head.as_ref().map(|head| (head.seq, head.hash.as_str()));
    signer.note_anew(head).map_err(ServiceError::internal)?;
    proof::verify(store, signer, None)
}
