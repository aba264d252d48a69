//! What an operator sees: health, the log, metrics and traces, of a server that runs as a process.

mod health;
mod log;
mod metrics;
mod queries;
mod scrape;
mod secrets;
mod served;
mod traces;
