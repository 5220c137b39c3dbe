//! Builds the dialects from the configuration.

use crate::config::Config;
use crate::dialects::kit::{ApiClients, Dialect, Endpoint};
use std::io;
use std::sync::Arc;

/// Defines how the dialects are built.
macro_rules! makers {
    ( $( #[doc = $about:literal] $type:ident $name:ident = $path:literal, $make:expr, { $($own:tt)* } )+ ) => {
        fn dialects(config: &Config) -> Vec<Arc<dyn Dialect>> {
            vec![ $( {
                let make: fn(&Config) -> Arc<dyn Dialect> = $make;
                make(config)
            }, )+ ]
        }
    };
}

dialects! { makers }

/// All dialects, enabled or not, in the order of the list.
pub(super) fn endpoints(config: &Config) -> io::Result<Vec<Endpoint>> {
    dialects(config).into_iter().map(|dialect| Endpoint::new(dialect).map_err(io::Error::other)).collect()
}

/// The OpenAPI document of a dialect as JSON; `None` if there is no such dialect.
pub fn openapi_json(dialect: &str) -> Option<String> {
    let dialect = dialects(&Config::default()).into_iter().find(|known| known.name() == dialect)?;
    Some(format!("{:#}", dialect.document()))
}

/// What clients of an API can be allowed; `None` if there is no such API, or none that takes clients.
pub fn api_clients(api: &str) -> Option<ApiClients> {
    dialects(&Config::default()).into_iter().find(|known| known.name() == api)?.api_clients()
}

/// The names of the APIs that take clients.
pub fn apis_with_clients() -> Vec<&'static str> {
    let dialects = dialects(&Config::default());
    dialects.iter().filter(|known| known.api_clients().is_some()).map(|known| known.name()).collect()
}
