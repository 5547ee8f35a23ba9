//! GET, GETNEXT and GETBULK (RFC 3416 §4.2.1 to §4.2.3).
//!
//! Work is bounded by the size of the response: the first variable that does not
//! fit ends it, so a request of thousands of names or repetitions costs no more
//! than the message it is answered with.

use lcms_snmp::{ErrorStatus, Oid, OidBuf, Pdu, RawOid, ResponseWriter, Value, Version};

use super::{Admitted, At, Engine, Filter, Place, State, Verdict};

/// How the variable after a name was answered.
enum Step {
    /// It is in the response, and the name has moved on to it.
    Taken,
    /// There is none, which is in the response.
    End,
    /// It does not fit.
    Full,
}

/// Where a walk is: the last name, and the place of the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Cursor {
    name: OidBuf,
    place: Place,
}

impl<S: State> Engine<S> {
    pub(super) fn get<'w>(
        &self,
        at: At<'_, S>,
        request: &Admitted<'_>,
        filter: Filter<'_>,
        mut writer: ResponseWriter<'w, '_>,
    ) -> Verdict<'w> {
        let version = request.version();
        let mut name = OidBuf::new();
        for (i, raw) in request.pdu().varbinds.names().enumerate() {
            raw.read_into(&mut name);
            let value = self.registry.get(at, filter, &name);
            if version == Version::V1 && value.is_exception() {
                return self.refuse(writer, ErrorStatus::NoSuchName, i + 1);
            }
            if !writer.push(&name, &value) {
                return self.refuse(writer, ErrorStatus::TooBig, 0);
            }
        }
        self.reply(writer)
    }

    pub(super) fn get_next<'w>(
        &self,
        at: At<'_, S>,
        request: &Admitted<'_>,
        filter: Filter<'_>,
        mut writer: ResponseWriter<'w, '_>,
    ) -> Verdict<'w> {
        let version = request.version();
        let mut cursor = Cursor::default();
        for (i, raw) in request.pdu().varbinds.names().enumerate() {
            self.start(&mut cursor, raw);
            match self.step(at, filter, &mut cursor, &mut writer) {
                Step::Full => return self.refuse(writer, ErrorStatus::TooBig, 0),
                Step::End if version == Version::V1 => {
                    return self.refuse(writer, ErrorStatus::NoSuchName, i + 1);
                }
                Step::Taken | Step::End => {}
            }
        }
        self.reply(writer)
    }

    /// A response of as many variables as fit. Where not even one does, tooBig
    /// says so: an empty list with noError would make clients ask for the same
    /// again.
    pub(super) fn get_bulk<'w>(
        &self,
        at: At<'_, S>,
        request: &Admitted<'_>,
        filter: Filter<'_>,
        mut writer: ResponseWriter<'w, '_>,
        walks: &mut Vec<Cursor>,
    ) -> Verdict<'w> {
        let empty = writer.size();
        let pdu = request.pdu();
        self.fill_bulk(at, pdu, filter, &mut writer, walks);
        if writer.size() == empty && self.asks_for_something(pdu) {
            return self.refuse(writer, ErrorStatus::TooBig, 0);
        }
        self.reply(writer)
    }

    fn asks_for_something(&self, pdu: &Pdu<'_>) -> bool {
        !pdu.varbinds.is_empty() && (pdu.error_status > 0 || pdu.error_index > 0)
    }

    fn fill_bulk(
        &self,
        at: At<'_, S>,
        pdu: &Pdu<'_>,
        filter: Filter<'_>,
        writer: &mut ResponseWriter<'_, '_>,
        walks: &mut Vec<Cursor>,
    ) {
        // Negative numbers count as zero.
        let non_repeaters = usize::try_from(pdu.error_status).unwrap_or(0);
        let repetitions = usize::try_from(pdu.error_index).unwrap_or(0);
        let mut requested = pdu.varbinds.names();
        let mut cursor = Cursor::default();
        for raw in requested.by_ref().take(non_repeaters) {
            self.start(&mut cursor, raw);
            if let Step::Full = self.step(at, filter, &mut cursor, writer) {
                return;
            }
        }
        if repetitions == 0 {
            return;
        }
        // The first repetition reads the names from the request, and keeps where
        // it got to for the others: no more names than the response holds.
        walks.clear();
        let mut ended = true;
        for raw in requested {
            self.start(&mut cursor, raw);
            match self.step(at, filter, &mut cursor, writer) {
                Step::Taken => ended = false,
                Step::End => {}
                Step::Full => return,
            }
            walks.push(cursor.clone());
        }
        for _ in 1..repetitions {
            // RFC 3416 §4.2.3 allows to stop once everything has ended.
            if std::mem::replace(&mut ended, true) {
                return;
            }
            for walk in walks.iter_mut() {
                match self.step(at, filter, walk, writer) {
                    Step::Taken => ended = false,
                    Step::End => {}
                    Step::Full => return,
                }
            }
        }
    }

    /// Begins a walk at a name of the request.
    fn start(&self, cursor: &mut Cursor, name: RawOid<'_>) {
        name.read_into(&mut cursor.name);
        cursor.place = self.registry.seek(&cursor.name);
    }

    /// Puts the first variable after the cursor into the response.
    fn step(
        &self,
        at: At<'_, S>,
        filter: Filter<'_>,
        Cursor { name, place }: &mut Cursor,
        writer: &mut ResponseWriter<'_, '_>,
    ) -> Step {
        while let Some(object) = self.registry.object_at(place) {
            match self.registry.next(at, filter, object, place, name) {
                // An instance whose name would exceed 128 sub-identifiers cannot
                // be named (RFC 2578 §3.5): the walk goes on behind its column.
                Some((index, value)) if object.oid.len() + index.len() <= Oid::MAX_ARCS => {
                    let room = name.set(&object.oid).and_then(|()| name.extend(index));
                    room.expect("its length has been looked at");
                    return match writer.push_instance(&object.name, index, &value) {
                        true => Step::Taken,
                        false => Step::Full,
                    };
                }
                _ => place.leave(),
            }
        }
        // The name stays the one that was asked for.
        match writer.push(name, &Value::EndOfMibView) {
            true => Step::End,
            false => Step::Full,
        }
    }
}
