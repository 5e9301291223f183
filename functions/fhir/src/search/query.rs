//! A search as the client asked for it: its parameters, read.

mod conditions;
mod result;

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::operand::Clause;

use crate::error::Error;
use crate::http::request::few;

use conditions::Reader;
pub use result::{Include, SortKey, Summary, Total};

/// Limits and defaults of a search.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Resources of a page, if the client does not say.
    pub page_size: usize,
    /// Resources of a page at most.
    pub max_page_size: usize,
}

/// A search, understood.
#[derive(Clone, Debug)]
pub struct Query {
    /// Of what type; none: of the types that `_type` names, or all.
    pub resource_type: Option<&'static ResourceType>,
    /// `_type`
    pub types: Vec<&'static ResourceType>,
    /// All of these must hold.
    pub conditions: Vec<Condition>,
    /// `_sort`
    pub sort: Vec<SortKey>,
    /// Resources of a page.
    pub count: usize,
    /// `_total`
    pub total: Total,
    /// `_summary`
    pub summary: Summary,
    /// `_elements`
    pub elements: Vec<String>,
    /// `_include` and `_revinclude`
    pub includes: Vec<Include>,
    /// Where the page begins: what a `next` link brought.
    pub cursor: Option<String>,
    /// The parameters that are used, for the self link: names and values as they came, without the cursor.
    pub used: Vec<(String, String)>,
    /// Names of parameters that are not known, and that a lenient search leaves out.
    pub unknown: Vec<String>,
}

/// What must hold of a resource.
#[derive(Clone, Debug)]
pub enum Condition {
    /// A parameter of its own.
    Clause(Clause),
    /// A parameter that several types define, each in its own way: what must hold of a resource of these types, of those.
    OfTypes(Vec<(Vec<&'static ResourceType>, Condition)>),
    /// `subject:Patient.name=peter`: it refers to a resource of one of these types for which the condition holds.
    Chain {
        /// The reference.
        parameter: &'static SearchParameter,
        /// Types, and what must hold of a resource of each.
        targets: Vec<(&'static ResourceType, Condition)>,
    },
    /// `_has:Observation:patient:code=1234-5`: a resource of that type refers to it, for which the condition holds.
    Has {
        /// `Observation`
        source: &'static ResourceType,
        /// `patient`, a reference of that type.
        parameter: &'static SearchParameter,
        /// What must hold of it.
        condition: Box<Condition>,
    },
    /// `_list=42,43`: one of these Lists names it.
    List(Vec<String>),
    /// It is in that compartment: `Patient`, `123`.
    Compartment(&'static str, String),
}

/// What becomes of parameters that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are refused, unless the client prefers otherwise.
    Refused,
    /// They are left out: `Prefer: handling=lenient`.
    LeftOut,
    /// They are refused, whatever the client prefers: without one of its criteria a conditional interaction is another.
    Criteria,
}

/// Whose parameters, for what, where and when.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// The server's own address.
    pub base: &'c str,
    /// Milliseconds since 1970.
    pub now: i64,
    /// What becomes of unknown parameters.
    pub unknown: Unknown,
    /// Limits and defaults.
    pub limits: Limits,
}

impl Query {
    /// Reads the parameters of a search of one type, or of several.
    pub fn parse(
        resource_type: Option<&'static ResourceType>,
        parameters: &[(String, String)],
        context: Context<'_>,
    ) -> Result<Self, Error> {
        let mut query = Self {
            resource_type,
            types: Vec::new(),
            conditions: Vec::new(),
            sort: Vec::new(),
            count: context.limits.page_size.min(context.limits.max_page_size),
            total: Total::default(),
            summary: Summary::default(),
            elements: Vec::new(),
            includes: Vec::new(),
            cursor: None,
            used: Vec::new(),
            unknown: Vec::new(),
        };
        few(parameters)?;
        for (_, value) in parameters.iter().filter(|(name, value)| name == "_type" && !value.is_empty()) {
            query.types.extend(result::types(resource_type, value)?);
        }
        query.types.sort_by_key(|definition| definition.name);
        query.types.dedup_by_key(|definition| definition.name);
        let reader = Reader::new(context);
        for (name, value) in parameters {
            query.take(name, value, &reader)?;
        }
        if !query.elements.is_empty() && !matches!(query.summary, Summary::No | Summary::Count) {
            return Err(Error::Parameter("_summary and _elements exclude each other".to_owned())); // as for reads
        }
        if query.count == 0 {
            query.summary = Summary::Count; // R4: the same as _summary=count
        }
        Ok(query)
    }

    /// The types that are searched.
    #[must_use]
    pub fn searched(&self) -> Vec<&'static ResourceType> {
        match (self.resource_type, self.types.as_slice()) {
            (Some(one), _) => vec![one],
            (None, []) => fhir_definitions::RESOURCE_TYPES.iter().collect(),
            (None, some) => some.to_vec(),
        }
    }

    fn take(&mut self, name: &str, value: &str, reader: &Reader<'_>) -> Result<(), Error> {
        let context = reader.context;
        if value.is_empty() {
            return Ok(()); // https://hl7.org/fhir/R4/search.html: empty parameters are ignored
        }
        if matches!(name, "_count" | "_total" | "_summary") && self.used.iter().any(|(used, _)| used == name) {
            return Err(Error::Parameter(format!("{name} may stand once")));
        }
        let lenient = context.unknown == Unknown::LeftOut;
        let known = match self.known(name, value, reader) {
            Err(Error::Unsupported(_)) if lenient => false,
            known => known?,
        };
        match (known, lenient) {
            (true, _) if name == result::CURSOR => {}
            (true, _) if name == "_count" => self.used.push((name.to_owned(), self.count.to_string())),
            (true, _) => self.used.push((name.to_owned(), value.to_owned())),
            (false, true) => self.unknown.push(name.to_owned()),
            (false, false) => return Err(self.no_such(name, context.unknown)),
        }
        Ok(())
    }

    /// Takes a parameter; says whether there is one of that name.
    fn known(&mut self, name: &str, value: &str, reader: &Reader<'_>) -> Result<bool, Error> {
        if self.take_result(name, value, reader.context)? {
            return Ok(true);
        }
        let condition = reader.read(&self.searched(), name, value)?;
        Ok(condition.map(|condition| self.conditions.push(condition)).is_some())
    }

    fn no_such(&self, name: &str, unknown: Unknown) -> Error {
        let name: String = name.chars().take(64).collect();
        let of = self.resource_type.map_or("any type that is searched", |definition| definition.name);
        let advice = match unknown {
            Unknown::Criteria => "",
            _ => ", or ask with Prefer: handling=lenient to have it left out",
        };
        Error::Parameter(format!(
            "there is no search parameter \"{name}\" of {of}; see the CapabilityStatement (/metadata){advice}"
        ))
    }
}

#[cfg(test)]
mod tests;
