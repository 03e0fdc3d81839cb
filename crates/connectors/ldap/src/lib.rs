//! connector-ldap.
