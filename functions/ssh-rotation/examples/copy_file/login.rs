//! The login, across a rotation.

use std::sync::Arc;
use std::time::Duration;

use russh::Disconnect;
use russh::client::Handle;
use ssh_key::PrivateKey;
use ssh_rotation::ports::LoginError;
use ssh_rotation::ssh::{self, Trust};

use crate::arguments::Arguments;
use crate::cloud::Cloud;
use crate::error::CopyError;
use crate::trust::{Peer, Peers};

/// Connection, key exchange, authentication. A busy node's sshd takes seconds.
const LOGIN: Duration = Duration::from_secs(20);

pub(crate) type Session = Handle<Trust>;

/// Logs in with the current key. When the server refuses it, a rotation may just have replaced it: if the secret has
/// another key by now, that one is tried.
pub(crate) async fn log_in(cloud: &Cloud, peers: &Peers, arguments: &Arguments) -> Result<Session, CopyError> {
    let key = cloud.private_key().await?;
    let tried = key.public_key().clone();
    let done = match at_one_of(peers, &arguments.user, key).await {
        Err(refused @ CopyError::Refused { .. }) => {
            let key = cloud.private_key().await?;
            if key.public_key().key_data() == tried.key_data() {
                return Err(refused);
            }
            at_one_of(peers, &arguments.user, key).await
        }
        done => done,
    };
    shared::secret::wipe_stack().await;
    done
}

/// Says good-bye, which spares the node's log a lost connection.
pub(crate) async fn log_out(session: Session) {
    let _ = session.disconnect(Disconnect::ByApplication, "", "").await;
}

/// A name may have several addresses of which one answers. The key is wiped at the end: this is the only reference to it
/// that outlives a login attempt (see `ssh::connect`).
async fn at_one_of(peers: &Peers, user: &str, key: Arc<PrivateKey>) -> Result<Session, CopyError> {
    let mut last = at(&peers.first, user, &key, peers).await;
    for peer in &peers.others {
        if !matches!(last, Err(CopyError::Unreachable { .. })) {
            break;
        }
        last = at(peer, user, &key, peers).await;
    }
    last
}

async fn at(peer: &Peer, user: &str, key: &Arc<PrivateKey>, peers: &Peers) -> Result<Session, CopyError> {
    let address = peer.address;
    let connected = tokio::time::timeout(LOGIN, ssh::connect(address, user, key, &peer.host_keys)).await;
    connected.unwrap_or(Err(LoginError::TimedOut(LOGIN))).map_err(|error| match error {
        LoginError::HostKey => CopyError::Impostor { address, record: peers.record.clone() },
        LoginError::Refused => CopyError::Refused { user: user.to_owned(), address },
        LoginError::Unreachable { source, .. } => CopyError::Unreachable { address, source },
        source => CopyError::Login { address, source },
    })
}
