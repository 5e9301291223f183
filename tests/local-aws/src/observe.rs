//! What a process holds and has used, as the kernel tells: proc(5).

use std::fs::File;
use std::io::{Read, Result, Seek as _, SeekFrom};
use std::time::Duration;

/// What the writable regions hold, one after another.
pub(crate) fn writable(process: u32) -> Result<Vec<u8>> {
    let mut memory = File::open(format!("/proc/{process}/mem"))?;
    let mut all = Vec::new();
    for line in std::fs::read_to_string(format!("/proc/{process}/maps"))?.lines() {
        let Some((start, end)) = region(line) else { continue };
        memory.seek(SeekFrom::Start(start))?;
        // A region that can't be read (a guard, a device) holds nothing of the program's.
        let _ = Read::by_ref(&mut memory).take(end - start).read_to_end(&mut all);
    }
    Ok(all)
}

/// A line of `maps`: `7f0c8000-7f0c9000 rw-p ...`, if the region is readable and writable.
fn region(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with("rw").then_some((number(start)?, number(end)?))
}

/// The CPU time of all its threads, in nanoseconds the first number of each thread's `schedstat`.
pub(crate) fn cpu_time(process: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}
