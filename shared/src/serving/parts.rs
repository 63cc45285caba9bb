//! The macro with which a function lists its parts.

/// Defines the parts of a function: a struct that is created from the environment once per process.
///
/// ```
/// shared::parts! {
///     struct App {
///         messages: shared::chats::messages::Messages,
///         tokens: shared::accounts::tokens::ShortLivedTokens,
///     }
/// }
/// ```
///
/// The type of each field implements [`FromEnv`](crate::config::FromEnv). The function then needs
/// exactly the environment variables that these types read.
#[macro_export]
macro_rules! parts {
    (struct $name:ident { $($field:ident: $part:ty),* $(,)? }) => {
        struct $name {
            $($field: $part),*
        }

        impl $crate::config::FromEnv for $name {
            async fn from_env(
                environment: &$crate::config::Environment,
            ) -> ::std::result::Result<Self, $crate::config::ConfigError> {
                Ok(Self {
                    $($field: <$part as $crate::config::FromEnv>::from_env(environment).await?),*
                })
            }
        }
    };
}
