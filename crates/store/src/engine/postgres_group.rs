//! Writes on PostgreSQL: those that wait together share one transaction and one commit.
//!
//! Invariants: a write is run again only while it is certain that it did not commit, and it is answered after its commit.
//! One that fails takes nothing of its neighbours along.
//!
//! Most writes have nothing to undo: they are kept, or refuse before they have changed anything. So a group runs
//! without savepoints at first, which saves two trips to the server for each write. Where one must be undone after all,
//! the group is rolled back and runs once more, each write in a savepoint of its own.

use std::sync::Arc;

use super::backoff;
use super::job::{Verdict, WriteJob};
use super::postgres::Session;
use super::queue::Queue;
use super::statistics::{add, count};
use super::transaction::{Connection, WriteTx};
use crate::error::{Error, Setback};

const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

/// How often a write is run before it is given up as [`Error::Busy`].
const TRIES: u32 = 32;

/// Conflicts after which a group is halved with every further one: less is in the way of others, and what cannot get
/// through is found.
const TRIES_TOGETHER: u32 = 2;

type Jobs = Vec<Box<dyn WriteJob>>;

/// Writes that stand or fall with one commit.
struct Group {
    jobs: Jobs,
    /// Each in a savepoint of its own.
    is_divided: bool,
    /// How often others were in the way.
    conflicts: u32,
    was_reconnected: bool,
}

/// What became of one try.
enum Tried {
    /// All is answered as the work said.
    Committed(Vec<Verdict>),
    /// Nothing is stored. One write, the only one or one that panicked, has its answer.
    Refused(usize, Verdict),
    /// Nothing is stored, because one is to be undone and the others are not.
    Spoilt,
    /// Not committed; worth another try.
    Again,
    /// Not committed, because the connection was lost.
    Lost(Error),
    /// Not committed, because of what is only checked at the end.
    Broken(Error),
    /// Not committed, or not known to be.
    Failed(Error),
}

impl Session {
    /// Runs the jobs in as few transactions as possible, and answers them.
    pub(super) fn write(&mut self, jobs: Jobs, queue: &Queue<Box<dyn WriteJob>>) {
        let mut groups = vec![Group {
            jobs,
            is_divided: false,
            conflicts: 0,
            was_reconnected: false,
        }];
        while let Some(group) = groups.pop() {
            // The rest of a group that was split comes before what follows it.
            groups.extend(self.write_group(group, queue).into_iter().rev());
        }
    }

    /// Tries once; gives what is still to be written.
    fn write_group(&mut self, mut group: Group, queue: &Queue<Box<dyn WriteJob>>) -> Vec<Group> {
        match self.try_write(&mut group) {
            Tried::Committed(verdicts) => {
                self.counters.committed();
                let jobs = std::mem::take(&mut group.jobs);
                for (job, verdict) in jobs.into_iter().zip(verdicts) {
                    group.jobs.extend(self.answer(job, verdict));
                }
                group.unless_done()
            }
            Tried::Refused(number, verdict) => {
                if number < group.jobs.len() {
                    let divided = self.answer(group.jobs.remove(number), verdict);
                    group.jobs.extend(divided);
                }
                group.unless_done()
            }
            Tried::Spoilt => {
                group.is_divided = true;
                vec![group]
            }
            Tried::Again => {
                add(&self.counters.retries, group.jobs.len() as u64);
                queue.pause(backoff::pause(group.conflicts));
                group.conflicts += 1;
                if group.conflicts >= TRIES {
                    group.fail(&Error::Busy)
                } else if group.conflicts > TRIES_TOGETHER {
                    group.smaller()
                } else {
                    vec![group]
                }
            }
            Tried::Lost(_) if !group.was_reconnected => {
                add(&self.counters.retries, group.jobs.len() as u64);
                group.was_reconnected = true;
                vec![group]
            }
            // Each for itself, to find whose it was.
            Tried::Broken(_) if group.can_be_divided() => group.singles(),
            Tried::Lost(error) | Tried::Broken(error) | Tried::Failed(error) => group.fail(&error),
        }
    }

    /// Answers a job, or gives its parts if it did not come to pass as a whole.
    fn answer(&self, job: Box<dyn WriteJob>, verdict: Verdict) -> Jobs {
        if verdict != Verdict::Keep && job.is_many() {
            return job.parts();
        }
        count(match verdict {
            Verdict::Keep => &self.counters.transactions,
            Verdict::Discard | Verdict::Panicked => &self.counters.rollbacks,
        });
        job.answer();
        Vec::new()
    }

    fn try_write(&mut self, group: &mut Group) -> Tried {
        if let Err((error, setback)) = self.begin(BEGIN) {
            return match setback {
                Setback::Disconnected => Tried::Lost(error),
                Setback::Contended | Setback::Failed => Tried::Failed(error),
            };
        }
        let is_alone = group.jobs.len() == 1;
        let mut verdicts = Vec::with_capacity(group.jobs.len());
        for (number, job) in group.jobs.iter_mut().enumerate() {
            let ran = if group.is_divided {
                self.run_divided(job.as_mut())
            } else {
                self.run(job.as_mut())
            };
            match ran {
                Ok((verdict, Remains::Nothing)) => verdicts.push(verdict),
                Ok((verdict, Remains::Something)) => {
                    self.roll_back();
                    return if is_alone || verdict == Verdict::Panicked {
                        Tried::Refused(number, verdict)
                    } else {
                        Tried::Spoilt
                    };
                }
                Err((error, setback)) => return self.gone(error, setback),
            }
        }
        self.commit(verdicts)
    }

    /// Runs one job. An error means that the whole transaction is gone.
    fn run(&mut self, job: &mut dyn WriteJob) -> Result<(Verdict, Remains), (Error, Setback)> {
        let counters = Arc::clone(&self.counters);
        let Some(connection) = &mut self.connection else {
            return Err((Error::Closed, Setback::Failed));
        };
        let mut tx = WriteTx::new(Connection::Postgres(connection), &counters);
        let verdict = job.run(&mut tx);
        match tx.setback() {
            Some(setback @ (Setback::Contended | Setback::Disconnected)) => Err((
                Error::unavailable(
                    "running a transaction",
                    "the connection to PostgreSQL was lost",
                ),
                setback,
            )),
            None if verdict == Verdict::Keep || !tx.has_written() => {
                Ok((verdict, Remains::Nothing))
            }
            None | Some(Setback::Failed) => Ok((verdict, Remains::Something)),
        }
    }

    /// The same in a savepoint, so that nothing remains.
    fn run_divided(
        &mut self,
        job: &mut dyn WriteJob,
    ) -> Result<(Verdict, Remains), (Error, Setback)> {
        self.control("SAVEPOINT job")?;
        let (verdict, remains) = self.run(job)?;
        self.control(match remains {
            Remains::Nothing => "RELEASE SAVEPOINT job",
            Remains::Something => "ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job",
        })?;
        Ok((verdict, Remains::Nothing))
    }

    fn control(&mut self, sql: &'static str) -> Result<(), (Error, Setback)> {
        match &mut self.connection {
            Some(connection) => connection.control(sql),
            None => Err((Error::Closed, Setback::Failed)),
        }
    }

    fn commit(&mut self, verdicts: Vec<Verdict>) -> Tried {
        match self.control("COMMIT") {
            Ok(()) => Tried::Committed(verdicts),
            Err((error, Setback::Disconnected)) => {
                self.connection = None;
                Tried::Failed(Error::Undecided {
                    source: error.into(),
                })
            }
            Err((error, setback)) => self.gone(error, setback),
        }
    }

    /// The transaction is gone, and nothing of it is stored.
    fn gone(&mut self, error: Error, setback: Setback) -> Tried {
        match setback {
            Setback::Disconnected => {
                self.connection = None;
                Tried::Lost(error)
            }
            Setback::Contended => {
                self.roll_back();
                Tried::Again
            }
            Setback::Failed => {
                self.roll_back();
                match error {
                    Error::Conflict(_) => Tried::Broken(error),
                    _ => Tried::Failed(error),
                }
            }
        }
    }
}

/// Whether a job left something in the transaction that is to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remains {
    Nothing,
    Something,
}

impl Group {
    /// Answers the same failure to all.
    fn fail(self, error: &Error) -> Vec<Self> {
        for job in self.jobs {
            job.fail(error.for_another());
        }
        Vec::new()
    }

    fn unless_done(self) -> Vec<Self> {
        if self.jobs.is_empty() {
            Vec::new()
        } else {
            vec![self]
        }
    }

    fn can_be_divided(&self) -> bool {
        self.jobs.len() > 1 || self.jobs.iter().any(|job| job.is_many())
    }

    /// Halves of what can be divided.
    fn smaller(mut self) -> Vec<Self> {
        if self.jobs.len() == 1 && self.can_be_divided() {
            let jobs = std::mem::take(&mut self.jobs);
            self.jobs = jobs.into_iter().flat_map(WriteJob::parts).collect();
        }
        let second = self.jobs.split_off(self.jobs.len().div_ceil(2));
        let second = self.with(second);
        [self, second]
            .into_iter()
            .flat_map(Self::unless_done)
            .collect()
    }

    fn singles(mut self) -> Vec<Self> {
        let jobs = std::mem::take(&mut self.jobs);
        let parts = jobs.into_iter().flat_map(WriteJob::parts);
        parts.map(|job| self.with(vec![job])).collect()
    }

    /// Others with the same past.
    fn with(&self, jobs: Jobs) -> Self {
        Self {
            jobs,
            is_divided: self.is_divided,
            conflicts: self.conflicts,
            was_reconnected: self.was_reconnected,
        }
    }
}
