//! `POST catalogs/{id}/customWorkflowExtensions`

use domain::extension::ExtensionType;
use domain::model;
use service::extensions;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates an extension of a catalog.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let catalog = request.parent_id().await?;
    // The older collection holds one type only.
    let is_legacy = request.address().target().entity == &model::LEGACY_CUSTOM_EXTENSION;
    let default_type = is_legacy.then_some(ExtensionType::Legacy);
    let draft = decode::custom_extension::create(&request.json()?, default_type)?;
    if is_legacy && draft.object_type != ExtensionType::Legacy {
        return Err(Error::InvalidModel {
            target: "@odata.type".to_owned(),
            message: format!(
                "this collection holds extensions of the type `{}`",
                ExtensionType::Legacy
            ),
        });
    }
    let id = extensions::create(request.service(), request.ctx(), catalog, draft).await?;
    request.created(&id.to_string()).await
}
