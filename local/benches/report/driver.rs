//! The database driver with nothing around it: the limit of what a function that reads can reach.

use std::thread;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use rustix::time::{ClockId, clock_gettime};

use crate::statistics::median;

/// What a command takes when the driver alone sends it.
pub(crate) struct Bare {
    /// The median, in milliseconds.
    pub(crate) millis: f64,
    /// The processor time of one, in milliseconds.
    pub(crate) cpu_millis: f64,
}

/// The last command that a function sent while `call` ran.
pub(crate) async fn command_of(database: &Database, call: impl Future<Output = ()>) -> Document {
    database.run_command(doc! { "profile": 2 }).await.unwrap();
    call.await;
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let last = profile.find_one(doc! { "appName": "chat" }).sort(doc! { "$natural": -1 }).await.unwrap().unwrap();
    profile.drop().await.unwrap();
    let mut command = last.get_document("command").unwrap().clone();
    for about_the_session in ["lsid", "$db", "$clusterTime"] {
        command.remove(about_the_session);
    }
    command
}

/// Sends a command so many times and reads all of each answer, on a thread of its own.
pub(crate) fn repeat(url: &str, command: &Document, times: usize) -> Bare {
    thread::scope(|scope| {
        let measured = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let database = Client::with_uri_str(url).await.unwrap().default_database().unwrap();
                send(&database, command).await;
                let (before, mut taken) = (cpu_time(), Vec::new());
                for _ in 0..times {
                    let since = Instant::now();
                    send(&database, command).await;
                    taken.push(since.elapsed().as_secs_f64() * 1000.0);
                }
                let cpu = (cpu_time() - before).as_secs_f64() * 1000.0;
                Bare { millis: median(&taken), cpu_millis: cpu / times as f64 }
            })
        });
        measured.join().unwrap()
    })
}

async fn send(database: &Database, command: &Document) {
    let answers = database.run_cursor_command(command.clone()).await.unwrap();
    let _: Vec<Document> = answers.try_collect().await.unwrap();
}

/// The processor time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
