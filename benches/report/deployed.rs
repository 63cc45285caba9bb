//! The first request under the conditions of a deployment: three database servers with TLS and a login,
//! a whole processor during initialization, and the share of 256 MB in the handler.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use test_support::{Proxy, SecureDatabase};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::bed::Bed;
use crate::function_process::FunctionProcess;
use crate::report::Report;
use crate::share::{PERIOD, Share};
use crate::statistics::median;

/// The number of starts of each kind.
const STARTS: usize = 12;

/// The number of warm requests after each start. The last one counts.
const WARM: usize = 10;

/// The bounds of the first request: as a multiple of a warm one, and of one that connects itself.
const TIMES_WARM: f64 = 2.0;
const TIMES_CONNECTING: f64 = 1.0 / 3.0;

/// Measures cold starts of a function with a database and of the bare function.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let share = match Share::create() {
        Ok(share) => share,
        Err(error) => {
            println!("deployed is skipped: it needs to create a control group ({error})");
            return;
        }
    };
    let database = SecureDatabase::start().await;
    let url = database.new_url();
    let (mut users, mut connecting, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    // The kinds take turns, so that the load of the machine is the same for each.
    for _ in 0..=STARTS {
        bare.push(start(bed, "bare", &url, &share, &[]).await);
        users.push(start(bed, "users", &url, &share, &[]).await);
        connecting.push(start(bed, "users", &url, &share, &database.proxies).await);
    }
    // The first start reads the binary from the disk.
    let of = |starts: &[Start], value: fn(&Start) -> Duration| {
        let values: Vec<_> = starts[1..].iter().map(|start| value(start).as_secs_f64() * 1000.0).collect();
        median(&values)
    };
    let first = of(&users, |start| start.first);
    let (warm, connects) = (of(&users, |start| start.warm), of(&connecting, |start| start.first));
    report.add_ratio("deployed: first request, Users (limit: warm)", first, "ms", warm, TIMES_WARM);
    let figure = "deployed: first request, Users (limit: if the handler connects)";
    report.add_ratio(figure, first, "ms", connects, TIMES_CONNECTING);
    report.add("deployed: first request, bare", of(&bare, |start| start.first), "ms");
    let init = of(&users, |start| start.init);
    report.add_with_limit("deployed: initialization, Users (limit: bare)", init, "ms", of(&bare, |start| start.init));
    let cpu = of(&users, |start| start.init_cpu);
    let bare_cpu = of(&bare, |start| start.init_cpu);
    report.add_with_limit("deployed: initialization, Users, processor time (limit: bare)", cpu, "ms", bare_cpu);
}

/// The durations of one start.
struct Start {
    /// From the start of the process until it requests an invocation.
    init: Duration,
    /// The processor time of that.
    init_cpu: Duration,
    /// From the first event to its answer.
    first: Duration,
    /// The same for a later event.
    warm: Duration,
}

/// Starts a function and invokes it several times. The database refuses connections at `refusing` until
/// the function is initialized.
async fn start(bed: &Bed, binary: &str, url: &str, share: &Share, refusing: &[Proxy]) -> Start {
    refusing.iter().for_each(Proxy::refuse);
    let since = Instant::now();
    let mut function = Function::start(bed, binary, url).await;
    let init = since.elapsed();
    function.signal(Signal::STOP);
    refusing.iter().for_each(Proxy::recover);
    let id = function.process.id().unwrap();
    let init_cpu = FunctionProcess::with_id(id).cpu_time();
    share.limit(id);
    let first = function.invoke().await;
    let mut warm = Duration::ZERO;
    for _ in 0..WARM {
        warm = function.invoke().await;
    }
    function.process.kill().await.unwrap();
    Start { init, init_cpu, first, warm }
}

/// A process of a function under a Runtime API of its own.
struct Function {
    process: Child,
    runtime_api: BufReader<TcpStream>,
}

impl Function {
    /// Starts a function and waits until it requests an invocation.
    async fn start(bed: &Bed, binary: &str, url: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut command = Command::new(bed.binaries.join(binary));
        command.env_clear().kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string());
        let process = command
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", binary),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("DATABASE_URL", url),
                ("PUBLIC_DIRECTORY", "true"),
                ("SECRET_KEY_ACCESS", "0123456789abcdef0123456789abcdef"),
            ])
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut function = Self { process, runtime_api: BufReader::new(stream) };
        function.read().await;
        function
    }

    /// Invokes it, and returns the time to the answer.
    async fn invoke(&mut self) -> Duration {
        // The share of each invocation is whole.
        tokio::time::sleep(Duration::from_micros((2 * PERIOD).into())).await;
        let event = event().to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 9999999999999\r\n\
             lambda-runtime-invoked-function-arn: arn\r\ncontent-length: {}\r\n\r\n",
            event.len()
        );
        let since = Instant::now();
        self.signal(Signal::CONT);
        self.runtime_api.write_all((head + &event).as_bytes()).await.unwrap();
        let answer = self.read().await;
        let duration = since.elapsed();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        self.runtime_api.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        self.read().await;
        self.signal(Signal::STOP);
        duration
    }

    /// Freezes or thaws it, as Lambda does between invocations.
    fn signal(&self, signal: Signal) {
        let id = self.process.id().unwrap();
        kill_process(Pid::from_raw(id.cast_signed()).unwrap(), signal).unwrap();
    }

    /// Reads the next request and returns its body.
    async fn read(&mut self) -> Vec<u8> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.runtime_api.read_line(&mut head).await.unwrap() > 0, "the function ended: {head}");
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.runtime_api.read_exact(&mut body).await.unwrap();
        body
    }
}

/// A request of the HTTP API.
fn event() -> Value {
    json!({
        "version": "2.0", "routeKey": "GET /api/users", "rawPath": "/api/users", "rawQueryString": "",
        "headers": { "host": "api.example" }, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "api", "domainName": "api.example", "domainPrefix": "api",
            "http": {
                "method": "GET", "path": "/api/users", "protocol": "HTTP/1.1", "sourceIp": "1.1.1.1", "userAgent": "-",
            },
            "requestId": "request", "routeKey": "GET /api/users", "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_521_600_000_i64,
        },
    })
}
