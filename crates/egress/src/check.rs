//! What the text of a URL tells.

use std::net::IpAddr;

use domain::network::{Reach, may_reach};
use reqwest::Url;

/// Why a URL is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL.
    #[error("the address is no absolute URL")]
    Malformed,
    /// It speaks something else.
    #[error("the address must begin with `https://` or `http://`")]
    Scheme,
    /// It tells a secret to whoever reads it.
    #[error("the address must not hold a user name or password")]
    UserInfo,
    /// Nobody can listen there.
    #[error("the port of the address must not be 0")]
    Port,
    /// It leads where this server must not go.
    #[error("`{0}` is an address that this server must not call")]
    Address(String),
}

/// The URL, if it may be called as far as its text tells.
pub fn check(url: &str, reach: Reach) -> Result<Url, Refused> {
    let url = Url::parse(url).map_err(|_| Refused::Malformed)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Refused::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::UserInfo);
    }
    if url.port() == Some(0) {
        return Err(Refused::Port);
    }
    // The parser has written every number that means an address as one.
    let host = url.host_str().ok_or(Refused::Malformed)?;
    let bare = host.trim_matches(['[', ']']);
    let is_local_name = |host: &str| host == "localhost" || host.ends_with(".localhost");
    let may = match bare.parse::<IpAddr>() {
        Ok(address) => may_reach(address, reach),
        Err(_) => reach == Reach::Configured || !is_local_name(bare.trim_end_matches('.')),
    };
    if may {
        Ok(url)
    } else {
        Err(Refused::Address(bare.to_owned()))
    }
}
