//! `config`, without what reads the environment.

#[derive(Clone, Debug, Default)]
pub struct Edge {
    pub base_url: Option<String>,
    pub cors_origin: Option<String>,
}
