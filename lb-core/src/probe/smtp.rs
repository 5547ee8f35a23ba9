//! SMTP: a greeting, a hello and a good-bye (RFC 5321).

use super::{Failure, Outcome};

/// Octets of replies that are read.
const LONGEST: usize = 8 << 10;

/// A session and what the server said so far.
#[derive(Debug)]
pub struct SmtpExchange {
    hello: String,
    greeting: String,
    stage: Stage,
    /// The line that is coming.
    line: Vec<u8>,
    read: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Ehlo,
    /// For a server that does not know EHLO.
    Helo,
    Quit,
}

impl SmtpExchange {
    /// A session of somebody of this name.
    pub fn new(hello: &str) -> Self {
        Self {
            hello: hello.to_owned(),
            greeting: String::new(),
            stage: Stage::Greeting,
            line: Vec::new(),
            read: 0,
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        for byte in bytes {
            if self.read == LONGEST {
                return Some(Err(Failure::TooLong("smtp", LONGEST)));
            }
            self.read += 1;
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(outcome) = self.line(&String::from_utf8_lossy(&line), out) {
                return Some(outcome);
            }
        }
        None
    }

    /// A server that was told to let go may do so without a word.
    pub(super) fn end(&mut self) -> Outcome {
        match self.stage {
            Stage::Quit => self.good(),
            _ => Err(Failure::Closed("smtp")),
        }
    }

    /// One line of a reply; the last has no hyphen behind its code (RFC 5321,
    /// 4.2.1).
    fn line(&mut self, line: &str, out: &mut Vec<u8>) -> Option<Outcome> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let rest = line.get(3..).unwrap_or_default();
        let Some(code) = code.filter(|_| rest.is_empty() || rest.starts_with([' ', '-'])) else {
            return Some(Err(Failure::Garbage("smtp", "a line without a reply code")));
        };
        if rest.starts_with('-') {
            return None;
        }
        let mut say = |words: String| out.extend_from_slice(words.as_bytes());
        match (self.stage, code) {
            (Stage::Greeting, 220) => {
                self.greeting = line.to_owned();
                say(format!("EHLO {}\r\n", self.hello));
                self.stage = Stage::Ehlo;
            }
            (Stage::Ehlo, 500..=599) => {
                say(format!("HELO {}\r\n", self.hello));
                self.stage = Stage::Helo;
            }
            (Stage::Ehlo | Stage::Helo, 250) => {
                say("QUIT\r\n".to_owned());
                self.stage = Stage::Quit;
            }
            (Stage::Quit, _) => return Some(self.good()),
            (stage, _) => {
                let said = match stage {
                    Stage::Greeting => "the connection",
                    Stage::Ehlo => "EHLO",
                    Stage::Helo | Stage::Quit => "HELO",
                };
                return Some(Err(Failure::Reply { said, reply: line.to_owned() }));
            }
        }
        None
    }

    fn good(&self) -> Outcome {
        Ok(format!("smtp: {}", super::Quoted(&self.greeting)))
    }
}
