//! Values that several tables write alike.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU16,
    time::{SystemTime, UNIX_EPOCH},
};

use lcms_lb_core::model::{Address, Bounded, Name};
use lcms_snmp::{ErrorStatus, Octets};
use load_cluster_mib::tc::{InetAddressType, RowStatus};

use crate::{engine::Refusal, state::inet_address_type};

/// An LcName or LcNameOrEmpty.
pub fn name(name: Option<&Name>) -> Octets<'_> {
    Octets::from(name.map_or("", Name::as_str))
}

/// Text that may be longer than the 255 octets of an SnmpAdminString or LcReason:
/// cut between two characters.
pub fn admin_string(text: &str) -> Octets<'_> {
    Octets::from(text.get(..text.floor_char_boundary(255)).unwrap_or(text))
}

/// A DateAndTime in UTC, eight zero octets for never (RFC 2579).
pub fn date(time: Option<SystemTime>) -> Octets<'static> {
    let Some(since) = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) else {
        return Octets::copied(&[0; 8]);
    };
    let (day, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let Some((year, month, day)) = civil(day) else { return Octets::copied(&[0; 8]) };
    let [year_high, year_low] = year.to_be_bytes();
    Octets::copied(&[
        year_high,
        year_low,
        month,
        day,
        (second / 3600) as u8,
        (second / 60 % 60) as u8,
        (second % 60) as u8,
        (since.subsec_millis() / 100) as u8,
        b'+',
        0,
        0,
    ])
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar:
/// counted in years that begin in March, so that the leap day comes last.
fn civil(day: u64) -> Option<(u16, u8, u8)> {
    let day = day.checked_add(719_468)?;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let in_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = u16::try_from(era * 400 + year + next).ok()?;
    Some((year, month as u8, in_month as u8))
}

/// The InetAddressType of an address; unknown(0) without one.
pub fn address_type(address: Option<Address>) -> InetAddressType {
    let kind = |Address { ip, zone }| inet_address_type(ip, zone);
    address.map_or(InetAddressType::Unknown, kind)
}

/// The InetAddress of an address; empty without one.
pub fn address(address: Option<Address>) -> Octets<'static> {
    let Some(Address { ip, zone }) = address else { return Octets::copied(&[]) };
    if zone == 0 {
        return Octets::from(ip);
    }
    let mut octets = [0; 20];
    let bare = Octets::from(ip);
    let len = bare.len() + 4;
    for (room, octet) in octets.iter_mut().zip(bare.iter().chain(&zone.to_be_bytes())) {
        *room = *octet;
    }
    Octets::copied(octets.get(..len).unwrap_or_default())
}

/// What a SET makes of an address, of which it may name the type, the octets, or
/// both (RFC 4001 §3: at odds with each other they are inconsistentValue).
/// Octets alone say their own type where there was no address before.
pub fn set_address(
    before: Option<Address>,
    (kind_arc, kind): (u32, Option<InetAddressType>),
    (octets_arc, octets): (u32, Option<&[u8]>),
) -> Result<Option<Address>, Refusal> {
    let at_odds = |arc| Refusal::column(arc, ErrorStatus::InconsistentValue);
    let after = match octets {
        Some(octets) => read_address(octets).ok_or(at_odds(octets_arc))?,
        None => before,
    };
    let expected = kind.or(before.map(|_| address_type(before)));
    match expected {
        Some(expected) if expected != address_type(after) => {
            Err(at_odds(if kind.is_some() { kind_arc } else { octets_arc }))
        }
        _ => Ok(after),
    }
}

/// Reads an InetAddress by its length alone: the lengths of the types that are
/// addresses are all different. Empty is no address.
fn read_address(octets: &[u8]) -> Option<Option<Address>> {
    let (ip, zone): (IpAddr, &[u8]) = if let Ok(ip) = <[u8; 4]>::try_from(octets) {
        (Ipv4Addr::from(ip).into(), &[0; 4])
    } else if let Ok(ip) = <[u8; 16]>::try_from(octets) {
        (Ipv6Addr::from(ip).into(), &[0; 4])
    } else if octets.is_empty() {
        return Some(None);
    } else {
        let (ip, zone) = octets.split_at_checked(octets.len().checked_sub(4)?)?;
        match ip.len() {
            4 => (Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?).into(), zone),
            16 => (Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?).into(), zone),
            _ => return None,
        }
    };
    Some(Some(Address { ip, zone: u32::from_be_bytes(zone.try_into().ok()?) }))
}

/// A name in an index. One that no row can have is noCreation.
pub fn index_name(text: &str) -> Result<Name, Refusal> {
    text.parse().map_err(|_| Refusal::row(ErrorStatus::NoCreation))
}

/// What a SET may do to a row whose cluster or service does not exist: destroy
/// it, for then it is as it should be.
pub fn without_parent(asked: Option<RowStatus>) -> Result<(), Refusal> {
    match asked {
        Some(RowStatus::Destroy) => Ok(()),
        _ => Err(Refusal::row(ErrorStatus::InconsistentName)),
    }
}

/// A port that a SET gives to a column.
pub fn port(arc: u32, number: u32) -> Result<NonZeroU16, Refusal> {
    let port = u16::try_from(number).ok().and_then(NonZeroU16::new);
    port.ok_or(Refusal::column(arc, ErrorStatus::WrongValue))
}

/// A port that a SET gives to a column in which 0 stands for none.
pub fn port_or_none(arc: u32, number: u32) -> Result<Option<NonZeroU16>, Refusal> {
    let port = u16::try_from(number).map_err(|_| Refusal::column(arc, ErrorStatus::WrongValue))?;
    Ok(NonZeroU16::new(port))
}

/// A name that a SET gives to a column, or none for the empty string.
pub fn set_name(arc: u32, text: &str) -> Result<Option<Name>, Refusal> {
    match text {
        "" => Ok(None),
        text => match text.parse() {
            Ok(name) => Ok(Some(name)),
            Err(_) => Err(Refusal::column(arc, ErrorStatus::WrongValue)),
        },
    }
}

/// A number that a SET gives to a column. The SYNTAX has the model's range, so
/// the refusal is for the day on which the two part.
pub fn set_number<const MIN: u32, const MAX: u32>(
    arc: u32,
    place: &mut Bounded<MIN, MAX>,
    number: Option<u32>,
) -> Result<(), Refusal> {
    if let Some(number) = number {
        *place = Bounded::new(number).map_err(|_| Refusal::column(arc, ErrorStatus::WrongValue))?;
    }
    Ok(())
}

/// A word that a SET gives to a column.
pub fn set_word<W: super::words::Word>(
    arc: u32,
    place: &mut W,
    word: Option<W::Mib>,
) -> Result<(), Refusal> {
    if let Some(word) = word {
        *place = W::model(word).ok_or(Refusal::column(arc, ErrorStatus::WrongValue))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, [0x07, 0xb2, 1, 1, 0, 0, 0]),
            (951_782_399, [0x07, 0xd0, 2, 28, 23, 59, 59]),
            (951_782_400, [0x07, 0xd0, 2, 29, 0, 0, 0]),
            (1_795_311_296, [0x07, 0xea, 11, 22, 1, 34, 56]),
            (4_107_542_400, [0x08, 0x34, 3, 1, 0, 0, 0]),
        ] {
            let octets = date(Some(UNIX_EPOCH + Duration::from_secs(seconds)));
            assert_eq!(octets[..7], expected, "{seconds}");
            assert_eq!(octets.len(), 11);
        }
        assert_eq!(*date(None), [0; 8]);
    }

    #[test]
    fn addresses_go_both_ways() {
        for text in ["192.0.2.1", "2001:db8::1", "fe80::1%7"] {
            let before: Address = text.parse().unwrap();
            let octets = address(Some(before));
            assert_eq!(read_address(&octets), Some(Some(before)), "{text}");
        }
        assert_eq!(read_address(&[]), Some(None));
        for len in [1, 3, 5, 7, 9, 15, 17, 19, 21] {
            assert_eq!(read_address(&vec![1; len]), None, "{len}");
        }
    }

    #[test]
    fn an_address_and_its_type_agree() {
        let v4: Address = "192.0.2.1".parse().unwrap();
        let octets: &[u8] = &[192, 0, 2, 1];
        let wrong = |arc| Err(Refusal::column(arc, ErrorStatus::InconsistentValue));
        use InetAddressType::{Ipv4, Ipv6, Unknown};
        for (before, kind, given, after) in [
            (None, Some(Ipv4), Some(octets), Ok(Some(v4))),
            (None, None, Some(octets), Ok(Some(v4))),
            (None, Some(Ipv6), Some(octets), wrong(1)),
            (None, Some(Ipv4), None, wrong(1)),
            (None, Some(Unknown), None, Ok(None)),
            (Some(v4), Some(Ipv4), None, Ok(Some(v4))),
            (Some(v4), Some(Unknown), Some(&[][..]), Ok(None)),
            (Some(v4), None, Some(&[0; 16][..]), wrong(2)),
            (Some(v4), None, Some(&[0; 5][..]), wrong(2)),
            (Some(v4), None, None, Ok(Some(v4))),
        ] {
            assert_eq!(set_address(before, (1, kind), (2, given)), after, "{kind:?} {given:?}");
        }
    }
}
