//! The shapes of the tables.

/// A resource type, such as `Patient`.
#[derive(Debug)]
pub struct ResourceType {
    /// `Patient`
    pub name: &'static str,
    /// Its elements.
    pub structure: &'static Structure,
    /// Its search parameters by code, those of `Resource` and `DomainResource` included.
    pub parameters: &'static [&'static SearchParameter],
    /// For each compartment that the type can be in, the parameters that say so
    /// (<https://hl7.org/fhir/R4/compartmentdefinition.html>): `("Patient", ["patient", "performer"])`. The parameter
    /// `{def}` of the definitions, the compartment's own resource, stands as `_id`.
    pub compartments: &'static [(&'static str, &'static [&'static str])],
}

/// What a JSON object may hold: a resource, a data type or a backbone element.
#[derive(Debug)]
pub struct Structure {
    /// `Patient`, `HumanName`, `Patient.contact`
    pub name: &'static str,
    /// Its members, in the definition's order, choices spelled out (`valueQuantity`, `valueString`, ...).
    pub elements: &'static [Element],
    /// FHIR's constraint that the object can't be empty holds for all; this names elements' groups of a choice that is
    /// mandatory: one of the JSON names must be there (`["medicationCodeableConcept", "medicationReference"]`).
    pub mandatory_choices: &'static [&'static [&'static str]],
}

/// One JSON member.
#[derive(Debug)]
pub struct Element {
    /// The JSON name: `valueQuantity`, `name`.
    pub name: &'static str,
    /// The element's name in the definition: `value[x]`, `name`.
    pub path: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// How many there must be, at least. 0 for the members of a choice: see [`Structure::mandatory_choices`].
    pub min: u32,
    /// How many there may be: [`u32::MAX`] for `*`.
    pub max: u32,
    /// Whether it is an array in JSON (the base definition's maximum is more than one).
    pub array: bool,
    /// Whether `_summary=true` shows it.
    pub summary: bool,
    /// The codes that it must come from, where the binding is required and its codes are known.
    pub binding: Option<&'static ValueSet>,
    /// Resource types that a Reference or canonical may point to; empty: any.
    pub targets: &'static [&'static str],
}

/// What the value of an element is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string, number or boolean; may have a twin `_name` with id and extensions.
    Primitive(Primitive),
    /// An object of that structure.
    Complex(&'static Structure),
    /// Any resource (`contained`, `Bundle.entry.resource`, `Parameters.parameter.resource`).
    Resource,
}

/// FHIR's primitive types (<https://hl7.org/fhir/R4/datatypes.html#primitive>); `Id` is also `Resource.id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "FHIR's own names")]
pub enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

/// The codes of a required binding.
#[derive(Debug)]
pub struct ValueSet {
    /// Its canonical URL, without version.
    pub url: &'static str,
    /// System and code, sorted by code, then system.
    pub codes: &'static [(&'static str, &'static str)],
}

/// A search parameter of one resource type (one that is defined for several types stands once for each).
#[derive(Debug)]
pub struct SearchParameter {
    /// `code-value-quantity`
    pub code: &'static str,
    /// Its canonical URL.
    pub url: &'static str,
    /// Its definition's `type`.
    pub kind: SearchKind,
    /// Where its values are, each with the type that is found there.
    pub paths: &'static [Path],
    /// The types that a reference may point to by both the parameter's and the elements' definitions, sorted; empty for
    /// other kinds. For `Reference(Any)` all types (HL7 leaves out `Parameters`).
    pub targets: &'static [&'static str],
    /// A composite's parts, whose paths start at each value of the composite's own paths.
    pub components: &'static [Component],
    /// Whether values come from a required binding's one code system: then `code` alone says what `system|code` says.
    pub system: Option<&'static str>,
    /// The code of another parameter of the type (`subject` for `patient`) of whose values this one's are those that
    /// refer to [`SearchParameter::targets`]; no index rows of its own are needed.
    pub served_by: Option<&'static str>,
}

/// The kinds of search parameters (<https://hl7.org/fhir/R4/search.html#ptypes>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "FHIR's own names")]
pub enum SearchKind {
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

/// A way from the resource (or a composite's value) to values of one type.
#[derive(Debug)]
pub struct Path {
    /// The steps, each from every value that the one before found; arrays are flattened.
    pub steps: &'static [Step],
    /// The FHIR type of what is found: `CodeableConcept`, `Period`, `code`, `dateTime`, `BackboneElement`, ...; `Resource`
    /// after [`Step::Is`], the type's own name (`Observation`) where a composite starts at the resource.
    pub kind: &'static str,
}

/// One step of a [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Back to the resource itself: `%resource`, the first step of a component's path in two of `MolecularSequence`'s
    /// composites, and nowhere else.
    Resource,
    /// Into a JSON member.
    Member(&'static str),
    /// Only that item (`Bundle.entry[0]`).
    Item(usize),
    /// Only objects that have a member of that value: `where(system='phone')`.
    Where(&'static str, &'static str),
    /// Only references to that type: `where(resolve() is Patient)`.
    RefersTo(&'static str),
    /// Only resources of that type (`Bundle.entry[0].resource as Composition`, where the definitions say so).
    Is(&'static str),
    /// `true` where the value exists and is not the boolean `false`: `Patient.deceased.exists() and Patient.deceased != false`.
    ExistsAndNotFalse,
}

/// A part of a composite.
#[derive(Debug)]
pub struct Component {
    /// Its kind, from the parameter that its definition names.
    pub kind: SearchKind,
    /// Where its values are, from the composite's value.
    pub paths: &'static [Path],
    /// The code of the parameter that its definition names.
    pub code: &'static str,
    /// As [`SearchParameter::targets`].
    pub targets: &'static [&'static str],
}
