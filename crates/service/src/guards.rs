//! What is checked again before anything is delivered (RQ-15): the world may have changed since the request was made.

use std::collections::{BTreeMap, BTreeSet};

use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::assignment_request::{AssignmentRequest, Purpose};
use domain::id::{AccessPackageId, ObjectId, RequestId, SubjectId};
use store::ledger::watch;
use store::{ReadTx, WriteTx};

use crate::authorize;
use crate::ctx::{Ctx, Moment};
use crate::error::{Code, ServiceError};

/// What the guards of many requests ask about, read at once.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    present: BTreeMap<SubjectId, ObjectId>,
    partly_held: BTreeSet<RequestId>,
    restricted: BTreeSet<AccessPackageId>,
}

impl Lookout {
    /// Around these requests.
    pub(crate) fn around(
        tx: &mut ReadTx<'_>,
        requests: &[AssignmentRequest],
    ) -> Result<Self, store::Error> {
        let of = |purposes: &'static [Purpose]| {
            let all = requests.iter();
            all.filter(move |request| purposes.contains(&request.request_type.purpose()))
        };
        let targets: BTreeSet<SubjectId> = of(&[Purpose::Add, Purpose::Update, Purpose::Enforce])
            .map(|request| request.target_id)
            .collect();
        let mut lookout = Self::default();
        if !targets.is_empty() {
            lookout.present = store::subject::present(tx, targets)?.into_iter().collect();
        }
        let adding = || of(&[Purpose::Add]);
        if adding().next().is_some() {
            let packages: BTreeSet<AccessPackageId> =
                adding().map(|request| request.access_package_id).collect();
            let ids = adding().map(|request| request.id);
            lookout.partly_held = watch::with_done_units(tx, ids)?.into_iter().collect();
            lookout.restricted = store::incompatible::restricted(tx, packages)?
                .into_iter()
                .collect();
        }
        Ok(lookout)
    }
}

/// Why the request cannot be delivered, if so. Removals are always delivered: they take access away.
pub(crate) fn before_delivery(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    lookout: &Lookout,
    request: &AssignmentRequest,
) -> Result<Option<(Code, String)>, ServiceError> {
    if request.request_type.purpose() == Purpose::Remove {
        return Ok(None);
    }
    // Who was not there a moment ago may have been invited by a request before this one.
    let object = match lookout.present.get(&request.target_id) {
        Some(object) => Some(*object),
        None => target_object(tx, request.target_id)?,
    };
    let Some(object) = object else {
        let message = "the target of the request does not exist any more".to_owned();
        return Ok(Some((Code::TargetNotFound, message)));
    };
    if request.ends_at.is_some_and(|end| end <= moment.now) {
        let message = "the end date of the request has passed".to_owned();
        return Ok(Some((Code::InvalidSchedule, message)));
    }
    // RP-7: whoever holds part of the package is in already.
    if request.request_type.purpose() == Purpose::Add
        && !lookout.partly_held.contains(&request.id)
        && lookout.restricted.contains(&request.access_package_id)
        && let Some(blocker) = incompatible(
            tx,
            moment,
            request.access_package_id,
            Some(request.target_id),
            Some(object),
        )?
    {
        return Ok(Some((Code::IncompatibleAccess, blocker.named())));
    }
    Ok(None)
}

/// The directory object of a subject, while the directory has it.
pub(crate) fn target_object(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
) -> Result<Option<ObjectId>, ServiceError> {
    let Some(subject) = store::subject::find(tx, target)? else {
        return Ok(None);
    };
    match subject.object_id {
        Some(object) if store::directory::object::find(tx, object)?.is_some() => Ok(Some(object)),
        _ => Ok(None),
    }
}

/// What somebody holds that a package does not go with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocker {
    /// Another package.
    Package(AccessPackageId),
    /// A group that they are in, also through other groups.
    Group(ObjectId),
}

impl Blocker {
    /// The refusal; it names what is in the way to a caller who may read that (SD-7).
    pub(crate) fn refusal(
        self,
        tx: &mut ReadTx<'_>,
        ctx: &Ctx,
    ) -> Result<ServiceError, ServiceError> {
        let message = if self.is_known_to(tx, ctx)? {
            self.named()
        } else {
            self.unnamed().to_owned()
        };
        Ok(ServiceError::refused(Code::IncompatibleAccess, message))
    }

    /// What is in the way, by its name for a caller who may read it (SD-7).
    pub(crate) fn in_words(self, tx: &mut ReadTx<'_>, ctx: &Ctx) -> Result<String, ServiceError> {
        if !self.is_known_to(tx, ctx)? {
            return Ok(self.unnamed().to_owned());
        }
        Ok(match self {
            Self::Package(package) => {
                let name = store::access_package::find(tx, package)?.map(|one| one.display_name);
                let name = name.unwrap_or_else(|| package.to_string());
                format!("the target holds the incompatible access package `{name}`")
            }
            Self::Group(group) => {
                let found = store::directory::object::find(tx, group)?;
                let name = found.and_then(|one| one.display_name);
                let name = name.unwrap_or_else(|| group.to_string());
                format!("the target is a member of the incompatible group `{name}`")
            }
        })
    }

    /// In words for whoever may read anything.
    fn named(self) -> String {
        match self {
            Self::Package(package) => {
                format!("the target holds the incompatible access package `{package}`")
            }
            Self::Group(group) => {
                format!("the target is a member of the incompatible group `{group}`")
            }
        }
    }

    /// In words for anybody.
    pub(crate) const fn unnamed(self) -> &'static str {
        match self {
            Self::Package(_) => "the target holds an incompatible access package",
            Self::Group(_) => "the target is a member of an incompatible group",
        }
    }

    /// Whether the caller may read it: by a role, or because they hold the package themselves.
    pub(crate) fn is_known_to(self, tx: &mut ReadTx<'_>, ctx: &Ctx) -> Result<bool, ServiceError> {
        match self {
            Self::Package(package) => {
                let Some(found) = store::access_package::find(tx, package)? else {
                    return Ok(false);
                };
                let catalogs = authorize::catalogs(ctx, Action::ReadCatalogContent);
                if catalogs.contains(found.catalog_id) {
                    return Ok(true);
                }
                let own = match authorize::user_of(ctx) {
                    Some(user) => store::subject::find_by_object(tx, user)?,
                    None => None,
                };
                match own {
                    Some(own) => Ok(store::assignment::holds(tx, own.id, package)?),
                    None => Ok(false),
                }
            }
            Self::Group(_) => Ok(authorize::in_directory(ctx, DirectoryAction::ReadGroups).is_ok()),
        }
    }
}

/// What the target holds that the package does not go with (SD-1, SD-4). A package that is looked at from one side
/// counts, unless the tenant wants both (SD-2).
pub(crate) fn incompatible(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    package: AccessPackageId,
    target: Option<SubjectId>,
    object: Option<ObjectId>,
) -> Result<Option<Blocker>, ServiceError> {
    if let Some(target) = target {
        let mut listed = store::incompatible::packages(tx, package)?;
        if moment.symmetric_incompatibility {
            listed.extend(store::incompatible::packages_that_list(tx, package)?);
        }
        for other in listed {
            if store::assignment::holds(tx, target, other)? {
                return Ok(Some(Blocker::Package(other)));
            }
        }
    }
    let listed = store::incompatible::groups(tx, package)?;
    let Some(object) = object.filter(|_| !listed.is_empty()) else {
        return Ok(None);
    };
    let groups = store::directory::membership::transitive_groups_of(tx, object)?;
    let met = listed.into_iter().find(|group| groups.contains(group));
    Ok(met.map(Blocker::Group))
}
