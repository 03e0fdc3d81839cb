//! What a handler of Reeve's own API answers: a whole document, or one that is written while it is read.

use axum::response::Response;

use crate::reply::Reply;

/// An answer.
pub(crate) enum Answer {
    /// All of it.
    Whole(Reply),
    /// Its beginning; the rest follows.
    Stream(Response),
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::Whole(reply)
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Whole(reply) => reply.into(),
            Answer::Stream(response) => response,
        }
    }
}
