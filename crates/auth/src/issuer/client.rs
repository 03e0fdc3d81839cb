//! What the issuer has to know of an application before people sign in to it.
//!
//! **Invariant:** an answer goes only to an address that the application registered; the port alone may differ, and only
//! on this machine, because programs on people's machines do not choose theirs (RFC 8252, 7.3).

use domain::directory::Details;
use domain::id::AppId;
use reqwest::Url;
use serde_json::Value;

/// On which kind of platform an address was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A server, which keeps a secret.
    Web,
    /// A program in a browser.
    SinglePage,
    /// A program on somebody's machine.
    Native,
}

impl Platform {
    /// The member of an application that has the addresses.
    const fn member(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::SinglePage => "spa",
            Self::Native => "publicClient",
        }
    }

    /// Whether everybody who has the program has all that is in it.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::SinglePage | Self::Native)
    }
}

/// An application that people sign in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The client id.
    pub app_id: AppId,
    /// Its name.
    pub display_name: String,
    /// Whether it may act without a secret where no address tells its platform.
    pub is_public: bool,
    addresses: Vec<(Platform, String)>,
}

impl Client {
    /// The application, by what is kept of its registration.
    pub fn new(app_id: AppId, display_name: &str, details: &Details) -> Self {
        let member = |name: &str| -> Value {
            let text = details.get(name);
            text.and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default()
        };
        let addresses = [Platform::Web, Platform::SinglePage, Platform::Native]
            .into_iter()
            .flat_map(|platform| {
                let registered = member(platform.member());
                let registered = registered.get("redirectUris").and_then(Value::as_array);
                let texts: Vec<_> = registered
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(|address| (platform, address.to_owned()))
                    .collect();
                texts
            })
            .collect();
        Self {
            app_id,
            display_name: display_name.to_owned(),
            is_public: member("isFallbackPublicClient") == Value::Bool(true),
            addresses,
        }
    }

    /// The platform that this address is registered for.
    pub fn platform_of(&self, address: &str) -> Option<Platform> {
        let asked = Url::parse(address).ok().filter(is_sound)?;
        let is_registered = |(platform, registered): &&(Platform, String)| {
            registered == address
                || *platform == Platform::Native && is_same_on_this_machine(registered, &asked)
        };
        self.addresses
            .iter()
            .find(is_registered)
            .map(|(platform, _)| *platform)
    }
}

/// Whether an answer can be sent there at all.
fn is_sound(address: &Url) -> bool {
    let runs_as_code = ["javascript", "data", "vbscript", "blob", "about", "file"];
    address.fragment().is_none()
        && !runs_as_code.contains(&address.scheme())
        && address.username().is_empty()
        && address.password().is_none()
}

fn is_same_on_this_machine(registered: &str, asked: &Url) -> bool {
    let is_here = |address: &Url| {
        address.scheme() == "http"
            && matches!(
                address.host_str(),
                Some("localhost" | "127.0.0.1" | "[::1]")
            )
    };
    let without_port = |address: &Url| {
        let mut address = address.clone();
        // Fails only for addresses without a host, which are not here.
        let _ = address.set_port(None);
        address
    };
    Url::parse(registered)
        .ok()
        .filter(|registered| is_here(registered) && is_here(asked))
        .is_some_and(|registered| without_port(&registered) == without_port(asked))
}

#[cfg(test)]
mod tests {
    use domain::directory::Details;

    use super::*;

    fn client() -> Client {
        let details: Details = [
            ("web", r#"{"redirectUris":["https://app.example/back?x=1"]}"#),
            ("spa", r#"{"redirectUris":["https://spa.example/"]}"#),
            (
                "publicClient",
                r#"{"redirectUris":["http://localhost","http://127.0.0.1/back","myapp://auth","javascript:alert(1)"]}"#,
            ),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
        Client::new(
            "5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a10".parse().unwrap(),
            "x",
            &details,
        )
    }

    #[test]
    fn registered_addresses_are_known_with_their_platform() {
        for (address, platform) in [
            ("https://app.example/back?x=1", Platform::Web),
            ("https://spa.example/", Platform::SinglePage),
            ("http://localhost", Platform::Native),
            ("http://localhost:51234", Platform::Native),
            ("http://localhost:51234/", Platform::Native),
            ("http://127.0.0.1:9/back", Platform::Native),
            ("myapp://auth", Platform::Native),
        ] {
            assert_eq!(client().platform_of(address), Some(platform), "{address}");
        }
    }

    #[test]
    fn addresses_that_differ_in_anything_else_are_strangers() {
        for address in [
            "",
            "https://app.example/back",
            "https://app.example/back?x=1&y",
            "https://app.example/back?x=1#f",
            "https://app.example:444/back?x=1",
            "https://APP.example/back?x=1",
            "https://spa.example",
            "https://spa.example:1/",
            "http://localhost/elsewhere",
            "http://localhost.evil.example/",
            "http://user@localhost:1/",
            "http://localhost:1/#f",
            "https://localhost:1/",
            "http://127.0.0.1:9/",
            "http://[::1]/",
            "myapp://auth/x",
            "javascript:alert(1)",
        ] {
            assert_eq!(client().platform_of(address), None, "{address}");
        }
    }

    #[test]
    fn what_is_kept_of_a_registration_need_not_be_whole() {
        let details: Details = [
            ("web", "7"),
            ("spa", r#"{"redirectUris":[1]}"#),
            ("publicClient", "{"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
        let client = Client::new(
            "5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a10".parse().unwrap(),
            "x",
            &details,
        );

        assert_eq!(client.platform_of("http://localhost"), None);
        assert!(!client.is_public);
    }
}
