//! WorkSpaces: what is asked for, and what the answer means.

use super::call::CallFailure;
use super::config::WorkspacesConfig;
use super::error::ProvisionError;
use super::request::Account;

/// A WorkSpace to be made. It stops by itself (`AutoStop`).
pub struct Wanted<'a> {
    /// The directory that knows the user.
    pub directory: &'a str,
    /// What the WorkSpace is made of.
    pub bundle: &'a str,
    /// The user.
    pub user: &'a str,
    /// How long after its user logs off it stops.
    pub auto_stop_minutes: i32,
    /// The root volume's size, if not the bundle's.
    pub root_volume_gib: Option<i32>,
    /// The user volume's size, if not the bundle's.
    pub user_volume_gib: Option<i32>,
}

/// What `CreateWorkspaces` answered. The call succeeds although a request in it failed.
#[derive(Default)]
pub struct Answer {
    /// The WorkSpaces that are being made.
    pub pending: Vec<Pending>,
    /// The requests that failed.
    pub failed: Vec<Failed>,
}

/// A WorkSpace that is being made.
pub struct Pending {
    /// Whose it is.
    pub user: String,
    /// Its id.
    pub id: String,
}

/// A request that failed.
pub struct Failed {
    /// Whose it was.
    pub user: String,
    /// The error code.
    pub code: String,
    /// What WorkSpaces says of it.
    pub message: String,
}

/// The WorkSpace of a new user.
#[must_use]
pub fn wanted<'a>(account: &'a Account, config: &'a WorkspacesConfig) -> Wanted<'a> {
    Wanted {
        directory: &config.directory,
        bundle: &config.bundle,
        // The UPN, as the original had it, where the event gave nothing better.
        user: account.sam_account_name.as_deref().unwrap_or(&account.upn),
        auto_stop_minutes: config.auto_stop_minutes,
        root_volume_gib: config.root_volume_gib,
        user_volume_gib: config.user_volume_gib,
    }
}

/// The id of the user's WorkSpace, or why there is none. WorkSpaces writes names in a case of its own.
pub fn judge(answer: &Answer, wanted: &Wanted<'_>, account: &Account) -> Result<String, ProvisionError> {
    let user = wanted.user.to_lowercase();
    if let Some(pending) = answer.pending.iter().find(|pending| pending.user.to_lowercase() == user) {
        return Ok(pending.id.clone());
    }
    let failed = answer.failed.iter().find(|failed| failed.user.to_lowercase() == user);
    let failed = failed.ok_or(ProvisionError::WorkSpaceUnaccounted)?;
    Err(match failed.code.as_str() {
        "ResourceExists.WorkSpace" => ProvisionError::WorkSpaceExists,
        "ResourceNotFound.User" => ProvisionError::UserNotReplicated,
        code => {
            let failure = CallFailure::inside("CreateWorkspaces", code, &failed.message, account);
            ProvisionError::WorkSpaceRefused(failure)
        }
    })
}

/// Whether WorkSpaces could have a user of this name.
/// <https://docs.aws.amazon.com/workspaces/latest/api/API_WorkspaceRequest.html>
pub fn check(wanted: &Wanted<'_>) -> Result<(), super::request::InputError> {
    const LONGEST: usize = 63;
    if wanted.user.chars().count() <= LONGEST {
        return Ok(());
    }
    Err(super::request::InputError::TooLong("SamAccountName (or else UPN)", LONGEST))
}

#[cfg(test)]
mod tests {
    use shared::error::FunctionError as _;

    use super::super::config::tests::config;
    use super::*;
    use proptest::prelude::*;

    fn account(sam: Option<&str>) -> Account {
        Account {
            user: "anna".to_owned(),
            upn: "anna@corp.example.com".to_owned(),
            sam_account_name: sam.map(str::to_owned),
            display_name: None,
            sid: None,
        }
    }

    fn pending(user: &str) -> Pending {
        Pending { user: user.to_owned(), id: format!("ws-{user}") }
    }

    fn failed(user: &str, code: &str) -> Failed {
        Failed { user: user.to_owned(), code: code.to_owned(), message: format!("{user} failed") }
    }

    #[test]
    fn the_directorys_name_counts_where_the_event_gave_one() {
        let config = config("SAML").workspaces;
        assert_eq!(wanted(&account(Some("AMueller")), &config).user, "AMueller");
        assert_eq!(wanted(&account(None), &config).user, "anna@corp.example.com");
        let long = "x".repeat(64);
        assert!(check(&wanted(&account(Some(&long)), &config)).is_err());
        assert!(check(&wanted(&account(Some(&long[1..])), &config)).is_ok());
    }

    #[test]
    fn the_user_is_looked_for_in_both_lists_in_any_case() {
        let exists = "WorkSpaceResourceExists";
        let failure = "FailedWorkSpaceCreationException";
        for (pending_for, failed_for, expected) in [
            (vec!["AMueller"], vec![], Ok("ws-AMueller")),
            (vec!["bob", "AMUELLER"], vec![("bob", "ResourceExists.WorkSpace")], Ok("ws-AMUELLER")),
            (vec!["bob"], vec![("AMÜLLER", "x"), ("amueller", "ResourceExists.WorkSpace")], Err((exists, false))),
            (vec![], vec![("AMUELLER", "ResourceNotFound.User")], Err(("UserNotReplicated", true))),
            (vec![], vec![("amueller", "ResourceNotFound.Directory")], Err((failure, false))),
            (vec![], vec![("amueller", "ResourceLimitExceeded.Workspaces")], Err(("QuotaExceeded", false))),
            (vec![], vec![("amueller", "InternalServerError")], Err(("ServiceUnavailable", true))),
            (vec![], vec![("amueller", "")], Err((failure, false))),
            (vec!["bob"], vec![("carl", "ResourceExists.WorkSpace")], Err(("WorkSpaceUnaccounted", true))),
            (vec![], vec![], Err(("WorkSpaceUnaccounted", true))),
        ] {
            let answer = Answer {
                pending: pending_for.into_iter().map(pending).collect(),
                failed: failed_for.into_iter().map(|(user, code)| failed(user, code)).collect(),
            };
            let (config, account) = (config("SAML"), account(Some("AMueller")));
            let judged = judge(&answer, &wanted(&account, &config.workspaces), &account);
            if let Err(error) = &judged {
                assert!(!error.to_string().to_lowercase().contains("amueller"), "{error}");
            }
            let judged = judged.as_deref().map_err(|error| (error.error_type(), error.retryable()));
            assert_eq!(judged, expected);
        }
    }

    proptest! {
        #[test]
        fn whoever_is_pending_is_found_in_any_case(name in "[a-zA-ZäöüÄÖÜ.0-9]{1,30}") {
            let (config, account) = (config("SAML"), account(Some(&name)));
            let answer = Answer { pending: vec![pending("x y"), pending(&name.to_uppercase())], failed: Vec::new() };
            prop_assert!(judge(&answer, &wanted(&account, &config.workspaces), &account).is_ok());
        }
    }
}
