//! Users: the people of the directory.

use super::{DetailChanges, Details, apply_details, set};
use crate::change::Change;
use crate::flaw::{Flaw, check_line, check_name};
use crate::id::ObjectId;
use crate::time::Timestamp;

/// What is only kept and served here, but proves elsewhere who somebody is.
const SIGN_IN_DETAILS: [&str; 4] = [
    "businessPhones",
    "identities",
    "onPremisesImmutableId",
    "otherMails",
];

/// A person of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The directory id.
    pub id: ObjectId,
    /// The sign-in name; unique without regard to case.
    pub user_principal_name: String,
    /// Full name.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// The part of the mail address before the domain.
    pub mail_nickname: Option<String>,
    /// `Member` or `Guest`.
    pub user_type: String,
    /// Whether the user may sign in.
    pub account_enabled: bool,
    /// Job title.
    pub job_title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Company.
    pub company_name: Option<String>,
    /// The number that the employer gave.
    pub employee_id: Option<String>,
    /// Where the office is.
    pub office_location: Option<String>,
    /// Mobile phone.
    pub mobile_phone: Option<String>,
    /// The country in which services are used, two letters.
    pub usage_location: Option<String>,
    /// Preferred language.
    pub preferred_language: Option<String>,
    /// What else is kept and served.
    pub details: Details,
    /// The manager.
    pub manager_id: Option<ObjectId>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was deleted, while it can still be restored.
    pub deleted_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

/// What a create or an update says about a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the property of `User` with the same name"
)]
pub struct UserChanges {
    pub user_principal_name: Option<String>,
    pub display_name: Option<String>,
    pub given_name: Change<String>,
    pub surname: Change<String>,
    pub mail: Change<String>,
    pub mail_nickname: Change<String>,
    pub user_type: Option<String>,
    pub account_enabled: Option<bool>,
    pub job_title: Change<String>,
    pub department: Change<String>,
    pub company_name: Change<String>,
    pub employee_id: Change<String>,
    pub office_location: Change<String>,
    pub mobile_phone: Change<String>,
    pub usage_location: Change<String>,
    pub preferred_language: Change<String>,
    pub details: DetailChanges,
    /// The manager, as `manager@odata.bind` of a create gives it.
    pub manager_id: Option<ObjectId>,
    /// A new password for the built-in issuer.
    pub password: Option<String>,
}

impl User {
    /// The user that `changes` describe, or why there cannot be one.
    pub fn create(id: ObjectId, now: Timestamp, changes: &UserChanges) -> Result<Self, Flaw> {
        let mut user = Self {
            id,
            user_principal_name: String::new(),
            display_name: String::new(),
            given_name: None,
            surname: None,
            mail: None,
            mail_nickname: None,
            user_type: "Member".to_owned(),
            account_enabled: true,
            job_title: None,
            department: None,
            company_name: None,
            employee_id: None,
            office_location: None,
            mobile_phone: None,
            usage_location: None,
            preferred_language: None,
            details: Details::new(),
            manager_id: None,
            created_at: now,
            deleted_at: None,
            version: 1,
        };
        user.change(changes)?;
        Ok(user)
    }

    /// Whether the user may sign in, is told by, or proves to be themselves otherwise than `before`.
    pub fn signs_in_otherwise_than(&self, before: &Self) -> bool {
        let by = |user: &Self| {
            (
                user.account_enabled,
                user.user_principal_name.clone(),
                user.mail.clone(),
                user.employee_id.clone(),
                user.mobile_phone.clone(),
                SIGN_IN_DETAILS.map(|name| user.details.get(name).cloned()),
            )
        };
        by(self) != by(before)
    }

    /// Brings `changes` to the user, or says why they cannot be.
    pub fn change(&mut self, changes: &UserChanges) -> Result<(), Flaw> {
        if let Some(name) = &changes.user_principal_name {
            name.trim().clone_into(&mut self.user_principal_name);
        }
        if let Some(name) = &changes.display_name {
            self.display_name.clone_from(name);
        }
        if let Some(user_type) = &changes.user_type {
            self.user_type.clone_from(user_type);
        }
        if let Some(enabled) = changes.account_enabled {
            self.account_enabled = enabled;
        }
        if changes.manager_id.is_some() {
            self.manager_id = changes.manager_id;
        }
        set(&mut self.given_name, &changes.given_name);
        set(&mut self.surname, &changes.surname);
        set(&mut self.mail, &changes.mail);
        set(&mut self.mail_nickname, &changes.mail_nickname);
        set(&mut self.job_title, &changes.job_title);
        set(&mut self.department, &changes.department);
        set(&mut self.company_name, &changes.company_name);
        set(&mut self.employee_id, &changes.employee_id);
        set(&mut self.office_location, &changes.office_location);
        set(&mut self.mobile_phone, &changes.mobile_phone);
        set(&mut self.usage_location, &changes.usage_location);
        set(&mut self.preferred_language, &changes.preferred_language);
        apply_details(&changes.details, &mut self.details)?;
        self.check()
    }

    /// The sign-in name as it is compared.
    pub fn name_key(&self) -> String {
        name_key(&self.user_principal_name)
    }

    fn check(&self) -> Result<(), Flaw> {
        check_name("userPrincipalName", &self.user_principal_name)?;
        check_name("displayName", &self.display_name)?;
        for (target, text) in [
            ("givenName", &self.given_name),
            ("surname", &self.surname),
            ("mail", &self.mail),
            ("mailNickname", &self.mail_nickname),
            ("jobTitle", &self.job_title),
            ("department", &self.department),
            ("companyName", &self.company_name),
            ("employeeId", &self.employee_id),
            ("officeLocation", &self.office_location),
            ("mobilePhone", &self.mobile_phone),
            ("usageLocation", &self.usage_location),
            ("preferredLanguage", &self.preferred_language),
        ] {
            check_line(target, text.as_deref())?;
        }
        let parts = self.user_principal_name.split_once('@');
        let well_formed = parts.is_some_and(|(name, domain)| {
            let clean = |part: &str| {
                !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@')
            };
            clean(name) && clean(domain)
        });
        if !well_formed {
            let expected =
                "`userPrincipalName` must be a name and a domain such as `alice@example.com`";
            return Err(Flaw::new("userPrincipalName", expected));
        }
        if self.manager_id == Some(self.id) {
            return Err(Flaw::new("manager", "a user cannot be their own manager"));
        }
        Ok(())
    }
}

/// A sign-in name as it is compared: without regard to case.
pub fn name_key(user_principal_name: &str) -> String {
    user_principal_name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn named(name: &str) -> UserChanges {
        UserChanges {
            user_principal_name: Some(name.to_owned()),
            display_name: Some("Alice".to_owned()),
            ..UserChanges::default()
        }
    }

    fn create(changes: &UserChanges) -> Result<User, Flaw> {
        User::create(
            ObjectId::new(Uuid::from_u128(1)),
            Timestamp::from_micros(0),
            changes,
        )
    }

    fn property_at_fault(changes: &UserChanges) -> String {
        create(changes).unwrap_err().target
    }

    #[test]
    fn a_user_needs_a_name_at_a_domain() {
        assert!(create(&named("alice@reeve.example")).is_ok());
        for wrong in [
            "",
            "alice",
            "@reeve.example",
            "alice@",
            "a b@reeve.example",
            "a@b@c",
        ] {
            assert_eq!(
                property_at_fault(&named(wrong)),
                "userPrincipalName",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_user_needs_a_display_name() {
        let mut changes = named("alice@reeve.example");
        changes.display_name = None;

        assert_eq!(property_at_fault(&changes), "displayName");
    }

    #[test]
    fn texts_of_a_user_are_not_endless() {
        let of = |length: usize| {
            let text = || Change::Set("ä".repeat(length));
            [
                (
                    "jobTitle",
                    UserChanges {
                        job_title: text(),
                        ..named("alice@reeve.example")
                    },
                ),
                (
                    "preferredLanguage",
                    UserChanges {
                        preferred_language: text(),
                        ..named("alice@reeve.example")
                    },
                ),
            ]
        };
        for (name, changes) in of(257) {
            assert_eq!(property_at_fault(&changes), name);
        }
        for (name, changes) in of(256) {
            assert!(create(&changes).is_ok(), "{name}");
        }
        let endless = UserChanges {
            details: [("aboutMe".to_owned(), Change::Set("x".repeat(32_769)))].into(),
            ..named("alice@reeve.example")
        };
        assert_eq!(property_at_fault(&endless), "aboutMe");
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let mut user = create(&UserChanges {
            department: Change::Set("Sales".to_owned()),
            mail: Change::Set("alice@reeve.example".to_owned()),
            details: [("city".to_owned(), Change::Set("\"Delft\"".to_owned()))].into(),
            ..named("Alice@reeve.example")
        })
        .unwrap();

        let changes = UserChanges {
            mail: Change::Clear,
            ..UserChanges::default()
        };
        user.change(&changes).unwrap();

        assert_eq!(user.mail, None);
        assert_eq!(user.department.as_deref(), Some("Sales"));
        assert_eq!(user.details["city"], "\"Delft\"");
        assert_eq!(user.name_key(), "alice@reeve.example");
    }

    #[test]
    fn nobody_is_their_own_manager() {
        let changes = UserChanges {
            manager_id: Some(ObjectId::new(Uuid::from_u128(1))),
            ..named("alice@reeve.example")
        };

        assert_eq!(property_at_fault(&changes), "manager");
    }
}
