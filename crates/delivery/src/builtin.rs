//! The built-in directory as a target: members and owners of groups, and app roles of applications (semantics 5.1).
//!
//! **Invariant:** what it says is done is committed and visible to every client of the directory, so each answer is a
//! proof and nothing has to be read back.

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Operation, Order, Outcome, Presence, Subject,
};
use domain::directory::GroupRole;
use domain::id::{AppRoleId, ObjectId};
use service::directory::{self, app_roles, members};
use service::{Service, ServiceError};

/// Most members on a page of a listing.
const PAGE: i64 = 1000;

/// Speaks to the directory that the service keeps.
#[derive(Debug)]
pub struct Builtin {
    service: Service,
}

/// A place in the directory where subjects can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Group(ObjectId, GroupRole),
    Application(ObjectId, AppRoleId),
}

impl Place {
    /// Reads the place from the ids of the origin.
    fn of(object: &Object) -> Result<Self, Outcome> {
        let Ok(resource) = object.resource_origin_id.parse::<ObjectId>() else {
            return Err(Outcome::refused(
                FailureCode::ResourceNotFoundInOriginSystem,
                format!(
                    "`{}` is not the id of a directory object",
                    object.resource_origin_id
                ),
            ));
        };
        let place = match object.origin_system.as_str() {
            "AadGroup" => group_role(object).map(|role| Self::Group(resource, role)),
            "AadApplication" => object
                .role_origin_id
                .parse()
                .ok()
                .map(|role| Self::Application(resource, role)),
            other => {
                return Err(Outcome::refused(
                    FailureCode::ConnectorError,
                    format!(
                        "the directory cannot deliver to `{other}`, and the resource is bound to no other target"
                    ),
                ));
            }
        };
        place.ok_or_else(|| {
            Outcome::refused(
                FailureCode::RoleNotFound,
                format!(
                    "the directory knows no role `{}` of {}",
                    object.role_origin_id, object.origin_system
                ),
            )
        })
    }
}

/// `Member_{group id}` or `Owner_{group id}`; eligible roles are not the same and not the directory's (LG-7).
fn group_role(object: &Object) -> Option<GroupRole> {
    match object.role_origin_id.split_once('_')?.0 {
        "Member" => Some(GroupRole::Member),
        "Owner" => Some(GroupRole::Owner),
        _ => None,
    }
}

impl Builtin {
    /// A connector to the service's own directory.
    pub const fn new(service: Service) -> Self {
        Self { service }
    }

    async fn change(&self, change: &Change) -> Result<Vec<Outcome>, Outcome> {
        let place = Place::of(&change.object)?;
        let operation = match change.operation {
            Operation::Add => directory::Operation::Add,
            Operation::Remove => directory::Operation::Remove,
        };
        let subjects = ids(&change.subjects);
        let outcomes = match place {
            Place::Group(group, role) => {
                members::apply(&self.service, group, role, operation, &subjects).await
            }
            Place::Application(application, role) => {
                app_roles::apply(&self.service, application, role, operation, &subjects).await
            }
        };
        Ok(outcomes
            .map_err(|error| trouble(&error))?
            .into_iter()
            .map(|outcome| said(outcome, &change.object))
            .collect())
    }

    async fn look(&self, object: &Object, subjects: &[Subject]) -> Result<Vec<Presence>, Outcome> {
        let place = Place::of(object)?;
        let subjects = ids(subjects);
        let present = match place {
            Place::Group(group, role) => {
                members::observe(&self.service, group, role, &subjects).await
            }
            Place::Application(application, role) => {
                app_roles::observe(&self.service, application, role, &subjects).await
            }
        };
        let present = present.map_err(|error| trouble(&error))?;
        Ok(present
            .into_iter()
            .map(|is| {
                if is {
                    Presence::Present
                } else {
                    Presence::Absent
                }
            })
            .collect())
    }
}

impl Connector for Builtin {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: 500,
            max_in_flight: 4,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(async {
            self.change(change)
                .await
                .map_or_else(Applied::Whole, Applied::Each)
        })
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(self.look(object, subjects))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async { Ok("the built-in directory is part of the server".to_owned()) })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

impl Builtin {
    async fn page(&self, object: &Object, from: Option<&str>) -> Result<Listing, Outcome> {
        let place = Place::of(object)?;
        let after = from.unwrap_or_default().to_owned();
        let found = match place {
            Place::Group(group, role) => {
                members::list(&self.service, group, role, after, PAGE).await
            }
            Place::Application(application, role) => {
                app_roles::list(&self.service, application, role, after, PAGE).await
            }
        };
        let Some(ids) = found.map_err(|error| trouble(&error))? else {
            let code = FailureCode::ResourceNotFoundInOriginSystem;
            return Err(Outcome::refused(code, why(code, object)));
        };
        let is_full = i64::try_from(ids.len()).is_ok_and(|found| found >= PAGE);
        Ok(Listing {
            next: ids.last().filter(|_| is_full).map(ToString::to_string),
            members: ids.into_iter().map(member).collect(),
        })
    }
}

fn member(id: ObjectId) -> Member {
    Member {
        keys: vec![id.to_string()],
        label: id.to_string(),
    }
}

/// The directory's keys are its ids, so that nothing has to be asked.
impl Lister for Builtin {
    fn order(&self) -> Order {
        Order::ObjectId
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(self.page(object, from))
    }

    fn keys<'a>(
        &'a self,
        _object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        let key = |subject: &Subject| Keys::Known(vec![subject.object_id.to_string()]);
        let keys = subjects.iter().map(key).collect();
        Box::pin(std::future::ready(Ok(keys)))
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        let names = members.iter().map(|member| member.keys.clone()).collect();
        Box::pin(std::future::ready(Ok(names)))
    }
}

fn ids(subjects: &[Subject]) -> Vec<ObjectId> {
    subjects.iter().map(|subject| subject.object_id).collect()
}

fn said(outcome: directory::Outcome, object: &Object) -> Outcome {
    match outcome {
        directory::Outcome::Done => Outcome::Done { verified: true },
        directory::Outcome::AlreadySo => Outcome::AlreadySo,
        directory::Outcome::Refused(code) => Outcome::refused(code, why(code, object)),
    }
}

fn why(code: FailureCode, object: &Object) -> String {
    let name = &object.resource_display_name;
    match code {
        FailureCode::ResourceNotFoundInOriginSystem => {
            format!("`{name}` is not in the directory any more")
        }
        FailureCode::RoleNotFound => format!("`{name}` offers no role `{}`", object.role_origin_id),
        FailureCode::TargetNotFound => "the directory does not know the subject".to_owned(),
        FailureCode::TargetDeleted => "the subject is deleted in the directory".to_owned(),
        FailureCode::GroupNotModifiable => {
            format!("the members of `{name}` cannot be changed here")
        }
        FailureCode::TargetNotProvisioned
        | FailureCode::InvitationBlocked
        | FailureCode::OriginAccessDenied
        | FailureCode::OriginThrottled
        | FailureCode::OriginUnavailable
        | FailureCode::QuotaExceeded
        | FailureCode::PimPolicyConflict
        | FailureCode::ExtensionTimedOut
        | FailureCode::ConnectorError => format!("the directory refuses it for `{name}`"),
    }
}

/// The database is busy or in trouble: that passes.
fn trouble(error: &ServiceError) -> Outcome {
    if matches!(error, ServiceError::Internal(_)) {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "the directory could not be read or changed"
        );
    }
    Outcome::retry(
        FailureCode::OriginUnavailable,
        "the directory could not be read or changed just now",
    )
}
