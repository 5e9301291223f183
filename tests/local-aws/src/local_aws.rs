//! Starting and stopping it all.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::{OnceCell, oneshot};

use crate::account::Account;
use crate::emulators::{Emulators, Tools};
use crate::error::{Error, Result};
use crate::gateway;
use crate::iam::PolicyCoverage;
use crate::process::Spawner;
use crate::world::World;

/// AWS on one machine: the gateway and the emulators behind it. Stopped on drop, and when the process ends.
#[derive(Debug, Clone)]
pub struct LocalAws {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    world: Arc<World>,
    // The gateway's thread waits for this to go.
    _stop: oneshot::Sender<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.world.clear();
    }
}

impl LocalAws {
    /// The one that all tests of this process share; started by the first.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<LocalAws> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Starts a gateway and its emulators and waits until they answer.
    pub async fn start() -> Result<Self> {
        let (started, wait) = oneshot::channel();
        // A runtime of its own: a test's runtime ends with the test, the gateway must not.
        thread::Builder::new()
            .name("local-aws".to_owned())
            .spawn(move || run(started))
            .map_err(Error::io("the gateway's thread"))?;
        let (world, stop) = wait.await.map_err(|_| Error::Stopped)??;
        Ok(Self { inner: Arc::new(Inner { world, _stop: stop }) })
    }

    /// A new, empty account with an id of its own.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::new(self.inner.world.clone())
    }

    /// Which of their roles' actions the functions of all accounts have used.
    #[must_use]
    pub fn policy_coverage(&self) -> PolicyCoverage {
        let mut coverage = PolicyCoverage::default();
        for account in self.inner.world.accounts() {
            coverage.merge(PolicyCoverage::of(&account));
        }
        coverage
    }

    /// Where the gateway listens; every AWS SDK takes it as its endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.inner.world.gateway)
    }
}

type Started = Result<(Arc<World>, oneshot::Sender<()>)>;

fn run(started: oneshot::Sender<Started>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime.map_err(Error::io("the gateway's runtime")) {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        let (listener, world) = match begin().await {
            Ok(begun) => begun,
            Err(error) => return drop(started.send(Err(error))),
        };
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(gateway::serve(listener, world.clone()));
        if started.send(Ok((world, stop))).is_ok() {
            let _ = stopped.await; // an error is what says that LocalAws was dropped
        }
    });
    // Not the usual drop, which would wait for calls in flight.
    runtime.shutdown_background();
}

async fn begin() -> Result<(TcpListener, Arc<World>)> {
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = TcpListener::bind(any).await.map_err(Error::io("the gateway's port"))?;
    let address = listener.local_addr().map_err(Error::io("the gateway's port"))?;
    let (tools, spawner) = (Tools::find()?, Spawner::start());
    let emulators = Emulators::start(&tools, &spawner, address)?;
    emulators.ready().await?;
    Ok((listener, Arc::new(World::new(address, emulators, spawner, tools))))
}
