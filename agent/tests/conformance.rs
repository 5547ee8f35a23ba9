//! The table of what the RFCs demand, and of what agents get wrong, cannot drift from code and tests: whoever
//! renames or removes a place that it names has to look at it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    must: Vec<Must>,
    mistake: Vec<Mistake>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistake {
    says: String,
    /// `FILE: NAME`.
    test: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Must {
    rfc: u32,
    section: String,
    says: String,
    /// `FILE: TEXT`.
    code: String,
    /// `FILE: NAME`.
    test: String,
}

/// What an agent must do is in these.
const RFCS: [u32; 10] = [3411, 3412, 3413, 3414, 3415, 3584, 5343, 5591, 6353, 7860];

#[test]
fn every_must_has_its_code_and_its_test() {
    let table: Table = toml::from_str(include_str!("conformance.toml")).unwrap();
    let mut files = BTreeMap::new();
    let mut faults = Vec::new();
    for must in &table.must {
        let what = format!("RFC {} {}", must.rfc, must.section);
        let (file, text) = must.code.split_once(": ").expect("FILE: TEXT");
        if !text_of(&mut files, file).contains(text) {
            faults.push(format!("{what}: {file} has no {text:?}"));
        }
        faults.extend(missing_test(&mut files, &what, &must.test));
    }
    for mistake in &table.mistake {
        faults.extend(missing_test(&mut files, &mistake.says, &mistake.test));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with the test that is named, if anything is.
fn missing_test(files: &mut BTreeMap<String, String>, what: &str, test: &str) -> Option<String> {
    let (file, name) = test.split_once(": ").expect("FILE: NAME");
    // The name as a test has it: an attribute, and nothing that skips it. Laws
    // take what they are about in parentheses.
    let head = format!("fn {name}(");
    let source = text_of(files, file);
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with(&head));
    let is_test = at.is_some_and(|at| {
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        let attributes: Vec<_> = attributes.collect();
        attributes.iter().any(|line| line.starts_with("#[test]"))
            && !attributes.iter().any(|line| line.contains("ignore"))
    });
    (!is_test).then(|| format!("{what}: {file} has no test {name}"))
}

#[test]
fn every_rfc_is_there_and_nothing_is_said_twice() {
    let table: Table = toml::from_str(include_str!("conformance.toml")).unwrap();
    let covered: BTreeSet<u32> = table.must.iter().map(|must| must.rfc).collect();
    for rfc in RFCS {
        assert!(covered.contains(&rfc), "nothing of RFC {rfc}");
    }
    let sayings: BTreeSet<&str> = table.must.iter().map(|must| must.says.as_str()).collect();
    assert_eq!(sayings.len(), table.must.len());
    assert!(table.must.iter().all(|must| must.says.ends_with('.')));
}

fn text_of<'f>(files: &'f mut BTreeMap<String, String>, file: &str) -> &'f str {
    files.entry(file.to_owned()).or_insert_with(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
    })
}
