//! Each way in which a Connect instance manages identities has rules of its own, to which the stand-in holds every request.

use e2e::onboarding::{DOMAIN, User};
use local_aws::ExecutionStatus::Succeeded;

use super::within;

const UPN: &str = "anna.mueller@corp.example.com";

fn anna() -> User {
    User::new(1104, "amueller").display_name("Anna Mu\u{308}ller").upn(UPN)
}

#[test]
fn each_identity_management_gets_the_request_that_it_takes() {
    for (identity, username, email, password) in [
        ("SAML", UPN, None, false),
        ("EXISTING_DIRECTORY", "amueller", None, false),
        ("CONNECT_MANAGED", "amueller", Some(UPN), true),
    ] {
        within(&[("IdentityManagement", identity), ("MailDomains", DOMAIN)], async |onboarding| {
            onboarding.replicate(&[&anna()]).await?;
            onboarding.put_events(&[anna().event()]).await?;
            let execution = onboarding.ended(1).await?.remove(0);
            assert_eq!(execution.status, Succeeded, "{identity}: {execution:#?}");
            let users = onboarding.connect_users();
            let user = &users[0];
            assert_eq!((user.username.as_str(), user.email.as_deref()), (username, email), "{identity}");
            assert_eq!((user.has_password(), &user.directory_user_id), (password, &None), "{identity}");
            let names = (user.first_name.as_deref(), user.last_name.as_deref());
            assert_eq!(names, (Some("Anna"), Some("Müller")), "in NFC");
            Ok(())
        });
    }
}

#[test]
fn the_generated_password_is_in_no_log_and_no_history_and_each_user_has_another() {
    within(&[("IdentityManagement", "CONNECT_MANAGED"), ("LogLevel", "DEBUG")], async |onboarding| {
        let users = [anna(), User::new(1105, "JDoe")];
        onboarding.replicate(&users.each_ref()).await?;
        onboarding.put_events(&users.each_ref().map(User::event)).await?;
        let executions = onboarding.ended(2).await?;
        let made = onboarding.connect_users();
        let passwords: Vec<_> = made.iter().map(|user| user.expose_password().unwrap()).collect();
        assert_eq!(passwords.len(), 2);
        assert_ne!(passwords[0], passwords[1]);
        assert!(made.iter().all(|user| user.email.is_none()), "no domain was named as one of mail addresses");
        let seen = format!("{:?} {executions:?} {:?}", onboarding.account.invocations(), onboarding.told().await?);
        assert!(passwords.iter().all(|password| password.len() >= 20 && !seen.contains(password)));
        Ok(())
    });
}
