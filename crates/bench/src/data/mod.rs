//! The tenant that is measured: users, packages and delivered assignments, put straight into a migrated database.
//!
//! **Invariant:** which rows there are is a function of [`Size`] alone, so that both sides of a comparison hold the same.

mod load;
mod rows;

pub(crate) use load::{into_postgres, into_sqlite};
use rows::{Cell, Table};

/// Micros of the moment when the first assignment was made: 2025-01-01T00:00:00Z.
const BEGINNING: u64 = 1_735_689_600_000_000;

/// The user who is asked to approve.
pub(crate) const APPROVER: u64 = 0;

/// How large the tenant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Users.
    pub(crate) users: u64,
    /// Access packages, each with a group as its one role and one policy.
    pub(crate) packages: u64,
    /// Assignments that were delivered.
    pub(crate) assignments: u64,
}

impl Size {
    /// The size that the figures are for.
    pub(crate) const FULL: Self = Self {
        users: 20_000,
        packages: 1_000,
        assignments: 100_000,
    };
    /// Enough to see that everything works.
    pub(crate) const SMALL: Self = Self {
        users: 400,
        packages: 20,
        assignments: 2_000,
    };

    /// A tenant of so many assignments where every package is held by the same number of users, however many there are:
    /// five assignments for each user, 200 for each package.
    pub(crate) const fn of(assignments: u64) -> Self {
        Self {
            users: assignments / 5,
            packages: assignments / 200,
            assignments,
        }
    }

    /// How many catalogs the packages are in.
    pub(crate) const fn catalogs(self) -> u64 {
        let full = self.packages / 50;
        if full == 0 { 1 } else { full }
    }

    /// Who holds assignment `n`, and which package it is of.
    fn holding(self, n: u64) -> (u64, u64) {
        let user = n % self.users;
        (user, (user + n / self.users * self.step()) % self.packages)
    }

    /// A user and a package that no assignment joins; different for each `n` below [`Size::assignments`].
    pub(crate) fn vacancy(self, n: u64) -> (u64, u64) {
        let (user, package) = self.holding(n);
        (user, (package + self.step() / 2) % self.packages)
    }

    /// The policy of a package that has two people agree, one after the other.
    pub(crate) fn two_stages(self, package: u64) -> String {
        id(Kind::Policy, self.packages + package)
    }

    fn step(self) -> u64 {
        self.packages * self.users / self.assignments
    }
}

/// What an id is of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A user of the directory.
    User = 1,
    /// A group of the directory.
    Group = 2,
    /// A catalog; package `n` is in catalog `n % catalogs`.
    Catalog = 3,
    /// A resource.
    Resource = 4,
    /// A role of a resource.
    Role = 5,
    /// The scope of a resource.
    Scope = 6,
    /// An access package.
    Package = 7,
    /// An assignment policy.
    Policy = 8,
    /// A user as entitlement management sees it.
    Subject = 9,
    /// An assignment.
    Assignment = 10,
    /// A request.
    Request = 11,
    /// A row of the ledger.
    Grant = 12,
    /// An event of the audit trail.
    Event = 13,
    /// A stage of an approval.
    Stage = 14,
    /// A notice to a person.
    Notice = 15,
}

/// The id of the `n`th thing of a kind: a version 7 GUID, so that rows of one time lie together.
pub(crate) fn id(kind: Kind, n: u64) -> String {
    identifier(made_at(n) / 1_000, kind, n)
}

/// A version 7 GUID of a moment.
pub(crate) fn identifier(millis: u64, kind: Kind, n: u64) -> String {
    format!(
        "{:08x}-{:04x}-7000-8{:03x}-{n:012x}",
        millis >> 16,
        millis & 0xffff,
        kind as u16
    )
}

/// When the `n`th thing was made.
pub(crate) fn made_at(n: u64) -> u64 {
    BEGINNING + n * 1_000_000
}

/// A schedule without end, as a document.
pub(crate) fn schedule(n: u64) -> String {
    let minutes = n / 60;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    // Every month of this calendar has 28 days: any valid text will do.
    let (month, day) = (days / 28 % 12 + 1, days % 28 + 1);
    format!(
        r#"{{"v":1,"startDateTime":"2025-{month:02}-{day:02}T{hours:02}:{:02}:{:02}Z","expiration":{{"type":"noExpiration","endDateTime":null,"duration":null}}}}"#,
        minutes % 60,
        n % 60
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_holds_a_package_twice_and_vacancies_are_free() {
        for size in [Size::SMALL, Size::FULL, Size::of(4_000), Size::of(100_000)] {
            let held: BTreeSet<_> = (0..size.assignments).map(|n| size.holding(n)).collect();
            let free: BTreeSet<_> = (0..size.assignments).map(|n| size.vacancy(n)).collect();

            assert_eq!(held.len() as u64, size.assignments);
            assert_eq!(free.len() as u64, size.assignments);
            assert!(held.is_disjoint(&free));
        }
    }

    #[test]
    fn ids_are_version_7_guids_that_sort_by_time() {
        let (first, second) = (id(Kind::Assignment, 0), id(Kind::Assignment, 1));

        assert_eq!(first, "01941f29-7c00-7000-800a-000000000000");
        assert!(first < second);
    }
}
