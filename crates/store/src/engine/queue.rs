//! Work that waits for a thread: two lanes, of which the interactive one goes first.
//!
//! What somebody waits for is often several writes, one after the other: accepted, planned, claimed, recorded. Where there is
//! one thread, bulk work therefore rests between its turns for as long as the others keep coming, but no longer than it worked.
//!
//! Invariant: no lane holds more threads than it may, and interactive work never keeps bulk work out for good.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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

/// So long after interactive work more of it is to be expected.
const CALM: Duration = Duration::from_millis(15);

pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    /// Its own, so that a thread that only pauses never takes the wake-up meant for one that waits for work.
    closing: Condvar,
    /// How many threads may be busy at a time, with interactive and with bulk work.
    limits: [usize; 2],
    /// Whether bulk work rests between its turns.
    rests: bool,
    started: Instant,
}

/// When bulk work may go on, measured from the start of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Rest {
    interactive_at: Option<Duration>,
    bulk_began: Duration,
    bulk_ended: Option<Duration>,
}

impl Rest {
    /// Until when it rests, if it still does.
    fn until(self, now: Duration) -> Option<Duration> {
        let (came, ended) = (self.interactive_at?, self.bulk_ended?);
        let worked = ended.saturating_sub(self.bulk_began);
        let until = (came + CALM).min(ended + worked);
        (until > now).then_some(until)
    }
}

struct State<J> {
    rest: Rest,
    interactive: VecDeque<J>,
    bulk: VecDeque<J>,
    /// Threads that are busy, with interactive and with bulk work.
    running: [usize; 2],
    turns_without_bulk: usize,
    closed: bool,
}

impl<J> Queue<J> {
    /// A queue of which so many threads at a time may be busy with interactive and with bulk work.
    pub(super) fn new(interactive: usize, bulk: usize) -> Self {
        let state = State {
            rest: Rest::default(),
            interactive: VecDeque::new(),
            bulk: VecDeque::new(),
            running: [0, 0],
            turns_without_bulk: 0,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            closing: Condvar::new(),
            limits: [interactive.max(1), bulk.max(1)],
            rests: false,
            started: started(),
        }
    }

    /// The queue of one thread, where bulk work rests between its turns.
    pub(super) fn of_one_thread() -> Self {
        Self {
            rests: true,
            ..Self::new(1, 1)
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
    /// Who got work calls [`Queue::done`] after it.
    pub(super) fn take(&self, most: usize) -> Option<(Lane, Vec<J>)> {
        let [most_interactive, most_bulk] = self.limits;
        let mut state = self.lock();
        loop {
            let now = self.started.elapsed();
            let rests_until = state.rest.until(now).filter(|_| self.rests);
            let [interactive, bulk] = state.running;
            let interactive_may_run =
                !state.interactive.is_empty() && interactive < most_interactive;
            let bulk_waits = !state.bulk.is_empty() && bulk < most_bulk;
            let bulk_may_run = bulk_waits && (rests_until.is_none() || state.closed);
            let bulk_is_due = !interactive_may_run || state.turns_without_bulk >= TURNS;
            if bulk_may_run && bulk_is_due {
                state.turns_without_bulk = 0;
                state.running = [interactive, bulk + 1];
                state.rest.bulk_began = now;
                let jobs = state.bulk.pop_front().into_iter().collect();
                return Some((Lane::Bulk, jobs));
            }
            if interactive_may_run {
                state.turns_without_bulk += 1;
                state.running = [interactive + 1, bulk];
                state.rest.interactive_at = Some(now);
                let count = state.interactive.len().min(most);
                let jobs = state.interactive.drain(..count).collect();
                return Some((Lane::Interactive, jobs));
            }
            if state.closed && state.interactive.is_empty() && state.bulk.is_empty() {
                return None;
            }
            state = match rests_until.filter(|_| bulk_waits) {
                Some(until) => {
                    let rest = until.saturating_sub(now);
                    let woken = self.changed.wait_timeout(state, rest);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Work that [`Queue::take`] gave is finished. The thread comes back for more by itself; another one is woken where
    /// it may do what it could not before.
    pub(super) fn done(&self, lane: Lane) {
        let ended = self.started.elapsed();
        let mut state = self.lock();
        let [interactive, bulk] = state.running;
        let may_matter = match lane {
            Lane::Interactive => {
                state.running = [interactive - 1, bulk];
                !state.interactive.is_empty()
            }
            Lane::Bulk => {
                state.running = [interactive, bulk - 1];
                state.rest.bulk_ended = Some(ended);
                !state.bulk.is_empty()
            }
        };
        if state.closed {
            self.changed.notify_all();
        } else if may_matter {
            self.changed.notify_one();
        }
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

#[expect(
    clippy::disallowed_methods,
    reason = "how long threads rest is no time that anything is stored with"
)]
fn started() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn g_10_bulk_work_rests_while_others_keep_coming_but_no_longer_than_it_worked() {
        let rest = Rest {
            interactive_at: Some(millis(141)),
            bulk_began: millis(100),
            bulk_ended: Some(millis(140)),
        };

        assert_eq!(rest.until(millis(142)), Some(millis(156)), "more may come");
        assert_eq!(rest.until(millis(156)), None, "nobody came");
        let busy = Rest {
            interactive_at: Some(millis(179)),
            ..rest
        };
        assert_eq!(busy.until(millis(179)), Some(millis(180)), "its turn again");
        assert_eq!(busy.until(millis(180)), None);
    }

    #[test]
    fn bulk_work_alone_never_rests() {
        let rest = Rest {
            bulk_began: millis(100),
            bulk_ended: Some(millis(140)),
            ..Rest::default()
        };
        assert_eq!(rest.until(millis(140)), None);
        assert_eq!(Rest::default().until(millis(0)), None);
    }

    #[test]
    fn bulk_work_that_rested_is_taken_though_nobody_wakes_the_thread() {
        let queue = Queue::of_one_thread();
        for job in [8, 9] {
            queue.push(Lane::Bulk, job).unwrap();
        }
        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![8])));
        queue.push(Lane::Interactive, 1).unwrap();
        assert_eq!(turn(&queue, 1), Some((Lane::Interactive, vec![1])));
        queue.done(Lane::Bulk);

        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![9])));
    }

    fn queue(interactive: &[u32], bulk: &[u32]) -> Queue<u32> {
        let queue = Queue::new(1, 1);
        for job in interactive {
            queue.push(Lane::Interactive, *job).unwrap();
        }
        for job in bulk {
            queue.push(Lane::Bulk, *job).unwrap();
        }
        queue
    }

    /// Takes work and is done with it at once.
    fn turn(queue: &Queue<u32>, most: usize) -> Option<(Lane, Vec<u32>)> {
        let taken = queue.take(most);
        if let Some((lane, _)) = &taken {
            queue.done(*lane);
        }
        taken
    }

    #[test]
    fn interactive_work_is_taken_together_and_bulk_work_alone() {
        let queue = queue(&[1, 2, 3], &[8, 9]);

        assert_eq!(turn(&queue, 2), Some((Lane::Interactive, vec![1, 2])));
        assert_eq!(turn(&queue, 2), Some((Lane::Interactive, vec![3])));
        assert_eq!(turn(&queue, 2), Some((Lane::Bulk, vec![8])));
        assert_eq!(queue.waiting(), 1);
    }

    #[test]
    fn bulk_work_gets_its_turn_though_interactive_work_never_ends() {
        let interactive: Vec<u32> = (0..100).collect();
        let queue = queue(&interactive, &[777]);

        let place = (0..100).position(|_| turn(&queue, 1) == Some((Lane::Bulk, vec![777])));

        assert_eq!(place, Some(TURNS));
    }

    #[test]
    fn work_beyond_the_limit_of_its_lane_waits_for_its_own_to_end() {
        let queue = queue(&[1, 2], &[8, 9]);
        assert_eq!(queue.take(1), Some((Lane::Interactive, vec![1])));
        // A second thread leaves what is interactive to the first.
        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![8])));

        queue.done(Lane::Interactive);
        assert_eq!(queue.take(1), Some((Lane::Interactive, vec![2])));
        queue.done(Lane::Bulk);

        assert_eq!(queue.take(1), Some((Lane::Bulk, vec![9])));
    }

    #[test]
    fn a_closed_queue_refuses_work_and_gives_out_what_is_left() {
        let queue = queue(&[1], &[9]);

        queue.close();

        assert_eq!(queue.push(Lane::Interactive, 2), Err(2));
        assert_eq!(turn(&queue, 1), Some((Lane::Interactive, vec![1])));
        assert_eq!(turn(&queue, 1), Some((Lane::Bulk, vec![9])));
        assert_eq!(queue.take(1), None);
    }
}
