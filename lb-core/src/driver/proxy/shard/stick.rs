//! Which server a connection gets: its client's, or else the scheduler's choice.

use super::super::route::{Route, Untried};
use crate::model::Weight;
use crate::schedule::{Choice, Servers};

/// The place of the server for a connection, if one can take it.
pub(super) fn pick(choice: &mut Choice, untried: &Untried<'_>) -> Option<usize> {
    match stays_with(untried) {
        Stays::With(place) => Some(place),
        Stays::Nowhere | Stays::Away => choice.pick(untried),
    }
}

/// Remembers where a connection went, if its client is to stay there.
pub(super) fn keep(untried: &Untried<'_>, server: u64) {
    let Route { settings, live, .. } = untried.route;
    // Who went elsewhere because its server was full comes back to it.
    if let Some(persistence) = settings.persistence
        && !matches!(stays_with(untried), Stays::Away)
        && let Some(address) = untried.source()
    {
        let client = persistence.client(address);
        live.clients().keep(client, server, untried.now, persistence.timeout);
    }
}

/// Where the client of a connection stays.
enum Stays {
    /// At this place.
    With(usize),
    /// With a server that takes no more at present.
    Away,
    /// With none, or with one that is not to get it any more.
    Nowhere,
}

fn stays_with(untried: &Untried<'_>) -> Stays {
    let route = untried.route;
    let found = route.settings.persistence.and_then(|persistence| {
        let client = persistence.client(untried.source()?);
        let server = route.live.clients().server(client, untried.now, persistence.timeout)?;
        let place = *route.places.get(&server)?;
        Some((place, route.backends.get(place)?))
    });
    match found {
        Some((place, backend)) => {
            let plan = &backend.plan;
            let takes = plan.weight > Weight::MIN || plan.keeps_clients;
            match (
                takes && !untried.tried.contains(&backend.peer.key),
                backend.full(untried.may_wait()),
            ) {
                (false, _) => Stays::Nowhere,
                (true, true) => Stays::Away,
                (true, false) => Stays::With(place),
            }
        }
        None => Stays::Nowhere,
    }
}
