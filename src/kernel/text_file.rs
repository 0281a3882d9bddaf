//! A file that a person named, read as text: a regular file alone, and never more of it than is allowed. A pipe might
//! never end and a device never stop; so what it is, and how long, is looked at before a byte is read.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
};

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    #[error("the file is larger than {}", size(*.0))]
    TooLarge(u64),
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The text of the file at `path`, of at most `most_bytes`.
pub fn read(path: &Path, most_bytes: u64) -> Result<String, FileError> {
    // Before it is opened: to open a pipe that has no writer takes for ever.
    regular(path)?;
    let file = File::open(path)?;
    if file.metadata()?.len() > most_bytes {
        return Err(FileError::TooLarge(most_bytes));
    }
    let mut bytes = Vec::new();
    // A file of /proc has no length, and any file may grow meanwhile.
    file.take(most_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        return Err(FileError::TooLarge(most_bytes));
    }
    String::from_utf8(bytes).map_err(|_| FileError::NotUtf8)
}

/// What is known of the file at `path`, when it is a regular file or a link to one.
pub fn regular(path: &Path) -> Result<Metadata, FileError> {
    let found = fs::metadata(path)?;
    if found.is_file() { Ok(found) } else { Err(FileError::NotRegular(kind(&found))) }
}

fn kind(found: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / 1024) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_a_regular_file_within_the_limit_is_read() {
        let home = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &[u8]| {
            let path = home.path().join(name);
            fs::write(&path, text).expect("written");
            path
        };
        let why = |path: &Path| read(path, 1024).expect_err("refused").to_string();
        assert_eq!(read(&file("right", &[b'x'; 1024]), 1024).expect("read").len(), 1024);
        assert_eq!(why(&file("large", &[b'x'; 1025])), "the file is larger than 1 KiB");
        assert_eq!(why(&file("bytes", &[0xff])), "the file is not UTF-8 text");
        assert_eq!(why(home.path()), "it is a directory, not a regular file");
        assert_eq!(why(Path::new("/dev/zero")), "it is a device, not a regular file");
        assert!(why(Path::new("/nowhere/at/all")).contains("No such file"));
        let pipe = home.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        assert_eq!(why(&pipe), "it is a pipe, not a regular file");
    }

    #[test]
    fn a_file_that_has_no_length_is_bounded_while_it_is_read() {
        let refused = read(Path::new("/proc/self/maps"), 1024).expect_err("it is longer");
        assert_eq!(refused.to_string(), "the file is larger than 1 KiB");
    }
}
