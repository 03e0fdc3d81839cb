//! The one place that prints: results on standard output, what went wrong on standard error.
//!
//! A reader that goes away (`reeve export | head`) ends the program quietly.

pub(crate) mod progress;
pub(crate) mod rows;

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a line on standard output, or several; nothing in it gives a terminal orders.
pub(crate) fn line(text: impl Display) {
    let text = rows::shown_in_lines(&text.to_string());
    to_stdout(format_args!("{text}\n"));
}

/// Prints text as it is on standard output.
pub(crate) fn text(text: impl Display) {
    to_stdout(format_args!("{text}"));
}

fn to_stdout(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let written = out.write_fmt(text).and_then(|()| out.flush());
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            note(format_args!("cannot write to standard output: {error}"));
            std::process::exit(1);
        }
    }
}

/// A table that reads well in a terminal and in a file.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::ASCII_MARKDOWN)
        .set_header(header);
    table
}

/// So many of something: `1 item`, `2 items`.
pub(crate) fn counted(count: impl Display, one: &str, several: &str) -> String {
    let count = count.to_string();
    format!("{count} {}", if count == "1" { one } else { several })
}

/// Tells how it goes, on standard error.
pub(crate) fn note(text: impl Display) {
    let text = rows::shown_in_lines(&text.to_string());
    // Nobody could be told that this failed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Nothing was done, because it was refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// The command line says too little, or what does not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misunderstood(pub(crate) String);

/// How a command ended, where that is not told by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All went well.
    Well,
    /// Something failed, or was found that should not be.
    Amiss,
    /// Nothing was done: the command line cannot be understood.
    Misunderstood,
    /// Nothing was done: it was refused, or would have gone past a threshold.
    Refused,
}

impl Ending {
    /// What a script is told.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Amiss => 1,
            // As the parser of the command line ends by itself.
            Self::Misunderstood => 2,
            Self::Refused => 3,
        }
    }

    /// The ending that an error means.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if error
            .chain()
            .any(<dyn std::error::Error>::is::<Misunderstood>)
        {
            Self::Misunderstood
        } else if error.chain().any(<dyn std::error::Error>::is::<Refused>) {
            Self::Refused
        } else {
            Self::Amiss
        }
    }

    /// Of so many tries, so many that failed.
    pub(crate) const fn counted(tried: usize, failed: usize) -> Self {
        if failed == 0 {
            Self::Well
        } else if failed == tried {
            Self::Refused
        } else {
            Self::Amiss
        }
    }
}

impl From<bool> for Ending {
    fn from(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::Amiss }
    }
}

/// Tells why the program ends, with all causes.
pub(crate) fn failure(error: &anyhow::Error) {
    let mut told = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // Some libraries repeat their source in their own text.
        if !told.contains(&cause) {
            if !told.is_empty() {
                told.push_str(": ");
            }
            told.push_str(&cause);
        }
    }
    note(format_args!("reeve: {told}"));
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_told_as_one() {
        let told = [0, 1, 2, 21].map(|count| counted(count, "grant is", "grants are"));

        assert_eq!(
            told,
            [
                "0 grants are",
                "1 grant is",
                "2 grants are",
                "21 grants are"
            ]
        );
    }
}
