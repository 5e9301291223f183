//! A Connect instance, as a test declares it.

use std::collections::BTreeSet;

/// Who manages the identities of an instance's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdentityManagement {
    Saml,
    ConnectManaged,
    ExistingDirectory,
}

/// A Connect instance.
///
/// ```
/// # use local_aws::ConnectInstance;
/// ConnectInstance::saml("instance-id").routing_profile("routing-id").security_profile("security-id");
/// ```
#[derive(Debug, Clone)]
pub struct ConnectInstance {
    id: String,
    pub(super) identity: IdentityManagement,
    pub(super) routing_profiles: BTreeSet<String>,
    pub(super) security_profiles: BTreeSet<String>,
}

impl ConnectInstance {
    fn new(id: &str, identity: IdentityManagement) -> Self {
        let (routing_profiles, security_profiles) = (BTreeSet::new(), BTreeSet::new());
        Self { id: id.to_owned(), identity, routing_profiles, security_profiles }
    }

    /// An instance whose users log in by SAML.
    #[must_use]
    pub fn saml(id: &str) -> Self {
        Self::new(id, IdentityManagement::Saml)
    }

    /// An instance that keeps its users' passwords itself.
    #[must_use]
    pub fn connect_managed(id: &str) -> Self {
        Self::new(id, IdentityManagement::ConnectManaged)
    }

    /// An instance whose users are those of a directory.
    #[must_use]
    pub fn existing_directory(id: &str) -> Self {
        Self::new(id, IdentityManagement::ExistingDirectory)
    }

    /// A routing profile that it has; it has no others.
    #[must_use]
    pub fn routing_profile(mut self, id: &str) -> Self {
        self.routing_profiles.insert(id.to_owned());
        self
    }

    /// A security profile that it has; it has no others.
    #[must_use]
    pub fn security_profile(mut self, id: &str) -> Self {
        self.security_profiles.insert(id.to_owned());
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}
