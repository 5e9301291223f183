//! The copy by SFTP (draft-ietf-secsh-filexfer-02 and OpenSSH's extensions, PROTOCOL in its source).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use russh::ChannelMsg;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::{Config, RawSftpSession};
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, Status, StatusCode};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::CopyError;
use crate::local::LocalFile;
use crate::login::Session;

/// Writes that are on their way at the same time: 1 MiB, enough for 100 MB/s at a distance of 10 ms.
const IN_FLIGHT: usize = 32;
/// One request. Bringing a large file to a slow disk (fsync) takes a while; a lost connection is noticed earlier, by SSH.
const REQUEST_SECONDS: u64 = 300;
/// Removing what a copy that failed left behind.
const CLEAN_UP: Duration = Duration::from_secs(5);

const FSYNC: &str = "fsync@openssh.com";
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// The SFTP subsystem of a session.
pub(crate) struct Sftp {
    // The raw protocol: russh-sftp's files know neither posix-rename nor how far their writes have come.
    raw: RawSftpSession,
    extensions: HashMap<String, String>,
}

impl Sftp {
    pub(crate) async fn start(session: &Session) -> Result<Self, CopyError> {
        let mut channel = session.channel_open_session().await.map_err(CopyError::Connection)?;
        channel.request_subsystem(true, "sftp").await.map_err(CopyError::Connection)?;
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => break,
                Some(ChannelMsg::Failure | ChannelMsg::Close) | None => return Err(CopyError::NoSftp),
                Some(_) => (),
            }
        }
        let config = Config { request_timeout_secs: REQUEST_SECONDS, ..Config::default() };
        let raw = RawSftpSession::new_with_config(channel.into_stream(), config);
        let version = raw.init().await.map_err(|_| CopyError::NoSftp)?;
        Ok(Self { raw, extensions: version.extensions })
    }

    /// Where a file goes: `to` is its new name or a folder, and the user's home otherwise.
    pub(crate) async fn destination(&self, to: Option<&str>, name: &str) -> Result<String, CopyError> {
        let to = match to {
            Some(to) => to.to_owned(),
            None => self.home().await?,
        };
        let is_folder = self.raw.stat(to.as_str()).await.is_ok_and(|there| there.attrs.is_dir());
        Ok(if is_folder || to.ends_with('/') { join(&to, name) } else { to })
    }

    async fn home(&self) -> Result<String, CopyError> {
        let names = self.raw.realpath(".").await.map_err(remote("asking for", "the home folder"))?;
        Ok(names.files.into_iter().next().map_or_else(|| ".".to_owned(), |home| home.filename))
    }

    /// Copies a file under a temporary name and then gives it its own, so that nobody ever sees half of it there.
    pub(crate) async fn put(&self, file: LocalFile, destination: &str) -> Result<(), CopyError> {
        let partial = beside(destination);
        let put = async {
            self.write(file, &partial).await?;
            self.rename(&partial, destination).await
        };
        let done = tokio::select! {
            done = put => done,
            () = told_to_stop() => Err(CopyError::Interrupted),
        };
        if !matches!(done, Ok(()) | Err(CopyError::Stranded { .. })) {
            let _ = tokio::time::timeout(CLEAN_UP, self.raw.remove(partial)).await;
        }
        done
    }

    async fn write(&self, file: LocalFile, partial: &str) -> Result<(), CopyError> {
        let (size, permissions) = (file.size, file.permissions);
        // Exclusive: neither a file nor a link that somebody put there is written to. The user's alone until it is whole.
        let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
        let handle = self.raw.open(partial, flags, mode(0o600)).await.map_err(remote("creating", partial))?.handle;
        let handle = handle.as_str();

        let bar = progress(size);
        // Reading blocks, but a piece is read in microseconds, and only when there is room for it on the way.
        stream::iter(file.pieces())
            .map(async |piece| {
                let piece = piece?;
                let length = piece.bytes.len() as u64;
                let written = self.raw.write(handle, piece.offset, piece.bytes).await;
                written.map_err(remote("writing", partial))?;
                bar.inc(length);
                Ok(())
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        drop(bar); // which clears it, as an error would

        self.raw.fsetstat(handle, mode(permissions)).await.map_err(remote("setting the mode of", partial))?;
        if self.extensions.contains_key(FSYNC) {
            self.raw.fsync(handle).await.map_err(remote("storing", partial))?;
        }
        let there = self.raw.fstat(handle).await.map_err(remote("measuring", partial))?.attrs.len();
        self.raw.close(handle).await.map_err(remote("closing", partial))?;
        if there == size { Ok(()) } else { Err(CopyError::Size { path: partial.to_owned(), there, sent: size }) }
    }

    /// In place of a file that is there, by OpenSSH's extension: SFTP's own rename (version 3) refuses that. A server
    /// without the extension has the old file removed first, and for a moment none of that name.
    async fn rename(&self, partial: &str, destination: &str) -> Result<(), CopyError> {
        if self.extensions.contains_key(POSIX_RENAME) {
            let paths = [partial, destination].iter().flat_map(|path| string(path)).collect();
            let renamed = match self.raw.extended(POSIX_RENAME, paths).await {
                Ok(Packet::Status(Status { status_code: StatusCode::Ok, .. })) => Ok(()),
                Ok(Packet::Status(status)) => Err(SftpError::Status(status)),
                Ok(_) => Err(SftpError::UnexpectedPacket),
                Err(error) => Err(error),
            };
            return renamed.map_err(remote("replacing", destination));
        }
        if self.raw.rename(partial, destination).await.is_ok() {
            return Ok(());
        }
        self.raw.remove(destination).await.map_err(remote("replacing", destination))?;
        let renamed = self.raw.rename(partial, destination).await.map(drop);
        renamed.map_err(|source| CopyError::Stranded {
            path: destination.to_owned(),
            partial: partial.to_owned(),
            source,
        })
    }
}

/// A string as the protocol has it: its length, its bytes.
fn string(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX); // a path of 4 GiB is refused before
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

fn mode(permissions: u32) -> FileAttributes {
    FileAttributes { permissions: Some(permissions), ..FileAttributes::empty() }
}

fn remote(doing: &'static str, path: &str) -> impl FnOnce(SftpError) -> CopyError {
    move |source| CopyError::Remote { doing, path: path.to_owned(), source }
}

fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// A name in the same folder that nothing has; it need not be hard to guess.
fn beside(destination: &str) -> String {
    let folder = destination.rfind('/').map_or("", |slash| destination.get(..=slash).unwrap_or_default());
    format!("{folder}.copy_file-{:016x}", RandomState::new().hash_one(destination))
}

/// A bar on a terminal, nothing elsewhere.
fn progress(size: u64) -> ProgressBar {
    let bar =
        ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr()).with_finish(ProgressFinish::AndClear);
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

/// Ctrl-C, or a polite kill.
async fn told_to_stop() {
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
        }
        _ => std::future::pending().await, // then they end the process, as always
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_its_length_first() {
        assert_eq!(string("ö"), [0, 0, 0, 2, 0xc3, 0xb6]);
        assert_eq!(string(""), [0, 0, 0, 0]);
    }

    #[test]
    fn a_temporary_file_is_in_the_same_folder_under_another_name() {
        for (destination, folder) in [("/home/me/a", "/home/me/"), ("a", ""), ("/a", "/"), ("x/ö", "x/")] {
            let partial = beside(destination);
            assert!(partial.starts_with(&format!("{folder}.copy_file-")), "{partial}");
            assert_ne!(partial, beside(destination));
        }
    }

    #[test]
    fn a_name_in_a_folder_has_one_slash_before_it() {
        assert_eq!(join("/home/me", "a"), "/home/me/a");
        assert_eq!(join("/tmp//", "a"), "/tmp/a");
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join(".", "a"), "./a");
    }
}
