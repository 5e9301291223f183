//! `FHIRPath` Patch. An object or array that a `delete` empties goes, too: FHIR has no empty elements.

use super::items::Items;
use super::parts::{self, Member, Value};
use super::{Failure, shallow_enough};
use crate::fhirpath::{FhirPath, Place, Step};
use crate::json::{Json, Object};

/// An operation of a `FHIRPath` Patch.
#[derive(Clone, Debug)]
pub struct Operation {
    path: FhirPath,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Add { name: String, value: Value },
    Insert { list: String, index: usize, value: Value },
    Delete,
    Replace { value: Value },
    Move { list: String, source: usize, destination: usize },
}

pub(super) fn read(json: &Json<'_>) -> Result<Operation, String> {
    if json.text("name") != Some("operation") {
        return Err("its name is not 'operation'".to_owned());
    }
    let part = |name: &str| {
        let part = json.get("part").map_or(&[][..], Json::items).iter().find(|part| part.text("name") == Some(name));
        parts::read(part.ok_or_else(|| format!("it has no {name}"))?)
    };
    let text = |name: &str| part(name)?.text().map(str::to_owned).ok_or_else(|| format!("its {name} is no string"));
    let index = |name: &str| part(name)?.index().ok_or_else(|| format!("its {name} is no integer from 0"));
    let mut path = FhirPath::read(&text("path")?).map_err(|error| error.to_string())?;
    let mut list = || match path.steps.pop() {
        Some(Step::Child(name)) => Ok(name),
        _ => Err("its path must end with the name of a list, without a function or index".to_owned()),
    };
    let action = match text("type")?.as_str() {
        "add" => Action::Add { name: text("name")?, value: part("value")? },
        "insert" => Action::Insert { list: list()?, index: index("index")?, value: part("value")? },
        "delete" => Action::Delete,
        "replace" => Action::Replace { value: part("value")? },
        "move" => Action::Move { list: list()?, source: index("source")?, destination: index("destination")? },
        _ => return Err("its type is none of add, insert, delete, replace, move".to_owned()),
    };
    Ok(Operation { path, action })
}

impl Operation {
    pub(super) fn apply(&self, resource: &mut Json<'static>) -> Result<(), Failure> {
        let found = self.path.find(resource);
        let target = match (found.as_slice(), &self.action) {
            ([target], _) => target,
            ([], Action::Delete) => return Ok(()),
            _ => return Failure::because(format!("its path finds {} elements where it must find one", found.len())),
        };
        match &self.action {
            Action::Add { name, value } => {
                let member = value.member(target.structure, name)?;
                let object = holder(resource, &target.within, &member)?;
                member.add_to(object, target.structure)
            }
            Action::Insert { list, index, value } => {
                let member = value.member(target.structure, list)?;
                let object = holder(resource, &target.within, &member)?;
                insert(object, *index, member)
            }
            Action::Delete => delete(resource, &target.places).map(drop),
            Action::Replace { value } => {
                let Some((name, structure)) = target.member_of else { return Failure::because(WHOLE) };
                replace(resource, &target.places, value.member(structure, name)?)
            }
            Action::Move { list, source, destination } => match within(resource, &target.within) {
                Some(Json::Object(object)) => relocate(object, list, *source, *destination),
                _ => Failure::because(NO_LIST),
            },
        }
    }
}

const WHOLE: &str = "the resource as a whole can't be replaced or deleted by a patch";
const NO_LIST: &str = "its path leads to no list";
const NO_ITEM: &str = "its index is beyond the list's end";

/// What stands at a place.
fn within<'j>(json: &'j mut Json<'static>, places: &[Place]) -> Option<&'j mut Json<'static>> {
    places.iter().try_fold(json, |json, place| {
        let member = json.get_mut(&place.member)?;
        match place.item {
            Some(item) => member.as_array_mut()?.get_mut(item),
            None => Some(member),
        }
    })
}

/// The object at a place, for a new member: the twin of a primitive is made, where it has none yet.
fn holder<'j>(
    resource: &'j mut Json<'static>,
    places: &[Place],
    member: &Member,
) -> Result<&'j mut Object<'static>, Failure> {
    let containers = |places: &[Place]| places.iter().map(|place| 1 + usize::from(place.item.is_some())).sum::<usize>();
    shallow_enough(containers(places) + 2, member.value.as_ref().unwrap_or(&Json::Null))?;
    shallow_enough(containers(places) + 2, member.twin.as_ref().unwrap_or(&Json::Null))?;
    if let Some((last, above)) = places.split_last()
        && let Some(name) = last.member.strip_prefix('_')
        && let Some(Json::Object(object)) = within(resource, above)
    {
        make_twin(object, name, last.item);
    }
    match within(resource, places) {
        Some(Json::Object(object)) => Ok(object),
        _ => Failure::because("its path leads to nothing that can have members"),
    }
}

fn make_twin(object: &mut Object<'static>, name: &str, item: Option<usize>) {
    let new = || Json::Object(Object::new());
    match item {
        None if object.get(&format!("_{name}")).is_none() => object.set(format!("_{name}"), new()),
        None => (),
        Some(item) => {
            let mut items = Items::take(object, name);
            if let Some((_, twin @ Json::Null)) = items.0.get_mut(item) {
                *twin = new();
            }
            items.put(object, name);
        }
    }
}

fn insert(object: &mut Object<'static>, index: usize, member: Member) -> Result<(), Failure> {
    let name = member.element.name;
    if !member.element.array {
        return Failure::because(NO_LIST);
    }
    let mut items = Items::take(object, name);
    if index > items.0.len() {
        return Failure::because(NO_ITEM);
    }
    items.0.insert(index, member.item());
    items.put(object, name);
    Ok(())
}

fn relocate(object: &mut Object<'static>, list: &str, source: usize, destination: usize) -> Result<(), Failure> {
    let is_list = |name: &str| matches!(object.get(name), Some(Json::Array(_)));
    if !is_list(list) && !is_list(&format!("_{list}")) {
        return Failure::because(NO_LIST);
    }
    let mut items = Items::take(object, list);
    if source.max(destination) >= items.0.len() {
        return Failure::because(NO_ITEM);
    }
    let item = items.0.remove(source);
    items.0.insert(destination, item);
    items.put(object, list);
    Ok(())
}

/// Deletes what stands there, and what thereby gets empty; says whether `json` did.
fn delete(json: &mut Json<'static>, places: &[Place]) -> Result<bool, Failure> {
    let Some((place, below)) = places.split_first() else { return Failure::because(WHOLE) };
    let emptied =
        below.is_empty() || within(json, std::slice::from_ref(place)).map_or(Ok(false), |json| delete(json, below))?;
    let Some(object) = json.as_object_mut() else { return Ok(false) };
    if emptied {
        clear(object, place);
    }
    Ok(object.is_empty())
}

fn clear(object: &mut Object<'static>, place: &Place) {
    let (name, twin_only) = place.member.strip_prefix('_').map_or((place.member.as_str(), false), |name| (name, true));
    if let Some(item) = place.item {
        let mut items = Items::take(object, name);
        match items.0.get_mut(item) {
            Some((_, twin)) if twin_only => *twin = Json::Null,
            Some(_) => drop(items.0.remove(item)),
            None => (),
        }
        items.put(object, name);
        return;
    }
    object.remove(&format!("_{name}"));
    if !twin_only {
        object.remove(name);
    }
}

fn replace(resource: &mut Json<'static>, places: &[Place], member: Member) -> Result<(), Failure> {
    let Some((place, above)) = places.split_last() else { return Failure::because(WHOLE) };
    let object = holder(resource, above, &member)?;
    let Some(item) = place.item else {
        if place.member != member.element.name {
            clear(object, place); // a choice, of another type now
        }
        member.set_in(object);
        return Ok(());
    };
    let mut items = Items::take(object, &place.member);
    if let Some(old) = items.0.get_mut(item) {
        *old = member.item();
    }
    items.put(object, &place.member);
    Ok(())
}
