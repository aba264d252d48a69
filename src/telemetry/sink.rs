use std::{
    io::{self, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

use super::metrics;

/// Lines on their way to standard error.
///
/// A request puts its line here and goes on; a thread writes what has gathered, many lines at once.
/// So a request never waits for whoever reads the log, and does not pay for a system call.
pub(super) struct Sink {
    lines: Mutex<Vec<u8>>,
    /// That there is something to write.
    filled: Condvar,
}

pub(super) static SINK: Sink = Sink { lines: Mutex::new(Vec::new()), filled: Condvar::new() };

/// How much may wait. What comes on top of that, when nobody reads the log, is lost.
const MAX_BYTES: usize = 1024 * 1024;
/// How long lines gather before they are written.
const GATHERING: Duration = Duration::from_millis(20);

/// Starts the thread that writes.
pub(super) fn start() {
    // Without the thread, what gathers is written at the end.
    let _ = thread::Builder::new().name("log".to_owned()).spawn(|| {
        loop {
            let lines = SINK.filled.wait_while(SINK.lock(), |lines| lines.is_empty());
            drop(lines);
            thread::sleep(GATHERING);
            SINK.flush();
        }
    });
}

impl Sink {
    pub(super) fn flush(&self) {
        // Held while writing, so that what is taken later is written later.
        let mut stderr = io::stderr().lock();
        let lines = std::mem::take(&mut *self.lock());
        // There is nowhere left to tell that the log cannot be written.
        let _ = stderr.write_all(&lines);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> MakeWriter<'a> for &'static Sink {
    type Writer = &'static Sink;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.lock();
        let is_first = lines.is_empty();
        if lines.len() + line.len() <= MAX_BYTES {
            lines.extend_from_slice(line);
        } else {
            metrics::line_lost();
        }
        drop(lines);
        if is_first {
            self.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
