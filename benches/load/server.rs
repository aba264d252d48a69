//! The servers under test: the release binary, set up as an operator does; and another one beside it.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Outcome, client, issuer::Issuer};

const PROGRAM: &str = env!("CARGO_BIN_EXE_funcster-api");

/// A running server; ends when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Makes the tables.
pub(crate) fn migrate(database_url: &str, directory: &Path) -> Outcome<()> {
    let output = Command::new(PROGRAM)
        .args(["migrate", "up"])
        .env_clear()
        .env("DATABASE_URL", database_url)
        .current_dir(directory)
        .output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("migrate up: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

impl Server {
    /// Starts the release binary, and waits until it is ready. Its log goes to a file in `directory`.
    pub(crate) fn start(
        database_url: &str,
        issuer: &Issuer,
        settings: &[(String, String)],
        directory: &Path,
    ) -> Outcome<Self> {
        let mut command = Command::new(PROGRAM);
        command.arg("serve").env_clear().envs(settings.iter().cloned());
        Self::launch(command, "server", database_url, issuer, directory)
    }

    /// Starts GraphQL Yoga in the same way, with what it needs from npm.
    pub(crate) fn start_yoga(database_url: &str, issuer: &Issuer, directory: &Path) -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/yoga");
        let installed = Command::new("npm").args(["ci", "--silent"]).current_dir(&folder).status()?;
        if !installed.success() {
            return Err("npm does not bring what GraphQL Yoga needs".into());
        }
        let mut command = Command::new("node");
        command.arg(folder.join("server.mjs")).env("NODE_ENV", "production");
        Self::launch(command, "yoga", database_url, issuer, directory)
    }

    fn launch(
        mut command: Command,
        name: &str,
        database_url: &str,
        issuer: &Issuer,
        directory: &Path,
    ) -> Outcome<Self> {
        let address = free_address()?;
        let log = directory.join(name).with_extension("log");
        let child = command
            .env("DATABASE_URL", database_url)
            .env("AUTH0_DOMAIN", issuer.settings.issuer.as_str())
            .env("AUTH0_CLIENT_ID", &issuer.settings.client_id)
            .env("API_IDENTIFIER", &issuer.settings.audience)
            .env("HOST", address.ip().to_string())
            .env("PORT", address.port().to_string())
            .current_dir(directory)
            .stdin(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut server = Self { child, address };
        let began = Instant::now();
        while !client::is_ready(address) {
            if began.elapsed() > Duration::from_secs(10) || server.child.try_wait()?.is_some() {
                return Err(format!("{name} does not start: {}", fs::read_to_string(&log)?).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has taken since it was started, where the system tells.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        /// What Linux counts processor time in, for programs: hundredths of a second.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The program's name, in parentheses, may hold spaces; utime and stime are the 14th and 15th field.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let ticks = [fields.next()?, fields.next()?].map(str::parse::<u32>);
        ticks.into_iter().try_fold(Duration::ZERO, |sum, ticks| Some(sum + TICK * ticks.ok()?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nobody else is likely to take the port between here and the server's start.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
