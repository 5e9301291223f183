//! What was asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Error, Parser, ValueExt};

/// What --help prints.
pub(crate) const USAGE: &str = "\
Copies a file to a node by SFTP, with the SSH key that Secrets Manager rotates.

usage: copy_file USER HOST FILE [options]

  --secret-id ID       the secret with the keypair: a name or an ARN (default: /dev/ssh)
  --port N             where sshd listens (default: 22)
  --region R           of the secret (default: AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's)
  --known-hosts PATH   trust the host keys in this file instead of those that the rotations recorded with the secret
  --to REMOTE_PATH     the file's name there, or a folder (default: the user's home)

Credentials: the environment's, the profile's, or those of the EC2 instance's role, which needs
secretsmanager:GetSecretValue for the secret. Ends with 0 (copied), 1 (not copied) or 2 (no such usage).";

/// The name that the secret has in the blog post that this comes from.
const SECRET: &str = "/dev/ssh";

/// What the command line says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Copy(Arguments),
    Help,
}

/// A copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) file: PathBuf,
    pub(crate) secret: String,
    pub(crate) port: u16,
    pub(crate) region: Option<String>,
    pub(crate) known_hosts: Option<PathBuf>,
    pub(crate) to: Option<String>,
}

/// Reads the command line.
pub(crate) fn parse(mut line: Parser) -> Result<Parsed, Error> {
    let (mut positional, mut secret, mut port) = (Vec::new(), SECRET.to_owned(), 22);
    let (mut region, mut known_hosts, mut to) = (None, None, None);
    while let Some(argument) = line.next()? {
        match argument {
            Arg::Long("secret-id") => secret = text("--secret-id", line.value()?)?,
            Arg::Long("port") => port = line.value()?.parse_with(number)?,
            Arg::Long("region") => region = Some(text("--region", line.value()?)?),
            Arg::Long("known-hosts") => known_hosts = Some(PathBuf::from(text("--known-hosts", line.value()?)?)),
            Arg::Long("to") => to = Some(text("--to", line.value()?)?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Parsed::Help),
            Arg::Value(value) if positional.len() < 3 => positional.push(value),
            other => return Err(other.unexpected()),
        }
    }
    let Ok([user, host, file]) = <[OsString; 3]>::try_from(positional) else {
        return Err("USER, HOST and FILE are needed".into());
    };
    let file = PathBuf::from(file);
    Ok(Parsed::Copy(Arguments {
        user: text("USER", user)?,
        host: text("HOST", host)?,
        file,
        secret,
        port,
        region,
        known_hosts,
        to,
    }))
}

fn text(what: &str, value: OsString) -> Result<String, Error> {
    let text = value.string()?;
    if text.is_empty() { Err(format!("{what} is empty").into()) } else { Ok(text) }
}

fn number(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|port| *port > 0).ok_or("is no port (1 to 65535)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Parsed, String> {
        super::parse(Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn the_seed_s_line_works_and_the_secret_has_its_name() {
        let expected = Arguments {
            user: "ec2-user".into(),
            host: "10.0.0.5".into(),
            file: "a.bin".into(),
            secret: "/dev/ssh".into(),
            port: 22,
            region: None,
            known_hosts: None,
            to: None,
        };
        assert_eq!(parse("ec2-user 10.0.0.5 a.bin"), Ok(Parsed::Copy(expected)));
    }

    #[test]
    fn options_stand_anywhere() {
        let line = "--port 2222 u --secret-id=s h --region eu-west-1 --to /tmp/ --known-hosts k -- -f";
        let Ok(Parsed::Copy(read)) = parse(line) else { panic!("{:?}", parse(line)) };
        assert_eq!((read.user.as_str(), read.host.as_str(), read.file), ("u", "h", PathBuf::from("-f")));
        assert_eq!((read.port, read.secret.as_str(), read.region.as_deref()), (2222, "s", Some("eu-west-1")));
        assert_eq!((read.to.as_deref(), read.known_hosts), (Some("/tmp/"), Some(PathBuf::from("k"))));
    }

    #[test]
    fn help_needs_nothing_else() {
        assert_eq!(parse("u --help"), Ok(Parsed::Help));
        assert_eq!(parse("-h"), Ok(Parsed::Help));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, why) in [
            ("", "USER, HOST and FILE"),
            ("u h", "USER, HOST and FILE"),
            ("u h f g", "\"g\""),
            ("u h f --port", "--port"),
            ("u h f --port 0", "1 to 65535"),
            ("u h f --port 65536", "1 to 65535"),
            ("u h f --to=", "--to is empty"),
            ("u h f --trust-everybody", "--trust-everybody"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
