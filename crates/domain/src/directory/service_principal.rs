//! Service principals: applications as the directory sees them, and the roles that they offer.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{DetailChanges, Details, ObjectKind, apply_details, set};
use crate::change::Change;
use crate::flaw::{Flaw, check_description, check_name};
use crate::id::{AppId, AppRoleId, ObjectId};
use crate::time::Timestamp;

/// The role of an application that offers none: plain access (semantics 5.1).
pub const DEFAULT_ACCESS: AppRoleId = AppRoleId::new(Uuid::nil());

/// An application as the directory sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePrincipal {
    /// The directory id.
    pub id: ObjectId,
    /// The client id.
    pub app_id: AppId,
    /// Name.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// Whether tokens are given to it, or for it.
    pub account_enabled: bool,
    /// Whether only those who hold one of its roles may use it.
    pub app_role_assignment_required: bool,
    /// Such as `Application`.
    pub service_principal_type: String,
    /// What else is kept and served.
    pub details: Details,
    /// The roles that it offers.
    pub app_roles: Vec<AppRole>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

/// A role that an application offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRole {
    /// Its id, unique within the application.
    pub id: AppRoleId,
    /// Name.
    pub display_name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// What the application sees of it.
    pub value: Option<String>,
    /// Whether it can be granted.
    pub is_enabled: bool,
    /// `User` (which includes groups) and `Application`.
    pub allowed_member_types: Vec<String>,
}

/// What a create or an update says about a service principal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the property of `ServicePrincipal` with the same name"
)]
pub struct ServicePrincipalChanges {
    /// Only heeded by a create; the server makes one if there is none.
    pub app_id: Option<AppId>,
    pub display_name: Option<String>,
    pub description: Change<String>,
    pub account_enabled: Option<bool>,
    pub app_role_assignment_required: Option<bool>,
    pub service_principal_type: Option<String>,
    pub details: DetailChanges,
    pub app_roles: Option<Vec<AppRole>>,
}

impl ServicePrincipal {
    /// The service principal that `changes` describe, or why there cannot be one. `app_id` is used if none is given.
    pub fn create(
        id: ObjectId,
        app_id: AppId,
        now: Timestamp,
        changes: &ServicePrincipalChanges,
    ) -> Result<Self, Flaw> {
        let mut service_principal = Self {
            id,
            app_id: changes.app_id.unwrap_or(app_id),
            display_name: String::new(),
            description: None,
            account_enabled: true,
            app_role_assignment_required: false,
            service_principal_type: "Application".to_owned(),
            details: Details::new(),
            app_roles: Vec::new(),
            created_at: now,
            version: 1,
        };
        service_principal.change(changes)?;
        Ok(service_principal)
    }

    /// Brings `changes` to the service principal, or says why they cannot be.
    pub fn change(&mut self, changes: &ServicePrincipalChanges) -> Result<(), Flaw> {
        if let Some(name) = &changes.display_name {
            self.display_name.clone_from(name);
        }
        if let Some(enabled) = changes.account_enabled {
            self.account_enabled = enabled;
        }
        if let Some(required) = changes.app_role_assignment_required {
            self.app_role_assignment_required = required;
        }
        if let Some(name) = &changes.service_principal_type {
            self.service_principal_type.clone_from(name);
        }
        if let Some(roles) = &changes.app_roles {
            self.app_roles.clone_from(roles);
        }
        set(&mut self.description, &changes.description);
        apply_details(&changes.details, &mut self.details)?;
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        let ids: BTreeSet<AppRoleId> = self.app_roles.iter().map(|role| role.id).collect();
        if ids.len() < self.app_roles.len() {
            return Err(Flaw::new("appRoles", "two app roles have the same id"));
        }
        Ok(())
    }

    /// Whether `role` can be granted to a `kind` of principal: one of the enabled roles that takes such principals, or
    /// plain access where no role is offered.
    pub fn offers(&self, role: AppRoleId, kind: ObjectKind) -> bool {
        if role == DEFAULT_ACCESS && self.app_roles.is_empty() {
            return true;
        }
        self.app_roles
            .iter()
            .any(|offered| offered.id == role && offered.is_enabled && offered.takes(kind))
    }
}

impl AppRole {
    /// Whether principals of `kind` can hold the role; a role that says nothing takes all.
    fn takes(&self, kind: ObjectKind) -> bool {
        let wanted = match kind {
            ObjectKind::User | ObjectKind::Group => "User",
            ObjectKind::ServicePrincipal => "Application",
        };
        self.allowed_member_types.is_empty()
            || self
                .allowed_member_types
                .iter()
                .any(|name| name.eq_ignore_ascii_case(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: u128, takes: &[&str]) -> AppRole {
        AppRole {
            id: AppRoleId::new(Uuid::from_u128(id)),
            display_name: Some("Reader".to_owned()),
            description: None,
            value: Some("reader".to_owned()),
            is_enabled: true,
            allowed_member_types: takes.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn create(roles: Vec<AppRole>) -> Result<ServicePrincipal, Flaw> {
        let changes = ServicePrincipalChanges {
            display_name: Some("Payroll".to_owned()),
            app_roles: Some(roles),
            ..ServicePrincipalChanges::default()
        };
        let id = ObjectId::new(Uuid::from_u128(1));
        ServicePrincipal::create(
            id,
            AppId::new(Uuid::from_u128(2)),
            Timestamp::from_micros(0),
            &changes,
        )
    }

    #[test]
    fn plain_access_is_offered_only_where_no_role_is() {
        assert!(
            create(vec![])
                .unwrap()
                .offers(DEFAULT_ACCESS, ObjectKind::User)
        );
        assert!(
            !create(vec![role(7, &["User"])])
                .unwrap()
                .offers(DEFAULT_ACCESS, ObjectKind::User)
        );
    }

    #[test]
    fn a_role_is_offered_to_the_kinds_that_it_takes() {
        let app = create(vec![
            role(7, &["User"]),
            role(8, &["Application"]),
            role(9, &[]),
        ])
        .unwrap();
        let id = |number| AppRoleId::new(Uuid::from_u128(number));

        assert!(app.offers(id(7), ObjectKind::User) && app.offers(id(7), ObjectKind::Group));
        assert!(!app.offers(id(7), ObjectKind::ServicePrincipal));
        assert!(
            app.offers(id(8), ObjectKind::ServicePrincipal) && !app.offers(id(8), ObjectKind::User)
        );
        assert!(
            app.offers(id(9), ObjectKind::User) && app.offers(id(9), ObjectKind::ServicePrincipal)
        );
        assert!(!app.offers(id(10), ObjectKind::User));
    }

    #[test]
    fn a_disabled_role_is_not_offered() {
        let mut disabled = role(7, &["User"]);
        disabled.is_enabled = false;

        let app = create(vec![disabled]).unwrap();

        assert!(!app.offers(AppRoleId::new(Uuid::from_u128(7)), ObjectKind::User));
    }

    #[test]
    fn app_roles_have_ids_of_their_own() {
        let twice = create(vec![role(7, &[]), role(7, &[])]);

        assert_eq!(twice.unwrap_err().target, "appRoles");
    }
}
