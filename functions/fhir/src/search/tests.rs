use fhir_definitions::{RESOURCE_TYPES, resource_type};
use query::{Limits, Unknown};

use super::*;

/// A search of these types (none: of all), with clauses for conditions.
fn asked(types: &str, parameters: &[(&str, &str)]) -> (Query, Vec<Wanted>) {
    let limits = Limits { page_size: 50, max_page_size: 200 };
    let context = Context { base: "https://example.org/r4", now: 0, unknown: Unknown::Refused, limits };
    let parameters = parameters.iter().copied().chain([("_type", types)]);
    let parameters: Vec<(String, String)> =
        parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = Query::parse(None, &parameters, context).unwrap();
    let checks = query.conditions.iter().map(|condition| match condition {
        Condition::Clause(clause) => check::Check::Clause(clause.clone()),
        other => panic!("{other:?}"),
    });
    let checks: Vec<check::Check> = checks.collect();
    let wanted = query.searched().into_iter().map(|definition| Wanted { definition, checks: checks.clone() });
    let wanted = wanted.collect();
    (query, wanted)
}

#[test]
fn what_is_sorted_by_when_it_was_updated_goes_by_the_log_where_nothing_else_is_looked_up() {
    for (types, parts) in [("", 8), ("Patient", 8), ("Observation,Procedure", 16), ("Basic,List,Patient", 24)] {
        for more in [None, Some(("_lastUpdated", "gt2020")), Some(("_tag:missing", "true"))] {
            for (sort, descending) in [("_lastUpdated", false), ("-_lastUpdated", true)] {
                let parameters: Vec<_> = [("_sort", sort)].into_iter().chain(more).collect();
                let (query, wanted) = asked(types, &parameters);
                let Some((Source::Log(found), backward)) = native(&query, &wanted) else {
                    panic!("{types} {more:?} {sort}: not the log");
                };
                assert_eq!((found.len(), backward), (parts, descending), "{types} {more:?} {sort}");
                let bounded = found.iter().all(|(_, range)| !range.from.is_empty());
                assert_eq!(bounded, more == Some(("_lastUpdated", "gt2020")), "{types} {more:?} {sort}");
            }
        }
        let (query, wanted) = asked(types, &[("_sort", "_lastUpdated"), ("_tag", "urn:s|x")]);
        assert!(native(&query, &wanted).is_none(), "{types}: the tag names fewer");
    }
    assert_eq!(asked("", &[]).1.len(), RESOURCE_TYPES.len());
}

#[test]
fn what_is_too_broad_is_advised_of_types_only_where_there_are_several() {
    let definition = resource_type("Observation").unwrap();
    let wanted = vec![Wanted { definition, checks: Vec::new() }; 2];
    let text = |count: usize| too_broad("too much", wanted.get(..count).unwrap()).to_string();
    assert!(text(1).ends_with("too much: name more parameters"), "{}", text(1));
    assert!(text(2).ends_with("too much: name more parameters, or fewer types by _type"), "{}", text(2));
}
