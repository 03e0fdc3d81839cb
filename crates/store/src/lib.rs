//! The database: SQLite in a file, or PostgreSQL shared by replicas, behind one type, [`Store`].
//!
//! A module per table holds its row type, its statements and the functions that run them; each takes a [`ReadTx`] or a
//! [`WriteTx`]. Statements are written once for both databases; [`dialect`] alone knows how they differ.
//!
//! **Invariant:** no SQL text leaves this crate, and none is made of what a client wrote.

mod dialect;
mod engine;
mod error;
mod migrate;
mod value;

pub use dialect::Engine;
pub use engine::{Location, Options, ReadTx, Statistics, Store, WriteTx};
pub use error::{BoxError, Error, Violation};
pub use migrate::SchemaState;
