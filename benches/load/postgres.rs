//! A PostgreSQL server for the time of the benchmark, with PostgreSQL's own defaults: what it says
//! is stored is on the disk.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::{self, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::{Outcome, server};

/// PostgreSQL's programs, and who runs them.
pub(crate) struct Programs {
    folder: PathBuf,
    /// PostgreSQL refuses to run as root: then, the numbers of a user and group who can.
    user: Option<(u32, u32)>,
}

impl Programs {
    /// Those on the path, or the newest on this machine.
    pub(crate) fn find() -> Option<Self> {
        let on_path = output("sh", ["-c", "command -v initdb"]);
        let on_path = on_path.and_then(|path| Some(Path::new(&path).parent()?.to_owned()));
        let homes = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];
        let mut installed: Vec<_> = homes
            .iter()
            .filter_map(|home| fs::read_dir(home).ok())
            .flat_map(|entries| entries.filter_map(Result::ok))
            .map(|entry| entry.path().join("bin"))
            .collect();
        installed.sort();
        let folder = on_path.into_iter().chain(installed.into_iter().rev()).find(|folder| {
            ["initdb", "postgres", "pg_ctl", "pgbench"].iter().all(|program| folder.join(program).is_file())
        })?;
        let number = |arguments: &[&str]| output("id", arguments)?.parse::<u32>().ok();
        let user = if number(&["-u"])? == 0 {
            let name = if number(&["-u", "postgres"]).is_some() { "postgres" } else { "nobody" };
            Some((number(&["-u", name])?, number(&["-g", name])?))
        } else {
            None
        };
        Some(Self { folder, user })
    }

    /// Such as 15.4.
    pub(crate) fn version(&self) -> Option<String> {
        let version = output(self.folder.join("postgres"), ["--version"])?;
        version.split_whitespace().nth(2).map(ToOwned::to_owned)
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        // The caller's PGSSLMODE and the like are meant for another server.
        command.env_clear().env("LC_ALL", "C").stdin(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

/// A running server; ends when dropped.
pub(crate) struct Cluster {
    child: Child,
    programs: Programs,
    data: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts one with these settings and its files in `directory`.
    pub(crate) fn start(
        programs: Programs,
        settings: &[(String, String)],
        directory: &Path,
    ) -> Outcome<Self> {
        let home = directory.join("cluster");
        fs::create_dir(&home)?;
        if let Some((user, group)) = programs.user {
            unix::fs::chown(&home, Some(user), Some(group))?;
        }
        let (data, log) = (home.join("data"), directory.join("postgres.log"));
        let made = programs
            .command("initdb")
            .current_dir(&home)
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let port = server::free_address()?.port();
        let child = programs
            .command("postgres")
            .current_dir(&home)
            .arg("-D")
            .arg(&data)
            // No unix socket: the path of the folder can be longer than a socket's may be.
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-p", &port.to_string()])
            .args(settings.iter().map(|(name, value)| format!("--{name}={value}")))
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut cluster = Self { child, programs, data, log, port };
        let began = Instant::now();
        while !cluster.log()?.contains("ready to accept connections") {
            if began.elapsed() > Duration::from_secs(20) || cluster.child.try_wait()?.is_some() {
                return Err(format!("PostgreSQL does not start: {}", cluster.log()?).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(cluster)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Says whether statements are to be logged from now on.
    pub(crate) async fn log_statements(&self, db: &DatabaseConnection, log: bool) -> Outcome<()> {
        let setting = if log { "'all'" } else { "DEFAULT" };
        db.execute_unprepared(&format!("ALTER SYSTEM SET log_statement = {setting}")).await?;
        db.execute_unprepared("SELECT pg_reload_conf()").await?;
        // Sessions hear of it by a signal.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    }

    /// How many statements it has logged.
    pub(crate) fn logged_statements(&self) -> Outcome<usize> {
        let is_statement =
            |line: &&str| line.contains(" LOG:  execute ") || line.contains(" LOG:  statement: ");
        Ok(self.log()?.lines().filter(is_statement).count())
    }

    fn log(&self) -> Outcome<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// A command that is to talk to it.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = self.programs.command(program);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres"]);
        command.current_dir(self.data.parent().unwrap_or(&self.data));
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.programs.command("pg_ctl");
        let _ = stop.args(["stop", "-m", "immediate", "-D"]).arg(&self.data).output();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program prints, if it succeeds.
fn output<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout))?.ok()?;
    Some(text.trim().to_owned())
}
