//! The task's configuration. The table of its variables is in the README; those of the original have its names.

use std::time::Duration;

use shared::env::Reader;

/// What the environment says.
#[derive(Debug)]
pub struct Config {
    /// For WorkSpaces.
    pub workspaces: WorkspacesConfig,
    /// For Connect.
    pub connect: ConnectConfig,
}

/// How a WorkSpace is made.
#[derive(Debug)]
pub struct WorkspacesConfig {
    /// `directoryId`: the directory, registered with WorkSpaces.
    pub directory: String,
    /// `bundleId`.
    pub bundle: String,
    /// `autoStopMinutes`: how long after its user logs off it stops.
    pub auto_stop_minutes: i32,
    /// `rootVolumeGib`; else the bundle's own.
    pub root_volume_gib: Option<i32>,
    /// `userVolumeGib`; else the bundle's own.
    pub user_volume_gib: Option<i32>,
}

/// How a Connect user is made.
#[derive(Debug)]
pub struct ConnectConfig {
    /// `instanceId`.
    pub instance: String,
    /// `routingProfile`: its id.
    pub routing_profile: String,
    /// `securityProfile`: its id.
    pub security_profile: String,
    /// `identityManagement`.
    pub identity: IdentityManagement,
    /// `nameDelimiter`: what separates first and last name in a user name.
    pub delimiter: String,
    /// `mailDomains`, in lower case: a UPN of one of these is a mail address. A UPN's suffix is whatever somebody typed.
    pub mail_domains: Vec<String>,
    /// `connectPauseMilliseconds`: how long a process waits from one `CreateUser` to the next.
    pub pause: Duration,
}

/// Who manages the identities of a Connect instance.
/// <https://docs.aws.amazon.com/connect/latest/adminguide/connect-identity-management.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityManagement {
    /// An identity provider, by SAML 2.0.
    Saml,
    /// Connect itself.
    ConnectManaged,
    /// The directory.
    ExistingDirectory,
}

impl Config {
    /// Reads the variables; `None` if one that must be there is not. Mistakes stay with `env`.
    pub fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        let workspaces = WorkspacesConfig::read(env);
        let connect = ConnectConfig::read(env);
        Some(Self { workspaces: workspaces?, connect: connect? })
    }
}

impl WorkspacesConfig {
    fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        let directory = env.required("directoryId", "d-906734e325", id(&["d-", "wsd-"]));
        let bundle = env.required("bundleId", "wsb-clj85qzj1", id(&["wsb-"]));
        let auto_stop_minutes = env.or("autoStopMinutes", 60, "60", |value| match value.parse() {
            Ok(minutes @ 60..=7200) if minutes % 60 == 0 => Ok(minutes),
            _ => Err("is no number of minutes in steps of 60".to_owned()),
        });
        let gib = |value: &str| match value.parse() {
            Ok(gib @ 10..=2000) => Ok(gib),
            _ => Err("is no size in GiB from 10 to 2000".to_owned()),
        };
        let root_volume_gib = env.optional("rootVolumeGib", "80", gib);
        let user_volume_gib = env.optional("userVolumeGib", "100", gib);
        if root_volume_gib.is_some() != user_volume_gib.is_some() {
            env.mistake("rootVolumeGib and userVolumeGib go together: WorkSpaces allows certain pairs only");
        }
        Some(Self { directory: directory?, bundle: bundle?, auto_stop_minutes, root_volume_gib, user_volume_gib })
    }
}

impl ConnectConfig {
    fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        const ID: &str = "12345678-1234-1234-1234-123456789012";
        let instance = env.required("instanceId", ID, id(&[""]));
        let routing_profile = env.required("routingProfile", ID, id(&[""]));
        let security_profile = env.required("securityProfile", ID, id(&[""]));
        let identity = env.or("identityManagement", IdentityManagement::Saml, "SAML", |value| match value {
            "SAML" => Ok(IdentityManagement::Saml),
            "CONNECT_MANAGED" => Ok(IdentityManagement::ConnectManaged),
            "EXISTING_DIRECTORY" => Ok(IdentityManagement::ExistingDirectory),
            _ => Err("is none of SAML, CONNECT_MANAGED, EXISTING_DIRECTORY".to_owned()),
        });
        let delimiter = env.or("nameDelimiter", ".".to_owned(), ".", |value| match value.chars().count() {
            1..=8 => Ok(value.to_owned()),
            _ => Err("is longer than 8 characters".to_owned()),
        });
        let mail_domains = env.or("mailDomains", Vec::new(), "example.com,example.org", |value| {
            let domains: Vec<String> = value.split(',').map(|domain| domain.trim().to_lowercase()).collect();
            let good = |domain: &String| {
                domain.contains('.') && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
            };
            if domains.iter().all(good) { Ok(domains) } else { Err("is no list of domains".to_owned()) }
        });
        let pause = env.or("connectPauseMilliseconds", Duration::from_secs(1), "1000", |value| match value.parse() {
            Ok(milliseconds @ 0..=10_000) => Ok(Duration::from_millis(milliseconds)),
            _ => Err("is no number of milliseconds from 0 to 10000".to_owned()),
        });
        Some(Self {
            instance: instance?,
            routing_profile: routing_profile?,
            security_profile: security_profile?,
            identity,
            delimiter,
            mail_domains,
            pause,
        })
    }
}

/// An id that begins in one of some ways. Letters, digits and hyphens only, since it becomes part of a URL.
fn id(prefixes: &'static [&'static str]) -> impl Fn(&str) -> Result<String, String> {
    move |value| {
        let rest = prefixes.iter().find_map(|prefix| value.strip_prefix(prefix)).unwrap_or_default();
        let plain = rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if plain && (8..=63).contains(&rest.len()) { Ok(value.to_owned()) } else { Err("is no such id".to_owned()) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("directoryId", "d-906734e325"),
        ("bundleId", "wsb-clj85qzj1"),
        ("instanceId", "11111111-2222-3333-4444-555555555555"),
        ("routingProfile", "22222222-2222-3333-4444-555555555555"),
        ("securityProfile", "33333333-2222-3333-4444-555555555555"),
    ];

    fn read(vars: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
        let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        let config = Config::read(&mut env);
        (config, env.finish().err().map(|e| e.0).unwrap_or_default())
    }

    /// A configuration that differs from the original's in its identity management.
    pub(in crate::provision) fn config(identity: &str) -> Config {
        read(&[&GOOD[..], &[("identityManagement", identity), ("connectPauseMilliseconds", "0")]].concat()).0.unwrap()
    }

    #[test]
    fn the_originals_variables_are_enough() {
        let (config, mistakes) = read(&GOOD);
        let config = config.unwrap();
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!((config.connect.identity, config.connect.delimiter.as_str()), (IdentityManagement::Saml, "."));
        assert_eq!((config.workspaces.auto_stop_minutes, config.workspaces.root_volume_gib), (60, None));
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let vars = [
            ("directoryId", "ad-1"),
            ("bundleId", "wsb-"),
            ("instanceId", "arn:aws:connect:eu-west-1:1:instance/1"),
            ("securityProfile", "../../users"),
            ("identityManagement", "saml"),
            ("nameDelimiter", "123456789"),
            ("mailDomains", "corp"),
            ("connectPauseMilliseconds", "-1"),
            ("autoStopMinutes", "90"),
            ("rootVolumeGib", "80"),
        ];
        let (config, mistakes) = read(&vars);
        assert!(config.is_none());
        for name in ["routingProfile"].into_iter().chain(vars.map(|(name, _)| name)) {
            assert_eq!(mistakes.iter().filter(|m| m.starts_with(name)).count(), 1, "{name}: {mistakes:?}");
        }
    }
}
