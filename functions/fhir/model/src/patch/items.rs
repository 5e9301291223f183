//! A list in FHIR's JSON: of primitives two arrays, `given` and `_given`, filled up with `null`.

use crate::json::{Json, Object};

/// The items of a list, each with its twin (`null` where it has none).
pub(super) struct Items(pub(super) Vec<(Json<'static>, Json<'static>)>);

impl Items {
    /// Takes a list out of the object.
    pub(super) fn take(object: &mut Object<'static>, name: &str) -> Self {
        let mut items = |name: &str| match object.get_mut(name) {
            Some(Json::Array(items)) => std::mem::take(items).into_iter(),
            Some(single) => vec![std::mem::replace(single, Json::Null)].into_iter(),
            None => Vec::new().into_iter(),
        };
        let (mut values, mut twins) = (items(name), items(&format!("_{name}")));
        let next = || match (values.next(), twins.next()) {
            (None, None) => None,
            (value, twin) => Some((value.unwrap_or(Json::Null), twin.unwrap_or(Json::Null))),
        };
        Self(std::iter::from_fn(next).collect())
    }

    /// Puts the list where it was; an array without any item but `null` is left out.
    pub(super) fn put(self, object: &mut Object<'static>, name: &str) {
        let (values, twins): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        for (name, items) in [(name.to_owned(), values), (format!("_{name}"), twins)] {
            if items.iter().all(|item| *item == Json::Null) {
                object.remove(&name);
            } else {
                object.set(name, Json::Array(items));
            }
        }
    }
}
