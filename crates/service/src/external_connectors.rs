//! Connectors to systems outside: create, change, delete.

use auth::roles::Action;
use domain::activity::Activity;
use domain::change::Change;
use domain::external_connector::{ConnectorChange, NewConnector};
use domain::flaw::Flaw;
use domain::id::ExternalConnectorId;
use store::ReadTx;
use store::external_connector::{self, ExternalConnector, document};

use crate::audit::{self, success};
use crate::authorize;
use crate::content::{caller_name, flawed};
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

/// Creates a connector.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    wanted: NewConnector,
) -> Result<ExternalConnectorId, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    wanted.check().map_err(flawed)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<ExternalConnectorId, ServiceError> {
            let created = ExternalConnector {
                id: moment.id(ExternalConnectorId::new),
                display_name: wanted.display_name.clone(),
                description: wanted.description.clone(),
                connector_type: wanted.connector_type,
                connection_info: wanted.connection_info.as_ref().map(document),
                created_by: caller_name(&ctx),
                created_at: moment.now,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                version: 1,
            };
            external_connector::insert(tx, &created)?;
            let event = event(Activity::CreateConnector, &created).changing(None, Some(&created));
            audit::record(tx, &moment, &ctx, event)?;
            Ok(created.id)
        })
        .await
}

/// Changes a connector (HT-1: what is not named stays).
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: ExternalConnectorId,
    change: ConnectorChange,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = get(tx, id)?;
            let changed = changed(stored.clone(), change.clone()).map_err(flawed)?;
            let changed = ExternalConnector {
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..changed
            };
            external_connector::save(tx, &changed)?;
            let event = event(Activity::UpdateConnector, &changed);
            let event = event.changing(Some(&stored), Some(&changed));
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Deletes a connector that no resource comes through.
pub async fn delete(
    service: &Service,
    ctx: &Ctx,
    id: ExternalConnectorId,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = get(tx, id)?;
            let resources = external_connector::count_resources(tx, id)?;
            if resources > 0 {
                let message = format!("resources come through the connector: {resources} of them");
                return Err(ServiceError::refused(Code::ConnectorInUse, message));
            }
            external_connector::delete(tx, &gone)?;
            let event = event(Activity::DeleteConnector, &gone);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

fn get(tx: &mut ReadTx<'_>, id: ExternalConnectorId) -> Result<ExternalConnector, ServiceError> {
    external_connector::find(tx, id)?
        .ok_or_else(|| ServiceError::not_found("external origin resource connector", id))
}

/// The connector as it is to be. Another kind wants another way there, or none.
fn changed(stored: ExternalConnector, change: ConnectorChange) -> Result<ExternalConnector, Flaw> {
    let keeps_way = change.connection_info == Change::Keep && stored.connection_info.is_some();
    let another_kind = change
        .connector_type
        .is_some_and(|kind| kind != stored.connector_type);
    if keeps_way && another_kind {
        let message = "another `connectorType` needs `connectionInfo` of its kind";
        return Err(Flaw::new("connectionInfo", message));
    }
    let wanted = NewConnector {
        display_name: change.display_name.unwrap_or(stored.display_name),
        description: change.description.over(stored.description),
        connector_type: change.connector_type.unwrap_or(stored.connector_type),
        connection_info: change.connection_info.clone().over(None),
    };
    wanted.check()?;
    Ok(ExternalConnector {
        display_name: wanted.display_name,
        description: wanted.description,
        connector_type: wanted.connector_type,
        connection_info: match change.connection_info {
            Change::Keep => stored.connection_info,
            Change::Clear => None,
            Change::Set(info) => Some(document(&info)),
        },
        ..stored
    })
}

fn event(activity: Activity, connector: &ExternalConnector) -> audit::Event {
    success(
        activity,
        "ExternalOriginResourceConnector",
        connector.id,
        Some(connector.display_name.clone()),
    )
    .with("connectorType", connector.connector_type)
}
