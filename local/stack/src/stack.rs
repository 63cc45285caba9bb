//! Starts the whole stack, runs it, and stops it.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use gateway::{Gateway, Listeners, ProcessGroup, RunningGateway, Tap, shutdown_requested};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::container_environment;
use crate::error::Error;
use crate::hosts::Hosts;
use crate::mail::{self, Mailbox};
use crate::mongo_commands::MongoCommands;
use crate::mongod::Mongod;
use crate::page;
use crate::programs::{binaries, workspace, workspace_folder};
use crate::second_person;
use crate::secrets;
use crate::settings::Settings;

/// The variable that contains the address of the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// The longest time to wait for the indexes. A person who has mistyped an address should not wait for
/// as long as CloudFormation does.
const RESOURCE_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs the stack until a request to stop.
///
/// # Errors
/// Returns an error if the stack cannot start or continue.
pub(crate) async fn run(settings: Settings) -> Result<(), Error> {
    let started = Instant::now();
    let ports = Ports::bind(&settings).await?;
    let processes = ProcessGroup::start()?;
    let shutdown = shutdown_requested(settings.stop_with_stdin);
    tokio::pin!(shutdown);
    let ready = async { tokio::try_join!(build(&settings), start_database(&settings, &processes)) };
    let ((), mut mongod) = tokio::select! {
        ready = ready => ready?,
        () = &mut shutdown => return Ok(()),
    };
    let mut mail_catcher = JoinSet::new();
    let result = match serve(&settings, ports, &mongod, &processes, &mut mail_catcher).await {
        Ok(gateway) => {
            println!("ready in {:.1} s; stop with Ctrl-C", started.elapsed().as_secs_f64());
            let result = tokio::select! {
                () = &mut shutdown => Ok(()),
                () = mongod.ended() => Err(Error::MongodEnded),
            };
            gateway.stop().await;
            result
        }
        Err(error) => Err(error),
    };
    mail_catcher.shutdown().await;
    mongod.stop().await;
    result
}

/// The ports of the stack. They are bound before anything else starts. Only containers reach those
/// that are not on the loopback interface.
struct Ports {
    gateway: Listeners,
    smtp: Vec<TcpListener>,
    smtp_port: u16,
}

impl Ports {
    async fn bind(settings: &Settings) -> Result<Self, Error> {
        let gateway = Listeners::bind(settings.port).await?;
        let loopback = listen_for_mail(Ipv4Addr::LOCALHOST.into(), settings.smtp_port).await?;
        let smtp_port = loopback.local_addr().map_or(settings.smtp_port, |address| address.port());
        let mut smtp = vec![loopback];
        if let Some(address) = settings.container_address {
            smtp.push(listen_for_mail(address, smtp_port).await?);
        }
        Ok(Self { gateway, smtp, smtp_port })
    }
}

async fn listen_for_mail(address: IpAddr, port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::new(address, port);
    TcpListener::bind(address).await.map_err(|source| Error::Smtp { address, source })
}

async fn build(settings: &Settings) -> Result<(), Error> {
    match settings.binaries {
        Some(_) => Ok(()),
        None => Ok(workspace(workspace_folder()).build().await?),
    }
}

async fn start_database(settings: &Settings, processes: &ProcessGroup) -> Result<Mongod, Error> {
    Ok(Mongod::start_or_connect(settings, processes).await?)
}

/// Starts all servers and prints their addresses, as the outputs of a deployed stack would be.
async fn serve(
    settings: &Settings,
    ports: Ports,
    mongod: &Mongod,
    processes: &ProcessGroup,
    mail_catcher: &mut JoinSet<()>,
) -> Result<RunningGateway, Error> {
    let Ports { gateway: listeners, smtp, smtp_port } = ports;
    let port = listeners.http_port();
    let mailbox = Mailbox::default();
    let mails = mailbox.clone();
    let hosts = Hosts::new(&settings.hosts);
    let mut gateway = configure(settings, mongod, processes, port, smtp_port)?
        .routes(move |api| {
            let mail = api.allow_origins(mail::routes(mails));
            hosts.protect(page::routes().merge(mail).merge(second_person::routes(api.clone())))
        })
        .index(page::index);
    if settings.watch {
        let folder = settings.template.parent().unwrap_or_else(|| workspace_folder());
        gateway = gateway.watch(workspace(folder));
    }
    let gateway = gateway.start(listeners).await?;
    for listener in smtp {
        mail_catcher.spawn(mail::serve(listener, mailbox.clone()));
    }

    println!("PageUrl          http://localhost:{port}/");
    println!("HttpApiUrl       {}", gateway.http_url());
    if let Some(url) = gateway.websocket_url() {
        println!("WebSocketApiUrl  {url}");
    }
    println!("MailUrl          http://localhost:{port}/_local/mail");
    println!("SmtpUrl          smtp://127.0.0.1:{smtp_port}");
    println!("DatabaseUrl      {}", mongod.url);
    Ok(gateway)
}

/// Configures everything that differs from a deployment. Environment variables of this process take
/// precedence.
fn configure(
    settings: &Settings,
    mongod: &Mongod,
    processes: &ProcessGroup,
    port: u16,
    smtp_port: u16,
) -> Result<Gateway, Error> {
    let secret = |name: &'static str| {
        secrets::find_or_create(&settings.data, name).map_err(|source| Error::Secret {
            name,
            folder: settings.data.clone(),
            source,
        })
    };
    let is_cross_site = env::var("COOKIE_SAME_SITE").is_ok_and(|value| value == "None");
    let origins = env::var("ALLOWED_ORIGINS").unwrap_or_else(|_| {
        // This stack's own pages, and the usual origins of development servers.
        format!("http://localhost:{port},http://127.0.0.1:{port},http://localhost:5173,http://localhost:8080")
    });
    let binaries = settings.binaries.clone().unwrap_or_else(binaries);
    let value_of = |name: &str| {
        let value = env::var(name).ok().filter(|value| !value.is_empty());
        value.filter(|value| !secrets::is_too_short(name, value))
    };
    let variables = [
        (DATABASE_URL, mongod.url.clone()),
        ("SECRET_KEY", secret("SECRET_KEY")?),
        ("SECRET_KEY_ACCESS", secret("SECRET_KEY_ACCESS")?),
        ("EMAIL_SERVICE_URL", format!("smtp://127.0.0.1:{smtp_port}")),
        ("EMAIL_SERVICE_USERNAME", "chat@localhost".to_owned()),
        ("EMAIL_SERVICE_KEY", "local".to_owned()),
        ("COOKIE_SECURE", is_cross_site.to_string()),
    ];
    let set = variables.iter().map(|(name, value)| (*name, value_of(name).unwrap_or_else(|| value.clone())));
    container_environment::write(settings, set.chain([("ALLOWED_ORIGINS", origins.clone())]))?;
    let mut gateway = Gateway::new(&settings.template, binaries, processes)
        .require_functions_for(settings.template.with_file_name("functions"))
        .max_processes(settings.max_processes)
        .idle(settings.idle)
        .time_scale(settings.time_scale)
        .throttle(settings.throttles)
        .concurrency(settings.concurrency)
        .resource_timeout(RESOURCE_TIMEOUT)
        .environment(value_of)
        .parameter("AllowedOrigins", origins);
    for (name, value) in variables {
        gateway = gateway.variable(name, value);
    }
    if let Some(freeze) = settings.dead_after_freeze {
        gateway = gateway.dead_after_freeze(freeze);
    }
    Ok(match &mongod.address {
        Some(address) => gateway.tap(Tap::new(DATABASE_URL, address, MongoCommands::default)),
        None => gateway,
    })
}
