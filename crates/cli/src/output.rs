//! The one place that prints: results on standard output, what went wrong on standard error.
//!
//! A reader that goes away (`reeve export | head`) ends the program quietly.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a line on standard output.
pub(crate) fn line(text: impl Display) {
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

/// Tells how it goes, on standard error.
pub(crate) fn note(text: impl Display) {
    // Nobody could be told that this failed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
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
