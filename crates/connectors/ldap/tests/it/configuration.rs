//! Mistakes in a configuration are told before anything is sent.

use connector_ldap::{ConfigError, LdapConfig, LdapConnector, MemberValue, UserLookup};

use crate::fixture::config;

fn error(adjust: impl FnOnce(&mut LdapConfig)) -> ConfigError {
    let mut config = config("ldap://127.0.0.1:9");
    adjust(&mut config);
    LdapConnector::new(&config).unwrap_err()
}

#[test]
fn urls_that_are_not_ldap_are_refused() {
    for url in [
        "",
        "http://a",
        "ldap://",
        "ldap:///",
        "ldap://a/dc=b",
        "ldaps://user@host",
        "ldap://:389",
    ] {
        let error = error(|config| config.url = url.to_owned());

        assert!(matches!(error, ConfigError::Url(_)), "{url}: {error}");
    }
}

#[test]
fn a_bind_that_would_be_anonymous_is_refused() {
    let nobody = LdapConfig::new("ldap://a", "cn=a", "", UserLookup::Unchecked).password;

    assert!(matches!(
        error(|config| config.password = nobody),
        ConfigError::AnonymousBind
    ));
    assert!(matches!(
        error(|config| config.bind_dn = " ".to_owned()),
        ConfigError::AnonymousBind
    ));
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let twice = error(|config| {
        config.url = "ldaps://a".to_owned();
        config.starttls = true;
    });
    let unchecked = error(|config| config.users = UserLookup::Unchecked);
    let nowhere = error(|config| config.groups.create_as = Some("groupOfNames".to_owned()));
    let no_certificate = error(|config| config.ca_pem = Some(b"not a certificate".to_vec()));
    let none = error(|config| config.max_subjects = 0);

    assert!(matches!(twice, ConfigError::StartTlsWithinTls));
    assert!(matches!(unchecked, ConfigError::UncheckedDn));
    assert!(matches!(nowhere, ConfigError::CreateNowhere));
    assert!(matches!(no_certificate, ConfigError::Ca(_)));
    assert!(matches!(none, ConfigError::Zero("max_subjects")));
}

#[test]
fn a_placeholder_that_does_not_exist_is_refused_by_name() {
    let error = error(|config| config.groups.member_value = MemberValue::Text("{uid}".to_owned()));

    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.contains("`{uid}`") && source.contains("localPart"),
        "{source}"
    );
}

#[test]
fn neither_debug_of_configuration_nor_of_connector_shows_the_password() {
    let config = LdapConfig::new("ldap://a", "cn=a", "hush-hush", crate::fixture::by_search());
    let connector = LdapConnector::new(&config).unwrap();

    for text in [format!("{config:?}"), format!("{connector:?}")] {
        assert!(!text.contains("hush-hush"), "{text}");
    }
}
