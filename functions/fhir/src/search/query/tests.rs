use super::*;
use crate::search::access::{Access, access};
use crate::search::check::Check;

fn read(kind: &str, parameters: &[(&str, &str)]) -> Result<Query, Error> {
    let limits = Limits { page_size: 50, max_page_size: 200 };
    let context = Context { base: "https://example.org/r4", now: 0, unknown: Unknown::Refused, limits };
    let parameters: Vec<(String, String)> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Query::parse(fhir_definitions::resource_type(kind), &parameters, context)
}

#[test]
fn a_chain_that_fans_out_is_refused_before_anything_is_searched() {
    let too_costly = |name: &str| matches!(read("Library", &[(name, "x")]), Err(Error::TooCostly(_)));
    assert!(!too_costly("depends-on.url"));
    assert!(!too_costly("depends-on:Library.depends-on:Library.depends-on:Library.url"));
    assert!(too_costly("depends-on.depends-on.depends-on.url"));
    assert!(too_costly("depends-on.depends-on.depends-on.depends-on.depends-on.no-such"));
    assert!(read("Observation", &[("subject.name", "x")]).is_ok());
    assert!(read("Provenance", &[("target._id", "x")]).is_ok(), "any type, once");
}

#[test]
fn all_chains_of_a_request_share_one_budget() {
    let chains = vec![("depends-on.depends-on.url", "x"); 3];
    assert!(matches!(read("Library", &chains), Err(Error::TooCostly(_))));
    let reverse = vec![("_has:Observation:patient:code", "x"); 151];
    assert!(matches!(read("Patient", &reverse), Err(Error::TooCostly(_))));
    assert!(read("Patient", reverse.get(..150).unwrap()).is_ok());
}

#[test]
fn what_a_request_may_bring_is_bounded() {
    let too_costly = |parameters: &[(&str, &str)]| matches!(read("Patient", parameters), Err(Error::TooCostly(_)));
    let ids = |count: usize| vec!["a"; count].join(",");
    assert!(!too_costly(&[("_id", &ids(1_000))]) && too_costly(&[("_id", &ids(1_001))]));
    assert!(!too_costly(&vec![("gender", "male"); 200]) && too_costly(&vec![("gender", "male"); 201]));
    let keys = |count: usize| vec!["name"; count].join(",");
    assert!(!too_costly(&[("_sort", &keys(10))]) && too_costly(&[("_sort", &keys(11))]));
    assert_eq!(read("Patient", &vec![("_include", "*"); 100]).unwrap().includes.len(), 1);
    let types = vec![("_type", "Patient,Basic,Patient"); 50];
    assert_eq!(read("", &types).unwrap().searched().len(), 2);
}

#[test]
fn result_parameters_that_stand_twice_are_added_up_or_refused_and_the_self_link_has_what_is_used() {
    let query =
        read("Patient", &[("_sort", "name"), ("_sort", "-birthdate"), ("_elements", "name"), ("_elements", "id")]);
    let query = query.unwrap();
    assert_eq!((query.sort.len(), query.elements.len()), (2, 2));
    assert!(matches!(read("Patient", &[("_count", "1"), ("_count", "2")]), Err(Error::Parameter(_))));
    assert!(matches!(read("Patient", &[("_summary", "true"), ("_elements", "name")]), Err(Error::Parameter(_))));
    assert_eq!(read("Patient", &[("_count", "0"), ("_summary", "false")]).unwrap().summary, Summary::Count);
    assert_eq!(read("Patient", &[("_count", "5000")]).unwrap().used, [("_count".to_owned(), "200".to_owned())]);
}

#[test]
fn what_is_no_id_names_no_resource() {
    let long = "x".repeat(2_100);
    let query = read("Patient", &[("_id", &format!("a,{long},b c,"))]);
    let definition = fhir_definitions::resource_type("Patient").unwrap();
    for condition in query.map(|query| query.conditions).unwrap_or_default() {
        let Condition::Clause(clause) = condition else { panic!("_id is a clause") };
        assert_eq!(access(definition, &Check::Clause(clause)), Access::Ids(vec!["a".to_owned()]));
    }
    assert!(read("Patient", &[("_id", &long)]).is_ok());
}
