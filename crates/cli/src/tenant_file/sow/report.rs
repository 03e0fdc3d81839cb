//! What a run did, thing by thing.

use anyhow::anyhow;

use crate::output::{Ending, Refused};

/// What came of a thing of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not there, and is now.
    Made,
    /// It was there, differed, and is now as the file says.
    Updated,
    /// It was there, as the file says.
    There,
    /// It was there, differs, and stays as it is.
    Differs,
    /// It is not as the file says, and could not be made so.
    Refused,
}

impl Outcome {
    /// As it is told.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Updated => "updated",
            Self::There => "there",
            Self::Differs => "differs",
            Self::Refused => "refused",
        }
    }
}

/// A thing of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The collection that it is in, such as `groups`.
    pub(crate) what: String,
    /// Its name.
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    /// What differs, or why it was refused.
    pub(crate) detail: Option<String>,
}

/// All of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) items: Vec<Item>,
    /// Nothing was written: this is what would be, or why not.
    pub(crate) is_only_told: bool,
    /// What ended the run before its end.
    pub(crate) broken: Option<anyhow::Error>,
}

impl Report {
    /// Notes what came of a thing.
    pub(super) fn note(
        &mut self,
        what: &str,
        name: String,
        outcome: Outcome,
        detail: Option<String>,
    ) {
        self.items.push(Item {
            what: what.to_owned(),
            name,
            outcome,
            detail,
        });
    }

    /// The things of which this came.
    pub(crate) fn of(&self, outcome: Outcome) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(move |item| item.outcome == outcome)
    }

    /// Whether this came of anything.
    pub(super) fn has(&self, outcome: Outcome) -> bool {
        self.of(outcome).next().is_some()
    }

    /// The same of a run that wrote nothing.
    pub(super) fn not_done(mut self) -> Self {
        self.is_only_told = true;
        self
    }

    /// How the command ends.
    pub(crate) fn ending(&self) -> Ending {
        if self.has(Outcome::Refused) && self.is_only_told {
            Ending::Refused
        } else if self.has(Outcome::Refused) || self.has(Outcome::Differs) || self.broken.is_some()
        {
            Ending::Amiss
        } else {
            Ending::Well
        }
    }

    /// An error where anything is not there.
    pub(super) fn into_whole(self) -> anyhow::Result<()> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let refused: Vec<String> = self
            .of(Outcome::Refused)
            .map(|item| {
                let why = item.detail.as_deref().unwrap_or_default();
                format!("{} `{}`: {why}", item.what, item.name)
            })
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(anyhow!(Refused(refused.join("; "))))
    }
}
