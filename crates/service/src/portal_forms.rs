//! Forms that are sent twice, as by a double click, and done once.
//!
//! Times are those of the machine, as in [`crate::portal_sessions`].
//!
//! **Invariant:** whoever claims a form settles or releases it; if the process dies in between, nobody does the form again.

use domain::time::{Duration, Timestamp};
use store::portal_form;

use crate::ctx::Service;
use crate::error::ServiceError;

/// So long it is known what was sent.
const KNOWN_FOR: Duration = Duration::from_days(1);

/// What is to be done about a form that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It was not sent before: whoever asked does it, and then says what came of it.
    New,
    /// It is being done.
    UnderWay,
    /// It was done, and the answer led to this address.
    Done(String),
}

/// Claims a form, unless somebody has; `form` is the hash of all that tells it from another.
pub async fn claim(service: &Service, form: &str, now: Timestamp) -> Result<Sent, ServiceError> {
    let form = form.to_owned();
    let sent = service
        .store
        .write(move |tx| {
            portal_form::forget(tx, now.minus(KNOWN_FOR))?;
            if portal_form::claim(tx, &form, now)? {
                return Ok(Sent::New);
            }
            let led_to = portal_form::find(tx, &form)?.flatten();
            Ok::<_, store::Error>(led_to.map_or(Sent::UnderWay, Sent::Done))
        })
        .await?;
    Ok(sent)
}

/// Tells where the answer to a form led; what led nowhere may be sent again.
pub async fn settle(
    service: &Service,
    form: &str,
    leads_to: Option<&str>,
) -> Result<(), ServiceError> {
    let (form, leads_to) = (form.to_owned(), leads_to.map(str::to_owned));
    service
        .store
        .write(move |tx| match &leads_to {
            Some(address) => portal_form::settle(tx, &form, address),
            None => portal_form::release(tx, &form),
        })
        .await?;
    Ok(())
}
