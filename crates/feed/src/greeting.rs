//! The first word to a receiver: whether it wants the notifications that somebody ordered for it.
//!
//! **Invariant:** a receiver that does not send the token back, as a plain text and in time, is not subscribed. Otherwise
//! anybody could have anybody flooded.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode, Url};

use super::{Poster, broken};

/// The longest answer that is read.
const LONGEST: usize = 4_096;

/// Why a receiver is not subscribed, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

impl Poster {
    /// Asks a receiver to send a token back.
    pub async fn greet(&self, address: &str) -> Result<(), Unanswered> {
        self.ask(address).await.map_err(Unanswered)
    }

    async fn ask(&self, address: &str) -> Result<(), String> {
        let mut url = self.checked(address)?;
        let moment = self.service.moment();
        let (id, secret) = (moment.id(|uuid| uuid), moment.id(|uuid| uuid));
        let token = format!("Validation: Reeve asks for its receiver: {id} {secret}");
        add_token(&mut url, &token);
        let response = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body("")
            .send()
            .await
            .map_err(|error| broken(&error))?;
        if response.status() != StatusCode::OK {
            let status = response.status().as_u16();
            return Err(format!(
                "the receiver answered {status} where 200 is expected"
            ));
        }
        if !is_plain_text(&response) {
            return Err("the receiver's answer is not `text/plain`".to_owned());
        }
        if read(response).await? != token.as_bytes() {
            return Err(
                "the receiver's answer is not the `validationToken` that it was sent".to_owned(),
            );
        }
        Ok(())
    }
}

/// Adds the token to what the address asks already.
fn add_token(url: &mut Url, token: &str) {
    url.query_pairs_mut().append_pair("validationToken", token);
}

fn is_plain_text(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/plain")
}

/// The body, as far as anybody could mean it.
async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err("the receiver's answer is too long".to_owned());
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_added_to_what_the_address_asks_already() {
        let mut url = Url::parse("https://receiver.example/in?code=a%26b").unwrap();
        add_token(&mut url, "a b");
        assert_eq!(
            url.as_str(),
            "https://receiver.example/in?code=a%26b&validationToken=a+b"
        );
    }
}
