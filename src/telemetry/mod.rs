//! What an operator sees of the server: its log, its metrics, its traces. Everything else tells this
//! module what happened, in one line, and asks nothing back.

mod line;
mod record;
mod request;
mod sink;
mod sql;

use std::{io::IsTerminal, panic};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use self::{line::Line, sink::SINK};
pub use self::{
    record::request_id,
    request::{X_REQUEST_ID, observe},
};
pub(crate) use self::{
    record::{current, failed, identified, named},
    request::observe_operation,
    sql::executed,
};

/// Writes the log to standard error from now on: lines for people in a terminal, JSON otherwise.
///
/// `level` is for what this server writes. Libraries are heard from warnings upwards: on finer levels
/// some of them write what was sent, secrets and all.
pub fn init(level: LevelFilter) {
    let targets = Targets::new().with_default(LevelFilter::WARN).with_target("funcster_api", level);
    let is_terminal = std::io::stderr().is_terminal();
    let line = if is_terminal { Line::ForPeople } else { Line::Json };
    let layer = fmt::layer().with_ansi(is_terminal).event_format(line).with_writer(&SINK);
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
    sink::start();
    panic::set_hook(Box::new(|panic| {
        // A message that was put together may hold what somebody wrote; a literal one does not.
        let message = panic.payload().downcast_ref::<&str>().copied();
        tracing::error!(message, place = panic.location().map(tracing::field::display), "panicked");
        flush();
    }));
}

/// Writes what of the log has not been written yet. To be called before the process ends.
pub fn flush() {
    SINK.flush();
}
