//! `POST resourceRequests`

use domain::id::QuestionId;
use domain::query::Value;
use service::resource_requests;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Adds, updates or removes a resource of a catalog, at once.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let moment = request.service().moment();
    let mut fresh_id = || moment.id(QuestionId::new).to_string();
    let wanted = decode::resource_request::create(&request.json()?, &mut fresh_id)?;
    let receipt = resource_requests::submit(request.service(), request.ctx(), wanted).await?;
    if receipt.is_stored {
        return request.created(&receipt.id.to_string()).await;
    }
    request.accepted(&receipt.id.to_string(), |column| match column {
        "id" => Value::Text(receipt.id.to_string()),
        "request_type" => Value::Text(receipt.request_type.to_string()),
        "state" => Value::Text(receipt.state.to_owned()),
        "status" => Value::Text(receipt.status.to_owned()),
        "catalog_id" => Value::Text(receipt.catalog_id.to_string()),
        "justification" => receipt
            .justification
            .clone()
            .map_or(Value::Null, Value::Text),
        "execute_immediately" => receipt.execute_immediately.map_or(Value::Null, Value::Bool),
        "is_validation_only" => Value::Bool(true),
        "expires_at" => receipt
            .expires_at
            .map_or(Value::Null, |at| Value::Int(at.micros())),
        "created_at" => Value::Int(receipt.created_at.micros()),
        _ => Value::Null,
    })
}
