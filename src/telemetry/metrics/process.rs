use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

/// What Linux tells of the process (proc(5)), by the names that Prometheus's own clients have for it.
/// Elsewhere there is nothing.
#[derive(Debug)]
pub(super) struct Process;

/// `USER_HZ`, which is the same on all that runs Linux today.
const TICKS_PER_SECOND: f64 = 100.0;
/// Where `utime` stands in `stat`, counted from the state; `stime` is next to it.
const USER_TIME: usize = 11;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(bytes) = resident_bytes() {
            let (name, help) = ("process_resident_memory", "Memory that is in use");
            let metric = encoder.encode_descriptor(name, help, Some(&Unit::Bytes), MetricType::Gauge)?;
            ConstGauge::new(bytes).encode(metric)?;
        }
        if let Some(seconds) = cpu_seconds() {
            let (name, help) = ("process_cpu", "Time spent on processors");
            let metric = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Counter)?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            let (name, help) = ("process_open_fds", "Files and connections that are open");
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(files.count()).unwrap_or(i64::MAX)).encode(metric)?;
        }
        if let Some(most) = most_files() {
            let (name, help) = ("process_max_fds", "How many files and connections may be open");
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(most).encode(metric)?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<i64>().ok()? * 1024)
}

fn most_files() -> Option<i64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name stands in parentheses, and may hold anything.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let times = after_name.split(' ').skip(USER_TIME).take(2);
    let ticks = times.map(str::parse::<u32>).sum::<Result<u32, _>>().ok()?;
    Some(f64::from(ticks) / TICKS_PER_SECOND)
}
