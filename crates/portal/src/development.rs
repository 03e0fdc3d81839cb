//! What the pages of a development tenant are given: where it is, who can sign in, and what moves it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use service::ServiceError;

/// Does what can be done now, for a clock that is moved.
pub type Settle = Arc<dyn Fn() -> BoxFuture<'static, Result<(), ServiceError>> + Send + Sync>;

/// Brings in a seed; why not, in words for whoever wrote it.
pub type Sow = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Gets an access token for an account, by its key; why not, in words.
pub type Mint = Arc<dyn Fn(String) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// Somebody who can sign in, or a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// By which it is asked for.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// What it is known by: a client id, a sign-in name.
    pub id: String,
}

/// A development tenant.
#[derive(Clone)]
pub struct Development {
    /// The root of its addresses.
    pub base_url: String,
    /// The issuer's address.
    pub authority: String,
    /// The tenant's id.
    pub tenant_id: String,
    /// The certificate that clients have to trust.
    pub ca_file: PathBuf,
    /// The client that programs on people's machines sign in with.
    pub public_client_id: Option<String>,
    /// Who can sign in, and clients.
    pub accounts: Vec<Account>,
    /// Does what can be done now.
    pub settle: Settle,
    /// Brings in a seed.
    pub sow: Sow,
    /// Gets tokens.
    pub mint: Mint,
}

impl fmt::Debug for Development {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Development")
            .field("base_url", &self.base_url)
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}
