//! The shards that each database command would reach: the table in `docs/scaling.md`.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use test_support::{Chat, Setup, exercise_every_function, expect_generated, skip_on_deployed_stack};

/// The key by which each collection would be sharded.
const SHARD_KEYS: [(&str, &str); 7] = [
    ("log", "chatId"),
    ("marks", "chatId"),
    ("connections", "userId"),
    ("sessions", "_id"),
    ("users", "_id"),
    ("otps", "_id"),
    ("photos", "_id"),
];

/// The shards that a part of a command reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shards {
    /// One, because the shard key has one value.
    One,
    /// At most one per value of the shard key.
    PerValue,
    /// All, because the shard key is unknown.
    All,
}

/// The search for documents of a collection.
#[derive(Default)]
struct Search<'a> {
    collection: &'a str,
    /// The fields that are compared with one value.
    equal: BTreeSet<&'a str>,
    /// The fields that are compared with several values.
    within: BTreeSet<&'a str>,
    /// The other conditions.
    others: Vec<String>,
}

impl<'a> Search<'a> {
    /// Reads a filter.
    fn new(collection: &'a str, filter: &'a Document) -> Self {
        let mut search = Self { collection, ..Self::default() };
        for (name, value) in filter {
            match value {
                Bson::Document(operators) if operators.contains_key("$in") => search.within.extend([name.as_str()]),
                Bson::Document(operators) if operators.keys().any(|key| key.starts_with('$')) => {
                    search.others.push(format!("a range of `{name}`"));
                }
                Bson::Array(branches) if name == "$or" => search.add_alternatives(branches),
                _ if name.starts_with('$') => {}
                _ => search.equal.extend([name.as_str()]),
            }
        }
        search
    }

    /// Adds conditions of which one must be met. All of them have in common what is known.
    fn add_alternatives(&mut self, branches: &'a [Bson]) {
        if let [Bson::Document(only)] = branches {
            let Self { equal, within, others, .. } = Self::new(self.collection, only);
            self.equal.extend(equal);
            self.within.extend(within);
            self.others.extend(others);
            return;
        }
        let branches = branches.iter().filter_map(Bson::as_document);
        let branches: Vec<_> = branches.map(|branch| Self::new(self.collection, branch)).collect();
        let known = |branch: &Self| &branch.equal | &branch.within;
        let common = branches.iter().map(known).reduce(|one, other| &one & &other).unwrap_or_default();
        if common.is_empty() {
            let texts: Vec<_> = branches.iter().map(Self::text).collect();
            self.others.push(texts.join(" or "));
        }
        self.within.extend(common);
    }

    fn shards(&self) -> Shards {
        let (_, key) = SHARD_KEYS.iter().find(|(collection, _)| *collection == self.collection).unwrap_or_else(|| {
            panic!("add the shard key of {} to SHARD_KEYS, in {}", self.collection, file!());
        });
        match () {
            () if self.equal.contains(key) => Shards::One,
            () if self.within.contains(key) => Shards::PerValue,
            () => Shards::All,
        }
    }

    fn text(&self) -> String {
        let equal = self.equal.iter().map(|name| format!("`{name}`"));
        let within = self.within.difference(&self.equal).map(|name| format!("`{name}` in a list"));
        let known: Vec<_> = equal.chain(within).collect();
        match (known.is_empty(), self.others.is_empty()) {
            (false, _) => known.join(", "),
            (true, false) => self.others.join(", "),
            (true, true) => "an expression".to_owned(),
        }
    }
}

/// Returns the collection, the name and the filter of a command in an entry of MongoDB's profiler,
/// and the stages of an aggregation.
fn command(entry: &Document) -> (&str, &'static str, Option<&Document>, &[Bson]) {
    let collection = entry.get_str("ns").unwrap().split_once('.').unwrap().1;
    let command = entry.get_document("command").unwrap();
    let stages = command.get_array("pipeline").map(Vec::as_slice).unwrap_or_default();
    let (name, filter) = match entry.get_str("op").unwrap() {
        "insert" => ("insert", None),
        "update" => ("update", command.get_document("q").ok()),
        "remove" => ("delete", command.get_document("q").ok()),
        _ if command.contains_key("findAndModify") => ("findAndModify", command.get_document("query").ok()),
        _ if command.contains_key("pipeline") => {
            let first = stages.first().and_then(Bson::as_document);
            ("aggregate", first.and_then(|stage| stage.get_document("$match").ok()))
        }
        _ => ("find", command.get_document("filter").ok()),
    };
    (collection, name, filter, stages)
}

/// Returns the search of a stage that reads another collection.
fn join(stage: &Document) -> Option<Search<'_>> {
    if let Ok(lookup) = stage.get_document("$lookup") {
        let (collection, field) = (lookup.get_str("from").unwrap(), lookup.get_str("foreignField").ok());
        // Without a field, the pipeline compares in an expression.
        return Some(Search { collection, within: field.into_iter().collect(), ..Search::default() });
    }
    let union = stage.get_document("$unionWith").ok()?;
    let first = union.get_array("pipeline").unwrap().first()?.as_document()?;
    Some(Search::new(union.get_str("coll").unwrap(), first.get_document("$match").ok()?))
}

/// Returns the row of a command.
fn row(entry: &Document) -> String {
    let (collection, name, filter, stages) = command(entry);
    let empty = Document::new();
    let search = Search::new(collection, filter.unwrap_or(&empty));
    // An insertion has all fields.
    let (mut text, mut shards) = match name {
        "insert" => ("the new document".to_owned(), Shards::One),
        _ => (search.text(), search.shards()),
    };
    for join in stages.iter().filter_map(|stage| join(stage.as_document()?)) {
        text += &format!("; then `{}` by {}", join.collection, join.text());
        shards = shards.max(join.shards());
    }
    let shards = match shards {
        Shards::One => "one",
        Shards::PerValue => "one per value",
        Shards::All => "**all**",
    };
    format!("| `{collection}` | {name} | {text} | {shards} |")
}

#[tokio::test]
async fn the_documentation_says_which_shards_a_command_reaches() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let database = stack.database().await;
    let keep = doc! { "create": "system.profile", "capped": true, "size": 64 << 20 };
    database.run_command(keep).await.unwrap();
    database.run_command(doc! { "profile": 2 }).await.unwrap();

    exercise_every_function(&stack).await;
    // A chat with an archive.
    let chat = Chat::start(&stack).await;
    for _ in 1..=70 {
        chat.say("Hello").await;
    }
    chat.read(&chat.bob.browser, &[("before", "10")]).await.expect(200);

    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let entries: Vec<Document> = profile.find(doc! { "appName": "chat" }).await.unwrap().try_collect().await.unwrap();
    let is_continued = |entry: &&Document| entry.get_str("op").unwrap() != "getmore";
    let rows: BTreeSet<String> = entries.iter().filter(is_continued).map(row).collect();
    assert!(rows.len() >= 20, "only these kinds of commands were sent: {rows:?}");
    let heading = "| Collection | Command | Selects by | Shards |\n|---|---|---|---|\n";
    let table = heading.to_owned() + &Vec::from_iter(rows).join("\n");
    expect_generated("docs/scaling.md", "shards", &table);
}
