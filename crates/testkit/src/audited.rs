//! Every write that is accepted leaves an audit event in its transaction (AL-4): held for each call that any test makes.

use service::Service;

use crate::reply::Reply;

/// The last segments of addresses that take a body, or a method that writes, and change nothing.
const ONLY_ASK: &[&str] = &[
    "$batch",
    "search",
    "checkMemberGroups",
    "getApplicablePolicyRequirements",
    "getByIds",
    "getMemberGroups",
    "getMemberObjects",
    "checkMemberObjects",
    "preview",
    "validateProperties",
];

/// The parts of addresses of commands that are accepted as well where everything is so already: then nothing is written,
/// and there is no event. That they leave one where something changes is for the tests of the log itself.
const MAY_CHANGE_NOTHING: &[&str] = &[
    "refresh",
    "resume",
    "reprocess",
    "moveToCatalog",
    "Sponsors/$ref",
    "incompatibleGroups/$ref",
    "incompatibleAccessPackages/$ref",
    "/scim/v2/Groups/",
    "/uploadSessions/",
    "/reeve/v1/sweeps",
    "/reeve/v1/adoptions",
];

/// Fails unless the call left an event.
pub(crate) async fn expect(service: &Service, path: &str, reply: &Reply) {
    let path = path.split('?').next().unwrap_or_default();
    let is_api = ["/v1.0/", "/beta/", "/scim/", "/reeve/"]
        .iter()
        .any(|root| path.starts_with(root));
    let last = path.rsplit(['/', '.']).next().unwrap_or_default();
    let may_be_so = MAY_CHANGE_NOTHING.iter().any(|part| path.contains(part));
    if !is_api || may_be_so || ONLY_ASK.iter().any(|asks| last.eq_ignore_ascii_case(asks)) {
        return;
    }
    let call = reply.headers.get("request-id");
    let call = call.and_then(|id| id.to_str().ok());
    let call = call.unwrap_or_default().to_owned();
    let events = loop {
        let call = call.clone();
        let read = service
            .store
            .read(move |tx| store::audit_event::count_of_call(tx, &call))
            .await;
        match read {
            // A database that fails on purpose fails here, too.
            Err(store::Error::Busy | store::Error::Unavailable { .. }) => {}
            read => break read.unwrap(),
        }
    };
    assert!(
        events > 0,
        "{} was accepted and left no audit event",
        reply.asked
    );
}
