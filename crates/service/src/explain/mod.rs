//! Why Reeve decides as it does, told to whoever may know.
//!
//! **Invariant:** an explanation comes out of the code that decides; no rule is written down here a second time.

pub mod access;
pub mod approval;
pub mod authorization;
mod holding;
mod place;
pub mod request;
pub mod resource;
mod who;
