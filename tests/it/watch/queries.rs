//! The dashboard, the alert rules and the page about them, against what is really told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::{
    metrics::{exercise, measured},
    scrape::Scrape,
};
use crate::support::{App, Kind};

/// Told by Prometheus itself, of each server that it asks.
const UP: &str = "up";
/// The labels that Prometheus adds.
const ADDED: [&str; 2] = ["instance", "job"];
const AGGREGATIONS: [&str; 5] = ["by", "without", "on", "ignoring", "group_left"];
const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// What a query speaks of.
#[derive(Debug, Default)]
struct Spoken {
    /// The metrics, each with the labels that it is chosen by.
    metrics: Vec<(String, Vec<String>)>,
    /// The labels that are grouped by.
    groups: BTreeSet<String>,
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_word = |part: &&str| part.starts_with(|c: char| c.is_ascii_alphabetic());
    parts.filter(is_word).map(ToOwned::to_owned).collect()
}

/// Removes what stands between `open` and `close`.
fn without(text: &str, open: char, close: char) -> String {
    let mut is_inside = false;
    let keep = |c: &char| {
        let was_inside = is_inside;
        is_inside = if is_inside { *c != close } else { *c == open };
        !was_inside && !is_inside
    };
    text.chars().filter(keep).collect()
}

fn spoken_of(query: &str) -> Spoken {
    let query = without(&without(query, '"', '"'), '[', ']');
    let (mut spoken, mut rest) = (Spoken::default(), query.as_str());
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start();
        rest = after;
        let is_function =
            after.starts_with('(') || ["by ", "without "].iter().any(|how| after.starts_with(how));
        if AGGREGATIONS.contains(&word) {
            let (labels, after) =
                after.strip_prefix('(').and_then(|after| after.split_once(')')).expect(&query);
            spoken.groups.extend(words(labels));
            rest = after;
        } else if let Some(chosen) = after.strip_prefix('{') {
            let (labels, after) = chosen.split_once('}').expect(&query);
            spoken.metrics.push((word.to_owned(), words(labels)));
            rest = after;
        } else if !is_function && !OPERATORS.contains(&word) {
            spoken.metrics.push((word.to_owned(), Vec::new()));
        }
    }
    spoken
}

fn queries_of_the_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("ops/grafana/funcster-api.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().expect("a query").to_owned()).collect()
}

/// The expressions of the rules: in one line, or indented below `expr: |`.
fn queries_of_the_rules() -> Vec<String> {
    let rules = read("ops/prometheus/alerts.yml");
    let expressions = rules.split("        expr: ").skip(1);
    let until_next_key = |text: &str| {
        let lines = text.trim_start_matches('|').lines();
        lines
            .take_while(|line| !line.starts_with("        for:") && !line.starts_with("        labels:"))
            .collect()
    };
    expressions.map(until_next_key).collect()
}

#[test]
fn what_a_query_speaks_of_is_found() {
    let spoken = spoken_of(
        r#"sum by (le, job) (rate(a_b_total{c=~"x{y}", d!="e"}[5m])) / on (f) g > 0.5 or vector(0)"#,
    );
    let labels = |labels: &[&str]| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        spoken.metrics,
        [("a_b_total".to_owned(), labels(&["c", "d"])), ("g".to_owned(), labels(&[]))]
    );
    assert_eq!(spoken.groups, labels(&["le", "job", "f"]).into_iter().collect());
    assert_eq!(queries_of_the_rules().len(), read("ops/prometheus/alerts.yml").matches("- alert:").count());
}

#[tokio::test]
async fn dashboard_rules_and_page_speak_of_metrics_that_there_are() {
    App::run(Kind::Postgres, async |app: &App| {
        let ada = app.coder("ada").await;
        // That it is no replica is told, too.
        let (served, address) = measured(app, &[("DATABASE_REPLICA_URL", &app.config.database_url)]).await;
        exercise(&served, app, &ada).await;
        let scrape = Scrape::of(&address).await;
        let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::from([(UP, ADDED.into())]);
        for sample in scrape.samples() {
            labels.entry(sample.name).or_insert_with(|| ADDED.into()).extend(sample.labels.keys());
        }
        let all: BTreeSet<&str> = labels.values().flatten().copied().collect();
        let queries: Vec<_> = queries_of_the_dashboard().into_iter().chain(queries_of_the_rules()).collect();
        assert!(queries.len() > 40, "{}", queries.len());
        for query in &queries {
            let spoken = spoken_of(query);
            assert!(!spoken.metrics.is_empty(), "{query}");
            for (metric, chosen_by) in spoken.metrics {
                let there_are =
                    labels.get(metric.as_str()).unwrap_or_else(|| panic!("{metric} is not told: {query}"));
                for label in chosen_by {
                    assert!(there_are.contains(label.as_str()), "{metric} has no {label}: {query}");
                }
            }
            assert!(spoken.groups.iter().all(|group| all.contains(group.as_str())), "{query}");
        }
        let page = read("docs/operations.md");
        for family in scrape.families() {
            assert!(page.contains(&format!("`{family}`")), "docs/operations.md does not tell of {family}");
            assert!(scrape.0.contains(&format!(
                "# HELP {}",
                family.trim_end_matches("_total").trim_end_matches("_info")
            )));
        }
        served.stop().await;
    })
    .await;
}
