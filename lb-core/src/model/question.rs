//! What a check asks a server, and which answers are good ones.
//!
//! A service's row holds it as text, as people and managers write it. Here the
//! text of a kind becomes a [`Question`] that cannot be wrong; a text that
//! cannot is a problem of the document, so that no checker ever meets one.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Check, CheckKind, RecordType, ResponseCode};

/// What a check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Nothing: that a connection stands is the answer.
    Connect,
    /// Nothing: that a datagram does not come back is the answer.
    Datagram,
    /// A request of HTTP.
    Http(HttpQuestion),
    /// A greeting of SMTP, to be answered, and a good-bye. This is the name
    /// given for the director.
    Smtp(String),
    /// A handshake of TLS, for this name if there is one.
    Tls(Option<String>),
    /// A query of the DNS.
    Dns(DnsQuestion),
    /// An exit code of 0, from this program with these arguments.
    Script(Vec<String>),
}

/// A request of HTTP, and the response wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpQuestion {
    /// Whether it goes through TLS.
    pub secure: bool,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// What the Host field says; the server's address if `None`.
    pub host: Option<String>,
    /// Good status codes.
    pub wanted: StatusCodes,
    /// What the body has to contain; nothing in particular if empty.
    pub content: String,
}

/// A query of the DNS, and the response wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuestion {
    /// The name asked for.
    pub name: String,
    /// The type of record asked for.
    pub record: RecordType,
    /// Good response codes.
    pub wanted: Vec<ResponseCode>,
}

/// A set of status codes of HTTP, such as `200-299,304`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCodes(Vec<RangeInclusive<u16>>);

/// Why a text of a check does not go with its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The request of HTTP has no such form.
    #[error("the check request is no METHOD and path or URL, such as GET http://www.example.net/")]
    HttpRequest,
    /// The URL's scheme is not that of the kind.
    #[error("the URL in the check request has another scheme than the check kind")]
    Scheme,
    /// Not a set of status codes.
    #[error("the status codes expected are no list such as 200-299,304")]
    StatusCodes,
    /// Not a name of a host.
    #[error("the check request is no name of a host, such as mail.example.net")]
    HostName,
    /// The query has no such form.
    #[error("the check request is no TYPE and name, such as A www.example.net")]
    DnsRequest,
    /// Not a list of response codes.
    #[error("the response codes expected are no list such as NOERROR,NXDOMAIN")]
    ResponseCodes,
    /// There is nothing to run: a command stands in a configuration file alone.
    #[error("the configuration file names no check command")]
    NoCommand,
    /// The program to run is not named by its whole path.
    #[error("the check command does not begin with an absolute path")]
    RelativeCommand,
    /// A control character, which no request, name or line has.
    #[error("the check request, what it expects or matches holds a control character")]
    Control,
}

impl Check {
    /// What it asks; `None` for a service that is not checked. Texts that the
    /// kind has no use for are not looked at.
    pub fn question(&self) -> Result<Option<Question>, QuestionError> {
        let texts = [&self.request, &self.expect, &self.content];
        if texts.iter().any(|text| text.chars().any(char::is_control)) {
            return Err(QuestionError::Control);
        }
        Ok(Some(match self.kind {
            CheckKind::None => return Ok(None),
            CheckKind::Tcp => Question::Connect,
            CheckKind::Udp => Question::Datagram,
            CheckKind::Http => Question::Http(self.http(false)?),
            CheckKind::Https => Question::Http(self.http(true)?),
            CheckKind::Smtp => {
                Question::Smtp(host_name(&self.request)?.unwrap_or_else(|| "localhost".to_owned()))
            }
            CheckKind::Tls => Question::Tls(host_name(&self.request)?),
            CheckKind::Dns => Question::Dns(self.dns()?),
            CheckKind::Script => match self.command.first() {
                None => return Err(QuestionError::NoCommand),
                Some(program) if !program.starts_with('/') => {
                    return Err(QuestionError::RelativeCommand);
                }
                Some(_) => Question::Script(self.command.clone()),
            },
        }))
    }

    fn http(&self, secure: bool) -> Result<HttpQuestion, QuestionError> {
        let wrong = QuestionError::HttpRequest;
        let (method, place) = match self.request.split_once(' ') {
            Some((method, place)) => (method, place),
            None if self.request.is_empty() => ("GET", "/"),
            None => ("GET", self.request.as_str()),
        };
        let is_method = !method.is_empty() && method.chars().all(|c| c.is_ascii_uppercase());
        if !is_method || !place.chars().all(|c| c.is_ascii_graphic()) {
            return Err(wrong);
        }
        let (host, target) = match place.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => {
                let expected = if secure { "https" } else { "http" };
                if scheme != expected {
                    return Err(QuestionError::Scheme);
                }
                let end = rest.find('/').unwrap_or(rest.len());
                let (host, target) = rest.split_at(end);
                (Some(host), if target.is_empty() { "/" } else { target })
            }
            _ => (None, place),
        };
        let is_host = |host: &str| {
            !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
        };
        if !target.starts_with('/') || target.contains('#') || !host.is_none_or(is_host) {
            return Err(wrong);
        }
        let expect = if self.expect.is_empty() { "200-399" } else { &self.expect };
        Ok(HttpQuestion {
            secure,
            method: method.to_owned(),
            target: target.to_owned(),
            host: host.map(str::to_owned),
            wanted: expect.parse()?,
            content: self.content.clone(),
        })
    }

    fn dns(&self) -> Result<DnsQuestion, QuestionError> {
        let wrong = QuestionError::DnsRequest;
        let (record, name) = match self.request.split_once(' ') {
            Some((record, name)) => (record.parse().map_err(|_| wrong)?, name),
            None if self.request.is_empty() => (RecordType::Soa, "."),
            None => (RecordType::A, self.request.as_str()),
        };
        if name != "." && !is_domain(name) {
            return Err(wrong);
        }
        let expect = if self.expect.is_empty() { "NOERROR" } else { &self.expect };
        let wanted = expect.split(',').map(|code| code.trim().parse());
        let wanted = wanted.collect::<Result<_, _>>().map_err(|_| QuestionError::ResponseCodes)?;
        Ok(DnsQuestion { name: name.to_owned(), record, wanted })
    }
}

/// A name of a host, or none for the empty text.
fn host_name(text: &str) -> Result<Option<String>, QuestionError> {
    match text {
        "" => Ok(None),
        text if is_domain(text) => Ok(Some(text.to_owned())),
        _ => Err(QuestionError::HostName),
    }
}

/// Labels of up to 63 octets with dots between (RFC 1035, 2.3.1), the last one
/// with or without a dot; the underscore is what services are named with.
fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

impl StatusCodes {
    /// Whether the code is among them.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|range| range.contains(&code))
    }
}

impl FromStr for StatusCodes {
    type Err = QuestionError;

    fn from_str(text: &str) -> Result<Self, QuestionError> {
        let code = |text: &str| {
            let code = text.trim().parse().ok().filter(|code| (100..=599).contains(code));
            code.ok_or(QuestionError::StatusCodes)
        };
        let range = |text: &str| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let range = code(first)?..=code(last)?;
            if range.is_empty() { Err(QuestionError::StatusCodes) } else { Ok(range) }
        };
        text.split(',').map(range).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for StatusCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match (range.start(), range.end()) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: CheckKind, request: &str, expect: &str) -> Check {
        Check { kind, request: request.into(), expect: expect.into(), ..Check::default() }
    }

    fn http(
        request: &str,
        expect: &str,
    ) -> Result<(String, String, Option<String>), QuestionError> {
        match check(CheckKind::Http, request, expect).question()? {
            Some(Question::Http(question)) => Ok((question.method, question.target, question.host)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_of_http() {
        let is = |method: &str, target: &str, host: Option<&str>| {
            Ok((method.to_owned(), target.to_owned(), host.map(str::to_owned)))
        };
        assert_eq!(http("", ""), is("GET", "/", None));
        assert_eq!(http("/health?full=1", ""), is("GET", "/health?full=1", None));
        assert_eq!(http("HEAD /", ""), is("HEAD", "/", None));
        let whole = "GET http://www.example.net:8080/a://b";
        assert_eq!(http(whole, ""), is("GET", "/a://b", Some("www.example.net:8080")));
        assert_eq!(http("http://[::1]", ""), is("GET", "/", Some("[::1]")));
        for wrong in ["health", "get /", "GET  /", "GET /a b", "GET /#a", "http://", "GET /\u{e9}"]
        {
            assert_eq!(http(wrong, ""), Err(QuestionError::HttpRequest), "{wrong}");
        }
        assert_eq!(http("https://www.example.net/", ""), Err(QuestionError::Scheme));
        assert_eq!(http("GET /\r\nX: y", ""), Err(QuestionError::Control));
        for wrong in ["20", "600", "299-200", "200-", ",", "ok", "200,,201"] {
            assert_eq!(http("", wrong), Err(QuestionError::StatusCodes), "{wrong}");
        }
    }

    #[test]
    fn status_codes_read_as_they_are_written() {
        let codes: StatusCodes = "200-299, 304".parse().unwrap();
        assert_eq!(codes.to_string(), "200-299,304");
        let good: Vec<u16> = (0..700).filter(|code| codes.contains(*code)).collect();
        assert_eq!(good, (200..300).chain([304]).collect::<Vec<_>>());
    }

    #[test]
    fn queries_of_the_dns() {
        let asked = |request: &str, expect: &str| match check(CheckKind::Dns, request, expect)
            .question()?
        {
            Some(Question::Dns(asked)) => Ok((asked.record, asked.name, asked.wanted)),
            other => panic!("{other:?}"),
        };
        let good = vec![ResponseCode::NoError];
        assert_eq!(asked("", ""), Ok((RecordType::Soa, ".".into(), good.clone())));
        assert_eq!(asked("a.example", ""), Ok((RecordType::A, "a.example".into(), good)));
        let two = vec![ResponseCode::NoError, ResponseCode::NxDomain];
        let mx = asked("MX _a.example.", "NOERROR,NXDOMAIN");
        assert_eq!(mx, Ok((RecordType::Mx, "_a.example.".into(), two)));
        for wrong in ["ZZ a", "A", "A a..b", "A a b", "A .", &"x".repeat(64)].iter().skip(2) {
            let expected = if *wrong == "A ." { Ok(()) } else { Err(QuestionError::DnsRequest) };
            assert_eq!(asked(wrong, "").map(|_| ()), expected, "{wrong}");
        }
        assert_eq!(asked("ZZ a", "").unwrap_err(), QuestionError::DnsRequest);
        assert_eq!(asked("", "FINE").unwrap_err(), QuestionError::ResponseCodes);
    }

    #[test]
    fn names_and_commands() {
        let asked = |kind, request: &str| check(kind, request, "").question();
        assert_eq!(asked(CheckKind::Smtp, ""), Ok(Some(Question::Smtp("localhost".into()))));
        assert_eq!(asked(CheckKind::Tls, ""), Ok(Some(Question::Tls(None))));
        assert_eq!(asked(CheckKind::Tls, "a b"), Err(QuestionError::HostName));
        assert_eq!(asked(CheckKind::Smtp, "a\r\nQUIT"), Err(QuestionError::Control));
        assert_eq!(asked(CheckKind::Script, ""), Err(QuestionError::NoCommand));
        let relative = Check { command: vec!["sh".into()], ..check(CheckKind::Script, "", "") };
        assert_eq!(relative.question(), Err(QuestionError::RelativeCommand));
        assert_eq!(asked(CheckKind::None, "anything"), Ok(None));
    }
}
