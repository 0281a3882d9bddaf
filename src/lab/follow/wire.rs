//! Server-sent events as bytes (HTML standard, §9.2.6), as far as the switchboard uses them. Pure.

/// The most bytes one event may have.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub event: String,
    pub data: String,
}

/// Puts events together from pieces that are cut anywhere.
#[derive(Debug, Default)]
pub struct Reader {
    rest: Vec<u8>,
    event: String,
    data: String,
}

impl Reader {
    /// The events that are complete with `piece`; an error when one is longer than any can be.
    pub fn read(&mut self, piece: &[u8]) -> Result<Vec<Message>, &'static str> {
        self.rest.extend_from_slice(piece);
        let mut whole = Vec::new();
        let mut from = 0;
        while let Some(length) = self.rest[from..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[from..from + length]).into_owned();
            from += length + 1;
            whole.extend(self.line(line.strip_suffix('\r').unwrap_or(&line)));
        }
        self.rest.drain(..from);
        if self.rest.len() + self.data.len() > MOST_BYTES {
            return Err("an event without end");
        }
        Ok(whole)
    }

    fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let data = std::mem::take(&mut self.data);
            return (!data.is_empty()).then_some(Message { event, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" if self.data.is_empty() => value.clone_into(&mut self.data),
            "data" => {
                self.data.push('\n');
                self.data.push_str(value);
            }
            // Comments, ids (the setting holds its own) and what is not for us.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(event: &str, data: &str) -> Message {
        Message { event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_whole_wherever_they_are_cut() {
        let text = ": comment\n\nevent: setting\nid: 1-2\ndata: {\"ü\":1}\n\nevent:beat\r\ndata:a\r\ndata: b\r\n\r\nevent: c";
        let expected = [message("setting", "{\"ü\":1}"), message("beat", "a\nb")];
        for size in 1..text.len() {
            let mut reader = Reader::default();
            let pieces = text.as_bytes().chunks(size);
            let read: Vec<_> = pieces.flat_map(|piece| reader.read(piece).expect("short")).collect();
            assert_eq!(read, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut reader = Reader::default();
        let piece = vec![b'a'; 1024 * 1024];
        assert!((0..9).any(|_| reader.read(&piece).is_err()));
    }
}
