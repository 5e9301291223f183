//! Progress lines.

use std::fmt;
use std::io::Write;
use std::time::Instant;

use super::{Narrator, WIDTH};
use crate::text::{duration, fit};

/// Something that is under way. Dropping it says that it stopped.
#[must_use = "dropping a task says that it stopped"]
pub struct Task<'a> {
    narrator: &'a mut Narrator,
    what: String,
    since: Instant,
    over: bool,
}

impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("what", &self.what).finish_non_exhaustive()
    }
}

impl<'a> Task<'a> {
    pub(super) fn start(narrator: &'a mut Narrator, what: &str) -> Self {
        let mut task = Self { narrator, what: super::paint::clean(what), since: Instant::now(), over: false };
        task.write(&format!("   {} … ", task.what));
        task
    }

    /// What it is doing now; only where the line can be written over.
    pub fn note(&mut self, what: &str) {
        if self.narrator.live {
            let room = WIDTH.saturating_sub(self.what.chars().count() + 6);
            let note = self.narrator.paint.dim(&fit(what, room));
            self.write(&format!("\r\x1b[K   {} … {note}", self.what));
        }
    }

    /// It succeeded.
    pub fn done(mut self) {
        let end = format!("done in {}", self.took());
        self.finish(&self.narrator.paint.good(&end));
    }

    /// It failed, and why.
    pub fn failed(mut self, why: &str) {
        let end = format!("failed after {}: {why}", self.took());
        self.finish(&self.narrator.paint.bad(&end));
    }

    fn took(&self) -> String {
        let ms = self.since.elapsed().as_secs_f64() * 1000.0;
        if ms >= 1000.0 { format!("{:.1} s", ms / 1000.0) } else { duration(ms.round()) }
    }

    fn finish(&mut self, end: &str) {
        self.over = true;
        let start = if self.narrator.live { format!("\r\x1b[K   {} … ", self.what) } else { String::new() };
        self.write(&format!("{start}{end}\n"));
    }

    fn write(&mut self, text: &str) {
        let _ = write!(self.narrator.out, "{text}");
        let _ = self.narrator.out.flush();
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        if !self.over {
            let end = format!("stopped after {}", self.took());
            self.finish(&self.narrator.paint.warn(&end));
        }
    }
}
