//! Calls of one kind that wait at the same time and are written as one unit of work: what each of them needs to know is
//! read, and what comes of them is written, in a few statements for all.
//!
//! The unit closes when the writer begins with it; so a call never waits for others to come, and under load as many join
//! as came meanwhile.
//!
//! Invariant: what the work answers as an error, or what fails, harms only whose it was: a unit that does not come to
//! pass as a whole is divided and every call is written for itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::job::{Reply, Verdict, WriteJob, caught};
use super::transaction::WriteTx;
use crate::error::Error;

/// Judges and writes calls; answers each of them, in their order.
type Work<I, T, E> = dyn Fn(&mut WriteTx<'_>, &[I]) -> Result<Vec<Result<T, E>>, E> + Send + Sync;

/// Calls that share a unit; `None` once the writer has begun with them.
type Open<I, T, E> = Mutex<Option<Calls<I, T, E>>>;

/// Calls of one kind, and how they are written together.
pub struct Together<I, T, E> {
    work: Arc<Work<I, T, E>>,
    open: Mutex<Option<Arc<Open<I, T, E>>>>,
    most: usize,
}

struct Calls<I, T, E> {
    items: Vec<I>,
    replies: Vec<Reply<Result<T, E>>>,
}

impl<I, T, E> std::fmt::Debug for Together<I, T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<I, T, E> Together<I, T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    /// Up to `most` calls are written by one run of `work`, which only reads, decides and writes. What a call is
    /// refused with must leave nothing behind; an error of the work itself undoes all of the run.
    pub fn new(
        most: usize,
        work: impl Fn(&mut WriteTx<'_>, &[I]) -> Result<Vec<Result<T, E>>, E> + Send + Sync + 'static,
    ) -> Self {
        Self {
            work: Arc::new(work),
            open: Mutex::new(None),
            most: most.max(1),
        }
    }

    /// Adds a call to those that wait; gives a unit to be submitted if it is the first of one.
    pub(super) fn join(&self, item: I, reply: Reply<Result<T, E>>) -> Option<Box<dyn WriteJob>> {
        let mut open = lock(&self.open);
        if let Some(unit) = &*open
            && let Some(calls) = &mut *lock(unit)
            && calls.items.len() < self.most
        {
            calls.items.push(item);
            calls.replies.push(reply);
            return None;
        }
        let unit = Arc::new(Mutex::new(Some(Calls {
            items: vec![item],
            replies: vec![reply],
        })));
        *open = Some(Arc::clone(&unit));
        Some(Box::new(Unit {
            work: Arc::clone(&self.work),
            open: unit,
            begun: Vec::new(),
            replies: Vec::new(),
            outcome: None,
        }))
    }

    /// Writes one call alone.
    pub(super) fn alone(
        &self,
        item: I,
    ) -> impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static {
        let work = Arc::clone(&self.work);
        move |tx| {
            let mut done = work(tx, std::slice::from_ref(&item))?;
            done.pop().unwrap_or_else(|| {
                Err(Error::Panicked {
                    message: unanswered(),
                }
                .into())
            })
        }
    }
}

fn unanswered() -> String {
    "the work answered fewer calls than it was given".to_owned()
}

/// No code that can panic runs under these locks, so that a poisoned one is as good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Unit<I, T, E> {
    work: Arc<Work<I, T, E>>,
    open: Arc<Open<I, T, E>>,
    /// The calls, once it is closed.
    begun: Vec<I>,
    replies: Vec<Reply<Result<T, E>>>,
    outcome: Option<Result<Vec<Result<T, E>>, E>>,
}

impl<I, T, E> Unit<I, T, E> {
    /// From now on nobody joins.
    fn close(&mut self) {
        if let Some(calls) = lock(&self.open).take() {
            self.begun = calls.items;
            self.replies = calls.replies;
        }
    }
}

impl<I, T, E> WriteJob for Unit<I, T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Verdict {
        self.close();
        let work = || {
            let answers = (self.work)(tx, &self.begun)?;
            if tx.setback().is_none() {
                tx.publish()?;
            }
            Ok(answers)
        };
        let (outcome, verdict) = match caught(work) {
            Ok(Ok(_)) if tx.setback().is_some() => (Err(Error::Aborted.into()), Verdict::Discard),
            Ok(Ok(answers)) if answers.len() < self.begun.len() => (
                Err(Error::Panicked {
                    message: unanswered(),
                }
                .into()),
                Verdict::Panicked,
            ),
            Ok(Ok(answers)) => (Ok(answers), Verdict::Keep),
            Ok(Err(error)) => (Err(error), Verdict::Discard),
            Err(error) => (Err(error.into()), Verdict::Panicked),
        };
        self.outcome = Some(outcome);
        verdict
    }

    fn is_many(&self) -> bool {
        self.begun.len() > 1
    }

    fn parts(mut self: Box<Self>) -> Vec<Box<dyn WriteJob>> {
        self.close();
        let calls = std::mem::take(&mut self.begun)
            .into_iter()
            .zip(std::mem::take(&mut self.replies));
        calls
            .map(|(item, reply)| -> Box<dyn WriteJob> {
                Box::new(Self {
                    work: Arc::clone(&self.work),
                    open: Arc::new(Mutex::new(None)),
                    begun: vec![item],
                    replies: vec![reply],
                    outcome: None,
                })
            })
            .collect()
    }

    fn answer(self: Box<Self>) {
        let Self {
            work,
            begun,
            replies,
            outcome,
            ..
        } = *self;
        // What the work and the calls hold is let go before anybody goes on.
        drop(work);
        drop(begun);
        match outcome.unwrap_or_else(|| Err(Error::Closed.into())) {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    reply.send(answer);
                }
            }
            // Only where one call is alone: others are divided before.
            Err(error) => {
                if let Some(reply) = replies.into_iter().next() {
                    reply.send(Err(error));
                }
            }
        }
    }

    fn fail(mut self: Box<Self>, error: Error) {
        self.close();
        for reply in self.replies {
            reply.send(Err(error.for_another().into()));
        }
    }
}
