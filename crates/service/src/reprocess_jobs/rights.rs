//! For whom a job acts: who that is, and what they may see and reprocess. Kept with the job, as nobody asks any more when
//! it runs.

use std::collections::BTreeSet;

use auth::decide::{Catalogs, Decision, decide};
use auth::roles::Action;
use domain::id::CatalogId;
use serde_json::{Value as Json, json};
use store::WriteTx;

use crate::audit::initiated_by;
use crate::authorize;
use crate::ctx::{Actor, Ctx};
use crate::error::{Code, ServiceError};

/// The catalogs in which a job may see and reprocess; `None` means all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rights {
    seen: Option<BTreeSet<CatalogId>>,
    reprocessed: Option<BTreeSet<CatalogId>>,
    /// What a caller is told where they see and may not reprocess.
    refusal: String,
}

impl Rights {
    /// Those of a caller who was admitted.
    pub(super) fn of(ctx: &Ctx) -> Self {
        let set = |action| match authorize::catalogs(ctx, action) {
            Catalogs::All => None,
            Catalogs::Some(catalogs) => Some(catalogs),
            Catalogs::None(_) => Some(BTreeSet::new()),
        };
        let nowhere = CatalogId::new(uuid::Uuid::nil());
        let refusal = match &ctx.actor {
            Actor::System => None,
            Actor::Caller(caller) => match decide(caller, Action::Reprocess, Some(nowhere)) {
                Decision::Allow => None,
                Decision::Deny(refusal) => Some(authorize::denied(&refusal).to_string()),
            },
        };
        Self {
            seen: set(Action::ReadRequests),
            reprocessed: set(Action::Reprocess),
            refusal: refusal.unwrap_or_default(),
        }
    }

    /// What a single call for something in this catalog would be answered before its state is looked at.
    pub(super) fn check(
        &self,
        catalog: CatalogId,
        unknown: impl FnOnce() -> ServiceError,
    ) -> Result<(), ServiceError> {
        let sees = |set: &BTreeSet<CatalogId>| set.contains(&catalog);
        if self.reach(catalog) {
            Ok(())
        } else if self.seen.as_ref().is_none_or(sees) {
            Err(ServiceError::refused(
                Code::AccessDenied,
                self.refusal.clone(),
            ))
        } else {
            Err(unknown())
        }
    }

    /// Whether they reach every catalog.
    pub(super) const fn reach_everything(&self) -> bool {
        self.reprocessed.is_none()
    }

    /// Whether they reach this catalog.
    pub(super) fn reach(&self, catalog: CatalogId) -> bool {
        let within = |set: &BTreeSet<CatalogId>| set.contains(&catalog);
        self.reprocessed.as_ref().is_none_or(within)
    }

    /// Whether nothing is seen by these that is not seen by the others.
    pub(super) fn see_no_more_than(&self, others: &Self) -> bool {
        match (&self.seen, &others.seen) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => own.is_subset(others),
        }
    }

    /// The catalogs that are seen; `None` means all.
    pub(super) const fn seen(&self) -> Option<&BTreeSet<CatalogId>> {
        self.seen.as_ref()
    }

    /// As a document.
    pub(super) fn written(&self) -> String {
        let set = |set: &Option<BTreeSet<CatalogId>>| {
            set.as_ref()
                .map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        json!({
            "seen": set(&self.seen),
            "reprocessed": set(&self.reprocessed),
            "refusal": self.refusal,
        })
        .to_string()
    }

    /// From a document. What cannot be read allows nothing.
    pub(super) fn read(text: &str) -> Self {
        let document: Json = serde_json::from_str(text).unwrap_or_default();
        let set = |name: &str| match document.get(name) {
            Some(Json::Null) => None,
            Some(Json::Array(list)) => Some(
                list.iter()
                    .filter_map(|id| id.as_str()?.parse().ok())
                    .collect(),
            ),
            _ => Some(BTreeSet::new()),
        };
        let refusal = document.get("refusal").and_then(Json::as_str);
        Self {
            seen: set("seen"),
            reprocessed: set("reprocessed"),
            refusal: refusal.unwrap_or_default().to_owned(),
        }
    }
}

/// Who a job acts for, as the audit log shows them.
pub(super) fn who(tx: &mut WriteTx<'_>, ctx: &Ctx) -> Result<String, ServiceError> {
    Ok(initiated_by(tx, &ctx.actor)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(number: u128) -> CatalogId {
        CatalogId::new(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn rights_are_read_back_as_they_were_written_and_nonsense_allows_nothing() {
        let some = Rights {
            seen: None,
            reprocessed: Some([catalog(1), catalog(2)].into()),
            refusal: "no".to_owned(),
        };
        assert_eq!(Rights::read(&some.written()), some);

        let unknown = || ServiceError::not_found("assignment", "x");
        for text in ["", "{}", "[]", "{\"reprocessed\": 7}"] {
            assert!(Rights::read(text).check(catalog(1), unknown).is_err());
        }
    }

    #[test]
    fn who_lost_a_catalog_sees_less_than_before() {
        let seen = |seen: Option<&[u128]>| Rights {
            seen: seen.map(|seen| seen.iter().map(|number| catalog(*number)).collect()),
            reprocessed: None,
            refusal: String::new(),
        };
        let both = seen(Some(&[1, 2]));

        assert!(both.see_no_more_than(&both) && both.see_no_more_than(&seen(None)));
        assert!(seen(Some(&[])).see_no_more_than(&both));
        assert!(!both.see_no_more_than(&seen(Some(&[1, 3]))));
        assert!(!seen(None).see_no_more_than(&both));
    }

    #[test]
    fn an_item_is_refused_as_a_single_call_would_be() {
        let rights = Rights {
            seen: Some([catalog(1), catalog(2)].into()),
            reprocessed: Some([catalog(1)].into()),
            refusal: "the role is too low".to_owned(),
        };
        let code = |number| {
            rights
                .check(catalog(number), || ServiceError::not_found("x", "y"))
                .err()
                .and_then(|error| error.code())
        };

        assert_eq!(code(1), None);
        assert_eq!(code(2), Some(Code::AccessDenied));
        assert_eq!(code(3), Some(Code::ResourceNotFound));
    }
}
