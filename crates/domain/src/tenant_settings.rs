//! The settings of the tenant: what happens to governed guests who have lost their last access (EX-6).
//!
//! **Invariant:** one length of time is stored, in whole days: v1.0 shows it as a duration, beta as a number (OM-1).

use crate::change::Change;
use crate::flaw::Flaw;
use crate::time::Duration;
use crate::word::words;

words! {
    /// What happens to a governed guest without access.
    pub enum ExternalUserAction {
        /// Nothing.
        None = "none",
        /// The guest cannot sign in any more.
        BlockSignIn = "blockSignIn",
        /// That, and after some time the account goes.
        BlockSignInAndDelete = "blockSignInAndDelete",
    }
}

/// What somebody wants to change of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChange {
    /// Another action.
    pub external_user_action: Option<ExternalUserAction>,
    /// How long after blocking the account goes; 0 is at once.
    pub external_user_deleted_after: Change<Duration>,
}

/// The property, as v1.0 names it.
const DELETED_AFTER: &str = "durationUntilExternalUserDeletedAfterBlocked";
/// Ten years.
const LONGEST_DAYS: i64 = 3650;

impl SettingsChange {
    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), Flaw> {
        let Change::Set(time) = self.external_user_deleted_after else {
            return Ok(());
        };
        let day = Duration::from_days(1).micros();
        let micros = time.micros();
        if micros % day == 0 && (0..=LONGEST_DAYS * day).contains(&micros) {
            return Ok(());
        }
        let message = format!("`{DELETED_AFTER}` must be between 0 and {LONGEST_DAYS} whole days");
        Err(Flaw::new(DELETED_AFTER, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(time: Duration) -> SettingsChange {
        SettingsChange {
            external_user_deleted_after: Change::Set(time),
            ..SettingsChange::default()
        }
    }

    #[test]
    fn the_time_until_deletion_is_a_number_of_days() {
        assert!(SettingsChange::default().check().is_ok());
        for days in [0, 30, LONGEST_DAYS] {
            assert!(after(Duration::from_days(days)).check().is_ok(), "{days}");
        }
        for wrong in [
            Duration::from_days(-1),
            Duration::from_minutes(90),
            Duration::from_days(LONGEST_DAYS + 1),
        ] {
            assert_eq!(
                after(wrong).check().unwrap_err().target,
                DELETED_AFTER,
                "{wrong:?}"
            );
        }
    }
}
