//! `POST` and `DELETE connectedOrganizations/{id}/internalSponsors/$ref` and `…/externalSponsors/$ref`.

use domain::connected_organization::SponsorKind;
use service::connected_organizations;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;
use crate::routes::reference;

/// Lists somebody as an internal sponsor.
pub(crate) async fn add_internal(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    add(request, SponsorKind::Internal).await
}

/// Lists somebody as an external sponsor.
pub(crate) async fn add_external(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    add(request, SponsorKind::External).await
}

/// Takes somebody off the list of internal sponsors.
pub(crate) async fn remove_internal(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    remove(request, SponsorKind::Internal).await
}

/// Takes somebody off the list of external sponsors.
pub(crate) async fn remove_external(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    remove(request, SponsorKind::External).await
}

async fn add(request: &GraphRequest<'_>, kind: SponsorKind) -> Result<Reply, Error> {
    let organization = request.parent_id().await?;
    let sponsor = reference::object_of_body(&request.json()?)?;
    let (service, ctx) = (request.service(), request.ctx());
    connected_organizations::add_sponsor(service, ctx, organization, kind, sponsor).await?;
    Ok(Reply::no_content())
}

async fn remove(request: &GraphRequest<'_>, kind: SponsorKind) -> Result<Reply, Error> {
    let organization = request.parent_id().await?;
    let sponsor = reference::of_path_or_query(request)?;
    let (service, ctx) = (request.service(), request.ctx());
    connected_organizations::remove_sponsor(service, ctx, organization, kind, sponsor).await?;
    Ok(Reply::no_content())
}
