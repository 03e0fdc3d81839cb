//! connector-scim.
