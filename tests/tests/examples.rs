//! The example programs do what they say.

use std::process::Command;

use lcms_tests::{agent::Agent, manager::Manager, process::binary};

#[test]
fn host_load_prints_every_node() {
    let agents = [Agent::start("rs1", ""), Agent::start("rs2", "")];
    let nodes: Vec<_> = agents.iter().map(|agent| (agent.name(), agent.address())).collect();
    let manager = Manager::of(&nodes);
    let output = Command::new(binary("host_load")).arg(manager.config()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["rs1", "rs2"] {
        assert!(said.contains(&format!("{name}: 1 cores")), "{said}");
    }
}
