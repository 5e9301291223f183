//! `error`, and the trait of `shared::error`, without what comes from AWS.

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub enum Error {
    Malformed(String),
    MediaType(String),
    NotAcceptable(String),
    Parameter(String),
    Precondition(String),
    TooCostly(String),
    TooLarge(String),
    Unsupported(String),
}

impl Error {
    pub fn internal(why: impl Into<String>) -> Self {
        panic!("nothing that a client sends may lead here: {}", why.into())
    }
}

pub trait FunctionError {
    fn error_type(&self) -> &'static str;
    fn retryable(&self) -> bool;
}
