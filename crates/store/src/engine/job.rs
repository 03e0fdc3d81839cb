//! A unit of work on its way to a thread and its answer on the way back.
//!
//! Invariant: every job is answered exactly once, and a write is answered only after its commit.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::transaction::{ReadTx, WriteTx};
use crate::error::Error;

/// Where the answer goes.
pub(super) enum Reply<R> {
    /// To a task.
    Task(oneshot::Sender<R>),
    /// To a thread that waits; its channel holds one answer, so that sending never blocks.
    Thread(mpsc::SyncSender<R>),
}

impl<R> Reply<R> {
    /// Whoever asked may have gone away: then nobody misses the answer.
    pub(super) fn send(self, answer: R) {
        match self {
            Self::Task(sender) => drop(sender.send(answer)),
            Self::Thread(sender) => drop(sender.send(answer)),
        }
    }
}

/// What the work wants of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Commit it.
    Keep,
    /// Roll it back.
    Discard,
    /// Roll it back and do not try again.
    Panicked,
}

/// A write, whatever its types.
pub(super) trait WriteJob: Send {
    /// Runs the work; may be called again if the transaction has to be repeated.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Verdict;
    /// Whether it is work for several callers that can be divided.
    fn is_many(&self) -> bool;
    /// The work for each caller alone; none of it has been done.
    fn parts(self: Box<Self>) -> Vec<Box<dyn WriteJob>>;
    /// Answers what the work said last.
    fn answer(self: Box<Self>);
    /// Answers `error` instead.
    fn fail(self: Box<Self>, error: Error);
}

/// A read, whatever its types.
pub(super) trait ReadJob: Send {
    /// Runs the work and answers it.
    fn run(self: Box<Self>, tx: &mut ReadTx<'_>);
    /// Answers `error` instead.
    fn fail(self: Box<Self>, error: Error);
}

pub(super) struct Write<F, T, E> {
    work: F,
    outcome: Option<Result<T, E>>,
    reply: Reply<Result<T, E>>,
}

impl<F, T, E> Write<F, T, E> {
    pub(super) fn new(work: F, reply: Reply<Result<T, E>>) -> Self {
        Self {
            work,
            outcome: None,
            reply,
        }
    }
}

impl<F, T, E> WriteJob for Write<F, T, E>
where
    F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Verdict {
        let work = || {
            let value = (self.work)(tx)?;
            if tx.setback().is_none() {
                tx.publish()?;
            }
            Ok(value)
        };
        let (outcome, verdict) = match caught(work) {
            Ok(Ok(_)) if tx.setback().is_some() => (Err(Error::Aborted.into()), Verdict::Discard),
            Ok(Ok(value)) => (Ok(value), Verdict::Keep),
            Ok(Err(error)) => (Err(error), Verdict::Discard),
            Err(error) => (Err(error.into()), Verdict::Panicked),
        };
        self.outcome = Some(outcome);
        verdict
    }

    fn is_many(&self) -> bool {
        false
    }

    fn parts(self: Box<Self>) -> Vec<Box<dyn WriteJob>> {
        vec![self]
    }

    fn answer(self: Box<Self>) {
        let Self {
            work,
            outcome,
            reply,
        } = *self;
        // What the work holds is let go before anybody goes on.
        drop(work);
        reply.send(outcome.unwrap_or_else(|| Err(Error::Closed.into())));
    }

    fn fail(self: Box<Self>, error: Error) {
        let Self { work, reply, .. } = *self;
        drop(work);
        reply.send(Err(error.into()));
    }
}

pub(super) struct Read<F, T, E> {
    work: F,
    reply: Reply<Result<T, E>>,
}

impl<F, T, E> Read<F, T, E> {
    pub(super) fn new(work: F, reply: Reply<Result<T, E>>) -> Self {
        Self { work, reply }
    }
}

impl<F, T, E> ReadJob for Read<F, T, E>
where
    F: FnOnce(&mut ReadTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(self: Box<Self>, tx: &mut ReadTx<'_>) {
        let Self { work, reply } = *self;
        reply.send(caught(|| work(tx)).unwrap_or_else(|error| Err(error.into())));
    }

    fn fail(self: Box<Self>, error: Error) {
        let Self { work, reply, .. } = *self;
        drop(work);
        reply.send(Err(error.into()));
    }
}

/// Runs `work`; a panic becomes an error. What the work borrowed is rolled back or dropped, so nothing half-done is seen.
pub(super) fn caught<R>(work: impl FnOnce() -> R) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic_message(panic.as_ref());
        tracing::error!(message, "a unit of database work panicked");
        Error::Panicked { message }
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}
