//! The program, to be run as an operator runs it.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A database in the folder that the program runs in.
pub(crate) const DATABASE: (&str, &str) = ("DATABASE_URL", "sqlite://funcster.db");

/// The program, in a folder of its own and with nothing in its environment.
pub(crate) struct Program(TempDir);

/// What a run of it came to.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_funcster-api"));
        command.env_clear().envs(settings.iter().copied()).args(arguments).current_dir(self.directory());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Ended {
        Self::finish(self.command(settings, arguments))
    }

    /// Runs a command on the database in its folder, which has to succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let ended = self.run(&[DATABASE], arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.err);
        ended.out
    }

    pub(crate) fn finish(mut command: Command) -> Ended {
        let mut child = command.spawn().expect("the program starts");
        let began = Instant::now();
        while child.try_wait().expect("the program is waited for").is_none() {
            if began.elapsed() > Duration::from_mins(1) {
                child.kill().expect("the program is ended");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().expect("its output is read");
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Ended {
    /// Checks that it failed and said all of this on standard error.
    #[track_caller]
    pub(crate) fn assert_failed(&self, sentences: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.err);
        for sentence in sentences {
            assert!(self.err.contains(sentence), "{sentence:?} is missing: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}
