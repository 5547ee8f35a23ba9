//! Scales a set of modules by renaming, to time a load of thousands of them:
//! `cargo run --release -p lcms-mibs --example scale -- FROM TO COUNT [OCTETS]`.
//!
//! Each copy has names of its own for its modules, and the enterprise-like arc
//! of each copy differs, so that nothing is a duplicate of anything. With
//! OCTETS, modules are filled with comments until the set has that size.

use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

/// What every module stands on stays as it is.
const BASE: &[&str] =
    &["SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF", "RFC1155-SMI", "RFC-1212", "RFC-1215"];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [from, to, count, octets @ ..] = args.as_slice() else {
        return Err("usage: scale FROM TO COUNT [OCTETS]".into());
    };
    if !Path::new(from).is_dir() {
        eprintln!("{from} is not there: nothing to scale");
        return Ok(());
    }
    let octets = octets.first().map_or(Ok(0), |text| text.parse())?;
    let written = scale(Path::new(from), Path::new(to), count.parse()?, octets)?;
    println!("{written} modules in {to}");
    Ok(())
}

/// Writes so many modules, made of those in `from`, and fills them up to a size.
pub fn scale(from: &Path, to: &Path, count: usize, octets: usize) -> Result<usize, Box<dyn Error>> {
    let texts = texts(from)?;
    let names: BTreeSet<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    fs::create_dir_all(to)?;

    let mut written = 0;
    for copy in 0.. {
        for (name, text) in &texts {
            if written >= count {
                return Ok(written);
            }
            if copy > 0 && BASE.contains(&name.as_str()) {
                continue;
            }
            let mut text = renamed(text, &names, copy);
            if let Some(wanted) = octets.checked_div(count) {
                fill(&mut text, wanted);
            }
            fs::write(to.join(format!("{name}-{copy}")), text)?;
            written += 1;
        }
        if written == 0 {
            break;
        }
    }
    Ok(written)
}

/// A module's name and text.
type Text = (String, Vec<u8>);

/// Name and text of every module below a folder.
fn texts(folder: &Path) -> Result<Vec<Text>, Box<dyn Error>> {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if name.contains('.') => {}
                false => texts.push((name, fs::read(path)?)),
            }
        }
    }
    texts.sort();
    Ok(texts)
}

/// The text with every module's name, and every descriptor in the first column,
/// followed by the copy's number. Words in prose are renamed with the others.
fn renamed(text: &[u8], names: &BTreeSet<&str>, copy: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 20);
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let mut at = 0;
    while let Some(&first) = text.get(at) {
        let end = match is_word(first) {
            true => text[at..].iter().position(|&b| !is_word(b)).map_or(text.len(), |n| at + n),
            false => at + 1,
        };
        let word = &text[at..end];
        out.extend_from_slice(word);
        let is_module = copy > 0
            && std::str::from_utf8(word)
                .is_ok_and(|word| names.contains(word) && !BASE.contains(&word));
        if is_module {
            out.extend_from_slice(format!("-{copy}").as_bytes());
        }
        at = end;
    }
    out
}

/// Adds comments up to a size.
fn fill(text: &mut Vec<u8>, wanted: usize) {
    const LINE: &[u8] = b"-- Prose of the length that vendors write about their objects.\n";
    while text.len() + LINE.len() <= wanted {
        text.extend_from_slice(LINE);
    }
}
