//! What a test does when a peer is not installed (R7).

use std::io::Write;

/// Set to `1`, a missing peer fails the test instead of skipping it; `cargo xtask test` sets it.
pub const REQUIRE: &str = "REEVE_REQUIRE_PEERS";

/// The started peer, or `None` when it is not installed and this run may do without it.
///
/// The skip is written past the test harness's capture, so that it is seen and can be counted.
///
/// # Panics
/// When the peer is installed but does not start, and when it is missing although [`REQUIRE`] asks for it.
#[expect(
    clippy::panic,
    reason = "called by tests alone, where a panic is the verdict"
)]
pub fn started_or_skipped<T>(name: &str, started: anyhow::Result<Option<T>>) -> Option<T> {
    match started {
        Ok(Some(peer)) => Some(peer),
        Ok(None) if std::env::var(REQUIRE).is_ok_and(|value| value == "1") => {
            panic!("{name} is not installed, and {REQUIRE}=1 forbids to skip it")
        }
        Ok(None) => {
            // Nothing is lost if standard error is closed.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {name} is not installed");
            None
        }
        Err(error) => panic!("{name} does not start: {error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_peer_is_handed_on() {
        assert_eq!(started_or_skipped("peer", Ok(Some(7))), Some(7));
    }

    #[test]
    #[should_panic(expected = "peer does not start: no room")]
    fn a_peer_that_does_not_start_fails_the_test() {
        started_or_skipped::<()>("peer", Err(anyhow::anyhow!("no room")));
    }
}
