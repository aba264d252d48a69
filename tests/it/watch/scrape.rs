use std::collections::BTreeMap;

use reqwest::header::CONTENT_TYPE;

/// What `/metrics` tells.
#[derive(Debug)]
pub(super) struct Scrape(pub(super) String);

/// One line of it.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) labels: BTreeMap<&'a str, &'a str>,
    pub(super) value: f64,
}

impl Scrape {
    pub(super) async fn of(address: &str) -> Self {
        let answer = reqwest::get(format!("http://{address}/metrics")).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let content_type = &answer.headers()[CONTENT_TYPE];
        assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        let text = answer.text().await.expect("a text");
        assert!(text.ends_with("# EOF\n"), "{text}");
        Self(text)
    }

    pub(super) fn samples(&self) -> impl Iterator<Item = Sample<'_>> {
        self.0.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            // No value of a label of ours has a comma in it.
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            let labels = labels.map(|label| {
                let (name, value) = label.split_once('=').expect("a label");
                (name, value.trim_matches('"'))
            });
            Sample { name, labels: labels.collect(), value: value.parse().expect("a number") }
        })
    }

    /// How much is counted under this name and these labels.
    #[expect(clippy::cast_possible_truncation, reason = "numbers of things are whole")]
    pub(super) fn count(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        self.sum(name, labels) as i64
    }

    /// The sum of what is measured under this name and these labels.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let is_meant = |sample: &Sample<'_>| {
            sample.name == name && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
        };
        self.samples().filter(is_meant).map(|sample| sample.value).sum()
    }

    /// The names of all that is told, as they stand in a query, without what a histogram adds to them.
    pub(super) fn families(&self) -> Vec<String> {
        let types = self.0.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let family = |line: &str| {
            let (name, kind) = line.split_once(' ').expect("a type");
            let suffix = if kind == "counter" { "_total" } else { "" };
            format!("{name}{suffix}")
        };
        types.map(family).collect()
    }
}
