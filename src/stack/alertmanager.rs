//! What Alertmanager is told: its configuration, as it came but for what the lab adds, and its flags. Pure: it writes
//! nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::part::Version;

/// The first version that writes down each of its steps when asked; older ones refuse a configuration that asks.
const RECORDS_SINCE: Version = Version { major: 0, minor: 33, patch: 0 };

/// Whether it can write down what it does.
pub fn records(version: Version) -> bool {
    version >= RECORDS_SINCE
}

/// `alertmanager.yml`: `text`, with the file its steps are written to, and the file with the word that opens the lab.
pub fn configuration(text: &str, events: Option<&Path>, token: Option<&Path>) -> String {
    let mut text = text.to_owned();
    if let Some(events) = events {
        let recorder = json!({ "file_outputs": [{ "path": events }] });
        text = with(text, "event_recorder", &recorder);
    }
    if let Some(token) = token {
        let authorization = json!({ "type": "Bearer", "credentials_file": token });
        text = with_global(text, "http_config", &json!({ "authorization": authorization }));
    }
    text
}

/// The flags, for an Alertmanager that listens on `address`.
pub fn flags(configuration: &Path, data: &Path, address: &str, version: Version) -> Vec<String> {
    let flag = |name: &str, value: &str| format!("--{name}={value}");
    let mut flags = vec![
        flag("config.file", &configuration.display().to_string()),
        flag("storage.path", &data.display().to_string()),
        flag("web.listen-address", address),
        flag("web.external-url", &format!("http://{address}")),
        // It is alone. One that looks for others waits ten seconds for them before it tells anybody anything.
        flag("cluster.listen-address", ""),
    ];
    if records(version) {
        flags.push(flag("enable-feature", "event-recorder"));
    }
    flags
}

/// Adds a field at the top: in a text of JSON inside of the braces, in any other YAML on lines of its own at the end.
fn with(text: String, name: &str, value: &Value) -> String {
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut fields)) => {
            fields.insert(name.to_owned(), value.clone());
            format!("{:#}\n", Value::Object(fields))
        }
        _ => format!("{}\n{name}: {value}\n", text.trim_end()),
    }
}

/// The same, inside of `global`.
fn with_global(text: String, name: &str, value: &Value) -> String {
    if let Ok(Value::Object(mut fields)) = serde_json::from_str::<Value>(&text) {
        let global = fields.entry("global").or_insert_with(|| json!({}));
        global[name] = value.clone();
        return format!("{:#}\n", Value::Object(fields));
    }
    let line = format!("global:\n  {name}: {value}");
    match text.lines().any(|line| line.trim_end() == "global:") {
        true => {
            let lines = text.lines().map(|one| if one.trim_end() == "global:" { line.as_str() } else { one });
            lines.collect::<Vec<_>>().join("\n") + "\n"
        }
        false => with(text, "global", &json!({ name: value })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "global:\n  resolve_timeout: 5m\nroute: {receiver: a}\nreceivers: [{name: a}]\n";

    #[test]
    fn what_is_added_to_yaml_stands_beside_what_was_there() {
        let text = configuration(YAML, Some(Path::new("/d/e.jsonl")), Some(Path::new("/d/t")));
        let expected = "global:\n  http_config: {\"authorization\":{\"credentials_file\":\"/d/t\",\"type\":\"Bearer\"}}\n  \
                        resolve_timeout: 5m\nroute: {receiver: a}\nreceivers: [{name: a}]\n\
                        event_recorder: {\"file_outputs\":[{\"path\":\"/d/e.jsonl\"}]}\n";
        assert_eq!(text, expected);
        assert_eq!(configuration(YAML, None, None), YAML);
    }

    #[test]
    fn what_is_added_to_json_stands_inside_of_it() {
        let text =
            configuration(r#"{"route": {"receiver": "a"}}"#, Some(Path::new("/e")), Some(Path::new("/t")));
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["event_recorder"]["file_outputs"][0]["path"], "/e");
        assert_eq!(value["global"]["http_config"]["authorization"]["credentials_file"], "/t");
        assert_eq!(value["route"]["receiver"], "a");
    }

    #[test]
    fn only_those_that_can_are_asked_to_write_down_what_they_do() {
        let at = |text: &str| {
            flags(Path::new("/c"), Path::new("/d"), "127.0.0.1:1", Version::parse(text).expect("a version"))
        };
        let asks = |flags: Vec<String>| flags.iter().any(|flag| flag == "--enable-feature=event-recorder");
        assert!(asks(at("0.33.1")) && !asks(at("0.28.1")));
        assert!(at("0.25.0").iter().any(|flag| flag == "--cluster.listen-address="));
    }
}
