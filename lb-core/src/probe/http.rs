//! HTTP: one request, and its response as far as it matters (RFC 9112).

use httparse::{EMPTY_HEADER, Status};

use super::{Failure, Outcome};
use crate::model::HttpQuestion;

/// Octets of a response's head that are read.
const LONGEST_HEAD: usize = 16 << 10;

/// Octets of a response's body that are searched.
const LONGEST_BODY: usize = 64 << 10;

/// Octets of a chunk's size, its extensions included, that are read.
const LONGEST_SIZE: usize = 256;

const MOST_FIELDS: usize = 64;

/// A request and what came back so far.
#[derive(Debug)]
pub struct HttpExchange {
    asked: HttpQuestion,
    host: String,
    status: u16,
    /// What came and is not yet taken apart.
    raw: Vec<u8>,
    /// Octets of the body taken so far.
    read: usize,
    /// The last of them: what may be the beginning of what is looked for.
    tail: Vec<u8>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Head,
    /// Octets of the body still to come; up to the end if unknown.
    Body(Option<u64>),
    /// The size of a chunk comes.
    Size,
    /// Octets of a chunk still to come.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
}

impl HttpExchange {
    /// A request to this server, which is the host where the question names
    /// none.
    pub fn new(asked: &HttpQuestion, server: &str) -> Self {
        Self {
            host: asked.host.clone().unwrap_or_else(|| server.to_owned()),
            asked: asked.clone(),
            status: 0,
            raw: Vec::new(),
            read: 0,
            tail: Vec::new(),
            stage: Stage::Head,
        }
    }

    pub(super) fn ask(&self, out: &mut Vec<u8>) {
        let HttpQuestion { method, target, .. } = &self.asked;
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: lcms-check\r\n\
             Accept: */*\r\nConnection: close\r\n\r\n",
            self.host
        );
        out.extend_from_slice(request.as_bytes());
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) -> Option<Outcome> {
        self.raw.extend_from_slice(bytes);
        // A head is looked at when it got a line longer, or is just beginning;
        // so one that comes octet by octet is not parsed at each of them.
        let looks = self.stage != Stage::Head || self.raw.len() < 16 || bytes.contains(&b'\n');
        if !looks && self.raw.len() <= LONGEST_HEAD {
            return None;
        }
        loop {
            let step = match self.stage {
                Stage::Head => self.head(),
                _ => self.body(),
            };
            match step {
                Step::On => {}
                Step::Wait => return None,
                Step::Done(outcome) => return Some(outcome),
            }
        }
    }

    pub(super) fn end(&mut self) -> Outcome {
        match self.stage {
            // Without a length, the end of the stream is the body's.
            Stage::Body(None) => self.lacks(),
            _ => Err(Failure::Closed("http")),
        }
    }

    fn head(&mut self) -> Step {
        let mut fields = [EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(&self.raw) {
            Ok(Status::Complete(length)) if length <= LONGEST_HEAD => length,
            Ok(Status::Partial) if self.raw.len() <= LONGEST_HEAD => return Step::Wait,
            Ok(_) => return Step::Done(Err(Failure::TooLong("http", LONGEST_HEAD))),
            Err(error) => return Step::Done(Err(Failure::Garbage("http", name(error)))),
        };
        let status = response.code.unwrap_or(0);
        let field = |name: &str| {
            let found = response.headers.iter().rfind(|one| one.name.eq_ignore_ascii_case(name));
            found.and_then(|one| std::str::from_utf8(one.value).ok())
        };
        let chunked = field("transfer-encoding")
            .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
        let length_said = field("content-length").and_then(|length| length.trim().parse().ok());
        self.raw.drain(..length);
        // An interim response: the real one follows (RFC 9110, 15.2).
        if (100..200).contains(&status) && status != 101 {
            return Step::On;
        }
        self.status = status;
        if !self.asked.wanted.contains(status) {
            let wanted = self.asked.wanted.to_string();
            return Step::Done(Err(Failure::Status { got: status, wanted }));
        }
        if self.asked.content.is_empty() {
            return Step::Done(self.good());
        }
        self.stage = match chunked {
            _ if self.asked.method == "HEAD" || matches!(status, 204 | 304) => Stage::Body(Some(0)),
            true => Stage::Size,
            false => Stage::Body(length_said),
        };
        Step::On
    }

    fn body(&mut self) -> Step {
        match self.stage {
            Stage::Head => Step::On,
            Stage::Body(Some(0)) => Step::Done(self.lacks()),
            Stage::Body(left) => match self.take(left) {
                Taken::Nothing => Step::Wait,
                Taken::Found => Step::Done(self.good()),
                Taken::TooLong => Step::Done(Err(Failure::TooLong("http", LONGEST_BODY))),
                Taken::Some(taken) => {
                    self.stage = Stage::Body(left.map(|left| left.saturating_sub(taken)));
                    Step::On
                }
            },
            Stage::Size => match httparse::parse_chunk_size(&self.raw) {
                Ok(Status::Complete((length, size))) if length <= LONGEST_SIZE => {
                    self.raw.drain(..length);
                    // The last chunk is empty.
                    if size == 0 {
                        return Step::Done(self.lacks());
                    }
                    self.stage = Stage::Chunk(size);
                    Step::On
                }
                Ok(Status::Partial) if self.raw.len() <= LONGEST_SIZE => Step::Wait,
                _ => Step::Done(Err(Failure::Garbage("http", "no size of a chunk"))),
            },
            Stage::Chunk(0) => {
                self.stage = Stage::ChunkEnd;
                Step::On
            }
            Stage::Chunk(left) => match self.take(Some(left)) {
                Taken::Nothing => Step::Wait,
                Taken::Found => Step::Done(self.good()),
                Taken::TooLong => Step::Done(Err(Failure::TooLong("http", LONGEST_BODY))),
                Taken::Some(taken) => {
                    self.stage = Stage::Chunk(left.saturating_sub(taken));
                    Step::On
                }
            },
            Stage::ChunkEnd if self.raw.starts_with(b"\r\n") => {
                self.raw.drain(..2);
                self.stage = Stage::Size;
                Step::On
            }
            Stage::ChunkEnd if b"\r\n".starts_with(&self.raw) => Step::Wait,
            Stage::ChunkEnd => {
                Step::Done(Err(Failure::Garbage("http", "a chunk longer than its size")))
            }
        }
    }

    /// Takes what came of the body, up to so many octets, and searches it.
    fn take(&mut self, most: Option<u64>) -> Taken {
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let taken = self.raw.len().min(most).min(LONGEST_BODY - self.read);
        if taken == 0 {
            let full = self.read == LONGEST_BODY && !self.raw.is_empty();
            return if full { Taken::TooLong } else { Taken::Nothing };
        }
        self.read += taken;
        self.tail.extend(self.raw.drain(..taken));
        let content = self.asked.content.as_bytes();
        if self.tail.windows(content.len()).any(|part| part == content) {
            return Taken::Found;
        }
        let searched = self.tail.len().saturating_sub(content.len() - 1);
        self.tail.drain(..searched);
        Taken::Some(taken as u64)
    }

    fn good(&self) -> Outcome {
        Ok(format!("http: {}", self.status))
    }

    fn lacks(&self) -> Outcome {
        Err(Failure::Content(self.asked.content.clone()))
    }
}

enum Step {
    On,
    Wait,
    Done(Outcome),
}

enum Taken {
    Nothing,
    Some(u64),
    Found,
    TooLong,
}

fn name(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a field's name",
        httparse::Error::HeaderValue => "a field's value",
        httparse::Error::NewLine => "a line's end",
        httparse::Error::Status => "the status",
        httparse::Error::Token => "a token",
        httparse::Error::TooManyHeaders => "too many fields",
        httparse::Error::Version => "the version",
    }
}
