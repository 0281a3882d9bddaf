//! `doorbuster scenario …`, `mode` and `calm`.

use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::{
    flags::{ModeName, Scenario},
    lab::{Answer, Lab, No, cell},
};
use crate::{kernel::client::Ask, lab::table};

pub async fn run(verb: &Scenario) -> Answer {
    let lab = Lab::new(verb.lab())?;
    let ask = match verb {
        Scenario::List(_) => return list(&lab).await,
        Scenario::Show(named) => return show(&lab, &named.name).await,
        Scenario::Start(start) => {
            let body = start.seed.map_or(json!({}), |seed| json!({ "seed": seed }));
            Lab::post("/api/scenarios/{name}/start").part(&start.name).json(&body)
        }
        Scenario::Stop(_) => Lab::post("/api/scenarios/stop"),
        Scenario::Pause(_) => Lab::post("/api/scenarios/pause"),
        Scenario::Resume(_) => Lab::post("/api/scenarios/resume"),
        Scenario::Jump(jump) => Lab::post("/api/scenarios/jump").json(&json!({ "phase": jump.phase })),
        Scenario::Speed(speed) => Lab::post("/api/scenarios/speed").json(&json!({ "factor": speed.factor })),
    };
    change(&lab, ask).await
}

pub async fn mode(lab: &Lab, mode: ModeName) -> Answer {
    let mode = match mode {
        ModeName::Normal => "normal",
        ModeName::Blackfriday => "blackfriday",
    };
    change(lab, Lab::post("/api/mode").json(&json!({ "mode": mode }))).await
}

pub async fn calm(lab: &Lab) -> Answer {
    change(lab, Lab::post("/api/calm")).await
}

/// Asks for a change, and shows how things stand then.
async fn change(lab: &Lab, ask: Ask) -> Answer {
    let changed: Value = lab.ask(ask).await?;
    Ok(lab.show(&changed, |changed| {
        let course = match &changed["phase"] {
            Value::String(phase) => format!(", phase {phase}, seed {}", cell(&changed["seed"])),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                String::new()
            }
        };
        format!("{}{course}\n", cell(&changed["mode"]))
    }))
}

async fn list(lab: &Lab) -> Answer {
    let all: Value = lab.ask(Lab::get("/api/scenarios")).await?;
    Ok(lab.show(&all, |all| {
        let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
        let row = |one: &Value| {
            let phases = one["phases"].as_array().map_or(0, Vec::len).to_string();
            let lasts =
                one["lasts_seconds"].as_f64().map(|seconds| format!("{seconds} s")).unwrap_or_default();
            vec![cell(&one["name"]), cell(&one["title"]), phases, lasts, cell(&one["source"])]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        let mut text = table::columns(&["NAME", "TITLE", "PHASES", "LASTS", "SOURCE"], &rows);
        for one in all.iter().filter(|one| one["error"].is_string()) {
            // Its first line says where; `scenario check` says all.
            let error = cell(&one["error"]);
            text.push_str(&format!("not taken: {}\n", error.lines().next().unwrap_or_default()));
        }
        text
    }))
}

async fn show(lab: &Lab, name: &str) -> Answer {
    let ask = Lab::get("/api/scenarios/{name}").part(name);
    if lab.json {
        let spec: Value = lab.ask(ask).await?;
        return Ok(format!("{spec:#}\n"));
    }
    let text = lab.read(ask.header(header::ACCEPT, HeaderValue::from_static("application/yaml"))).await?;
    String::from_utf8(text.into()).map_err(|_| No::CouldNot("the answer is no text".to_owned()))
}
