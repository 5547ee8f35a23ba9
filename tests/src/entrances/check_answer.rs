//! What a server answers to a check.

use lcms_lb_core::{
    model::{Check, CheckKind, Question},
    probe::{Dialogue, DnsExchange, Heard, Outcome},
};

/// Octets that no dialogue reads more of.
const BOUND: usize = 256 << 10;

/// Answers a check. The first octet says which, the second how the others come
/// in pieces. However they come, the verdict is the same, and what is said of
/// it is one short line.
pub fn check_answer(octets: &[u8]) {
    let [which, piece, answer @ ..] = octets else { return };
    let question = &questions()[usize::from(*which) % QUESTIONS];
    if let Question::Dns(asked) = question
        && let Heard::Answer(outcome) = DnsExchange::new(asked, NUMBER).hear(answer)
    {
        is_a_line(&outcome);
    }
    let whole = told(dialogue(question), answer, answer.len().max(1));
    let pieces = told(dialogue(question), answer, usize::from(*piece).max(1));
    is_a_line(&whole);
    is_a_line(&pieces);
    assert_eq!(whole.is_ok(), pieces.is_ok(), "{whole:?} {pieces:?}");
}

const QUESTIONS: usize = 4;
const NUMBER: u16 = 0x1234;

fn questions() -> [Question; QUESTIONS] {
    let question = |kind, request: &str, content: &str| {
        let check =
            Check { kind, request: request.into(), content: content.into(), ..Check::default() };
        check.question().unwrap().unwrap()
    };
    [
        question(CheckKind::Http, "", ""),
        question(CheckKind::Http, "", "ready"),
        question(CheckKind::Smtp, "", ""),
        question(CheckKind::Dns, "A a.example", ""),
    ]
}

fn dialogue(question: &Question) -> Dialogue {
    match question {
        Question::Dns(asked) => Dialogue::Dns(DnsExchange::new(asked, NUMBER)),
        question => Dialogue::new(question, "192.0.2.1:80").unwrap(),
    }
}

/// The outcome for an answer that comes in pieces and then ends.
fn told(mut dialogue: Dialogue, answer: &[u8], piece: usize) -> Outcome {
    let mut out = Vec::new();
    let mut outcome = dialogue.open(&mut out);
    let mut read = 0;
    for piece in answer.chunks(piece) {
        if outcome.is_some() {
            break;
        }
        assert!(read <= BOUND, "it reads on and on");
        read += piece.len();
        outcome = dialogue.hear(piece, &mut out);
    }
    // What is said in turn does not grow with what is heard.
    assert!(out.len() < 1_000);
    outcome.unwrap_or_else(|| dialogue.end())
}

fn is_a_line(outcome: &Outcome) {
    let words = match outcome {
        Ok(words) => words.clone(),
        Err(failure) => failure.to_string(),
    };
    assert!(!words.is_empty() && words.chars().count() < 300, "{words}");
    assert!(!words.chars().any(char::is_control), "{words:?}");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let Question::Dns(asked) = &questions()[3] else { panic!("the fourth is of the DNS") };
    let mut by_datagram = DnsExchange::new(asked, NUMBER).query().to_vec();
    by_datagram[2] |= 0x80;
    let mut by_stream = (by_datagram.len() as u16).to_be_bytes().to_vec();
    by_stream.extend_from_slice(&by_datagram);
    let texts: [(u8, &[u8]); 6] = [
        (0, b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n"),
        (1, b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nI'm ready"),
        (1, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nI re\r\n3\r\nady\r\n0\r\n\r\n"),
        (2, b"220-a\r\n220 b\r\n502 what\r\n250 hello\r\n221 bye\r\n"),
        (3, &by_datagram),
        (3, &by_stream),
    ];
    texts
        .into_iter()
        .flat_map(|(which, text)| [1, 7, 255].map(|piece| [&[which, piece], text].concat()))
        .collect()
}
