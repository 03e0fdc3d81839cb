//! When something begins, ends and comes again.

use super::shape::{
    Shape, both, complex, date, duration, instant, int, many, one, shape, shapes, text, v1,
    v1_shape,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shapes(complex("entitlementManagementSchedule"), complex("requestSchedule"), &[
        both(one("expiration", "expirationPattern")),
        both(one("recurrence", "patternedRecurrence")),
        both(instant("startDateTime")),
    ]),
    v1_shape(complex("requestSchedule"), &[
        v1(one("expiration", "expirationPattern")),
        v1(one("recurrence", "patternedRecurrence")),
        v1(instant("startDateTime")),
    ]),
    shape(complex("expirationPattern"), &[
        both(duration("duration")),
        both(instant("endDateTime")),
        both(one("type", "expirationPatternType")),
    ]),
    shape(complex("patternedRecurrence"), &[
        both(one("pattern", "recurrencePattern")),
        both(one("range", "recurrenceRange")),
    ]),
    shape(complex("recurrencePattern"), &[
        both(int("dayOfMonth").required()),
        both(many("daysOfWeek", "dayOfWeek")),
        both(one("firstDayOfWeek", "dayOfWeek")),
        both(one("index", "weekIndex")),
        both(int("interval").required()),
        both(int("month").required()),
        both(one("type", "recurrencePatternType")),
    ]),
    shape(complex("recurrenceRange"), &[
        both(date("endDate")),
        both(int("numberOfOccurrences").required()),
        both(text("recurrenceTimeZone")),
        both(date("startDate")),
        both(one("type", "recurrenceRangeType")),
    ]),
];
