//! `PUT /dev/faults/{target}`: how a target of a development tenant misbehaves.

use serde_json::Value as Json;
use service::targets::{may_switch, set_fault};

use super::{OwnRequest, targets};
use crate::error::Error;
use crate::reply::Reply;

/// Faults without a value.
const PLAIN: &[&str] = &["down", "hang", "drop-after-apply", "refuse-credentials"];

/// Injects a fault, or takes it away with `null`.
pub(super) async fn set(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    may_switch(request.ctx())?;
    let target = targets::known(request, request.argument("target"))?;
    let body = request.json()?;
    let fault = match body.get("fault") {
        Some(Json::Null) => None,
        Some(Json::String(fault)) if is_known(fault) => Some(fault.clone()),
        _ => {
            return Err(Error::InvalidModel {
                target: "fault".to_owned(),
                message: format!(
                    "`fault` must be null, throttle:SECONDS, fail:SIGN-IN-NAME, or one of {}",
                    PLAIN.join(", ")
                ),
            });
        }
    };
    set_fault(request.service(), request.ctx(), target, fault).await?;
    Ok(Reply::no_content())
}

fn is_known(fault: &str) -> bool {
    match fault.split_once(':') {
        None => PLAIN.contains(&fault),
        Some(("throttle", seconds)) => seconds.parse::<u32>().is_ok(),
        Some(("fail", name)) => !name.is_empty(),
        Some(_) => false,
    }
}
