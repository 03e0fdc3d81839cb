//! The applications that people sign in to, and the people who can.

use auth::issuer::Client;
use domain::id::AppId;
use serde_json::Value;
use store::directory::{application, service_principal, user};

use crate::ctx::Service;
use crate::error::ServiceError;

/// So many accounts are offered on the page.
const MOST_ACCOUNTS: i64 = 8;

/// Somebody who has a password here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Sign-in name.
    pub user_principal_name: String,
    /// Full name.
    pub display_name: String,
}

/// The application of this client id, if people may sign in to it.
///
/// Addresses come from the registration; an application that has only a service principal has none.
pub async fn find_client(
    service: &Service,
    client_id: &str,
) -> Result<Option<Client>, ServiceError> {
    let Ok(app_id) = client_id.parse::<AppId>() else {
        return Ok(None);
    };
    let found = service
        .store
        .read(move |tx| {
            let registered = application::find_by_app(tx, app_id)?;
            let used = service_principal::find_by_app(tx, app_id)?;
            Ok::<_, store::Error>((registered, used))
        })
        .await?;
    let (registered, used) = found;
    let is_disabled = used.as_ref().is_some_and(|used| !used.account_enabled)
        || registered.as_ref().is_some_and(|application| {
            let disabled = application.details.get("isDisabled");
            disabled.is_some_and(|text| serde_json::from_str(text).ok() == Some(Value::Bool(true)))
        });
    if is_disabled {
        return Ok(None);
    }
    let name = registered
        .as_ref()
        .map(|application| application.display_name.clone())
        .or_else(|| used.map(|used| used.display_name));
    let details = registered
        .map(|application| application.details)
        .unwrap_or_default();
    Ok(name.map(|name| Client::new(app_id, &name, &details)))
}

/// The first people by name who have a password and may sign in.
pub async fn accounts(service: &Service) -> Result<Vec<Account>, ServiceError> {
    let found = service
        .store
        .read(move |tx| user::list_with_password(tx, MOST_ACCOUNTS))
        .await?;
    let accounts = found
        .into_iter()
        .map(|(user_principal_name, display_name)| Account {
            user_principal_name,
            display_name,
        });
    Ok(accounts.collect())
}
