//! Rows of the index, as searches read them: which of them count, and which nobody needs any more.

use crate::store::Run;
use crate::store::item::{Item, ItemKey};
use crate::store::sweep::{MOST_EXPIRED, Stale};

/// The rows of a partition that count for a search, each its place and the highest version that has asserted it. Those which an update dropped, and left to searches for several values
/// (`store/prepare.rs`, `Lingers`), count for these alone and until their time is over; then they are to go.
pub(super) fn counting<'i>(
    run: &Run,
    pk: &str,
    items: &'i [Item],
    of_several: bool,
) -> impl Iterator<Item = (&'i str, i64)> {
    items.iter().filter_map(move |item| {
        let (place, version) = (item.get_text("sk")?, item.get_number("v"));
        let needed_until = item.get_number("d");
        if needed_until.is_some_and(|end| end < run.began()) {
            if let Some(version) = version {
                run.note(Stale { row: ItemKey { pk: pk.to_owned(), sk: place.to_owned() }, version }, MOST_EXPIRED);
            }
            return None;
        }
        (needed_until.is_none() || of_several).then_some((place, version.unwrap_or(i64::MAX)))
    })
}
