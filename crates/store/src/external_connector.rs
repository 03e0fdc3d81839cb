//! Connectors to systems outside that resources come from.

use domain::external_connector::{ClientCredential, ConnectionInfo, ConnectorType, Vault};
use domain::id::{ExternalConnectorId, ResourceId};
use domain::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::column::{instant, opt_string, parsed, word};
use crate::value::{int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT, SAVE, DELETE, CONNECT, COUNT_RESOURCES];

const FIND: &str = "SELECT id, display_name, description, connector_type, connection_info, created_by, created_at, \
    modified_by, modified_at, version FROM external_connector WHERE id = $1";
const INSERT: &str = "INSERT INTO external_connector (id, display_name, description, connector_type, connection_info, \
    created_by, created_at, modified_by, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SAVE: &str = "UPDATE external_connector SET display_name = $3, description = $4, connector_type = $5, \
    connection_info = $6, modified_by = $7, modified_at = $8, version = version + 1 WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM external_connector WHERE id = $1 AND version = $2";
const CONNECT: &str = "UPDATE resource SET external_connector_id = $2 WHERE id = $1";
const COUNT_RESOURCES: &str = "SELECT COUNT(*) FROM resource WHERE external_connector_id = $1";

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalConnector {
    /// Its id.
    pub id: ExternalConnectorId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What is on the other side.
    pub connector_type: ConnectorType,
    /// How to get there, as the wire shows it.
    pub connection_info: Option<String>,
    /// Who created it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Who changed it last.
    pub modified_by: Option<String>,
    /// When.
    pub modified_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// The document that keeps the way to the other side. It has the members of the published types and no others.
pub fn document(info: &ConnectionInfo) -> String {
    let json = match info {
        ConnectionInfo::Plain { url } => json!({
            "@odata.type": "#microsoft.graph.connectionInfo",
            "url": url,
        }),
        ConnectionInfo::SapIag {
            url,
            credential,
            vault,
        } => json!({
            "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo",
            "url": url,
            "accessTokenUrl": credential.access_token_url,
            "clientId": credential.client_id,
            "keyVaultName": vault.key_vault_name,
            "resourceGroup": vault.resource_group,
            "secretName": credential.secret_name,
            "subscriptionId": vault.subscription_id,
        }),
        ConnectionInfo::SapAc {
            url,
            credential,
            vault,
            system_id,
            user_identifier,
        } => sap_ac(
            url.as_ref(),
            credential.as_ref(),
            vault,
            [system_id, user_identifier],
        ),
    };
    json.to_string()
}

fn sap_ac(
    url: Option<&String>,
    credential: Option<&ClientCredential>,
    vault: &Vault,
    [system_id, user_identifier]: [&Option<String>; 2],
) -> Json {
    let authentication = credential.map(|credential| {
        json!({
            "@odata.type": "#microsoft.graph.clientCredentialAuthenticationInfo",
            "accessTokenUrl": credential.access_token_url,
            "clientId": credential.client_id,
            "secretName": credential.secret_name,
        })
    });
    json!({
        "@odata.type": "#microsoft.graph.externalSapAcConnectionInfo",
        "url": url,
        "authenticationInfo": authentication,
        "keyVaultName": vault.key_vault_name,
        "resourceGroup": vault.resource_group,
        "subscriptionId": vault.subscription_id,
        "systemId": system_id,
        "userIdentifier": user_identifier,
    })
}

/// The connector of this id.
pub fn find(
    tx: &mut ReadTx<'_>,
    id: ExternalConnectorId,
) -> Result<Option<ExternalConnector>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(id)])? else {
        return Ok(None);
    };
    Ok(Some(ExternalConnector {
        id: parsed(&row, 0, "external_connector.id")?,
        display_name: row.text(1)?.to_owned(),
        description: opt_string(&row, 2)?,
        connector_type: word(
            &row,
            3,
            "external_connector.connector_type",
            ConnectorType::from_name,
        )?,
        connection_info: opt_string(&row, 4)?,
        created_by: opt_string(&row, 5)?,
        created_at: instant(&row, 6)?,
        modified_by: opt_string(&row, 7)?,
        modified_at: instant(&row, 8)?,
        version: row.int(9)?,
    }))
}

/// Stores a new connector.
pub fn insert(tx: &mut WriteTx<'_>, connector: &ExternalConnector) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(connector.id),
            text(&connector.display_name),
            opt_text(connector.description.as_ref()),
            text(connector.connector_type),
            opt_text(connector.connection_info.as_ref()),
            opt_text(connector.created_by.as_ref()),
            int(connector.created_at.micros()),
            opt_text(connector.modified_by.as_ref()),
            int(connector.modified_at.micros()),
            int(connector.version),
        ],
    )
}

/// Stores a changed connector, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, connector: &ExternalConnector) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(connector.id),
            int(connector.version),
            text(&connector.display_name),
            opt_text(connector.description.as_ref()),
            text(connector.connector_type),
            opt_text(connector.connection_info.as_ref()),
            opt_text(connector.modified_by.as_ref()),
            int(connector.modified_at.micros()),
        ],
    )
}

/// Removes a connector that no resource comes through.
pub fn delete(tx: &mut WriteTx<'_>, connector: &ExternalConnector) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(connector.id), int(connector.version)])
}

/// Lets a resource come through a connector, or through none.
pub fn connect(
    tx: &mut WriteTx<'_>,
    resource: ResourceId,
    connector: Option<ExternalConnectorId>,
) -> Result<(), Error> {
    tx.execute_one(CONNECT, &[text(resource), opt_text(connector)])
}

/// How many resources come through a connector.
pub fn count_resources(tx: &mut ReadTx<'_>, id: ExternalConnectorId) -> Result<i64, Error> {
    tx.query_one(COUNT_RESOURCES, &[text(id)])?.int(0)
}
