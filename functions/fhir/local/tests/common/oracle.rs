//! What a search must find, by looking at every resource: no index, no plan, nothing of the server but its reading of one
//! operand and its comparison with one value.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use fhir_definitions::{ResourceType, SearchKind, SearchParameter, resource_type};
use fhir_model::json::Json;
use fhir_model::operand::Clause;
use fhir_model::value::{Value, values};

/// What parameters find in resources, once it was looked up.
type Found = HashMap<(String, &'static str), Arc<Vec<Value>>>;

/// All resources of the server.
pub struct Oracle {
    base: String,
    now: i64,
    resources: BTreeMap<String, Json<'static>>,
    found: Mutex<Found>,
}

impl Oracle {
    pub fn new(base: &str) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let now = i64::try_from(now).unwrap();
        Self { base: base.to_owned(), now, resources: BTreeMap::new(), found: Mutex::default() }
    }

    /// Takes a resource as the server has it.
    pub fn put(&mut self, text: &[u8]) -> String {
        let resource = Json::parse(text).unwrap().into_owned();
        let key = format!("{}/{}", resource.text("resourceType").unwrap(), resource.text("id").unwrap());
        self.remove(&key);
        self.resources.insert(key.clone(), resource);
        key
    }

    pub fn remove(&mut self, key: &str) {
        self.resources.remove(key);
        self.found.lock().unwrap().retain(|(of, _), _| of != key);
    }

    /// `Type/id` of all resources of a type.
    pub fn of_type(&self, kind: &str) -> Vec<String> {
        self.resources.keys().filter(|key| key.split_once('/').unwrap().0 == kind).cloned().collect()
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.resources.keys()
    }

    pub fn get(&self, key: &str) -> Option<&Json<'static>> {
        self.resources.get(key)
    }

    /// What a parameter finds in a resource.
    pub fn values(&self, key: &str, parameter: &'static SearchParameter) -> Arc<Vec<Value>> {
        let at = (key.to_owned(), parameter.code);
        if let Some(known) = self.found.lock().unwrap().get(&at) {
            return Arc::clone(known);
        }
        let found = Arc::new(self.resources.get(key).map(|it| values(parameter, it, &self.base)).unwrap_or_default());
        self.found.lock().unwrap().insert(at, Arc::clone(&found));
        found
    }

    /// The resources that a parameter of a resource refers to.
    pub fn references(&self, key: &str, parameter: &'static SearchParameter) -> Vec<String> {
        let values = self.values(key, parameter);
        let target = |value: &Value| match value {
            Value::Reference(to) => Some(format!("{}/{}", to.resource_type.as_ref()?, to.id.as_ref()?)),
            _ => None,
        };
        values.iter().filter_map(target).collect()
    }

    /// What a search of a type finds; an error, if a parameter can't be used.
    pub fn search(&self, kind: &str, parameters: &[(String, String)]) -> Result<BTreeSet<String>, String> {
        let definition = resource_type(kind).unwrap();
        let mut found: BTreeSet<String> = self.of_type(kind).into_iter().collect();
        for (name, value) in parameters {
            let matching = self.matching(definition, name, value)?;
            found.retain(|key| matching.contains(key));
        }
        Ok(found)
    }

    /// The resources of a type for which one parameter holds.
    fn matching(&self, definition: &'static ResourceType, name: &str, value: &str) -> Result<BTreeSet<String>, String> {
        let all = self.of_type(definition.name).into_iter();
        if let Some(rest) = name.strip_prefix("_has:") {
            let mut parts = rest.splitn(3, ':');
            let source = resource_type(parts.next().unwrap()).ok_or("no such type")?;
            let parameter = source.parameter(parts.next().ok_or("_has")?).ok_or("no such parameter")?;
            let referring = self.matching(source, parts.next().ok_or("_has")?, value)?;
            let to: BTreeSet<String> = referring.iter().flat_map(|key| self.references(key, parameter)).collect();
            return Ok(all.filter(|key| to.contains(key)).collect());
        }
        if let Some((head, rest)) = name.split_once('.') {
            return self.chained(definition, head, rest, value);
        }
        let (code, modifier) = name.split_once(':').map_or((name, None), |(code, modifier)| (code, Some(modifier)));
        let parameter = definition.parameter(code).ok_or_else(|| format!("no parameter {code}"))?;
        let clause = Clause::parse(parameter, modifier, value, &self.base, self.now).map_err(|bad| bad.0)?;
        Ok(all.filter(|key| clause.matches(&self.values(key, parameter))).collect())
    }

    fn chained(
        &self,
        definition: &'static ResourceType,
        head: &str,
        rest: &str,
        value: &str,
    ) -> Result<BTreeSet<String>, String> {
        let (code, only) = head.split_once(':').map_or((head, None), |(code, kind)| (code, Some(kind)));
        let parameter = definition.parameter(code).filter(|parameter| parameter.kind == SearchKind::Reference);
        let parameter = parameter.ok_or("no reference")?;
        let kinds = parameter.targets.iter().filter(|kind| only.is_none_or(|only| only == **kind));
        let linked: Vec<_> = kinds.map(|kind| self.matching(resource_type(kind).unwrap(), rest, value)).collect();
        if let (false, Some(Err(error))) = (linked.iter().any(Result::is_ok), linked.first()) {
            return Err(error.clone());
        }
        let linked: BTreeSet<String> = linked.into_iter().flatten().flatten().collect();
        let refers = |key: &String| self.references(key, parameter).iter().any(|to| linked.contains(to));
        Ok(self.of_type(definition.name).into_iter().filter(refers).collect())
    }
}
