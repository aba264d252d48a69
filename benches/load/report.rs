//! What was measured, as text and as JSON.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use crate::{
    expected::{ELSEWHERE, Expected},
    options::Kind,
    workload::Workload,
};

/// What the server may take, in KiB.
const MOST_MEMORY: u64 = 60 * 1024;

/// What was measured on one database.
pub(crate) struct Report {
    pub(crate) kind: Kind,
    /// Of which version, how much data, how long.
    pub(crate) setting: String,
    pub(crate) workloads: Vec<Measured>,
    pub(crate) overloads: Vec<Overload>,
    pub(crate) memory: Option<Memory>,
}

/// By far more requests than can be answered.
pub(crate) struct Overload {
    pub(crate) workload: Workload,
    pub(crate) clients: u32,
    /// The 99th percentile where there is a tenth of what is sustained.
    pub(crate) unloaded: Duration,
    /// What is answered in a second by the clients of the other runs, all of whom are answered.
    pub(crate) sustained: f64,
    /// What is answered in a second; the rest of what is offered is refused.
    pub(crate) accepted: f64,
    pub(crate) offered: f64,
    /// Of what is answered.
    pub(crate) p99: Duration,
    /// How long `/healthz` took at most, if it always answered.
    pub(crate) slowest_probe: Option<Duration>,
}

/// The server's proportional set size, in KiB.
pub(crate) struct Memory {
    pub(crate) idle: u64,
    /// At most, under the workloads.
    pub(crate) peak: u64,
    /// At most, overload included.
    pub(crate) overloaded: u64,
}

/// What was measured of one workload.
pub(crate) struct Measured {
    pub(crate) workload: Workload,
    /// SQL statements a request, if the database counted them.
    pub(crate) statements: Option<f64>,
    /// Of an answer.
    pub(crate) bytes: usize,
    pub(crate) rounds: Vec<Round>,
}

/// A run of the server, and one of its database alone, right after another.
pub(crate) struct Round {
    pub(crate) requests: f64,
    pub(crate) limit: f64,
    /// What another server answers, if it was asked.
    pub(crate) yoga: Option<f64>,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// The server's, for a request.
    pub(crate) processor: Option<Duration>,
}

impl Measured {
    /// The median over the rounds.
    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        let mut figures: Vec<_> = self.rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let upper = figures.len() / 2;
        let lower = figures.len().saturating_sub(1) / 2;
        figures
            .get(lower)
            .zip(figures.get(upper))
            .map_or(f64::NAN, |(lower, upper)| f64::midpoint(*lower, *upper))
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.median(|round| round.requests / round.limit)
    }

    fn yoga_ratio(&self) -> Option<f64> {
        Some(self.median(|round| round.yoga.map_or(f64::NAN, |yoga| yoga / round.limit)))
            .filter(|ratio| ratio.is_finite())
    }

    fn times_yoga(&self) -> Option<String> {
        Some(format!("{} {:.1}", self.workload.name(), self.ratio() / self.yoga_ratio()?))
    }

    fn processor_micros(&self) -> Option<f64> {
        let micros = self
            .median(|round| round.processor.map_or(f64::NAN, |processor| milliseconds(processor) * 1_000.0));
        micros.is_finite().then_some(micros)
    }

    fn spread(&self) -> (f64, f64) {
        let ratios = self.rounds.iter().map(|round| round.requests / round.limit);
        (ratios.clone().fold(f64::INFINITY, f64::min), ratios.fold(0.0, f64::max))
    }
}

impl Report {
    /// A section of Markdown, fit to be read as it is.
    pub(crate) fn text(&self) -> String {
        let mut rows = vec![
            [
                "",
                "what",
                "requests/s",
                "bare SQL/s",
                "ratio",
                "in the rounds",
                "required",
                "aim",
                "p50 ms",
                "p99 ms",
                "server's CPU µs",
                "statements",
                "bytes",
            ]
            .map(ToOwned::to_owned),
        ];
        for measured in &self.workloads {
            let Expected { required, aim } = Expected::of(measured.workload);
            let (least, most) = measured.spread();
            rows.push([
                measured.workload.name().to_owned(),
                measured.workload.description().to_owned(),
                thousands(measured.median(|round| round.requests)),
                thousands(measured.median(|round| round.limit)),
                format!("{:.2}", measured.ratio()),
                format!("{least:.2}-{most:.2}"),
                format!("{required:.2}"),
                format!("{aim:.2}"),
                format!("{:.1}", measured.median(|round| milliseconds(round.p50))),
                format!("{:.1}", measured.median(|round| milliseconds(round.p99))),
                measured.processor_micros().map_or_else(|| "-".to_owned(), thousands),
                measured.statements.map_or_else(|| "-".to_owned(), |count| format!("{count:.1}")),
                thousands(measured.bytes as f64),
            ]);
        }
        let mut text = format!("### {}\n\n{}\n\n{}", self.kind.name(), self.setting, table(&rows));
        for overload in &self.overloads {
            let probe = overload.slowest_probe.map_or_else(
                || "`/healthz` did not always answer".to_owned(),
                |slowest| format!("`/healthz` answered within {:.0} ms", milliseconds(slowest)),
            );
            let _ = writeln!(
                text,
                "\nOverload ({}, {} clients): {} requests/s offered, {:.1} times what is sustained; {} answered, the \
                 others 503 with `Retry-After`. p99 of those answered {:.1} ms, {:.1} times that of a tenth of what is \
                 sustained ({:.1} ms); {probe}.",
                overload.workload.name(),
                thousands(f64::from(overload.clients)),
                thousands(overload.offered),
                overload.offered / overload.sustained,
                thousands(overload.accepted),
                milliseconds(overload.p99),
                overload.p99.as_secs_f64() / overload.unloaded.as_secs_f64(),
                milliseconds(overload.unloaded),
            );
        }
        if let Some(memory) = &self.memory {
            let _ = writeln!(
                text,
                "\nMemory of the server (PSS): {} MiB idle, {} MiB at most under W1 to W5 ({} are allowed); \
                 {} MiB under overload.",
                mebibytes(memory.idle),
                mebibytes(memory.peak),
                MOST_MEMORY / 1024,
                mebibytes(memory.overloaded),
            );
        }
        text
    }

    /// The same, with every round.
    pub(crate) fn json(&self) -> Value {
        let workloads = self.workloads.iter().map(|measured| {
            let rounds = measured.rounds.iter().map(|round| {
                json!({
                    "requests_per_second": round.requests,
                    "bare_sql_per_second": round.limit,
                    "yoga_requests_per_second": round.yoga,
                    "p50_ms": milliseconds(round.p50),
                    "p99_ms": milliseconds(round.p99),
                    "server_processor_ms": round.processor.map(milliseconds),
                })
            });
            json!({
                "workload": measured.workload.name(),
                "ratio": measured.ratio(),
                "statements": measured.statements,
                "bytes": measured.bytes,
                "rounds": rounds.collect::<Vec<_>>(),
            })
        });
        json!({
            "database": self.kind.name(),
            "setting": self.setting,
            "workloads": workloads.collect::<Vec<_>>(),
            "memory_kib": self.memory.as_ref().map(|memory| json!({
                "idle": memory.idle,
                "peak": memory.peak,
                "overloaded": memory.overloaded,
            })),
        })
    }
}

/// A server, and its ratio under each workload that was measured, where it has one.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) ratios: Vec<Option<f64>>,
}

/// All that there is to compare, this server first.
pub(crate) fn contenders(postgres: &Report) -> Vec<Contender> {
    let contender = |name, ratio: &dyn Fn(&Measured) -> Option<f64>| Contender {
        name,
        ratios: postgres.workloads.iter().map(ratio).collect(),
    };
    let elsewhere = ELSEWHERE
        .iter()
        .map(|other| contender(other.name, &|measured| other.ratios[measured.workload as usize]));
    [
        contender("funcster-api", &|measured| Some(measured.ratio())),
        contender("GraphQL Yoga", &Measured::yoga_ratio),
    ]
    .into_iter()
    .chain(elsewhere)
    .filter(|contender| contender.ratios.iter().any(Option::is_some))
    .collect()
}

/// The ratios on PostgreSQL beside those of others, as a section of Markdown.
pub(crate) fn comparison(postgres: &Report) -> String {
    let names = postgres.workloads.iter().map(|measured| measured.workload.name());
    let mut rows = vec![
        ["requests/s, bare SQL = 1"].into_iter().chain(names).map(ToOwned::to_owned).collect::<Vec<_>>(),
    ];
    for Contender { name, ratios } in contenders(postgres) {
        let ratios =
            ratios.iter().map(|ratio| ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")));
        rows.push([name.to_owned()].into_iter().chain(ratios).collect());
    }
    let times: Vec<_> = postgres.workloads.iter().filter_map(Measured::times_yoga).collect();
    let beside = if times.is_empty() {
        String::new()
    } else {
        format!("\nTimes what GraphQL Yoga answers, in the same run: {}.\n", times.join(", "))
    };
    format!(
        "### Beside others, on PostgreSQL\n\nThose with an asterisk were measured on another machine, where bare SQL was \
         slower: 14,150/s for W1.\n\n{}{beside}",
        table(&rows)
    )
}

/// A table in Markdown, its columns as wide as they must be. Words are to the left, numbers to the right.
fn table<Row: AsRef<[String]>>(rows: &[Row]) -> String {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.as_ref().get(column));
    let columns = rows.first().map_or(0, |row| row.as_ref().len());
    let is_text = |column| {
        cells(column).last().is_some_and(|cell| cell.starts_with(|first: char| first.is_alphabetic()))
    };
    let layout: Vec<_> = (0..columns)
        .map(|column| {
            (is_text(column), cells(column).map(|cell| cell.chars().count()).max().unwrap_or_default().max(3))
        })
        .collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, (is_text, width)) in row.as_ref().iter().zip(&layout) {
            let _ =
                if *is_text { write!(text, "| {cell:<width$} ") } else { write!(text, "| {cell:>width$} ") };
        }
        text.push_str("|\n");
        if index == 0 {
            for (is_text, width) in &layout {
                let line = "-".repeat(*width);
                let _ = if *is_text { write!(text, "| {line} ") } else { write!(text, "| {}: ", &line[1..]) };
            }
            text.push_str("|\n");
        }
    }
    text
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn mebibytes(kibibytes: u64) -> u64 {
    kibibytes.div_ceil(1024)
}

/// A whole number with commas.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
