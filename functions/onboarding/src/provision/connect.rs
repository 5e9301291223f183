//! Connect: the user to be made by each identity management's rules, and what a refusal means.
//!
//! | | username | names | mail address | password | directory user id |
//! | --- | --- | --- | --- | --- | --- |
//! | SAML | UPN | required | an error | an error | an error |
//! | directory-managed | `SamAccountName` | given | - | an error | only where Connect can't reach the directory |
//! | Connect-managed | `SamAccountName` | required | the UPN, if it is of `mailDomains` | required | - |
//!
//! <https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateUser.html>

use shared::aws::AwsError;
use shared::secret::SecretString;

use super::call::CallFailure;
use super::config::{ConnectConfig, IdentityManagement};
use super::error::ProvisionError;
use super::names::{Names, names};
use super::password::password;
use super::request::Account;
use super::username::{is_address, username};

/// A user to be made.
pub struct NewUser<'a> {
    /// The instance.
    pub instance: &'a str,
    /// The name to log in by.
    pub username: &'a str,
    /// What people call the user.
    pub names: Names,
    /// Where "Forgot password" sends its mail.
    pub email: Option<&'a str>,
    /// Connect-managed only.
    pub password: Option<SecretString>,
    /// The routing profile's id.
    pub routing_profile: &'a str,
    /// The security profile's id.
    pub security_profile: &'a str,
}

/// The user for a new account; or why Connect would refuse it.
pub fn new_user<'a>(account: &'a Account, config: &'a ConnectConfig) -> Result<NewUser<'a>, ProvisionError> {
    let managed = config.identity == IdentityManagement::ConnectManaged;
    Ok(NewUser {
        instance: &config.instance,
        username: username(account, config.identity)?,
        names: names(account, config)?,
        // The way in: without an address the user can't set a password, and an administrator has to. An address of a domain
        // that nobody named may be anybody's, and "Forgot password" would let them in.
        email: Some(account.upn.as_str())
            .filter(|upn| managed && is_address(upn) && is_ours(upn, &config.mail_domains)),
        password: if managed { Some(password()?) } else { None },
        routing_profile: &config.routing_profile,
        security_profile: &config.security_profile,
    })
}

fn is_ours(address: &str, domains: &[String]) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| domains.contains(&domain.to_lowercase()))
}

/// What a failed `CreateUser` means. A call that was carried out, but whose answer was lost, ends here too when repeated.
#[must_use]
pub fn judge(error: &AwsError, account: &Account) -> ProvisionError {
    match error.code.as_str() {
        "DuplicateResourceException" => ProvisionError::ConnectUserExists,
        _ => CallFailure::new(error, account).into(),
    }
}

#[cfg(test)]
mod tests {
    use shared::secret::ExposeSecret as _;

    use super::super::config::tests::config;
    use super::*;

    fn account(upn: &str) -> Account {
        Account {
            user: "anna.mueller".to_owned(),
            upn: upn.to_owned(),
            sam_account_name: Some("amueller".to_owned()),
            display_name: None,
            sid: None,
        }
    }

    #[test]
    fn each_identity_management_keeps_its_rules() {
        let upn = "anna.mueller@corp.example.com";
        for (identity, username, email, password) in [
            ("SAML", upn, None, false),
            ("EXISTING_DIRECTORY", "amueller", None, false),
            ("CONNECT_MANAGED", "amueller", Some(upn), true),
        ] {
            let (account, mut config) = (account(upn), config(identity).connect);
            config.mail_domains = vec!["corp.example.com".to_owned()];
            let user = new_user(&account, &config).ok().unwrap();
            assert_eq!((user.username, user.email, user.password.is_some()), (username, email, password), "{identity}");
            assert_eq!((user.names.first.as_str(), user.names.last.as_str()), ("anna", "mueller"));
        }
    }

    #[test]
    fn a_upn_is_a_mail_address_only_in_domains_that_were_named() {
        let mut config = config("CONNECT_MANAGED").connect;
        for (domains, upn, expected) in [
            (&[][..], "anna.mueller@corp.example.com", false),
            (&["corp.example.com"], "anna.mueller@CORP.example.com", true),
            (&["corp.example.com"], "anna.mueller@evil.example.com", false),
            (&["corp"], "anna.mueller@corp", false),
        ] {
            config.mail_domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
            assert_eq!(new_user(&account(upn), &config).ok().unwrap().email.is_some(), expected, "{upn}");
        }
    }

    #[test]
    fn each_user_gets_a_password_of_their_own() {
        let (account, config) = (account("a@corp.example.com"), config("CONNECT_MANAGED").connect);
        let password = || new_user(&account, &config).ok().unwrap().password.unwrap();
        assert_ne!(password().expose_secret(), password().expose_secret());
    }
}
