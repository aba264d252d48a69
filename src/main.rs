//! The command line: `serve`, `dev`, `migrate`, `seed`, `schema`, `users`.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use funcster_api::{
    app::{self, AppState},
    config::{Config, Environment},
    database, dev,
    domain::accounts::{self, Link},
    graphql::{self, explorer::Explorer},
    server, telemetry,
};
use migration::{Migrator, MigratorTrait};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type AnyError = Box<dyn Error + Send + Sync>;

/// The back end of Funcster: coders keep Python snippets, mentors review them. GraphQL is at /graphql,
/// the old REST paths are beside it.
#[derive(Parser)]
#[command(
    version,
    after_help = "Settings come from the environment and from the file .env; .env.example lists them all."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, with the settings in the environment (the default)
    Serve,
    /// Serve locally without any settings: SQLite, demo data and a stand-in for Auth0, all in .funcster
    Dev,
    /// Bring the database's schema up to date, or take steps back
    Migrate {
        #[command(subcommand)]
        direction: Migrate,
    },
    /// Put demo people and snippets into an empty database
    Seed,
    /// Print the GraphQL schema
    Schema,
    /// Look at accounts, and bind them to people in Auth0
    Users {
        #[command(subcommand)]
        action: Users,
    },
}

#[derive(Subcommand)]
enum Migrate {
    /// Apply all migrations that are pending
    Up,
    /// Take back the last migration, or several. What they hold is lost
    Down {
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// Show which migrations are applied
    Status,
}

#[derive(Subcommand)]
enum Users {
    /// List the accounts: username, role, status, subject
    List,
    /// Bind an account to a subject in Auth0
    Link {
        /// The account's username
        username: String,
        /// The person's `user_id` in Auth0, such as auth0|63f1a2
        subject: String,
    },
    /// Bind accounts to the people in an Auth0 user export (newline-delimited JSON), by username
    Import {
        /// The file; - is standard input
        file: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = run(cli.command.unwrap_or(Command::Serve));
    telemetry::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "funcster-api: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command) -> Result<(), AnyError> {
    // The schema is the same everywhere, so it is printed whatever the settings are.
    let environment = Environment::load;
    match command {
        Command::Schema => print(&graphql::sdl()),
        Command::Serve => serve(Config::from_environment(&environment()?)?).await,
        Command::Dev => serve_locally(Config::dev_port(&environment()?)?).await,
        Command::Migrate { direction } => migrate(&Config::database_url(&environment()?)?, direction).await,
        Command::Seed => seed(&Config::database_url(&environment()?)?).await,
        Command::Users { action } => users(&Config::database_url(&environment()?)?, action).await,
    }
}

async fn serve(config: Config) -> Result<(), AnyError> {
    telemetry::init(&config.telemetry)?;
    // Every connection is an open file, and the usual limit is for programs that open a few.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let db = connect_to_current(&config.database_url, Some(config.limits.statement_timeout)).await?;
    let state = AppState::new(&config, db)?;
    let listener = listen(SocketAddr::new(config.host, config.port), "PORT").await?;
    if let Some(address) = config.telemetry.metrics_address {
        let listener = listen(address, "METRICS_ADDR").await?;
        tracing::info!(%address, "metrics are told at /metrics");
        let metrics = telemetry::metrics::router(state.store.db.clone());
        tokio::spawn(server::serve(listener, metrics, state.stopping.clone().cancelled_owned()));
    }
    tracing::info!(address = %listener.local_addr()?, "listening");
    tokio::spawn(state.verifier.jwks().clone().keep_fresh(config.auth0.jwks_refresh));
    let stop = server::stop_signal(state.stopping.clone());
    server::serve(listener, app::router(state), stop).await;
    telemetry::stop().await;
    Ok(())
}

async fn serve_locally(port: u16) -> Result<(), AnyError> {
    let directory = Path::new(dev::DIRECTORY);
    let config = dev::config(port, directory);
    telemetry::init(&config.telemetry)?;
    let auth0 = dev::open_auth0(&config.auth0, directory)
        .map_err(|error| format!("{} cannot be used: {error}", directory.display()))?;
    dev::register_demo_people(&auth0)?;
    let db = connect(&config.database_url, Some(config.limits.statement_timeout)).await?;
    Migrator::up(&db, None).await?;
    dev::seed(&db).await?;

    let mut state = AppState::new(&config, db)?;
    let names = dev::demo_people().map(|(username, _)| username.to_owned());
    let token_address = format!("{}/token/", dev::AUTH0_PATH);
    state.explorer = Some(Explorer::acting_as(names, &token_address));
    let listener = listen(SocketAddr::new(config.host, config.port), "PORT").await?;
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
    tokio::spawn(state.verifier.jwks().clone().keep_fresh(config.auth0.jwks_refresh));
    let stop = server::stop_signal(state.stopping.clone());
    let router = app::router(state).nest(dev::AUTH0_PATH, auth0.router());
    server::serve(listener, router, stop).await;
    Ok(())
}

/// Listens at the address that comes from `setting`.
async fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, AnyError> {
    TcpListener::bind(address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}. Set {setting} to use another port").into()
    })
}

async fn migrate(database_url: &str, direction: Migrate) -> Result<(), AnyError> {
    let db = connect(database_url, None).await?;
    match direction {
        Migrate::Up => Migrator::up(&db, None).await?,
        Migrate::Down { steps } => Migrator::down(&db, Some(steps)).await?,
        Migrate::Status => {}
    }
    for migration in Migrator::get_migration_with_status_read_only(&db).await? {
        print(&format!("{:<9}{}\n", migration.status(), migration.name()))?;
    }
    Ok(())
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

async fn users(database_url: &str, action: Users) -> Result<(), AnyError> {
    let db = connect_to_current(database_url, None).await?;
    match action {
        Users::List => {
            for user in accounts::list(&db).await? {
                print(&format!("{user}\n"))?;
            }
            Ok(())
        }
        Users::Link { username, subject } => match accounts::link(&db, &username, &subject).await? {
            Link::Bound => print(&format!("{username} is bound to {subject}.\n")),
            refused => Err(refused.to_string().into()),
        },
        Users::Import { file } => {
            let export =
                if file == "-" { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(&file) };
            let export = export.map_err(|error| format!("{file} cannot be read: {error}"))?;
            let report = accounts::import(&db, &export).await?;
            print(&report.to_string())?;
            if report.problems.is_empty() { Ok(()) } else { Err("not everybody could be bound".into()) }
        }
    }
}

async fn connect(
    database_url: &str,
    statement_timeout: Option<Duration>,
) -> Result<sea_orm::DatabaseConnection, AnyError> {
    let connected = database::connect(database_url, statement_timeout).await;
    connected.map_err(|error| format!("the database of DATABASE_URL cannot be opened: {error}").into())
}

/// Connects to a database that lacks no migration.
async fn connect_to_current(
    database_url: &str,
    statement_timeout: Option<Duration>,
) -> Result<sea_orm::DatabaseConnection, AnyError> {
    let db = connect(database_url, statement_timeout).await?;
    let pending = database::pending_migrations(&db).await?;
    if pending.is_empty() {
        Ok(db)
    } else {
        let pending = pending.join(", ");
        Err(format!("the database lacks {pending}: run `funcster-api migrate up` first").into())
    }
}

/// Prints to standard output; a reader that has gone away is an error like any other.
fn print(text: &str) -> Result<(), AnyError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
