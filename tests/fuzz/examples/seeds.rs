//! Writes the seeds of every entrance into its corpus.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    for entrance in lcms_tests::entrances::ALL {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(entrance.name);
        fs::create_dir_all(&corpus)?;
        for (nth, seed) in (entrance.seeds)().iter().enumerate() {
            fs::write(corpus.join(format!("seed-{nth}")), seed)?;
        }
    }
    Ok(())
}
