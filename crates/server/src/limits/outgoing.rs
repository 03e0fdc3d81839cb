//! An answer on its way out: in pieces, and with its place among all requests until the last piece is asked for.
//!
//! The protocols below take a piece only when they have room for it, so what a client does not read stays here, where it
//! is counted.
//!
//! **Invariant:** of what a client does not read, no more is outside of this count than a piece for each stream of HTTP/2,
//! or what one buffer of HTTP/1 holds.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

/// How large a piece is. What is no larger is let go at once.
const PIECE: usize = 8 * 1024;

/// Marks an answer that goes on for as long as there is news: it has a place of its own, and none among all requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Apart;

/// The same body, in pieces; `held` is let go with the last of them.
pub(crate) fn held_until_sent<T: Send + 'static>(body: Body, held: T) -> Body {
    let is_small = body
        .size_hint()
        .upper()
        .is_some_and(|bytes| bytes <= PIECE as u64);
    if is_small {
        return body;
    }
    Body::new(Outgoing {
        body,
        rest: Bytes::new(),
        _held: Box::new(held),
    })
}

struct Outgoing {
    body: Body,
    /// What was taken out of the body and not handed out.
    rest: Bytes,
    _held: Box<dyn Send>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => self.rest = data,
                Ok(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let most = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(most);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inside = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inside.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(inside.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_large_answer_comes_whole_in_pieces_and_holds_its_place_until_the_last() {
        let held = Arc::new(());
        let text: Vec<u8> = (0..PIECE * 2 + 5).map(|n| n.to_le_bytes()[0]).collect();
        let mut body = held_until_sent(Body::from(text.clone()), Arc::clone(&held));
        assert_eq!(body.size_hint().exact(), Some(text.len() as u64));

        let mut seen = Vec::new();
        while let Some(frame) = body.frame().await {
            assert_eq!(Arc::strong_count(&held), 2);
            let piece = frame.unwrap().into_data().unwrap();
            assert!(piece.len() <= PIECE);
            seen.extend_from_slice(&piece);
            let rest = (text.len() - seen.len()) as u64;
            assert_eq!(body.size_hint().exact(), Some(rest));
            assert_eq!(body.is_end_stream(), rest == 0);
        }
        drop(body);

        assert_eq!(seen, text);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn a_small_answer_holds_nothing() {
        let held = Arc::new(());

        let _body = held_until_sent(Body::from("{}"), Arc::clone(&held));

        assert_eq!(Arc::strong_count(&held), 1);
    }
}
