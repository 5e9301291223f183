//! The function's configuration. The table of its variables is in the README.

use shared::env::Reader;

use super::account::{Directory, UpnFallback};

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `STATE_MACHINE_ARN`: the workflow.
    pub state_machine: String,
    /// `DOMAIN_NAME`, `DOMAIN_NETBIOS_NAME`, `UPN_FALLBACK`.
    pub directory: Directory,
}

impl Config {
    /// Reads the variables; `None` if one that must be there is not. Mistakes stay with `env`.
    pub fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        let example = "arn:aws:states:eu-west-1:111122223333:stateMachine:onboarding";
        let state_machine = env.required("STATE_MACHINE_ARN", example, state_machine);
        let domain = env.required("DOMAIN_NAME", "corp.example.com", domain_name);
        let netbios = env.optional("DOMAIN_NETBIOS_NAME", "CORP", netbios_name);
        let upn_fallback =
            env.or("UPN_FALLBACK", UpnFallback::SamAccountName, "sam-account-name", |value| match value {
                "sam-account-name" => Ok(UpnFallback::SamAccountName),
                "skip" => Ok(UpnFallback::Skip),
                _ => Err("is neither sam-account-name nor skip".to_owned()),
            });
        let domain = domain?;
        let netbios = netbios.unwrap_or_else(|| default_netbios_name(&domain));
        Some(Self { state_machine: state_machine?, directory: Directory { domain, netbios, upn_fallback } })
    }
}

/// An express state machine looks the same; it would start a workflow for every copy. The template makes a standard one.
fn state_machine(value: &str) -> Result<String, String> {
    let good = value.starts_with("arn:") && value.contains(":states:") && value.contains(":stateMachine:");
    if good { Ok(value.to_owned()) } else { Err("is no state machine's ARN".to_owned()) }
}

fn domain_name(value: &str) -> Result<String, String> {
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let good = value.len() <= 255 && value.contains('.') && value.split('.').all(is_label);
    if good { Ok(value.to_ascii_lowercase()) } else { Err("is no directory's DNS name".to_owned()) }
}

/// <https://learn.microsoft.com/en-us/troubleshoot/windows-server/active-directory/naming-conventions-for-computer-domain-site-ou>
fn netbios_name(value: &str) -> Result<String, String> {
    let good = value.len() <= 15 && !value.contains(['.', '\\', '/', ':', '*', '?', '"', '<', '>', '|']);
    if good { Ok(value.to_owned()) } else { Err("is no NetBIOS name".to_owned()) }
}

/// The one that Directory Service gives where none is asked for: the first part of the DNS name.
/// <https://docs.aws.amazon.com/directoryservice/latest/devguide/API_CreateMicrosoftAD.html#DirectoryService-CreateMicrosoftAD-request-ShortName>
fn default_netbios_name(domain: &str) -> String {
    domain.split('.').next().unwrap_or_default().chars().take(15).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: (&str, &str) = ("STATE_MACHINE_ARN", "arn:aws:states:eu-west-1:111122223333:stateMachine:onboarding");

    fn read(vars: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
        let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        let config = Config::read(&mut env);
        (config, env.finish().err().map(|e| e.0).unwrap_or_default())
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let vars = [
            ("STATE_MACHINE_ARN", "onboarding"),
            ("DOMAIN_NAME", "CORP"),
            ("DOMAIN_NETBIOS_NAME", "corp.example.com"),
            ("UPN_FALLBACK", "mail"),
        ];
        let (config, mistakes) = read(&vars);
        assert_eq!(config, None);
        assert_eq!(mistakes.len(), vars.len(), "{mistakes:?}");
        for (name, _) in vars {
            assert!(mistakes.iter().any(|mistake| mistake.starts_with(name)), "{name}: {mistakes:?}");
        }
    }

    #[test]
    fn the_netbios_name_is_the_first_part_of_the_dns_name_unless_told() {
        for (domain, told, expected) in [
            ("Corp.Example.COM", "", "corp"),
            ("corp.example.com", "ACME", "ACME"),
            ("headquarters-europe.example.com", "", "headquarters-eu"),
        ] {
            let (config, mistakes) = read(&[ARN, ("DOMAIN_NAME", domain), ("DOMAIN_NETBIOS_NAME", told)]);
            assert_eq!(mistakes, [] as [&str; 0]);
            let directory = config.unwrap().directory;
            assert_eq!((directory.domain, directory.netbios.as_str()), (domain.to_ascii_lowercase(), expected));
            assert_eq!(directory.upn_fallback, UpnFallback::SamAccountName);
        }
    }
}
