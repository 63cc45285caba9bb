//! The bare database driver: the limit for a function that reads.

use std::thread;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Returns the last command that a function sent while `call` ran.
pub(crate) async fn command_of(database: &Database, call: impl Future<Output = ()>) -> Document {
    database.run_command(doc! { "profile": 2 }).await.unwrap();
    call.await;
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let last = profile.find_one(doc! { "appName": "chat" }).sort(doc! { "$natural": -1 }).await.unwrap().unwrap();
    profile.drop().await.unwrap();
    let mut command = last.get_document("command").unwrap().clone();
    for session_field in ["lsid", "$db", "$clusterTime", "$readPreference"] {
        command.remove(session_field);
    }
    command
}

/// The cost of one command.
pub(crate) struct Cost {
    /// The time from sending the command to the end of its answer.
    pub(crate) time: Duration,
    /// The processor time of the command.
    pub(crate) cpu: Duration,
}

/// A driver on its own thread, which sends one command per request.
pub(crate) struct Driver {
    requests: UnboundedSender<()>,
    costs: UnboundedReceiver<Cost>,
}

impl Driver {
    /// Starts the driver and connects, by sending the command for the first time.
    pub(crate) async fn start(url: &str, command: Document) -> Self {
        let ((requests, mut requested), (done, costs)) = (unbounded_channel(), unbounded_channel());
        let url = url.to_owned();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let database = Client::with_uri_str(url).await.unwrap().default_database().unwrap();
                while let Some(()) = requested.recv().await {
                    let (since, before) = (Instant::now(), cpu_time());
                    send(&database, &command).await;
                    done.send(Cost { time: since.elapsed(), cpu: cpu_time() - before }).unwrap();
                }
            });
        });
        let mut driver = Self { requests, costs };
        driver.send().await;
        driver
    }

    /// Sends the command and reads its whole answer.
    pub(crate) async fn send(&mut self) -> Cost {
        self.requests.send(()).unwrap();
        self.costs.recv().await.unwrap()
    }
}

async fn send(database: &Database, command: &Document) {
    let answers = database.run_cursor_command(command.clone()).await.unwrap();
    let _: Vec<Document> = answers.try_collect().await.unwrap();
}

/// Returns the processor time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
