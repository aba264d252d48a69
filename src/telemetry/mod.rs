//! What an operator sees of the server: its log, its metrics, its traces. Everything else tells this
//! module what happened, in one line, and asks nothing back.

mod line;
pub mod metrics;
mod operation;
mod record;
mod request;
mod sink;
mod sql;
mod traces;

use std::{error::Error, io::IsTerminal, panic};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use self::{line::Line, sink::SINK};
pub(crate) use self::{
    metrics::{
        event_delivered, event_published, keys_fetched, persisted_query, read_begins, replica_in_use,
        signed_up, token_checked,
    },
    operation::{executing, subscribed},
    record::{Current, Subject, carry_all, current, failed, identified},
    request::observe_operation,
    sql::executed,
    traces::send,
};
pub use self::{
    record::request_id,
    request::{X_REQUEST_ID, observe},
};
use crate::config::Telemetry;

/// Writes the log to standard error from now on, lines for people in a terminal, JSON otherwise; and
/// sends traces, if there is a collector.
///
/// The level is for what this server writes. Libraries are heard from warnings upwards: on finer levels
/// some of them write what was sent, secrets and all.
///
/// # Errors
/// When traces cannot be sent.
pub fn init(settings: &Telemetry) -> Result<(), Box<dyn Error + Send + Sync>> {
    let level = settings.log_level;
    let targets = Targets::new().with_default(LevelFilter::WARN).with_target("funcster_api", level);
    let is_terminal = std::io::stderr().is_terminal();
    let line = if is_terminal { Line::ForPeople } else { Line::Json };
    let layer = fmt::layer().with_ansi(is_terminal).event_format(line).with_writer(&SINK);
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
    sink::start();
    panic::set_hook(Box::new(|panic| {
        // A message that was put together may hold what somebody wrote; a literal one does not.
        let reason = panic.payload().downcast_ref::<&str>().copied();
        tracing::error!(reason, place = panic.location().map(tracing::field::display), "panicked");
        flush();
    }));
    settings.traces.as_ref().map_or(Ok(()), traces::start)
}

/// Sends what of the traces has not been sent yet. To be called when the server has stopped.
pub async fn stop() {
    // A failure has been told in the log.
    let _ = tokio::task::spawn_blocking(traces::stop).await;
}

/// Writes what of the log has not been written yet. To be called before the process ends.
pub fn flush() {
    SINK.flush();
}
