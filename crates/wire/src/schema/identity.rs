//! Who did something, in short.

use super::shape::{Shape, both, complex, one, shape, text};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(complex("identity").is_open(), &[
        both(text("displayName")),
        both(text("id")),
    ]),
    shape(complex("identitySet").is_open(), &[
        both(one("application", "identity")),
        both(one("device", "identity")),
        both(one("user", "identity")),
    ]),
    shape(complex("userIdentity").from("identity").is_open(), &[
        both(text("ipAddress")),
        both(text("userPrincipalName")),
    ]),
    shape(complex("appIdentity"), &[
        both(text("appId")),
        both(text("displayName")),
        both(text("servicePrincipalId")),
        both(text("servicePrincipalName")),
    ]),
];
