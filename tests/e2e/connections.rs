//! The connections of a function's process to the database.

use test_support::{Browser, SecureDatabase, Setup, skip_on_deployed_stack};

/// One for monitoring per server, and one for commands.
const MAX_CONNECTIONS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_four_connections_to_three_servers() {
    if skip_on_deployed_stack() {
        return;
    }
    let database = SecureDatabase::start().await;
    let stack = Setup::default().set("DATABASE_URL", database.new_url()).set("LOCAL_MAX_PROCESSES", 1).start();
    let browser = Browser::new(&stack);
    let count = async || database.connections_of("chat").await.into_iter().sum::<usize>();
    // The stack has created the indexes.
    let before = count().await;

    for _ in 0..3 {
        browser.get("/api/users").await.expect(200);
    }

    let connections = count().await - before;
    assert!((2..=MAX_CONNECTIONS).contains(&connections), "{connections} connections");
}
