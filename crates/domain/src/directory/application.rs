//! Applications as they are registered: what a service principal of the same client id is made of.

use super::{AppRole, Details, ServicePrincipal, ServicePrincipalChanges};
use crate::flaw::Flaw;
use crate::id::{AppId, ObjectId};
use crate::time::Timestamp;

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The directory id.
    pub id: ObjectId,
    /// The client id.
    pub app_id: AppId,
    /// Name.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// What else is kept and served.
    pub details: Details,
    /// The roles that it offers.
    pub app_roles: Vec<AppRole>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

impl Application {
    /// The application that `changes` describe, under a client id of the server's choice; or why there cannot be one.
    pub fn create(
        id: ObjectId,
        app_id: AppId,
        now: Timestamp,
        changes: &ServicePrincipalChanges,
    ) -> Result<Self, Flaw> {
        let mut application = Self {
            id,
            app_id,
            display_name: String::new(),
            description: None,
            details: Details::new(),
            app_roles: Vec::new(),
            created_at: now,
            version: 1,
        };
        application.change(changes)?;
        Ok(application)
    }

    /// Brings `changes` to the application, or says why they cannot be. The rules are those of service principals.
    pub fn change(&mut self, changes: &ServicePrincipalChanges) -> Result<(), Flaw> {
        let mut checked = ServicePrincipal {
            id: self.id,
            app_id: self.app_id,
            display_name: std::mem::take(&mut self.display_name),
            description: self.description.take(),
            account_enabled: true,
            app_role_assignment_required: false,
            service_principal_type: String::new(),
            details: std::mem::take(&mut self.details),
            app_roles: std::mem::take(&mut self.app_roles),
            created_at: self.created_at,
            version: self.version,
        };
        let flaw = checked.change(changes);
        self.display_name = checked.display_name;
        self.description = checked.description;
        self.details = checked.details;
        self.app_roles = checked.app_roles;
        flaw
    }

    /// What a service principal has of its application, where `wanted` says nothing else.
    pub fn lend(&self, wanted: &mut ServicePrincipalChanges) {
        let name = || self.display_name.clone();
        wanted.display_name.get_or_insert_with(name);
        let roles = || self.app_roles.clone();
        wanted.app_roles.get_or_insert_with(roles);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn named(name: &str) -> ServicePrincipalChanges {
        ServicePrincipalChanges {
            display_name: Some(name.to_owned()),
            ..ServicePrincipalChanges::default()
        }
    }

    fn create(changes: &ServicePrincipalChanges) -> Result<Application, Flaw> {
        let (id, app_id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let now = Timestamp::from_micros(1);
        Application::create(ObjectId::new(id), AppId::new(app_id), now, changes)
    }

    #[test]
    fn a_service_principal_is_called_as_its_application_unless_it_is_named() {
        let application = create(&named("Payroll")).unwrap();
        let (mut unnamed, mut other) = (ServicePrincipalChanges::default(), named("Wages"));

        application.lend(&mut unnamed);
        application.lend(&mut other);

        assert_eq!(unnamed.display_name.as_deref(), Some("Payroll"));
        assert_eq!(unnamed.app_roles, Some(Vec::new()));
        assert_eq!(other.display_name.as_deref(), Some("Wages"));
    }

    #[test]
    fn an_application_without_a_name_is_refused() {
        assert_eq!(create(&named(" ")).unwrap_err().target, "displayName");
    }
}
