//! The portal as people meet it: pages, forms and what comes of them.

mod access;
mod approvals;
mod packages;
mod sign_in;
