//! The `scope` parameter of a token request.
//!
//! **Invariant:** one resource a request. Any resource is fine with `/.default`, because clients derive it from
//! whatever address they were given.

use super::{OAuthError, OAuthRefusal};
use crate::principal::{Permission, PermissionSet};

/// What a token request asks for.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one word of the protocol, there or not"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRequest {
    /// The resource, as the client spells it; none: the scopes stand alone.
    pub resource: Option<String>,
    /// The permissions.
    pub asked: Asked,
    /// Whether an ID token is wanted as well.
    pub openid: bool,
    /// Whether it is to tell names.
    pub profile: bool,
    /// Whether it is to tell the mail address.
    pub email: bool,
    /// Whether a refresh token is wanted as well.
    pub offline_access: bool,
}

/// The permissions that a token request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// All that the client was granted.
    Default,
    /// These.
    Permissions(PermissionSet),
}

impl Asked {
    /// What is issued out of what was granted.
    pub const fn of(self, granted: PermissionSet) -> PermissionSet {
        match self {
            Self::Default => granted,
            Self::Permissions(asked) => asked.intersection(granted),
        }
    }
}

impl ScopeRequest {
    /// Reads the parameter.
    pub fn parse(scope: &str) -> Result<Self, OAuthError> {
        let invalid = || OAuthError::new(OAuthRefusal::InvalidScope);
        let mut request = Self {
            resource: None,
            asked: Asked::Default,
            openid: false,
            profile: false,
            email: false,
            offline_access: false,
        };
        let mut default = false;
        let mut permissions = Vec::new();
        for word in scope.split_ascii_whitespace() {
            match word {
                "openid" => request.openid = true,
                "offline_access" => request.offline_access = true,
                "profile" => request.profile = true,
                "email" => request.email = true,
                _ => {
                    // A resource may end in a slash of its own, hence the last one.
                    let (resource, name) = match word.rsplit_once('/') {
                        Some((resource, name)) => (Some(resource), name),
                        None => (None, word),
                    };
                    if resource.is_some_and(str::is_empty) {
                        return Err(invalid());
                    }
                    if let Some(resource) = resource {
                        match &request.resource {
                            Some(own) if own != resource => return Err(invalid()),
                            _ => request.resource = Some(resource.to_owned()),
                        }
                    }
                    if name == ".default" {
                        default = true;
                    } else {
                        permissions.push(Permission::from_name(name).ok_or_else(invalid)?);
                    }
                }
            }
        }
        match (default, permissions.is_empty()) {
            (true, true) => {}
            (false, false) => request.asked = Asked::Permissions(permissions.into_iter().collect()),
            // Only `openid` and the like: a token without permissions.
            (false, true) if request.openid => {
                request.asked = Asked::Permissions(PermissionSet::EMPTY);
            }
            _ => return Err(invalid()),
        }
        Ok(request)
    }

    /// This request as far as an earlier one reached: what was asked for first is the most there is.
    #[must_use]
    pub fn within(&self, earlier: &Self) -> Self {
        let asked = match (self.asked, earlier.asked) {
            (asked, Asked::Default) => asked,
            (Asked::Default, earlier) => earlier,
            (Asked::Permissions(own), Asked::Permissions(earlier)) => {
                Asked::Permissions(own.intersection(earlier))
            }
        };
        Self {
            resource: self.resource.clone().or_else(|| earlier.resource.clone()),
            asked,
            openid: self.openid && earlier.openid,
            profile: self.profile && earlier.profile,
            email: self.email && earlier.email,
            offline_access: self.offline_access && earlier.offline_access,
        }
    }

    /// What is told to the client of what it got. Clients look for tokens by these words, so they are spelt as asked for.
    pub fn granted(&self, granted: PermissionSet) -> String {
        let spelt = |name: &str| match &self.resource {
            Some(resource) => format!("{resource}/{name}"),
            None => name.to_owned(),
        };
        let mut words: Vec<String> = [
            (self.openid, "openid"),
            (self.profile, "profile"),
            (self.email, "email"),
        ]
        .iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, word)| (*word).to_owned())
        .collect();
        words.extend(
            self.asked
                .of(granted)
                .iter()
                .map(|permission| spelt(permission.as_str())),
        );
        if self.asked == Asked::Default {
            words.push(spelt(".default"));
        }
        words.join(" ")
    }
}
