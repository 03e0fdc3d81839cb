//! The stages at which a policy calls extensions: what is checked whenever a policy is written, and single settings added,
//! changed and taken away at URLs of their own.
//!
//! **Invariant:** the policy's document says all; a single setting is a change of that document.

use domain::activity::Activity;
use domain::extension::{Stage, StageSetting};
use domain::id::{CatalogId, CustomExtensionId, PolicyId, StageSettingId};
use domain::policy::ApprovalStage;
use serde_json::{Map, Value as Json, json};
use store::assignment_policy::{self, AssignmentPolicy};
use store::custom_extension::CustomExtension;
use store::{ReadTx, WriteTx, custom_extension};

use crate::content::caller_name;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{callouts, policies};

/// What a body says about one setting; what it leaves out stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageChange {
    /// When.
    pub stage: Option<Stage>,
    /// Which extension.
    pub extension_id: Option<CustomExtensionId>,
}

/// Which list of a policy: the settings, or the handlers of beta's older way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// `customExtensionStageSettings`.
    Settings,
    /// `customExtensionHandlers`.
    Handlers,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Settings => "customExtensionStageSettings",
            Self::Handlers => "customExtensionHandlers",
        }
    }

    /// The items of the list in a policy's document.
    fn items(self, document: &mut Json) -> Option<&mut Vec<Json>> {
        let members = document.as_object_mut()?;
        let section = match self {
            Self::Settings => members,
            Self::Handlers => {
                let beta = members.entry("beta").or_insert(Json::Null);
                if !beta.is_object() {
                    *beta = Json::Object(Map::new());
                }
                beta.as_object_mut()?
            }
        };
        let list = section.entry(self.name()).or_insert(Json::Null);
        if !list.is_array() {
            *list = json!([]);
        }
        list.as_array_mut()
    }
}

/// Adds a setting to a policy.
pub async fn add(
    service: &Service,
    ctx: &Ctx,
    policy: PolicyId,
    list: List,
    wanted: StageChange,
) -> Result<StageSettingId, ServiceError> {
    let id = service.moment().id(StageSettingId::new);
    change(service, ctx, policy, list, move |items| {
        let required = |member: &str| {
            ServiceError::invalid(
                Code::InvalidModel,
                member,
                format!("`{member}` is required"),
            )
        };
        let stage = wanted.stage.ok_or_else(|| required("stage"))?;
        let extension = wanted
            .extension_id
            .ok_or_else(|| required("customExtension/id"))?;
        items.push(json!({
            "id": id.to_string(),
            "stage": stage.as_str(),
            "customExtension": {"id": extension.to_string()},
        }));
        Ok(())
    })
    .await?;
    Ok(id)
}

/// Changes a setting of a policy.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    policy: PolicyId,
    list: List,
    id: StageSettingId,
    wanted: StageChange,
) -> Result<(), ServiceError> {
    change(service, ctx, policy, list, move |items| {
        let item = items
            .iter_mut()
            .find(|item| is(item, id))
            .and_then(Json::as_object_mut)
            .ok_or_else(|| ServiceError::not_found("stage setting", id))?;
        if let Some(stage) = wanted.stage {
            item.insert("stage".to_owned(), json!(stage.as_str()));
        }
        if let Some(extension) = wanted.extension_id {
            let named = json!({"id": extension.to_string()});
            item.insert("customExtension".to_owned(), named);
        }
        Ok(())
    })
    .await
}

/// Takes a setting out of a policy.
pub async fn remove(
    service: &Service,
    ctx: &Ctx,
    policy: PolicyId,
    list: List,
    id: StageSettingId,
) -> Result<(), ServiceError> {
    change(service, ctx, policy, list, move |items| {
        let before = items.len();
        items.retain(|item| !is(item, id));
        if items.len() == before {
            return Err(ServiceError::not_found("stage setting", id));
        }
        Ok(())
    })
    .await
}

fn is(item: &Json, id: StageSettingId) -> bool {
    item.get("id").and_then(Json::as_str) == Some(&id.to_string())
}

async fn change(
    service: &Service,
    ctx: &Ctx,
    id: PolicyId,
    list: List,
    edit: impl Fn(&mut Vec<Json>) -> Result<(), ServiceError> + Send + 'static,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = policies::policy_for(tx, &ctx, id)?;
            let mut document: Json =
                serde_json::from_str(&stored.settings).map_err(ServiceError::internal)?;
            edit(list.items(&mut document).unwrap_or(&mut Vec::new()))?;
            let changed = AssignmentPolicy {
                settings: document.to_string(),
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..stored.clone()
            };
            let catalog = policies::catalog_of(tx, &changed)?;
            check(
                tx,
                &moment,
                catalog,
                &changed.to_policy()?.settings.extensions,
            )?;
            assignment_policy::save(tx, &changed)?;
            let activity = Activity::UpdatePolicy;
            policies::record(tx, &moment, &ctx, activity, Some(&stored), &changed)
        })
        .await
}

/// Every extension is one of the catalog, and of a type that fits the stage (PO-30, PO-31).
pub(crate) fn check(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    catalog: CatalogId,
    settings: &[StageSetting],
) -> Result<(), ServiceError> {
    let mut positions = [0_usize; 2];
    for setting in settings {
        let [settings_before, handlers_before] = &mut positions;
        let before = if setting.is_handler {
            handlers_before
        } else {
            settings_before
        };
        let place = format!("{}/{before}", setting.list());
        *before += 1;
        check_one(tx, catalog, *setting, &place)?;
    }
    if settings.iter().any(|one| one.stage.before_end().is_some()) {
        callouts::begin_announcing(tx, moment.now)?;
    }
    Ok(())
}

/// The same of extensions that say who decides in a stage of approval: a request has to be able to wait for them (AP-15).
pub(crate) fn check_dynamic(
    tx: &mut ReadTx<'_>,
    catalog: CatalogId,
    stages: &[ApprovalStage],
) -> Result<(), ServiceError> {
    for (position, stage) in stages.iter().enumerate() {
        let Some(extension_id) = stage.extension else {
            continue;
        };
        let place = format!("requestApprovalSettings/stages/{position}");
        let setting = StageSetting {
            id: None,
            is_handler: false,
            stage: Stage::DeterminingApproval,
            extension_id,
        };
        let extension = fitting(tx, catalog, setting, (&place, "customExtension/id"))?;
        if extension.content.callback.is_none() {
            return Err(ServiceError::invalid(
                Code::InvalidModel,
                format!("{place}/customExtension/id"),
                "an extension that says who decides needs a `callbackConfiguration`",
            ));
        }
    }
    Ok(())
}

fn check_one(
    tx: &mut ReadTx<'_>,
    catalog: CatalogId,
    setting: StageSetting,
    place: &str,
) -> Result<(), ServiceError> {
    let invalid = |member: &str, message: String| {
        ServiceError::invalid(Code::InvalidModel, format!("{place}/{member}"), message)
    };
    if setting.stage == Stage::DeterminingApproval {
        let message = "is where a stage of approval calls its own `customExtension`";
        return Err(invalid("stage", format!("`{}` {message}", setting.stage)));
    }
    let extension = fitting(tx, catalog, setting, (place, "stage"))?;
    let object_type = extension.content.object_type;
    if setting.is_handler && object_type != domain::extension::ExtensionType::Legacy {
        return Err(invalid(
            "customExtension/id",
            format!("a handler calls an extension of the older type, not a `{object_type}`"),
        ));
    }
    Ok(())
}

/// The extension of a setting, if it is one of the catalog and of a type that fits; the second member of `place` is at
/// fault where it does not.
fn fitting(
    tx: &mut ReadTx<'_>,
    catalog: CatalogId,
    setting: StageSetting,
    (place, at_fault): (&str, &str),
) -> Result<CustomExtension, ServiceError> {
    let invalid = |member: &str, message: String| {
        ServiceError::invalid(Code::InvalidModel, format!("{place}/{member}"), message)
    };
    let found = custom_extension::find(tx, setting.extension_id)?
        .filter(|extension| extension.catalog_id == catalog)
        .ok_or_else(|| {
            invalid(
                "customExtension/id",
                format!(
                    "the catalog of the access package has no custom extension `{}`",
                    setting.extension_id
                ),
            )
        })?;
    let object_type = found.content.object_type;
    if !object_type.fits(setting.stage) {
        return Err(invalid(
            at_fault,
            format!(
                "an extension of the type `{object_type}` is not called at the stage `{}`",
                setting.stage
            ),
        ));
    }
    Ok(found)
}

/// The document with an id of its own for each setting that has none, or one that is not the policy's (as with questions,
/// section 6.6): what is copied from another policy becomes new here.
pub(crate) fn with_ids(
    document: &str,
    settings: &[StageSetting],
    known: &[StageSettingId],
    moment: &Moment,
) -> Result<String, ServiceError> {
    let mut seen = Vec::new();
    let keeps = settings.iter().all(|setting| {
        setting.id.is_some_and(|id| {
            let is_first = !seen.contains(&id);
            seen.push(id);
            is_first && known.contains(&id)
        })
    });
    if keeps {
        return Ok(document.to_owned());
    }
    let mut json: Json = serde_json::from_str(document).map_err(ServiceError::internal)?;
    let mut taken: Vec<String> = Vec::new();
    for list in [List::Settings, List::Handlers] {
        if settings.iter().all(|one| one.list() != list.name()) {
            continue;
        }
        for item in list.items(&mut json).into_iter().flatten() {
            let given = item.get("id").and_then(Json::as_str).unwrap_or_default();
            let is_own = known
                .iter()
                .any(|id| id.to_string().eq_ignore_ascii_case(given));
            let id = if is_own && !taken.iter().any(|one| one == given) {
                given.to_ascii_lowercase()
            } else {
                moment.id(StageSettingId::new).to_string()
            };
            taken.push(id.clone());
            if let Some(members) = item.as_object_mut() {
                members.insert("id".to_owned(), Json::String(id));
            }
        }
    }
    Ok(json.to_string())
}

/// The ids of the settings that a stored policy has.
pub(crate) fn known_ids(policy: &AssignmentPolicy) -> Result<Vec<StageSettingId>, ServiceError> {
    let settings = policy.to_policy()?.settings.extensions;
    Ok(settings.into_iter().filter_map(|one| one.id).collect())
}
