//! The contract suite (R31), once for each way to speak to slapd.

use connector_api::contract::{Fixture, run};
use connector_ldap::UserLookup;
use peers::slapd::PEOPLE;

use crate::fixture::{LdapFixture, slapd};

async fn holds(fixture: &dyn Fixture, checks: usize) {
    let report = run(fixture).await;

    assert_eq!(report.held.len(), checks, "{report:?}");
    assert_eq!(report.held.len() + report.not_possible.len(), 21);
}

#[tokio::test]
async fn holds_for_slapd() {
    let Some(slapd) = slapd() else { return };

    holds(&LdapFixture::plain(slapd), 21).await;
}

#[tokio::test]
async fn holds_for_slapd_when_entries_are_named_by_a_dn() {
    let Some(slapd) = slapd() else { return };
    let fixture = LdapFixture::plain(slapd)
        .adjusted(|config| config.users = UserLookup::Dn(format!("UID={{localPart}}, {PEOPLE}")));

    holds(&fixture, 21).await;
}

#[tokio::test]
async fn holds_for_slapd_with_names_as_members() {
    let Some(slapd) = slapd() else { return };

    holds(&LdapFixture::plain(slapd).with_posix_group(), 21).await;
}

#[tokio::test]
async fn holds_for_slapd_over_starttls() {
    let Some(slapd) = slapd() else { return };

    holds(&LdapFixture::starttls(slapd), 14).await;
}

#[tokio::test]
async fn holds_for_slapd_over_ldaps() {
    let Some(slapd) = slapd() else { return };

    holds(&LdapFixture::tls(slapd), 14).await;
}
