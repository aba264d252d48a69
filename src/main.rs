//! The command line: `serve`, `dev`, `migrate`, `seed`, `backup`, `schema`, `users`, `healthcheck`.

mod allocation;
mod commands;

use std::{
    future::ready,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use axum::Router;
use clap::{Parser, Subcommand};
use funcster_api::{
    app::{self, AppState},
    config::{Config, Environment},
    dev,
    graphql::explorer::Explorer,
    server, telemetry,
};
use tokio::net::{TcpListener, TcpSocket};

use crate::commands::{
    AnyError, backup, connect, connect_to_current, healthcheck,
    migrate::{self, Migrate},
    print,
    schema::{self, Schema},
    users::{self, Users},
};

/// How many connections may wait to be taken, if the system lets them: when many clients come at once, as after a
/// restart, those for whom there is no room try again a second later.
const BACKLOG: u32 = 4096;

/// The back end of Funcster: coders keep Python snippets, mentors review them. GraphQL is at /graphql,
/// the old REST paths are beside it.
#[derive(Parser)]
#[command(
    version = env!("FUNCSTER_VERSION"),
    after_help = "Settings come from the environment and from the file .env; .env.example lists them all."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, with the settings in the environment (the default)
    Serve {
        /// First bring the database's schema up to date, as `migrate up` does
        #[arg(long)]
        migrate: bool,
    },
    /// Serve locally without settings (PORT alone is heeded): SQLite, demo data and a stand-in for Auth0, all in .funcster
    Dev,
    /// Bring the database's schema up to date, or take steps back; move in from the old Flask application
    Migrate {
        #[command(subcommand)]
        command: Migrate,
    },
    /// Put demo people and snippets into an empty database
    Seed,
    /// Copy a SQLite database to a file, while it is being served
    Backup {
        /// The file, which must not be there yet
        file: PathBuf,
    },
    /// Print the GraphQL schema, or what it breaks for the clients of another one
    Schema(Schema),
    /// Look at accounts, and bind them to people in Auth0
    Users {
        #[command(subcommand)]
        command: Users,
    },
    /// Ask the server on this machine whether it answers: for containers, which have no other program to ask
    Healthcheck,
}

fn main() -> ExitCode {
    allocation::share_one_arena();
    let cli = Cli::parse();
    let outcome = run(cli.command.unwrap_or(Command::Serve { migrate: false }));
    telemetry::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "funcster-api: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(command: Command) -> Result<(), AnyError> {
    // The schema is the same everywhere, so it is printed whatever the settings are.
    let environment = Environment::load;
    match command {
        Command::Schema(command) => schema::run(&command),
        Command::Serve { migrate } => serve(Config::from_environment(&environment()?)?, migrate).await,
        Command::Dev => serve_locally(Config::dev_port(&environment()?)?).await,
        Command::Migrate { command } => migrate::run(&Config::database_url(&environment()?)?, command).await,
        Command::Seed => seed(&Config::database_url(&environment()?)?).await,
        Command::Backup { file } => backup::run(&Config::database_url(&environment()?)?, &file).await,
        Command::Users { command } => users::run(&Config::database_url(&environment()?)?, command).await,
        Command::Healthcheck => healthcheck::run(Config::own_address(&environment()?)?).await,
    }
}

async fn serve(config: Config, migrate_first: bool) -> Result<(), AnyError> {
    telemetry::init(&config.telemetry)?;
    if migrate_first {
        migrate::up(&connect(&config.database_url, None).await?).await?;
    }
    // Every connection is an open file, and the usual limit is for programs that open a few.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let db = connect_to_current(&config.database_url, Some(&config.limits)).await?;
    let state = AppState::new(&config, db).await?;
    let listener = listen(SocketAddr::new(config.host, config.port), "PORT")?;
    if let Some(address) = config.telemetry.metrics_address {
        let listener = listen(address, "METRICS_ADDR")?;
        tracing::info!(%address, "metrics are told at /metrics");
        let metrics = telemetry::metrics::router(state.store.db.clone(), state.store.replica.clone());
        let (patience, shutdown) = (config.limits.stalled_client, state.shutdown.clone());
        let serve = async move { server::serve(listener, metrics, patience, 0, &shutdown, ready(())).await };
        tokio::spawn(serve);
    }
    tracing::info!(address = %listener.local_addr()?, "listening");
    answer(&config, listener, state, Router::new()).await?;
    telemetry::stop().await;
    Ok(())
}

/// Answers requests with the application, and for what it does not know with `more`, until it is asked to stop.
async fn answer(config: &Config, listener: TcpListener, state: AppState, more: Router) -> io::Result<()> {
    tokio::spawn(state.verifier.jwks().clone().keep_fresh(config.auth0.jwks_refresh));
    let shutdown = state.shutdown.clone();
    tokio::spawn(shutdown.clone().on_signal(config.shutdown_delay));
    let (patience, workers) = (config.limits.stalled_client, config.limits.worker_threads);
    let close = state.store.close();
    let at_last = async {
        shutdown.nothing_goes_on().await;
        close.await;
    };
    server::serve(listener, app::router(state).merge(more), patience, workers, &shutdown, at_last).await
}

async fn serve_locally(port: u16) -> Result<(), AnyError> {
    let directory = Path::new(dev::DIRECTORY);
    let config = dev::config(port, directory);
    telemetry::init(&config.telemetry)?;
    let auth0 = dev::open_auth0(&config.auth0, directory)
        .map_err(|error| format!("{} cannot be used: {error}", directory.display()))?;
    dev::register_demo_people(&auth0)?;
    let db = connect(&config.database_url, Some(&config.limits)).await?;
    migration::up(&db).await?;
    dev::seed(&db).await?;

    let mut state = AppState::new(&config, db).await?;
    let names = dev::demo_people().map(|(username, _)| username.to_owned());
    let token_address = format!("{}/token/", dev::AUTH0_PATH);
    state.explorer = Some(Explorer::acting_as(names, &token_address));
    let listener = listen(SocketAddr::new(config.host, config.port), "PORT")?;
    let here = format!("http://localhost:{port}");
    print(&format!(
        "Funcster runs at {here}, with its data in {directory}.\n\n\
         GraphiQL:  {here}/graphql\n\
         A token:   TOKEN=$(curl -s {here}{token_address}mentor1)\n\
         A query:   curl {here}/graphql -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n\
         \x20            -d '{{\"query\": \"{{ mentors {{ nodes {{ username }} }} }}\"}}'\n\
         People:    {people}, all with the password {password}\n\n\
         Stop it with Ctrl-C. Remove {directory} to begin anew.\n",
        directory = directory.display(),
        people = dev::demo_people().map(|(username, _)| username).collect::<Vec<_>>().join(", "),
        password = dev::DEMO_PASSWORD,
    ))?;
    answer(&config, listener, state, Router::new().nest(dev::AUTH0_PATH, auth0.router())).await?;
    Ok(())
}

/// Listens at the address that comes from `setting`.
fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, AnyError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What is left of connections to a server before does not keep this one from its port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error| {
        format!("cannot listen on {address}: {error}. Set {setting} to use another port").into()
    })
}

async fn seed(database_url: &str) -> Result<(), AnyError> {
    let db = connect_to_current(database_url, None).await?;
    let seeded = dev::seed(&db).await?;
    print(if seeded {
        "The demo people and their snippets are there.\n"
    } else {
        "There are users already: nothing was added.\n"
    })
}
