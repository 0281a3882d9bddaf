//! Why data points are not kept, and what their sender is told of it.

use std::fmt;

use super::encoded::POINT_BYTES;

/// The most bytes of a metric's name and description, and of the labels of one series.
pub const LABEL_BYTES: usize = 4 * 1024;
/// The most buckets of a histogram.
pub const MAX_BUCKETS: usize = 512;
/// Senders that are named in one answer.
const MAX_NAMED_SENDERS: usize = 3;

/// Why one data point is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The metric has no name, or too long a one.
    Name,
    TooLarge,
    Labels,
    Buckets,
    /// Too old, or of a clock that is ahead.
    Time,
    /// The sender has so many series already, and they fill its share.
    Share {
        sender: Box<str>,
        series: usize,
        bytes: usize,
    },
}

/// What became of the data points of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub kept: u64,
    pub refused: u64,
    name: u64,
    too_large: u64,
    labels: u64,
    buckets: u64,
    time: u64,
    share: u64,
    /// Sender, series and bytes, of the first few whose share is full.
    full: Vec<(Box<str>, usize, usize)>,
}

impl Outcome {
    /// Counts `count` data points that are not kept.
    pub fn refuse(&mut self, refusal: Refusal, count: u64) {
        self.refused += count;
        match refusal {
            Refusal::Name => self.name += count,
            Refusal::TooLarge => self.too_large += count,
            Refusal::Labels => self.labels += count,
            Refusal::Buckets => self.buckets += count,
            Refusal::Time => self.time += count,
            Refusal::Share { sender, series, bytes } => {
                self.share += count;
                if let Some(known) = self.full.iter_mut().find(|(known, ..)| *known == sender) {
                    (known.1, known.2) = (series, bytes);
                } else if self.full.len() < MAX_NAMED_SENDERS {
                    self.full.push((sender, series, bytes));
                }
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (series, of) in self.full.iter().map(|(sender, series, bytes)| ((series, bytes), sender)) {
            write!(
                f,
                "{separator}more than {} series ({} bytes) of sender {of:?}: a sender may fill as much of the store as it \
                 leaves free",
                series.0, series.1
            )?;
            separator = "; ";
        }
        let others = [
            (self.share, String::from("begin a new series of a sender whose share is full")),
            (self.time, String::from("are more than 15 minutes old or more than 60 s in the future")),
            (self.labels, format!("have more than {LABEL_BYTES} bytes of attributes")),
            (self.buckets, format!("have more than {MAX_BUCKETS} buckets")),
            (self.too_large, format!("have more than {POINT_BYTES} bytes")),
            (
                self.name,
                format!(
                    "are of a metric without a name, or with more than {LABEL_BYTES} bytes of name and description"
                ),
            ),
        ];
        for (count, why) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{separator}{count} data points {why}")?;
            separator = "; ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_reads_what_was_refused_and_by_which_bound() {
        let mut outcome = Outcome::default();
        for series in [7, 8] {
            outcome.refuse(Refusal::Share { sender: "guest".into(), series, bytes: 900 }, 1);
        }
        outcome.refuse(Refusal::Buckets, 3);
        let expected = "more than 8 series (900 bytes) of sender \"guest\": a sender may fill as much of the store as it \
                        leaves free; 2 data points begin a new series of a sender whose share is full; 3 data points have \
                        more than 512 buckets";
        assert_eq!((outcome.refused, outcome.to_string().as_str()), (5, expected));
    }
}
