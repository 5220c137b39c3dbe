//! The API dialects: each speaks one documented interface over the same core. No dialect names another; what they share
//! is in [`kit`].

/// The list of dialects, handed to another macro: the name in the configuration and in the banner, the path where it is
/// mounted by default, and what makes it from the configuration. The first one answers where no dialect is mounted.
macro_rules! dialects {
    ($with:ident) => {
        $with! {
            /// The native API: the whole of bursar.
            native = "/", |_| std::sync::Arc::new($crate::dialects::native::Native);
        }
    };
}

pub mod kit;
pub mod native;
