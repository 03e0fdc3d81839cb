//! A slapd with a group, and a way to look behind the connector's back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connector_api::contract::{self, Fault, Fixture};
use connector_api::{BoxFuture, Connector, Object, Subject};
use connector_ldap::{LdapConfig, LdapConnector, MemberValue, UserLookup};
use domain::id::ObjectId;
use peers::policy::started_or_skipped;
use peers::proxy::{self, Proxy, is_ldap_modify};
use peers::slapd::{self, GROUPS, PEOPLE, SERVICE, SERVICE_PASSWORD, Slapd, person_dn};

/// Besides the subjects there is a keeper, without whom no group could be left by the last of them.
pub(crate) const PEOPLE_THERE: [&str; 8] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "keeper",
];

pub(crate) fn subject(number: u16, name: &str) -> Subject {
    contract::subject(number, name).unwrap()
}

pub(crate) fn subjects() -> Vec<Subject> {
    (0..)
        .zip(&PEOPLE_THERE[..7])
        .map(|(number, name)| subject(number, name))
        .collect()
}

pub(crate) fn group_dn(name: &str) -> String {
    format!("cn={name},{GROUPS}")
}

/// `None` when slapd is not installed.
pub(crate) fn slapd() -> Option<Slapd> {
    started_or_skipped(slapd::NAME, Slapd::start(&PEOPLE_THERE))
}

pub(crate) fn by_search() -> UserLookup {
    UserLookup::Search {
        base: PEOPLE.to_owned(),
        filter: "(uid={localPart})".to_owned(),
    }
}

pub(crate) fn config(url: &str) -> LdapConfig {
    LdapConfig {
        timeout: Duration::from_secs(2),
        ..LdapConfig::new(url, SERVICE, SERVICE_PASSWORD, by_search())
    }
}

pub(crate) fn connector(config: &LdapConfig) -> LdapConnector {
    LdapConnector::new(config).unwrap()
}

/// Creates a `groupOfNames` with these members.
pub(crate) fn add_group(slapd: &Slapd, name: &str, members: &[String]) -> String {
    let dn = group_dn(name);
    let members: Vec<String> = members
        .iter()
        .map(|member| format!("member: {member}\n"))
        .collect();
    slapd
        .change(&format!(
            "dn: {dn}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\n{}",
            members.concat()
        ))
        .unwrap();
    dn
}

pub(crate) struct LdapFixture {
    slapd: Slapd,
    proxy: Option<Proxy>,
    config: LdapConfig,
    object: Object,
}

impl LdapFixture {
    /// Through a proxy that can break the connection and, since it is not encrypted, tell modifies from the rest.
    pub(crate) fn plain(slapd: Slapd) -> Self {
        let proxy = Proxy::start(slapd.address()).unwrap();
        let config = config(&format!("ldap://{}", proxy.address()));
        Self::new(slapd, Some(proxy), config)
    }

    pub(crate) fn starttls(slapd: Slapd) -> Self {
        let config = LdapConfig {
            starttls: true,
            ca_pem: Some(slapd.ca_pem().into()),
            ..config(&slapd.url())
        };
        Self::new(slapd, None, config)
    }

    pub(crate) fn tls(slapd: Slapd) -> Self {
        let config = LdapConfig {
            ca_pem: Some(slapd.ca_pem().into()),
            ..config(&slapd.tls_url())
        };
        Self::new(slapd, None, config)
    }

    fn new(slapd: Slapd, proxy: Option<Proxy>, config: LdapConfig) -> Self {
        let dn = add_group(&slapd, "finance", &[person_dn("keeper")]);
        Self {
            object: contract::object(1, "finance", Some(&dn)),
            slapd,
            proxy,
            config,
        }
    }

    pub(crate) fn adjusted(mut self, adjust: impl FnOnce(&mut LdapConfig)) -> Self {
        adjust(&mut self.config);
        self
    }

    /// A `posixGroup`, whose members are names; it may be empty.
    pub(crate) fn with_posix_group(mut self) -> Self {
        let dn = group_dn("posix");
        self.slapd
            .change(&format!(
                "dn: {dn}\nchangetype: add\nobjectClass: posixGroup\ncn: posix\ngidNumber: 7\n"
            ))
            .unwrap();
        self.object.address = Some(dn);
        self.config.groups.member_attribute = "memberUid".to_owned();
        self.config.groups.member_value = MemberValue::Text("{localPart}".to_owned());
        self
    }

    fn is_posix(&self) -> bool {
        self.config.groups.member_attribute == "memberUid"
    }

    fn value(&self, subject: &Subject) -> String {
        let uid = subject.user_principal_name.split('@').next().unwrap();
        if self.is_posix() {
            uid.to_owned()
        } else {
            person_dn(uid)
        }
    }
}

impl Fixture for LdapFixture {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(connector(&self.config))
    }

    fn with_wrong_credentials(&self) -> Arc<dyn Connector> {
        let password = LdapConfig::new("", "", "not-this-one", by_search()).password;
        Arc::new(connector(&LdapConfig {
            password,
            ..self.config.clone()
        }))
    }

    fn object(&self) -> Object {
        self.object.clone()
    }

    fn unknown_object(&self) -> Object {
        contract::object(2, "nowhere", Some(&group_dn("nowhere")))
    }

    fn subjects(&self) -> Vec<Subject> {
        subjects()
    }

    fn bad_subject(&self) -> Subject {
        subject(99, "stranger")
    }

    fn set_members<'a>(&'a self, members: &'a [Subject]) -> BoxFuture<'a, ()> {
        let dn = self.object.address.clone().unwrap();
        let attribute = &self.config.groups.member_attribute;
        let mut values: Vec<String> = members.iter().map(|member| self.value(member)).collect();
        if !self.is_posix() {
            values.push(person_dn("keeper"));
        }
        let lines: Vec<String> = values
            .iter()
            .map(|value| format!("{attribute}: {value}\n"))
            .collect();
        self.slapd
            .change(&format!(
                "dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{}",
                lines.concat()
            ))
            .unwrap();
        Box::pin(async {})
    }

    fn members(&self) -> BoxFuture<'_, BTreeSet<ObjectId>> {
        let dn = self.object.address.clone().unwrap();
        let values = self
            .slapd
            .values(&dn, &self.config.groups.member_attribute)
            .unwrap()
            .unwrap();
        let members = subjects()
            .into_iter()
            .filter(|subject| values.contains(&self.value(subject)))
            .map(|subject| subject.object_id)
            .collect();
        Box::pin(async move { members })
    }

    fn break_target(&self, fault: Option<Fault>) -> bool {
        let Some(proxy) = &self.proxy else {
            return false;
        };
        proxy.set_fault(fault.map(|fault| match fault {
            Fault::Hang => proxy::Fault::Hang,
            Fault::LoseAnswer => proxy::Fault::LoseAnswer(is_ldap_modify),
            Fault::HalfAnswer => proxy::Fault::HalfAnswer(is_ldap_modify),
            Fault::Down => proxy::Fault::Down,
        }));
        true
    }
}
