//! Copies that are refused before anything is written.

use std::process::Command;

use mongodb::bson::{Document, doc};

use crate::harness::{Job, outcome};

#[tokio::test]
async fn a_target_with_other_content_is_refused_unless_allowed() {
    for collection in ["users", "photos", "log"] {
        let job = Job::new().await;
        job.user("Ada").await;
        let something = doc! { "email": "eve@example.com", "chatId": 1, "number": 1, "pair": 1 };
        job.target.collection::<Document>(collection).insert_one(something).await.unwrap();
        let before = job.result().await;

        for arguments in [[].as_slice(), &["--dry-run"]] {
            job.run(arguments).expect_refusal("the target is not empty");
        }

        assert_eq!(job.result().await, before);
        assert_eq!(job.run(&["--into-existing"]).expect_success().counts("users"), [1, 0, 0, 0]);
        job.run(&[]).expect_success();
    }
}

#[tokio::test]
async fn a_copy_of_another_source_counts_as_other_content() {
    let (job, other) = (Job::new().await, Job::new().await);
    job.user("Ada").await;
    job.run(&[]).expect_success();

    Job { to: job.to, target: job.target, ..other }.run(&[]).expect_refusal("the target is not empty");
}

#[tokio::test]
async fn a_database_is_not_copied_into_itself_even_under_another_name() {
    let job = Job::new().await;
    job.user("Ada").await;
    for to in [job.from.clone(), job.from.replace("127.0.0.1", "localhost")] {
        Job {
            to,
            target: job.source.clone(),
            source: job.source.clone(),
            from: job.from.clone(),
            uploads: tempfile::tempdir().unwrap(),
        }
        .run(&["--into-existing"])
        .expect_refusal("--from and --to are the same database");
    }
}

#[tokio::test]
async fn a_source_without_the_collections_is_refused() {
    let job = Job::new().await;

    let outcome = job.run(&["--chats-collection", "connections"]);

    outcome.expect_refusal("--from has no collection connections; it has ");
    assert_eq!(job.result().await, []);
}

#[tokio::test]
async fn an_empty_source_is_refused() {
    let job = Job::new().await;
    job.source.drop().await.unwrap();

    job.run(&[]).expect_refusal("--from is an empty database");
}

#[tokio::test]
async fn an_invalid_argument_is_named() {
    let job = Job::new().await;
    let run = |from: &str, uploads: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_copy-database"));
        outcome(command.args(["--from", from, "--to", &job.to, "--uploads", uploads]))
    };

    run("localhost:27017", ".").expect_refusal("--from must be a MongoDB connection string");
    run(&job.from, "/nowhere").expect_refusal("--uploads: /nowhere is not a folder");
    run("mongodb://127.0.0.1:1/old?serverSelectionTimeoutMS=300", ".").expect_refusal("Run the same command again");
    assert_eq!(job.result().await, []);
}
