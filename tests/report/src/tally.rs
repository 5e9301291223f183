//! A lake in numbers.

use std::collections::HashSet;

use crate::lake::{Kind, Lake, Message};
use crate::text::count;

/// What became of the messages, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages published.
    pub published: usize,
    /// Distinct ids in the lake.
    pub in_lake: usize,
    /// Lines whose id another line has, too.
    pub duplicates: usize,
    /// Messages in quarantine.
    pub quarantined: usize,
    /// Messages that wait to be tried again.
    pub given_back: usize,
    /// Messages in the dead-letter queue.
    pub dead_letters: usize,
    /// Messages that are nowhere.
    pub lost: usize,
    /// Lines that are of no message.
    pub strays: usize,
}

impl Lake {
    /// Everything counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let of = |kind: Kind| self.messages.iter().filter(|message| message.kind() == kind).count();
        let lines = || self.messages.iter().flat_map(Message::lines);
        let named: HashSet<&str> = lines().map(|line| line.id.as_str()).filter(|id| !id.is_empty()).collect();
        // A line without an id can't be known as a duplicate.
        let in_lake = named.len() + lines().filter(|line| line.id.is_empty()).count();
        Counts {
            published: self.messages.len(),
            in_lake,
            duplicates: lines().count() - in_lake,
            quarantined: of(Kind::Quarantined),
            given_back: of(Kind::GivenBack),
            dead_letters: of(Kind::DeadLetter),
            lost: of(Kind::Lost),
            strays: self.strays.len(),
        }
    }
}

impl Counts {
    /// In a sentence.
    pub(crate) fn sentence(&self) -> String {
        let parts = [
            (true, format!("{} published", self.published)),
            (true, format!("{} in the lake", self.in_lake)),
            (self.duplicates > 0, format!("{} by id", count(self.duplicates, "duplicate"))),
            (self.quarantined > 0, format!("{} in quarantine", self.quarantined)),
            (self.given_back > 0, format!("{} given back", self.given_back)),
            (self.dead_letters > 0, count(self.dead_letters, "dead letter")),
            (self.strays > 0, format!("{} of no message", count(self.strays, "line"))),
            (true, format!("{} lost", self.lost)),
        ];
        parts.into_iter().filter(|(said, _)| *said).map(|(_, part)| part).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::{Fate, Reading};

    fn message(fate: Fate) -> Message {
        Message { fate, ..Message::published(0, None, "x") }
    }

    fn line(id: &str) -> Reading {
        Reading { id: id.into(), ..Reading::default() }
    }

    #[test]
    fn counts_ids_once_and_says_what_is_lost() {
        let bad = |why: &str| message(Fate::Quarantined(why.into()));
        let messages = vec![
            message(Fate::InLake(vec![line("a"), line("a")])),
            message(Fate::InLake(vec![line("")])),
            message(Fate::InLake(vec![])),
            message(Fate::Lost),
            message(Fate::GivenBack),
            bad("one"),
            bad("two"),
            bad("two"),
        ];
        let lake = Lake { messages, ..Lake::default() };
        let expected = Counts {
            published: 8,
            in_lake: 2,
            duplicates: 1,
            quarantined: 3,
            given_back: 1,
            lost: 2,
            ..Counts::default()
        };
        assert_eq!(lake.counts(), expected);
        assert_eq!(lake.bad().iter().map(|bad| (bad.reason, bad.count)).collect::<Vec<_>>(), [("two", 2), ("one", 1)]);
        let said = "8 published, 2 in the lake, 1 duplicate by id, 3 in quarantine, 1 given back, 2 lost";
        assert_eq!(lake.counts().sentence(), said);
    }
}
