use std::fmt::{self, Write};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::{record, traces};

/// What a line of the log looks like. Each bears the id of the request that it is about, if it is
/// about one.
pub(super) enum Line {
    /// One object: `timestamp`, `level`, `target`, `message`, and what else there is to say.
    Json,
    /// Time, level, message, and the rest as `name=value`.
    ForPeople,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self {
            Self::Json => json(&mut writer, event),
            Self::ForPeople => {
                SystemTime.format_time(&mut writer)?;
                let level = *event.metadata().level();
                let (begin, end) =
                    if writer.has_ansi_escapes() { (color(level), "\x1b[0m") } else { ("", "") };
                write!(writer, " {begin}{level:>5}{end} ")?;
                context.format_fields(writer.by_ref(), event)?;
                record::with(|record| write!(writer, " request_id={}", record.id())).transpose()?;
                writeln!(writer)
            }
        }
    }
}

fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

fn json(writer: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let metadata = event.metadata();
    writer.write_str(r#"{"timestamp":""#)?;
    SystemTime.format_time(writer)?;
    write!(writer, r#"","level":"{}","target":"{}""#, metadata.level(), metadata.target())?;
    let mut fields = JsonFields { writer, outcome: Ok(()) };
    event.record(&mut fields);
    fields.outcome?;
    // Ids are plain, as far as they come from outside.
    let ids = record::with(|record| {
        write!(writer, r#","request_id":"{}""#, record.id())?;
        record
            .trace
            .as_ref()
            .map_or(Ok(()), |trace| write!(writer, r#","trace_id":"{}""#, traces::id_of(trace)))
    });
    ids.transpose()?;
    writer.write_str("}\n")
}

struct JsonFields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    outcome: fmt::Result,
}

impl JsonFields<'_, '_> {
    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.outcome = self.outcome.and_then(|()| write!(self.writer, r#","{}":{value}"#, field.name()));
    }

    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.outcome = self.outcome.and_then(|()| {
            write!(self.writer, r#","{}":""#, field.name())?;
            Escaped(self.writer).write_fmt(value)?;
            self.writer.write_char('"')
        });
    }
}

impl Visit for JsonFields<'_, '_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.bare(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }
}

/// Writes what may stand in a JSON string (RFC 8259 section 7).
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (index, byte) in text.bytes().enumerate() {
            if byte < b' ' || byte == b'"' || byte == b'\\' {
                self.0.write_str(&text[plain..index])?;
                write!(self.0, "\\u{byte:04x}")?;
                plain = index + 1;
            }
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use serde_json::Value;
    use tracing_subscriber::{fmt, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(line: Line, log: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = fmt::layer().with_ansi(false).event_format(line).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        String::from_utf8(kept.0.lock().expect("no panic").clone()).expect("UTF-8")
    }

    #[test]
    fn whatever_is_logged_is_one_line_of_json() {
        let awkward = "\"quoted\" \\ \n\r\t\0\u{1f} \u{2028} ü 🦀";
        let text = written(Line::Json, || {
            tracing::warn!(awkward, count = 3, most = 7_u128, left = -1, is = true, "said {awkward}");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&line["level"], &line["awkward"]), (&"WARN".into(), &awkward.into()));
        assert_eq!(line["message"], format!("said {awkward}"));
        assert_eq!((&line["count"], &line["most"]), (&3.into(), &7.into()));
        assert_eq!((&line["left"], &line["is"]), (&(-1).into(), &true.into()));
    }

    #[test]
    fn people_read_the_level_the_message_and_the_rest() {
        let text = written(Line::ForPeople, || {
            tracing::info!(status = 200, "answered");
        });
        assert!(text.ends_with("Z  INFO answered status=200\n"), "{text:?}");
    }
}
