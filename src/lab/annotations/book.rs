//! Which marks there are, and what Grafana knows of each. Bounded: who cannot be told for long is told of the newest.

use serde_json::{Value, json};

use super::mark::{Mark, OURS};

/// More than these do not wait for a Grafana that is away.
const MOST: usize = 200;

/// A mark from its beginning to the moment Grafana knows of its end.
#[derive(Clone, Debug)]
struct Entry {
    mark: Mark,
    begun_ms: i64,
    ended_ms: Option<i64>,
    /// Grafana's number for it, once it has one.
    number: Option<i64>,
}

/// What is to be told next.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// It is new.
    Open { body: Value },
    /// It has this number and is over.
    Close { number: i64, body: Value },
}

/// All marks that Grafana does not know to their end.
pub struct Book {
    /// The tag of marks that have not ended: whoever comes after a lab that was killed finds them by it.
    open_tag: String,
    entries: Vec<Entry>,
    dropped: u64,
}

impl Book {
    pub fn new(open_tag: String) -> Self {
        Book { open_tag, entries: Vec::new(), dropped: 0 }
    }

    /// These are all there are now.
    pub fn see(&mut self, marks: Vec<Mark>, now_ms: i64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.ended_ms.is_none()) {
            if !marks.iter().any(|mark| mark.key == entry.mark.key) {
                entry.ended_ms = Some(now_ms);
            }
        }
        for mark in marks {
            let is_known = |entry: &Entry| entry.ended_ms.is_none() && entry.mark.key == mark.key;
            if !self.entries.iter().any(is_known) {
                self.entries.push(Entry { mark, begun_ms: now_ms, ended_ms: None, number: None });
            }
        }
        // The oldest go first, and of them those that Grafana knows nothing of.
        while self.entries.len() > MOST {
            let unknown = self.entries.iter().position(|entry| entry.number.is_none());
            self.entries.remove(unknown.unwrap_or_default());
            self.dropped += 1;
        }
    }

    /// The next thing to tell, with the key of the mark it is about.
    pub fn next(&self) -> Option<(usize, Errand)> {
        self.entries.iter().enumerate().find_map(|(at, entry)| Some((at, self.errand(entry)?)))
    }

    fn errand(&self, entry: &Entry) -> Option<Errand> {
        let Entry { mark, begun_ms, ended_ms, number } = entry;
        let mut tags = vec![OURS, mark.kind];
        tags.extend(mark.scenario.as_deref());
        match (number, ended_ms) {
            (Some(_), None) => None,
            (None, None) => {
                tags.push(&self.open_tag);
                Some(Errand::Open { body: json!({ "time": begun_ms, "tags": tags, "text": mark.text }) })
            }
            // What ended before Grafana heard of it is told whole.
            (None, Some(ended)) => {
                let body = json!({ "time": begun_ms, "timeEnd": ended, "tags": tags, "text": mark.text });
                Some(Errand::Open { body })
            }
            (Some(number), Some(ended)) => {
                Some(Errand::Close { number: *number, body: json!({ "timeEnd": ended, "tags": tags }) })
            }
        }
    }

    /// The errand at `at` is done; `number` is what Grafana calls the mark.
    pub fn done(&mut self, at: usize, errand: &Errand, number: Option<i64>) {
        let is_whole = match errand {
            Errand::Open { body } => body.get("timeEnd").is_some(),
            Errand::Close { .. } => true,
        };
        match (is_whole, number) {
            (false, Some(number)) => self.entries[at].number = Some(number),
            _ => drop(self.entries.remove(at)),
        }
    }

    /// The errand at `at` will never be taken.
    pub fn give_up(&mut self, at: usize) {
        self.entries.remove(at);
        self.dropped += 1;
    }

    /// How many Grafana has yet to hear of, and how many it never will.
    pub fn standing(&self) -> (usize, u64) {
        (self.entries.iter().filter(|entry| self.errand(entry).is_some()).count(), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(key: &str) -> Mark {
        let scenario = Some("flood".to_owned());
        Mark { key: key.to_owned(), kind: "phase", text: format!("Flood: {key}"), scenario }
    }

    fn book() -> Book {
        Book::new("open".to_owned())
    }

    #[test]
    fn a_mark_is_opened_once_and_closed_when_it_is_gone() {
        let mut book = book();
        book.see(vec![mark("a")], 10);
        let (at, errand) = book.next().expect("it is new");
        let tags = json!(["doorbuster", "phase", "flood", "open"]);
        assert_eq!(errand, Errand::Open { body: json!({ "time": 10, "tags": tags, "text": "Flood: a" }) });
        book.done(at, &errand, Some(7));
        book.see(vec![mark("a")], 20);
        assert_eq!(book.next(), None);
        book.see(vec![mark("b")], 30);
        let (at, errand) = book.next().expect("the first has ended");
        let body = json!({ "timeEnd": 30, "tags": ["doorbuster", "phase", "flood"] });
        assert_eq!(errand, Errand::Close { number: 7, body });
        book.done(at, &errand, None);
        assert!(matches!(book.next(), Some((_, Errand::Open { body })) if body["time"] == 30));
    }

    #[test]
    fn what_came_and_went_while_nobody_listened_is_told_whole_and_the_oldest_is_given_up() {
        let mut book = book();
        for at in 0..300 {
            book.see(vec![mark(&at.to_string())], at);
        }
        assert_eq!(book.standing(), (MOST, 100));
        let Some((at, errand @ Errand::Open { .. })) = book.next() else { panic!("it waits") };
        let Errand::Open { body } = &errand else { panic!("it is new") };
        assert_eq!((&body["time"], &body["timeEnd"]), (&json!(100), &json!(101)));
        book.done(at, &errand, Some(1));
        assert_eq!(book.standing(), (MOST - 1, 100));
    }
}
