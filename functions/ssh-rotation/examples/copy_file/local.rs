//! The local file, read in pieces.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::CopyError;

/// Every SFTP server takes writes of this size (draft-ietf-secsh-filexfer-02, section 3).
const PIECE: usize = 32 * 1024;

/// An open file.
#[derive(Debug)]
pub(crate) struct LocalFile {
    path: PathBuf,
    file: File,
    /// Its own name, without folders.
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Who may read, write and execute it. Set-user-ID and its like mean something here and not there.
    pub(crate) permissions: u32,
}

/// A piece of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

impl LocalFile {
    pub(crate) fn open(path: &Path) -> Result<Self, CopyError> {
        let unreadable = |source| CopyError::Local { path: path.to_owned(), source };
        let unfit = |what| CopyError::Unfit { path: path.to_owned(), what };
        // Before it is opened: opening a pipe waits for somebody to write to it.
        let kind = std::fs::metadata(path).map_err(unreadable)?.file_type();
        if kind.is_dir() {
            return Err(unfit("a folder; pack it first (tar)"));
        }
        if !kind.is_file() {
            return Err(unfit("no regular file"));
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let name = path.file_name().and_then(|name| name.to_str());
        Ok(Self {
            path: path.to_owned(),
            file,
            name: name.ok_or_else(|| unfit("a name that is no UTF-8; copy it under another one"))?.to_owned(),
            size: metadata.len(),
            permissions: metadata.permissions().mode() & 0o777,
        })
    }

    /// What the file held when it was opened: what is appended meanwhile does not count.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Result<Piece, CopyError>> {
        let path = self.path;
        pieces(self.file, self.size).map(move |piece| match piece {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(CopyError::Shrunk(path.clone())),
            other => other.map_err(|source| CopyError::Local { path: path.clone(), source }),
        })
    }
}

fn pieces(mut from: impl Read, size: u64) -> impl Iterator<Item = io::Result<Piece>> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let length = usize::try_from(size - offset).unwrap_or(PIECE).min(PIECE);
        (length > 0).then(|| {
            let mut bytes = vec![0; length];
            from.read_exact(&mut bytes)?;
            let piece = Piece { offset, bytes };
            offset += length as u64;
            Ok(piece)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_pieces_make_the_whole(size in 0..(3 * PIECE), more in 0..10_usize) {
            let content: Vec<u8> = (0..=u8::MAX).cycle().take(size + more).collect();
            let mut whole = Vec::new();
            for piece in pieces(content.as_slice(), size as u64) {
                let piece = piece.unwrap();
                prop_assert_eq!(piece.offset, whole.len() as u64);
                prop_assert!(!piece.bytes.is_empty() && piece.bytes.len() <= PIECE);
                whole.extend(piece.bytes);
            }
            prop_assert_eq!(whole.as_slice(), &content[..size]);
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let error = pieces(b"abc".as_slice(), 4).next().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_regular_file_is_refused() {
        for path in ["/tmp", "/dev/null", "/nowhere/at/all"] {
            let error = LocalFile::open(Path::new(path)).unwrap_err().to_string();
            assert!(error.starts_with(path), "{error}");
        }
    }
}
