//! The function's configuration. The table of its variables is in the README.

use shared::env::{Reader, text};

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE`: the `DynamoDB` table.
    pub table: String,
    /// `BUCKET`: where bodies go that are too large for the table.
    pub bucket: String,
    /// `ARCHIVE_BUCKET`: where each posted message is kept as it came.
    pub archive_bucket: Option<String>,
    /// `PAGE_SIZE`: how many resources a page has, if the client does not say.
    pub page_size: usize,
    /// `MAX_PAGE_SIZE`: how many it has at most, whatever the client says.
    pub max_page_size: usize,
    /// What the HTTP edge needs.
    pub edge: Edge,
}

/// What the HTTP edge needs.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// `BASE_URL`: where clients find the server, if the event does not tell: behind a custom domain, or a proxy.
    pub base_url: Option<String>,
    /// `CORS_ORIGIN`: whose pages may call from a browser.
    pub cors_origin: Option<String>,
}

impl Config {
    /// Reads the variables; `None` if one that must be there is not. Mistakes stay with `env`.
    pub fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        let table = env.required("TABLE", "fhir", table);
        let bucket_ = env.required("BUCKET", "fhir-bodies", bucket);
        let archive_bucket = env.optional("ARCHIVE_BUCKET", "fhir-archive", bucket);
        let page_size = env.or("PAGE_SIZE", 50, "50", count);
        let max_page_size = env.or("MAX_PAGE_SIZE", 200, "200", count);
        if page_size > max_page_size {
            env.mistake("PAGE_SIZE is more than MAX_PAGE_SIZE");
        }
        let base_url = env.optional("BASE_URL", "https://fhir.example.org/r4", base_url);
        let cors_origin = env.optional("CORS_ORIGIN", "https://app.example.org", text);
        let edge = Edge { base_url, cors_origin };
        Some(Self { table: table?, bucket: bucket_?, archive_bucket, page_size, max_page_size, edge })
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
fn table(value: &str) -> Result<String, String> {
    let good = (3..=255).contains(&value.len())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if good { Ok(value.to_owned()) } else { Err("is no table's name".to_owned()) }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn bucket(value: &str) -> Result<String, String> {
    let good = (3..=63).contains(&value.len())
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'));
    if good { Ok(value.to_owned()) } else { Err("is no bucket's name".to_owned()) }
}

fn count(value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("is no number from 1 to 1000".to_owned()),
    }
}

/// Plain HTTP is for this machine only.
fn base_url(value: &str) -> Result<String, String> {
    let url = value.trim_end_matches('/');
    let local = |host: &str| ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host.starts_with(name));
    let good = match url.split_once("://") {
        Some(("https", rest)) => !rest.is_empty(),
        Some(("http", rest)) => local(rest),
        _ => false,
    };
    if good && !url.contains(['?', '#', ' ']) {
        Ok(url.to_owned())
    } else {
        Err("is no https URL of a server".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
        let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        let config = Config::read(&mut env);
        (config, env.finish().err().map(|e| e.0).unwrap_or_default())
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let wrong = [
            ("BUCKET", "Not A Bucket"),
            ("ARCHIVE_BUCKET", "x"),
            ("PAGE_SIZE", "0"),
            ("MAX_PAGE_SIZE", "many"),
            ("BASE_URL", "http://fhir.example.org"),
        ];
        let (config, mistakes) = read(&wrong);
        assert!(config.is_none());
        for name in ["TABLE"].into_iter().chain(wrong.map(|(name, _)| name)) {
            assert_eq!(mistakes.iter().filter(|m| m.starts_with(name)).count(), 1, "{name}: {mistakes:?}");
        }
        assert_eq!(read(&[("TABLE", "fhir"), ("BUCKET", "bodies"), ("PAGE_SIZE", "300")]).1.len(), 1);
    }

    #[test]
    fn a_table_and_a_bucket_are_enough() {
        let (config, mistakes) =
            read(&[("TABLE", "fhir"), ("BUCKET", "bodies"), ("BASE_URL", "https://a.example/r4/")]);
        let config = config.unwrap();
        assert_eq!((config.page_size, config.max_page_size, mistakes.len()), (50, 200, 0));
        assert_eq!(config.edge.base_url.as_deref(), Some("https://a.example/r4"));
    }
}
