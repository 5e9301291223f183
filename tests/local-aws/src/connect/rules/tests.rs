use serde_json::{Value, json};

use super::*;

fn checked(identity: IdentityManagement, changes: &Value) -> Result<(), (String, String)> {
    let mut body = json!({
        "Username": "anna", "RoutingProfileId": "r", "SecurityProfileIds": ["s"],
        "IdentityInfo": {"FirstName": "Anna", "LastName": "Müller"},
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    let request: Request = serde_json::from_value(body).unwrap();
    let outcome = check_model(&request).and_then(|()| check(&request, identity));
    outcome.map_err(|error| (error.code, error.message))
}

#[test]
fn each_identity_management_has_its_rules() {
    let password = "Secret-word-1";
    let mail = json!({"FirstName": "A", "LastName": "B", "Email": "a@example.com"});
    let table = [
        (Saml, json!({}), ""),
        (Saml, json!({"Username": "a".repeat(64)}), ""),
        (Saml, json!({"Username": "a".repeat(65)}), "Username is not valid"),
        (Saml, json!({"Username": "anna@example.com"}), ""),
        (Saml, json!({"Username": "anna@example"}), "Username is not valid"),
        (Saml, json!({"Username": "müller"}), "Username is not valid"),
        (Saml, json!({"Password": password}), "Password is not allowed"),
        (Saml, json!({"DirectoryUserId": "S-1"}), "DirectoryUserId is not allowed with SAML"),
        (Saml, json!({"IdentityInfo": mail}), "Email is not allowed with SAML"),
        (Saml, json!({"IdentityInfo": {"LastName": "B"}}), "FirstName is required"),
        (Saml, json!({"IdentityInfo": {"FirstName": "Mu\u{308}", "LastName": "B"}}), "FirstName is not valid"),
        (ConnectManaged, json!({}), "Password is required"),
        (ConnectManaged, json!({"Password": password, "IdentityInfo": mail}), ""),
        (ConnectManaged, json!({"Password": password, "Username": "a".repeat(21)}), "Username is not valid"),
        (ConnectManaged, json!({"Password": "no-capitals-1"}), "Password is not valid"),
        (ConnectManaged, json!({"Password": "With space 1"}), "Password is not valid"),
        (ConnectManaged, json!({"Password": "Short-1"}), "Password is not valid"),
        (ConnectManaged, json!({"Password": password, "IdentityInfo": {}}), "FirstName is required"),
        (ExistingDirectory, json!({"IdentityInfo": {}, "DirectoryUserId": "S-1"}), ""),
        (ExistingDirectory, json!({"Password": password}), "Password is not allowed"),
    ];
    for (identity, changes, expected) in table {
        let message = checked(identity, &changes).err().map(|(_, message)| message).unwrap_or_default();
        assert_eq!(message, expected, "{identity:?} {changes}");
    }
}

#[test]
fn the_model_is_the_apis() {
    let table = [
        (json!({"Username": ""}), "Username"),
        (json!({"RoutingProfileId": null}), "RoutingProfileId"),
        (json!({"SecurityProfileIds": []}), "SecurityProfileIds"),
        (json!({"SecurityProfileIds": vec!["s"; 11]}), "SecurityProfileIds"),
        (json!({"PhoneConfig": {"PhoneType": "PHONE"}}), "PhoneType"),
        (json!({"PhoneConfig": {"PhoneType": "DESK_PHONE", "DeskPhoneNumber": "12"}}), "DeskPhoneNumber"),
        (json!({"PhoneConfig": {"AfterContactWorkTimeLimit": -1}}), "AfterContactWorkTimeLimit"),
    ];
    for (changes, what) in table {
        let refusal = ("InvalidParameterException".to_owned(), format!("{what} is not valid"));
        assert_eq!(checked(Saml, &changes), Err(refusal), "{changes}");
    }
}
