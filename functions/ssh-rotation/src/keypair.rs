//! Keypairs: made by the ssh-key crate, written in the format that the clients read, read again for the login.

use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding as Pkcs1LineEnding};
use shared::secret::{ExposeSecret, SecretString};
use ssh_key::getrandom::SysRng;
use ssh_key::private::{KeypairData, RsaKeypair};
use ssh_key::rand_core::UnwrapErr;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

use crate::config::{KeyAlgorithm, PrivateKeyFormat};

/// A keypair as the secret holds it.
pub struct Keypair {
    /// One line in OpenSSH's form.
    pub public: String,
    /// PEM.
    pub private: SecretString,
}

/// A keypair could not be made or read. The cause is not kept: it may quote the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeypairError {
    /// The ssh-key crate refused.
    #[error("the keypair could not be made; this is a defect of the function")]
    Generate,
    /// What the secret holds is no private key.
    #[error("the secret's PrivateKey is no private key in PEM, or is encrypted")]
    Unreadable,
}

/// Makes a keypair whose public key carries `comment`.
pub fn generate(algorithm: KeyAlgorithm, format: PrivateKeyFormat, comment: &str) -> Result<Keypair, KeypairError> {
    // It panics if the kernel has no randomness, which getrandom(2) waits for.
    let mut random = UnwrapErr(SysRng);
    let made = match algorithm {
        KeyAlgorithm::Ed25519 => PrivateKey::random(&mut random, Algorithm::Ed25519),
        KeyAlgorithm::Ecdsa(curve) => PrivateKey::random(&mut random, Algorithm::Ecdsa { curve }),
        KeyAlgorithm::Rsa(bits) => RsaKeypair::random(&mut random, bits)
            .and_then(|keypair| PrivateKey::new(KeypairData::from(keypair), String::new())),
    };
    let mut key = made.map_err(|_| KeypairError::Generate)?;
    key.set_comment(comment);
    let public = key.public_key().to_openssh().map_err(|_| KeypairError::Generate)?;
    Ok(Keypair { public, private: write(&key, format)? })
}

fn write(key: &PrivateKey, format: PrivateKeyFormat) -> Result<SecretString, KeypairError> {
    let pem = match (format, key.key_data()) {
        (PrivateKeyFormat::Openssh, _) => key.to_openssh(LineEnding::LF).map_err(|_| KeypairError::Generate)?,
        (PrivateKeyFormat::Pkcs1, KeypairData::Rsa(keypair)) => {
            let key = rsa::RsaPrivateKey::try_from(keypair).map_err(|_| KeypairError::Generate)?;
            key.to_pkcs1_pem(Pkcs1LineEnding::LF).map_err(|_| KeypairError::Generate)?
        }
        (PrivateKeyFormat::Pkcs1, _) => return Err(KeypairError::Generate), // the configuration refuses it
    };
    Ok(SecretString::from(pem.as_str()))
}

/// Reads a private key in any of the formats.
pub fn read(private: &SecretString) -> Result<PrivateKey, KeypairError> {
    russh::keys::decode_secret_key(private.expose_secret(), None).map_err(|_| KeypairError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh_key::EcdsaCurve;

    #[test]
    fn every_algorithm_and_format_is_written_so_that_it_reads_again() {
        use KeyAlgorithm::{Ecdsa, Ed25519, Rsa};
        use PrivateKeyFormat::{Openssh, Pkcs1};
        for (algorithm, format, public, private) in [
            (Ed25519, Openssh, "ssh-ed25519 ", "OPENSSH"),
            (Ecdsa(EcdsaCurve::NistP256), Openssh, "ecdsa-sha2-nistp256 ", "OPENSSH"),
            (Ecdsa(EcdsaCurve::NistP384), Openssh, "ecdsa-sha2-nistp384 ", "OPENSSH"),
            (Ecdsa(EcdsaCurve::NistP521), Openssh, "ecdsa-sha2-nistp521 ", "OPENSSH"),
            (Rsa(2048), Openssh, "ssh-rsa ", "OPENSSH"),
            (Rsa(2048), Pkcs1, "ssh-rsa ", "RSA"),
        ] {
            let keypair = generate(algorithm, format, "label").unwrap();
            assert!(keypair.public.starts_with(public) && keypair.public.ends_with(" label"), "{}", keypair.public);
            let begin = format!("-----BEGIN {private} PRIVATE KEY-----\n");
            assert!(keypair.private.expose_secret().starts_with(&begin), "{algorithm:?} {format:?}");
            let read = read(&keypair.private).unwrap();
            let again = ssh_key::PublicKey::from_openssh(&keypair.public).unwrap();
            assert_eq!(read.public_key().key_data(), again.key_data());
        }
    }

    #[test]
    fn two_keys_differ() {
        let make = || generate(KeyAlgorithm::Ed25519, PrivateKeyFormat::Openssh, "c").unwrap();
        assert_ne!(make().public, make().public);
    }

    #[test]
    fn what_is_no_key_is_an_error_that_does_not_quote_it() {
        for text in ["", "hush", "-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n-----END OPENSSH PRIVATE KEY-----\n"] {
            let error = read(&SecretString::from(text)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
    }
}
