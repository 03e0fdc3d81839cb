//! Connections: opened and bound when needed, kept while they work.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use connector_api::{FailureCode, Outcome};
use futures_util::FutureExt;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{ConfigError, LdapConfig};
use crate::result_code::{SUCCESS, bind_failure, broken};

/// Bound connections that nobody uses now.
pub(crate) struct Pool {
    url: String,
    starttls: bool,
    tls: Option<Arc<ClientConfig>>,
    bind_dn: String,
    password: SecretString,
    timeout: Duration,
    keep: usize,
    idle: Mutex<Vec<Ldap>>,
}

impl Pool {
    pub(crate) fn new(config: &LdapConfig) -> Result<Self, ConfigError> {
        let lower = config.url.to_lowercase();
        let encrypted = lower.starts_with("ldaps://");
        let host = lower
            .strip_prefix("ldap://")
            .or_else(|| lower.strip_prefix("ldaps://"));
        if !host.is_some_and(is_host_and_port) {
            return Err(ConfigError::Url(config.url.clone()));
        }
        if encrypted && config.starttls {
            return Err(ConfigError::StartTlsWithinTls);
        }
        if config.bind_dn.trim().is_empty() || config.password.expose_secret().is_empty() {
            return Err(ConfigError::AnonymousBind);
        }
        Ok(Self {
            url: config.url.clone(),
            starttls: config.starttls,
            tls: config.ca_pem.as_deref().map(client_config).transpose()?,
            bind_dn: config.bind_dn.clone(),
            password: config.password.clone(),
            timeout: config.timeout,
            keep: config.max_in_flight,
            idle: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How the connection is protected, for people.
    pub(crate) fn protection(&self) -> &'static str {
        if self.starttls {
            "encrypted by StartTLS"
        } else if self.url.to_lowercase().starts_with("ldaps://") {
            "encrypted"
        } else {
            "not encrypted"
        }
    }

    /// Runs `work` on a connection, which is kept if the work says that it still is good.
    ///
    /// The client library panics on answers that are not LDAP; that is a failed connection like any other.
    pub(crate) async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&Ldap) -> Result<T, Failed>,
    ) -> Result<T, Outcome> {
        let guarded = AssertUnwindSafe(async {
            let ldap = self.take().await?;
            let result = work(&ldap).await;
            if !matches!(result, Err(Failed::Connection(_))) {
                self.give_back(ldap);
            }
            result.map_err(Failed::into_outcome)
        });
        guarded.catch_unwind().await.unwrap_or_else(|_| {
            Err(Outcome::retry(
                FailureCode::OriginUnavailable,
                "the server's answer is not LDAP",
            ))
        })
    }

    async fn take(&self) -> Result<Ldap, Outcome> {
        while let Some(mut ldap) = self.pop() {
            if !ldap.is_closed() {
                return Ok(ldap);
            }
        }
        // The library's own limit does not cover the bind, and starts anew for each step.
        tokio::time::timeout(self.timeout, self.open())
            .await
            .unwrap_or_else(|_| {
                Err(Outcome::retry(
                    FailureCode::OriginUnavailable,
                    "connecting to the server took too long",
                ))
            })
    }

    async fn open(&self) -> Result<Ldap, Outcome> {
        install_provider();
        let mut settings = LdapConnSettings::new().set_starttls(self.starttls);
        if let Some(tls) = &self.tls {
            settings = settings.set_config(Arc::clone(tls));
        }
        let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &self.url)
            .await
            .map_err(|error| broken(&error, "connecting"))?;
        // Ends when the last handle is dropped or the connection breaks; the handles then see it closed.
        tokio::spawn(async move {
            let _ = connection.drive().await;
        });
        let bound = ldap
            .simple_bind(&self.bind_dn, self.password.expose_secret())
            .await
            .map_err(|error| broken(&error, "the bind"))?;
        if bound.rc == SUCCESS {
            Ok(ldap)
        } else {
            Err(bind_failure(&bound))
        }
    }

    fn pop(&self) -> Option<Ldap> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    fn give_back(&self, ldap: Ldap) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.keep {
            idle.push(ldap);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("url", &self.url)
            .field("bind_dn", &self.bind_dn)
            .finish_non_exhaustive()
    }
}

/// Why work on a connection did not succeed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The server answered, and the connection is fine.
    Answered(Outcome),
    /// The connection is not to be used again.
    Connection(Outcome),
}

impl Failed {
    fn into_outcome(self) -> Outcome {
        match self {
            Self::Answered(outcome) | Self::Connection(outcome) => outcome,
        }
    }
}

impl From<Outcome> for Failed {
    fn from(outcome: Outcome) -> Self {
        Self::Answered(outcome)
    }
}

/// Neither path nor user info: they would be ignored, and who wrote them meant something.
fn is_host_and_port(text: &str) -> bool {
    let text = text.strip_suffix('/').unwrap_or(text);
    !text.is_empty()
        && !text.starts_with(':')
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || ".-_:[]".contains(character))
}

fn client_config(pem: &[u8]) -> Result<Arc<ClientConfig>, ConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| ConfigError::Ca(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| ConfigError::Ca(error.into()))?;
    }
    if roots.is_empty() {
        return Err(ConfigError::Ca("there is no certificate in it".into()));
    }
    install_provider();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The process's TLS provider, if nobody has chosen one yet.
fn install_provider() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let _ = CryptoProvider::install_default(rustls::crypto::aws_lc_rs::default_provider());
    });
}
