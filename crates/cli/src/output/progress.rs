//! How far something is, on a terminal: one line of standard error that is written over and over.
//!
//! **Invariant:** where standard error is no terminal, or one that cannot go back in a line, nothing of it is written.

use std::io::{IsTerminal, Write};

/// The cells of the bar.
const CELLS: u64 = 30;
/// The longest line: more would break on a small terminal, and stay there.
const LONGEST: usize = 78;

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
    length: usize,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|kind| kind.is_empty() || kind == "dumb");
        Self {
            is_shown: std::io::stderr().is_terminal() && !is_dumb,
            length: 0,
        }
    }

    /// Shows a bar: `what` is under way, `done` of `all`, and what else there is to say.
    pub(crate) fn bar(&mut self, what: &str, done: u64, all: u64, more: &str) {
        self.write(&format!("{what} {} {done}/{all} {more}", drawn(done, all)));
    }

    /// Shows words.
    pub(crate) fn words(&mut self, text: &str) {
        self.write(text);
    }

    fn write(&mut self, text: &str) {
        if !self.is_shown {
            return;
        }
        let text: String = super::rows::shown(text.trim_end())
            .chars()
            .take(LONGEST)
            .collect();
        let length = text.chars().count();
        let blank = " ".repeat(self.length.saturating_sub(length));
        let mut out = std::io::stderr().lock();
        // Nobody could be told that this failed.
        let _ = write!(out, "\r{text}{blank}").and_then(|()| out.flush());
        self.length = length;
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.length > 0 {
            let blank = " ".repeat(self.length);
            let mut out = std::io::stderr().lock();
            // Nobody could be told that this failed.
            let _ = write!(out, "\r{blank}\r").and_then(|()| out.flush());
            self.length = 0;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn drawn(done: u64, all: u64) -> String {
    let full = (done.min(all) * CELLS).checked_div(all).unwrap_or(0);
    let cells: String = (0..CELLS)
        .map(|at| if at < full { '#' } else { '.' })
        .collect();
    format!("[{cells}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_up_and_never_more_than_that() {
        assert_eq!(drawn(0, 0), format!("[{}]", ".".repeat(30)));
        assert_eq!(
            drawn(1, 2),
            format!("[{}{}]", "#".repeat(15), ".".repeat(15))
        );
        assert_eq!(drawn(9, 3), format!("[{}]", "#".repeat(30)));
    }
}
