//! The use cases on a throw-away database.

mod access_packages;
mod catalogs;
mod policies;
mod resources;
mod support;
