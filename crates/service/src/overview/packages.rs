//! Packages with their policies, for whoever chooses one of them.

use domain::id::{AccessPackageId, PolicyId};
use domain::model;
use domain::query::{Predicate, TextMatch};

use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::rows::{Row, equals, query, with_fields};
use crate::reads::{self, scope};

/// Packages that are shown; whoever looks for another one writes more of its name.
pub const MOST: u64 = 25;

/// A package with its policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: AccessPackageId,
    /// Its name.
    pub name: String,
    /// Its policies, each with its name.
    pub policies: Vec<(PolicyId, String)>,
}

/// Whether the caller may read requests anywhere; the refusal of whoever may not.
pub fn admitted(ctx: &Ctx) -> Result<(), ServiceError> {
    crate::authorize::admitted(ctx, auth::roles::Action::ReadRequests)
}

/// Packages whose name contains the text, or the one of this id, among those that the caller may see.
pub async fn find(service: &Service, ctx: &Ctx, text: &str) -> Result<Vec<Package>, ServiceError> {
    let entity = &model::ACCESS_PACKAGE;
    let wanted = query(entity, &["id", "display_name"])?;
    let mut wanted = with_fields(wanted, "assignment_policies", &["id", "display_name"])?;
    wanted.filter = match uuid::Uuid::try_parse(text) {
        Ok(id) => equals(entity, &[], "id", id.hyphenated().to_string())?,
        Err(_) => Predicate::Text {
            path: scope::path(entity, &[], "display_name")?,
            matching: TextMatch::Contains,
            text: text.to_owned(),
        },
    };
    wanted.limit = Some(MOST);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let one = |record| {
        let row = Row::new(&wanted, record);
        let policies = row
            .many("assignment_policies")
            .map(|policy| Ok((policy.parsed("id")?, policy.string("display_name"))));
        Ok(Package {
            id: row.parsed("id")?,
            name: row.string("display_name"),
            policies: policies.collect::<Result<_, ServiceError>>()?,
        })
    };
    found.rows.iter().map(one).collect()
}
