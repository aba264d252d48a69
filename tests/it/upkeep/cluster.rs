//! A PostgreSQL server of a test's own, for what cannot be asked of the one that all tests share.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{support::guide::is_installed, trust::cli_servers::free_port};

/// Takes connections over TLS alone, as somebody who can show a certificate for `localhost`. The
/// authority behind it is `ca.pem`; `other.pem` is one that has nothing to do with it.
const START: &str = r#"
    authority() {
        openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem"
    }
    authority ca
    authority other
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
    echo subjectAltName=DNS:localhost >server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 \
        -extfile server.ext -out server.pem
    chmod 600 server.key
    initdb -D data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync
    echo 'hostssl all all 127.0.0.1/32 trust' >data/pg_hba.conf
    pg_ctl start -w -D data -l log -o "-p $0 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
        -c ssl=on -c ssl_cert_file=$PWD/server.pem -c ssl_key_file=$PWD/server.key" || { cat log >&2; exit 1; }
"#;
const STOP: &str = "pg_ctl stop -D data -m immediate";

pub(super) struct Cluster {
    folder: TempDir,
    port: String,
}

impl Cluster {
    /// None where there is no PostgreSQL to start, or no openssl to make certificates with.
    pub(super) fn start() -> Option<Self> {
        if !["initdb", "pg_ctl", "openssl"].into_iter().all(is_installed) {
            return None;
        }
        let cluster = Self { folder: TempDir::new().expect("a folder"), port: free_port() };
        if let Some(user) = server_user() {
            let chown = Command::new("chown").arg(user).arg(cluster.folder()).status();
            assert!(chown.expect("chown").success());
        }
        cluster.run(START);
        Some(cluster)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn port(&self) -> &str {
        &self.port
    }

    fn run(&self, script: &str) {
        let mut command = if let Some(user) = server_user() {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-euc", script, &self.port]).env("LC_ALL", "C");
        let output = command.current_dir(self.folder()).stdin(Stdio::null()).output().expect("a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run(STOP);
    }
}

/// Whom the server runs as: it refuses to run as root.
fn server_user() -> Option<&'static str> {
    let id = |of: &[&str]| Command::new("id").args(of).output().expect("id");
    let is_root = id(&["-u"]).stdout.starts_with(b"0\n");
    let is_there = || id(&["postgres"]).status.success();
    is_root.then(|| if is_there() { "postgres" } else { "nobody" })
}
