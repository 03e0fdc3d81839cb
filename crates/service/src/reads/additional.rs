//! Who holds two packages that do not go together (SD-6).

use auth::roles::Action;
use domain::id::AccessPackageId;
use domain::model;
use domain::query::{Comparison, Entity, Page, Predicate, Query, Value};

use super::scope::{self, path, walk};
use crate::authorize;
use crate::content::package_for;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

/// The states in which a package is held.
const LIVE: [&str; 3] = ["delivering", "delivered", "partiallyDelivered"];

/// Which assignments are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Additional {
    /// Those of any package whose target holds a package that it does not go with.
    Any,
    /// The same of one package.
    Of(AccessPackageId),
    /// Those of the first package whose target also holds the second, whether they go together or not.
    Pair(AccessPackageId, AccessPackageId),
}

/// Assignments that are live and whose target holds something else beside (SD-6): as far as the caller may see both. It
/// is a question of people, not of applications (AZ-2).
pub async fn additional_access(
    service: &Service,
    ctx: &Ctx,
    query: Query,
    which: Additional,
) -> Result<Page, ServiceError> {
    if authorize::user_of(ctx).is_none() {
        return Err(ServiceError::refused(
            Code::AccessDenied,
            "only a signed-in user can ask for this, not an application",
        ));
    }
    if let Additional::Pair(one, other) = which
        && one == other
    {
        return Err(ServiceError::invalid(
            Code::BadRequest,
            "incompatibleAccessPackageId",
            "`accessPackageId` and `incompatibleAccessPackageId` must differ",
        ));
    }
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Page, ServiceError> {
            authorize::admitted(&ctx, Action::ReadRequests)?;
            let named: &[AccessPackageId] = match &which {
                Additional::Any => &[],
                Additional::Of(one) => &[*one],
                Additional::Pair(one, other) => &[*one, *other],
            };
            for package in named {
                package_for(tx, &ctx, Action::ReadRequests, *package)?;
            }
            let me = scope::Me::of(tx, &ctx)?;
            let mut query = query.clone();
            query.filter = predicate(which)?.and(query.filter);
            let query = scope::by_role(&ctx, &me, query)?;
            me.read(tx, &ctx, query)
        })
        .await
}

fn predicate(which: Additional) -> Result<Predicate, ServiceError> {
    let entity: &'static Entity = &model::ASSIGNMENT;
    let beside = || -> Result<Predicate, ServiceError> {
        Ok(Predicate::Exists {
            hops: walk(entity, &["held_beside"])?,
            inner: Box::new(Predicate::True),
        })
    };
    match which {
        Additional::Any => beside(),
        Additional::Of(package) => Ok(of_package(package)?.and(beside()?)),
        Additional::Pair(package, other) => {
            Ok(of_package(package)?.and(live()?).and(Predicate::Exists {
                hops: walk(entity, &["target", "assignments"])?,
                inner: Box::new(of_package(other)?.and(live()?)),
            }))
        }
    }
}

fn of_package(package: AccessPackageId) -> Result<Predicate, ServiceError> {
    Ok(Predicate::Compare {
        path: path(&model::ASSIGNMENT, &[], "access_package_id")?,
        comparison: Comparison::Eq,
        value: Value::Text(package.to_string()),
    })
}

fn live() -> Result<Predicate, ServiceError> {
    Ok(Predicate::In {
        path: path(&model::ASSIGNMENT, &[], "state")?,
        values: LIVE.map(|state| Value::Text(state.to_owned())).into(),
    })
}
