//! Devices without a browser (RFC 8628): they show a code, somebody types it elsewhere, they ask until that is done.

use auth::issuer::{OAuthRefusal, fingerprint, random_user_code};
use domain::id::{AppId, ObjectId, SignInGrantId};
use domain::time::{Duration, Timestamp};
use store::sign_in::device::{self, Device, State};
use store::sign_in::grant;
use store::{WriteTx, sign_in};

use super::{Asking, Granted, NewGrant, Outcome, SignInError, begin, flat, give, secret};
use crate::ctx::Service;
use crate::error::ServiceError;

/// How long somebody has to type the code.
pub const DEVICE_LIFE: Duration = Duration::from_minutes(15);
/// How many seconds a device waits between two questions, and how many more after each that came too soon.
pub const POLL_SECONDS: i64 = 5;
/// So many user codes are tried before it is clear that something else is wrong.
const TRIES: usize = 8;

/// A device that began.
#[derive(Clone, PartialEq, Eq)]
pub struct StartedDevice {
    /// What it asks with.
    pub device_code: String,
    /// What it shows.
    pub user_code: String,
}

impl std::fmt::Debug for StartedDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartedDevice").finish_non_exhaustive()
    }
}

/// A device that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDevice {
    /// What it shows.
    pub user_code: String,
    /// The client.
    pub client: AppId,
}

/// Begins.
pub async fn start_device(
    service: &Service,
    client: AppId,
    scope: &str,
    needs_secret: bool,
    now: Timestamp,
) -> Result<StartedDevice, ServiceError> {
    for _ in 0..TRIES {
        let started = StartedDevice {
            device_code: secret()?,
            user_code: random_user_code().map_err(ServiceError::internal)?,
        };
        let device = Device {
            secret_hash: fingerprint(&started.device_code),
            user_code: started.user_code.clone(),
            client,
            scope: scope.to_owned(),
            needs_secret,
            state: State::Pending,
            grant: None,
            poll_seconds: POLL_SECONDS,
            polled_at: None,
            expires_at: now.plus(DEVICE_LIFE),
        };
        let is_new = service
            .store
            .write(move |tx| {
                sign_in::forget_expired(tx, now)?;
                device::insert(tx, &device)
            })
            .await?;
        if is_new {
            return Ok(started);
        }
    }
    Err(ServiceError::Unavailable { retry_after: 1 })
}

/// The device that shows this code and waits.
pub async fn find_device(
    service: &Service,
    user_code: &str,
    now: Timestamp,
) -> Result<Option<WaitingDevice>, ServiceError> {
    let user_code = user_code.to_owned();
    let found = service
        .store
        .read(move |tx| device::find_by_user_code(tx, &user_code))
        .await?;
    Ok(found
        .filter(|device| device.state == State::Pending && now < device.expires_at)
        .map(|device| WaitingDevice {
            user_code: device.user_code,
            client: device.client,
        }))
}

/// Lets the device that shows this code act for the user, or not; says whether it still waited.
pub async fn decide_device(
    service: &Service,
    user_code: &str,
    user: ObjectId,
    signed_in_at: Timestamp,
    is_allowed: bool,
    now: Timestamp,
) -> Result<bool, ServiceError> {
    let user_code = user_code.to_owned();
    let id = SignInGrantId::new(service.ids.next(now));
    let decide = move |tx: &mut WriteTx<'_>| {
        let found = device::find_by_user_code(tx, &user_code)?;
        let waiting =
            found.filter(|device| device.state == State::Pending && now < device.expires_at);
        let Some(device) = waiting else {
            return Ok::<_, store::Error>(false);
        };
        if !is_allowed {
            return device::decide(tx, &device.secret_hash, None);
        }
        let new = NewGrant {
            client: device.client,
            user,
            scope: &device.scope,
            needs_secret: device.needs_secret,
            signed_in_at,
        };
        begin(tx, id, &new, now)?;
        device::decide(tx, &device.secret_hash, Some(id))
    };
    Ok(service.store.write(decide).await?)
}

/// What somebody allowed the device, once; or why there is nothing yet.
pub async fn poll_device(
    service: &Service,
    asking: Asking,
    device_code: &str,
    now: Timestamp,
) -> Result<Granted, SignInError> {
    let (hash, next) = (fingerprint(device_code), secret()?);
    let outcome = service
        .store
        .write(move |tx| poll(tx, &hash, asking, &next, now))
        .await;
    flat(outcome)
}

fn poll(
    tx: &mut WriteTx<'_>,
    hash: &str,
    asking: Asking,
    next: &str,
    now: Timestamp,
) -> Outcome<Granted> {
    let found = device::find(tx, hash)?.filter(|device| device.client == asking.client);
    let Some(device) = found else {
        return Ok(Err(OAuthRefusal::InvalidGrant));
    };
    if device.needs_secret && !asking.has_shown_secret {
        return Ok(Err(OAuthRefusal::SecretRequired));
    }
    if device.state != State::Used && now >= device.expires_at {
        return Ok(Err(OAuthRefusal::DeviceExpired));
    }
    match device.state {
        State::Pending => still_waiting(tx, &device, now).map(Err),
        State::Denied => Ok(Err(OAuthRefusal::AccessDenied)),
        State::Allowed | State::Used => {
            let grant = match device.grant {
                Some(id) => grant::find(tx, id)?,
                None => None,
            };
            let Some(grant) = grant else {
                return Ok(Err(OAuthRefusal::InvalidGrant));
            };
            if !device::use_once(tx, hash)? {
                grant::revoke(tx, grant.id, now)?;
                return Ok(Err(OAuthRefusal::GrantUsed));
            }
            give(tx, &grant, next, now)
        }
    }
}

fn still_waiting(
    tx: &mut WriteTx<'_>,
    device: &Device,
    now: Timestamp,
) -> Result<OAuthRefusal, ServiceError> {
    let earliest = device
        .polled_at
        .map(|last| last.plus(Duration::from_secs(device.poll_seconds)));
    let (refusal, seconds) = match earliest {
        Some(earliest) if now < earliest => {
            (OAuthRefusal::SlowDown, device.poll_seconds + POLL_SECONDS)
        }
        _ => (OAuthRefusal::AuthorizationPending, device.poll_seconds),
    };
    device::polled(tx, &device.secret_hash, now, seconds)?;
    Ok(refusal)
}
