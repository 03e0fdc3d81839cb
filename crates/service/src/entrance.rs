//! The first decision about a command, before the objects that its path names are looked at (RP-5).
//!
//! **Invariant:** whoever may not give the command at all learns nothing from it: not by another answer for a path that leads
//! somewhere than for one that does not.

use auth::directory::DirectoryAction;
use auth::roles::Action;

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

/// What a command asks of the caller, whichever object it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A role of entitlement management, somewhere.
    Entitlements(Action),
    /// A right in the directory; owners of groups do without.
    Directory(DirectoryAction),
    /// Nothing but that the object is the caller's own in some way, or that they may see it.
    Own,
    /// Nothing but to be a person who may ask for an access package, whose id or name is known to whoever has it (RQ-6).
    Requestor,
}

/// On whose behalf the path of a command is followed.
#[derive(Debug, Clone)]
pub struct Guide {
    /// Who looks at the objects on the way.
    pub way: Ctx,
    /// Who looks whether the way leads to the last one.
    pub end: Ctx,
}

/// On whose behalf the path of a command is followed: on the caller's own, who must not be led through what they may not see.
/// Whether the last object is where the path says is looked up by Reeve itself for those who may give the command somewhere:
/// the command decides about that object.
pub fn guide(service: &Service, ctx: &Ctx, asked: Asked) -> Result<Guide, ServiceError> {
    let (caller, system) = (ctx.clone(), service.system());
    Ok(match asked {
        Asked::Entitlements(action) => {
            authorize::admitted(ctx, action)?;
            Guide {
                way: caller,
                end: system,
            }
        }
        Asked::Requestor => Guide {
            way: caller,
            end: system,
        },
        // Who may write a part of the directory need not be able to read what it hangs on.
        Asked::Directory(action) if authorize::in_directory(ctx, action).is_ok() => Guide {
            way: system.clone(),
            end: system,
        },
        Asked::Directory(_) | Asked::Own => Guide {
            way: caller.clone(),
            end: caller,
        },
    })
}
