//! What changed since the last time, for programs that keep a copy of the requests or assignments (ADR 25).
//!
//! The first round is the whole list, page by page, and what is logged from its beginning on. Later rounds follow the
//! log, and give what has changed as it is now.
//!
//! **Invariant:** who follows the links has at the end what the list shows them. Where nobody can tell any more what
//! that takes, they are told to begin again.

use std::collections::BTreeMap;

use auth::decide::Catalogs;
use auth::roles::Action;
use domain::model;
use domain::query::{Entity, Page, Path, Predicate, Query, Value};
use domain::subscription::Followed;
use domain::time::{Duration, Timestamp};
use store::change_log::{self, Logged};
use store::{ReadTx, WriteTx};

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::reads;
use crate::settings::Settings;

/// A mark is shared for so many parts of the time for which it stands.
const SHARED_FOR_ONE_IN: i64 = 30;
/// For how long it is shared where it stands for ever.
const SHARED_FOR: Duration = Duration::from_days(1);

/// From where a reader reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The mark that keeps the log for them.
    pub mark: Timestamp,
    /// Behind which line.
    pub position: i64,
}

/// What changed.
#[derive(Debug)]
pub struct Round {
    /// What is new or another than before, as it is now.
    pub page: Page,
    /// What is gone.
    pub removed: Vec<String>,
    /// From where to read on.
    pub since: Since,
    /// Whether there is more already.
    pub has_more: bool,
}

/// What the caller's roles show, in words that are the same as long as it is the same.
pub fn view(ctx: &Ctx) -> Result<String, ServiceError> {
    match authorize::catalogs(ctx, Action::ReadRequests) {
        Catalogs::All => Ok("all".to_owned()),
        Catalogs::Some(catalogs) => {
            let ids: Vec<String> = catalogs.iter().map(ToString::to_string).collect();
            Ok(ids.join(","))
        }
        Catalogs::None(refusal) => Err(authorize::denied(&refusal)),
    }
}

/// Begins a first round: from now on everything is logged.
pub async fn begin(service: &Service, ctx: &Ctx) -> Result<Since, ServiceError> {
    view(ctx)?;
    let mark = marked(service).await?;
    service
        .store
        .read(move |tx| -> Result<Since, ServiceError> {
            let position = change_log::last(tx)?;
            Ok(Since { mark, position })
        })
        .await
}

/// A page of a first round.
pub async fn page(
    service: &Service,
    ctx: &Ctx,
    since: Since,
    query: Query,
) -> Result<Page, ServiceError> {
    let (ctx, settings) = (ctx.clone(), service.settings.clone());
    let now = service.clock.now();
    // A transaction that writes, though nothing is written: a change that commits without having seen the mark, and that
    // this page does not see, would make the database give no serial order, so that one of them is done again.
    service
        .store
        .write(move |tx| -> Result<Page, ServiceError> {
            expect_kept(tx, &settings, now, since)?;
            reads::list_in(tx, &ctx, &settings, query.clone())
        })
        .await
}

/// The next changes behind a place, `limit` at most. `query` is that of the list.
pub async fn changes(
    service: &Service,
    ctx: &Ctx,
    of: Followed,
    since: Since,
    query: Query,
) -> Result<Round, ServiceError> {
    view(ctx)?;
    let newest = marked(service).await?;
    let (ctx, settings) = (ctx.clone(), service.settings.clone());
    let now = service.clock.now();
    service
        .store
        .read(move |tx| -> Result<Round, ServiceError> {
            expect_kept(tx, &settings, now, since)?;
            if !reads::sees_all(&ctx, entity(of))? && change_log::has_ended(tx, of, since.position)?
            {
                return Err(over(
                    "something is gone, or in another catalog, and nobody can say any more who could read it",
                ));
            }
            let limit = query.limit.and_then(|limit| i64::try_from(limit).ok());
            let limit = limit.unwrap_or(i64::MAX - 1);
            let mut lines = change_log::read(tx, of, since.position, limit + 1)?;
            let has_more = i64::try_from(lines.len()).is_ok_and(|count| count > limit);
            if has_more {
                lines.pop();
            }
            let since = match lines.last() {
                Some(last) if has_more => Since {
                    mark: since.mark,
                    position: last.position,
                },
                // All that this moment shows was read, so the newest mark keeps what follows.
                _ => Since {
                    mark: newest,
                    position: change_log::last(tx)?,
                },
            };
            let (changed, removed) = sorted_out(lines);
            let page = if changed.is_empty() {
                Page::default()
            } else {
                reads::list_in(tx, &ctx, &settings, among(of, query, changed))?
            };
            Ok(Round {
                page,
                removed,
                since,
                has_more,
            })
        })
        .await
}

/// What is there at the end of these lines, and what is not.
fn sorted_out(lines: Vec<Logged>) -> (Vec<String>, Vec<String>) {
    let ends: BTreeMap<String, bool> = lines
        .into_iter()
        .map(|line| (line.object_id, line.is_deleted))
        .collect();
    let (gone, there): (Vec<_>, Vec<_>) = ends.into_iter().partition(|(_, is_gone)| *is_gone);
    let ids = |of: Vec<(String, bool)>| of.into_iter().map(|(id, _)| id).collect();
    (ids(there), ids(gone))
}

/// The query of the list, of these objects alone.
fn among(of: Followed, mut query: Query, ids: Vec<String>) -> Query {
    let values = ids.into_iter().map(Value::Text).collect();
    let these = entity(of)
        .key()
        .map_or(Predicate::False, |key| Predicate::In {
            path: Path::of(key),
            values,
        });
    query.filter = these.and(query.filter);
    query.limit = None;
    query.after = None;
    query
}

/// The entity that is followed.
pub fn entity(of: Followed) -> &'static Entity {
    match of {
        Followed::AssignmentRequest => &model::ASSIGNMENT_REQUEST,
        Followed::Assignment => &model::ASSIGNMENT,
    }
}

/// Refuses to read on where the log does not reach back.
fn expect_kept(
    tx: &mut ReadTx<'_>,
    settings: &Settings,
    now: Timestamp,
    since: Since,
) -> Result<(), ServiceError> {
    let is_old = settings
        .delta_retention
        .is_some_and(|kept| since.mark.plus(kept) <= now);
    // A position that was never drawn is from a state of the tenant that is no more.
    if is_old || !change_log::is_marked(tx, since.mark)? || since.position > change_log::last(tx)? {
        return Err(over("what changed since then is not known any more"));
    }
    Ok(())
}

/// The refusal that sends a reader back to the beginning.
pub fn over(why: &str) -> ServiceError {
    let message = format!("{why}; begin again without `$deltatoken` and `$skiptoken`");
    ServiceError::refused(Code::ResyncRequired, message)
}

/// A mark that will stand for most of the time for which marks stand.
async fn marked(service: &Service) -> Result<Timestamp, ServiceError> {
    let now = service.clock.now();
    let shared = service.settings.delta_retention.map_or(SHARED_FOR, |kept| {
        Duration::from_micros(kept.micros() / SHARED_FOR_ONE_IN)
    });
    let since = now.minus(shared);
    let newest = service.store.read(change_log::newest).await?;
    match newest.filter(|newest| *newest >= since) {
        Some(newest) => Ok(newest),
        None => {
            service
                .store
                .write(move |tx| Ok(change_log::mark(tx, now, since)?))
                .await
        }
    }
}

/// Drops what nobody can read on from any more.
pub(crate) fn forget(
    tx: &mut WriteTx<'_>,
    now: Timestamp,
    settings: &Settings,
) -> Result<(), ServiceError> {
    if let Some(kept) = settings.delta_retention {
        change_log::forget(tx, now.minus(kept))?;
    }
    Ok(())
}

/// When there is something to drop.
pub(crate) fn next(
    tx: &mut ReadTx<'_>,
    settings: &Settings,
) -> Result<Option<Timestamp>, ServiceError> {
    let Some(kept) = settings.delta_retention else {
        return Ok(None);
    };
    Ok(change_log::oldest(tx)?.map(|oldest| oldest.plus(kept)))
}
