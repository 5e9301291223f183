//! What the gateway knows: the emulators, the accounts, and who is behind each access key.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock, Weak};

use tokio::runtime::Handle;
use tokio::sync::{Notify, OnceCell};

use crate::emulators::{Emulators, Tools, start_dynamodb};
use crate::environment::Environment;
use crate::error::Result;
use crate::faults::Faults;
use crate::function::FunctionInner;
use crate::iam::Lookups;
use crate::invocation::Invocation;
use crate::nodes::{NodeInner, NodeNetwork};
use crate::process::Spawner;
use crate::record::Call;
use crate::{connect, firehose, lock, read, ssm, states, write};

/// Everything that tests share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) gateway: SocketAddr,
    pub(crate) emulators: Emulators,
    pub(crate) spawner: Spawner,
    pub(crate) tools: Tools,
    /// The gateway's: what must outlive a test's own runtime runs there.
    pub(crate) runtime: Handle,
    callers: RwLock<HashMap<String, Caller>>,
    accounts: RwLock<HashMap<String, Arc<AccountState>>>,
    next: AtomicU64,
}

/// Who calls with an access key.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// The test itself: not recorded, not restricted, no faults.
    Control(Arc<AccountState>),
    /// An execution environment of a function.
    Function(Arc<AccountState>, Arc<Environment>),
}

impl World {
    pub(crate) fn new(gateway: SocketAddr, emulators: Emulators, spawner: Spawner, tools: Tools) -> Self {
        let (callers, accounts, next) = (RwLock::default(), RwLock::default(), AtomicU64::new(1));
        let runtime = Handle::current();
        Self { gateway, emulators, spawner, tools, runtime, callers, accounts, next }
    }

    pub(crate) fn new_account(&self) -> Arc<AccountState> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let account = Arc::new(AccountState::new(format!("1{number:011}")));
        write(&self.accounts).insert(account.id.clone(), account.clone());
        write(&self.callers).insert(account.control_key(), Caller::Control(account.clone()));
        account
    }

    pub(crate) fn accounts(&self) -> Vec<Arc<AccountState>> {
        read(&self.accounts).values().cloned().collect()
    }

    pub(crate) fn account(&self, id: &str) -> Option<Arc<AccountState>> {
        read(&self.accounts).get(id).cloned()
    }

    /// An access key that stands for one execution environment.
    pub(crate) fn new_access_key(&self, account: &AccountState) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("ASIA{}{:04}", account.id, number % 10_000)
    }

    pub(crate) fn register(&self, access_key: &str, account: &Arc<AccountState>, environment: &Arc<Environment>) {
        let caller = Caller::Function(account.clone(), environment.clone());
        write(&self.callers).insert(access_key.to_owned(), caller);
    }

    pub(crate) fn caller(&self, access_key: &str) -> Option<Caller> {
        read(&self.callers).get(access_key).cloned()
    }

    /// Forgets everyone, so that functions, which point here, can go.
    pub(crate) fn clear(&self) {
        write(&self.callers).clear();
        let accounts: Vec<_> = write(&self.accounts).drain().collect();
        for (_, account) in accounts {
            write(&account.functions).clear();
        }
    }
}

/// One account: one test.
#[derive(Debug)]
pub(crate) struct AccountState {
    pub(crate) id: String,
    pub(crate) calls: Mutex<Vec<Call>>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) functions: RwLock<BTreeMap<String, Arc<FunctionInner>>>,
    pub(crate) invocations: Mutex<Vec<Invocation>>,
    /// Rings at every recorded call and invocation.
    pub(crate) changed: Notify,
    pub(crate) lookups: Lookups,
    /// By instance; a node is gone with the test's last handle.
    pub(crate) nodes: RwLock<BTreeMap<String, Weak<NodeInner>>>,
    pub(crate) node_network: NodeNetwork,
    pub(crate) ssm: ssm::State,
    pub(crate) firehose: firehose::State,
    pub(crate) connect: connect::State,
    pub(crate) states: states::Settings,
    /// Which program used which of IAM's actions.
    pub(crate) used: Mutex<BTreeSet<(String, String)>>,
    next_invocation: AtomicU64,
    dynamodb: OnceCell<SocketAddr>,
}

impl AccountState {
    fn new(id: String) -> Self {
        Self {
            id,
            calls: Mutex::default(),
            faults: Mutex::default(),
            functions: RwLock::default(),
            invocations: Mutex::default(),
            changed: Notify::new(),
            lookups: Lookups::default(),
            nodes: RwLock::default(),
            node_network: NodeNetwork::default(),
            ssm: ssm::State::default(),
            firehose: firehose::State::default(),
            connect: connect::State::default(),
            states: states::Settings::default(),
            used: Mutex::default(),
            next_invocation: AtomicU64::new(1),
            dynamodb: OnceCell::new(),
        }
    }

    pub(crate) fn control_key(&self) -> String {
        format!("AKIA{}CTRL", self.id)
    }

    pub(crate) fn next_invocation(&self) -> u64 {
        self.next_invocation.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn record_call(&self, call: Call) {
        lock(&self.calls).push(call);
        self.changed.notify_waiters();
    }

    pub(crate) fn record_invocation(&self, invocation: Invocation) {
        lock(&self.invocations).push(invocation);
        self.changed.notify_waiters();
    }

    /// dynoxide knows no accounts, so each account has one of its own, started by its first call.
    pub(crate) async fn dynamodb(&self) -> Result<SocketAddr> {
        self.dynamodb.get_or_try_init(start_dynamodb).await.copied()
    }
}
