//! What Alertmanager is told: its configuration, as it came but for what the lab adds, and its flags. Pure: it writes
//! nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::part::Version;

/// The first version with an event recorder; older ones refuse a configuration that asks for one.
const RECORDS_SINCE: Version = Version { major: 0, minor: 33, patch: 0 };
/// The first version that demands a name for each output of the recorder; older ones refuse the name.
const NAMES_SINCE: Version = Version { major: 0, minor: 35, patch: 0 };
/// What the lab calls its output.
const OUTPUT: &str = "doorbuster";

/// How the event recorder is asked for. It is an experimental feature, and its configuration changes from one version to
/// the next: no text works with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorder {
    /// Its outputs have names: from 0.35 on.
    Named,
    /// They have none: 0.33 and 0.34.
    Unnamed,
    Off,
}

/// The forms that are worth a try with `version`, the likeliest first and the one that no version refuses last.
pub fn forms(version: Version) -> &'static [Recorder] {
    if version < RECORDS_SINCE {
        &[Recorder::Off]
    } else if version < NAMES_SINCE {
        &[Recorder::Unnamed, Recorder::Named, Recorder::Off]
    } else {
        &[Recorder::Named, Recorder::Unnamed, Recorder::Off]
    }
}

/// `alertmanager.yml`: `text`, with the file that has the word that opens the lab.
pub fn configuration(text: &str, token: Option<&Path>) -> String {
    let text = text.to_owned();
    let Some(token) = token else { return text };
    let authorization = json!({ "type": "Bearer", "credentials_file": token });
    with_global(text, "http_config", &json!({ "authorization": authorization }))
}

/// The same, with the file that its steps are written to.
pub fn recording(configuration: String, recorder: Recorder, events: &Path) -> String {
    let output = match recorder {
        Recorder::Named => json!({ "name": OUTPUT, "path": events }),
        Recorder::Unnamed => json!({ "path": events }),
        Recorder::Off => return configuration,
    };
    with(configuration, "event_recorder", &json!({ "file_outputs": [output] }))
}

/// The flags, for an Alertmanager that listens on `address`.
pub fn flags(configuration: &Path, data: &Path, address: &str, recorder: Recorder) -> Vec<String> {
    let flag = |name: &str, value: &str| format!("--{name}={value}");
    let mut flags = vec![
        flag("config.file", &configuration.display().to_string()),
        flag("storage.path", &data.display().to_string()),
        flag("web.listen-address", address),
        flag("web.external-url", &format!("http://{address}")),
        // It is alone. One that looks for others waits ten seconds for them before it tells anybody anything.
        flag("cluster.listen-address", ""),
    ];
    if recorder != Recorder::Off {
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
        let (events, token) = (Path::new("/d/e.jsonl"), Some(Path::new("/d/t")));
        let text = recording(configuration(YAML, token), Recorder::Unnamed, events);
        let expected = "global:\n  http_config: {\"authorization\":{\"credentials_file\":\"/d/t\",\"type\":\"Bearer\"}}\n  \
                        resolve_timeout: 5m\nroute: {receiver: a}\nreceivers: [{name: a}]\n\
                        event_recorder: {\"file_outputs\":[{\"path\":\"/d/e.jsonl\"}]}\n";
        assert_eq!(text, expected);
        assert_eq!(recording(configuration(YAML, None), Recorder::Off, events), YAML);
    }

    #[test]
    fn what_is_added_to_json_stands_inside_of_it() {
        let (events, token) = (Path::new("/e"), Some(Path::new("/t")));
        let text = configuration(r#"{"route": {"receiver": "a"}}"#, token);
        let text = recording(text, Recorder::Named, events);
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let output = &value["event_recorder"]["file_outputs"][0];
        assert_eq!(*output, json!({ "name": "doorbuster", "path": "/e" }));
        assert_eq!(value["global"]["http_config"]["authorization"]["credentials_file"], "/t");
        assert_eq!(value["route"]["receiver"], "a");
    }

    #[test]
    fn each_version_is_first_asked_in_its_own_form_and_last_without_the_feature() {
        let first = |text: &str| forms(Version::parse(text).expect("a version"))[0];
        assert_eq!(
            ["0.28.1", "0.33.1", "0.34.0", "0.35.0", "0.36.1"].map(first),
            [Recorder::Off, Recorder::Unnamed, Recorder::Unnamed, Recorder::Named, Recorder::Named]
        );
        for text in ["0.25.0", "0.33.0", "0.35.1"] {
            let forms = forms(Version::parse(text).expect("a version"));
            assert_eq!(forms.last(), Some(&Recorder::Off), "{text}");
        }
        let at = |recorder| flags(Path::new("/c"), Path::new("/d"), "127.0.0.1:1", recorder);
        let asks = |flags: Vec<String>| flags.iter().any(|flag| flag == "--enable-feature=event-recorder");
        assert!(asks(at(Recorder::Named)) && asks(at(Recorder::Unnamed)) && !asks(at(Recorder::Off)));
        assert!(at(Recorder::Off).iter().any(|flag| flag == "--cluster.listen-address="));
    }
}
