//! Readings over time, as places from 0 to 1: what both renderings of a lake draw.

use crate::lake::{Kind, Lake, Message, Reading};
use crate::scale::{Span, ms};

/// A place: right of the left end, above the lower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A line of the lake at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dot<'a> {
    pub(crate) place: Place,
    pub(crate) reading: &'a Reading,
    pub(crate) what: What,
}

/// What a line is to its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Its line.
    First,
    /// One more.
    Again,
    /// It has no message.
    Stray,
}

/// Messages of one kind that have no line in the lake, each at its time.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) kind: Kind,
    pub(crate) messages: Vec<(f64, &'a Message)>,
}

/// The picture. Every message is in it once: as dots if it is in the lake, else in the row of its kind.
#[derive(Debug)]
pub(crate) struct Plot<'a> {
    pub(crate) times: Span,
    pub(crate) values: Span,
    /// What was published, broken where a message has no value.
    pub(crate) published: Vec<Vec<Place>>,
    pub(crate) dots: Vec<Dot<'a>>,
    /// Where the value of a lost message should be.
    pub(crate) holes: Vec<Place>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// A number that has a place.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

impl<'a> Plot<'a> {
    /// None without a message.
    pub(crate) fn of(lake: &'a Lake) -> Option<Self> {
        // By what was published: one line with a time of 1970 must not press the rest together.
        let times = Span::of(lake.messages.iter().map(|message| ms(message.at_ms)))?;
        let read = lake.messages.iter().flat_map(Message::lines).chain(&lake.strays).filter_map(|line| line.value);
        let sent = lake.messages.iter().filter_map(|message| message.value);
        let values = Span::of(read.chain(sent)).or_else(|| Span::of([0.0].into_iter()))?;
        let mut plot =
            Self { times, values, published: vec![vec![]], dots: vec![], holes: vec![], rows: rows(lake, times) };
        for message in &lake.messages {
            plot.place(message);
        }
        plot.published.retain(|run| !run.is_empty());
        let strays = lake.strays.iter().map(|reading| plot.dot(reading, 0, What::Stray));
        let strays: Vec<_> = strays.collect();
        plot.dots.extend(strays);
        Some(plot)
    }

    fn place(&mut self, message: &'a Message) {
        let at = finite(message.value).map(|value| self.at(message.at_ms, value));
        match (at, self.published.last_mut()) {
            (Some(place), Some(run)) => run.push(place),
            _ => self.published.push(Vec::new()),
        }
        if message.kind() == Kind::Lost {
            self.holes.extend(at);
        }
        let whats = std::iter::once(What::First).chain(std::iter::repeat(What::Again));
        let dots = message.lines().iter().zip(whats).map(|(line, what)| self.dot(line, message.at_ms, what));
        let dots: Vec<_> = dots.collect();
        self.dots.extend(dots);
    }

    /// A line without a time stands at its message's, one without a value on the ground.
    fn dot(&self, reading: &'a Reading, at_ms: i64, what: What) -> Dot<'a> {
        let value = finite(reading.value).unwrap_or(self.values.ends().0);
        Dot { place: self.at(reading.at_ms.unwrap_or(at_ms), value), reading, what }
    }

    fn at(&self, at_ms: i64, value: f64) -> Place {
        Place { x: self.times.share(ms(at_ms)), y: self.values.share(value) }
    }
}

/// The rows that have a message.
fn rows(lake: &Lake, times: Span) -> Vec<Row<'_>> {
    let row = |kind: Kind| {
        let of = lake.messages.iter().filter(|message| message.kind() == kind);
        Row { kind, messages: of.map(|message| (times.share(ms(message.at_ms)), message)).collect() }
    };
    Kind::MISSING.into_iter().map(row).filter(|row| !row.messages.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::Fate;

    fn each(check: impl Fn(&Lake, &Plot<'_>)) {
        for lake in crate::sample::lake::lakes() {
            if let Some(plot) = Plot::of(&lake) {
                check(&lake, &plot);
            }
        }
    }

    #[test]
    fn every_message_is_drawn_once() {
        each(|lake, plot| {
            let first = plot.dots.iter().filter(|dot| dot.what == What::First).count();
            let missing: usize = plot.rows.iter().map(|row| row.messages.len()).sum();
            assert_eq!(first + missing, lake.messages.len());
            assert_eq!(plot.dots.len(), lake.counts().in_lake + lake.counts().duplicates + lake.counts().strays);
            let sent = lake.messages.iter().filter(|message| finite(message.value).is_some()).count();
            assert_eq!(plot.published.iter().map(Vec::len).sum::<usize>(), sent);
        });
    }

    #[test]
    fn every_place_is_in_the_picture() {
        each(|_, plot| {
            let dots = plot.dots.iter().map(|dot| dot.place);
            let all = dots.chain(plot.published.iter().flatten().copied()).chain(plot.holes.iter().copied());
            assert!(all.into_iter().all(|place| (0.0..=1.0).contains(&place.x) && (0.0..=1.0).contains(&place.y)));
        });
    }

    #[test]
    fn a_line_read_back_as_it_was_published_lies_upon_it() {
        let lake = crate::sample::lake::stream();
        let plot = Plot::of(&lake).unwrap();
        let sent: Vec<Place> = plot.published.iter().flatten().copied().collect();
        assert!(plot.dots.iter().all(|dot| sent.contains(&dot.place)));
        let bare = sent.iter().filter(|place| !plot.dots.iter().any(|dot| dot.place == **place)).count();
        let missing = lake.messages.iter().filter(|message| message.kind() != Kind::InLake && message.value.is_some());
        assert_eq!(bare, missing.count());
    }

    #[test]
    fn the_published_line_has_a_gap_where_a_message_has_no_value() {
        let message = |value| Message { fate: Fate::Lost, ..Message::published(0, value, "") };
        let messages = [Some(1.0), None, Some(f64::NAN), Some(2.0), Some(3.0)].map(message).into();
        let lake = Lake { messages, ..Lake::default() };
        let plot = Plot::of(&lake).unwrap();
        assert_eq!(plot.published.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(plot.holes.len(), 3);
        assert!(Plot::of(&Lake::default()).is_none());
    }
}
