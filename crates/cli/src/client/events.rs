//! What a server tells while it happens: server-sent events, as the HTML standard describes them.
//!
//! **Invariant:** a stream ends by itself: when the server says nothing for a while, or more at once than anybody reads.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;

/// How long a server may say nothing, not even that it is still there.
const QUIET: Duration = Duration::from_mins(1);
/// The longest event.
const LONGEST_EVENT: usize = 1 << 20;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) data: String,
}

/// The events of an answer.
#[derive(Debug)]
pub(crate) struct Events {
    answer: reqwest::Response,
    parser: Parser,
}

impl Events {
    /// What to ask for.
    pub(crate) const KIND: &'static str = "text/event-stream";
    /// A stream may last longer than other answers.
    pub(crate) const LONGEST: Duration = Duration::from_mins(20);

    /// Those of an answer; `None` if it holds none.
    pub(crate) fn of(answer: reqwest::Response) -> Option<Self> {
        let kind = answer.headers().get(CONTENT_TYPE)?.to_str().ok()?;
        let is_stream = answer.status().is_success() && kind.starts_with(Self::KIND);
        is_stream.then(|| Self {
            answer,
            parser: Parser::default(),
        })
    }

    /// The next one; `None` once the stream has ended or broken.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.parser.ready.pop_front() {
                return Some(event);
            }
            let chunk = tokio::time::timeout(QUIET, self.answer.chunk()).await;
            let chunk = chunk.ok()?.ok()??;
            if !self.parser.feed(&chunk) {
                return None;
            }
        }
    }
}

/// Makes events of what comes, however it is cut.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    data: Option<String>,
    /// A line ended with CR, of which an LF that follows is part.
    had_cr: bool,
    ready: VecDeque<Event>,
}

impl Parser {
    /// Takes some more; whether it could be taken.
    fn feed(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let had_cr = std::mem::replace(&mut self.had_cr, byte == b'\r');
            match byte {
                b'\n' if had_cr => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    self.end_of(&String::from_utf8_lossy(&line));
                }
                byte => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LONGEST_EVENT {
                return false;
            }
        }
        true
    }

    fn end_of(&mut self, line: &str) {
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                self.ready.push_back(Event { data });
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Parser::default();
        for piece in pieces {
            assert!(parser.feed(piece));
        }
        parser.ready.into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = ": hello\r\nid: 1\nevent: progress\ndata: {\"a\":\ndata:1}\n\ndata: \u{e4}\r\r: x\n\ndata\n\ndata: cut off";
        let expected = ["{\"a\":\n1}", "\u{e4}", ""];

        assert_eq!(parsed(&[text.as_bytes()]), expected);
        for at in 0..text.len() {
            let (left, right) = text.as_bytes().split_at(at);
            assert_eq!(parsed(&[left, right]), expected, "cut at {at}");
        }
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(parsed(&single), expected);
    }

    #[test]
    fn an_event_without_end_is_not_read() {
        let mut parser = Parser::default();

        assert!(!parser.feed(&vec![b'x'; LONGEST_EVENT + 1]));
        let mut parser = Parser::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        assert!((0..2000).any(|_| !parser.feed(line.as_bytes())));
    }
}
