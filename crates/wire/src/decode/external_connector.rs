//! Connectors to systems outside: the same members in both versions.
//!
//! **Invariant:** only the members of the published types are read, so that a secret in a body is kept nowhere.

use domain::change::Change;
use domain::external_connector::{
    ClientCredential, ConnectionInfo, ConnectorChange, ConnectorType, NewConnector, Vault,
};
use serde_json::Value as Json;

use super::{DecodeError, changed, changed_text, root, text, word};
use crate::body::Node;

/// Reads a connector to create.
pub fn create(body: &Json) -> Result<NewConnector, DecodeError> {
    let root = root(body)?;
    let kind = root.member("connectorType");
    Ok(NewConnector {
        display_name: root.member("displayName").required_text()?.to_owned(),
        description: text(&root.member("description"))?,
        connector_type: connector_type(&kind)?.ok_or_else(|| kind.invalid("is required"))?,
        connection_info: connection(&root.member("connectionInfo"))?,
    })
}

/// Reads what to change of a connector.
pub fn update(body: &Json) -> Result<ConnectorChange, DecodeError> {
    let root = root(body)?;
    let info = if root.has("connectionInfo") {
        connection(&root.member("connectionInfo"))?.map_or(Change::Clear, Change::Set)
    } else {
        Change::Keep
    };
    Ok(ConnectorChange {
        display_name: changed(&root, "displayName", text)?,
        description: changed_text(&root, "description")?,
        connector_type: changed(&root, "connectorType", connector_type)?,
        connection_info: info,
    })
}

fn connector_type(node: &Node<'_>) -> Result<Option<ConnectorType>, DecodeError> {
    let all: Vec<_> = ConnectorType::ALL.iter().map(|one| one.as_str()).collect();
    word(node, ConnectorType::from_name, &all)
}

fn connection(node: &Node<'_>) -> Result<Option<ConnectionInfo>, DecodeError> {
    let Some(info) = node.object()? else {
        return Ok(None);
    };
    let url = text(&info.member("url"))?;
    let annotation = info.member("@odata.type");
    let kind = annotation.text()?.unwrap_or_default();
    let kind = kind.rsplit(['.', '#']).next().unwrap_or(kind);
    let read = match kind.to_ascii_lowercase().as_str() {
        "" | "connectioninfo" => ConnectionInfo::Plain { url },
        "externaltokenbasedsapiagconnectioninfo" => ConnectionInfo::SapIag {
            url,
            credential: credential(info)?,
            vault: vault(info)?,
        },
        "externalsapacconnectioninfo" => {
            let authentication = info.member("authenticationInfo");
            ConnectionInfo::SapAc {
                url,
                credential: authentication.object()?.map(credential).transpose()?,
                vault: vault(info)?,
                system_id: text(&info.member("systemId"))?,
                user_identifier: text(&info.member("userIdentifier"))?,
            }
        }
        _ => {
            let expected = "must be a type of connection info, such as `#microsoft.graph.externalTokenBasedSapIagConnectionInfo`";
            return Err(annotation.invalid(expected).into());
        }
    };
    Ok(Some(read))
}

fn credential(node: &Node<'_>) -> Result<ClientCredential, DecodeError> {
    Ok(ClientCredential {
        access_token_url: text(&node.member("accessTokenUrl"))?,
        client_id: text(&node.member("clientId"))?,
        secret_name: text(&node.member("secretName"))?,
    })
}

fn vault(node: &Node<'_>) -> Result<Vault, DecodeError> {
    Ok(Vault {
        key_vault_name: text(&node.member("keyVaultName"))?,
        resource_group: text(&node.member("resourceGroup"))?,
        subscription_id: text(&node.member("subscriptionId"))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_known_by_the_name_that_it_has_in_the_vault() {
        let read = create(&json!({
            "displayName": "SAP", "connectorType": "SapIag",
            "connectionInfo": {
                "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo",
                "url": "https://sap.example", "clientId": "reeve", "secretName": "sap-secret",
                "clientSecret": "hunter2",
            },
        }))
        .unwrap();

        assert_eq!(read.connector_type, ConnectorType::SapIag);
        assert!(!format!("{read:?}").contains("hunter2"));
        let Some(ConnectionInfo::SapIag { credential, .. }) = read.connection_info else {
            panic!("{read:?}");
        };
        assert_eq!(credential.secret_name.as_deref(), Some("sap-secret"));
    }

    #[test]
    fn flaws_name_the_member() {
        for (body, target) in [
            (json!({"connectorType": "sapIag"}), "displayName"),
            (json!({"displayName": "x"}), "connectorType"),
            (
                json!({"displayName": "x", "connectorType": "oracle"}),
                "connectorType",
            ),
            (
                json!({"displayName": "x", "connectorType": "sapAc", "connectionInfo": "https://x"}),
                "connectionInfo",
            ),
            (
                json!({"displayName": "x", "connectorType": "sapAc", "connectionInfo": {"@odata.type": "y"}}),
                "connectionInfo/@odata.type",
            ),
            (
                json!({"displayName": "x", "connectorType": "sapAc", "connectionInfo": {"url": 5}}),
                "connectionInfo/url",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let change = update(&json!({"displayName": "y", "connectionInfo": null})).unwrap();

        assert_eq!(change.display_name.as_deref(), Some("y"));
        assert_eq!(change.connection_info, Change::Clear);
        assert_eq!(change.connector_type, None);
        assert_eq!(update(&json!({})).unwrap(), ConnectorChange::default());
    }
}
