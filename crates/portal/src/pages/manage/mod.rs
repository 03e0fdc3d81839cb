//! What whoever looks after access does: requests and assignments of everybody, bulk jobs, drift, targets and reports.
//!
//! **Invariant:** the service decides who may; a page leaves out what its reader may not do, and a form that comes all the
//! same is refused.

mod adopt;
mod assignments;
mod catalogs;
mod dev;
mod drift;
mod fields;
pub(super) mod filter;
mod jobs;
mod packages;
mod plan;
mod policies;
mod report;
mod reports;
mod requests;
mod targets;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::portal::Portal;
use crate::visit::Largest;

/// Which of these pages is where.
pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .merge(catalogs::routes())
        .merge(packages::routes())
        .merge(policies::routes())
        .route("/manage/requests", get(requests::list))
        .route("/manage/assignments", get(assignments::list))
        .route("/manage/assignments/{id}", get(assignments::show))
        .route(
            "/manage/assignments/{id}/reprocess",
            post(assignments::reprocess),
        )
        .route("/manage/jobs", get(jobs::list).post(jobs::create))
        .route("/manage/jobs/{id}", get(jobs::show).post(jobs::steer))
        .route("/manage/jobs/{id}/events", get(jobs::events))
        .route("/manage/jobs/{id}/report", get(report::report))
        .route("/manage/drift", get(drift::list).post(drift::restore))
        .route("/manage/grants/{id}/retry", post(drift::retry))
        .route("/manage/adopt", get(adopt::show).post(adopt::adopt))
        .route("/manage/targets", get(targets::list))
        .route("/manage/targets/{name}", get(targets::show))
        .route("/manage/targets/{name}/{order}", post(targets::order))
        .route("/manage/sweeps/{id}", get(targets::sweep))
        .route("/manage/sweeps/{id}/cancel", post(targets::cancel))
        .merge(reports::routes())
        .route(dev::PATH, get(dev::show))
        .route("/manage/dev/clock", post(dev::move_clock).get(dev::lead))
        .route("/manage/dev/faults", post(dev::add_fault).get(dev::lead))
        .route(
            "/manage/dev/faults/end",
            post(dev::end_faults).get(dev::lead),
        )
        .route("/manage/dev/token", post(dev::mint).get(dev::lead))
        .route(
            "/manage/dev/seed",
            post(dev::sow).get(dev::lead).layer((
                DefaultBodyLimit::max(dev::LARGEST_SEED),
                Extension(Largest(dev::LARGEST_SEED)),
            )),
        )
        .route("/manage/dev/snapshots", post(dev::take).get(dev::lead))
        .route(
            "/manage/dev/snapshots/{order}",
            post(dev::use_snapshot).get(dev::lead),
        )
}
