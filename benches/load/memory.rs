//! How much memory the server takes: its proportional set size, as Linux counts it.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// KiB of this process; `None` where the system does not tell.
pub(crate) fn of(process: u32) -> Option<u64> {
    let summary = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    summary.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
}

/// Looks again and again, until dropped.
pub(crate) struct Watch {
    peak: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(process: u32) -> Self {
        let (peak, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (highest, ended) = (Arc::clone(&peak), Arc::clone(&over));
        let watcher = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                highest.fetch_max(of(process).unwrap_or_default(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(200));
            }
        });
        Self { peak, over, watcher: Some(watcher) }
    }

    /// The most that was seen, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}
