//! Custom extensions, and which policies call them when.
//!
//! The configurations are documents in the shape of the wire. The stage settings are written with the document of their
//! policy ([`crate::assignment_policy`]), of which they are the part that can be asked for by extension and by stage.

use domain::extension::{
    Authentication, Callback, ClientConfiguration, Endpoint, ExtensionDraft, ExtensionType, Stage,
    StageSetting,
};
use domain::id::{CatalogId, CustomExtensionId, PolicyId};
use domain::policy::ApprovalStage;
use domain::time::{Duration, Timestamp};
use serde_json::{Map, Value as Json, json};

use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    INSERT,
    SAVE,
    DELETE,
    COUNT_USES,
    COUNT_DYNAMIC,
    CLEAR_DYNAMIC,
    INSERT_DYNAMIC,
    AT_STAGE,
    CLEAR_SETTINGS,
    INSERT_SETTING,
    COUNT_TIMED,
    POLICIES_AT_END,
    RELEVANT_ENDS,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT e.id, e.catalog_id, e.object_type, e.display_name, e.description, e.endpoint, e.authentication, ",
            "e.client, e.callback, e.created_by, e.created_at, e.modified_by, e.modified_at, e.version ",
            $tail
        )
    };
}

const FIND: &str = select!("FROM custom_extension e WHERE e.id = $1");
const INSERT: &str = "INSERT INTO custom_extension (id, catalog_id, object_type, display_name, description, endpoint, \
    authentication, client, callback, created_by, created_at, modified_by, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const SAVE: &str = "UPDATE custom_extension SET display_name = $3, description = $4, endpoint = $5, \
    authentication = $6, client = $7, callback = $8, modified_by = $9, modified_at = $10, version = version + 1 \
    WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM custom_extension WHERE id = $1 AND version = $2";
const COUNT_USES: &str =
    "SELECT count(*) FROM extension_stage_setting WHERE custom_extension_id = $1";
// Stages of policies, and of requests whose turn has not come or that wait for the answer.
const COUNT_DYNAMIC: &str = "SELECT (SELECT count(*) FROM dynamic_approval_stage WHERE custom_extension_id = $1) \
    + (SELECT count(*) FROM approval_stage WHERE custom_extension_id = $1 AND status = 'Initializing')";
const CLEAR_DYNAMIC: &str = "DELETE FROM dynamic_approval_stage WHERE policy_id = $1";
const INSERT_DYNAMIC: &str = "INSERT INTO dynamic_approval_stage (policy_id, ordinal, custom_extension_id) \
    VALUES ($1, $2, $3)";
const AT_STAGE: &str = select!(
    ", s.is_handler FROM extension_stage_setting s JOIN custom_extension e ON e.id = s.custom_extension_id WHERE s.policy_id = $1 AND s.stage = $2 ORDER BY s.is_handler, s.ordinal, s.id"
);
const CLEAR_SETTINGS: &str = "DELETE FROM extension_stage_setting WHERE policy_id = $1";
const INSERT_SETTING: &str = "INSERT INTO extension_stage_setting (id, policy_id, is_handler, ordinal, stage, \
    custom_extension_id) VALUES ($1, $2, $3, $4, $5, $6)";
const COUNT_TIMED: &str = "SELECT count(*) FROM extension_stage_setting WHERE stage = $1";
const POLICIES_AT_END: &str = "SELECT DISTINCT policy_id FROM extension_stage_setting \
    WHERE stage IN ('assignmentRequestGranted', 'assignmentRequestRemoved')";
const RELEVANT_ENDS: &str = "SELECT a.id FROM assignment a \
    WHERE a.ends_at IS NOT NULL AND a.state <> 'expired' AND a.ends_at > $1 AND a.ends_at <= $2 AND a.state IN ('delivered', 'partiallyDelivered') \
    AND EXISTS (SELECT 1 FROM extension_stage_setting s WHERE s.policy_id = a.assignment_policy_id AND s.stage = $3) \
    ORDER BY a.ends_at, a.id";

/// A custom extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomExtension {
    /// Its id.
    pub id: CustomExtensionId,
    /// The catalog it belongs to.
    pub catalog_id: CatalogId,
    /// What it is.
    pub content: ExtensionDraft,
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

/// The extension of this id.
pub fn find(tx: &mut ReadTx<'_>, id: CustomExtensionId) -> Result<Option<CustomExtension>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The extensions that a policy calls at a stage, and whether by the older way of beta.
pub fn at_stage(
    tx: &mut ReadTx<'_>,
    policy: PolicyId,
    stage: Stage,
) -> Result<Vec<(CustomExtension, bool)>, Error> {
    tx.query_map(AT_STAGE, &[text(policy), text(stage)], |row| {
        Ok((read(row)?, row.boolean(14)?))
    })
}

/// How many stages of policies call an extension.
pub fn count_uses(tx: &mut ReadTx<'_>, id: CustomExtensionId) -> Result<i64, Error> {
    tx.query_one(COUNT_USES, &[text(id)])?.int(0)
}

/// In how many stages of approval an extension says who decides, or will (AP-15).
pub fn count_dynamic_stages(tx: &mut ReadTx<'_>, id: CustomExtensionId) -> Result<i64, Error> {
    tx.query_one(COUNT_DYNAMIC, &[text(id)])?.int(0)
}

/// How many policies call an extension at this stage.
pub fn count_at_stage(tx: &mut ReadTx<'_>, stage: Stage) -> Result<i64, Error> {
    tx.query_one(COUNT_TIMED, &[text(stage)])?.int(0)
}

/// The policies that call an extension once access is there, or gone.
pub fn policies_at_end(tx: &mut ReadTx<'_>) -> Result<Vec<PolicyId>, Error> {
    tx.query_map(POLICIES_AT_END, &[], |row| {
        parsed(row, 0, "extension_stage_setting.policy_id")
    })
}

/// The held assignments that end after the one time and not after the other, by a policy that calls an extension at this
/// stage.
pub fn assignments_ending<T: std::str::FromStr>(
    tx: &mut ReadTx<'_>,
    after: Timestamp,
    until: Timestamp,
    stage: Stage,
) -> Result<Vec<T>, Error> {
    tx.query_map(
        RELEVANT_ENDS,
        &[int(after.micros()), int(until.micros()), text(stage)],
        |row| parsed(row, 0, "assignment.id"),
    )
}

/// Stores a new extension.
pub fn insert(tx: &mut WriteTx<'_>, extension: &CustomExtension) -> Result<(), Error> {
    let content = &extension.content;
    tx.execute_one(
        INSERT,
        &[
            text(extension.id),
            text(extension.catalog_id),
            text(content.object_type),
            text(&content.display_name),
            opt_text(content.description.as_ref()),
            text(endpoint_document(&content.endpoint)),
            opt_text(content.authentication.as_ref().map(authentication_document)),
            opt_text(content.client.map(client_document)),
            opt_text(content.callback.as_ref().map(callback_document)),
            opt_text(extension.created_by.as_ref()),
            int(extension.created_at.micros()),
            opt_text(extension.modified_by.as_ref()),
            int(extension.modified_at.micros()),
            int(extension.version),
        ],
    )
}

/// Stores what may change of an extension, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, extension: &CustomExtension) -> Result<(), Error> {
    let content = &extension.content;
    tx.execute_one(
        SAVE,
        &[
            text(extension.id),
            int(extension.version),
            text(&content.display_name),
            opt_text(content.description.as_ref()),
            text(endpoint_document(&content.endpoint)),
            opt_text(content.authentication.as_ref().map(authentication_document)),
            opt_text(content.client.map(client_document)),
            opt_text(content.callback.as_ref().map(callback_document)),
            opt_text(extension.modified_by.as_ref()),
            int(extension.modified_at.micros()),
        ],
    )
}

/// Removes an extension that no policy calls any more.
pub fn delete(tx: &mut WriteTx<'_>, extension: &CustomExtension) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(extension.id), int(extension.version)])
}

/// Replaces the stages at which a policy calls extensions. Settings without an id are passed over: nothing stores them.
pub(crate) fn replace_settings(
    tx: &mut WriteTx<'_>,
    policy: PolicyId,
    settings: &[StageSetting],
) -> Result<(), Error> {
    tx.execute(CLEAR_SETTINGS, &[text(policy)])?;
    for (ordinal, setting) in (0_i64..).zip(settings) {
        let Some(id) = setting.id else { continue };
        tx.execute_one(
            INSERT_SETTING,
            &[
                text(id),
                text(policy),
                boolean(setting.is_handler),
                int(ordinal),
                text(setting.stage),
                text(setting.extension_id),
            ],
        )?;
    }
    Ok(())
}

/// Replaces the stages of a policy in which an extension says who decides.
pub(crate) fn replace_dynamic_stages(
    tx: &mut WriteTx<'_>,
    policy: PolicyId,
    stages: &[ApprovalStage],
) -> Result<(), Error> {
    tx.execute(CLEAR_DYNAMIC, &[text(policy)])?;
    for (ordinal, stage) in (0_i64..).zip(stages) {
        if let Some(extension) = stage.extension {
            tx.execute_one(
                INSERT_DYNAMIC,
                &[text(policy), int(ordinal), text(extension)],
            )?;
        }
    }
    Ok(())
}

/// The name under which an object with an annotation of its type stands in a document.
const TYPE: &str = "@odata.type";

fn typed(name: &str) -> Json {
    Json::String(format!("#microsoft.graph.{name}"))
}

fn endpoint_document(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::LogicApp {
            subscription_id,
            resource_group_name,
            workflow_name,
            url,
        } => json!({
            TYPE: typed("logicAppTriggerEndpointConfiguration"),
            "subscriptionId": subscription_id,
            "resourceGroupName": resource_group_name,
            "logicAppWorkflowName": workflow_name,
            "url": url,
        }),
        Endpoint::Http { target_url } => json!({
            TYPE: typed("httpRequestEndpoint"),
            "targetUrl": target_url,
        }),
    }
    .to_string()
}

fn authentication_document(authentication: &Authentication) -> String {
    match authentication {
        Authentication::Bearer { resource_id } => json!({
            TYPE: typed("azureAdTokenAuthentication"),
            "resourceId": resource_id,
        }),
        Authentication::ProofOfPossession => json!({
            TYPE: typed("azureAdPopTokenAuthentication"),
        }),
    }
    .to_string()
}

fn client_document(client: ClientConfiguration) -> String {
    json!({
        "maximumRetries": client.maximum_retries,
        "timeoutInMilliseconds": client.timeout_in_milliseconds,
    })
    .to_string()
}

fn callback_document(callback: &Callback) -> String {
    let mut members = Map::new();
    if let Some(name) = &callback.type_name {
        members.insert(TYPE.to_owned(), typed(name));
    }
    let timeout = Json::String(callback.timeout.to_string());
    members.insert("timeoutDuration".to_owned(), timeout);
    Json::Object(members).to_string()
}

fn read(row: &Row<'_>) -> Result<CustomExtension, Error> {
    Ok(CustomExtension {
        id: parsed(row, 0, "custom_extension.id")?,
        catalog_id: parsed(row, 1, "custom_extension.catalog_id")?,
        content: ExtensionDraft {
            object_type: word(
                row,
                2,
                "custom_extension.object_type",
                ExtensionType::from_name,
            )?,
            display_name: row.text(3)?.to_owned(),
            description: opt_string(row, 4)?,
            endpoint: endpoint(row.text(5)?)?,
            authentication: row.opt_text(6)?.map(authentication).transpose()?,
            client: row.opt_text(7)?.map(client).transpose()?,
            callback: row.opt_text(8)?.map(callback).transpose()?,
        },
        created_by: opt_string(row, 9)?,
        created_at: instant(row, 10)?,
        modified_by: opt_string(row, 11)?,
        modified_at: instant(row, 12)?,
        version: row.int(13)?,
    })
}

fn corrupt(column: &str, found: &str) -> Error {
    Error::Corrupt {
        place: format!("`custom_extension.{column}`"),
        found: format!("`{found}`"),
    }
}

fn document(column: &str, found: &str) -> Result<Json, Error> {
    serde_json::from_str(found).map_err(|_| corrupt(column, found))
}

fn member(document: &Json, name: &str) -> Option<String> {
    document.get(name)?.as_str().map(ToOwned::to_owned)
}

fn endpoint(found: &str) -> Result<Endpoint, Error> {
    let read = document("endpoint", found)?;
    if let Some(target_url) = member(&read, "targetUrl") {
        return Ok(Endpoint::Http { target_url });
    }
    Ok(Endpoint::LogicApp {
        subscription_id: member(&read, "subscriptionId"),
        resource_group_name: member(&read, "resourceGroupName"),
        workflow_name: member(&read, "logicAppWorkflowName"),
        url: member(&read, "url").ok_or_else(|| corrupt("endpoint", found))?,
    })
}

fn authentication(found: &str) -> Result<Authentication, Error> {
    let read = document("authentication", found)?;
    Ok(match member(&read, "resourceId") {
        Some(resource_id) => Authentication::Bearer { resource_id },
        None => Authentication::ProofOfPossession,
    })
}

fn client(found: &str) -> Result<ClientConfiguration, Error> {
    let read = document("client", found)?;
    let number = |name: &str| read.get(name).and_then(Json::as_i64);
    Ok(ClientConfiguration {
        timeout_in_milliseconds: number("timeoutInMilliseconds"),
        maximum_retries: number("maximumRetries"),
    })
}

fn callback(found: &str) -> Result<Callback, Error> {
    let read = document("callback", found)?;
    let timeout = member(&read, "timeoutDuration")
        .and_then(|timeout| Duration::parse(&timeout).ok())
        .ok_or_else(|| corrupt("callback", found))?;
    let type_name = member(&read, TYPE).map(|name| {
        let bare = name.rsplit('.').next().unwrap_or_default();
        bare.to_owned()
    });
    Ok(Callback { type_name, timeout })
}
