//! A PostgreSQL server of a test's own, for what cannot be asked of the one that all tests share.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{support::guide::is_installed, trust::cli_servers::free_port};

/// What scripts may use: `make` makes an empty server, `start` starts it with more settings.
const MEANS: &str = r#"
    make() { initdb -D data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync; }
    start() {
        pg_ctl start -w -D data -l log -o "-p $0 -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off $*" || { cat log >&2; exit 1; }
    }
"#;
/// One that a test has stopped stays as it is.
const STOP: &str = "! pg_ctl status -D data >/dev/null || pg_ctl stop -D data -m immediate";

/// In a folder of its own, the data in `data` there.
pub(super) struct Cluster {
    folder: TempDir,
    port: String,
}

impl Cluster {
    /// Starts one by a shell script, which is given a free port as `$0` and then the `arguments`. None
    /// where one of the `programs` that it takes is missing.
    pub(super) fn start(programs: &[&str], script: &str, arguments: &[&str]) -> Option<Self> {
        if !programs.iter().copied().all(is_installed) {
            return None;
        }
        let cluster = Self { folder: TempDir::new().expect("a folder"), port: free_port() };
        if let Some(user) = server_user() {
            let chown = Command::new("chown").arg(user).arg(cluster.folder()).status();
            assert!(chown.expect("chown").success());
        }
        cluster.run(script, arguments);
        Some(cluster)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn port(&self) -> &str {
        &self.port
    }

    /// Runs a shell script in the folder, as whoever the server runs as.
    pub(super) fn run(&self, script: &str, arguments: &[&str]) {
        let mut command = if let Some(user) = server_user() {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-euc", &format!("{MEANS}{script}"), &self.port]).args(arguments).env("LC_ALL", "C");
        let output = command.current_dir(self.folder()).stdin(Stdio::null()).output().expect("a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run(STOP, &[]);
    }
}

/// Whom the server runs as: it refuses to run as root.
fn server_user() -> Option<&'static str> {
    let id = |of: &[&str]| Command::new("id").args(of).output().expect("id");
    let is_root = id(&["-u"]).stdout.starts_with(b"0\n");
    let is_there = || id(&["postgres"]).status.success();
    is_root.then(|| if is_there() { "postgres" } else { "nobody" })
}
