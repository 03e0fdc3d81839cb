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

    use crate::engine::tests::on_both;

    #[test]
    fn both_databases_understand_every_statement() {
        on_both(|store| {
            store.migrate(Timestamp::from_micros(0)).unwrap();

            let checked = store.check_statements().unwrap();

            assert!(checked >= super::ALL_STATEMENTS.len());
        });
    }
}
