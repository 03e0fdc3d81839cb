//! The one place that writes to standard output.

/// Writes a line.
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}
