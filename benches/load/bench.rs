//! One database, and all that runs around it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use funcster_api::database;
use sea_orm::DatabaseConnection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    NO_POSTGRES, Outcome,
    client::{self, Client},
    data::{self, Size},
    issuer::Issuer,
    memory::{self, Watch},
    options::{Kind, Load, Options},
    pgbench,
    postgres::{Cluster, Programs},
    progress,
    report::{self, Measured, Memory, Overload, Report, Round},
    requests::Requests,
    server::{self, Server},
    sqlite, verify,
    workload::Workload,
};

/// How long the server, and then its limit, run before they are measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// How many requests of a workload are looked at closely.
const SAMPLE: usize = 50;
/// Of who sends them.
const SEED: u64 = 1;

/// All that is needed to measure on one database; what is first ends first.
pub(crate) struct Bench<'a> {
    runtime: &'a Runtime,
    kind: Kind,
    size: Size,
    url: String,
    db: DatabaseConnection,
    server: Server,
    yoga: Option<Server>,
    requests: Arc<Requests>,
    cluster: Option<Cluster>,
    version: String,
    directory: TempDir,
}

impl<'a> Bench<'a> {
    /// Makes the data and starts what is needed.
    pub(crate) fn set_up(kind: Kind, options: &Options, runtime: &'a Runtime) -> Outcome<Self> {
        let size = options.size();
        fs::create_dir_all(&options.directory)?;
        let directory = TempDir::with_prefix_in("load-", &options.directory)?;
        // PostgreSQL's user has to get at the folders of its own in there.
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o711))?;
        let (cluster, version) = match kind {
            Kind::Postgres => {
                let programs = Programs::find().ok_or(NO_POSTGRES)?;
                let version = format!("{} {}", kind.name(), programs.version().unwrap_or_default());
                (Some(Cluster::start(programs, &options.postgres_settings, directory.path())?), version)
            }
            Kind::Sqlite => (None, kind.name().to_owned()),
        };
        let file = directory.path().join("load.db");
        let url = cluster.as_ref().map_or_else(|| format!("sqlite://{}", file.display()), Cluster::url);
        progress(&format!("{}: making {} snippets", kind.name(), size.snippets()));
        server::migrate(&url, directory.path())?;
        let db = runtime.block_on(database::connect(&url, None))?;
        runtime.block_on(data::fill(&db, size))?;
        let issuer = Issuer::start(runtime, directory.path())?;
        let server = Server::start(&url, &issuer, &options.settings, directory.path())?;
        let yoga = (options.yoga && kind == Kind::Postgres)
            .then(|| Server::start_yoga(&url, &issuer, directory.path()))
            .transpose()?;
        progress("signing everybody's tokens");
        let requests = Arc::new(Requests::new(size, &issuer, &server.address.to_string())?);
        Ok(Self { runtime, kind, size, url, db, server, yoga, requests, cluster, version, directory })
    }

    /// Runs all the rounds.
    pub(crate) fn measure(&self, options: &Options) -> Outcome<Report> {
        let load = options.load();
        let warm_up = Load { duration: WARM_UP, ..load };
        let idle = memory::of(self.server.process());
        let watch = Watch::start(self.server.process());
        let mut workloads = Vec::new();
        for workload in options.only.iter().copied() {
            progress(&format!("{} {}", workload.name(), workload.description()));
            if !options.quick {
                self.server_run(workload, warm_up)?;
                self.yoga_run(workload, warm_up)?;
                self.limit_run(workload, warm_up)?;
            }
            let (statements, bytes) = self.runtime.block_on(self.examine(workload))?;
            if let Some(yoga) = &self.yoga {
                self.runtime.block_on(self.verify(yoga, workload))?;
            }
            self.tidy(workload)?;
            workloads.push(Measured { workload, statements, bytes, rounds: Vec::new() });
        }
        for number in 1..=options.rounds() {
            for measured in &mut workloads {
                let round = self.round(measured.workload, load, number % 2 == 0)?;
                progress(&format!(
                    "round {}, {}: {:.0} of {:.0}",
                    number,
                    measured.workload.name(),
                    round.requests,
                    round.limit
                ));
                measured.rounds.push(round);
            }
        }
        let peak = watch.peak();
        let overloading: &[Workload] = if options.quick { &[] } else { &[Workload::W1, Workload::W3] };
        let overload = |workload: &Workload| self.overload(*workload, load, options.overload_clients);
        let overloads = overloading.iter().map(overload).collect::<Outcome<_>>()?;
        let memory = idle.map(|idle| Memory { idle, peak, overloaded: watch.peak() });
        let setting = format!(
            "{}: {} snippets; {} connections; {} rounds of {} s each; clients, server and database \
             share {} processors.",
            self.version,
            report::thousands(f64::from(self.size.snippets())),
            load.clients,
            options.rounds(),
            load.duration.as_secs_f64(),
            thread::available_parallelism()?,
        );
        Ok(Report { kind: self.kind, setting, workloads, overloads, memory })
    }

    /// A tenth of what can be answered, and then three times as much.
    fn overload(&self, workload: Workload, load: Load, clients: u32) -> Outcome<Overload> {
        progress(&format!("overload, {}", workload.name()));
        let address = self.server.address;
        let run = |load| client::run(address, &self.requests, workload, load);
        let sustained = run(load)?.per_second;
        let at_rate = |rate, overloads| Load { clients, rate: Some(rate), overloads, ..load };
        let unloaded = run(at_rate(sustained / 10.0, false))?;
        let (over, probed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let probe = {
            let (over, probed) = (Arc::clone(&over), Arc::clone(&probed));
            thread::spawn(move || {
                let mut is_well = true;
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    is_well &= client::is_well(address, "/healthz");
                    let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                    probed.fetch_max(micros, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(50));
                }
                is_well
            })
        };
        let overloaded = run(at_rate(3.0 * sustained, true));
        over.store(true, Ordering::Relaxed);
        let is_well = probe.join().unwrap_or(false);
        let overloaded = overloaded?;
        let offered = (overloaded.count() + overloaded.refused) as f64 / overloaded.count().max(1) as f64;
        Ok(Overload {
            workload,
            clients,
            unloaded: unloaded.percentile(99),
            sustained,
            accepted: overloaded.per_second,
            offered: offered * overloaded.per_second,
            p99: overloaded.percentile(99),
            slowest_probe: is_well.then(|| Duration::from_micros(probed.load(Ordering::Relaxed))),
        })
    }

    /// The server, its limit, and the other server, right after another.
    fn round(&self, workload: Workload, load: Load, limit_first: bool) -> Outcome<Round> {
        let ((run, processor), limit) = if limit_first {
            let limit = self.limit_run(workload, load)?;
            (self.server_run(workload, load)?, limit)
        } else {
            (self.server_run(workload, load)?, self.limit_run(workload, load)?)
        };
        let yoga = self.yoga_run(workload, load)?;
        let (p50, p99) = (run.percentile(50), run.percentile(99));
        Ok(Round { requests: run.per_second, limit, yoga, p50, p99, processor })
    }

    /// Returns the processor time that the server took for a request, too.
    fn server_run(&self, workload: Workload, load: Load) -> Outcome<(client::Run, Option<Duration>)> {
        let before = self.server.processor_time();
        let run = client::run(self.server.address, &self.requests, workload, load)?;
        let time =
            before.zip(self.server.processor_time()).map(|(before, after)| after.saturating_sub(before));
        self.tidy(workload)?;
        let processor = time.map(|time| time.div_f64(run.count().max(1) as f64));
        Ok((run, processor))
    }

    /// Requests in a second.
    fn yoga_run(&self, workload: Workload, load: Load) -> Outcome<Option<f64>> {
        let Some(yoga) = &self.yoga else { return Ok(None) };
        let run = client::run(yoga.address, &self.requests, workload, load)?;
        self.tidy(workload)?;
        Ok(Some(run.per_second))
    }

    fn limit_run(&self, workload: Workload, load: Load) -> Outcome<f64> {
        let limit = match &self.cluster {
            Some(cluster) => pgbench::run(cluster, self.directory.path(), self.size, workload, load)?,
            None => sqlite::run(&self.url, self.size, workload, load)?,
        };
        self.tidy(workload)?;
        Ok(limit)
    }

    /// Leaves the data as if nobody had written.
    fn tidy(&self, workload: Workload) -> Outcome<()> {
        if workload == Workload::W5 {
            self.runtime.block_on(data::restore(&self.db, self.size))
        } else {
            Ok(())
        }
    }

    /// Compares some answers with what the database holds. Returns how long one is.
    async fn verify(&self, server: &Server, workload: Workload) -> Outcome<usize> {
        let mut client = Client::connect(server.address, Rng::with_seed(SEED)).await?;
        for _ in 0..SAMPLE {
            let asked = client.ask(&self.requests, workload).await?;
            verify::verify(&self.db, asked, client.body()).await?;
        }
        Ok(client.body().len())
    }

    /// Verifies some answers. Returns how many statements one takes, where the database counts them,
    /// and how long one is.
    async fn examine(&self, workload: Workload) -> Outcome<(Option<f64>, usize)> {
        let bytes = self.verify(&self.server, workload).await?;
        let Some(cluster) = &self.cluster else { return Ok((None, bytes)) };
        cluster.log_statements(&self.db, true).await?;
        let before = cluster.logged_statements()?;
        // The same people: the server knows their accounts by now.
        let mut client = Client::connect(self.server.address, Rng::with_seed(SEED)).await?;
        for _ in 0..SAMPLE {
            client.ask(&self.requests, workload).await?;
        }
        let after = cluster.logged_statements()?;
        cluster.log_statements(&self.db, false).await?;
        Ok((Some((after - before) as f64 / SAMPLE as f64), bytes))
    }
}
