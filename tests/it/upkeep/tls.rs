//! The way to PostgreSQL over TLS.

use super::cluster::Cluster;
use crate::trust::program::{Ended, Program};

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
    make
    echo 'hostssl all all 127.0.0.1/32 trust' >data/pg_hba.conf
    start -c ssl=on -c ssl_cert_file="$PWD/server.pem" -c ssl_key_file="$PWD/server.key"
"#;

#[test]
fn a_postgres_server_has_to_show_who_it_is() {
    let Some(cluster) = Cluster::start(&["initdb", "pg_ctl", "openssl"], START, &[]) else {
        eprintln!("NOT TESTED: TLS to PostgreSQL, for want of initdb, pg_ctl and openssl on the PATH");
        return;
    };
    let program = Program::new();
    let migrate = |host: &str, mode: &str, authority: &str| -> Ended {
        let authority = cluster.folder().join(authority);
        let url = format!(
            "postgres://postgres:hunter2@{host}:{}/postgres?sslmode={mode}&sslrootcert={}",
            cluster.port(),
            authority.display()
        );
        let ended = program.run(&[("DATABASE_URL", &url)], &["migrate", "up"]);
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
        ended
    };
    let trusted = migrate("localhost", "verify-full", "ca.pem");
    assert_eq!((trusted.code, trusted.err.as_str()), (Some(0), ""), "{}", trusted.out);

    let refusals = [
        ("localhost", "verify-full", "other.pem", "no trusted authority"),
        ("localhost", "verify-ca", "other.pem", "no trusted authority"),
        ("127.0.0.1", "verify-full", "ca.pem", "is not for the host"),
        ("localhost", "verify-full", "missing.pem", "is not there (sslrootcert"),
        ("localhost", "disable", "ca.pem", "no encryption"),
    ];
    for (host, mode, authority, reason) in refusals {
        migrate(host, mode, authority).assert_failed(&["DATABASE_URL", reason]);
    }
    // Each of the two asks for less.
    for (host, mode, authority) in
        [("127.0.0.1", "verify-ca", "ca.pem"), ("127.0.0.1", "require", "other.pem")]
    {
        assert_eq!(migrate(host, mode, authority).code, Some(0), "{mode}");
    }
}
