//! The contract suite (R31), once for each kind of server.

use connector_api::contract::{Fixture, Report, run};
use connector_scim::MatchBy;
use peers::fake_scim::{Bulk, Features, Filtering, PatchAnswer};
use peers::policy::started_or_skipped;
use peers::scim2_server::{self, Scim2Server};

use crate::fixture::{ScimFixture, subject};

async fn holds_entirely(fixture: &dyn Fixture) {
    let Report { held, not_possible } = run(fixture).await;

    assert_eq!(not_possible, [] as [&str; 0]);
    assert_eq!(held.len(), 21);
}

#[tokio::test]
async fn holds_for_a_server_that_follows_the_rfc() {
    holds_entirely(&ScimFixture::fake(Features::default())).await;
}

#[tokio::test]
async fn holds_for_a_server_that_cannot_filter() {
    let features = Features {
        filtering: Filtering::Unsupported,
        page_size: 3,
        ..Features::default()
    };

    holds_entirely(&ScimFixture::fake(features)).await;
}

#[tokio::test]
async fn holds_for_a_server_that_announces_filters_and_ignores_them() {
    let features = Features {
        filtering: Filtering::Lies,
        page_size: 2,
        ..Features::default()
    };

    holds_entirely(&ScimFixture::fake(features)).await;
}

#[tokio::test]
async fn holds_for_a_server_that_takes_one_comparison_at_a_time() {
    let features = Features {
        filtering: Filtering::SingleOnly,
        ..Features::default()
    };

    holds_entirely(&ScimFixture::fake(features)).await;
}

#[tokio::test]
async fn holds_for_a_server_without_versions_answers_and_leniency() {
    let features = Features {
        etag: false,
        patch_answer: PatchAnswer::NoContent,
        strict_removal: true,
        discovery: false,
        ..Features::default()
    };

    holds_entirely(&ScimFixture::fake(features)).await;
}

#[tokio::test]
async fn holds_for_a_server_with_narrow_bulk() {
    let features = Features {
        bulk: Some(Bulk {
            max_operations: 2,
            max_payload: 2_000,
        }),
        ..Features::default()
    };

    holds_entirely(&ScimFixture::fake(features)).await;
}

#[tokio::test]
async fn holds_when_subjects_are_matched_by_external_id() {
    let fixture = ScimFixture::fake(Features::default()).matching_by(MatchBy::ExternalId);

    holds_entirely(&fixture).await;
}

#[tokio::test]
async fn holds_when_users_come_from_elsewhere() {
    let fixture = ScimFixture::fake(Features::default())
        .without_provisioning()
        .know_everybody()
        .await;

    holds_entirely(&fixture).await;
}

#[tokio::test]
async fn holds_for_scim2_server() {
    let Some(server) = started_or_skipped(scim2_server::NAME, Scim2Server::start()) else {
        return;
    };

    let fixture = ScimFixture::real(server)
        .await
        .without_provisioning()
        .with_bad_subject(subject(98, "stranger"))
        .know_everybody()
        .await;

    holds_entirely(&fixture).await;
}

#[tokio::test]
async fn holds_for_scim2_server_with_provisioning_by_external_id() {
    let Some(server) = started_or_skipped(scim2_server::NAME, Scim2Server::start()) else {
        return;
    };
    let fixture = ScimFixture::real(server).await;
    let id = fixture.group_id();

    holds_entirely(&fixture.at_address(id).matching_by(MatchBy::ExternalId)).await;
}
