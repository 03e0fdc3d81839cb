//! `resources`.

pub(super) mod refresh;
