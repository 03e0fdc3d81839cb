use domain::change::Change;
use domain::connected_organization::keys;
use domain::directory::{User, UserChanges};
use domain::id::SubjectId;

use super::*;
use crate::Store;
use crate::engine::tests::on_both;
use crate::{directory, subject};

const NOW: Timestamp = Timestamp::from_micros(1_000_000);
const TENANT: &str = "ae79f266-94d4-4dab-b730-feca7e132178";

fn id<T: std::str::FromStr<Err = domain::id::MalformedId>>(number: u8) -> T {
    format!("00000000-0000-0000-0000-0000000000{number:02x}")
        .parse()
        .unwrap()
}

fn organization(number: u8, name: &str) -> ConnectedOrganization {
    ConnectedOrganization {
        id: id(number),
        display_name: name.to_owned(),
        description: None,
        state: OrganizationState::Configured,
        identity_sources: "[]".to_owned(),
        created_by: None,
        created_at: NOW,
        modified_by: None,
        modified_at: NOW,
        version: 1,
    }
}

fn domain_source(name: &str) -> IdentitySource {
    IdentitySource::Domain {
        display_name: None,
        domain_name: name.to_owned(),
    }
}

fn tenant_source() -> IdentitySource {
    IdentitySource::Tenant {
        display_name: None,
        tenant_id: TENANT.to_uppercase(),
    }
}

fn put(store: &Store, organization: &ConnectedOrganization, sources: &[IdentitySource]) {
    let (organization, keys) = (organization.clone(), keys(sources));
    let done: Result<(), Error> = store.write_blocking(move |tx| insert(tx, &organization, &keys));
    done.unwrap();
}

/// A user with this mail and these identities, who has a subject.
fn user(store: &Store, number: u8, kind: &str, mail: &str, identities: &str) -> User {
    let changes = UserChanges {
        user_principal_name: Some(format!("u{number}@home.example")),
        display_name: Some(format!("u{number}")),
        mail: Change::Set(mail.to_owned()),
        user_type: Some(kind.to_owned()),
        details: [("identities".to_owned(), Change::Set(identities.to_owned()))].into(),
        ..UserChanges::default()
    };
    let created = User::create(id(number), NOW, &changes).unwrap();
    let stored = created.clone();
    let done: Result<(), Error> = store.write_blocking(move |tx| {
        directory::user::insert(tx, &stored)?;
        let fresh: SubjectId = id(number + 100);
        subject::ensure(tx, stored.id, fresh, NOW)?;
        Ok(())
    });
    done.unwrap();
    created
}

/// The organization by the rules, and the one that the subject shows: they have to be the same.
fn belongs_to(store: &Store, user: ObjectId) -> Option<ConnectedOrganizationId> {
    let (ruled, shown): (_, Option<ConnectedOrganizationId>) = store
        .read_blocking(move |tx| -> Result<_, Error> {
            let ruled = of_guest(tx, user)?.map(|(id, _)| id);
            let row = tx.query_one(
                "SELECT connected_organization_id FROM subject WHERE object_id = $1",
                &[text(user)],
            )?;
            Ok((
                ruled,
                crate::column::opt_parsed(&row, 0, "subject.connected_organization_id")?,
            ))
        })
        .unwrap();
    assert_eq!(ruled, shown);
    ruled
}

#[test]
fn ex_1_a_guest_belongs_by_mail_domain_or_by_issuer_and_a_member_never_does() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        let (contoso, fabrikam) = (organization(1, "Contoso"), organization(2, "Fabrikam"));
        put(store, &contoso, &[domain_source("Contoso.com")]);
        put(
            store,
            &fabrikam,
            &[tenant_source(), domain_source("fabrikam.com")],
        );
        let issuer = format!(r#"[{{"issuer":"https://sts.windows.net/{TENANT}/"}}]"#);
        for (number, kind, mail, identities, expected) in [
            (10, "Guest", "a@CONTOSO.com", "[]", Some(contoso.id)),
            (11, "guest", "a@sub.contoso.com", "[]", None),
            (12, "Member", "a@contoso.com", "[]", None),
            // An identity says more than a mail address.
            (
                13,
                "Guest",
                "a@contoso.com",
                issuer.as_str(),
                Some(fabrikam.id),
            ),
            (
                14,
                "Guest",
                "a@other.example",
                issuer.as_str(),
                Some(fabrikam.id),
            ),
            // Whatever else somebody stored there.
            (
                15,
                "Guest",
                "a@contoso.com",
                r#"["x",{"issuer":5},null]"#,
                Some(contoso.id),
            ),
            (16, "Guest", "no-address", r#""\u0000""#, None),
            (
                17,
                "Guest",
                "a@contoso.com",
                r#"{"issuer":"x"}"#,
                Some(contoso.id),
            ),
        ] {
            let guest = user(store, number, kind, mail, identities);

            assert_eq!(belongs_to(store, guest.id), expected, "{number}");
        }
    });
}

#[test]
fn whoever_belongs_follows_what_changes() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        let guest = user(store, 10, "Guest", "a@contoso.com", "[]");
        assert_eq!(belongs_to(store, guest.id), None);
        let contoso = organization(1, "Contoso");
        put(store, &contoso, &[domain_source("contoso.com")]);
        assert_eq!(belongs_to(store, guest.id), Some(contoso.id));

        let moved = User {
            mail: Some("a@fabrikam.com".to_owned()),
            ..guest.clone()
        };
        let done: Result<(), Error> =
            store.write_blocking(move |tx| directory::user::update(tx, &moved));
        done.unwrap();
        assert_eq!(belongs_to(store, guest.id), None);

        let (stored, known) = (contoso.clone(), keys(&[domain_source("fabrikam.com")]));
        let done: Result<(), Error> =
            store.write_blocking(move |tx| save(tx, &stored, Some(&known)));
        done.unwrap();
        assert_eq!(belongs_to(store, guest.id), Some(contoso.id));

        let gone = ConnectedOrganization {
            version: 2,
            ..contoso
        };
        let done: Result<(), Error> = store.write_blocking(move |tx| delete(tx, &gone));
        done.unwrap();
        assert_eq!(belongs_to(store, guest.id), None);
    });
}
