//! Every fixed statement of the crate, so that a database can be asked whether it understands them all.
//!
//! Invariant: the `STATEMENTS` of every table module are listed here, or nobody checks them.

use crate::engine::Store;
use crate::error::Error;

/// One list per module.
const ALL_STATEMENTS: &[&[&str]] = &[
    crate::access_package::STATEMENTS,
    crate::assignment_policy::STATEMENTS,
    crate::callback_token::STATEMENTS,
    crate::catalog::STATEMENTS,
    crate::change_feed::STATEMENTS,
    crate::change_log::STATEMENTS,
    crate::subscription::STATEMENTS,
    crate::holders::STATEMENTS,
    crate::impact::STATEMENTS,
    crate::incompatible::STATEMENTS,
    crate::incompatible::holdings::STATEMENTS,
    crate::offer::STATEMENTS,
    crate::newest::STATEMENTS,
    crate::package_history::STATEMENTS,
    crate::provisioning::STATEMENTS,
    crate::environment::STATEMENTS,
    crate::report::STATEMENTS,
    crate::reprocess_job::STATEMENTS,
    crate::reprocess_job::facts::STATEMENTS,
    crate::reprocess_job::item::STATEMENTS,
    crate::reprocess_job::steady::STATEMENTS,
    crate::reprocess_job::tally::STATEMENTS,
    crate::resource::STATEMENTS,
    crate::resource_request::STATEMENTS,
    crate::resource_role_scope::STATEMENTS,
    crate::directory::app_role_assignment::STATEMENTS,
    crate::directory::application::STATEMENTS,
    crate::directory::application_permission::STATEMENTS,
    crate::directory::group::STATEMENTS,
    crate::directory::membership::STATEMENTS,
    crate::directory::object::STATEMENTS,
    crate::directory::role_member::STATEMENTS,
    crate::directory::service_principal::STATEMENTS,
    crate::directory::target_binding::STATEMENTS,
    crate::directory::user::STATEMENTS,
    crate::directory::user_match::STATEMENTS,
    crate::retention::STATEMENTS,
    crate::role_assignment::STATEMENTS,
    crate::role_schedule_request::STATEMENTS,
    crate::accepted_call::STATEMENTS,
    crate::approval::STATEMENTS,
    crate::assignment::STATEMENTS,
    crate::assignment_request::STATEMENTS,
    crate::audit_chain::STATEMENTS,
    crate::audit_event::STATEMENTS,
    crate::automatic::STATEMENTS,
    crate::automatic::due::STATEMENTS,
    crate::automatic::facts::STATEMENTS,
    crate::automatic::note::STATEMENTS,
    crate::automatic::sweep::STATEMENTS,
    crate::ledger::entry::STATEMENTS,
    crate::ledger::lease::STATEMENTS,
    crate::ledger::plan::STATEMENTS,
    crate::ledger::stuck::STATEMENTS,
    crate::ledger::watch::STATEMENTS,
    crate::ledger::witness::STATEMENTS,
    crate::setting::STATEMENTS,
    crate::portal_form::STATEMENTS,
    crate::portal_session::STATEMENTS,
    crate::sign_in::STATEMENTS,
    crate::sign_in::EXPIRED,
    crate::sign_in::code::STATEMENTS,
    crate::sign_in::device::STATEMENTS,
    crate::sign_in::grant::STATEMENTS,
    crate::sign_in::refresh_token::STATEMENTS,
    crate::sign_in::session::STATEMENTS,
    crate::snapshot::STATEMENTS,
    crate::guest::STATEMENTS,
    crate::subject::STATEMENTS,
    crate::connected_organization::STATEMENTS,
    crate::entitlement_settings::STATEMENTS,
    crate::control_configuration::STATEMENTS,
    crate::external_connector::STATEMENTS,
    crate::sweep::STATEMENTS,
    crate::sweep::found::STATEMENTS,
    crate::sweep::extra::STATEMENTS,
    crate::injected_fault::STATEMENTS,
    crate::target_lesson::STATEMENTS,
    crate::target_switch::STATEMENTS,
    crate::upload::STATEMENTS,
    crate::user_attribute::STATEMENTS,
    crate::custom_extension::STATEMENTS,
    crate::notice::STATEMENTS,
    crate::extension_callout::STATEMENTS,
    crate::migrate::STATEMENTS,
];

impl Store {
    /// Lets the database check every statement against its schema and says how many there are; the error names the first
    /// that it does not understand.
    pub fn check_statements(&self) -> Result<usize, Error> {
        self.read_blocking(|tx| {
            let mut checked = 0;
            for sql in ALL_STATEMENTS.iter().copied().flatten() {
                tx.prepare(sql)?;
                checked += 1;
            }
            Ok(checked)
        })
    }
}

/// All of them, for tests that look at what they say.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    ALL_STATEMENTS.iter().copied().flatten().copied()
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use crate::engine::tests::{Fixture, on_both};

    #[test]
    fn both_databases_understand_every_statement() {
        on_both(|store| {
            store.migrate(Timestamp::from_micros(0)).unwrap();

            let checked = store.check_statements().unwrap();

            assert!(checked >= super::ALL_STATEMENTS.len());
        });
    }

    /// Tables that grow with people, with what they hold and ask for, and with time.
    const LARGE: &[&str] = &[
        "directory_user",
        "directory_group",
        "group_member",
        "app_role_assignment",
        "subject",
        "assignment",
        "assignment_request",
        "request_delivery",
        "approval_stage",
        "ledger",
        "ledger_link",
        "audit_event",
        "notice",
        "extension_callout",
        "change_log",
        "reprocess_job_item",
    ];

    /// Which of them is read along from its beginning by which statement, and why that is right.
    const WHOLE: &[(&str, &str, &str)] = &[
        (
            "ledger",
            "SELECT target, phase, count(*) FROM ledger",
            "once an hour, and where somebody looks at the targets",
        ),
        (
            "notice",
            "SELECT state, count(*) FROM notice",
            "once a minute",
        ),
        (
            "ledger",
            "SELECT res.origin_system, res.origin_id, role.origin_id",
            "a sweep begins: the places of a target",
        ),
        (
            "directory_user",
            "SELECT u.id, u.user_principal_name, u.display_name, u.given_name",
            "a page of a sweep, matched by many names",
        ),
        (
            "directory_user",
            "SELECT user_principal_name, display_name FROM directory_user WHERE password_hash",
            "the accounts of a development tenant",
        ),
        (
            "subject",
            "UPDATE subject SET connected_organization_id",
            "an organization is connected, or is not any more",
        ),
        (
            "assignment_request",
            "SELECT l.target, r.delivering_since, d.settled_at",
            "the newest, in the order of the index",
        ),
    ];

    /// The tables that a line of a plan reads from end to end. An index that holds only what is asked for is no such thing.
    fn read_whole(sql: &str, plan: &[String]) -> Vec<&'static str> {
        let words: Vec<&str> = sql
            .split([' ', ',', '(', ')'])
            .filter(|word| !word.is_empty())
            .collect();
        let named = |name: &str| {
            words.windows(2).find_map(|pair| match pair {
                [table, alias] if *alias == name => LARGE.iter().find(|large| *large == table),
                _ => None,
            })
        };
        plan.iter()
            .filter_map(|line| line.strip_prefix("SCAN "))
            .filter(|line| !PARTIAL.iter().any(|index| line.ends_with(index)))
            .filter_map(|line| line.split(' ').next())
            .filter_map(|name| {
                LARGE
                    .iter()
                    .find(|large| **large == name)
                    .or_else(|| named(name))
            })
            .copied()
            .collect()
    }

    /// Indexes that hold only the rows that wait for something.
    const PARTIAL: &[&str] = &[
        "approval_stage_escalation",
        "assignment_request_plan",
        "audit_event_unsealed",
        "ledger_leased",
        "ledger_ready",
        "ledger_drifted",
        "ledger_attention",
    ];

    #[test]
    fn no_statement_reads_a_table_of_people_or_of_what_they_hold_from_end_to_end() {
        let fixture = Fixture::sqlite();
        let store = fixture.open();
        store.migrate(Timestamp::from_micros(0)).unwrap();
        let mut wrong = Vec::new();
        for sql in super::all() {
            let args: Vec<_> = (1..=64)
                .take_while(|n| sql.contains(&format!("${n}")))
                .map(|_| crate::value::text("[]"))
                .collect();
            let explained = format!("EXPLAIN QUERY PLAN {sql}");
            let plan: Result<Vec<String>, crate::Error> = store.read_blocking(move |tx| {
                tx.query_map(&explained, &args, |row| Ok(row.text(3)?.to_owned()))
            });
            let plan = plan.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            for table in read_whole(sql, &plan) {
                let may =
                    |(of, begin, _): &(&str, &str, &str)| *of == table && sql.starts_with(begin);
                if !WHOLE.iter().any(may) {
                    wrong.push(format!("{table} in {sql}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_plan_that_reads_a_table_whole_is_recognised() {
        let plan = |line: &str| vec![line.to_owned()];

        assert_eq!(
            read_whole("SELECT 1 FROM subject s", &plan("SCAN s")),
            ["subject"]
        );
        assert_eq!(
            read_whole("SELECT 1 FROM ledger", &plan("SCAN ledger")),
            ["ledger"]
        );
        assert!(
            read_whole(
                "SELECT 1 FROM subject s",
                &plan("SEARCH s USING INDEX x (id=?)")
            )
            .is_empty()
        );
        assert!(
            read_whole(
                "SELECT 1 FROM ledger",
                &plan("SCAN ledger USING INDEX ledger_leased")
            )
            .is_empty()
        );
    }
}
