//! Reads what Alertmanager writes down of itself, from 0.33 on, in both schemas: until 0.34 an alert in a list is a hash
//! that stands for another list's details, from 0.35 on (`events/v2`) it is the alert itself. Each notification that a receiver took, and each alert
//! that was held back when its turn came. A look comes every quarter of a second; a record misses nothing. Its
//! `alertResolved` is not read: that is repeated for a quarter of an hour, and says nothing about who was told.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{timeline::Sent, wire::instant};
use crate::stack::fields::{list, text};

/// As much as is read at once; the rest is read at the next look.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// One thing that Alertmanager did.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Sent(Sent),
    Muted(Muted),
}

/// An alert was held back, by the fingerprints of those that did it.
#[derive(Clone, Debug, PartialEq)]
pub struct Muted {
    pub at_ms: i64,
    pub fingerprint: String,
    pub by: Vec<String>,
}

/// The record, and how far it has been read.
pub struct Recorder {
    path: PathBuf,
    read: u64,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
}

impl Recorder {
    /// From here on: what was written before does not count.
    pub fn open(path: &Path) -> io::Result<Recorder> {
        let read = path.metadata()?.len();
        Ok(Recorder { path: path.to_owned(), read, rest: Vec::new() })
    }

    /// What was written since the last time.
    pub fn news(&mut self) -> io::Result<Vec<Step>> {
        let mut file = File::open(&self.path)?;
        // The lab lets it begin anew when it has grown too large.
        if file.metadata()?.len() < self.read {
            self.read = 0;
            self.rest.clear();
        }
        file.seek(SeekFrom::Start(self.read))?;
        let came = file.take(MOST_BYTES).read_to_end(&mut self.rest)?;
        self.read += came as u64;
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        let lines = lines.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| step(&serde_json::from_slice(line).ok()?)).collect())
    }
}

/// What a line says, if it is of use.
fn step(line: &Value) -> Option<Step> {
    let at_ms = instant(&line["@timestamp"])?;
    let (sent, muted) = (&line["data"]["notification"], &line["data"]["inhibitionMutedAlert"]);
    if sent.is_object() {
        let all = list(&sent["alerts"]);
        let of = |field: &str| {
            let details = |hash: &Value| all.iter().find(|one| one["hash"] == *hash);
            let print = |one: &Value| match &one["hash"] {
                Value::Null => fingerprint(&one["fingerprint"]),
                hash @ (Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_)) => fingerprint(&details(hash)?["details"]["fingerprint"]),
            };
            list(&sent[field]).iter().filter_map(print).collect()
        };
        return Some(Step::Sent(Sent {
            at_ms,
            receiver: text(&sent["groupInfo"]["receiverName"]),
            group_key: text(&sent["groupInfo"]["groupKey"]),
            reason: text(&sent["reason"]),
            firing: of("firingAlerts"),
            resolved: of("resolvedAlerts"),
        }));
    }
    let fingerprint_of = |one: &Value| fingerprint(one);
    let by = list(&muted["inhibitingFingerprints"]).iter().filter_map(fingerprint_of).collect();
    Some(Step::Muted(Muted { at_ms, fingerprint: fingerprint(&muted["mutedAlert"]["fingerprint"])?, by }))
}

/// The number that is written in decimals here, as it is written everywhere else.
fn fingerprint(value: &Value) -> Option<String> {
    let number: u64 = value.as_str()?.parse().ok()?;
    Some(format!("{number:016x}"))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    /// As Alertmanager 0.33.1 writes them, without annotations.
    const LINES: [&str; 3] = [
        r#"{"@timestamp":"2026-11-20T20:15:00.123456789Z","instance":"a","data":{"alertResolved":{"alert":{"hash":"1"}}}}"#,
        r#"{"@timestamp":"2026-11-20T20:15:00.123456789Z","instance":"a","data":{"notification":{"alerts":[{"hash":"11","details":{"fingerprint":"6940328829094903310","name":"A"}},{"hash":"12","details":{"fingerprint":"255","name":"B","resolved":true}}],"firingAlerts":[{"hash":"11"}],"resolvedAlerts":[{"hash":"12"}],"groupInfo":{"groupKey":"{}:{}","receiverName":"oncall"},"reason":"NOTIFY_REASON_FIRST_NOTIFICATION","integration":{"name":"webhook"}}}}"#,
        r#"{"@timestamp":"2026-11-20T20:15:01.000000000Z","instance":"a","data":{"inhibitionMutedAlert":{"mutedAlert":{"fingerprint":"255"},"inhibitingFingerprints":["16"]}}}"#,
    ];

    /// The same by the schema `events/v2` of Alertmanager 0.35, which writes each alert whole.
    const LINES_V2: [&str; 3] = [
        r#"{"@timestamp":"2026-11-20T20:15:00.123456789Z","instance":"a","data":{"alertResolved":{"alert":{"fingerprint":"1","labels":{"alertname":"A"}},"groupInfo":{"groupKey":"{}:{}","receiverName":"oncall"}}}}"#,
        r#"{"@timestamp":"2026-11-20T20:15:00.123456789Z","instance":"a","data":{"notification":{"alerts":[{"fingerprint":"6940328829094903310","name":"A","labels":{"alertname":"A"}},{"fingerprint":"255","name":"B","labels":{"alertname":"B"},"resolved":true}],"firingAlerts":[{"fingerprint":"6940328829094903310","name":"A","labels":{"alertname":"A"}}],"resolvedAlerts":[{"fingerprint":"255","name":"B","labels":{"alertname":"B"},"resolved":true}],"groupInfo":{"groupKey":"{}:{}","groupLabels":{"alertname":"A"},"receiverName":"oncall","groupUuid":"u"},"reason":"NOTIFY_REASON_FIRST_NOTIFICATION","flushId":"7","integration":{"name":"webhook"}}},"clusterPosition":"0"}"#,
        r#"{"@timestamp":"2026-11-20T20:15:01Z","instance":"a","data":{"inhibitionMutedAlert":{"inhibitRules":[{"name":"r"}],"mutedAlert":{"labels":{"alertname":"B"},"fingerprint":"255"},"inhibitingFingerprints":["16"]}}}"#,
    ];

    #[test]
    fn who_was_told_and_what_was_held_back_is_read_in_both_schemas() {
        let read = |lines: [&str; 3]| -> Vec<Step> {
            lines.iter().filter_map(|line| step(&serde_json::from_str(line).ok()?)).collect()
        };
        let steps = read(LINES);
        assert_eq!(read(LINES_V2), steps);
        let sent = Sent {
            at_ms: 1_795_205_700_123,
            receiver: "oncall".to_owned(),
            group_key: "{}:{}".to_owned(),
            reason: "NOTIFY_REASON_FIRST_NOTIFICATION".to_owned(),
            firing: vec!["6051004c729abe0e".to_owned()],
            resolved: vec!["00000000000000ff".to_owned()],
        };
        let muted = Muted {
            at_ms: 1_795_205_701_000,
            fingerprint: "00000000000000ff".to_owned(),
            by: vec!["0000000000000010".to_owned()],
        };
        assert_eq!(steps, [Step::Sent(sent), Step::Muted(muted)]);
    }

    #[test]
    fn a_line_counts_once_it_is_whole_and_a_record_that_begins_anew_is_read_from_there() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "{}", LINES[1]).expect("written");
        let mut recorder = Recorder::open(file.path()).expect("it is there");
        let (first, second) = LINES[2].split_at(40);
        write!(file, "{}\n{first}", LINES[1]).expect("written");
        assert_eq!(recorder.news().expect("read").len(), 1, "neither what was before nor half a line");
        writeln!(file, "{second}").expect("written");
        assert!(matches!(recorder.news().expect("read")[..], [Step::Muted(_)]));
        fs::write(file.path(), format!("{}\n", LINES[1])).expect("written");
        assert!(matches!(recorder.news().expect("read")[..], [Step::Sent(_)]));
    }
}
