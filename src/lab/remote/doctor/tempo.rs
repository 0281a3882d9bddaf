//! Has Tempo a trace that the lab remembers, and all of it?

use serde_json::Value;

use super::{
    super::lab::{Answer, Lab},
    backend::Backend,
    exits::Verdict,
    report::Finding,
    told,
};

pub async fn check(tempo: &Backend, lab: &Lab) -> Answer<Finding> {
    let Some(trace) = told::traces(lab).await?.into_iter().next() else {
        return Ok(tempo.idle("a trace", told::NOTHING).await);
    };
    let looked_for = format!("trace {}, {} spans", trace.trace_id, trace.spans);
    let address = tempo.address(&format!("/api/traces/{}", trace.trace_id), &());
    Ok(match tempo.ask(&address).await {
        Ok(answer) => {
            let there = spans(&answer);
            // Others may have added theirs: whoever called us, or whom we called.
            let verdict = if there >= trace.spans { Verdict::Ok } else { Verdict::Missing };
            tempo.finding(verdict, looked_for, format!("{there} spans"))
        }
        Err(silence) => tempo.silent(silence, looked_for),
    })
}

/// How many spans are in an answer: whatever is listed as `spans`, since what stands around it has changed its name
/// more than once (`batches`, `resourceSpans`, `scopeSpans`).
fn spans(answer: &Value) -> u64 {
    match answer {
        Value::Object(fields) => {
            let counted = |(name, value): (&String, &Value)| match value.as_array() {
                Some(list) if name == "spans" => list.len() as u64,
                _ => spans(value),
            };
            fields.iter().map(counted).sum()
        }
        Value::Array(items) => items.iter().map(spans).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_are_counted_in_every_shape_tempo_has_had() {
        let scope = json!({"spans": [{"name": "a", "attributes": []}, {"name": "b"}]});
        for answer in [
            json!({"batches": [{"resource": {}, "scopeSpans": [scope]}]}),
            json!({"batches": [{"instrumentationLibrarySpans": [scope]}]}),
            json!({"trace": {"resourceSpans": [{"scopeSpans": [scope]}]}, "status": "complete"}),
        ] {
            assert_eq!(spans(&answer), 2, "{answer}");
        }
        assert_eq!(spans(&json!({"batches": []})), 0);
    }
}
