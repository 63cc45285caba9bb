//! What is measured: the release binaries, and a stack that has one function more than the template.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use tempfile::TempDir;

use crate::harness::{Setup, temporary_folder};

/// The function that does nothing, as the template has it, and its route.
const BARE: &str = "
  Bare:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/bare
      Events:
        Api:
          Type: HttpApi
          Properties: {ApiId: !Ref HttpApi, Method: GET, Path: /bare}
";

/// The path of [`BARE`].
pub(crate) const BARE_PATH: &str = "/bare";

/// The binaries and the template.
pub(crate) struct Bed {
    /// Where the binaries are.
    pub(crate) binaries: PathBuf,
    folder: TempDir,
}

impl Bed {
    /// Builds all functions as they are deployed, and [`BARE`] in the same way.
    pub(crate) fn build() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["build", "--release", "--locked", "--workspace", "--bins", "--example", "bare"];
        assert!(Command::new(cargo).args(arguments).current_dir(workspace).status().unwrap().success());

        let release = Path::new(env!("CARGO_BIN_EXE_stack")).parent().unwrap();
        let folder = temporary_folder();
        let binaries = folder.path().join("binaries");
        fs::create_dir(&binaries).unwrap();
        let built = fs::read_dir(release).unwrap().flatten().map(|entry| entry.path());
        for path in built.chain([release.join("examples/bare")]).filter(|path| path.is_file()) {
            symlink(&path, binaries.join(path.file_name().unwrap())).unwrap();
        }
        let template = fs::read_to_string(workspace.join("template.yaml")).unwrap();
        let (before, after) = template.split_once("\n  SendOtp:\n").unwrap();
        fs::write(folder.path().join("template.yaml"), format!("{before}\n{BARE}\n  SendOtp:\n{after}")).unwrap();
        Self { binaries, folder }
    }

    /// A stack of these binaries.
    pub(crate) fn setup(&self) -> Setup {
        let set = |setup: Setup, name, path: &dyn AsRef<OsStr>| setup.set(name, path.as_ref().to_str().unwrap());
        let setup = set(Setup::default(), "LOCAL_BINARIES", &self.binaries);
        set(setup, "LOCAL_TEMPLATE", &self.folder.path().join("template.yaml")).with_own_mongod()
    }
}
