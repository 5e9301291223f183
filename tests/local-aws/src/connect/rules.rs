//! Connect's rules for a new user: the API's model, and what each identity management wants.
//! <https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateUser.html>,
//! <https://docs.aws.amazon.com/connect/latest/APIReference/API_UserIdentityInfo.html>

use regex_lite::Regex;
use unicode_normalization::is_nfc;

use super::create::{IdentityInfo, PhoneConfig, Request};
use super::instance::IdentityManagement::{self, ConnectManaged, ExistingDirectory, Saml};
use crate::wire::ServiceError;

type Checked = Result<(), ServiceError>;

const ADDRESS: &str = r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,63}$";
const LONGEST_ADDRESS: usize = 265;
const LONGEST_WORK: i64 = 2_000_000;

/// What the API's model says, whatever the instance.
pub(super) fn check_model(request: &Request) -> Checked {
    let username = request.username.as_deref().unwrap_or_default();
    ensure((1..=100).contains(&username.chars().count()), "Username")?;
    ensure(request.routing_profile_id.is_some(), "RoutingProfileId")?;
    ensure((1..=10).contains(&request.security_profile_ids.as_ref().map_or(0, Vec::len)), "SecurityProfileIds")?;
    ensure(request.password.as_deref().is_none_or(is_password), "Password")?;
    request.phone_config.as_ref().map_or(Ok(()), check_phone)
}

/// What the instance's identity management says.
pub(super) fn check(request: &Request, identity: IdentityManagement) -> Checked {
    let empty = IdentityInfo::default();
    check_username(request.username.as_deref().unwrap_or_default(), identity)?;
    check_names(request.identity_info.as_ref().unwrap_or(&empty), identity)?;
    let (given, wanted) = (request.password.is_some(), identity == ConnectManaged);
    ensure_request(given == wanted, if wanted { "Password is required" } else { "Password is not allowed" })?;
    let directory = request.directory_user_id.is_some() && identity == Saml;
    ensure_request(!directory, "DirectoryUserId is not allowed with SAML")
}

fn check_username(name: &str, identity: IdentityManagement) -> Checked {
    let longest = if identity == Saml { 64 } else { 20 };
    let known = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
    let good = name.chars().count() <= longest && name.chars().all(known);
    ensure(good && (!name.contains('@') || is_address(name)), "Username")
}

fn check_names(info: &IdentityInfo, identity: IdentityManagement) -> Checked {
    let (longest_first, longest_last) = if identity == Saml { (255, 300) } else { (255, 256) };
    for (name, longest, what) in
        [(&info.first_name, longest_first, "FirstName"), (&info.last_name, longest_last, "LastName")]
    {
        let name = name.as_deref().unwrap_or_default();
        ensure_request(identity == ExistingDirectory || !name.is_empty(), &format!("{what} is required"))?;
        ensure(name.chars().count() <= longest && is_nfc(name), what)?;
    }
    ensure_request(info.email.is_none() || identity != Saml, "Email is not allowed with SAML")?;
    ensure(info.email.as_deref().is_none_or(is_address), "Email")?;
    ensure(info.secondary_email.as_deref().is_none_or(is_address), "SecondaryEmail")
}

fn check_phone(phone: &PhoneConfig) -> Checked {
    let kind = phone.phone_type.as_deref();
    ensure(kind.is_none_or(|kind| ["SOFT_PHONE", "DESK_PHONE"].contains(&kind)), "PhoneType")?;
    let work = phone.after_contact_work_time_limit.unwrap_or_default();
    ensure((0..=LONGEST_WORK).contains(&work), "AfterContactWorkTimeLimit")?;
    let number = phone.desk_phone_number.as_deref();
    ensure(number.is_none_or(|number| is_match(r"^\+[1-9]\d{1,14}$", number)), "DeskPhoneNumber")
}

/// `/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/`
fn is_password(password: &str) -> bool {
    let has = |kind: fn(&char) -> bool| password.chars().any(|c| kind(&c));
    (8..=64).contains(&password.chars().count())
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_digit)
        && !has(|c| c.is_whitespace())
}

fn is_address(text: &str) -> bool {
    text.len() <= LONGEST_ADDRESS && is_match(ADDRESS, text)
}

fn is_match(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

/// A parameter that is not what it may be. Never its value, which may be a password.
fn ensure(good: bool, what: &str) -> Checked {
    if good { Ok(()) } else { Err(refused("InvalidParameterException", &format!("{what} is not valid"))) }
}

/// Parameters that do not go with the instance.
fn ensure_request(good: bool, message: &str) -> Checked {
    if good { Ok(()) } else { Err(refused("InvalidRequestException", message)) }
}

fn refused(code: &str, message: &str) -> ServiceError {
    ServiceError::new(400, code, message)
}

#[cfg(test)]
mod tests;
