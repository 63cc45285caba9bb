//! `--watch`: what AWS has no counterpart to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::harness::{Setup, Socket, eventually, probe, temporary_folder, workspace};

/// Stands in for cargo: reads the source, and puts a new copy of the binary in the place of the old one.
const CARGO: &str = "#!/bin/sh\ncat functions/http/src/bin/probe.rs\ncp \"$LOCAL_BINARIES/../probe\" \"$LOCAL_BINARIES/new\" && mv \"$LOCAL_BINARIES/new\" \"$LOCAL_BINARIES/probe\"\n";

#[tokio::test]
async fn a_change_of_a_source_swaps_the_function_and_keeps_its_sockets() {
    let folder = temporary_folder();
    let (binaries, sources) = (folder.path().join("binaries"), folder.path().join("functions/http/src/bin"));
    for folder in [&binaries, &sources] {
        fs::create_dir_all(folder).unwrap();
    }
    for copy in [binaries.join("probe"), folder.path().join("probe")] {
        fs::copy(probe().join("probe"), copy).unwrap();
    }
    let (cargo, source) = (folder.path().join("cargo"), sources.join("probe.rs"));
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&source, "// old").unwrap();
    let template = fs::read_to_string(workspace().join("local/tests/conformance/template.yaml")).unwrap();
    let setup = Setup::of_text(&folder, &template).set("CARGO", cargo.display());
    let stack = setup.set("LOCAL_BINARIES", binaries.display()).option("--watch").start();
    let mut socket = Socket::open(&stack).await;
    let old = stack.report("Sockets").await["process"].clone();

    fs::write(&source, "// new").unwrap();

    eventually("another process answers", async || stack.report("Sockets").await["process"] != old).await;
    socket.send(&json!({ "action": "known", "do": { "post": "{\"still\":\"open\"}" } }).to_string()).await;
    assert_eq!(socket.next_json().await, json!({ "still": "open" }));
    assert_eq!(stack.output.to_string().matches("building").count(), 1, "{}", stack.output);
}

#[test]
fn any_other_option_is_refused() {
    let (status, output) = Setup::of_shared().option("--wach").start_in_vain();
    assert!(!status.success());
    assert!(output.contains("--wach is no option: there is only --watch"), "{output}");
}
