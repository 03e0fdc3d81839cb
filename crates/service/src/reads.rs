//! Reads: every list and every get, scoped by what the caller may see, in one statement (R42).
//!
//! A role shows a catalog's content; without one, a signed-in user sees what is their own. The scope becomes part of the
//! query, so that the database never hands out a row that the caller may not see.

mod additional;
mod demanded;
mod offers;
mod own;
pub(crate) mod reviewers;
pub(crate) mod scope;

use domain::assignment_request::RequestType;
use domain::id::ObjectId;
use domain::model;
use domain::query::{Comparison, Page, Predicate, Query, Value};

use crate::audit::search;
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::settings::Settings;
use offers::Hidden;

pub use additional::{Additional, additional_access};
pub use offers::SuggestionKinds;
pub use own::{Own, OwnRelation};

/// Rows of a list: by role only (AZ-5).
pub async fn list(service: &Service, ctx: &Ctx, query: Query) -> Result<Page, ServiceError> {
    let ctx = ctx.clone();
    let hidden = !service.settings.reprocess_tracking_requests;
    if service.settings.require_scoped_filter {
        demanded::one_package(&ctx, &query)?;
    }
    service
        .store
        .read(move |tx| -> Result<Page, ServiceError> {
            let (me, query) = narrowed_list(tx, &ctx, hidden, query)?;
            me.read(tx, &ctx, query)
        })
        .await
}

/// What the list of a query would look at: the same query, narrowed to what the caller's roles show.
pub(crate) async fn as_listed(
    service: &Service,
    ctx: &Ctx,
    query: Query,
) -> Result<Query, ServiceError> {
    let ctx = ctx.clone();
    let hidden = !service.settings.reprocess_tracking_requests;
    if service.settings.require_scoped_filter {
        demanded::one_package(&ctx, &query)?;
    }
    service
        .store
        .read(move |tx| Ok(narrowed_list(tx, &ctx, hidden, query)?.1))
        .await
}

/// The query of a list with the caller's scope, and the caller as rows name them.
fn narrowed_list(
    tx: &mut store::ReadTx<'_>,
    ctx: &Ctx,
    hidden: bool,
    mut query: Query,
) -> Result<(scope::Me, Query), ServiceError> {
    if hidden && query.entity == &model::ASSIGNMENT_REQUEST {
        query.filter = Predicate::Not(Box::new(tracking()?)).and(query.filter);
    }
    if query.entity == &model::AUDIT_EVENT {
        query.filter = search::by_target(query.filter);
    }
    let me = scope::Me::of(tx, ctx)?
        .offered(tx, ctx, &query, Hidden::Left)?
        .listing(tx, ctx, &query)?;
    let query = scope::by_role(ctx, &me, query)?;
    Ok((me, query))
}

/// The same in a transaction that is under way.
pub(crate) fn list_in(
    tx: &mut store::ReadTx<'_>,
    ctx: &Ctx,
    settings: &Settings,
    query: Query,
) -> Result<Page, ServiceError> {
    if settings.require_scoped_filter {
        demanded::one_package(ctx, &query)?;
    }
    let (me, query) = narrowed_list(tx, ctx, !settings.reprocess_tracking_requests, query)?;
    me.read(tx, ctx, query)
}

/// Rows that one key names: by role, or because they are the caller's own (AZ-4).
pub async fn get(service: &Service, ctx: &Ctx, query: Query) -> Result<Page, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Page, ServiceError> {
            let me = scope::Me::of(tx, &ctx)?.offered(tx, &ctx, &query, Hidden::Shown)?;
            let query = scope::by_role_or_own(&ctx, &me, query)?;
            me.read(tx, &ctx, query)
        })
        .await
}

/// The caller's own rows of a collection (`filterByCurrentUser`, semantics 7.4).
pub async fn own(
    service: &Service,
    ctx: &Ctx,
    query: Query,
    own: Own,
) -> Result<Page, ServiceError> {
    authorize::in_tenant(ctx, auth::roles::Action::QueryAsUser)?;
    let user = authorize::as_requestor(ctx, auth::decide::Access::Read)?;
    let waiting = if own.needs_decisions() {
        crate::approvals::waiting_for(service, user).await?
    } else {
        Vec::new()
    };
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Page, ServiceError> {
            let mut me = scope::Me::of(tx, &ctx)?;
            let mine = if let Own::Suggestions(kinds) = own {
                me = me.suggested(tx, user, kinds)?;
                me.suggestions()
            } else {
                own::predicate(tx, own, user, &waiting)?
            };
            let query = scope::narrowed(&ctx, &me, query, mine);
            me.read(tx, &ctx, query)
        })
        .await
}

/// The requests by which assignment reprocess is tracked: hidden from lists where the setting says so (RP-24).
fn tracking() -> Result<Predicate, ServiceError> {
    Ok(Predicate::Compare {
        path: scope::path(&model::ASSIGNMENT_REQUEST, &[], "request_type")?,
        comparison: Comparison::Eq,
        value: Value::Text(RequestType::SystemUpdate.as_str().to_owned()),
    })
}

/// Whether the caller may know a row: the parent of a nested path, say.
pub async fn exists(
    service: &Service,
    ctx: &Ctx,
    entity: &'static domain::query::Entity,
    filter: Predicate,
) -> Result<bool, ServiceError> {
    let mut query = Query::of(entity);
    query.fields.extend(entity.key());
    query.filter = filter;
    query.limit = Some(1);
    Ok(!get(service, ctx, query).await?.rows.is_empty())
}

/// Whether the caller sees every row of the entity by role.
pub(crate) fn sees_all(
    ctx: &Ctx,
    entity: &'static domain::query::Entity,
) -> Result<bool, ServiceError> {
    scope::sees_all(ctx, entity)
}

/// The signed-in user, for `/me`.
pub fn me(ctx: &Ctx) -> Result<ObjectId, ServiceError> {
    authorize::user_of(ctx).ok_or_else(|| {
        ServiceError::refused(
            Code::BadRequest,
            "/me is only there for a signed-in user, not for an application",
        )
    })
}
