//! The test call of an extension that was just made (CX-8).
//!
//! It is a callout like any other, about no request: what comes of it is in the audit log.

use domain::extension::{ExtensionType, Stage};
use store::WriteTx;
use store::custom_extension::CustomExtension;
use store::extension_callout;

use super::{data, new_callout};
use crate::ctx::Moment;
use crate::error::ServiceError;

/// Has an extension called once, about nothing. Nobody waits for an answer.
pub(crate) fn probe(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    extension: &CustomExtension,
) -> Result<(), ServiceError> {
    let stage = match extension.content.object_type {
        ExtensionType::Request | ExtensionType::Legacy => Stage::RequestCreated,
        ExtensionType::Assignment => Stage::FourteenDaysBeforeExpiration,
    };
    let mut callout = new_callout(moment, extension, false, stage);
    callout.waits = false;
    callout.deadline_at = None;
    callout.data = data::of_probe(tx, extension, &callout)?.to_string();
    Ok(extension_callout::insert(tx, &callout)?)
}
