//! Subjects: say whether the account of a guest is looked after (EX-5).

use auth::decide::Catalogs;
use auth::roles::Action;
use domain::activity::Activity;
use domain::id::SubjectId;
use domain::subject::SubjectLifecycle;
use store::subject::Subject;
use store::{ReadTx, directory};

use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

/// Changes what may be changed of a subject; without a change nothing is, but the caller has to be one who may.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: SubjectId,
    lifecycle: Option<SubjectLifecycle>,
) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::ManageSubjectLifecycle)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let subject = subject_for(tx, &ctx, id)?;
            let Some(lifecycle) = lifecycle else {
                return Ok(());
            };
            if lifecycle == SubjectLifecycle::Governed && !is_guest(tx, &subject)? {
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "subjectLifecycle",
                    "only the account of a guest can be governed",
                ));
            }
            store::subject::set_lifecycle(tx, id, lifecycle)?;
            let activity = Activity::UpdateSubject;
            let event = success(activity, "AccessPackageSubject", id, subject.display_name)
                .with("subjectLifecycle", lifecycle);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// The subject, if it has an assignment in a catalog where the caller may do this, or the caller may everywhere.
fn subject_for(tx: &mut ReadTx<'_>, ctx: &Ctx, id: SubjectId) -> Result<Subject, ServiceError> {
    let unknown = || ServiceError::not_found("subject", id);
    let subject = store::subject::find(tx, id)?.ok_or_else(unknown)?;
    match authorize::catalogs(ctx, Action::ManageSubjectLifecycle) {
        Catalogs::All => Ok(subject),
        Catalogs::None(refusal) => Err(authorize::denied(&refusal)),
        Catalogs::Some(catalogs) => {
            let known = store::subject::catalogs(tx, id)?;
            let is_known = known.iter().any(|catalog| catalogs.contains(catalog));
            is_known.then_some(subject).ok_or_else(unknown)
        }
    }
}

fn is_guest(tx: &mut ReadTx<'_>, subject: &Subject) -> Result<bool, ServiceError> {
    let Some(object) = subject.object_id else {
        return Ok(false);
    };
    let user = directory::user::find_present(tx, object)?;
    Ok(user.is_some_and(|user| user.user_type.eq_ignore_ascii_case("guest")))
}
