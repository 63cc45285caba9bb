//! Checks that every file of the contract is described.

use std::fs;

use crate::in_workspace;

#[test]
fn every_file_of_the_contract_is_a_module() {
    for folder in ["endpoints", "actions", "events"].map(|name| format!("shared/src/contract/{name}")) {
        let modules_file = format!("{folder}/mod.rs");
        let folder = in_workspace(&folder);
        let modules = fs::read_to_string(folder.join("mod.rs")).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_declared = name == "mod" || modules.contains(&format!("pub mod {name};"));
            assert!(is_declared, "add `pub mod {name};` and `{name}::…` in `all()` to {modules_file}");
        }
    }
}
