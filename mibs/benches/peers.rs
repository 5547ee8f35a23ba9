//! The compiler beside others, on thousands of modules:
//!
//! ```sh
//! LCMS_STANDARD_MIBS=DIR cargo bench -p lcms-mibs --bench peers
//! cargo bench -p lcms-mibs --bench peers -- --from DIR --counts 4600,11900 \\
//!     --peer 'mib-rs=some-command {}'
//! ```
//!
//! A set of modules is scaled by renaming; whoever is measured loads all of it in
//! a process of its own and ends. `{}` in a peer's command stands for the folder.
//! Each figure is the best of three, because what a busy machine adds is nobody's
//! work; a peer is given five minutes. Who is not installed is said to be missing.

#[allow(dead_code, unreachable_pub)]
#[path = "../examples/scale.rs"]
mod scale;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lcms_mibs::{Cache, Compiler, Mib};

const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(300);

/// What is loaded is about this large for each module, as vendors write them.
const OCTETS: usize = 55_000;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [word, rest @ ..] = args.as_slice()
        && word == "child"
    {
        return child(rest);
    }
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).cloned()
    };
    let Some(from) = value("--from").or_else(|| env::var("LCMS_STANDARD_MIBS").ok()) else {
        println!("neither --from nor LCMS_STANDARD_MIBS names a folder of modules to scale");
        return Ok(());
    };
    let counts = value("--counts").unwrap_or_else(|| "4600".to_owned());
    let mut extra: Vec<(String, String)> = Vec::new();
    for pair in args.windows(2) {
        if let [option, peer] = pair
            && option == "--peer"
            && let Some((name, command)) = peer.split_once('=')
        {
            extra.push((name.to_owned(), command.to_owned()));
        }
    }
    for count in counts.split(',') {
        load(Path::new(&from), count.trim().parse()?, &extra)?;
    }
    cold()
}

/// One process that loads: the compiler itself.
fn child(args: &[String]) -> Result<(), Box<dyn Error>> {
    match args {
        [verb, folder, rest @ ..] if verb == "load" => {
            let mut compiler = Compiler::with_base();
            compiler.tree(Path::new(folder))?;
            let mib = match rest.first() {
                Some(cache) => compiler.compile_with(&Cache::in_folder(cache)),
                None => compiler.compile(),
            };
            if let Some(name) = rest.get(1) {
                println!("{}", mib.format_full_name(mib.parse_name(name)?.arcs()));
            }
            let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            println!("{} {}", mib.modules().count(), peak.unwrap_or_default().trim());
            // The process ends with it.
            std::mem::forget(mib);
        }
        [verb, name] if verb == "name" => {
            println!("{}", Mib::builtin().parse_name(name)?);
        }
        _ => return Err("child load FOLDER [CACHE [NAME]], or child name NAME".into()),
    }
    Ok(())
}

fn load(from: &Path, count: usize, extra: &[(String, String)]) -> Result<(), Box<dyn Error>> {
    let folder = Folder::new(&format!("modules-{count}"))?;
    let modules = folder.0.join("modules");
    let written = scale::scale(from, &modules, count, count * OCTETS)?;
    println!("{written} modules, {} MB of text:", size(&modules)? / 1_000_000);

    let own = env::current_exe()?;
    let path = modules.display().to_string();
    let cache = folder.0.join("cache").display().to_string();
    let ours = best(|| Command::new(&own).args(["child", "load", &path]).spawn_quietly());
    show("this compiler", ours, ours);
    let said = Command::new(&own).args(["child", "load", &path]).output()?;
    println!("  {:>24}  modules and peak: {}", "", String::from_utf8_lossy(&said.stdout).trim());
    Command::new(&own).args(["child", "load", &path, &cache]).output()?;
    let kept = best(|| Command::new(&own).args(["child", "load", &path, &cache]).spawn_quietly());
    show("the same, kept", kept, ours);
    let name = "sysDescr.0";
    let asked =
        best(|| Command::new(&own).args(["child", "load", &path, &cache, name]).spawn_quietly());
    show("and a name of it", asked, ours);

    let mut peers = vec![
        ("net-snmp".to_owned(), "snmptranslate -M {} -m ALL -IR -On sysDescr.0".to_owned()),
        ("libsmi".to_owned(), "sh -c 'smidump -k -f identifiers {}/*'".to_owned()),
        (
            "pysmi".to_owned(),
            "sh -c 'mibdump --mib-source=file://{} --destination-format=null $(ls {})'".to_owned(),
        ),
    ];
    peers.extend(extra.iter().cloned());
    for (name, command) in peers {
        let words = words(&command.replace("{}", &path));
        let tool = words.iter().find(|w| w.as_str() != "sh" && w.as_str() != "-c");
        let tool = tool.and_then(|w| w.split(' ').next()).unwrap_or_default();
        if !is_installed(tool) {
            println!("  {name:>24}  not installed ({tool})");
            continue;
        }
        let Some((program, args)) = words.split_first() else { continue };
        let time = best(|| Command::new(program).args(args).spawn_quietly());
        show(&name, time, ours);
    }
    Ok(())
}

/// From the start of a process to its answer.
fn cold() -> Result<(), Box<dyn Error>> {
    println!("one name of IF-MIB, from the start of a process:");
    let own = env::current_exe()?;
    let ours = best(|| Command::new(&own).args(["child", "name", "ifDescr.3"]).spawn_quietly());
    show("this compiler", ours, ours);
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/modules");
    match is_installed("snmptranslate") {
        true => {
            let args = ["-M", modules, "-m", "IF-MIB", "-On", "IF-MIB::ifDescr.3"];
            let theirs = best(|| Command::new("snmptranslate").args(args).spawn_quietly());
            show("net-snmp", theirs, ours);
        }
        false => println!("  {:>24}  not installed", "net-snmp"),
    }
    Ok(())
}

/// How a run ended.
#[derive(Clone, Copy)]
enum Run {
    Took(Duration),
    Failed,
    TooLong,
}

fn show(name: &str, run: Run, ours: Run) {
    let words = match (run, ours) {
        (Run::Took(time), Run::Took(ours)) => {
            let ratio = time.as_secs_f64() / ours.as_secs_f64();
            format!("{:>9.3} s   {ratio:.2} of ours", time.as_secs_f64())
        }
        (Run::TooLong, _) => format!("more than {} s", PATIENCE.as_secs()),
        _ => "failed".to_owned(),
    };
    println!("  {name:>24}  {words}");
}

fn best(mut run: impl FnMut() -> Run) -> Run {
    let mut best = Run::Failed;
    for _ in 0..ROUNDS {
        match (run(), best) {
            (Run::Took(time), Run::Took(known)) if time >= known => {}
            (Run::Took(time), _) => best = Run::Took(time),
            // Once is enough to know.
            (other, _) => return other,
        }
    }
    best
}

trait SpawnQuietly {
    fn spawn_quietly(&mut self) -> Run;
}

impl SpawnQuietly for Command {
    fn spawn_quietly(&mut self) -> Run {
        let begun = Instant::now();
        let quiet = self.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(mut child) = quiet.spawn() else { return Run::Failed };
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Run::Took(begun.elapsed()),
                Ok(Some(_)) | Err(_) => return Run::Failed,
                Ok(None) if begun.elapsed() > PATIENCE => {
                    child.kill().ok();
                    child.wait().ok();
                    return Run::TooLong;
                }
                // Short against all that is measured here.
                Ok(None) => std::thread::sleep(Duration::from_micros(200)),
            }
        }
    }
}

/// The words of a command, with what stands between single quotes as one.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

fn is_installed(tool: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
}

fn size(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        size += entry?.metadata()?.len();
    }
    Ok(size)
}

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, Box<dyn Error>> {
        let path = env::temp_dir().join(format!("lcms-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
