//! How Reeve tells the receivers of callouts who calls (CX-6): bearer tokens and signed requests under a key of its own, and
//! keyed codes for receivers that share a secret.
//!
//! A signed request carries an access token that is bound to the key, and the hash of what is sent, so it is good for
//! nothing else; receivers find the key where the issuer's configuration says.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::extension::Authentication;
use domain::time::{Duration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};

use crate::keys::{KeyError, Keys};

/// How long a token of a callout is good: the call follows at once.
const TOKEN_LIFE: Duration = Duration::from_minutes(5);

/// The kind and the subject of the tokens that come with notifications.
const NOTIFICATION: &str = "notification+jwt";
const NOTIFIER: &str = "reeve-notifications";

/// What is sent, as far as it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The callout's id.
    pub id: &'a str,
    /// Where it goes.
    pub url: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// Signs callouts.
pub struct Signer {
    keys: Keys,
    issuer: String,
}

impl Signer {
    /// Signs with these keys. `base_url` is where clients find this server.
    pub fn new(keys: Keys, base_url: &str) -> Self {
        Self {
            keys,
            issuer: format!("{}/extensions", base_url.trim_end_matches('/')),
        }
    }

    /// The `iss` of the tokens; the issuer's configuration is below it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The public keys.
    pub fn jwks(&self) -> Value {
        self.keys.jwks()
    }

    /// The value of `Authorization` for one call.
    pub fn authorization(
        &self,
        authentication: &Authentication,
        sent: &Sent<'_>,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        match authentication {
            Authentication::Bearer { resource_id } => {
                let token = self
                    .keys
                    .sign(&self.claims(resource_id, sent, now, false))?;
                Ok(format!("Bearer {token}"))
            }
            Authentication::ProofOfPossession => {
                Ok(format!("PoP {}", self.signed_request(sent, now)?))
            }
        }
    }

    /// A token by which the receiver of notifications knows who posts them. Its subscriber chose the audience, so that its
    /// kind and its `sub` are others than those of a callout.
    pub fn notification_token(
        &self,
        audience: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        let sent = Sent {
            id,
            url: "",
            body: b"",
        };
        let mut claims = self.claims(audience, &sent, now, false);
        if let Some(members) = claims.as_object_mut() {
            members.insert("sub".to_owned(), json!(NOTIFIER));
        }
        self.keys.sign_as(NOTIFICATION, &claims)
    }

    fn claims(&self, audience: &str, sent: &Sent<'_>, now: Timestamp, bound: bool) -> Value {
        let mut claims = json!({
            "iss": self.issuer,
            "aud": audience,
            "sub": "reeve",
            "iat": seconds(now),
            "nbf": seconds(now),
            "exp": seconds(now.plus(TOKEN_LIFE)),
            "jti": sent.id,
        });
        if bound && let Some(members) = claims.as_object_mut() {
            members.insert("cnf".to_owned(), json!({"kid": self.keys.kid()}));
        }
        claims
    }

    fn signed_request(&self, sent: &Sent<'_>, now: Timestamp) -> Result<String, KeyError> {
        let url = Url::parse(sent.url).map_err(|_| KeyError::Crypto {
            what: "read the address of a receiver",
        })?;
        let origin = url.origin().ascii_serialization();
        let token = self.keys.sign(&self.claims(&origin, sent, now, true))?;
        let host = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let key = self.keys.jwks();
        let key = key.pointer("/keys/0").cloned().unwrap_or_default();
        let mut request = json!({
            "at": token,
            "ts": seconds(now),
            "m": "POST",
            "u": authority,
            "p": url.path(),
            "b": URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, sent.body)),
            "cnf": {"jwk": key},
        });
        if let (Some(query), Some(members)) = (url.query(), request.as_object_mut()) {
            let hash = digest::digest(&digest::SHA256, query.as_bytes());
            members.insert("q".to_owned(), json!(URL_SAFE_NO_PAD.encode(hash)));
        }
        self.keys.sign_as("pop", &request)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("issuer", &self.issuer)
            .field("keys", &self.keys)
            .finish()
    }
}

/// The value of `webhook-signature`: a keyed code of id, time and body.
pub fn webhook_signature(secret: &[u8], id: &str, seconds: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::keys::Algorithm;

    fn signer() -> (tempfile::TempDir, Signer) {
        let folder = tempfile::TempDir::new().unwrap();
        let keys = Keys::load_or_create_as(folder.path(), "callout", Algorithm::Es256).unwrap();
        (folder, Signer::new(keys, "https://reeve.example/"))
    }

    fn part(token: &str, index: usize) -> Map<String, Value> {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    const SENT: Sent<'_> = Sent {
        id: "i",
        url: "https://hooks.example:8443/in?code=1",
        body: b"{}",
    };

    #[test]
    fn cx_6_a_bearer_token_is_for_its_audience_alone() {
        let (_folder, signer) = signer();
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        let wanted = Authentication::Bearer {
            resource_id: "api://tickets".to_owned(),
        };

        let value = signer.authorization(&wanted, &SENT, now).unwrap();

        let claims = part(value.strip_prefix("Bearer ").unwrap(), 1);
        assert_eq!(claims["aud"], "api://tickets");
        assert_eq!(claims["iss"], "https://reeve.example/extensions");
        assert_eq!(claims["exp"], json!(1_780_000_300));
        assert!(claims.get("cnf").is_none());
    }

    #[test]
    fn cx_6_a_token_of_notifications_cannot_be_taken_for_that_of_a_callout() {
        let (_folder, signer) = signer();
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        let wanted = Authentication::Bearer {
            resource_id: "api://tickets".to_owned(),
        };
        let callout = signer.authorization(&wanted, &SENT, now).unwrap();
        let callout = callout.strip_prefix("Bearer ").unwrap();

        let told = signer
            .notification_token("api://tickets", "i", now)
            .unwrap();

        for (index, name) in [(0, "typ"), (1, "sub")] {
            assert_ne!(part(&told, index)[name], part(callout, index)[name]);
        }
        assert_eq!(part(&told, 0)["typ"], "notification+jwt");
        assert_eq!(part(&told, 1)["sub"], "reeve-notifications");
    }

    #[test]
    fn cx_6_a_signed_request_holds_what_is_sent_and_the_key_that_proves_it() {
        let (_folder, signer) = signer();
        let now = Timestamp::from_micros(1_780_000_000_000_000);

        let value = signer
            .authorization(&Authentication::ProofOfPossession, &SENT, now)
            .unwrap();

        let token = value.strip_prefix("PoP ").unwrap();
        let (header, claims) = (part(token, 0), part(token, 1));
        assert_eq!(header["typ"], "pop");
        assert_eq!(claims["m"], "POST");
        assert_eq!(claims["u"], "hooks.example:8443");
        assert_eq!(claims["p"], "/in");
        let hash = digest::digest(&digest::SHA256, b"{}");
        assert_eq!(claims["b"], json!(URL_SAFE_NO_PAD.encode(hash)));
        assert!(claims.contains_key("q"));
        assert_eq!(claims["cnf"]["jwk"]["kid"], header["kid"]);
        let bound = part(claims["at"].as_str().unwrap(), 1);
        assert_eq!(bound["cnf"]["kid"], header["kid"]);
        assert_eq!(bound["aud"], "https://hooks.example:8443");
    }

    #[test]
    fn a_keyed_code_depends_on_secret_id_time_and_body() {
        let code = webhook_signature(b"secret", "id", 1, b"body");

        assert!(code.starts_with("v1,"));
        for other in [
            webhook_signature(b"other", "id", 1, b"body"),
            webhook_signature(b"secret", "di", 1, b"body"),
            webhook_signature(b"secret", "id", 2, b"body"),
            webhook_signature(b"secret", "id", 1, b"ydob"),
        ] {
            assert_ne!(code, other);
        }
    }
}
