//! Compiled modules on disk: the same answers as from the texts, and never an
//! answer from anything else.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use lcms_mibs::{Cache, Compiler, Mib};
use tempfile::TempDir;

/// A folder of modules, and a cache beside it.
struct Set {
    folder: TempDir,
}

impl Set {
    fn new() -> Self {
        let set = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(set.modules()).expect("a folder in it");
        for at in 0..40 {
            set.write(at, "first");
        }
        set
    }

    fn modules(&self) -> PathBuf {
        self.folder.path().join("modules")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache/mib")
    }

    /// A module with a little of everything; the even ones have faults too.
    fn write(&self, at: u32, word: &str) {
        let fault =
            if at.is_multiple_of(2) { "IMPORTS nothing FROM NOWHERE-MIB;\nbad" } else { "b" };
        let text = format!(
            "T{at}-MIB DEFINITIONS ::= BEGIN\n\
             IMPORTS OBJECT-TYPE, enterprises, Integer32 FROM SNMPv2-SMI;\n\
             t{at} OBJECT IDENTIFIER ::= {{ enterprises 99999 {at} }}\n\
             T{at}State ::= INTEGER {{ up(1), down(-2) }}\n\
             t{at}Table OBJECT-TYPE SYNTAX SEQUENCE OF T{at}Entry MAX-ACCESS not-accessible\n\
               STATUS current DESCRIPTION \"{word} table\" ::= {{ t{at} 1 }}\n\
             t{at}Entry OBJECT-TYPE SYNTAX T{at}Entry MAX-ACCESS not-accessible STATUS current\n\
               DESCRIPTION \"a row\" INDEX {{ IMPLIED t{at}Name }} ::= {{ t{at}Table 1 }}\n\
             T{at}Entry ::= SEQUENCE {{ t{at}Name OCTET STRING, t{at}Value T{at}State }}\n\
             t{at}Name OBJECT-TYPE SYNTAX OCTET STRING (SIZE (1..9)) MAX-ACCESS not-accessible\n\
               STATUS current DESCRIPTION \"{word}\" ::= {{ t{at}Entry 1 }}\n\
             t{at}Value OBJECT-TYPE SYNTAX T{at}State UNITS \"s\" MAX-ACCESS read-create\n\
               STATUS current DESCRIPTION \"v\" DEFVAL {{ down }} ::= {{ t{at}Entry 2 }}\n\
             {fault} OBJECT IDENTIFIER ::= {{ t{at} 9 }}\nEND\n"
        );
        let path = self.modules().join(format!("T{at}-MIB"));
        fs::write(&path, text).expect("a module");
        // As old as modules are.
        age(&path, Duration::from_secs(3600));
    }

    fn load(&self) -> Mib {
        let mut compiler = Compiler::with_base();
        compiler.tree(&self.modules()).expect("the folder is there");
        compiler.compile_with(&Cache::in_folder(self.cache()))
    }

    fn kept(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache()).expect("the cache is there");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }
}

fn age(path: &Path, by: Duration) {
    let file = fs::File::options().write(true).open(path).expect("the file is there");
    file.set_modified(SystemTime::now() - by).expect("its time is set");
}

/// All that can be asked of a MIB.
fn all(mib: &Mib) -> String {
    let mut out = String::new();
    for node in mib.nodes() {
        let index: Vec<_> =
            node.own_index().map(|i| (i.name(), i.node().is_some(), i.implied())).collect();
        let members: Vec<&str> = node.written_members().collect();
        let syntax = node.syntax().map(|t| {
            let labels: Vec<_> = t.labels().collect();
            format!(
                "{} {:?} {:?} {:?} {labels:?} {:?}",
                t.written(),
                t.base(),
                t.ranges(),
                t.sizes(),
                t.hint()
            )
        });
        out += &format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {syntax:?} {index:?} {:?} {members:?} {:?} {:?}\n",
            node,
            node.oid(),
            node.kind(),
            node.access(),
            node.status(),
            node.units(),
            node.augments(),
            node.default(),
            node.description(),
        );
    }
    for module in mib.modules() {
        let types: Vec<&str> = module.types().map(|t| t.name()).collect();
        out += &format!("{} {:?} {types:?}\n", module.name(), module.last_updated());
    }
    for record in mib.records() {
        out += &format!("{record:?}\n");
    }
    out
}

#[test]
fn the_second_time_says_the_same() {
    let set = Set::new();
    let first = all(&set.load());
    let kept = set.kept();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(fs::metadata(&kept[0]).unwrap().permissions().mode() & 0o777, 0o600);
    let written = fs::metadata(&kept[0]).unwrap().modified().unwrap();
    let second = set.load();
    assert_eq!(all(&second), first);
    assert!(first.contains("first table") && first.contains("NOWHERE-MIB"));
    assert_eq!(
        second.parse_name("t3Value.'x'").unwrap().to_string(),
        "1.3.6.1.4.1.99999.3.1.1.2.120"
    );
    assert_eq!(fs::metadata(&kept[0]).unwrap().modified().unwrap(), written, "it was read only");
}

#[test]
fn a_changed_module_is_seen() {
    let set = Set::new();
    set.load();
    // The same length, so that the time and the text decide.
    set.write(5, "other");
    age(&set.modules().join("T5-MIB"), Duration::from_secs(60));
    assert!(all(&set.load()).contains("other table"));
    set.write(41, "new");
    assert!(set.load().node_by_name("t41Table").is_some());
    fs::remove_file(set.modules().join("T7-MIB")).unwrap();
    assert!(set.load().node_by_name("t7Table").is_none());
}

#[test]
fn a_touched_module_is_the_same() {
    let set = Set::new();
    set.load();
    let kept = set.kept();
    let written = fs::metadata(&kept[0]).unwrap().modified().unwrap();
    age(&set.modules().join("T5-MIB"), Duration::from_secs(60));
    set.load();
    assert_eq!(fs::metadata(&kept[0]).unwrap().modified().unwrap(), written);
}

#[test]
fn prose_of_another_text_is_not_shown() {
    let set = Set::new();
    set.load();
    let mib = set.load();
    set.write(5, "later");
    let node = mib.node_by_name("t5Table").expect("it was compiled");
    assert_eq!(node.description().as_deref(), Some(""));
    let other = mib.node_by_name("t6Table").expect("it was compiled");
    assert_eq!(other.description().as_deref(), Some("first table"));
}

#[test]
fn damage_is_never_believed() {
    let set = Set::new();
    let first = all(&set.load());
    let path = set.kept().remove(0);
    let whole = fs::read(&path).unwrap();
    // Octets of every field of the header, and some of everything behind it.
    let places = (0..190).step_by(9).chain((190..whole.len()).step_by(4999));
    for at in places {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, damaged).unwrap();
        assert_eq!(all(&set.load()), first, "octet {at}");
        assert_eq!(fs::read(&path).unwrap().len(), whole.len(), "written anew");
    }
    for len in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        assert_eq!(all(&set.load()), first, "{len} octets");
    }
    fs::write(&path, [whole.as_slice(), b"more"].concat()).unwrap();
    assert_eq!(all(&set.load()), first);
}

#[test]
fn damage_behind_the_opening_ends_nobody() {
    let set = Set::new();
    // The first time it is compiled, the second time it is read.
    let opened = || (set.load(), set.load()).1;
    opened();
    let path = set.kept().remove(0);
    let whole = fs::read(&path).unwrap();
    for step in [1, 7, 64, 1000] {
        let mib = opened();
        // In the file that is open, not in another of its name.
        let mut damaged = whole.clone();
        damaged.iter_mut().skip(190).step_by(step).for_each(|octet| *octet ^= 1);
        fs::write(&path, damaged).unwrap();
        let _ = (all(&mib), mib.parse_name("t3Value.'x'"), mib.node_by_name("t5Table").is_some());
    }
    let mib = opened();
    assert!(mib.node_by_name("t5Table").is_some());
    fs::write(&path, "").unwrap();
    let _ = all(&mib);
    assert!(set.load().node_by_name("t3Value").is_some(), "written anew");
}

/// The numbers of entries stand first: files, names, modules, types, nodes, places.
#[test]
fn nodes_without_a_module_or_a_place_are_refused() {
    let octets = lcms_mibs::tables_of(&Mib::builtin()).expect("its tables");
    assert!(lcms_mibs::from_tables(&octets).is_some_and(|mib| mib.nodes().count() > 0));
    for number in [0, 2, 5] {
        let mut octets = octets.clone();
        octets[4 * number..][..4].fill(0);
        assert!(lcms_mibs::from_tables(&octets).is_none(), "{number}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_costs_nothing() {
    let set = Set::new();
    fs::write(set.folder.path().join("cache"), "a file in the way").unwrap();
    assert!(set.load().node_by_name("t3Value").is_some());
}

#[test]
fn few_files_and_texts_in_memory_are_not_kept() {
    let set = Set::new();
    let mut compiler = Compiler::with_base();
    compiler.tree(&set.modules()).unwrap().text("X-MIB", "X-MIB DEFINITIONS ::= BEGIN END");
    compiler.compile_with(&Cache::in_folder(set.cache()));
    assert!(!set.cache().exists());
}
