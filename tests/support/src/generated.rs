//! The generated parts of Markdown files.

use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use crate::workspace::workspace;

/// The variable with which tests write the generated parts instead of comparing them.
const UPDATE: &str = "UPDATE";

/// Checks that the part `name` of a file consists of `text`, or writes it there if the variable
/// `UPDATE` is set. The part is enclosed by the comments `<!-- begin NAME -->` and
/// `<!-- end NAME -->`.
#[track_caller]
pub fn expect_generated(file: &str, name: &str, text: &str) {
    // Tests of one process run at the same time, and a file has several parts.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = workspace().join(file);
    let old = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let split = old.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?)));
    let (before, (present, after)) = split.unwrap_or_else(|| panic!("{file} has no part {name}"));
    let text = format!("\n{}\n\n", text.trim());
    if env::var_os(UPDATE).is_some() {
        // Other tests read the file meanwhile.
        let new = path.with_extension("new");
        fs::write(&new, [before, &begin, &text, &end, after].concat()).unwrap();
        fs::rename(new, &path).unwrap();
    } else {
        assert_eq!(present, text, "{file} is out of date: run this test with {UPDATE}=1");
    }
}

/// Returns the rows of the table in the part `name` of a file, without its heading.
pub fn generated_rows(file: &str, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(workspace().join(file)).unwrap();
    let lines = text.lines().skip_while(|line| *line != format!("<!-- begin {name} -->"));
    let lines = lines.take_while(|line| *line != format!("<!-- end {name} -->"));
    let rows = lines.filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.skip(1).map(|row| row.split(" | ").map(str::to_owned).collect()).collect()
}
