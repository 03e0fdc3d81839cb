//! Where people sign in: the issuer's addresses, and the exchange of a code for an ID token (`OpenID Connect`, code flow
//! with PKCE).
//!
//! **Invariant:** a code is exchanged with the verifier that only this server knows, at an address that cannot be tampered
//! with on the way. Answers are bounded in time and size.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use domain::time::{Duration, Timestamp};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tokio::sync::Mutex;

/// What an issuer is asked.
#[derive(Debug, Clone)]
pub enum Ask {
    /// A document.
    Get(String),
    /// Tokens, with these fields; client id and secret, where there is one, as `Authorization: Basic`.
    Post {
        /// Where.
        address: String,
        /// The form.
        form: Vec<(String, String)>,
        /// The client's credentials.
        credentials: Option<(String, SecretString)>,
    },
}

/// What an issuer answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why an issuer did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CallError(pub String);

type Answering = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>;

/// How an issuer is asked.
#[derive(Clone)]
pub struct Call(Arc<dyn Fn(Ask) -> Answering + Send + Sync>);

impl Call {
    /// A way to ask.
    pub fn new(call: impl Fn(Ask) -> Answering + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
const MAX_BYTES: usize = 256 * 1024;

/// Asks over HTTP, trusting these authorities (PEM) only, or those of the system where there are none.
pub fn over_http(authorities: &[Vec<u8>]) -> Result<Call, reqwest::Error> {
    let mut builder = egress::builder(egress::Reach::Configured)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT);
    if !authorities.is_empty() {
        let mut certificates = Vec::new();
        for pem in authorities {
            certificates.extend(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        builder = builder.tls_certs_only(certificates);
    }
    let client = builder.build()?;
    Ok(Call::new(move |ask| {
        let client = client.clone();
        Box::pin(async move {
            let request = match ask {
                Ask::Get(address) => client.get(trusted(&address)?),
                Ask::Post {
                    address,
                    form,
                    credentials,
                } => {
                    let request = client.post(trusted(&address)?).form(&form);
                    match credentials {
                        Some((id, secret)) => {
                            let encoded = |text: &str| crate::form::encoded(text);
                            request.basic_auth(encoded(&id), Some(encoded(secret.expose_secret())))
                        }
                        None => request,
                    }
                }
            };
            let failed = |error: reqwest::Error| CallError(error.without_url().to_string());
            let mut response = request.send().await.map_err(failed)?;
            let status = response.status().as_u16();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                if body.len() + chunk.len() > MAX_BYTES {
                    return Err(CallError("the answer is too long".to_owned()));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer { status, body })
        })
    }))
}

/// The address, where nobody on the way can change what it answers.
fn trusted(address: &str) -> Result<Url, CallError> {
    let untrusted = || CallError("the address cannot be trusted".to_owned());
    let url = egress::check(address, egress::Reach::Configured).map_err(|_| untrusted())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        Ok(url)
    } else {
        Err(untrusted())
    }
}

/// Where an issuer's pages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoints {
    /// The issuer tells.
    Discovered,
    /// It is known. An address that begins with `/` is on this server.
    Known(Pages),
}

/// The issuer's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Where people sign in.
    pub authorize: String,
    /// Where codes are exchanged.
    pub token: String,
    /// Where people sign out.
    pub sign_out: Option<String>,
}

/// Where people sign in.
#[derive(Debug)]
pub struct Provider {
    issuer: String,
    client_id: String,
    secret: Option<SecretString>,
    endpoints: Endpoints,
    call: Call,
    /// What the issuer told last, and when.
    told: Mutex<Option<(Timestamp, Pages)>>,
}

/// How long it is remembered what an issuer told.
const REMEMBERED_FOR: Duration = Duration::from_minutes(10);

/// One sign-in: what is sent with it, all of it made from a secret that the browser alone keeps.
pub(crate) struct Attempt<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) challenge: &'a str,
    pub(crate) back: &'a str,
}

impl Provider {
    /// The issuer with this `iss`, where the portal is the client of this id; without a secret it is a public client.
    pub fn new(
        issuer: &str,
        client_id: &str,
        secret: Option<SecretString>,
        endpoints: Endpoints,
        call: Call,
    ) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            secret,
            endpoints,
            call,
            told: Mutex::new(None),
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The issuer's pages.
    pub(crate) async fn pages(&self, now: Timestamp) -> Result<Pages, CallError> {
        if let Endpoints::Known(pages) = &self.endpoints {
            return Ok(pages.clone());
        }
        let mut told = self.told.lock().await;
        if let Some((at, pages)) = told.as_ref()
            && now < at.plus(REMEMBERED_FOR)
        {
            return Ok(pages.clone());
        }
        let address = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.trim_end_matches('/')
        );
        let document = json((self.call.0)(Ask::Get(address)).await?)?;
        if document.get("issuer").and_then(Json::as_str) != Some(self.issuer.as_str()) {
            return Err(CallError(
                "the document is that of another issuer".to_owned(),
            ));
        }
        let page = |name: &str| {
            let address = document.get(name).and_then(Json::as_str)?;
            trusted(address).ok().map(|url| url.to_string())
        };
        let missing = |name: &str| CallError(format!("the issuer tells no usable {name}"));
        let pages = Pages {
            authorize: page("authorization_endpoint")
                .ok_or_else(|| missing("authorization_endpoint"))?,
            token: page("token_endpoint").ok_or_else(|| missing("token_endpoint"))?,
            sign_out: page("end_session_endpoint"),
        };
        *told = Some((now, pages.clone()));
        Ok(pages)
    }

    /// Where the browser goes to sign in.
    pub(crate) async fn address(
        &self,
        attempt: &Attempt<'_>,
        now: Timestamp,
    ) -> Result<String, CallError> {
        let pages = self.pages(now).await?;
        let query = crate::form::query(&[
            ("client_id", &self.client_id),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", attempt.back),
            ("scope", "openid profile email"),
            ("state", attempt.state),
            ("nonce", attempt.nonce),
            ("code_challenge", attempt.challenge),
            ("code_challenge_method", "S256"),
        ]);
        let joint = if pages.authorize.contains('?') {
            '&'
        } else {
            '?'
        };
        Ok(format!("{}{joint}{query}", pages.authorize))
    }

    /// The ID token that a code is good for.
    pub(crate) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        back: &str,
        now: Timestamp,
    ) -> Result<String, CallError> {
        let pages = self.pages(now).await?;
        let mut form = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("code".to_owned(), code.to_owned()),
            ("redirect_uri".to_owned(), back.to_owned()),
            ("code_verifier".to_owned(), verifier.to_owned()),
        ];
        let credentials = self
            .secret
            .clone()
            .map(|secret| (self.client_id.clone(), secret));
        if credentials.is_none() {
            form.push(("client_id".to_owned(), self.client_id.clone()));
        }
        let ask = Ask::Post {
            address: pages.token,
            form,
            credentials,
        };
        let document = json((self.call.0)(ask).await?)?;
        document
            .get("id_token")
            .and_then(Json::as_str)
            .map(str::to_owned)
            .ok_or_else(|| CallError("the issuer gave no ID token".to_owned()))
    }
}

fn json(answer: Answer) -> Result<Json, CallError> {
    let document: Option<Json> = serde_json::from_slice(&answer.body).ok();
    if answer.status != 200 {
        let code = document
            .as_ref()
            .and_then(|document| document.get("error"))
            .and_then(Json::as_str)
            .unwrap_or("no reason");
        return Err(CallError(format!(
            "the issuer answered {} ({code})",
            answer.status
        )));
    }
    document.ok_or_else(|| CallError("the issuer's answer is not JSON".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(documents: Vec<(u16, &'static str)>) -> Call {
        let left = Arc::new(std::sync::Mutex::new(documents));
        Call::new(move |_| {
            let (status, body) = left.lock().unwrap().remove(0);
            Box::pin(async move {
                Ok(Answer {
                    status,
                    body: body.as_bytes().to_vec(),
                })
            })
        })
    }

    fn provider(documents: Vec<(u16, &'static str)>) -> Provider {
        let call = answering(documents);
        Provider::new(
            "https://id.test",
            "portal",
            None,
            Endpoints::Discovered,
            call,
        )
    }

    #[tokio::test]
    async fn the_document_of_another_issuer_is_not_believed() {
        let other = r#"{"issuer":"https://evil.test","authorization_endpoint":"https://id.test/a","token_endpoint":"https://id.test/t"}"#;
        let told = provider(vec![(200, other)])
            .pages(Timestamp::from_micros(0))
            .await;
        assert!(told.unwrap_err().to_string().contains("another issuer"));
    }

    #[tokio::test]
    async fn pages_that_can_be_tampered_with_on_the_way_are_not_used() {
        let plain = r#"{"issuer":"https://id.test","authorization_endpoint":"http://id.test/a","token_endpoint":"https://id.test/t"}"#;
        let told = provider(vec![(200, plain)])
            .pages(Timestamp::from_micros(0))
            .await;
        assert!(
            told.unwrap_err()
                .to_string()
                .contains("authorization_endpoint")
        );
    }

    #[tokio::test]
    async fn what_an_issuer_tells_is_remembered_for_a_while() {
        let good = r#"{"issuer":"https://id.test","authorization_endpoint":"https://id.test/a","token_endpoint":"https://id.test/t"}"#;
        let provider = provider(vec![(200, good), (503, "{}")]);
        let start = Timestamp::from_micros(0);

        provider.pages(start).await.unwrap();
        provider
            .pages(start.plus(Duration::from_minutes(9)))
            .await
            .unwrap();

        let later = start.plus(Duration::from_minutes(10));
        assert!(provider.pages(later).await.is_err());
    }
}
