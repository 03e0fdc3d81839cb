//! Rows in the tables that the tests of lists look at, the same each time.

use super::*;

/// Numbers that look random and are the same each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

pub(super) const NAMES: &[&str] = &[
    "Finance", "finance", "50%_off", "Ärger", "", "HR \\ x", "O'Brien", "zz",
];

/// One row, by column; literals are written by the test itself and never by a client.
pub(super) fn insert(store: &Store, table: &'static str, row: &[(&'static str, String)]) {
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    let values: Vec<&str> = row.iter().map(|(_, value)| value.as_str()).collect();
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        columns.join(", "),
        values.join(", ")
    );
    let done: Result<u64, Error> = store.write_blocking(move |tx| tx.execute(&sql, &[]));
    done.unwrap();
}

pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

pub(super) fn maybe(dice: &mut Dice, value: String) -> String {
    if dice.roll(3) == 0 {
        "NULL".to_owned()
    } else {
        value
    }
}

pub(super) fn maybe_name(dice: &mut Dice) -> String {
    let name = text(dice.pick::<&str>(NAMES));
    maybe(dice, name)
}

/// Rows in every table that the predicates below look at, with gaps where gaps may be.
pub(super) fn fill(store: &Store, dice: &mut Dice) {
    fill_directory(store, dice);
    fill_catalogs(store, dice);
    fill_assignments(store, dice);
}

pub(super) fn name(dice: &mut Dice) -> String {
    text(dice.pick::<&str>(NAMES))
}

pub(super) fn flag(dice: &mut Dice) -> String {
    let flag = if dice.roll(2) == 0 { "TRUE" } else { "FALSE" };
    flag.to_owned()
}

pub(super) fn fill_directory(store: &Store, dice: &mut Dice) {
    for i in 0..12 {
        let manager = if i > 0 {
            text(&format!("u{}", dice.roll(i)))
        } else {
            "NULL".to_owned()
        };
        let rank = maybe_name(dice);
        insert(
            store,
            "directory_user",
            &[
                ("id", text(&format!("u{i}"))),
                (
                    "user_principal_name",
                    text(&format!("User{i}@example.test")),
                ),
                (
                    "user_principal_name_key",
                    text(&format!("user{i}@example.test")),
                ),
                ("display_name", name(dice)),
                ("department", rank),
                ("user_type", text("Member")),
                ("account_enabled", flag(dice)),
                ("details", text("{}")),
                ("manager_id", maybe(dice, manager)),
                ("created_at", dice.roll(5).to_string()),
                ("version", "1".to_owned()),
            ],
        );
    }
    for i in 0..4 {
        insert(
            store,
            "directory_group",
            &[
                ("id", text(&format!("g{i}"))),
                ("display_name", name(dice)),
                ("description", maybe(dice, text("x"))),
                ("mail_enabled", "FALSE".to_owned()),
                ("security_enabled", "TRUE".to_owned()),
                ("group_types", text("[]")),
                ("details", text("{}")),
                ("created_at", dice.roll(5).to_string()),
                ("version", "1".to_owned()),
            ],
        );
        for u in 0..12 {
            if dice.roll(3) == 0 {
                insert(
                    store,
                    "group_member",
                    &[
                        ("group_id", text(&format!("g{i}"))),
                        ("member_id", text(&format!("u{u}"))),
                    ],
                );
            }
        }
    }
}

pub(super) fn fill_catalogs(store: &Store, dice: &mut Dice) {
    for i in 0..3 {
        insert(
            store,
            "catalog",
            &[
                ("id", text(&format!("c{i}"))),
                ("display_name", name(dice)),
                ("description", maybe_name(dice)),
                ("catalog_type", text("userManaged")),
                ("state", text(["published", "unpublished"][dice.roll(2)])),
                ("is_externally_visible", flag(dice)),
                ("created_at", dice.roll(5).to_string()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
    }
    for i in 0..6 {
        let catalog = dice.roll(3);
        insert(
            store,
            "access_package",
            &[
                ("id", text(&format!("p{i}"))),
                ("catalog_id", text(&format!("c{catalog}"))),
                ("display_name", name(dice)),
                ("description", maybe_name(dice)),
                ("is_hidden", flag(dice)),
                ("is_role_scopes_visible", "TRUE".to_owned()),
                ("created_at", dice.roll(5).to_string()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
        insert(
            store,
            "assignment_policy",
            &[
                ("id", text(&format!("q{i}"))),
                ("access_package_id", text(&format!("p{i}"))),
                ("display_name", name(dice)),
                ("allowed_target_scope", text("notSpecified")),
                ("can_extend", "FALSE".to_owned()),
                ("settings", text("{}")),
                ("created_at", "1".to_owned()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
        if i > 0 {
            let other = dice.roll(i);
            insert(
                store,
                "incompatible_access_package",
                &[
                    ("access_package_id", text(&format!("p{i}"))),
                    ("incompatible_id", text(&format!("p{other}"))),
                ],
            );
        }
    }
}

pub(super) fn fill_assignments(store: &Store, dice: &mut Dice) {
    for i in 0..10 {
        insert(
            store,
            "subject",
            &[
                ("id", text(&format!("s{i}"))),
                ("object_id", maybe(dice, text(&format!("u{i}")))),
                ("subject_type", text("user")),
                ("display_name", maybe_name(dice)),
                ("email", maybe(dice, text("a@example.test"))),
                ("subject_lifecycle", text("notDefined")),
                ("created_at", dice.roll(5).to_string()),
            ],
        );
    }
    for i in 0..40 {
        let package = dice.roll(6);
        let ends = dice.roll(9).to_string();
        insert(
            store,
            "assignment",
            &[
                ("id", text(&format!("a{i}"))),
                ("access_package_id", text(&format!("p{package}"))),
                ("assignment_policy_id", text(&format!("q{package}"))),
                ("target_id", text(&format!("s{}", dice.roll(10)))),
                ("state", text(["expired", "deliveryFailed"][dice.roll(2)])),
                ("status", name(dice)),
                ("schedule", text("{}")),
                ("starts_at", "0".to_owned()),
                ("ends_at", maybe(dice, ends)),
                ("is_extended", flag(dice)),
                ("expired_at", maybe(dice, "7".to_owned())),
                ("created_at", dice.roll(8).to_string()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
    }
}
