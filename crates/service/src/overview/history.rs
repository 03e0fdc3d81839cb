//! How old drift is, and how long targets took: what the ledger and the last requests tell, as far as they are kept.
//!
//! **Invariant:** what is looked at ends at a limit, however much there is; what is told says where that is.

use auth::roles::Action;
use domain::time::{Duration, Timestamp};
use store::report::{self, Delivered};

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

/// So many drifted grants are looked at.
pub const MOST_DRIFTED: i64 = 10_000;
/// The changes of so many requests, the last ones, are looked at.
pub const LAST_REQUESTS: i64 = 2_000;
/// So many changes are looked at.
const MOST_CHANGES: i64 = 20_000;
/// Into so many parts the time is divided.
const PARTS: i64 = 12;

/// Ages, each up to where the next begins; the last has no end.
pub const AGES: [Duration; 4] = [
    Duration::from_minutes(60),
    Duration::from_days(1),
    Duration::from_days(7),
    Duration::from_days(30),
];

/// How many grants have drifted for how long: less than each of [`AGES`], and longer.
pub async fn drift_ages(
    service: &Service,
    ctx: &Ctx,
    target: Option<&str>,
) -> Result<[i64; 5], ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    let target = target.map(str::to_owned);
    let drifted = service
        .store
        .read(move |tx| report::drifted(tx, target.as_deref(), MOST_DRIFTED))
        .await?;
    Ok(by_age(drifted.into_iter(), service.clock.now()))
}

fn by_age(since: impl Iterator<Item = Timestamp>, now: Timestamp) -> [i64; 5] {
    let mut numbers = [0; 5];
    for since in since {
        let age = now.micros().saturating_sub(since.micros());
        let at = AGES
            .iter()
            .take_while(|limit| age >= limit.micros())
            .count();
        if let Some(number) = numbers.get_mut(at) {
            *number += 1;
        }
    }
    numbers
}

/// What a target took within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// The first instant.
    pub from: Timestamp,
    /// How many changes were seen in the target then.
    pub changes: i64,
    /// How long half of them took at most, from being accepted.
    pub half: Duration,
    /// How long the slowest took.
    pub slowest: Duration,
}

/// How long the last changes of a target took, from the oldest to the newest of them. Parts of the time without any are left
/// out.
pub async fn latency(
    service: &Service,
    ctx: &Ctx,
    target: &str,
) -> Result<Vec<Took>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    let mut changes = service
        .store
        .read(move |tx| report::delivered(tx, LAST_REQUESTS, MOST_CHANGES))
        .await?;
    changes.retain(|one| one.target == target);
    Ok(parts(&changes))
}

fn parts(changes: &[Delivered]) -> Vec<Took> {
    let instants = changes.iter().map(|one| one.verified_at.micros());
    let (Some(first), Some(last)) = (instants.clone().min(), instants.max()) else {
        return Vec::new();
    };
    let step = (last - first) / PARTS + 1;
    let mut parts = Vec::new();
    for number in 0..PARTS {
        let from = first + number * step;
        let mut took: Vec<i64> = changes
            .iter()
            .filter(|one| (from..from + step).contains(&one.verified_at.micros()))
            .map(|one| one.verified_at.micros() - one.accepted_at.micros())
            // Sent once more since: how long the first time took is not kept.
            .filter(|took| *took >= 0)
            .collect();
        took.sort_unstable();
        let half = took.get(took.len().saturating_sub(1) / 2);
        let (Some(half), Some(slowest)) = (half, took.last()) else {
            continue;
        };
        parts.push(Took {
            from: Timestamp::from_micros(from),
            changes: i64::try_from(took.len()).unwrap_or(i64::MAX),
            half: Duration::from_micros(*half),
            slowest: Duration::from_micros(*slowest),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn each_age_counts_once_and_begins_where_the_one_before_ends() {
        let now = at(100 * 86_400);
        let ages = [
            0,
            3_599,
            3_600,
            86_400,
            7 * 86_400,
            30 * 86_400,
            99 * 86_400,
        ];
        let since = ages.into_iter().map(|age| at(100 * 86_400 - age));
        assert_eq!(by_age(since, now), [2, 1, 1, 1, 2]);
    }

    #[test]
    fn what_a_target_took_is_told_in_the_order_of_time() {
        let change = |accepted: i64, verified: i64| Delivered {
            target: "erp".to_owned(),
            accepted_at: at(accepted),
            verified_at: at(verified),
        };
        // Two at the beginning, one of which was sent once more since; three at the end.
        let changes = [
            change(10, 12),
            change(500, 12),
            change(1_000, 1_001),
            change(990, 1_001),
            change(998, 1_001),
        ];

        let told = parts(&changes);

        let told: Vec<_> = told
            .iter()
            .map(|one| (one.changes, one.half, one.slowest))
            .collect();
        let seconds = Duration::from_secs;
        assert_eq!(
            told,
            [(1, seconds(2), seconds(2)), (3, seconds(3), seconds(11))]
        );
        assert_eq!(parts(&[]), []);
    }
}
