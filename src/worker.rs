//! The threads that serve connections, each with a runtime of its own.
//!
//! A runtime that several threads share hands tasks from one to the other, and wakes the other to do
//! so; where a request is a few short steps between waits, that costs as much as the steps. So a
//! connection stays with the thread that it was given to, and so do the connections to the database that its
//! requests use.

use std::cell::Cell;

thread_local! {
    static INDEX: Cell<Option<usize>> = const { Cell::new(None) };
}

/// This thread's place among the worker threads, from 0; `None` for any other thread.
#[must_use]
pub(crate) fn index() -> Option<usize> {
    INDEX.get()
}

/// Makes this thread the worker thread with that place.
pub(crate) fn become_worker(index: usize) {
    INDEX.set(Some(index));
}
