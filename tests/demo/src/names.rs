//! Names for ids. A function writes ids, but a reader knows things by their names in the picture.

use std::collections::BTreeMap;

/// From an id to its name.
pub(crate) struct Names(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Names {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Names {
    /// With some more.
    pub(crate) fn and(mut self, more: impl Iterator<Item = (String, String)>) -> Self {
        self.0.extend(more);
        self
    }

    /// A text with names for ids.
    pub(crate) fn put_in(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }
}
