//! Authorization requests: what a client sends a browser with, and what the browser is sent back with.
//!
//! **Invariant:** nothing is sent to an address before [`ReturnTo`] exists, which only a registered one becomes.

use reqwest::Url;

use super::client::{Client, Platform};
use super::{Challenge, OAuthError, OAuthRefusal, ScopeRequest};

/// The longest parameter that is sent back or kept.
const LONGEST: usize = 4_096;

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the address.
    Query,
    /// Behind the `#`, which stays in the browser.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The word of the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }
}

/// Where the answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo {
    /// The address, as the client spelt it.
    pub address: String,
    /// The platform that it is registered for.
    pub platform: Platform,
    mode: ResponseMode,
    state: Option<String>,
}

/// The answer on its way through the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The browser goes there.
    Redirect(String),
    /// The browser posts these fields there.
    Form {
        /// Where.
        action: String,
        /// What.
        fields: Vec<(&'static str, String)>,
    },
}

impl ReturnTo {
    /// The address that the request names, if the client registered it.
    pub fn of<'a>(
        client: &Client,
        get: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, OAuthError> {
        let missing = OAuthRefusal::MissingParameter("redirect_uri");
        let address = get("redirect_uri").ok_or(OAuthError::new(missing))?;
        let unregistered = OAuthError::new(OAuthRefusal::UnregisteredAddress);
        let platform = client.platform_of(address).ok_or(unregistered)?;
        let mode = match get("response_mode") {
            None => ResponseMode::Query,
            Some(word) => ResponseMode::ALL
                .into_iter()
                .find(|mode| mode.as_str() == word)
                .ok_or(OAuthError::new(OAuthRefusal::InvalidParameter(
                    "response_mode",
                )))?,
        };
        let state = get("state").map(str::to_owned);
        if state.as_ref().is_some_and(|state| state.len() > LONGEST) {
            return Err(OAuthError::new(OAuthRefusal::InvalidParameter("state")));
        }
        Ok(Self {
            address: address.to_owned(),
            platform,
            mode,
            state,
        })
    }

    /// The answer with the code.
    pub fn with_code(&self, code: &str) -> Answer {
        self.answer(vec![("code", code.to_owned())])
    }

    /// The answer that tells why there is none.
    pub fn with_error(&self, error: OAuthError) -> Answer {
        self.answer(vec![
            ("error", error.refusal.error().to_owned()),
            ("error_description", error.to_string()),
        ])
    }

    fn answer(&self, mut fields: Vec<(&'static str, String)>) -> Answer {
        fields.extend(self.state.clone().map(|state| ("state", state)));
        // Only a registered address comes here, and those are addresses.
        let Ok(mut address) = Url::parse(&self.address) else {
            return Answer::Redirect(self.address.clone());
        };
        match self.mode {
            ResponseMode::Query => {
                address.query_pairs_mut().extend_pairs(&fields);
                Answer::Redirect(address.into())
            }
            ResponseMode::Fragment => {
                let mut encoded = address.clone();
                encoded.query_pairs_mut().clear().extend_pairs(&fields);
                address.set_fragment(encoded.query());
                Answer::Redirect(address.into())
            }
            ResponseMode::FormPost => Answer::Form {
                action: address.into(),
                fields,
            },
        }
    }

    /// The source that a page's policy has to allow, so that the browser goes there after a form was sent.
    pub fn form_source(&self) -> String {
        form_source(&self.address)
    }
}

/// How a content security policy names an address: its origin, or its scheme where it has none.
pub fn form_source(address: &str) -> String {
    Url::parse(address).map_or_else(
        |_| String::new(),
        |address| {
            if address.origin().is_tuple() {
                address.origin().ascii_serialization()
            } else {
                format!("{}:", address.scheme())
            }
        },
    )
}

/// What the client wants the user to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Whatever is needed.
    AsNeeded,
    /// Nothing: fail instead.
    Nothing,
    /// The password, even of somebody who is signed in.
    Password,
    /// Which account.
    Account,
}

/// What a client asks for, in a request that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// What the tokens are to be good for.
    pub scope: ScopeRequest,
    /// The same as the client spelt it.
    pub scope_text: String,
    /// What the ID token has to repeat.
    pub nonce: Option<String>,
    /// What the client has to prove when it brings the code.
    pub challenge: Option<Challenge>,
    /// What the user is asked.
    pub prompt: Prompt,
    /// Who the user probably is.
    pub login_hint: Option<String>,
    /// The most seconds since the password was given.
    pub max_age: Option<i64>,
}

impl AuthorizeRequest {
    /// Reads the request; its refusal may go to where the answer would have gone.
    pub fn parse<'a>(
        to: &ReturnTo,
        get: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, OAuthError> {
        let refuse = |refusal| Err(OAuthError::new(refusal));
        let invalid = |name| OAuthError::new(OAuthRefusal::InvalidParameter(name));
        let missing = |name| OAuthError::new(OAuthRefusal::MissingParameter(name));
        if get("response_type").ok_or(missing("response_type"))? != "code" {
            return refuse(OAuthRefusal::UnsupportedResponseType);
        }
        if get("request").is_some() {
            return refuse(OAuthRefusal::RequestObject);
        }
        if get("request_uri").is_some() {
            return refuse(OAuthRefusal::RequestAddress);
        }
        let challenge = Challenge::parse(get("code_challenge"), get("code_challenge_method"))?;
        if challenge.is_none() && to.platform.is_public() {
            return refuse(OAuthRefusal::ChallengeRequired);
        }
        let scope_text = get("scope").ok_or(missing("scope"))?;
        let nonce = get("nonce").map(str::to_owned);
        for (name, text) in [("scope", Some(scope_text)), ("nonce", nonce.as_deref())] {
            if text.is_some_and(|text| text.len() > LONGEST) {
                return Err(invalid(name));
            }
        }
        let max_age = get("max_age").map(|text| {
            let seconds = text.parse::<i64>().ok();
            seconds
                .filter(|seconds| *seconds >= 0)
                .ok_or(invalid("max_age"))
        });
        Ok(Self {
            scope: ScopeRequest::parse(scope_text)?,
            scope_text: scope_text.to_owned(),
            nonce,
            challenge,
            prompt: prompt(get("prompt").unwrap_or_default()).ok_or(invalid("prompt"))?,
            login_hint: get("login_hint").map(str::to_owned),
            max_age: max_age.transpose()?,
        })
    }
}

fn prompt(words: &str) -> Option<Prompt> {
    let mut prompt = Prompt::AsNeeded;
    for (number, word) in words.split_ascii_whitespace().enumerate() {
        let asked = match word {
            "none" if number == 0 => Prompt::Nothing,
            "login" => Prompt::Password,
            "select_account" => Prompt::Account,
            // Whoever signs in to a development tenant has consented to everything.
            "consent" => Prompt::AsNeeded,
            _ => return None,
        };
        prompt = match (prompt, asked) {
            // `none` stands alone.
            (Prompt::Nothing, _) => return None,
            (Prompt::Password, _) => Prompt::Password,
            (kept, Prompt::AsNeeded) => kept,
            (_, asked) => asked,
        };
    }
    Some(prompt)
}

#[cfg(test)]
mod tests;
