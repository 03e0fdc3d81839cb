//! `POST …/accessPackages/{id}/getApplicablePolicyRequirements` (PO-10)

use http::header::ACCEPT_LANGUAGE;
use serde_json::Value;
use service::requirements::{self, Requirement};
use wire::policy;

use crate::body;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

const TYPE: &str = "microsoft.graph.accessPackageAssignmentRequestRequirements";

/// What each policy by which the caller may ask for the package wants to know.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    body::expect_nothing(&request.call().body)?;
    let found = requirements::of_package(request.service(), request.ctx(), id).await?;
    let accepted = request.call().header(ACCEPT_LANGUAGE).unwrap_or_default();
    let languages = policy::languages(accepted);
    let shown = found
        .iter()
        .map(|requirement| show(request, requirement, &languages))
        .collect::<Result<_, Error>>()?;
    Ok(request.values(TYPE, shown))
}

fn show(
    request: &GraphRequest<'_>,
    requirement: &Requirement,
    languages: &[String],
) -> Result<Value, Error> {
    let stored = |text: &str| {
        serde_json::from_str::<Value>(text).map_err(|error| Error::Internal(Box::new(error)))
    };
    let settings = stored(&requirement.settings_json)?;
    let answers = stored(requirement.answers_json.as_deref().unwrap_or("[]"))?;
    let offered = policy::Offered {
        id: &requirement.policy.to_string(),
        display_name: &requirement.display_name,
        description: requirement.description.as_deref(),
        settings: &settings,
        answers: &answers,
    };
    Ok(policy::requirements(request.version(), offered, languages))
}
