//! A batch, judged: each account once, and what gives none. A pure function.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::value::RawValue;

use super::account::{Account, Directory, Skipped, Verdict};
use super::batch::LogEvent;
use super::created::{Created, Malformed};

/// What a batch comes to. It borrows nothing of the batch, whose megabytes need not be kept while AWS is called.
#[derive(Debug, Default)]
pub struct Judged {
    /// The accounts to be onboarded, by SID.
    pub accounts: BTreeMap<String, Account>,
    /// The 4720 that start nothing: SID and reason.
    pub skipped: Vec<(String, Skipped)>,
    /// How many events are not 4720.
    pub others: usize,
    /// The events that can't be read: the log event's id, if it has one, and what is wrong.
    pub malformed: Vec<(String, Malformed)>,
}

/// Judges each log event by itself: a bad one does not touch its neighbours.
#[must_use]
pub fn judge(events: &[&RawValue], directory: &Directory) -> Judged {
    let mut judged = Judged::default();
    for (number, event) in events.iter().enumerate() {
        let Ok(event) = serde_json::from_str::<LogEvent<'_>>(event.get()) else {
            judged.malformed.push((String::new(), Malformed::NotALogEvent(number)));
            continue;
        };
        match judge_message(&event.message, directory) {
            Ok(Some(Verdict::Start(account))) => judged.add(*account),
            Ok(Some(Verdict::Skip { sid, why })) => judged.skipped.push((sid, why)),
            Ok(None) => judged.others += 1,
            Err(why) => judged.malformed.push((event.id.into_owned(), why)),
        }
    }
    judged
}

/// `None` if the message is not a 4720.
pub fn judge_message(message: &str, directory: &Directory) -> Result<Option<Verdict>, Malformed> {
    Created::read(message)?.map(|created| Verdict::on(&created, directory)).transpose()
}

impl Judged {
    /// Of copies the least is kept, so that their order does not matter: they differ in `CreatedAt` alone.
    fn add(&mut self, account: Account) {
        match self.accounts.entry(account.sid.clone()) {
            Entry::Vacant(place) => drop(place.insert(account)),
            Entry::Occupied(mut kept) => {
                self.skipped.push((account.sid.clone(), Skipped::Copy));
                if account < *kept.get() {
                    kept.insert(account);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
