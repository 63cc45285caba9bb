//! The test bed: the binaries, and a stack with one more function than the template.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;
use test_support::{Function, Setup, Template, cargo, profile_folder, temporary_folder, workspace};

/// The resource of the function that does nothing, and its route.
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
    /// The folder of the binaries.
    pub(crate) binaries: PathBuf,
    /// The functions that are measured.
    pub(crate) functions: Vec<Function>,
    folder: TempDir,
}

impl Bed {
    /// Builds all functions as they are deployed, and [`BARE`] in the same way. A trial of this program
    /// in another profile builds them in that one.
    pub(crate) fn build() -> Self {
        let profile = profile_folder();
        let mut build = cargo();
        build.args(["build", "--locked", "--workspace", "--bins", "--example", "bare"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());

        let folder = temporary_folder();
        let binaries = folder.path().join("binaries");
        fs::create_dir(&binaries).unwrap();
        let built = fs::read_dir(&profile).unwrap().flatten().map(|entry| entry.path());
        for path in built.chain([profile.join("examples/bare")]).filter(|path| path.is_file()) {
            symlink(&path, binaries.join(path.file_name().unwrap())).unwrap();
        }
        let template = fs::read_to_string(workspace().join("template.yaml")).unwrap();
        let (before, after) = template.split_once("\nResources:\n").unwrap();
        fs::write(folder.path().join("template.yaml"), format!("{before}\nResources:\n{BARE}\n{after}")).unwrap();
        let functions = Template::read().functions.into_iter().filter(Function::is_endpoint).collect();
        Self { binaries, functions, folder }
    }

    /// Returns a stack of these binaries, to be started.
    pub(crate) fn setup(&self) -> Setup {
        let template = self.folder.path().join("template.yaml");
        let setup = Setup::default().set("LOCAL_BINARIES", self.binaries.display());
        setup.set("LOCAL_TEMPLATE", template.display()).with_own_mongod()
    }
}
