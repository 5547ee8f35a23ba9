//! The time a load takes: `cargo run --release -p lcms-mibs --example measure -- DIR…`.

use std::{env, error::Error, path::Path, time::Instant};

use lcms_mibs::Compiler;

fn main() -> Result<(), Box<dyn Error>> {
    for dir in env::args().skip(1) {
        let begun = Instant::now();
        let mut compiler = Compiler::with_base();
        compiler.tree(Path::new(&dir))?;
        let files = compiler.file_count();
        let mib = compiler.compile();
        let (modules, nodes) = (mib.modules().count(), mib.nodes().count());
        let milliseconds = begun.elapsed().as_millis();
        println!("{dir}: {files} files, {modules} modules, {nodes} nodes in {milliseconds} ms");
    }
    Ok(())
}
