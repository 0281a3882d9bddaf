//! The lines that are kept, within a bound in bytes: the first that came goes first. A trace's lines are found without
//! looking at others.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use super::line::{Level, Line};
use crate::{
    kernel::clock,
    store::fill::{Bound, Part, Taken},
};

/// The most bytes of one line.
const LINE_BYTES: usize = 64 * 1024;
/// What a line takes beside its text: itself, its allocation, and its place in the index.
const OVERHEAD_BYTES: usize = size_of::<Line>() + 16 + 24;
/// So many lines are looked at before those who bring new ones get their turn.
const AT_ONCE: u64 = 2_048;

/// The lines.
#[derive(Debug)]
pub struct Ring {
    bound: Bound,
    lines: VecDeque<Line>,
    /// The number of the first line in `lines`; each has one, in the order they came.
    first: u64,
    of_trace: HashMap<[u8; 16], VecDeque<u64>>,
    bytes: usize,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub trace_id: Option<[u8; 16]>,
    pub span_id: Option<[u8; 8]>,
    pub service: Option<String>,
    /// This level or a worse one.
    pub level: Option<Level>,
    /// Stands somewhere in the line, in capitals or not.
    pub text: Option<String>,
    /// No earlier, in nanoseconds since 1970.
    pub since_ns: u64,
    pub limit: usize,
}

impl Ring {
    pub fn new(limit_bytes: usize) -> Self {
        Ring {
            bound: Bound::new(limit_bytes),
            lines: VecDeque::new(),
            first: 0,
            of_trace: HashMap::new(),
            bytes: 0,
        }
    }

    pub fn take(&mut self, lines: impl IntoIterator<Item = Line>) -> Taken {
        let mut taken = Taken::default();
        for line in lines {
            if line.text.len() > LINE_BYTES {
                taken.turned_away += 1;
                continue;
            }
            taken.kept += 1;
            if let Some(id) = line.trace_id {
                let number = self.first + self.lines.len() as u64;
                self.of_trace.entry(id).or_default().push_back(number);
            }
            self.bytes += weight(&line);
            self.lines.push_back(line);
            while self.bytes > self.bound.limit_bytes {
                self.evict();
            }
        }
        self.bound.turned_away += taken.turned_away;
        taken
    }

    /// Counts records that were too large to become lines.
    pub fn turn_away(&mut self, count: u64) {
        self.bound.turned_away += count;
    }

    pub fn fill(&self) -> Part {
        let oldest = self.lines.front().map(|line| i64::try_from(line.at_ns / 1_000_000).unwrap_or(i64::MAX));
        self.bound.part(self.bytes, self.lines.len(), oldest.map(clock::rfc3339))
    }

    fn evict(&mut self) {
        let Some(line) = self.lines.pop_front() else { return };
        self.bytes -= weight(&line);
        self.bound.evicted += 1;
        self.first += 1;
        let Some(id) = line.trace_id else { return };
        // The first line of all is the first of its trace as well.
        if let Some(numbers) = self.of_trace.get_mut(&id) {
            numbers.pop_front();
            if numbers.is_empty() {
                self.of_trace.remove(&id);
            }
        }
    }

    fn line(&self, number: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

/// The newest lines that are as `wanted`, in the order of time.
pub fn search(ring: &Mutex<Ring>, wanted: &Wanted) -> Vec<Box<str>> {
    let lock = || ring.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<(u64, Box<str>)> = Vec::new();
    let look = |ring: &Ring, numbers: &mut dyn Iterator<Item = u64>, found: &mut Vec<_>| {
        let fitting = numbers.filter_map(|number| ring.line(number)).filter(|line| fits(line, wanted));
        let texts = fitting.map(|line| (line.at_ns, line.text.clone()));
        found.extend(texts.take(wanted.limit - found.len()));
    };
    if let Some(id) = wanted.trace_id {
        let ring = lock();
        let numbers = ring.of_trace.get(&id);
        look(&ring, &mut numbers.into_iter().flatten().rev().copied(), &mut found);
    } else {
        let mut end = {
            let ring = lock();
            ring.first + ring.lines.len() as u64
        };
        loop {
            let ring = lock();
            let begin = end.saturating_sub(AT_ONCE).max(ring.first);
            look(&ring, &mut (begin..end).rev(), &mut found);
            if begin <= ring.first || found.len() >= wanted.limit {
                break;
            }
            end = begin;
        }
    }
    found.reverse();
    // Lines of several threads and processes may have come in another order than they were spoken.
    found.sort_by_key(|(at_ns, _)| *at_ns);
    found.into_iter().map(|(_, text)| text).collect()
}

fn fits(line: &Line, wanted: &Wanted) -> bool {
    line.at_ns >= wanted.since_ns
        && wanted.level.is_none_or(|level| line.level >= level)
        && wanted.service.as_deref().is_none_or(|service| service == &*line.service)
        && wanted.span_id.is_none_or(|id| line.span_id == Some(id))
        && wanted.text.as_deref().is_none_or(|text| contains(&line.text, text))
}

/// Whether `text` stands in `line`, letters of the Latin alphabet in capitals or not.
fn contains(line: &str, text: &str) -> bool {
    let Some((first, rest)) = text.as_bytes().split_first() else { return true };
    let starts = line.as_bytes().windows(text.len()).filter(|window| window[0].eq_ignore_ascii_case(first));
    starts.into_iter().any(|window| window[1..].eq_ignore_ascii_case(rest))
}

fn weight(line: &Line) -> usize {
    // A line that belongs to a trace has a number in its index; most traces have a handful.
    line.text.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64, trace: Option<u8>) -> Line {
        Line {
            at_ns: 1_000 + number,
            service: if number.is_multiple_of(2) { "cart" } else { "payments" }.into(),
            level: if number.is_multiple_of(5) { Level::Error } else { Level::Info },
            trace_id: trace.map(|byte| [byte; 16]),
            span_id: trace.map(|byte| [byte; 8]),
            text: format!("{{\"message\":\"Line {number}\"}}").into(),
        }
    }

    fn numbers(ring: &Mutex<Ring>, wanted: &Wanted) -> Vec<u64> {
        let number = |text: Box<str>| {
            text.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("a number")
        };
        search(ring, wanted).into_iter().map(number).collect()
    }

    #[test]
    fn lines_are_found_by_each_thing_that_is_known_of_them_the_newest_in_the_order_of_time() {
        let mut ring = Ring::new(1 << 20);
        ring.take((0..20).rev().map(|number| line(number, Some((number / 10 + 1) as u8))));
        let ring = Mutex::new(ring);
        let any = Wanted { limit: 100, ..Wanted::default() };
        for (wanted, expected) in [
            (Wanted { trace_id: Some([1; 16]), ..any.clone() }, (0..10).collect::<Vec<_>>()),
            (Wanted { trace_id: Some([9; 16]), ..any.clone() }, vec![]),
            (Wanted { span_id: Some([2; 8]), ..any.clone() }, (10..20).collect()),
            (Wanted { level: Some(Level::Warn), ..any.clone() }, vec![0, 5, 10, 15]),
            (Wanted { service: Some("cart".into()), since_ns: 1_015, ..any.clone() }, vec![16, 18]),
            (Wanted { text: Some("line 1\"".into()), ..any.clone() }, vec![1]),
            (Wanted { text: Some("LINE 19".into()), ..any.clone() }, vec![19]),
            (Wanted { text: Some("order".into()), ..any.clone() }, vec![]),
            (Wanted { limit: 3, ..any.clone() }, vec![0, 1, 2]),
        ] {
            assert_eq!(numbers(&ring, &wanted), expected, "{wanted:?}");
        }
    }

    #[test]
    fn the_first_line_goes_first_and_a_trace_that_lost_all_lines_is_forgotten() {
        let limit = 100 * weight(&line(1_000, None));
        let mut ring = Ring::new(limit);
        for number in 1_000..6_000 {
            ring.take([line(number, Some((number / 100) as u8))]);
            assert!(ring.bytes <= limit);
        }
        assert_eq!((ring.lines.len(), ring.bound.evicted, ring.of_trace.len()), (100, 4_900, 1));
        let all = Wanted { limit: 1_000, ..Wanted::default() };
        assert_eq!(numbers(&Mutex::new(ring), &all), (5_900..6_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_search_goes_on_past_the_lines_that_are_looked_at_at_once() {
        let mut ring = Ring::new(16 << 20);
        ring.take((0..3 * AT_ONCE).map(|number| line(number, None)));
        let wanted = Wanted { text: Some("Line 7\"".into()), limit: 5, ..Wanted::default() };
        assert_eq!(numbers(&Mutex::new(ring), &wanted), [7]);
    }

    #[test]
    fn a_line_too_long_to_keep_is_counted() {
        let mut ring = Ring::new(1 << 20);
        let long = Line { text: "x".repeat(LINE_BYTES + 1).into(), ..line(0, None) };
        assert_eq!(ring.take([long, line(1, None)]), Taken { kept: 1, turned_away: 1 });
    }
}
