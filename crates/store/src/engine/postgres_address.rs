//! How PostgreSQL is reached: what the address says, and what it is silent about.
//!
//! **Invariant:** a server that vanishes without a word is noticed within seconds, so that a fail-over is not waited out in
//! vain; and a process that is stopped in the middle of a transaction
//! does not hold its locks for long.

use std::time::Duration;

use postgres::Config;

use crate::error::Error;

/// How long one host may take to take a connection: with several, the next one is asked then.
const CONNECT: Duration = Duration::from_secs(3);
/// For how long sent data may stay without a sign that it came, before the connection is given up.
const UNANSWERED: Duration = Duration::from_secs(6);
/// After how much silence the other side is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(3);
/// How long between two such questions.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How many of them may stay without an answer.
const ASK_TIMES: u32 = 3;
/// The driver's own length of silence, which tells that the address does not name one.
const DRIVERS_SILENCE: Duration = Duration::from_hours(2);

/// What each session is told first.
///
/// A transaction is worked off without a wait for anything but the database: where the server waits for us for so long,
/// this process is stopped or out of reach, and others wait for its locks. And no statement may be cancelled by a clock: a
/// commit that waits for a synchronous standby would be answered as if it had got there.
pub(super) const GREETING: &str = "SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = 0; SET lock_timeout = 0";

/// Reads an address and adds what it is silent about.
pub(super) fn config(url: &str) -> Result<Config, Error> {
    let mut config: Config = url
        .parse()
        .map_err(|error| Error::driver("reading the address of PostgreSQL", error))?;
    if config.get_application_name().is_none() {
        config.application_name("reeve");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNANSWERED);
    }
    if config.get_keepalives_idle() == DRIVERS_SILENCE {
        config.keepalives_idle(SILENCE);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(ASK_EVERY);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(ASK_TIMES);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_says_nothing_of_it_notices_a_vanished_server_within_seconds() {
        let config = config("postgresql://reeve@one,two/reeve").unwrap();

        assert_eq!(config.get_application_name(), Some("reeve"));
        assert_eq!(config.get_connect_timeout(), Some(&CONNECT));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNANSWERED));
        let asked = config.get_keepalives_interval().unwrap() * ASK_TIMES;
        assert!(config.get_keepalives_idle() + asked <= Duration::from_secs(10));
        assert_eq!(config.get_keepalives_retries(), Some(ASK_TIMES));
    }

    #[test]
    fn what_the_address_says_stands() {
        let url = "postgresql://reeve@one/reeve?connect_timeout=20&tcp_user_timeout=40&keepalives_idle=50\
                   &keepalives_interval=9&keepalives_retries=7&application_name=other";
        let config = config(url).unwrap();

        assert_eq!(config.get_application_name(), Some("other"));
        let seconds = |length: Option<&Duration>| length.map(Duration::as_secs);
        assert_eq!(seconds(config.get_connect_timeout()), Some(20));
        assert_eq!(seconds(config.get_tcp_user_timeout()), Some(40));
        assert_eq!(config.get_keepalives_idle().as_secs(), 50);
        assert_eq!(config.get_keepalives_retries(), Some(7));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert!(matches!(
            config("postgresql://host:port/"),
            Err(Error::Driver { .. })
        ));
    }
}
