//! Files that only their owner may read, and that are never half written.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| at(path, &error))
}

/// The file's content; `None` when there is no such file.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, &error)),
    }
}

/// Writes beside the file and renames, so that a process that dies leaves the old content or the
/// new. Nothing is synced to the disk: after a power cut, new demo people are no great loss.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_added_extension("new");
    // A file left behind by a process that died may have any mode.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&beside, &error)),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&beside)
        .and_then(|mut file| file.write_all(content))
        .map_err(|error| at(&beside, &error))?;
    fs::rename(&beside, path).map_err(|error| at(path, &error))
}

/// An error for content that was read and makes no sense.
pub(super) fn invalid(path: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
}

/// The operating system's errors do not say which file they are about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
