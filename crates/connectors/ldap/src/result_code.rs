//! What LDAP result codes mean for the engine (RFC 4511 section 4.1.9).

use connector_api::{FailureCode, Outcome};
use ldap3::{LdapError, LdapResult};

pub(crate) const SUCCESS: u32 = 0;
pub(crate) const SIZE_LIMIT_EXCEEDED: u32 = 4;
pub(crate) const COMPARE_FALSE: u32 = 5;
pub(crate) const COMPARE_TRUE: u32 = 6;
pub(crate) const NO_SUCH_ATTRIBUTE: u32 = 16;
pub(crate) const ATTRIBUTE_OR_VALUE_EXISTS: u32 = 20;
pub(crate) const NO_SUCH_OBJECT: u32 = 32;
pub(crate) const INSUFFICIENT_ACCESS: u32 = 50;
pub(crate) const OBJECT_CLASS_VIOLATION: u32 = 65;
pub(crate) const ENTRY_ALREADY_EXISTS: u32 = 68;

/// The longest part of a server's own words that goes into a message.
const TEXT_LIMIT: usize = 200;

/// What a failed operation means; `doing` says what was tried, such as `the change of the group`.
pub(crate) fn failure(result: &LdapResult, doing: &str) -> Outcome {
    let message = message(result, doing);
    match result.rc {
        // The account is not accepted, or not in this way: authMethodNotSupported, strongerAuthRequired,
        // confidentialityRequired, inappropriateAuthentication, invalidCredentials.
        7 | 8 | 13 | 48 | 49 => Outcome::credentials_rejected(message),
        INSUFFICIENT_ACCESS => Outcome::refused(FailureCode::OriginAccessDenied, message),
        // timeLimitExceeded, busy, unavailable
        3 | 51 | 52 => Outcome::retry(FailureCode::OriginUnavailable, message),
        SIZE_LIMIT_EXCEEDED | 11 => Outcome::refused(FailureCode::QuotaExceeded, message),
        // constraintViolation, unwillingToPerform, naming and schema
        19 | 53 | 64..=67 | 69 | 71 => Outcome::refused(FailureCode::GroupNotModifiable, message),
        NO_SUCH_OBJECT => Outcome::refused(FailureCode::ResourceNotFoundInOriginSystem, message),
        // The mapping does not fit the server: undefinedAttributeType, inappropriateMatching, invalidAttributeSyntax,
        // aliasProblem, invalidDNSyntax, aliasDereferencingProblem; and a referral to a server that is not configured.
        10 | 17 | 18 | 21 | 33 | 34 | 36 => Outcome::refused(FailureCode::ConnectorError, message),
        // Anything else may pass; the engine has a cap.
        _ => Outcome::retry(FailureCode::ConnectorError, message),
    }
}

/// What a bind that was not accepted means: whatever the reason, only an operator can help, unless the server is busy.
pub(crate) fn bind_failure(result: &LdapResult) -> Outcome {
    // invalidCredentials
    if result.rc == 49 {
        let doing = "the target does not accept the bind name and password: the bind";
        return Outcome::credentials_rejected(message(result, doing));
    }
    match failure(result, "the bind") {
        Outcome::Refused { reason } => Outcome::CredentialsRejected { reason },
        // An account that does not exist.
        other => other,
    }
}

/// The connection broke or the time was over: what became of the operation is unknown.
pub(crate) fn broken(error: &LdapError, doing: &str) -> Outcome {
    let message = match error {
        LdapError::Timeout { .. } => format!("{doing} was not answered in time"),
        LdapError::LdapResult { result } => message(result, doing),
        other => format!("{doing} failed: {other}"),
    };
    Outcome::retry(FailureCode::OriginUnavailable, message)
}

fn message(result: &LdapResult, doing: &str) -> String {
    let text: String = result
        .text
        .chars()
        .filter(|character| !character.is_control())
        .take(TEXT_LIMIT)
        .collect();
    let text = if text.is_empty() {
        text
    } else {
        format!(": {text}")
    };
    let referral = result
        .refs
        .first()
        .filter(|_| result.rc == 10)
        .map(|server| {
            format!("; the server refers to `{server}`, which would have to be configured instead")
        })
        .unwrap_or_default();
    format!(
        "{doing} was answered with result code {}{text}{referral}",
        result.rc
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: "as ordered".to_owned(),
            refs: vec!["ldap://master.example.com".to_owned()],
            ctrls: Vec::new(),
        }
    }

    #[test]
    fn codes_mean_what_the_engine_should_do() {
        for rc in [3, 51, 52, 80, 1, 90_000] {
            assert!(
                matches!(failure(&result(rc), "it"), Outcome::Retry { .. }),
                "{rc}"
            );
        }
        for rc in [10, 11, 17, 19, 21, 32, 34, 50, 53, 65, 69] {
            assert!(
                matches!(failure(&result(rc), "it"), Outcome::Refused { .. }),
                "{rc}"
            );
        }
        for rc in [7, 8, 13, 48, 49] {
            let outcome = failure(&result(rc), "it");
            assert!(
                matches!(outcome, Outcome::CredentialsRejected { .. }),
                "{rc}"
            );
        }
    }

    #[test]
    fn a_bind_that_is_refused_is_a_matter_of_credentials_whatever_the_code() {
        for rc in [32, 34, 49, 50, 53] {
            let outcome = bind_failure(&result(rc));
            assert!(
                matches!(outcome, Outcome::CredentialsRejected { .. }),
                "{rc}"
            );
        }
        assert!(matches!(bind_failure(&result(51)), Outcome::Retry { .. }));
    }

    #[test]
    fn a_referral_says_where_to() {
        let outcome = failure(&result(10), "the change");

        assert!(
            outcome
                .reason()
                .unwrap()
                .message
                .contains("ldap://master.example.com")
        );
    }
}
