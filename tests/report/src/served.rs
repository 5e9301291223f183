//! A server: what clients asked, what they were answered, and what the server holds.

use serde::{Deserialize, Serialize};

use crate::text::count;

/// Requests so far, and what the server held then. The state after has no request of the state before in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// In the order in which they were sent.
    pub requests: Vec<Request>,
    /// What it holds, kind by kind.
    pub held: Vec<Held>,
}

/// A request, or several that are alike and were answered alike.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// How many.
    pub times: usize,
    /// Such as `POST Patient`, or `POST a transaction of 9`.
    pub asked: String,
    /// The HTTP status.
    pub status: u16,
    /// What came back, in few words.
    pub answered: String,
    /// The calls that the function made for it, of all of them together.
    pub calls: usize,
    /// How many of these one after another, at most.
    pub depth: usize,
    /// How long the client waited, at most, in milliseconds.
    pub took_ms: f64,
}

/// So many of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Such as `Patient`, or `index rows`.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// How a request ended, as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Refused,
    Failed,
}

/// A kind before and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stock<'a> {
    pub(crate) name: &'a str,
    pub(crate) before: usize,
    pub(crate) now: usize,
}

impl Request {
    pub(crate) fn end(&self) -> End {
        match self.status {
            200..400 => End::Done,
            400..500 => End::Refused,
            _ => End::Failed,
        }
    }

    /// `100 × POST Patient`
    pub(crate) fn words(&self) -> String {
        if self.times > 1 { format!("{} × {}", self.times, self.asked) } else { self.asked.clone() }
    }

    /// `12 calls, 2 deep`
    pub(crate) fn cost(&self) -> String {
        match self.calls {
            0 => "no call".to_owned(),
            calls => format!("{}, {} deep", count(calls, "call"), self.depth),
        }
    }
}

impl Served {
    /// Each kind that there was or is.
    pub(crate) fn stocks<'a>(&'a self, before: Option<&'a Self>) -> Vec<Stock<'a>> {
        let was = || before.into_iter().flat_map(|before| &before.held);
        let of = |held: &[Held], name: &str| held.iter().find(|held| held.name == name).map_or(0, |held| held.count);
        let gone = was().filter(|held| !self.held.iter().any(|now| now.name == held.name));
        let stock = |held: &'a Held| Stock {
            name: &held.name,
            before: before.map_or(0, |before| of(&before.held, &held.name)),
            now: of(&self.held, &held.name),
        };
        self.held.iter().chain(gone).map(stock).collect()
    }

    /// What it holds, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let kinds: Vec<_> = self.held.iter().filter(|held| held.count > 0).collect();
        if kinds.is_empty() {
            return "Nothing is stored yet.".to_owned();
        }
        kinds.iter().map(|held| format!("{} {}", held.count, held.name)).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_gone_is_still_told() {
        let held = |name: &str, count| Held { name: name.to_owned(), count };
        let before = Served { held: vec![held("Patient", 1), held("Binary", 2)], ..Served::default() };
        let after = Served { held: vec![held("Patient", 3)], ..Served::default() };
        let told: Vec<_> =
            after.stocks(Some(&before)).iter().map(|stock| (stock.name, stock.before, stock.now)).collect();
        assert_eq!(told, [("Patient", 1, 3), ("Binary", 2, 0)]);
        assert_eq!(Served::default().sentence(), "Nothing is stored yet.");
        assert_eq!(before.sentence(), "1 Patient, 2 Binary");
    }
}
