//! Objects as groups, and the operations on their member attribute.

use std::collections::HashSet;
use std::time::Duration;

use connector_api::{FailureCode, Object, Operation, Outcome};
use futures_util::{StreamExt, TryStreamExt, stream};
use ldap3::{Ldap, LdapResult, Mod};

use crate::config::{ConfigError, Groups as GroupsConfig};
use crate::dn::{naming, normalised};
use crate::pool::Failed;
use crate::result_code::{
    COMPARE_FALSE, COMPARE_TRUE, NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT, broken, failure,
};
use crate::template::{Place, Placeholder, Template};

/// Most comparisons under way on one connection.
const PIPELINED: usize = 64;

/// Where groups are and what they look like, read.
#[derive(Debug)]
pub(crate) struct Groups {
    dn: Option<Template<Property>>,
    pub(crate) attribute: String,
    pub(crate) placeholder: Option<String>,
    create_as: Option<String>,
}

/// A resource's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    ResourceId,
    ResourceName,
    RoleId,
    RoleName,
}

impl Placeholder for Property {
    const ALL: &'static [(&'static str, Self)] = &[
        ("resourceId", Self::ResourceId),
        ("resourceName", Self::ResourceName),
        ("roleId", Self::RoleId),
        ("roleName", Self::RoleName),
    ];
}

/// The group of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) dn: String,
    /// Whether it may be created.
    pub(crate) creatable: bool,
}

impl Groups {
    pub(crate) fn new(config: &GroupsConfig) -> Result<Self, ConfigError> {
        let dn = config
            .dn
            .as_deref()
            .map(Template::parse)
            .transpose()
            .map_err(|source| ConfigError::Template {
                setting: "groups.dn",
                source,
            })?;
        if dn.is_none() && config.create_as.is_some() {
            return Err(ConfigError::CreateNowhere);
        }
        Ok(Self {
            dn,
            attribute: config.member_attribute.clone(),
            placeholder: config.placeholder_member.clone(),
            create_as: config.create_as.clone(),
        })
    }

    pub(crate) fn group(&self, object: &Object) -> Result<Group, Outcome> {
        if let Some(address) = &object.address {
            if normalised(address).is_none() {
                return Err(Outcome::refused(
                    FailureCode::ConnectorError,
                    format!("the resource's address `{address}` is not a DN"),
                ));
            }
            return Ok(Group {
                dn: address.clone(),
                creatable: false,
            });
        }
        let dn = self.dn.as_ref().and_then(|template| {
            template.fill(Place::Dn, |name| {
                Some(match name {
                    Property::ResourceId => object.resource_origin_id.as_str(),
                    Property::ResourceName => object.resource_display_name.as_str(),
                    Property::RoleId => object.role_origin_id.as_str(),
                    Property::RoleName => object.role_display_name.as_str(),
                })
            })
        });
        match dn {
            Some(dn) => Ok(Group {
                dn,
                creatable: self.create_as.is_some(),
            }),
            None => Err(Outcome::refused(
                FailureCode::ConnectorError,
                "the resource has no address, and the target's mapping makes no DN for it",
            )),
        }
    }

    /// Which of the values the group has; `None` if there is no such group.
    pub(crate) async fn compare(
        &self,
        ldap: &Ldap,
        timeout: Duration,
        group: &Group,
        values: &[String],
    ) -> Result<Option<Vec<bool>>, Failed> {
        let calls: Vec<_> = values
            .iter()
            .map(|value| self.compare_one(ldap.clone(), timeout, group, value))
            .collect();
        let seen: Vec<Option<bool>> = stream::iter(calls)
            .buffered(PIPELINED)
            .try_collect()
            .await?;
        Ok(seen.into_iter().collect())
    }

    async fn compare_one(
        &self,
        mut ldap: Ldap,
        timeout: Duration,
        group: &Group,
        value: &str,
    ) -> Result<Option<bool>, Failed> {
        let doing = "the look at the group's members";
        let result = ldap
            .with_timeout(timeout)
            .compare(&group.dn, &self.attribute, value)
            .await
            .map_err(|error| Failed::Connection(broken(&error, doing)))?
            .0;
        match result.rc {
            COMPARE_TRUE => Ok(Some(true)),
            // A group without members has no such attribute.
            COMPARE_FALSE | NO_SUCH_ATTRIBUTE => Ok(Some(false)),
            NO_SUCH_OBJECT => Ok(None),
            _ => Err(Failed::Answered(failure(&result, doing))),
        }
    }

    /// One modify: the values in or out, and the placeholder the other way if `with_placeholder`.
    pub(crate) async fn modify(
        &self,
        ldap: &Ldap,
        timeout: Duration,
        group: &Group,
        operation: Operation,
        values: &[String],
        with_placeholder: bool,
    ) -> Result<LdapResult, Failed> {
        let attribute = self.attribute.clone();
        let set: HashSet<String> = values.iter().cloned().collect();
        let placeholder = self
            .placeholder
            .iter()
            .filter(|_| with_placeholder)
            .cloned();
        let placeholder: HashSet<String> = placeholder.collect();
        let mut modifications = Vec::new();
        match operation {
            Operation::Add => {
                modifications.push(Mod::Add(attribute.clone(), set));
                if !placeholder.is_empty() {
                    modifications.push(Mod::Delete(attribute, placeholder));
                }
            }
            Operation::Remove => {
                if !placeholder.is_empty() {
                    modifications.push(Mod::Add(attribute.clone(), placeholder));
                }
                modifications.push(Mod::Delete(attribute, set));
            }
        }
        ldap.clone()
            .with_timeout(timeout)
            .modify(&group.dn, modifications)
            .await
            .map_err(|error| {
                Failed::Connection(broken(&error, "the change of the group's members"))
            })
    }

    /// Creates the group with its first members.
    pub(crate) async fn create(
        &self,
        ldap: &Ldap,
        timeout: Duration,
        group: &Group,
        values: &[String],
    ) -> Result<LdapResult, Failed> {
        let (Some(class), Some((attribute, name))) = (&self.create_as, naming(&group.dn)) else {
            return Err(Failed::Answered(Outcome::refused(
                FailureCode::ConnectorError,
                format!(
                    "the group `{}` cannot be created with this mapping",
                    group.dn
                ),
            )));
        };
        let entry = vec![
            ("objectClass".to_owned(), HashSet::from([class.clone()])),
            (attribute, HashSet::from([name])),
            (self.attribute.clone(), values.iter().cloned().collect()),
        ];
        ldap.clone()
            .with_timeout(timeout)
            .add(&group.dn, entry)
            .await
            .map_err(|error| Failed::Connection(broken(&error, "the creation of the group")))
    }
}

/// There is no such group.
pub(crate) fn not_found(group: &Group) -> Outcome {
    Outcome::refused(
        FailureCode::ResourceNotFoundInOriginSystem,
        format!("the target has no group `{}`", group.dn),
    )
}
