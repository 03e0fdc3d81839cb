//! `POST accessPackages`, and `POST catalogs/{id}/accessPackages`

use domain::model;
use service::access_packages;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates an access package in a catalog. Below a catalog, it is that one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let catalog = match request.parent() {
        None => None,
        Some(parent) if parent == &model::CATALOG => Some(request.parent_id().await?),
        // A list of packages that were made elsewhere.
        Some(_) => {
            let allow = "GET, HEAD".to_owned();
            return Err(Error::MethodNotAllowed { allow });
        }
    };
    let wanted = decode::access_package::create(&request.json()?, catalog)?;
    let id = access_packages::create(request.service(), request.ctx(), wanted).await?;
    request.created(&id.to_string()).await
}
