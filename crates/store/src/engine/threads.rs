//! The threads of an engine: told to stop and waited for when their owner goes.

use std::thread::{Builder, JoinHandle, current};

use crate::error::Error;

pub(super) struct Threads {
    stop: Box<dyn Fn() + Send + Sync>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// `stop` makes every thread end once it has done what waits.
    pub(super) fn new(stop: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            stop: Box::new(stop),
            handles: Vec::new(),
        }
    }

    pub(super) fn start(
        &mut self,
        name: String,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), Error> {
        let handle = Builder::new()
            .name(name)
            .spawn(body)
            .map_err(|error| Error::driver("starting a thread of the store", error))?;
        self.handles.push(handle);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        (self.stop)();
        for handle in self.handles.drain(..) {
            // The work of a job may hold the last store: then its thread ends by itself.
            if handle.thread().id() != current().id() && handle.join().is_err() {
                tracing::error!("a thread of the store ended by a panic");
            }
        }
    }
}
