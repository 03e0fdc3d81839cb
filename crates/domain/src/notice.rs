//! Notices: which mail is due to whom, and its number in the documented table (semantics 10.2).
//!
//! **Invariant:** a number says what happened and how; two occasions never share one.

use crate::time::Duration;
use crate::word::words;

words! {
    /// What a notice is about.
    pub enum Occasion {
        /// A stage waits for its approvers.
        StageOpened = "stageOpened",
        /// Half of the stage's time is over, and nobody has decided.
        StageReminder = "stageReminder",
        /// The alternates are asked, too.
        StageEscalated = "stageEscalated",
        /// A stage was approved.
        StageApproved = "stageApproved",
        /// Nobody decided in a stage.
        StageExpired = "stageExpired",
        /// The request was denied.
        RequestDenied = "requestDenied",
        /// The request ended because nobody decided.
        RequestExpired = "requestExpired",
        /// The access is there.
        AccessDelivered = "accessDelivered",
        /// The access ends soon.
        AccessNearEnd = "accessNearEnd",
        /// The access is gone.
        AccessEnded = "accessEnded",
    }
}

impl Occasion {
    /// Whether a policy can switch the notice off (NO-3).
    pub const fn is_about_access(self) -> bool {
        matches!(
            self,
            Self::AccessDelivered | Self::AccessNearEnd | Self::AccessEnded
        )
    }

    /// Whether the notice is void once somebody has decided in the stage.
    pub const fn asks_for_decision(self) -> bool {
        matches!(
            self,
            Self::StageOpened | Self::StageReminder | Self::StageEscalated
        )
    }
}

/// Which stage a notice is about, as far as its number tells. Stage 3 repeats the numbers of stage 2 (NO-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagePlace {
    /// From 0.
    pub ordinal: i64,
    /// Whether it is the only one.
    pub is_only: bool,
    /// Whether alternates will be asked, too.
    pub escalates: bool,
}

impl StagePlace {
    /// The number of a notice about this stage; of one that is about no stage, where the occasion is none of a stage's.
    pub const fn number(self, occasion: Occasion) -> i64 {
        let is_first = self.ordinal == 0;
        match (occasion, is_first, self.escalates) {
            (Occasion::StageEscalated, true, _) => 1,
            (Occasion::StageEscalated, false, _) => 15,
            (Occasion::StageOpened, true, false) => 2,
            (Occasion::StageOpened, true, true) => 4,
            (Occasion::StageOpened, false, false) => 11,
            (Occasion::StageOpened, false, true) => 13,
            (Occasion::StageReminder, true, false) => 3,
            (Occasion::StageReminder, true, true) => 5,
            (Occasion::StageReminder, false, false) => 12,
            (Occasion::StageReminder, false, true) => 14,
            (Occasion::StageExpired, true, _) => 6,
            (Occasion::StageExpired, false, _) => 17,
            (Occasion::StageApproved, true, _) if self.is_only => 7,
            (Occasion::StageApproved, true, _) => 8,
            (Occasion::StageApproved, false, _) => 16,
            (
                Occasion::RequestDenied
                | Occasion::RequestExpired
                | Occasion::AccessDelivered
                | Occasion::AccessNearEnd
                | Occasion::AccessEnded,
                _,
                _,
            ) => number_without_stage(occasion),
        }
    }
}

/// The number of a notice to the requestor.
pub const fn number_without_stage(occasion: Occasion) -> i64 {
    match occasion {
        Occasion::RequestDenied => 9,
        Occasion::RequestExpired => 10,
        Occasion::AccessDelivered => 18,
        Occasion::AccessNearEnd => 19,
        Occasion::AccessEnded => 20,
        Occasion::StageOpened
        | Occasion::StageReminder
        | Occasion::StageEscalated
        | Occasion::StageApproved
        | Occasion::StageExpired => 0,
    }
}

words! {
    /// How a notice stands.
    pub enum NoticeState {
        /// To be sent when it is due.
        Queued = "queued",
        /// Somebody is at it.
        Sending = "sending",
        /// A mail server took it, or the log has it.
        Sent = "sent",
        /// It was handed over, and nobody knows what came of that: it is not sent again by itself.
        Uncertain = "uncertain",
        /// It was refused, or tried too often.
        Failed = "failed",
        /// There was no need any more, or no address.
        Dropped = "dropped",
        /// The requestor had caused too many.
        Withheld = "withheld",
    }
}

/// How often a notice is tried.
pub const MOST_ATTEMPTS: i64 = 8;

/// How long after so many failed attempts the next one is due; none: that was the last.
pub fn retry_after(attempts: i64) -> Option<Duration> {
    const MINUTES: [i64; 7] = [1, 5, 15, 60, 240, 720, 1440];
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    MINUTES.get(index).copied().map(Duration::from_minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of semantics 10.2, with the words that tell its rows apart.
    #[test]
    fn every_number_of_the_documented_table_has_exactly_one_occasion() {
        let mut seen = std::collections::BTreeMap::new();
        for occasion in Occasion::ALL.iter().copied() {
            for ordinal in [0, 1] {
                for is_only in [false, true] {
                    for escalates in [false, true] {
                        let place = StagePlace {
                            ordinal,
                            is_only,
                            escalates,
                        };
                        let before = seen.insert(place.number(occasion), occasion);
                        assert!(before.is_none_or(|before| before == occasion), "{occasion}");
                    }
                }
            }
        }
        let numbers: Vec<_> = seen.into_keys().collect();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn no_3_stage_three_repeats_the_numbers_of_stage_two() {
        for occasion in Occasion::ALL.iter().copied() {
            let place = |ordinal| StagePlace {
                ordinal,
                is_only: false,
                escalates: true,
            };
            assert_eq!(place(1).number(occasion), place(2).number(occasion));
        }
    }

    #[test]
    fn attempts_come_to_an_end() {
        let gaps = (1..).map_while(retry_after).count();

        assert_eq!(i64::try_from(gaps).unwrap() + 1, MOST_ATTEMPTS);
        assert_eq!(retry_after(0), None);
    }
}
