//! LDAP targets (RFC 4511): a grant is a value of a group's member attribute.
//!
//! A change is one modify for all subjects. Only when the server says that some of the values are there already (20), or
//! not there (16), are they compared one by one and the difference sent. Comparing is left to the server, which knows the
//! attribute's matching rule; it also spares reading groups that are too large to be read at once.
//!
//! **Invariant:** a connection that failed is never used again, and what was under way on it is reported as a retry.

mod config;
mod connector;
mod dn;
mod groups;
mod listing;
mod pool;
mod result_code;
mod template;
mod users;

pub use config::{ConfigError, Groups, LdapConfig, MemberValue, UserLookup};
pub use connector::LdapConnector;
pub use template::TemplateError;
