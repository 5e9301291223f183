//! The function's configuration. The table of its variables is in the README.

use shared::env::{Reader, text};
use ssh_key::EcdsaCurve;

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TARGET_TAG_KEY` and `TARGET_TAG_VALUE`: the instances that get the key.
    pub target: Tag,
    /// `SSH_USERNAMES`: whose `authorized_keys` get it.
    pub users: Vec<String>,
    /// `KEY_ALGORITHM`.
    pub algorithm: KeyAlgorithm,
    /// `PRIVATE_KEY_FORMAT`.
    pub format: PrivateKeyFormat,
    /// `SSH_PORT`: where the nodes' sshd listens.
    pub ssh_port: u16,
    /// `PREVIOUS_KEY`.
    pub previous_key: PreviousKey,
    /// `COMMAND_DOCUMENT`: the SSM document that changes `authorized_keys`, by name or ARN.
    pub document: String,
    /// `CURRENT_KEY_PARAMETER`: the SSM parameter that the association for new nodes reads.
    pub current_key_parameter: Option<String>,
    /// `MAX_CONCURRENCY`: how many nodes Run Command changes at a time, a number or a percentage.
    pub max_concurrency: String,
}

/// A tag of EC2 instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The algorithm of new keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// The default: short, fast, and known to every OpenSSH since 6.5 (2014).
    Ed25519,
    /// ECDSA on a NIST curve.
    Ecdsa(EcdsaCurve),
    /// RSA with so many bits.
    Rsa(usize),
}

/// How the private key is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateKeyFormat {
    /// `BEGIN OPENSSH PRIVATE KEY`
    Openssh,
    /// `BEGIN RSA PRIVATE KEY`, which older clients (Paramiko's `RSAKey`, the sample's) read. RSA only.
    Pkcs1,
}

/// What becomes of the key that a rotation supersedes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousKey {
    /// It is removed at once.
    Revoke,
    /// It logs in until the next rotation: for clients that hold on to a key for a while.
    Keep,
}

impl Config {
    /// Reads the variables; `None` if one that must be there is not. Mistakes stay with `env`.
    pub fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        let target = Tag {
            key: env.or("TARGET_TAG_KEY", "RotateSSHKeys".to_owned(), "RotateSSHKeys", tag(128)),
            value: env.or("TARGET_TAG_VALUE", "True".to_owned(), "True", tag(256)),
        };
        let users = env.or("SSH_USERNAMES", vec!["ec2-user".to_owned()], "ec2-user,ubuntu", users);
        let algorithm = env.or("KEY_ALGORITHM", KeyAlgorithm::Ed25519, "ed25519", algorithm);
        let format = env.or("PRIVATE_KEY_FORMAT", PrivateKeyFormat::Openssh, "openssh", |value| match value {
            "openssh" => Ok(PrivateKeyFormat::Openssh),
            "pkcs1" => Ok(PrivateKeyFormat::Pkcs1),
            _ => Err("is neither openssh nor pkcs1".to_owned()),
        });
        let ssh_port = env.or("SSH_PORT", 22, "22", port);
        let previous_key = env.or("PREVIOUS_KEY", PreviousKey::Revoke, "revoke", |value| match value {
            "revoke" => Ok(PreviousKey::Revoke),
            "keep" => Ok(PreviousKey::Keep),
            _ => Err("is neither revoke nor keep".to_owned()),
        });
        let document = env.required("COMMAND_DOCUMENT", "ssh-rotation-authorized-keys", text);
        let current_key_parameter = env.optional("CURRENT_KEY_PARAMETER", "/ssh-rotation/current-key", text);
        let max_concurrency = env.or("MAX_CONCURRENCY", "50".to_owned(), "50", max_concurrency);
        if format == PrivateKeyFormat::Pkcs1 && !matches!(algorithm, KeyAlgorithm::Rsa(_)) {
            env.mistake("PRIVATE_KEY_FORMAT=pkcs1 is for RSA keys (for example KEY_ALGORITHM=rsa-3072)");
        }
        Some(Self {
            target,
            users,
            algorithm,
            format,
            ssh_port,
            previous_key,
            document: document?,
            current_key_parameter,
            max_concurrency,
        })
    }
}

fn algorithm(value: &str) -> Result<KeyAlgorithm, String> {
    Ok(match value {
        "ed25519" => KeyAlgorithm::Ed25519,
        "ecdsa-p256" => KeyAlgorithm::Ecdsa(EcdsaCurve::NistP256),
        "ecdsa-p384" => KeyAlgorithm::Ecdsa(EcdsaCurve::NistP384),
        "ecdsa-p521" => KeyAlgorithm::Ecdsa(EcdsaCurve::NistP521),
        "rsa-2048" => KeyAlgorithm::Rsa(2048),
        "rsa-3072" => KeyAlgorithm::Rsa(3072),
        "rsa-4096" => KeyAlgorithm::Rsa(4096),
        _ => return Err("is none of ed25519, ecdsa-p256, -p384, -p521, rsa-2048, -3072, -4096".to_owned()),
    })
}

/// A part of a tag, as EC2 limits it, without what EC2's filters take for a pattern.
fn tag(longest: usize) -> impl Fn(&str) -> Result<String, String> {
    move |value| match value.chars().count() {
        0 => Err("is empty".to_owned()),
        length if length > longest => Err(format!("is longer than {longest} characters")),
        _ if value.contains(['*', '?', ',']) => Err("contains one of * ? , which would match other tags".to_owned()),
        _ => Ok(value.to_owned()),
    }
}

/// The names that the document's parameter `Users` allows.
fn users(value: &str) -> Result<Vec<String>, String> {
    const LONGEST: usize = 32; // useradd(8)
    let mut users: Vec<String> = Vec::new();
    for user in value.split(',').map(str::trim) {
        let begins_well = user.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let rest_is_good = user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if !begins_well || !rest_is_good || user.len() > LONGEST {
            return Err(format!("contains {user:?}, which is no Linux user name"));
        }
        if users.iter().any(|known| known == user) {
            return Err(format!("names {user} twice")); // the document allows exactly the template's list
        }
        users.push(user.to_owned());
    }
    Ok(users)
}

fn port(value: &str) -> Result<u16, String> {
    value.parse().ok().filter(|port| *port > 0).ok_or_else(|| "is no port, 1 to 65535".to_owned())
}

/// What `SendCommand` takes: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>.
fn max_concurrency(value: &str) -> Result<String, String> {
    let number = value.strip_suffix('%').unwrap_or(value);
    let highest = if number == value { 9_999_999 } else { 100 };
    let good = number.parse().is_ok_and(|n: u32| (1..=highest).contains(&n)) && !number.starts_with(['0', '+']);
    if good { Ok(value.to_owned()) } else { Err("is neither a number from 1 nor a percentage, 1% to 100%".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
        let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        let config = Config::read(&mut env);
        (config, env.finish().err().map(|e| e.0).unwrap_or_default())
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let vars = [
            ("TARGET_TAG_KEY", "Rotate*"),
            ("TARGET_TAG_VALUE", "True,False"),
            ("SSH_USERNAMES", "ec2-user,root;id"),
            ("KEY_ALGORITHM", "dsa"),
            ("PRIVATE_KEY_FORMAT", "ppk"),
            ("SSH_PORT", "0"),
            ("PREVIOUS_KEY", "forget"),
            ("MAX_CONCURRENCY", "0%"),
        ];
        let (config, mistakes) = read(&vars);
        assert_eq!(config, None);
        for name in ["COMMAND_DOCUMENT"].into_iter().chain(vars.map(|(name, _)| name)) {
            assert_eq!(mistakes.iter().filter(|m| m.starts_with(name)).count(), 1, "{name}: {mistakes:?}");
        }
    }

    #[test]
    fn the_document_alone_is_enough_and_the_rest_has_the_defaults_of_the_readme() {
        let (config, mistakes) = read(&[("COMMAND_DOCUMENT", "d")]);
        assert_eq!(mistakes, Vec::<String>::new());
        let expected = Config {
            target: Tag { key: "RotateSSHKeys".into(), value: "True".into() },
            users: vec!["ec2-user".into()],
            algorithm: KeyAlgorithm::Ed25519,
            format: PrivateKeyFormat::Openssh,
            ssh_port: 22,
            previous_key: PreviousKey::Revoke,
            document: "d".into(),
            current_key_parameter: None,
            max_concurrency: "50".into(),
        };
        assert_eq!(config, Some(expected));
    }

    #[test]
    fn pkcs1_goes_with_rsa_alone() {
        for (algorithm, mistakes) in [("ed25519", 1), ("ecdsa-p384", 1), ("rsa-2048", 0), ("rsa-4096", 0)] {
            let (_, found) =
                read(&[("COMMAND_DOCUMENT", "d"), ("KEY_ALGORITHM", algorithm), ("PRIVATE_KEY_FORMAT", "pkcs1")]);
            assert_eq!(found.len(), mistakes, "{algorithm}: {found:?}");
        }
    }

    #[test]
    fn users_are_linux_names_each_given_once() {
        assert_eq!(users("ec2-user, ubuntu"), Ok(vec!["ec2-user".to_owned(), "ubuntu".to_owned()]));
        assert!(users("ubuntu,ec2-user,ubuntu").is_err());
        for wrong in ["", ",", "a b", "a'b", "-rf", "$(id)", "ä", "a\nb", "1a", &"a".repeat(33)] {
            assert!(users(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn concurrency_is_a_number_or_a_percentage() {
        for good in ["1", "50", "1%", "100%", "500"] {
            assert!(max_concurrency(good).is_ok(), "{good}");
        }
        for wrong in ["0", "0%", "101%", "-1", "+5", "05", "many", "%", "5%%"] {
            assert!(max_concurrency(wrong).is_err(), "{wrong}");
        }
    }
}
