//! The clouds that Graph runs in, and by what each is known (semantics 9.1).
//!
//! **Invariant:** what is here is what the clouds publish of themselves; what an API lacks in one of them is the wire's.

use crate::word::words;

words! {
    /// A cloud, by the word of `server.cloudProfile`.
    #[derive(Default)]
    pub enum Cloud {
        /// The worldwide one.
        #[default]
        Global = "global",
        /// The one of the US government, level 4.
        UsGov = "usGov",
        /// The one of its department of defence, level 5.
        UsGovDoD = "usGovDoD",
        /// The one in China.
        China = "china",
    }
}

/// The audience that tokens for Graph have in every cloud.
pub const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";

impl Cloud {
    /// The root of Graph: scheme and host.
    pub const fn graph_root(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::UsGovDoD => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// Where tokens come from: scheme and host.
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDoD => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// What tokens call their issuer's host, where it is not that of the authority.
    const fn issuer_alias(self) -> Option<&'static str> {
        match self {
            Self::China => Some("https://login.partner.microsoftonline.cn"),
            Self::Global | Self::UsGov | Self::UsGovDoD => None,
        }
    }

    /// How identity sources of other clouds name this one: `cloudInstance`.
    pub const fn instance(self) -> &'static str {
        match self {
            Self::Global => "microsoftonline.com",
            Self::UsGov | Self::UsGovDoD => "microsoftonline.us",
            Self::China => "partner.microsoftonline.cn",
        }
    }

    /// The audiences of a token that is for Graph in this cloud. The address of the server itself is one more.
    pub const fn audiences(self) -> [&'static str; 2] {
        [GRAPH_ID, self.graph_root()]
    }

    /// Whether a cloud of this name exists, for `cloudInstance`.
    pub fn is_instance(name: &str) -> bool {
        Self::ALL
            .iter()
            .any(|cloud| cloud.instance().eq_ignore_ascii_case(name))
    }

    /// Whether the address is the authority of this cloud, or below it.
    pub fn issues(self, issuer: &str) -> bool {
        is_at(self.authority(), issuer)
            || self
                .issuer_alias()
                .is_some_and(|alias| is_at(alias, issuer))
    }

    /// The cloud that this address belongs to, as an issuer or as an audience, if that is not this one.
    pub fn stranger(self, address: &str) -> Option<Self> {
        let belongs = |cloud: Self| cloud.issues(address) || is_at(cloud.graph_root(), address);
        if belongs(self) {
            return None;
        }
        Self::ALL.iter().copied().find(|cloud| belongs(*cloud))
    }
}

/// Whether an address is this root, or below it.
fn is_at(root: &str, address: &str) -> bool {
    let front = address.get(..root.len());
    let behind = address.get(root.len()..).unwrap_or_default();
    front.is_some_and(|front| front.eq_ignore_ascii_case(root))
        && (behind.is_empty() || behind.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_a_root_of_its_own_and_two_share_an_authority() {
        for cloud in Cloud::ALL {
            assert_eq!(Cloud::from_name(cloud.as_str()), Some(*cloud));
            for other in Cloud::ALL.iter().filter(|other| *other != cloud) {
                assert_ne!(cloud.graph_root(), other.graph_root());
                assert_eq!(
                    other.stranger(cloud.graph_root()),
                    Some(*cloud),
                    "{other} takes what is for {cloud}"
                );
            }
            assert_eq!(cloud.stranger(cloud.graph_root()), None);
            assert_eq!(cloud.stranger(cloud.authority()), None);
            assert!(Cloud::is_instance(cloud.instance()));
        }
        assert_eq!(Cloud::UsGov.authority(), Cloud::UsGovDoD.authority());
    }

    #[test]
    fn issuers_are_told_by_their_host_and_not_by_how_they_begin() {
        let own = "https://login.microsoftonline.us/t/v2.0";
        let like = "https://login.microsoftonline.us.example.com/t";

        assert_eq!(Cloud::UsGov.stranger(own), None);
        assert_eq!(Cloud::UsGovDoD.stranger(own), None);
        assert_eq!(Cloud::Global.stranger(own), Some(Cloud::UsGov));
        assert_eq!(Cloud::Global.stranger(like), None);
        assert_eq!(
            Cloud::Global.stranger("https://login.partner.microsoftonline.cn/t/v2.0"),
            Some(Cloud::China)
        );
        assert_eq!(Cloud::China.stranger("https://id.example.com/realm"), None);
        assert_eq!(Cloud::China.stranger("ü"), None);
        assert!(!Cloud::is_instance("microsoftonline.example"));
    }
}
