//! Reads functions, routes and custom resources from a SAM template.

mod addresses;
mod error;
mod model;
mod reader;
mod values;
mod yaml;

pub(crate) use error::TemplateError;
pub(crate) use model::{Cors, CustomResource, Function, HttpApi, HttpRoute, Overrides, Template, WebSocketApi};
pub(crate) use reader::{Environment, load};
