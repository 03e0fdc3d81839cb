//! Listing who has an object in truth, for sweeps.
//!
//! A connector that can list names members by **keys**: texts that mean something in its target alone, such as a DN or
//! the id of a SCIM user. Two questions lead from there to people: the keys under which a subject would be listed, and
//! the names that the target knows of a member. Only the first proves anything; the second is a clue whom to ask about.
//!
//! **Invariant:** a listing is complete or it is an error. A target that tells a part is never taken at its word, or
//! those that it left out would seem to have lost their access.

use crate::{BoxFuture, Object, Outcome, Subject};

/// Somebody who has an object, as the target tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The keys by which the member is recognised; at least one, the first is the one to show.
    pub keys: Vec<String>,
    /// What the target calls the member, for people.
    pub label: String,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Who has the object.
    pub members: Vec<Member>,
    /// Where the next page begins; none: this was the last one.
    pub next: Option<String>,
}

/// In which order members are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By their only key, which is the directory id, and from any key on: what is listed can be compared as it comes.
    ObjectId,
    /// As the target likes: what is listed can be compared when all of it is there.
    Any,
}

/// The keys of a subject in a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Listed under one of these, if at all; without any, the target does not know the subject.
    Known(Vec<String>),
    /// The target cannot tell, because several of its users match, or because the subject lacks the name it asks for.
    Unclear,
}

/// What a connector adds that can list.
pub trait Lister: Send + Sync {
    /// In which order members come.
    fn order(&self) -> Order;

    /// Who has the object, from a place that an earlier page named, or from the beginning. Where the order is
    /// [`Order::ObjectId`], that place may be any id, and the page begins behind it.
    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>>;

    /// Under which keys each subject would be listed, in the order asked.
    fn keys<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>>;

    /// The names that may tell who each member is, in the order asked: directory ids, sign-in names, mail addresses,
    /// or the part of them before the `@`.
    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>>;
}
