//! The directory: users, groups, applications, who is in what.

mod app_roles;
mod groups;
mod members;
mod objects;
mod users;

use auth::principal::{DirectoryRole, Permission};
use domain::directory::{GroupChanges, UserChanges};
use domain::id::ObjectId;
use service::Ctx;

use crate::support::{app_with, as_user};

/// An application that may write the whole directory.
fn administrator() -> Ctx {
    app_with(&[Permission::DirectoryReadWriteAll])
}

/// An application that may only read it.
fn reader() -> Ctx {
    app_with(&[Permission::DirectoryReadAll])
}

/// A signed-in user with a permission for groups, but no role.
fn somebody(user: ObjectId) -> Ctx {
    as_user(user, &[])
}

/// A signed-in user who administers users and groups.
fn user_administrator(user: ObjectId) -> Ctx {
    as_user(user, &[DirectoryRole::UserAdministrator])
}

fn named_user(name: &str) -> UserChanges {
    UserChanges {
        user_principal_name: Some(format!("{name}@reeve.example")),
        display_name: Some(name.to_owned()),
        ..UserChanges::default()
    }
}

fn named_group(name: &str) -> GroupChanges {
    GroupChanges {
        display_name: Some(name.to_owned()),
        ..GroupChanges::default()
    }
}
