//! Where a value may move while searches are at it: which partitions one search reads together.

use std::collections::HashSet;

use fhir_definitions::ResourceType;

/// What a partition of the index is of.
#[derive(Debug, PartialEq, Eq)]
struct List<'p> {
    /// Whether it is of one patient's resources.
    of_patient: bool,
    /// The parameter; empty: every resource of the type.
    code: &'p str,
    /// The term, initial or class, with the shard if it is split.
    rest: &'p str,
}

impl<'p> List<'p> {
    /// `i#Type#parameter#…`, `i#Type#@id#parameter#…`, or `i#Type#@#shard#parameter#…`; nothing of the log.
    fn read(pk: &'p str) -> Option<Self> {
        let (_, rest) = pk.strip_prefix("i#")?.split_once('#')?;
        let patient = rest.strip_prefix('@').map(|patient| patient.strip_prefix('#').unwrap_or(patient));
        let rest = patient.map_or(Some(rest), |patient| patient.split_once('#').map(|(_, rest)| rest))?;
        let (code, rest) = rest.split_once('#')?;
        Some(Self { of_patient: patient.is_some(), code, rest })
    }

    fn is_of_reference(&self) -> bool {
        self.rest.starts_with("r:") || self.rest.starts_with("u:")
    }

    /// The shard of narrow values, of beginnings or of ends.
    fn ranged(&self) -> Option<&'p str> {
        let (class, shard) = self.rest.split_once('#')?;
        (!self.of_patient && matches!(class, "n" | "f" | "t")).then_some(shard)
    }
}

/// What partitions have in common that a value may move between for any search: those of narrow values, beginnings and ends are
/// one.
#[must_use]
pub fn family(pk: &str) -> (&str, &str) {
    let ranged = || {
        let list = List::read(pk)?;
        Some((pk.strip_suffix(list.rest)?, list.ranged()?))
    };
    ranged().unwrap_or((pk, ""))
}

/// The partitions that a resource stands in: whether it may have come there from another.
#[derive(Debug, Default)]
pub struct Destinations<'p> {
    families: HashSet<(&'p str, &'p str)>,
    parameters: HashSet<(bool, &'p str)>,
    references: HashSet<(bool, &'p str)>,
}

impl<'p> Destinations<'p> {
    /// Of these partitions.
    #[must_use]
    pub fn of(partitions: impl IntoIterator<Item = &'p str>) -> Self {
        let mut all = Self::default();
        for pk in partitions {
            all.families.insert(family(pk));
            let Some(list) = List::read(pk) else { continue };
            all.parameters.insert((list.of_patient, list.code));
            if list.is_of_reference() {
                all.references.insert((list.of_patient, list.rest));
            }
        }
        all
    }

    /// Whether any search that reads that partition may have read one of these instead.
    #[must_use]
    pub fn has_family_of(&self, pk: &str) -> bool {
        self.families.contains(&family(pk))
    }

    /// Whether a search for one value *or* another may read that partition and one of these: they are of one parameter, or of
    /// one reference (a compartment has several parameters).
    #[must_use]
    pub fn has_alternative_to(&self, pk: &str) -> bool {
        List::read(pk).is_some_and(|list| {
            self.parameters.contains(&(list.of_patient, list.code))
                || (list.is_of_reference() && self.references.contains(&(list.of_patient, list.rest)))
        })
    }
}

/// What the partitions of one value have in common: they differ in their shards only.
#[must_use]
pub fn value<'p>(definition: &ResourceType, pk: &'p str) -> &'p str {
    let (parameter, shard) = family(pk);
    if !shard.is_empty() {
        return parameter;
    }
    let is_split = |list: List<'_>| {
        let is_shared = || definition.parameter(list.code).is_some_and(super::is_shared);
        !list.of_patient && (list.code.is_empty() || is_shared())
    };
    let unsplit = || pk.rsplit_once('#').map(|(value, _)| value);
    List::read(pk).is_some_and(is_split).then(unsplit).flatten().unwrap_or(pk)
}

#[cfg(test)]
mod tests {
    use fhir_definitions::resource_type;

    use super::*;

    #[test]
    fn a_value_may_move_between_the_partitions_of_one_parameter() {
        for (one, other, expected) in [
            ("i#Encounter#date#n#3", "i#Encounter#date#f#3", true),
            ("i#Encounter#date#t#3", "i#Encounter#date#n#3", true),
            ("i#Encounter#date#n#3", "i#Encounter#date#n#4", false),
            ("i#Encounter#date#n#3", "i#Encounter#length#n#3", false),
            ("i#Encounter#identifier#c:x#n#3", "i#Encounter#identifier#c:x#f#3", false),
            ("i#Patient#name#$a", "i#Patient#name#$a", true),
            ("i#Patient#name#$a", "i#Patient#name#$b", false),
            ("i#Task#status#c:ready#1", "i#Task#status#c:done#1", false),
        ] {
            assert_eq!(family(one) == family(other), expected, "{one} {other}");
        }
    }

    #[test]
    fn one_search_reads_the_values_of_one_parameter_and_one_reference_of_several() {
        for (one, other, expected) in [
            ("i#Task#status#c:ready#1", "i#Task#status#c:done#1", true),
            ("i#Task#status#c:ready#1", "i#Task#intent#c:ready#1", false),
            ("i#Patient#name#$a", "i#Patient#name#$b", true),
            ("i#Observation#subject#r:1", "i#Observation#performer#r:1", true),
            ("i#Observation#subject#r:1", "i#Observation#performer#r:2", false),
            ("i#Observation#@1#code#c:x", "i#Observation#@1#code#c:y", true),
            ("i#Observation#@1#code#c:x", "i#Observation#@2#code#c:x", true),
            ("i#Observation#@#7#code#c:x", "i#Observation#@2#code#c:x", true),
            ("i#Observation#@1#code#c:x", "i#Observation#@1#status#c:x", false),
            ("i#Observation#@1#code#c:x", "i#Observation#code#c:y#1", false),
            ("i#Observation#date#n#1", "i#Observation#issued#n#1", false),
            ("l#Task#1", "l#Task#1", false),
        ] {
            assert_eq!(Destinations::of([one]).has_alternative_to(other), expected, "{one} {other}");
            assert_eq!(Destinations::of([other]).has_alternative_to(one), expected, "{other} {one}");
        }
    }

    #[test]
    fn the_shards_of_a_value_are_one_value() {
        let definition = resource_type("Task").unwrap();
        for (one, other, expected) in [
            ("i#Task#status#c:ready#1", "i#Task#status#c:ready#2", true),
            ("i#Task#status#c:ready#1", "i#Task#status#c:done#1", false),
            ("i#Task##1", "i#Task##2", true),
            ("i#Task#authored-on#n#1", "i#Task#authored-on#f#2", true),
            ("i#Task#identifier#c:x#1", "i#Task#identifier#c:x#2", false),
            ("i#Task#patient#r:1", "i#Task#patient#r:2", false),
            ("i#Task#@1#status#c:x", "i#Task#@2#status#c:x", false),
            ("i#Task#@#1#status#c:x", "i#Task#@#2#status#c:x", false),
        ] {
            assert_eq!(value(definition, one) == value(definition, other), expected, "{one} {other}");
        }
    }
}
