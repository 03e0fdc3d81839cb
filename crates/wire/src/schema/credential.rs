//! Verified credentials that a policy of beta can ask for.

use super::shape::{Shape, beta, beta_shape, complex, instant, many, one, text, texts};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    beta_shape(complex("verifiableCredentialSettings"), &[
        beta(many("credentialTypes", "verifiableCredentialType")),
    ]),
    beta_shape(complex("verifiableCredentialType"), &[
        beta(text("credentialType")),
        beta(texts("issuers")),
    ]),
    beta_shape(complex("verifiableCredentialRequirementStatus").is_abstract(), &[]),
    beta_shape(complex("verifiableCredentialRequired").from("verifiableCredentialRequirementStatus"), &[
        beta(instant("expiryDateTime").required()),
        beta(text("url")),
    ]),
    beta_shape(complex("verifiableCredentialRetrieved").from("verifiableCredentialRequirementStatus"), &[
        beta(instant("expiryDateTime").required()),
    ]),
    beta_shape(complex("verifiableCredentialVerified").from("verifiableCredentialRequirementStatus"), &[]),
    beta_shape(complex("verifiedCredentialData"), &[
        beta(text("authority")),
        beta(one("claims", "verifiedCredentialClaims")),
        beta(texts("type")),
    ]),
    beta_shape(complex("verifiedCredentialClaims").is_open(), &[]),
];
