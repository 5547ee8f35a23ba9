//! The demonstration cluster, from start to clean end.

use std::process::Command;

use lcms_tests::process::binary;

/// A short run ends by itself, says what became of every server, and leaves no
/// process and no folder behind.
#[test]
fn the_demo_tells_what_became_of_each_server() {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(binary("lcms-manager"))
        .args(["demo", "--seconds", "24", "--json"])
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let outcome: serde_json::Value =
        serde_json::from_str(&last).unwrap_or_else(|error| panic!("{error}: {last}\n{errors}"));
    let servers = outcome["servers"].as_array().unwrap_or_else(|| panic!("{outcome}"));
    assert_eq!(servers.len(), 3, "{outcome}");
    for server in servers {
        for key in ["weight", "share", "capacity", "errors"] {
            assert!(!server[key].is_null(), "no {key} in {server}");
        }
        assert!(server["requests"].as_u64() > Some(0), "{server}");
    }
    assert_eq!(outcome["interrupted"], false, "{outcome}");
    assert!(output.status.code().is_some(), "{errors}");
    let left: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
