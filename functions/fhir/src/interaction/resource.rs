//! What a client sends to be stored.

use fhir_model::json::{Json, MAX_VALUES};
use fhir_model::validate::validate;

use crate::error::Error;
use crate::http::request::MAX_BODY;
use crate::index;
use crate::store::{Content, Draft};

/// Reads a resource of that type, and says everything that is wrong with it.
pub fn read<'a>(resource_type: &str, body: &'a [u8]) -> Result<Json<'a>, Error> {
    if body.is_empty() {
        return Err(Error::Malformed("the request has no body; it must be the resource".to_owned()));
    }
    let json = Json::parse(body)?;
    check(resource_type, &json)?;
    Ok(json)
}

/// Says everything that is wrong with a resource that is to be one of that type.
pub fn check(resource_type: &str, json: &Json<'_>) -> Result<(), Error> {
    match json.text("resourceType") {
        Some(name) if name == resource_type => {}
        Some(_) => {
            return Err(Error::Malformed(format!("the body's resourceType is not {resource_type}, as the URL says")));
        }
        None => return Err(Error::Malformed("the body is no resource: it has no resourceType".to_owned())),
    }
    let issues = validate(json);
    if issues.is_empty() { Ok(()) } else { Err(Error::Validation(issues)) }
}

/// Refuses what could not be read again, and what has so many searchable values that one request can't write the index of
/// them. It is asked last, when it is patched and a Bundle's references are what they will be.
pub fn check_size(draft: &Draft<'_>, base: &str) -> Result<(), Error> {
    let Content::Json(json) = &draft.content else { return Ok(()) };
    let (values, bytes) = json.measure();
    let message = if values > MAX_VALUES - OUR_VALUES || bytes > MAX_BODY {
        "the resource would have more than 999,990 values, or more than 32 MB"
    } else if index::has_too_many_rows(&draft.key, json, base) {
        "the resource has too many values that searches find it by, or too many patients together with codes"
    } else {
        return Ok(());
    };
    Err(Error::Unprocessable(format!("{message}; split it into several")))
}

/// More than `id` and `meta` with its two members, which the store sets.
const OUR_VALUES: usize = 10;

/// The body's id must be the URL's.
pub fn check_id(json: &Json<'_>, id: &str) -> Result<(), Error> {
    match json.text("id") {
        Some(given) if given == id => Ok(()),
        Some(_) => Err(Error::Malformed("the resource's id is not the one that is updated".to_owned())),
        None => Err(Error::Malformed("the resource has no id; it must have that of the URL".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Base, Key, Method};

    #[test]
    fn nothing_is_stored_that_could_not_be_read_again() {
        let of = |values: usize, bytes: usize| {
            let items = Json::Array(vec![Json::Null; values]);
            let text = Json::string("x".repeat(bytes));
            let json = Json::Object(
                [("resourceType", Json::string("Basic")), ("a", items), ("b", text)].into_iter().collect(),
            );
            let key = Key::new("Basic", "1");
            let draft = Draft { key, base: Base::default(), method: Method::Patch, content: Content::Json(json) };
            check_size(&draft, "").map_err(|error| error.status())
        };
        assert_eq!(of(999_000, 1), Ok(()));
        assert_eq!(of(MAX_VALUES - OUR_VALUES, 1), Err(422));
        assert_eq!(of(1, MAX_BODY), Err(422));
    }
}
