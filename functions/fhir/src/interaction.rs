//! The interactions, each a function from what the client said to an [`Answer`].
//!
//! Writing ones are in two parts. A `plan` decides, out of what was read, what is to be written; it is pure, so that a
//! transaction can gather the plans of its entries and commit them together. The function beside it reads, plans and
//! commits, and does it again if another request came between.

pub mod answer;
pub mod create;
pub mod delete;
pub mod history;
pub mod patch;
pub mod read;
pub mod resource;
pub mod update;
pub mod validate;

use std::time::Duration;

use uuid::Uuid;

use crate::config::Config;
use crate::error::Error;
use crate::search::Criteria;
use crate::store::{Base, Claim, Draft, Key, Store, Version};
pub use answer::{Answer, Content};

/// What interactions work with, for the time of one request.
#[derive(Clone, Debug)]
pub struct Server<'a> {
    /// What keeps the resources.
    pub store: Store,
    /// The server's own address, as this client sees it.
    pub base: &'a str,
    /// How it is configured.
    pub config: &'a Config,
}

/// What an interaction comes to, before anything is written.
#[derive(Debug)]
pub enum Plan<'a> {
    /// That is to be committed, and then answered with that status.
    Write {
        /// What is to be committed.
        draft: Draft<'a>,
        /// The status, once it is.
        status: u16,
    },
    /// There is nothing to write.
    Done(Answer),
}

/// How often a write is begun again because another one came between. Of a hundred that want the same resource at once one
/// gets it in each round, but only those that have to change it need a further round.
const ATTEMPTS: u32 = 12;
/// The pause before the second attempt is up to that long, before each further one up to twice as long as before.
const PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

impl Server<'_> {
    /// Carries out a plan.
    pub async fn carry_out(&self, plan: Plan<'_>, claims: &[Claim]) -> Result<Answer, Error> {
        match plan {
            Plan::Done(answer) => Ok(answer),
            Plan::Write { draft, status } => {
                resource::check_size(&draft, self.base)?;
                let version = self.store.commit(vec![draft], claims).await?.pop();
                let version = version.ok_or_else(|| Error::internal("a commit has returned no version"))?;
                Ok(Answer::written(status, version))
            }
        }
    }

    /// What a write of that resource starts from.
    pub async fn base(&self, key: &Key) -> Result<Base, Error> {
        Ok(self.store.base(std::slice::from_ref(key)).await?.pop().unwrap_or_default())
    }

    /// The criteria of a conditional interaction.
    pub fn criteria(&self, resource_type: &'static str, query: &[(String, String)]) -> Result<Criteria, Error> {
        Criteria::parse(resource_type, query, self.base, self.store.now())
    }

    /// The current versions that match, up to two: more can't make a difference.
    pub async fn matches(&self, criteria: &Criteria) -> Result<Vec<Version>, Error> {
        self.store.consistently(async |run| criteria.matches(&self.store, run, 2).await).await
    }

    /// The same, with the claim by which nothing that matches can be created meanwhile.
    pub async fn claimed(&self, criteria: &Criteria) -> Result<(Vec<Version>, Vec<Claim>), Error> {
        let claims = self.store.claims(&[criteria.normalized().to_owned()]).await?; // before the search: see Claim
        Ok((self.matches(criteria).await?, claims))
    }
}

/// Does once more what failed because another request came between, after a pause.
pub async fn again<T>(mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut longest = PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::Conflict(_)) => tokio::time::sleep(up_to(longest)).await,
            done => return done,
        }
        longest = (longest * 2).min(LONGEST_PAUSE);
    }
    attempt().await
}

/// A time by chance: those who got into each other's way do not meet again.
fn up_to(longest: Duration) -> Duration {
    let [part, ..] = Uuid::new_v4().into_bytes();
    longest * u32::from(part) / 256
}

#[cfg(test)]
mod tests;
