//! An HTTP client: curl.

use std::process::Command;

/// The body of a page on loopback, if its status is 200.
pub fn get(port: u16, path: &str) -> Result<String, String> {
    get_as(port, path, "*/*")
}

/// The same, with an Accept header.
pub fn get_as(port: u16, path: &str, accept: &str) -> Result<String, String> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let accept = format!("Accept: {accept}");
    let output = Command::new("curl")
        .args(["-sS", "-m", "10", "--fail-with-body", "-H", &accept, &url])
        .output()
        .map_err(|error| format!("curl: {error}"))?;
    let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text([output.stdout, output.stderr].concat())),
    }
}
