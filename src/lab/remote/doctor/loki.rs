//! Has Loki the log lines of a trace that the lab remembers, those of every service?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::Value;

use super::{
    super::lab::{Answer, Lab},
    backend::{Backend, Silence},
    exits::Verdict,
    report::Finding,
    told::{self, Lines},
};

/// Loki's own limit is 5000.
const LIMIT: &str = "1000";
/// How far around the lines' own times is looked.
const AROUND: Duration = Duration::from_secs(60);

pub async fn check(loki: &Backend, lab: &Lab) -> Answer<Finding> {
    let traces = told::traces(lab).await?;
    if traces.is_empty() {
        return Ok(loki.idle("the lines of a trace", told::NOTHING).await);
    }
    let mut with_lines = None;
    for trace in traces {
        let lines = told::lines(lab, &trace).await?;
        if !lines.is_empty() {
            with_lines = Some((trace, lines));
            break;
        }
    }
    let Some((trace, told)) = with_lines else {
        return Ok(loki.idle("the lines of a trace", "the lab itself has no lines of its traces").await);
    };
    let id = &trace.trace_id;
    let looked_for = format!("{{service_name=\"…\"}} | json | trace_id=\"{id}\"");
    let asked =
        told.iter().map(async |(service, lines)| (service, lines, ask(loki, service, id, lines).await));
    let (mut count, mut missing) = (0, Vec::new());
    for (service, lines, there) in join_all(asked).await {
        match there {
            Err(silence) => return Ok(loki.silent(silence, looked_for)),
            Ok(there) if there < lines.count => {
                missing.push(format!("{there} of {service}'s {} lines", lines.count));
            }
            Ok(there) => count += there,
        }
    }
    Ok(if missing.is_empty() {
        loki.finding(Verdict::Ok, looked_for, format!("{count} lines of {} services", told.len()))
    } else {
        loki.finding(Verdict::Missing, looked_for, missing.join(", "))
    })
}

/// How many lines of `service` Loki has in the trace.
async fn ask(loki: &Backend, service: &str, trace_id: &str, lines: &Lines) -> Result<u64, Silence> {
    let query = format!("{{service_name=\"{service}\"}} | json | trace_id=\"{trace_id}\"");
    let (start, end) = (nanos(lines.first - AROUND), nanos(lines.last + AROUND));
    let wanted = [("query", query.as_str()), ("start", &start), ("end", &end), ("limit", LIMIT)];
    Ok(found(&loki.ask(&loki.address("/loki/api/v1/query_range", &wanted)).await?))
}

fn nanos(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

/// How many lines are in an answer, whatever streams they are in: `| json` makes one of each set of fields.
fn found(answer: &Value) -> u64 {
    let streams = answer["data"]["result"].as_array().map(Vec::as_slice).unwrap_or_default();
    streams.iter().filter_map(|stream| stream["values"].as_array()).map(|values| values.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_counted_over_all_streams() {
        let stream = |values| json!({"stream": {"service_name": "cart"}, "values": values});
        let result = json!([stream(json!([["1", "a"], ["2", "b"]])), stream(json!([["3", "c"]]))]);
        assert_eq!(
            found(&json!({"status": "success", "data": {"resultType": "streams", "result": result}})),
            3
        );
        assert_eq!(found(&json!({"data": {"result": []}})), 0);
    }
}
