//! A body on its way in: not larger and not slower than allowed, whoever reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Interrupted {
    /// It is larger than allowed.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// How large it may be.
        limit: usize,
    },
    /// The next piece did not come in time.
    #[error("the body did not go on within {seconds} seconds")]
    TooSlow {
        /// How long a piece may take.
        seconds: u64,
    },
    /// The client stopped sending.
    #[error("the body ended before it was complete")]
    Broken,
}

/// Whether the body is still coming.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Whether somebody waits for more of the body.
    pub(crate) fn is_reading(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, is_reading: bool) {
        self.0.store(is_reading, Ordering::Relaxed);
    }
}

/// The same body, which ends with [`Interrupted`] where it is larger than `limit` or a piece takes longer than `patience`.
pub(super) fn guarded(body: Body, limit: usize, patience: Duration, progress: &Progress) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let progress = progress.clone();
    let pieces = body.into_data_stream().map_err(|_| Interrupted::Broken);
    let guarded = stream::try_unfold((pieces, 0_usize), move |(mut pieces, read)| {
        let progress = progress.clone();
        async move {
            progress.set(true);
            let next = tokio::time::timeout(patience, pieces.next()).await;
            progress.set(false);
            let Some(piece) = next.map_err(|_| Interrupted::TooSlow {
                seconds: patience.as_secs(),
            })?
            else {
                return Ok(None);
            };
            let piece = piece?;
            let read = read.saturating_add(piece.len());
            if read > limit {
                return Err(Interrupted::TooLarge { limit });
            }
            Ok(Some((piece, (pieces, read))))
        }
    });
    Body::from_stream(guarded)
}
