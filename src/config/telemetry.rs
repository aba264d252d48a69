use tracing::level_filters::LevelFilter;

/// What an operator sees.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// `LOG_LEVEL`: from which level on this server writes to its log.
    pub log_level: LevelFilter,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log_level: LevelFilter::INFO }
    }
}
