//! `store`, as far as index rows need it.

#[derive(Clone, Debug)]
pub struct Key {
    pub resource_type: &'static str,
    pub id: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)
    }
}

pub mod item {
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct ItemKey {
        pub pk: String,
        pub sk: String,
    }
}
