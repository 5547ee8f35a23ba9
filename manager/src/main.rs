//! `lcms-manager`: see `lcms-manager --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lcms_manager::cli::main()
}
