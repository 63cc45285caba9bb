//! Reads functions, routes and custom resources from a SAM template.

mod addresses;
mod apis;
mod constraints;
mod custom_resources;
mod error;
mod model;
mod policies;
mod reader;
mod resources;
mod values;
mod yaml;

pub(crate) use error::TemplateError;
pub(crate) use model::{
    Cors, CustomResource, Function, HttpApi, HttpRoute, Limit, Overrides, Statement, Template, Throttling,
    WebSocketApi, WebSocketRoute,
};
pub(crate) use reader::{Environment, load};
