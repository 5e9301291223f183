//! Sets of codes, of which some are "all of a system, whatever they are".

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;

/// Codes of one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selected {
    /// All that it has: which, is not known here.
    All,
    /// These.
    These(BTreeSet<String>),
}

/// Codes by system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Codes(BTreeMap<String, Selected>);

impl Codes {
    /// Codes of one system.
    pub(super) fn of(system: &str, selected: Selected) -> Self {
        let mut codes = Self::default();
        codes.add(system, selected);
        codes
    }

    /// How many there are, a whole system counted as one.
    pub(super) fn len(&self) -> usize {
        let of = |selected: &Selected| if let Selected::These(codes) = selected { codes.len() } else { 1 };
        self.0.values().map(of).sum()
    }

    /// The systems with their codes.
    pub(super) fn into_systems(self) -> impl Iterator<Item = (String, Selected)> {
        self.0.into_iter()
    }

    /// Adds codes of one system.
    pub(super) fn add(&mut self, system: &str, selected: Selected) {
        match (self.0.get_mut(system), selected) {
            (None, selected) => drop(self.0.insert(system.to_owned(), selected)),
            (Some(Selected::These(codes)), Selected::These(more)) => codes.extend(more),
            (Some(all), _) => *all = Selected::All,
        }
    }

    /// Both together.
    pub(super) fn with(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|(system, selected)| self.add(&system, selected));
        self
    }

    /// What is in both.
    pub(super) fn within(self, mut other: Self) -> Self {
        let both = self.0.into_iter().filter_map(|(system, selected)| {
            let both = match (selected, other.0.remove(&system)?) {
                (Selected::All, some) | (some, Selected::All) => some,
                (Selected::These(one), Selected::These(other)) => Selected::These(&one & &other),
            };
            Some((system, both))
        });
        Self(both.collect())
    }

    /// What is not in the other.
    pub(super) fn without(self, other: &Self) -> Result<Self, Error> {
        let left = self.0.into_iter().filter_map(|(system, selected)| match (selected, other.0.get(&system)) {
            (selected, None) => Some(Ok((system, selected))),
            (_, Some(Selected::All)) => None,
            (Selected::These(codes), Some(Selected::These(gone))) => Some(Ok((system, Selected::These(&codes - gone)))),
            (Selected::All, Some(Selected::These(_))) => Some(Err(Error::Unsupported(
                "a value set has all codes but some of a code system that is not wholly held here; store the \
                 CodeSystem, or give the value set an expansion"
                    .to_owned(),
            ))),
        });
        left.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(system: &str, codes: &[&str]) -> Codes {
        Codes::of(system, Selected::These(codes.iter().map(|code| (*code).to_owned()).collect()))
    }

    #[test]
    fn a_whole_system_stands_for_each_of_its_codes() {
        let all = || Codes::of("a", Selected::All);
        let some = || these("a", &["1", "2"]);
        assert_eq!(some().with(all()), all());
        assert_eq!(all().with(some()), all());
        assert_eq!(all().within(some()), some());
        assert_eq!(some().within(these("a", &["2", "3"])), these("a", &["2"]));
        assert_eq!(some().within(these("b", &["1"])).len(), 0);
        assert_eq!(some().without(&all()).unwrap().len(), 0);
        assert_eq!(some().without(&these("a", &["2", "3"])).unwrap(), these("a", &["1"]));
        assert_eq!(all().without(&these("b", &["1"])).unwrap(), all());
        assert!(matches!(all().without(&some()), Err(Error::Unsupported(_))), "nobody knows what is left");
    }
}
