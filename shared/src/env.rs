//! Configuration from the environment: every mistake is collected, each names its variable, and the function stops at
//! start with all of them in one message.
//!
//! ```
//! # use shared::env::Reader;
//! let mut env = Reader::new(|name| (name == "NAT_POOL").then(|| "prod".to_owned()));
//! let pool = env.required("NAT_POOL", "prod", |s| Ok(s.to_owned()));
//! let dry_run = env.or("DRY_RUN", false, "true", shared::env::boolean);
//! env.finish()?;
//! # assert_eq!((pool.as_deref(), dry_run), (Some("prod"), false));
//! # Ok::<(), shared::env::ConfigurationError>(())
//! ```

use crate::error::FunctionError;

/// Reads variables and collects what is wrong with them.
pub struct Reader<L> {
    lookup: L,
    mistakes: Vec<String>,
}

/// All that is wrong with the configuration, a line each.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the configuration has {} mistake(s): {}", .0.len(), .0.join("; "))]
pub struct ConfigurationError(pub Vec<String>);

impl FunctionError for ConfigurationError {
    fn error_type(&self) -> &'static str {
        "ConfigurationError"
    }

    fn retryable(&self) -> bool {
        false
    }
}

/// The environment of this process.
#[must_use]
pub fn process() -> Reader<impl Fn(&str) -> Option<String>> {
    Reader::new(|name| std::env::var(name).ok())
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    /// Reads through `lookup`, which a test replaces.
    pub fn new(lookup: L) -> Self {
        Self { lookup, mistakes: Vec::new() }
    }

    /// A variable that must be there. `None` when it is missing or wrong; [`Self::finish`] then fails.
    pub fn required<T>(
        &mut self,
        name: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.optional(name, example, parse);
        if value.is_none() && self.value(name).is_none() {
            self.mistakes.push(format!("{name} is missing (for example {name}={example})"));
        }
        value
    }

    /// A variable that may be absent. An empty value counts as absent, because a SAM template can't leave one out.
    pub fn optional<T>(
        &mut self,
        name: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.value(name)?;
        parse(&value)
            .map_err(|why| self.mistakes.push(format!("{name}={value:?} {why} (for example {name}={example})")))
            .ok()
    }

    /// A variable with a default.
    pub fn or<T>(&mut self, name: &str, default: T, example: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> T {
        self.optional(name, example, parse).unwrap_or(default)
    }

    /// A mistake that lies between variables.
    pub fn mistake(&mut self, what: impl Into<String>) {
        self.mistakes.push(what.into());
    }

    /// Fails if anything was wrong.
    pub fn finish(self) -> Result<(), ConfigurationError> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(ConfigurationError(self.mistakes)) }
    }

    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }
}

/// Any text.
pub fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

/// `true` or `false`, in any case.
pub fn boolean(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("is neither true nor false".to_owned()),
    }
}

/// Text that begins as an AWS identifier of its kind does: `vpc-`, `nat-`, `arn:`.
pub fn with_prefix(prefix: &'static str) -> impl Fn(&str) -> Result<String, String> {
    move |value| {
        let rest = value.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        rest.map(|_| value.to_owned()).ok_or_else(|| format!("does not begin with {prefix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(vars: &'static [(&'static str, &'static str)]) -> Reader<impl Fn(&str) -> Option<String>> {
        Reader::new(move |name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn every_mistake_is_reported_at_once_and_names_its_variable() {
        let mut env = reader(&[("DRY_RUN", "perhaps"), ("VPC_ID", "igw-1"), ("EMPTY", " ")]);
        env.required("NAT_POOL", "prod", text);
        env.required("EMPTY", "x", text);
        env.or("DRY_RUN", false, "true", boolean);
        env.optional("VPC_ID", "vpc-0a1b", with_prefix("vpc-"));
        let error = env.finish().unwrap_err();
        assert_eq!(
            error.0,
            [
                "NAT_POOL is missing (for example NAT_POOL=prod)",
                "EMPTY is missing (for example EMPTY=x)",
                "DRY_RUN=\"perhaps\" is neither true nor false (for example DRY_RUN=true)",
                "VPC_ID=\"igw-1\" does not begin with vpc- (for example VPC_ID=vpc-0a1b)",
            ]
        );
        assert!(!error.retryable());
    }

    #[test]
    fn an_empty_value_is_an_absent_one_and_spaces_around_a_value_do_not_count() {
        let mut env = reader(&[("A", ""), ("B", " True ")]);
        assert_eq!(env.optional("A", "x", text), None);
        assert!(env.or("B", false, "true", boolean));
        assert_eq!(env.finish(), Ok(()));
    }
}
