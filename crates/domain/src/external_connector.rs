//! Connectors to systems outside that resources come from.
//!
//! **Invariant:** a connector says where its secrets are kept and never holds one.

use crate::change::Change;
use crate::flaw::{Flaw, check_description, check_name};
use crate::word::words;

words! {
    /// What kind of system is on the other side.
    pub enum ConnectorType {
        /// SAP Cloud Identity Access Governance.
        SapIag = "sapIag",
        /// SAP Access Control.
        SapAc = "sapAc",
    }
}

/// An application's credentials at a token endpoint: the secret itself is in a vault under this name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientCredential {
    /// Where tokens come from.
    pub access_token_url: Option<String>,
    /// Who asks for them.
    pub client_id: Option<String>,
    /// What the secret is called in the vault.
    pub secret_name: Option<String>,
}

/// Which vault holds the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vault {
    /// Its name.
    pub key_vault_name: Option<String>,
    /// The group that it is in.
    pub resource_group: Option<String>,
    /// The subscription that it is in.
    pub subscription_id: Option<String>,
}

/// How a connector reaches the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionInfo {
    /// Just an address.
    Plain {
        /// The address.
        url: Option<String>,
    },
    /// With a token of an application.
    SapIag {
        /// The address.
        url: Option<String>,
        /// How to get the token.
        credential: ClientCredential,
        /// Where the secret is.
        vault: Vault,
    },
    /// As a user of a system.
    SapAc {
        /// The address.
        url: Option<String>,
        /// How to get a token.
        credential: Option<ClientCredential>,
        /// Where the secret is.
        vault: Vault,
        /// The system.
        system_id: Option<String>,
        /// The user.
        user_identifier: Option<String>,
    },
}

impl ConnectionInfo {
    /// The address of the other side.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Plain { url } | Self::SapIag { url, .. } | Self::SapAc { url, .. } => {
                url.as_deref()
            }
        }
    }

    fn check(&self, kind: ConnectorType) -> Result<(), Flaw> {
        let fits = match self {
            Self::Plain { .. } => true,
            Self::SapIag { .. } => kind == ConnectorType::SapIag,
            Self::SapAc { .. } => kind == ConnectorType::SapAc,
        };
        if !fits {
            let message = format!("`connectionInfo` is not of the kind that `{kind}` takes");
            return Err(Flaw::new("connectionInfo", message));
        }
        if let Some(url) = self.url()
            && !url.starts_with("https://")
        {
            let message = "`connectionInfo/url` must begin with `https://`";
            return Err(Flaw::new("connectionInfo/url", message));
        }
        Ok(())
    }
}

/// A connector that somebody wants to create, or what one is to look like after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConnector {
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What is on the other side.
    pub connector_type: ConnectorType,
    /// How to get there.
    pub connection_info: Option<ConnectionInfo>,
}

impl NewConnector {
    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), Flaw> {
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        match &self.connection_info {
            Some(info) => info.check(self.connector_type),
            None => Ok(()),
        }
    }
}

/// What somebody wants to change of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectorChange {
    /// Another name.
    pub display_name: Option<String>,
    /// Another description.
    pub description: Change<String>,
    /// Another kind.
    pub connector_type: Option<ConnectorType>,
    /// Another way there, as a whole.
    pub connection_info: Change<ConnectionInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(kind: ConnectorType, info: ConnectionInfo) -> NewConnector {
        NewConnector {
            display_name: "SAP".to_owned(),
            description: None,
            connector_type: kind,
            connection_info: Some(info),
        }
    }

    #[test]
    fn the_way_there_fits_what_is_there() {
        let iag = |url: &str| ConnectionInfo::SapIag {
            url: Some(url.to_owned()),
            credential: ClientCredential::default(),
            vault: Vault::default(),
        };

        assert!(
            connector(ConnectorType::SapIag, iag("https://sap.example"))
                .check()
                .is_ok()
        );
        for (kind, info, target) in [
            (
                ConnectorType::SapAc,
                iag("https://sap.example"),
                "connectionInfo",
            ),
            (
                ConnectorType::SapIag,
                iag("ftp://sap.example"),
                "connectionInfo/url",
            ),
        ] {
            assert_eq!(connector(kind, info).check().unwrap_err().target, target);
        }
    }
}
