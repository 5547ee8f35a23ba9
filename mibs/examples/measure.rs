//! The time a load takes, or the findings of the linter:
//! `cargo run --release -p lcms-mibs --example measure -- [--lint] DIR…`.

use std::{env, error::Error, io::Write as _, path::Path, time::Instant};

use lcms_mibs::Compiler;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = env::args().skip(1).collect();
    let lint = args.first().is_some_and(|arg| arg == "--lint");
    args.drain(..usize::from(lint));
    let begun = Instant::now();
    let mut compiler = Compiler::with_base();
    for path in args.iter().map(Path::new) {
        match path.is_dir() {
            true => compiler.tree(path)?,
            false => compiler.file(path)?,
        };
    }
    if lint {
        compiler.judge();
    }
    let files = compiler.file_count();
    let mib = compiler.compile();
    if lint {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for record in mib.records() {
            let lcms_mibs::Record { file, line, col, severity, code, message } = record;
            writeln!(out, "{file}\t{line}\t{col}\t{severity}\t{code}\t{message}")?;
        }
    }
    let (modules, nodes) = (mib.modules().count(), mib.nodes().count());
    let milliseconds = begun.elapsed().as_millis();
    eprintln!("{files} files, {modules} modules, {nodes} nodes in {milliseconds} ms");
    Ok(())
}
