//! The stand-in of Amazon Connect.

use local_aws::{Account, ConnectInstance, Error, LocalAws, Result};
use serde_json::{Value, json};

async fn account(instance: ConnectInstance) -> Result<Account> {
    let account = LocalAws::shared().await?.account();
    account.connect_instance(instance.routing_profile("routing").security_profile("agents").security_profile("leads"));
    Ok(account)
}

/// The new user's ARN, or the status and the error code.
async fn create(account: &Account, username: &str, changes: &Value) -> Result<Result<String, (u16, String)>> {
    let mut body = json!({
        "Username": username, "RoutingProfileId": "routing", "SecurityProfileIds": ["agents"],
        "IdentityInfo": {"FirstName": "Anna", "LastName": "Müller"}, "PhoneConfig": {"PhoneType": "SOFT_PHONE"},
    });
    if let (Some(body), Some(changes)) = (body.as_object_mut(), changes.as_object()) {
        body.extend(changes.clone());
    }
    let instance = changes.get("InstanceId").and_then(Value::as_str).unwrap_or("instance");
    match account.control_rest("connect", "PUT", &format!("/users/{instance}"), body.to_string()).await {
        Ok(answer) => Ok(Ok(answer.json()?.get("UserArn").and_then(Value::as_str).unwrap_or_default().to_owned())),
        Err(Error::Control { status, code, .. }) => Ok(Err((status, code))),
        Err(other) => Err(other),
    }
}

#[tokio::test]
async fn users_are_kept_and_read_back() -> Result<()> {
    let account = account(ConnectInstance::saml("instance")).await?;
    let changes = json!({"SecurityProfileIds": ["agents", "leads"]});
    let arn = create(&account, "anna@example.com", &changes).await?.unwrap();
    let [user] = &account.connect_users("instance")[..] else { panic!() };
    assert_eq!(arn, format!("arn:aws:connect:eu-central-1:{}:instance/instance/agent/{}", account.id(), user.id));
    assert_eq!(user.username, "anna@example.com");
    assert_eq!((user.first_name.as_deref(), user.last_name.as_deref()), (Some("Anna"), Some("Müller")));
    assert_eq!(
        (user.routing_profile.as_str(), &user.security_profiles[..]),
        ("routing", &["agents", "leads"].map(String::from)[..])
    );
    assert!(!user.has_password());
    Ok(())
}

#[tokio::test]
async fn a_name_is_given_once_in_any_case() -> Result<()> {
    let account = account(ConnectInstance::saml("instance")).await?;
    create(&account, "anna@example.com", &json!({})).await?.unwrap();
    let again = create(&account, "Anna@Example.com", &json!({})).await?;
    assert_eq!(again, Err((409, "DuplicateResourceException".to_owned())));
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_not_found() -> Result<()> {
    let account = account(ConnectInstance::saml("instance")).await?;
    for changes in [
        json!({"InstanceId": "other"}),
        json!({"RoutingProfileId": "other"}),
        json!({"SecurityProfileIds": ["agents", "other"]}),
        json!({"HierarchyGroupId": "other"}),
    ] {
        let outcome = create(&account, "anna", &changes).await?;
        assert_eq!(outcome, Err((404, "ResourceNotFoundException".to_owned())), "{changes}");
    }
    assert_eq!(account.connect_users("instance"), []);
    Ok(())
}

#[tokio::test]
async fn refusals_have_aws_s_codes() -> Result<()> {
    let account = account(ConnectInstance::connect_managed("instance")).await?;
    for (changes, code) in [
        (json!({}), "InvalidRequestException"),
        (json!({"Password": "short"}), "InvalidParameterException"),
        (json!({"SecurityProfileIds": "agents"}), "SerializationException"),
    ] {
        assert_eq!(create(&account, "anna", &changes).await?, Err((400, code.to_owned())), "{changes}");
    }
    create(&account, "anna", &json!({"Password": "Secret-word-1"})).await?.unwrap();
    let users = account.connect_users("instance");
    assert!(users[0].has_password());
    assert_eq!(users[0].expose_password(), Some("Secret-word-1"));
    assert!(!format!("{users:?}").contains("Secret-word-1"));
    Ok(())
}

#[tokio::test]
async fn the_rate_is_kept_if_a_test_wants_it() -> Result<()> {
    let account = account(ConnectInstance::saml("instance")).await?;
    for number in 0..20 {
        create(&account, &format!("before-{number}"), &json!({})).await?.unwrap();
    }
    account.throttle_connect();
    let mut refused = Vec::new();
    for number in 0..10 {
        refused.extend(create(&account, &format!("user-{number}"), &json!({})).await?.err());
    }
    assert!((3..=5).contains(&refused.len()), "{refused:?}");
    assert_eq!(refused[0], (429, "TooManyRequestsException".to_owned()));
    Ok(())
}
