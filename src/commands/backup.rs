//! `backup`: a copy of the database as it is at one moment, with what is being written to it left alone.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{AnyError, connect, print};

/// A database is backed up whatever release has migrated it: most of all before that is done.
pub(crate) async fn run(database_url: &str, file: &Path) -> Result<(), AnyError> {
    if !DbBackend::Sqlite.is_prefix_of(database_url) {
        return Err("PostgreSQL is backed up by its own tool: pg_dump --format=custom --file=FILE \
                    \"$DATABASE_URL\""
            .into());
    }
    if file.try_exists()? {
        return Err(format!("{} is there already, and is left as it is", file.display()).into());
    }
    let db = connect(database_url, None).await?;
    if is_empty(&db).await? {
        return Err("there is nothing in the database of DATABASE_URL: is it the right one?".into());
    }
    // Under its own name the copy is whole, or not there at all.
    let partial = partial(file);
    let reserved = reserve(&partial).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "{} is there already: another backup is being made, or was interrupted. Remove it if none is",
            partial.display()
        ),
        _ => format!("{} cannot be written: {error}", partial.display()),
    })?;
    if let Err(error) = copy(&db, &partial, &reserved, file).await {
        let _ = fs::remove_file(&partial);
        return Err(format!("{} cannot be written: {error}", file.display()).into());
    }
    print(&format!("{} is a copy of the database, of {} bytes.\n", file.display(), fs::metadata(file)?.len()))
}

async fn is_empty(db: &DatabaseConnection) -> Result<bool, AnyError> {
    let any = Statement::from_string(DbBackend::Sqlite, "SELECT 1 FROM sqlite_schema LIMIT 1");
    Ok(db.query_one_raw(any).await?.is_none())
}

fn partial(file: &Path) -> PathBuf {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}

/// A new file, which nobody else may read: there is what people wrote in it.
fn reserve(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Copies by <https://www.sqlite.org/lang_vacuum.html#vacuuminto>, which takes an empty file for none, and
/// leaves it to us that the copy gets onto the disk.
async fn copy(db: &DatabaseConnection, partial: &Path, reserved: &File, file: &Path) -> Result<(), AnyError> {
    // SQLite reads a relative path that begins with file: as a URI.
    let target = std::path::absolute(partial)?;
    let target = target.to_str().ok_or("its path is not UTF-8")?;
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [target.into()]))
        .await?;
    reserved.sync_all()?;
    Ok(fs::rename(partial, file)?)
}
