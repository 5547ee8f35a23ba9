//! From paths on the command line to a MIB.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use lcms_mibs::{Compiler, FileId, Mib, Preset};

use crate::cli::{CliError, Context};

/// How modules are loaded.
#[derive(Debug, clap::Args)]
pub struct Loading {
    /// Leave the built-in modules out
    #[arg(long)]
    no_base: bool,
    /// How much is forgiven: strict takes the standard's word, normal guesses what
    /// is meant and says so, permissive says only what is lost or was guessed
    #[arg(long, value_enum, default_value = "normal")]
    preset: Forgiveness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Forgiveness {
    Strict,
    Normal,
    Permissive,
}

impl Loading {
    /// How much is forgiven.
    pub fn preset(&self) -> Preset {
        match self.preset {
            Forgiveness::Strict => Preset::Strict,
            Forgiveness::Normal => Preset::Normal,
            Forgiveness::Permissive => Preset::Permissive,
        }
    }

    /// The modules in these folders and files.
    pub fn load(&self, paths: &[PathBuf], context: &Context) -> Result<Mib, CliError> {
        Ok(self.load_with(paths, &[], false, context)?.0)
    }

    /// The same together with modules they stand on; and the files that were
    /// named themselves.
    pub fn load_with(
        &self,
        paths: &[PathBuf],
        beside: &[PathBuf],
        judge: bool,
        context: &Context,
    ) -> Result<(Mib, BTreeSet<FileId>), CliError> {
        let mut compiler = if self.no_base { Compiler::new() } else { Compiler::with_base() };
        compiler.preset(self.preset());
        let mut add = |path: &Path| {
            let before = compiler.file_count();
            let added = match path.is_dir() {
                true => compiler.tree(path).map(drop),
                false => compiler.file(path).map(drop),
            };
            added.map_err(|source| CliError::Read { path: path.display().to_string(), source })?;
            Ok::<_, CliError>((before..compiler.file_count()).map(FileId::new))
        };
        let mut judged = BTreeSet::new();
        for path in paths {
            judged.extend(add(path)?);
        }
        for path in beside {
            drop(add(path)?);
        }
        if judge {
            compiler.judge();
        }
        Ok((context.compile(compiler), judged))
    }
}
