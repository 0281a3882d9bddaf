//! Whether somebody has every series and label that a dashboard speaks of: by the same check that users' rules get.

use std::collections::{BTreeMap, BTreeSet};

use doorbuster::rules::{
    bundle,
    check::{
        known::Known,
        survey::{Measure, survey},
        times::Beat,
    },
    flaw::Source,
    pace::Pace,
    span,
};
use serde_json::{Value, json};

use super::{asked, foreign, render, source, variables};
use crate::rules::files;

const OURS: &str = "dashboards";

/// The value of each variable at `pace`, and for those that are chosen from series, all.
fn values(pace: Pace) -> BTreeMap<String, String> {
    let value = |variable: &source::Variable| {
        if let Some(range) = &variable.range {
            return Some(span::text(pace.range(span::read(range).expect("a range"))));
        }
        if let Some(which) = &variable.windows {
            let window = variables::window(which, pace);
            return Some(format!("{}|{}", span::text(window.short), span::text(window.long)));
        }
        variable.all.clone()
    };
    let mut values: BTreeMap<String, String> = source::variables()
        .into_iter()
        .filter_map(|(name, variable)| Some((name, value(&variable)?)))
        .collect();
    values.insert("pace".to_owned(), pace.to_string());
    values
}

/// Everything that is asked of Prometheus at `pace`: panels, variables, and what is drawn over all panels.
fn expressions(pace: Pace) -> Vec<(String, String)> {
    let values = values(pace);
    let panels = asked::all().into_iter().filter(asked::Asked::is_promql);
    let mut found: Vec<(String, String)> =
        panels.map(|asked| (asked.place(), asked.expr().to_owned())).collect();
    for (name, board) in asked::boards() {
        for variable in asked::variables(&board) {
            let (expr, _) = asked::expression(variable["query"]["query"].as_str().expect("a question"));
            found.push((format!("{name} / ${}", variable["name"].as_str().expect("a name")), expr));
        }
    }
    found.push(("annotations".to_owned(), render::ALERTS.to_owned()));
    found.into_iter().map(|(place, expr)| (place, asked::filled(&expr, &values))).collect()
}

/// What the lab has, and what others are known to have.
fn known() -> Known {
    let ours = files::read(&files::at("src/lab/rules/series.txt"));
    // What rules ask for besides: the older names of the same families, and what a scrape adds.
    let more = "otelcol_exporter_enqueue_failed_spans_total{exporter=\"\"}\n\
                otelcol_exporter_enqueue_failed_metric_points_total{exporter=\"\"}\n\
                otelcol_exporter_enqueue_failed_log_records_total{exporter=\"\"}\n\
                redis_maxmemory_bytes{instance=\"\"}\n";
    Known::of_exposition(&format!("{ours}\n{}\n{more}", foreign::SAMPLES)).as_all()
}

fn flaws(pace: Pace, expressions: &[(String, String)]) -> Vec<String> {
    let rules: Vec<Value> = (0..expressions.len())
        .map(|at| json!({ "record": format!("dashboards:question:{at}"), "expr": expressions[at].1 }))
        .collect();
    let text = json!({ "groups": [{ "name": "dashboards", "rules": rules }] }).to_string();
    let bundled = bundle::rule_files(pace);
    let mut sources: Vec<Source<'_>> =
        bundled.iter().map(|file| Source { name: file.name, text: file.text }).collect();
    sources.push(Source { name: OURS, text: &text });
    let known = known();
    let beat = Beat { scrape: pace.scrape(), evaluation: pace.evaluation() };
    let measure = Measure { pace, beat, known: &known, pages: BTreeSet::new() };
    let found = survey(&sources, &measure).into_iter().filter(|flaw| flaw.file == OURS);
    found.map(|flaw| flaw.to_string()).collect()
}

#[test]
fn somebody_has_every_series_and_label_that_is_asked_for_at_every_pace() {
    for pace in Pace::ALL {
        let expressions = expressions(pace);
        assert!(expressions.len() > 120, "{}", expressions.len());
        let flaws = flaws(pace, &expressions);
        assert!(flaws.is_empty(), "{pace}:\n{}", flaws.join("\n"));
    }
}

#[test]
fn a_name_that_nobody_has_is_caught() {
    let wrong = |expr: &str| flaws(Pace::Talk, &[("x".to_owned(), expr.to_owned())]).len();
    assert_eq!(wrong("sum by (country) (rate(shop_orders_total[30s]))"), 0);
    for expr in [
        "sum(rate(shop_order_total[30s]))",
        "sum by (land) (rate(shop_orders_total[30s]))",
        "rate(shop_orders_total{status=\"failed\"}[30s])",
        "redis_memory_used",
        "slo:burn_rate:ratio2h",
        "rate(shop_orders_total[2s])",
    ] {
        assert!(wrong(expr) > 0, "{expr}");
    }
}
