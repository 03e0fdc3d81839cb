//! What is slow takes its own place in an outbox and nobody else's.

use std::sync::Mutex;
use std::time::Duration as RealTime;

use domain::time::Timestamp;
use service::outbox::{self, Outbox};
use service::{Service, ServiceError};
use tokio::sync::Notify;

use crate::support::World;

const ROWS: usize = 40;

/// Rows in memory, of which the first takes until the last is recorded.
struct Rows {
    service: Service,
    wake: Notify,
    waiting: Mutex<Vec<usize>>,
    recorded: Mutex<Vec<usize>>,
    last: Notify,
}

impl Outbox for Rows {
    type Item = usize;
    type Outcome = ();

    const WHAT: &'static str = "rows";

    fn service(&self) -> &Service {
        &self.service
    }

    fn wake(&self) -> &Notify {
        &self.wake
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, ServiceError> {
        let is_done = self.waiting.lock().unwrap().is_empty();
        Ok((!is_done).then_some(self.service.clock.now()))
    }

    async fn claim(&self, _owner: &str, limit: i64) -> Result<Vec<usize>, ServiceError> {
        let mut waiting = self.waiting.lock().unwrap();
        let limit = usize::try_from(limit).unwrap().min(waiting.len());
        Ok(waiting.drain(..limit).collect())
    }

    async fn perform(&self, item: &usize) {
        if *item == 0 {
            self.last.notified().await;
        }
    }

    async fn record(&self, _owner: &str, item: &usize, (): ()) -> Result<(), ServiceError> {
        self.recorded.lock().unwrap().push(*item);
        if *item == ROWS {
            self.last.notify_one();
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_is_slow_holds_up_neither_what_waits_nor_what_becomes_due_meanwhile() {
    let world = World::new();
    let rows = Rows {
        service: world.service.clone(),
        wake: Notify::new(),
        waiting: Mutex::new((0..ROWS).collect()),
        recorded: Mutex::new(Vec::new()),
        last: Notify::new(),
    };

    let pass = outbox::pass(&rows);
    let comes_late = async {
        while rows.recorded.lock().unwrap().len() < ROWS - 1 {
            tokio::task::yield_now().await;
        }
        rows.waiting.lock().unwrap().push(ROWS);
        rows.wake.notify_one();
    };
    let both = async { tokio::join!(pass, comes_late) };
    let (done, ()) = tokio::time::timeout(RealTime::from_secs(50), both)
        .await
        .unwrap();

    assert_eq!(done.unwrap(), ROWS + 1);
    assert_eq!(rows.recorded.lock().unwrap().last(), Some(&0));
}
