//! Uploads of access data: begun by whoever manages the resources of the catalog, filled with files, then completed.
//!
//! **Invariant:** a resource has one upload for each context, and one that is complete never changes.

use auth::roles::Action;
use domain::activity::Activity;
use domain::id::{ResourceId, UploadFileId, UploadSessionId};
use domain::upload::{
    MAX_FILES, NewUploadFile, NewUploadSession, TIME_TO_UPLOAD, UploadStatus, check_open, status_at,
};
use store::resource::Resource;
use store::upload::{self, FileContent, UploadFile, UploadSession};
use store::{ReadTx, WriteTx};

use crate::audit::{self, success};
use crate::authorize;
use crate::content::{authorize_in, caller_name};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::resources::{TYPE, resource_for};

/// Begins an upload about a resource that no directory describes: of others the access is known.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    resource: ResourceId,
    wanted: NewUploadSession,
) -> Result<UploadSessionId, ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<UploadSessionId, ServiceError> {
            let resource = resource_for(tx, &ctx, Action::UploadSessions, resource)?;
            if resource.origin_system.is_directory() {
                let message = format!(
                    "the access to resources of `{}` is known and cannot be uploaded",
                    resource.origin_system
                );
                return Err(ServiceError::refused(Code::ResourceNotSupported, message));
            }
            let created = UploadSession {
                id: moment.id(UploadSessionId::new),
                resource_id: resource.id,
                kind: wanted.kind,
                reference_id: wanted.reference_id.clone(),
                data: wanted.data_json.clone(),
                status: UploadStatus::Active,
                files_uploaded: 0,
                total_bytes_uploaded: 0,
                created_by: caller_name(&ctx),
                created_at: moment.now,
                expires_at: moment.now.plus(TIME_TO_UPLOAD),
                version: 1,
            };
            if !upload::insert(tx, &created)? {
                let message = format!(
                    "the resource has an upload session for `{}` already",
                    created.reference_id
                );
                return Err(ServiceError::refused(Code::ExistingUploadSession, message));
            }
            told(tx, &moment, &ctx, &resource, "begun", created.id)?;
            Ok(created.id)
        })
        .await
}

/// Whether the caller may add files to the upload now: to be asked before a file is read.
pub async fn admit(
    service: &Service,
    ctx: &Ctx,
    session: UploadSessionId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .read(move |tx| open_session(tx, &moment, &ctx, session).map(drop))
        .await
}

/// Adds a file to an upload that is open.
pub async fn add_file(
    service: &Service,
    ctx: &Ctx,
    session: UploadSessionId,
    file: NewUploadFile,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let (mut session, resource) = open_session(tx, &moment, &ctx, session)?;
            if session.files_uploaded >= MAX_FILES {
                let message = format!("an upload session has at most {MAX_FILES} files");
                return Err(ServiceError::refused(
                    Code::InvalidUploadSessionState,
                    message,
                ));
            }
            if upload::has_file(tx, session.id, &file.name)? {
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "file",
                    format!("the upload session has a file `{}` already", file.name),
                ));
            }
            let size = i64::try_from(file.content.len()).map_err(ServiceError::internal)?;
            upload::insert_file(
                tx,
                &UploadFile {
                    id: moment.id(UploadFileId::new),
                    session_id: session.id,
                    name: file.name.clone(),
                    size,
                    uploaded_at: moment.now,
                    content: file.content.clone(),
                },
            )?;
            session.files_uploaded += 1;
            session.total_bytes_uploaded += size;
            upload::save(tx, &session)?;
            told(tx, &moment, &ctx, &resource, "filled", session.id)
        })
        .await
}

/// Completes an upload; one that is complete stays so.
pub async fn complete(
    service: &Service,
    ctx: &Ctx,
    session: UploadSessionId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let (stored, _) = session_for(tx, &moment, &ctx, session)?;
            if stored.status == UploadStatus::Complete {
                return Ok(());
            }
            let (mut session, resource) = open_session(tx, &moment, &ctx, session)?;
            session.status = UploadStatus::Complete;
            upload::save(tx, &session)?;
            told(tx, &moment, &ctx, &resource, "completed", session.id)
        })
        .await
}

/// Removes an upload with its files, unless it is complete: then its data has been handed over.
pub async fn delete(
    service: &Service,
    ctx: &Ctx,
    session: UploadSessionId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let (session, resource) = session_for(tx, &moment, &ctx, session)?;
            if session.status == UploadStatus::Complete {
                return Err(ServiceError::refused(
                    Code::InvalidUploadSessionState,
                    "an upload session that is complete cannot be deleted",
                ));
            }
            upload::delete(tx, &session)?;
            told(tx, &moment, &ctx, &resource, "deleted", session.id)
        })
        .await
}

/// What is in a file, for those who may read the catalog.
pub async fn content(
    service: &Service,
    ctx: &Ctx,
    file: UploadFileId,
) -> Result<FileContent, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<FileContent, ServiceError> {
            let not_found = || ServiceError::not_found("file", file);
            authorize::admitted(&ctx, Action::ReadCatalogContent)?;
            let found = upload::file(tx, file)?.ok_or_else(not_found)?;
            authorize_in(
                &ctx,
                Action::ReadCatalogContent,
                found.catalog_id,
                not_found,
            )?;
            Ok(found)
        })
        .await
}

/// Closes uploads whose time is over; answers how many.
pub(crate) fn expire(tx: &mut WriteTx<'_>, moment: &Moment) -> Result<usize, ServiceError> {
    let closed = upload::expire(tx, moment.now)?;
    Ok(usize::try_from(closed).unwrap_or(usize::MAX))
}

/// The upload as it is now and its resource, if the caller may upload there.
fn session_for(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: UploadSessionId,
) -> Result<(UploadSession, Resource), ServiceError> {
    let not_found = || ServiceError::not_found("upload session", id);
    authorize::admitted(ctx, Action::UploadSessions)?;
    let mut session = upload::find(tx, id)?.ok_or_else(not_found)?;
    let resource = resource_for(tx, ctx, Action::UploadSessions, session.resource_id)?;
    session.status = status_at(session.status, session.expires_at, moment.now);
    Ok((session, resource))
}

/// The same, if files may still be added to it.
fn open_session(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: UploadSessionId,
) -> Result<(UploadSession, Resource), ServiceError> {
    let (session, resource) = session_for(tx, moment, ctx, id)?;
    check_open(session.status).map_err(|closed| {
        ServiceError::refused(Code::InvalidUploadSessionState, closed.to_string())
    })?;
    Ok((session, resource))
}

fn told(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    resource: &Resource,
    how: &str,
    id: UploadSessionId,
) -> Result<(), ServiceError> {
    let name = Some(resource.display_name.clone());
    let event = success(Activity::UpdateResource, TYPE, resource.id, name)
        .with("uploadSession", format!("{how} {id}"));
    Ok(audit::record(tx, moment, ctx, event)?)
}
