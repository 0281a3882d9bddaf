//! `doorbuster fault …`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    flags::{Clear, Fault, On, Set},
    lab::{Answer, Lab, No, cell},
};
use crate::{
    kernel::text_file,
    lab::table,
    scenario::{parse, wrong::Wrong},
};

pub async fn run(verb: &Fault) -> Answer {
    match verb {
        Fault::Set(flags) => set(&Lab::new(&flags.lab)?, flags).await,
        Fault::Clear(flags) => clear(&Lab::new(&flags.lab)?, flags).await,
        Fault::List(flags) => list(&Lab::new(flags)?).await,
    }
}

async fn set(lab: &Lab, flags: &Set) -> Answer {
    let (id, body) = fault(flags).map_err(No::CouldNot)?;
    let ask = Lab::put("/api/faults/{id}").part(&id).json(&body);
    let (status, set): (StatusCode, Value) = lab.ask_for_status(ask).await?;
    Ok(lab.show(&set, |set| {
        let done = if status == StatusCode::CREATED { "set" } else { "replaced" };
        format!("{id} {done}: {} of {} at {}\n", effect(set), cell(&set["share"]), place(&set["on"]))
    }))
}

async fn clear(lab: &Lab, flags: &Clear) -> Answer {
    let ids = match &flags.id {
        Some(id) => vec![id.clone()],
        None => {
            let all: Vec<Value> = lab.ask(Lab::get("/api/faults")).await?;
            all.iter().map(|fault| cell(&fault["id"])).collect()
        }
    };
    for id in &ids {
        let cleared = lab.read(Lab::delete("/api/faults/{id}").part(id)).await;
        match cleared {
            // Of all faults one may have ended by itself meanwhile.
            Err(No::Refused(_, Some(problem))) if flags.all && problem["status"] == 404 => {}
            done => drop(done?),
        }
    }
    Ok(lab.show(&json!({ "cleared": ids }), |_| match ids.is_empty() {
        true => "no fault is active\n".to_owned(),
        false => format!("{} cleared\n", ids.join(", ")),
    }))
}

async fn list(lab: &Lab) -> Answer {
    let all: Value = lab.ask(Lab::get("/api/faults")).await?;
    Ok(lab.show(&all, |all| faults(all.as_array().map(Vec::as_slice).unwrap_or_default())))
}

/// Active faults as a table.
pub fn faults(all: &[Value]) -> String {
    let row = |fault: &Value| {
        let count = |name: &str| cell(&fault["count"][name]);
        let (id, share, source) = (cell(&fault["id"]), cell(&fault["share"]), cell(&fault["source"]));
        vec![id, effect(fault), place(&fault["on"]), share, count("matched"), count("hit"), source]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table::columns(&["ID", "EFFECT", "WHERE", "SHARE", "MATCHED", "HIT", "SOURCE"], &rows)
}

/// The fault that flags and file say together: its id and the rest.
fn fault(flags: &Set) -> Result<(String, Value), String> {
    let mut fault = match &flags.file {
        None => Map::new(),
        Some(file) => {
            let shown = file.display();
            let text = text_file::read(file, parse::MOST_BYTES as u64);
            let text = text.map_err(|error| format!("{shown}: {error}"))?;
            match yaml(&shown.to_string(), &text)? {
                Value::Object(fault) => fault,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    return Err(format!("{shown}: expected one fault, with id and effect"));
                }
            }
        }
    };
    for (name, text) in [("effect", &flags.effect), ("ramp", &flags.ramp), ("wave", &flags.wave)] {
        if let Some(text) = text {
            let value = yaml(&format!("--{name}"), text)?;
            fault.insert(name.to_owned(), value);
        }
    }
    if let Some(share) = &flags.share {
        fault.insert("share".to_owned(), json!(share));
    }
    let on = on(&flags.on);
    if !on.is_empty() {
        match fault.entry("on").or_insert_with(|| json!({})) {
            Value::Object(there) => there.extend(on),
            there
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                *there = Value::Object(on)
            }
        }
    }
    let in_file = fault.remove("id");
    let id = flags.id.clone().or_else(|| in_file.as_ref().map(cell));
    id.filter(|id| !id.is_empty())
        .map(|id| (id, Value::Object(fault)))
        .ok_or_else(|| "the file has no id, and none was given".to_owned())
}

fn on(flags: &On) -> Map<String, Value> {
    let words = [
        ("service", &flags.service),
        ("seam", &flags.seam),
        ("route", &flags.route),
        ("query", &flags.query),
        ("peer", &flags.peer),
        ("version", &flags.version),
    ];
    let lists = [
        ("country", json!(flags.country)),
        ("payment_method", json!(flags.payment_method)),
        ("tier", json!(flags.tier)),
        ("product", json!(flags.product)),
        ("category", json!(flags.category)),
    ];
    let words = words.into_iter().filter_map(|(name, word)| Some((name.to_owned(), json!(word.as_ref()?))));
    let lists = lists.into_iter().filter(|(_, list)| *list != json!([]));
    words.chain(lists.map(|(name, list)| (name.to_owned(), list))).collect()
}

fn yaml(from: &str, text: &str) -> Result<Value, String> {
    parse::read_value(from, text).map_err(|wrong| wrong.iter().map(Wrong::to_string).collect())
}

/// An effect in few words: its name and its parameters.
fn effect(fault: &Value) -> String {
    match &fault["effect"] {
        Value::Object(effect) => {
            let one = |(name, what): (&String, &Value)| format!("{name} {}", plain(what));
            effect.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        name @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            cell(name)
        }
    }
}

/// Where, in few words.
fn place(on: &Value) -> String {
    let Some(on) = on.as_object().filter(|on| !on.is_empty()) else { return "everywhere".to_owned() };
    let word = |name: &str| on.get(name).map(plain);
    let rest = on.iter().filter(|(name, _)| !["service", "seam"].contains(&name.as_str()));
    let rest = rest.map(|(name, what)| match name.as_str() {
        "route" | "query" => plain(what),
        "peer" => format!("→ {}", plain(what)),
        _ => format!("{name} {}", plain(what)),
    });
    word("service").into_iter().chain(word("seam")).chain(rest).collect::<Vec<_>>().join(" ")
}

/// JSON without what a person need not read: `long_tail median 60ms p99 700ms`.
fn plain(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(fields) => {
            let field = |(name, what): (&String, &Value)| match what {
                Value::Number(_) => format!("{name}:{}", plain(what)),
                what @ (Value::Null
                | Value::Bool(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_)) => format!("{name} {}", plain(what)),
            };
            fields.iter().map(field).collect::<Vec<_>>().join(" ")
        }
        // A weight of one is 1.
        Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => cell(other),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::lab::{
        cli::{Cli, Command},
        remote::flags::Remote,
    };

    fn read(args: &[&str]) -> Result<(String, Value), String> {
        let args = ["doorbuster", "fault", "set"].iter().chain(args);
        let cli = Cli::try_parse_from(args).map_err(|error| error.to_string())?;
        match cli.command {
            Some(Command::Remote(Remote::Fault(Fault::Set(flags)))) => fault(&flags),
            _ => Err("another command".to_owned()),
        }
    }

    #[test]
    fn flags_say_what_a_file_would() {
        let read = read(&[
            "br-cards",
            "--service",
            "payment-provider",
            "--route",
            "POST /charge",
            "--country",
            "BR,US",
            "--product",
            "1,2",
            "--share",
            "35%",
            "--effect",
            "fail: {status: {500: 2, 503: 1}}",
            "--ramp",
            "{over: 30s, from: 0%}",
        ]);
        let expected = json!({
            "on": {"service": "payment-provider", "route": "POST /charge", "country": ["BR", "US"], "product": [1, 2]},
            "share": "35%",
            "effect": {"fail": {"status": {"500": 2, "503": 1}}},
            "ramp": {"over": "30s", "from": "0%"},
        });
        assert_eq!(read, Ok(("br-cards".to_owned(), expected)));
    }

    #[test]
    fn a_file_is_a_fault_and_flags_say_otherwise() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let text = "id: slow\non: {service: catalog, country: [BR]}\neffect: {delay: {fixed: 200ms}}\n";
        std::fs::write(file.path(), text).expect("written");
        let path = file.path().to_str().expect("plain");
        let (id, body) = read(&["--file", path, "--service", "cart", "--effect", "down"]).expect("a fault");
        assert_eq!(
            (id.as_str(), &body["effect"], &body["on"]["service"]),
            ("slow", &json!("down"), &json!("cart"))
        );
        assert_eq!(body["on"]["country"], json!(["BR"]));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for args in [&["a"][..], &["--effect", "down"], &["--file", "/nowhere"], &["a", "--effect", "{a: ["]]
        {
            assert!(read(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn a_fault_is_shown_in_few_words() {
        let fault = json!({
            "id": "a", "share": "35%", "source": "manual", "count": {"matched": 7, "hit": 3},
            "on": {"service": "payments", "peer": "payment-provider", "country": ["BR"]},
            "effect": {"delay": {"fixed": "200ms"}},
        });
        let shown = faults(&[fault]);
        for word in ["delay fixed 200ms", "payments country BR → payment-provider", "35%", "7", "manual"] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
    }
}
