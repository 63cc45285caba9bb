//! Starts and stops the gateway.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::binaries::{check_functions, program_without_function};
use crate::custom_resources::CustomResources;
use crate::error::Error;
use crate::http::{HttpApi, Index, local_routes};
use crate::iam::Identities;
use crate::lambda::{Host, Settings, Tap};
use crate::listeners::{Listeners, bind, prompt};
use crate::process_group::ProcessGroup;
use crate::template::{self, Environment, Overrides, Template, TemplateError};
use crate::throttle::{Account, Throttle};
use crate::usage::{Meter, Usage};
use crate::watch::Watch;
use crate::websocket::{Surroundings, WebSocketApi};
use crate::workspace::Workspace;

const MAX_PROCESSES: NonZero<usize> = NonZero::new(8).unwrap();

const IDLE: Duration = Duration::from_secs(60);

/// The concurrent executions of an account that has not raised its quota. New accounts have fewer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const CONCURRENCY: NonZero<usize> = NonZero::new(1000).unwrap();

/// The pause before the first retry of an asynchronous invocation
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
const RETRY_PAUSE: Duration = Duration::from_secs(60);

/// The settings of a gateway that is to be started.
#[must_use]
pub struct Gateway {
    template: PathBuf,
    binaries: PathBuf,
    group: i32,
    parameters: HashMap<String, String>,
    variables: HashMap<String, String>,
    environment: Box<Environment>,
    packages: Option<PathBuf>,
    max_processes: NonZero<usize>,
    idle: Duration,
    time_scale: NonZero<u32>,
    throttles: bool,
    concurrency: NonZero<usize>,
    retry_pause: Duration,
    resource_timeout: Option<Duration>,
    creates_resources: bool,
    dead_after_freeze: Option<Duration>,
    loses_disconnects: bool,
    tap: Option<Tap>,
    routes: Box<dyn FnOnce(&HttpApi) -> Router + Send>,
    index: Option<Index>,
    built: Option<Workspace>,
    watched: Option<Workspace>,
}

impl Gateway {
    /// Creates a gateway for the template at `template`. The binaries of its functions are in the
    /// folder `binaries`, and their processes join `group`.
    ///
    /// The `CodeUri` of each function must be `target/lambda/NAME`, as `cargo lambda build` lays it
    /// out; here, `NAME` is looked up in `binaries`.
    pub fn new(template: impl Into<PathBuf>, binaries: impl Into<PathBuf>, group: &ProcessGroup) -> Self {
        Self {
            template: template.into(),
            binaries: binaries.into(),
            group: group.id(),
            parameters: HashMap::new(),
            variables: HashMap::new(),
            environment: Box::new(|_| None),
            packages: None,
            max_processes: MAX_PROCESSES,
            idle: IDLE,
            time_scale: NonZero::<u32>::MIN,
            throttles: false,
            concurrency: CONCURRENCY,
            retry_pause: RETRY_PAUSE,
            resource_timeout: None,
            creates_resources: true,
            dead_after_freeze: None,
            loses_disconnects: false,
            tap: None,
            routes: Box::new(|_| Router::new()),
            index: None,
            built: None,
            watched: None,
        }
    }

    /// Sets a parameter of the template. The others have their defaults.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Sets an environment variable of every function that has it in the template.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets a lookup for the environment variables of functions. It takes precedence over
    /// [`variable`] and over the template. By default, it returns nothing.
    ///
    /// [`variable`]: Self::variable
    pub fn environment(mut self, look_up: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.environment = Box::new(look_up);
        self
    }

    /// Refuses to start if a program (`src/bin/*.rs`) of a cargo package in this folder has no
    /// function in the template.
    pub fn require_functions_for(mut self, packages: impl Into<PathBuf>) -> Self {
        self.packages = Some(packages.into());
        self
    }

    /// Sets the maximum number of processes per function (8 by default). Further invocations wait.
    pub fn max_processes(mut self, processes: NonZero<usize>) -> Self {
        self.max_processes = processes;
        self
    }

    /// Sets how long a process may be idle before it ends (one minute by default).
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Speeds up the clocks of sockets: the idle timeout of ten minutes and the lifetime of two
    /// hours elapse `factor` times faster.
    pub fn time_scale(mut self, factor: NonZero<u32>) -> Self {
        self.time_scale = factor;
        self
    }

    /// Applies the rate limits of the template and of the account if `throttles` is set. By default,
    /// there are none, because tests and scripts send more than people do.
    pub fn throttle(mut self, throttles: bool) -> Self {
        self.throttles = throttles;
        self
    }

    /// Sets the maximum number of invocations of all functions at a time (1,000 by default). Further
    /// ones are throttled.
    pub fn concurrency(mut self, executions: NonZero<usize>) -> Self {
        self.concurrency = executions;
        self
    }

    /// Sets the pause before the first retry of an asynchronous invocation (one minute by default).
    /// The pause before the second is twice as long.
    pub fn retry_pause(mut self, pause: Duration) -> Self {
        self.retry_pause = pause;
        self
    }

    /// Sets the longest time to wait for the answer of a custom resource's function. By default, it is
    /// the resource's `ServiceTimeout`, which is one hour if the template does not set it.
    pub fn resource_timeout(mut self, limit: Duration) -> Self {
        self.resource_timeout = Some(limit);
        self
    }

    /// Leaves the custom resources alone at startup if `creates` is not set. They can be created
    /// later, through `/_local/custom-resources/NAME`.
    pub fn create_resources(mut self, creates: bool) -> Self {
        self.creates_resources = creates;
        self
    }

    /// Lets the connections of a process that was frozen for longer than `freeze` die silently: those
    /// to the database, if there is a [`tap`](Self::tap), and those to `@connections`. What the
    /// process sends over them vanishes. By default, connections survive every freeze.
    pub fn dead_after_freeze(mut self, freeze: Duration) -> Self {
        self.dead_after_freeze = Some(freeze);
        self
    }

    /// Delivers no `$disconnect` if `loses` is set. API Gateway does not promise to deliver it.
    pub fn lose_disconnects(mut self, loses: bool) -> Self {
        self.loses_disconnects = loses;
        self
    }

    /// Counts the commands that functions send to their database.
    pub fn tap(mut self, tap: Tap) -> Self {
        self.tap = Some(tap);
        self
    }

    /// Adds routes to the HTTP API's port. They take precedence over the template's.
    pub fn routes(mut self, routes: impl FnOnce(&HttpApi) -> Router + Send + 'static) -> Self {
        self.routes = Box::new(routes);
        self
    }

    /// Answers `GET /` with this page if the template has no route for it.
    pub fn index(mut self, page: impl Fn() -> Response + Send + Sync + 'static) -> Self {
        self.index = Some(Arc::new(page));
        self
    }

    /// Builds the programs of the functions in this workspace before they are started.
    pub fn build(mut self, workspace: Workspace) -> Self {
        self.built = Some(workspace);
        self
    }

    /// Rebuilds the functions when the sources of this workspace change. The next invocation of a
    /// function whose binary has changed starts a new process; sockets stay open.
    pub fn watch(mut self, workspace: Workspace) -> Self {
        self.watched = Some(workspace);
        self
    }

    /// Reads the template, creates its custom resources, and starts serving.
    ///
    /// # Errors
    /// Returns an error if the template cannot be run or if a resource cannot be created.
    pub async fn start(self, listeners: Listeners) -> Result<RunningGateway, Error> {
        let (http_port, websocket_port) = (listeners.http_port(), listeners.websocket_port());
        let template = self.load_template(http_port, websocket_port)?;
        let programs: BTreeSet<_> = template.functions.values().map(|function| function.binary.clone()).collect();
        let programs = Vec::from_iter(programs);
        if let Some(workspace) = &self.built {
            workspace.build_programs(&programs).await?;
        }
        self.check(&template)?;
        let time_scale = self.time_scale.get();
        let meter = Meter::new(time_scale);
        let identities = Identities::new(template.functions.values());
        let settings = Settings {
            binaries: self.binaries,
            group: self.group,
            max_processes: self.max_processes.get(),
            idle: self.idle,
            tap: self.tap,
            meter: meter.clone(),
            identities: identities.clone(),
            concurrency: self.concurrency.get(),
            retry_pause: self.retry_pause,
            dead_after_freeze: self.dead_after_freeze,
            connections: format!("127.0.0.1:{websocket_port}"),
        };
        let (runtime_listener, runtime_port) = bind(0).await?;
        let functions = template.functions.into_values().collect();
        let (host, runtime_api) = Host::new(functions, runtime_port, settings);
        let mut servers = JoinSet::new();
        servers.spawn(runtime_api.serve(runtime_listener));
        // From here on, dropping it ends what was started.
        let mut running = RunningGateway { http_url: String::new(), websocket_url: None, host, meter, servers };
        let (resources, listener) =
            CustomResources::bind(template.custom_resources, running.host.clone(), self.resource_timeout).await?;
        running.servers.spawn(resources.clone().serve(listener));
        if self.creates_resources {
            resources.create_all().await?;
        }

        let account = self.throttles.then(Account::new);
        let activity = Activity::default();
        let (host, meter) = (running.host.clone(), running.meter.clone());
        let api =
            HttpApi::new(template.http, account.as_ref(), host.clone(), activity.clone(), meter.clone(), self.index)?;
        let local = local_routes(&api, activity.clone(), meter.clone(), host.clone());
        let routes = (self.routes)(&api).merge(local).merge(resources.router());
        running.http_url = format!("http://localhost:{http_port}{}", api.stage_prefix());
        running.servers.spawn(serve_http(listeners.http, routes, api));
        if let Some(websocket) = template.websocket {
            let domain = format!("localhost:{websocket_port}");
            running.websocket_url = Some(format!("ws://{domain}/{}", websocket.stage));
            let throttle = Throttle::new(account.as_ref(), &websocket.throttling);
            let loses_disconnects = self.loses_disconnects;
            let surroundings =
                Surroundings { host, activity, meter, identities, throttle, loses_disconnects, time_scale };
            let api = WebSocketApi::new(websocket, domain, surroundings);
            running.servers.spawn(api.serve(listeners.websocket));
        }
        if let Some(workspace) = self.watched {
            running.servers.spawn(Watch::start(workspace, programs)?.run());
        }
        Ok(running)
    }

    fn load_template(&self, http_port: u16, websocket_port: u16) -> Result<Template, Error> {
        let (parameters, variables) = (self.parameters.clone(), self.variables.clone());
        let overrides = Overrides { parameters, variables, http_port, websocket_port };
        template::load(&self.template, &overrides, &*self.environment).map_err(|error| self.template_error(error))
    }

    fn check(&self, template: &Template) -> Result<(), Error> {
        check_functions(template, &self.binaries).map_err(|error| self.template_error(error))?;
        let source_file = self.packages.as_deref().and_then(|packages| program_without_function(template, packages));
        match source_file {
            Some(source_file) => Err(Error::ProgramWithoutFunction { template: self.template_name(), source_file }),
            None => Ok(()),
        }
    }

    fn template_error(&self, TemplateError { line, reason }: TemplateError) -> Error {
        Error::Template { file: self.template_name(), line, reason }
    }

    fn template_name(&self) -> PathBuf {
        self.template.file_name().map(PathBuf::from).unwrap_or_default()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (template, binaries): (&Path, &Path) = (&self.template, &self.binaries);
        let mut debug = formatter.debug_struct("Gateway");
        debug.field("template", &template).field("binaries", &binaries).finish_non_exhaustive()
    }
}

async fn serve_http(listener: TcpListener, routes: Router, api: HttpApi) {
    let app = routes.fallback(async move |request: Request| api.answer(request).await);
    // Serving fails only if the listener fails.
    let _ = axum::serve(prompt(listener), app.into_make_service_with_connect_info::<SocketAddr>()).await;
}

/// A running gateway. Dropping it does the same as [`stop`](Self::stop), without waiting.
pub struct RunningGateway {
    http_url: String,
    websocket_url: Option<String>,
    host: Host,
    meter: Meter,
    servers: JoinSet<()>,
}

impl RunningGateway {
    /// Returns the address of the HTTP API with its stage. Extra routes, the routes below `/_local/`
    /// and Lambda's API are on the same port, without a stage.
    pub fn http_url(&self) -> &str {
        &self.http_url
    }

    /// Returns the address of the WebSocket API with its stage, if the template has one.
    pub fn websocket_url(&self) -> Option<&str> {
        self.websocket_url.as_deref()
    }

    /// Returns what AWS would have billed since the start.
    pub fn usage(&self) -> Usage {
        self.meter.usage()
    }

    /// Ends the servers, closes the sockets, and kills the processes of functions. HTTP connections
    /// that are open stay so until the runtime ends, and get errors.
    pub async fn stop(mut self) {
        self.host.stop();
        self.servers.shutdown().await;
    }
}

impl Drop for RunningGateway {
    fn drop(&mut self) {
        self.host.stop();
    }
}

impl fmt::Debug for RunningGateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("RunningGateway");
        debug.field("http_url", &self.http_url).field("websocket_url", &self.websocket_url).finish_non_exhaustive()
    }
}
