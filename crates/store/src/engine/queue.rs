//! Work that waits for a thread: two lanes, of which the interactive one goes first.
//!
//! Invariant: bulk work never holds all threads, and interactive work never keeps bulk work out for good.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who waits for the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Somebody waits for the answer.
    Interactive,
    /// A sweep or an import, which can wait.
    Bulk,
}

/// After this many turns of interactive work, one turn of bulk work that waits.
const TURNS: usize = 8;

pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    /// Its own, so that a thread that only pauses never takes the wake-up meant for one that waits for work.
    closing: Condvar,
    /// How many threads may be busy with bulk work at a time.
    bulk_limit: usize,
}

struct State<J> {
    interactive: VecDeque<J>,
    bulk: VecDeque<J>,
    bulk_running: usize,
    turns_without_bulk: usize,
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new(bulk_limit: usize) -> Self {
        let state = State {
            interactive: VecDeque::new(),
            bulk: VecDeque::new(),
            bulk_running: 0,
            turns_without_bulk: 0,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            closing: Condvar::new(),
            bulk_limit: bulk_limit.max(1),
        }
    }

    /// Adds work; gives it back if the queue is closed.
    pub(super) fn push(&self, lane: Lane, job: J) -> Result<(), J> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        match lane {
            Lane::Interactive => state.interactive.push_back(job),
            Lane::Bulk => state.bulk.push_back(job),
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work and takes up to `most` interactive jobs, or one bulk job. `None`: closed, and nothing is left.
    ///
    /// Who got bulk work calls [`Queue::bulk_done`] after it.
    pub(super) fn take(&self, most: usize) -> Option<(Lane, Vec<J>)> {
        let mut state = self.lock();
        loop {
            let bulk_may_run = !state.bulk.is_empty() && state.bulk_running < self.bulk_limit;
            let bulk_is_due = state.interactive.is_empty() || state.turns_without_bulk >= TURNS;
            if bulk_may_run && bulk_is_due {
                state.turns_without_bulk = 0;
                state.bulk_running += 1;
                let jobs = state.bulk.pop_front().into_iter().collect();
                return Some((Lane::Bulk, jobs));
            }
            if !state.interactive.is_empty() {
                state.turns_without_bulk += 1;
                let count = state.interactive.len().min(most);
                let jobs = state.interactive.drain(..count).collect();
                return Some((Lane::Interactive, jobs));
            }
            if state.closed && state.bulk.is_empty() {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Bulk work that [`Queue::take`] gave is finished.
    pub(super) fn bulk_done(&self) {
        self.lock().bulk_running -= 1;
        self.changed.notify_all();
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        let state = self.lock();
        state.interactive.len() + state.bulk.len()
    }

    /// Refuses new work; what waits is still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
        self.closing.notify_all();
    }

    /// Waits for `pause`, or until the queue is closed.
    pub(super) fn pause(&self, pause: Duration) {
        let state = self.lock();
        drop(
            self.closing
                .wait_timeout_while(state, pause, |state| !state.closed),
        );
    }

    /// No code that can panic runs under this lock, so that a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(interactive: &[u32], bulk: &[u32]) -> Queue<u32> {
        let queue = Queue::new(1);
        for job in interactive {
            queue.push(Lane::Interactive, *job).unwrap();
        }
        for job in bulk {
            queue.push(Lane::Bulk, *job).unwrap();
        }
        queue
    }

    #[test]
    fn interactive_work_is_taken_together_and_bulk_work_alone() {
        let queue = queue(&[1, 2, 3], &[8, 9]);

        assert_eq!(queue.take(2), Some((Lane::Interactive, vec![1, 2])));
        assert_eq!(queue.take(2), Some((Lane::Interactive, vec![3])));
        assert_eq!(queue.take(2), Some((Lane::Bulk, vec![8])));
        assert_eq!(queue.waiting(), 1);
    }

    #[test]
    fn bulk_work_gets_its_turn_though_interactive_work_never_ends() {
        let interactive: Vec<u32> = (0..100).collect();
        let queue = queue(&interactive, &[777]);

        let turn = (0..100).position(|_| queue.take(1) == Some((Lane::Bulk, vec![777])));

        assert_eq!(turn, Some(TURNS));
    }

    #[test]
    fn bulk_work_beyond_its_limit_waits_for_its_own_to_end() {
        let queue = queue(&[], &[8, 9]);
        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![8])));

        queue.push(Lane::Interactive, 1).unwrap();
        assert_eq!(queue.take(1), Some((Lane::Interactive, vec![1])));
        queue.bulk_done();

        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![9])));
    }

    #[test]
    fn a_closed_queue_refuses_work_and_gives_out_what_is_left() {
        let queue = queue(&[1], &[9]);

        queue.close();

        assert_eq!(queue.push(Lane::Interactive, 2), Err(2));
        assert_eq!(queue.take(1), Some((Lane::Interactive, vec![1])));
        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![9])));
        queue.bulk_done();
        assert_eq!(queue.take(1), None);
    }
}
