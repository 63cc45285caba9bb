//! The whole stack: puts the parts together, runs them, and takes them down again.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::deployment;
use crate::functions;
use crate::http::HttpApi;
use crate::lambda::{Host, HostSettings};
use crate::mail::{self, Mailbox};
use crate::mongod::Mongod;
use crate::reaper::Reaper;
use crate::settings::{Settings, binaries, workspace};
use crate::template::{Overrides, Template};
use crate::watch::Watch;
use crate::websocket::WebSocketApi;

/// Runs the stack until it is asked to stop.
///
/// # Errors
/// One line on why it cannot start or go on.
pub(crate) async fn run(settings: Settings) -> Result<(), String> {
    let started = Instant::now();
    let listeners = Listeners::bind(&settings).await?;
    let reaper = Reaper::start().map_err(|error| format!("no process can be started: {error}"))?;
    let result = run_with(&settings, listeners, reaper.group(), started).await;
    reaper.stop();
    result
}

async fn run_with(settings: &Settings, listeners: Listeners, group: i32, started: Instant) -> Result<(), String> {
    let stop = stop_asked(settings.stop_with_stdin);
    tokio::pin!(stop);
    let build = async {
        match settings.binaries {
            Some(_) => Ok(()),
            None => functions::build(workspace()).await,
        }
    };
    let ready = async { tokio::try_join!(build, Mongod::provide(settings, group)) };
    let mut mongod = tokio::select! {
        ready = ready => ready?.1,
        () = &mut stop => return Ok(()),
    };
    let mut servers = JoinSet::new();
    let served = serve(settings, listeners, &mongod, group, &mut servers).await;
    let ended = match served {
        Ok(()) => {
            println!("ready in {:.1} s; stop with Ctrl-C", started.elapsed().as_secs_f64());
            tokio::select! {
                () = &mut stop => Ok(()),
                () = mongod.ended() => Err("mongod ended by itself: see mongod.log in the data folder".to_owned()),
            }
        }
        Err(reason) => Err(reason),
    };
    // Function processes are killed when the tasks that own them are dropped, at the latest by the reaper.
    servers.shutdown().await;
    mongod.stop().await;
    ended
}

/// Starts all servers and prints where they are, as the outputs of a deployed stack would be.
async fn serve(
    settings: &Settings,
    listeners: Listeners,
    mongod: &Mongod,
    group: i32,
    servers: &mut JoinSet<()>,
) -> Result<(), String> {
    let Listeners { http, websocket, runtime, smtp } = listeners;
    let address_error = |error: io::Error| format!("a port cannot be used: {error}");
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port()).map_err(address_error);
    let (http_port, websocket_port, smtp_port) = (port(&http)?, port(&websocket)?, port(&smtp)?);
    let overrides = overrides(settings, &mongod.url, http_port, websocket_port, smtp_port)?;

    let environment =
        |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty() && is_long_enough(name, value));
    let template = Template::load(&settings.template, &overrides, environment).map_err(|error| error.to_string())?;
    let binaries = settings.binaries.clone().unwrap_or_else(binaries);
    functions::check(&template, &settings.template, &binaries)?;

    let host_settings = HostSettings {
        binaries,
        group,
        max_processes: settings.max_processes,
        idle: settings.idle,
        database: mongod.address.clone(),
    };
    let functions = template.functions.into_values().collect();
    let (host, runtime_api) = Host::new(functions, runtime, &host_settings).map_err(address_error)?;
    servers.spawn(runtime_api);
    deployment::make(&template.custom_resources, &host).await?;

    let (mailbox, activity) = (Mailbox::default(), Activity::default());
    let http_api = HttpApi::new(&template.http_routes, template.cors, host.clone(), mailbox.clone(), activity.clone())?;
    let stage = template.websocket.stage.clone();
    let domain = format!("localhost:{websocket_port}");
    let websocket_api = WebSocketApi::new(template.websocket, domain, host, activity, settings.time_scale);
    servers.spawn(mail::serve(smtp, mailbox));
    servers.spawn(http_api.serve(http));
    servers.spawn(websocket_api.serve(websocket));
    if settings.watch {
        let folder = settings.template.parent().unwrap_or_else(|| workspace());
        servers.spawn(Watch::start(folder)?.run());
    }

    println!("PageUrl          http://localhost:{http_port}/");
    println!("HttpApiUrl       http://localhost:{http_port}");
    println!("WebSocketApiUrl  ws://localhost:{websocket_port}/{stage}");
    println!("MailUrl          http://localhost:{http_port}/_local/mail");
    println!("SmtpUrl          smtp://127.0.0.1:{smtp_port}");
    println!("DatabaseUrl      {}", mongod.url);
    Ok(())
}

/// The ports of the stack, all on loopback. They are taken before anything is started.
struct Listeners {
    http: TcpListener,
    websocket: TcpListener,
    runtime: TcpListener,
    smtp: TcpListener,
}

impl Listeners {
    async fn bind(settings: &Settings) -> Result<Self, String> {
        let next = match settings.port {
            0 => 0,
            port => port.checked_add(1).ok_or("APP_PORT must be smaller, the WebSocket API has the port after it")?,
        };
        Ok(Self {
            http: bind(settings.port).await?,
            websocket: bind(next).await?,
            runtime: bind(0).await?,
            smtp: bind(0).await?,
        })
    }
}

async fn bind(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("port {port} is taken: choose others with APP_PORT=4000 cargo run (HTTP there, sockets on the port after it)"),
        _ => format!("port {port} cannot be used: {error}"),
    })
}

/// What is different here from a deployed stack. A variable in the environment of this process comes before all of it.
fn overrides(
    settings: &Settings,
    database_url: &str,
    http: u16,
    websocket: u16,
    smtp: u16,
) -> Result<Overrides, String> {
    let secret = |name: &str| {
        secret(&settings.data, name)
            .map_err(|error| format!("{name} cannot be kept in {}: {error}", settings.data.display()))
    };
    let cross_site = std::env::var("COOKIE_SAME_SITE").is_ok_and(|value| value == "None");
    let origins = std::env::var("ALLOWED_ORIGINS").unwrap_or_else(|_| {
        // This stack's own pages, and where the usual development servers are.
        format!("http://localhost:{http},http://127.0.0.1:{http},http://localhost:5173,http://localhost:8080")
    });
    Ok(Overrides {
        parameters: HashMap::from([("AllowedOrigins", origins)]),
        environment: HashMap::from([
            ("DATABASE_URL", database_url.to_owned()),
            ("SECRET_KEY", secret("SECRET_KEY")?),
            ("SECRET_KEY_ACCESS", secret("SECRET_KEY_ACCESS")?),
            ("EMAIL_SERVICE_URL", format!("smtp://127.0.0.1:{smtp}")),
            ("EMAIL_SERVICE_USERNAME", "chat@localhost".to_owned()),
            ("EMAIL_SERVICE_KEY", "local".to_owned()),
            ("COOKIE_SECURE", cross_site.to_string()),
            ("WEBSOCKET_ENDPOINT", format!("http://127.0.0.1:{websocket}/api")),
            ("WEBSOCKET_URL", format!("ws://localhost:{websocket}/api")),
        ]),
    })
}

/// Whether functions would take this value. Other programs have shorter secrets in the same variables: here, this stack's own replace them.
fn is_long_enough(name: &str, value: &str) -> bool {
    const MIN_SECRET_BYTES: usize = 32;
    !name.starts_with("SECRET_KEY") || value.len() >= MIN_SECRET_BYTES
}

/// A key of this stack's own, made at the first start and kept, so that sessions survive a restart.
fn secret(data: &Path, name: &str) -> io::Result<String> {
    let file = data.join(name);
    if let Ok(secret) = fs::read_to_string(&file) {
        return Ok(secret);
    }
    let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    fs::create_dir_all(data)?;
    fs::write(&file, &secret)?;
    Ok(secret)
}

/// Reads standard input to its end. A thread of its own does it, since a task would keep the process from ending.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // What is written does not matter, only that nothing comes any more.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = closed.send(());
    });
    receiver
}

/// Returns when Ctrl-C is pressed, the process is told to end, or its standard input is closed, if that counts.
async fn stop_asked(with_stdin: bool) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let stdin_closed = async {
        if !with_stdin || stdin_closed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
        () = stdin_closed => {}
    }
}
