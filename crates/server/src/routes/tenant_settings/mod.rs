//! `settings` and `controlConfigurations`.

pub(super) mod configure;
pub(super) mod update;
