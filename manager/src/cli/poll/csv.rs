//! A line for each server. Columns are added at the end, never moved.

use crate::poll::ClusterState;

/// The names of the columns.
pub const HEADER: &str = "time,cluster,service,server,oper_state,admin_state,configured,dynamic,\
                          effective,observed,active_connections,connections,failed_connections,\
                          connection_rate,host,host_status,cpu_busy_permille,load1,\
                          memory_available_permille,sample_age_ms,director,why\n";

/// The servers of a state.
pub fn lines(state: &ClusterState) -> String {
    let time = state.time.to_string();
    let mut out = String::new();
    for (cluster, service, server) in state.servers() {
        let host = server.host.as_deref().and_then(|name| state.host(name));
        let load = host.and_then(|host| host.load.as_ref());
        let cells = [
            time.clone(),
            cluster.name.clone(),
            service.name.clone(),
            server.name.clone(),
            cell(server.oper_state),
            cell(server.admin_state),
            cell(server.configured),
            cell(server.dynamic),
            cell(server.effective),
            cell(server.observed),
            cell(server.active_connections),
            cell(server.connections),
            cell(server.failed_connections),
            cell(server.connection_rate),
            cell(server.host.clone()),
            cell(host.and_then(|host| host.status)),
            cell(load.and_then(|load| load.cpu_busy_permille)),
            cell(load.and_then(|load| load.load1)),
            cell(load.and_then(|load| load.memory_available_permille)),
            cell(load.and_then(|load| load.sample_age_ms)),
            cluster.node.clone(),
            cell(server.why.clone()),
        ];
        out.push_str(&cells.map(quoted).join(","));
        out.push('\n');
    }
    out
}

fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// RFC 4180.
fn quoted(cell: String) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_are_quoted() {
        assert_eq!(quoted("plain".into()), "plain");
        assert_eq!(quoted("a, \"b\"".into()), "\"a, \"\"b\"\"\"");
    }

    #[test]
    fn each_server_has_as_many_cells_as_there_are_columns() {
        let state = crate::poll::tests::state();
        let columns = HEADER.trim_end().split(',').count();
        let lines = lines(&state);
        assert_eq!(lines.lines().count(), 3);
        assert!(lines.lines().all(|line| line.split(',').count() == columns), "{lines}");
    }
}
