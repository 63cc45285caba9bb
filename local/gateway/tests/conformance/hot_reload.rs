//! `--watch`, which has no counterpart on AWS.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use crate::harness::{Setup, Socket, conformance, eventually, probe, temporary_folder};

/// Returns a stand-in for cargo: a script that reads the source and replaces the binary with a
/// copy.
fn cargo(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "#!/bin/sh\ncat {folder}/functions/http/src/bin/probe.rs\n\
         cp {folder}/probe {folder}/binaries/new && mv {folder}/binaries/new {folder}/binaries/probe\n"
    )
}

#[tokio::test]
async fn a_changed_source_replaces_the_function_and_keeps_its_sockets() {
    let folder = temporary_folder();
    let (binaries, sources) = (folder.path().join("binaries"), folder.path().join("functions/http/src/bin"));
    for folder in [&binaries, &sources] {
        fs::create_dir_all(folder).unwrap();
    }
    for copy in [binaries.join("probe"), folder.path().join("probe")] {
        fs::copy(probe().join("probe"), copy).unwrap();
    }
    let (script, source) = (folder.path().join("cargo"), sources.join("probe.rs"));
    fs::write(&script, cargo(folder.path())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&source, "// old").unwrap();
    fs::copy(conformance("template.yaml"), folder.path().join("template.yaml")).unwrap();
    let setup = Setup::build(&folder.path().join("template.yaml")).option("--binaries", &binaries);
    let gateway = setup.variable("CARGO", &script).flag("--watch").start();
    let mut socket = Socket::open(&gateway).await;
    let old = gateway.report("Sockets").await["process"].clone();

    fs::write(&source, "// new").unwrap();

    eventually("another process answers", async || gateway.report("Sockets").await["process"] != old).await;
    socket.send(&json!({ "action": "known", "do": { "post": "{\"still\":\"open\"}" } }).to_string()).await;
    assert_eq!(socket.next_json().await, json!({ "still": "open" }));
    assert_eq!(gateway.output.to_string().matches("building").count(), 1, "{}", gateway.output);
}

#[test]
fn an_unknown_option_is_refused() {
    let (status, output) = Setup::shared().flag("--wach").expect_failure();

    assert!(!status.success());
    assert!(output.contains("unexpected argument '--wach'"), "{output}");
}
