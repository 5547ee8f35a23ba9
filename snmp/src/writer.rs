//! Writing PDUs into a buffer that is used again and again.
//!
//! Variable bindings are appended as they are found, behind some head room. The
//! headers go in front when all is known, so that every length is written once
//! and in its shortest form. At any moment the exact length of the message is
//! known, which is what GETBULK and tooBig need.
//!
//! [`PduWriter`] knows nothing of messages: it keeps the PDU within a limit, and
//! returns a [`Front`] on which the message is completed. [`ResponseWriter`] puts
//! a community header there, or everything that version 3 has around a PDU.

use crate::{
    ErrorStatus, Message, Pdu, PduKind, Value, VarBinds, Version,
    ber::{ColumnName, Front, element_len, integer_len, put_instance, put_varbind, tag},
    v3::V3Head,
};

/// The longest head of a PDU: three integers and two headers of six octets each.
const PDU_HEADER: usize = 30;

/// The largest content of an element that takes no more than `total` octets.
pub(crate) fn content_room(total: usize) -> Option<usize> {
    // A header has two to six octets, and a byte more of content can make it
    // longer by one, so the answer is among these.
    (2..=6).filter_map(|header| total.checked_sub(header)).find(|&n| element_len(n) <= total)
}

/// Writes a PDU's variable bindings, then the PDU around them.
#[derive(Debug)]
pub struct PduWriter<'b> {
    out: &'b mut Vec<u8>,
    /// Where the variable bindings begin.
    start: usize,
    /// Up to how many octets of variable bindings the PDU keeps to its limit.
    room: usize,
    kind: PduKind,
    request_id: i32,
}

/// A place between two variable bindings.
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

impl<'b> PduWriter<'b> {
    /// Empties the buffer, leaves `head_room` octets for what will stand in front
    /// of the PDU, and keeps the PDU within `limit` octets as long as the two
    /// integers given to [`PduWriter::finish`] take one octet each.
    pub fn new(
        out: &'b mut Vec<u8>,
        head_room: usize,
        limit: usize,
        kind: PduKind,
        request_id: i32,
    ) -> Self {
        let start = head_room.saturating_add(PDU_HEADER);
        out.clear();
        out.resize(start, 0);
        let room = content_room(limit)
            .and_then(|body| content_room(body.checked_sub(integers_len(request_id, 0, 0))?))
            .unwrap_or(0);
        Self { out, start, room, kind, request_id }
    }

    /// Appends a variable binding, or leaves all as it was and says `false` where
    /// the limit does not allow it.
    pub fn push(&mut self, name: &[u32], value: &Value<'_>) -> bool {
        self.put(value, |out| put_varbind(out, name, value))
    }

    /// The same for an instance of a column.
    pub fn push_instance(&mut self, column: &ColumnName, index: &[u32], value: &Value<'_>) -> bool {
        self.put(value, |out| put_instance(out, column, index, value))
    }

    #[inline]
    fn put(&mut self, value: &Value<'_>, put: impl FnOnce(&mut Vec<u8>)) -> bool {
        let before = self.out.len();
        let long = match value {
            Value::OctetString(octets) | Value::Opaque(octets) => octets.len(),
            _ => 0,
        };
        // A long value that cannot fit is not copied just to find that out.
        if self.octets().len().saturating_add(long) > self.room {
            return false;
        }
        put(self.out);
        self.keep(before)
    }

    /// Appends the variable bindings of another message, octet for octet; all or
    /// none.
    pub fn push_all(&mut self, varbinds: VarBinds<'_>) -> bool {
        let before = self.out.len();
        self.out.extend_from_slice(varbinds.as_octets());
        self.keep(before)
    }

    fn keep(&mut self, before: usize) -> bool {
        let fits = self.octets().len() <= self.room;
        if !fits {
            self.out.truncate(before);
        }
        fits
    }

    /// The place behind the last variable binding.
    pub fn mark(&self) -> Mark {
        Mark(self.octets().len())
    }

    /// Takes back everything behind a mark.
    pub fn truncate(&mut self, mark: Mark) {
        self.out.truncate(self.start.saturating_add(mark.0));
    }

    /// The PDU's length if it were finished now with two integers of one octet.
    pub fn pdu_len(&self) -> usize {
        self.finished_len(0, 0)
    }

    fn finished_len(&self, error_status: i32, error_index: i32) -> usize {
        let integers = integers_len(self.request_id, error_status, error_index);
        element_len(integers + element_len(self.octets().len()))
    }

    fn octets(&self) -> &[u8] {
        self.out.get(self.start..).unwrap_or_default()
    }

    /// Puts the PDU's header in front. The result is the PDU, ready for what
    /// stands before it.
    pub fn finish(self, error_status: i32, error_index: i32) -> Front<'b> {
        let mut front = Front::new(self.out, self.start);
        front.wrap(tag::SEQUENCE);
        front.integer(error_index);
        front.integer(error_status);
        front.integer(self.request_id);
        front.wrap(self.kind.tag());
        front
    }
}

/// The octets of the three integers at the head of a PDU.
fn integers_len(request_id: i32, error_status: i32, error_index: i32) -> usize {
    integer_len(request_id) + integer_len(error_status) + integer_len(error_index)
}

/// What a community message has besides its PDU and its own header: a version of
/// one octet, and the community.
fn community_len(community: &[u8]) -> usize {
    integer_len(0) + element_len(community.len())
}

/// The octets that [`community_front`] may need.
pub(crate) fn community_room(community: &[u8]) -> usize {
    element_len(community_len(community)) + 4
}

/// Makes a community message of a PDU.
pub(crate) fn community_front(front: &mut Front<'_>, version: Version, community: &[u8]) {
    front.element(tag::OCTET_STRING, community);
    front.integer(version.number());
    front.wrap(tag::SEQUENCE);
}

/// Writes the response to a request, without allocating once the buffer has
/// grown to the size of the responses.
#[derive(Debug)]
pub struct ResponseWriter<'b, 'r> {
    pdu: PduWriter<'b>,
    around: Around<'r>,
    request: Pdu<'r>,
    max_size: usize,
}

/// What stands around the PDU of a response.
#[derive(Debug)]
enum Around<'r> {
    Community(Version, &'r [u8]),
    // By reference, because responses to communities should not carry it.
    V3(&'r V3Head<'r>),
}

impl Around<'_> {
    fn message_len(&self, pdu: usize) -> usize {
        match self {
            Self::Community(_, community) => element_len(community_len(community) + pdu),
            Self::V3(head) => head.message_len(pdu),
        }
    }
}

impl<'b, 'r> ResponseWriter<'b, 'r> {
    /// Begins the response to `request` in `out`, whose content is overwritten.
    /// `max_size` is the lesser of what the transport carries and what the
    /// requester takes.
    pub fn new(out: &'b mut Vec<u8>, request: &Message<'r>, max_size: usize) -> Self {
        let Message { version, community, pdu } = *request;
        let limit =
            content_room(max_size).map_or(0, |room| room.saturating_sub(community_len(community)));
        let head_room = community_room(community);
        let writer = PduWriter::new(out, head_room, limit, PduKind::Response, pdu.request_id);
        Self { pdu: writer, around: Around::Community(version, community), request: pdu, max_size }
    }

    /// The same for a request of version 3, with what will stand around the
    /// response.
    pub fn v3(
        out: &'b mut Vec<u8>,
        head: &'r V3Head<'r>,
        request: &Pdu<'r>,
        max_size: usize,
    ) -> Self {
        let (limit, id) = (head.pdu_room(max_size), request.request_id);
        let writer = PduWriter::new(out, head.head_room(), limit, PduKind::Response, id);
        Self { pdu: writer, around: Around::V3(head), request: *request, max_size }
    }

    /// Appends a variable binding, or leaves all as it was and says `false` where
    /// the message would get longer than `max_size`.
    pub fn push(&mut self, name: &[u32], value: &Value<'_>) -> bool {
        self.pdu.push(name, value)
    }

    /// The same for an instance of a column.
    pub fn push_instance(&mut self, column: &ColumnName, index: &[u32], value: &Value<'_>) -> bool {
        self.pdu.push_instance(column, index, value)
    }

    /// Appends the request's variable bindings octet for octet, which is what
    /// answers a SET; all or none.
    pub fn echo(&mut self) -> bool {
        self.pdu.push_all(self.request.varbinds)
    }

    /// The place behind the last variable binding.
    pub fn mark(&self) -> Mark {
        self.pdu.mark()
    }

    /// Takes back everything behind a mark.
    pub fn truncate(&mut self, mark: Mark) {
        self.pdu.truncate(mark);
    }

    /// The message's exact length if it were finished now.
    pub fn size(&self) -> usize {
        self.message_len(0, 0)
    }

    fn message_len(&self, error_status: i32, error_index: i32) -> usize {
        self.around.message_len(self.pdu.finished_len(error_status, error_index))
    }

    /// The message with what has been pushed and noError. `None` where even an
    /// empty list is too long, which is to be counted as `snmpSilentDrops`.
    pub fn finish(self) -> Option<&'b [u8]> {
        self.close(ErrorStatus::NoError, 0)
    }

    /// The message that refuses the request: it has the request's own variable
    /// bindings and not what has been pushed (RFC 3416 §4.2), and in version 1
    /// the nearest error-status that version 1 has (RFC 3584 §4.4).
    ///
    /// A tooBig stands in for any other refusal that does not fit `max_size`. In
    /// version 2c or 3 it has an empty list; `None` where that does not fit either,
    /// which is to be counted as `snmpSilentDrops`. In version 1 it is always sent.
    pub fn refuse(mut self, status: ErrorStatus, index: usize) -> Option<&'b [u8]> {
        self.truncate(Mark(0));
        let is_v1 = matches!(self.around, Around::Community(Version::V1, _));
        let status = if is_v1 { status.in_v1() } else { status };
        let number = index_number(index);
        let echoed = (is_v1 || status != ErrorStatus::TooBig)
            && self.echo()
            && self.message_len(status as i32, number) <= self.max_size;
        if echoed {
            return self.close(status, index);
        }
        self.truncate(Mark(0));
        if is_v1 {
            // RFC 1157 §4.1.2: identical in form to the request, so no longer than
            // what has just come the same way.
            self.max_size = usize::MAX;
            self.pdu.room = usize::MAX;
            self.echo();
        }
        self.close(ErrorStatus::TooBig, 0)
    }

    fn close(self, status: ErrorStatus, index: usize) -> Option<&'b [u8]> {
        let (status, index) = (status as i32, index_number(index));
        if self.message_len(status, index) > self.max_size {
            return None;
        }
        let mut front = self.pdu.finish(status, index);
        match self.around {
            Around::Community(version, community) => {
                community_front(&mut front, version, community);
            }
            Around::V3(head) => head.close(&mut front),
        }
        Some(front.finish())
    }
}

/// An error-index as a number: no message has so many variable bindings that it
/// would not fit.
fn index_number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
