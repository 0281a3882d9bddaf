//! Objectives: what is left of each error budget, and how fast it burns, as the recorded rules of `slo/` have it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{alerts, desk::Desk};
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        problem::Problem,
    },
    stack::part::Part,
};

const LEFT: &str = "slo:period_error_budget_remaining:ratio";
const BURN: &str = "slo:current_burn_rate:ratio";
const GOAL: &str = "slo:objective:ratio";

/// An objective and its budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ObjectiveNow {
    pub service: String,
    /// Such as `availability` or `latency`.
    pub objective: String,
    /// The part that has to be good, such as 0.999.
    pub goal: Option<f64>,
    /// 1 while the whole budget is there, 0 when it is spent, below when more than that is.
    pub budget_left: Option<f64>,
    /// 1 spends the budget exactly within its period.
    pub burn_rate: Option<f64>,
}

/// Each objective with what is left of its error budget, and how fast it burns
#[utoipa::path(get, path = "/api/objectives", tag = "alerts", operation_id = "list_objectives",
    responses(
        (status = 200, description = "By service and name; none while Prometheus has not recorded any",
            body = Vec<ObjectiveNow>),
        (status = 503, description = "There is no Prometheus, or it does not answer", body = Problem,
            content_type = "application/problem+json")))]
pub async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<ObjectiveNow>>> {
    let prometheus = alerts::address(&desk, Part::Prometheus)?;
    let question = format!("{{__name__=~\"{LEFT}|{BURN}|{GOAL}\"}}");
    let pairs = serde_urlencoded::to_string([("query", question)]).unwrap_or_default();
    let asker = &desk.console.stack.asker;
    let answer = asker.json(&prometheus, &format!("/api/v1/query?{pairs}")).await;
    let answer =
        answer.map_err(|why| Error::new(Kind::Unavailable, format!("Prometheus does not answer: {why}")))?;
    Ok(Json(read(&answer)))
}

fn read(answer: &Value) -> Vec<ObjectiveNow> {
    let mut found: BTreeMap<(String, String), ObjectiveNow> = BTreeMap::new();
    for one in answer["data"]["result"].as_array().into_iter().flatten() {
        let label = |name: &str| one["metric"][name].as_str().unwrap_or_default().to_owned();
        let value =
            one["value"][1].as_str().and_then(|text| text.parse().ok()).filter(|v: &f64| v.is_finite());
        let (service, objective) = (label("sloth_service"), label("sloth_slo"));
        let entry = found.entry((service.clone(), objective.clone())).or_insert_with(|| ObjectiveNow {
            service,
            objective,
            ..ObjectiveNow::default()
        });
        match &*label("__name__") {
            LEFT => entry.budget_left = value,
            BURN => entry.burn_rate = value,
            GOAL => entry.goal = value,
            _ => {}
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_recorded_of_an_objective_stands_in_one_place() {
        let one = |name: &str, value: &str| {
            let labels = json!({ "__name__": name, "sloth_service": "storefront", "sloth_slo": "latency" });
            json!({ "metric": labels, "value": [1.5, value] })
        };
        let answer =
            json!({ "data": { "result": [one(LEFT, "-0.5"), one(BURN, "NaN"), one(GOAL, "0.95")] } });
        let expected = ObjectiveNow {
            service: "storefront".to_owned(),
            objective: "latency".to_owned(),
            goal: Some(0.95),
            budget_left: Some(-0.5),
            burn_rate: None,
        };
        assert_eq!((read(&answer), read(&Value::Null)), (vec![expected], Vec::new()));
    }
}
