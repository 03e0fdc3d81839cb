//! The report of who holds what does not go together today, however it came to that (SD-3, SD-6).
//!
//! **Invariant:** a row is shown to whoever may read the assignments of the package, and of the other one as well; a group
//! is named to those who may read groups.

use auth::decide::Catalogs;
use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::id::{AccessPackageId, CatalogId};
use store::ReadTx;
use store::incompatible::holdings::{self, Holding, Other, Search};

use crate::authorize;
use crate::content::package_for;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

pub use store::incompatible::holdings::{Holding as Line, Other as Beside, Position};

/// Where the report goes on: first the packages, then the groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Whether it has come to the groups.
    pub is_at_groups: bool,
    /// Behind which row.
    pub after: Position,
}

/// Some of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The rows.
    pub lines: Vec<Line>,
    /// Whether groups may be named.
    pub names_groups: bool,
    /// Where the rest begins, if there is any.
    pub next: Option<Place>,
}

/// The next rows of the report, of one package or of all that the caller may read.
pub async fn report(
    service: &Service,
    ctx: &Ctx,
    package: Option<AccessPackageId>,
    place: Place,
    top: u64,
) -> Result<Part, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| part(tx, &ctx, package, place.clone(), top))
        .await
}

fn part(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    package: Option<AccessPackageId>,
    place: Place,
    top: u64,
) -> Result<Part, ServiceError> {
    authorize::admitted(ctx, Action::ReadRequests)?;
    if let Some(package) = package {
        package_for(tx, ctx, Action::ReadRequests, package)?;
    }
    let catalogs: Option<Vec<CatalogId>> = match authorize::catalogs(ctx, Action::ReadRequests) {
        Catalogs::All => None,
        Catalogs::Some(catalogs) => Some(catalogs.into_iter().collect()),
        Catalogs::None(refusal) => return Err(authorize::denied(&refusal)),
    };
    let most = usize::try_from(top).unwrap_or(usize::MAX);
    let wanted = |taken: usize| {
        i64::try_from(most - taken)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    };
    let search = |after, taken| Search {
        package,
        catalogs: catalogs.clone(),
        after,
        limit: wanted(taken),
    };
    let mut lines = Vec::new();
    let mut of_groups = place.after.clone();
    if !place.is_at_groups {
        lines = holdings::of_packages(tx, &search(place.after, 0))?;
        of_groups = Position::default();
    }
    if lines.len() <= most {
        let taken = lines.len();
        lines.extend(holdings::of_groups(tx, &search(of_groups, taken))?);
    }
    let has_more = lines.len() > most;
    lines.truncate(most);
    let next = lines.last().filter(|_| has_more).map(place_of);
    Ok(Part {
        lines,
        names_groups: authorize::in_directory(ctx, DirectoryAction::ReadGroups).is_ok(),
        next,
    })
}

fn place_of(line: &Holding) -> Place {
    let (is_at_groups, other) = match line.other {
        Other::Package(other, _) => (false, other.to_string()),
        Other::Group(group) => (true, group.to_string()),
    };
    Place {
        is_at_groups,
        after: Position([line.package.to_string(), other, line.assignment.to_string()]),
    }
}
