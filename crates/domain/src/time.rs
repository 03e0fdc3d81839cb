//! Instants and durations as the wire and the tables know them.

use std::fmt;

use jiff::{Span, SpanRelativeTo, ToSpan};

/// An instant in UTC, in microseconds since 1970: the unit that the tables store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a point in time, or not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct MalformedTime {
    /// What was read.
    pub text: String,
    /// What should have been there.
    pub expected: &'static str,
}

/// What the calendar of the wire holds: from the year 1 to the last days of the year 9999.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_207_200_000_000;

impl Timestamp {
    /// From microseconds since 1970, held within the years 1 to 9999.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < *RANGE.start() {
            Self(*RANGE.start())
        } else if micros > *RANGE.end() {
            Self(*RANGE.end())
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads ISO 8601 with an offset, any number of fractional digits up to 7 or more; a date alone is refused (DT-1).
    pub fn parse(text: &str) -> Result<Self, MalformedTime> {
        let malformed = || MalformedTime {
            text: text.to_owned(),
            expected: "a date and time such as `2026-01-02T03:04:05Z`",
        };
        match text.parse::<jiff::Timestamp>() {
            Ok(instant) => Ok(Self::from_micros(instant.as_microsecond())),
            // Clients say "never" with the last second of the calendar, which not every library can name.
            Err(_) if text.starts_with("9999-12-31T") && text.ends_with('Z') => {
                Ok(Self::from_micros(*RANGE.end()))
            }
            Err(_) => Err(malformed()),
        }
    }

    /// The instant `duration` later, held within the years 1 to 9999.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(duration.0))
    }

    /// The instant `duration` earlier, held within the years 1 to 9999.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(duration.0))
    }
}

impl fmt::Display for Timestamp {
    /// `2026-01-02T03:04:05Z`, with as many fractional digits as are needed (DT-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant.fmt(f),
            Err(_) => f.write_str("0001-01-01T00:00:00Z"),
        }
    }
}

/// A fixed length of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

impl Duration {
    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// From whole minutes.
    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_secs(minutes.saturating_mul(60))
    }

    /// From days of 24 hours.
    pub const fn from_days(days: i64) -> Self {
        Self::from_secs(days.saturating_mul(86_400))
    }

    /// Microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an ISO 8601 duration of fixed length: weeks, days, hours, minutes, seconds; years and months are refused (§6.4).
    pub fn parse(text: &str) -> Result<Self, MalformedTime> {
        let malformed = || MalformedTime {
            text: text.to_owned(),
            expected: "a duration such as `P30D` or `PT8H`, without years or months",
        };
        if !text.starts_with(['P', 'p', '-', '+']) {
            return Err(malformed());
        }
        let span: Span = text.parse().map_err(|_| malformed())?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(malformed());
        }
        let exact = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| malformed())?;
        i64::try_from(exact.as_micros())
            .map(Self)
            .map_err(|_| malformed())
    }
}

impl fmt::Display for Duration {
    /// The shortest day-time form (DT-2): `P14D`, `PT1H30M`, `PT0S`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400_000_000;
        let span = (self.0 / DAY).days().microseconds(0);
        let rest = Span::new().try_microseconds(self.0 % DAY).ok();
        let balanced = rest.and_then(|rest| {
            rest.round(jiff::SpanRound::new().largest(jiff::Unit::Hour))
                .ok()
        });
        let whole = balanced.and_then(|time| {
            span.try_hours(time.get_hours())
                .ok()?
                .try_minutes(time.get_minutes())
                .ok()?
                .try_seconds(time.get_seconds())
                .ok()?
                .try_milliseconds(time.get_milliseconds())
                .ok()?
                .try_microseconds(time.get_microseconds())
                .ok()
        });
        write!(f, "{}", whole.unwrap_or(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_in_utc_without_needless_digits() {
        for (text, printed) in [
            ("2096-09-23T01:02:03Z", "2096-09-23T01:02:03Z"),
            ("2026-01-02T03:04:05.1200000Z", "2026-01-02T03:04:05.12Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_the_last_instant() {
        let end = Timestamp::parse("9999-12-31T23:59:59Z").unwrap();

        assert_eq!(end.to_string(), "9999-12-30T22:00:00Z");
        assert_eq!(end.plus(Duration::from_days(1)), end);
        assert_eq!(Timestamp::from_micros(i64::MAX), end);
    }

    #[test]
    fn a_date_alone_is_not_an_instant() {
        for text in [
            "2026-01-02",
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-01-02T03:04:05",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_in_their_shortest_form() {
        for (text, printed) in [
            ("P14D", "P14D"),
            ("PT24H", "P1D"),
            ("PT0S", "PT0S"),
            ("P2W", "P14D"),
            ("PT90M", "PT1H30M"),
            ("P3DT2H", "P3DT2H"),
        ] {
            assert_eq!(Duration::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn years_months_and_other_texts_are_not_durations() {
        for text in ["P1Y", "P1M", "1 day, 0:00:00", "", "P", "5 days"] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }
}
