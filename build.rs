//! Embeds GraphiQL's files in the binary, where `npm ci --prefix explorer` has brought them.

use std::path::Path;

/// By their paths in `explorer/node_modules`.
const FILES: [&str; 4] = [
    "graphiql/graphiql.min.css",
    "graphiql/graphiql.min.js",
    "react/umd/react.production.min.js",
    "react-dom/umd/react-dom.production.min.js",
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(graphiql_embedded)");
    let modules = Path::new("explorer/node_modules");
    if FILES.iter().all(|file| modules.join(file).is_file()) {
        println!("cargo::rustc-cfg=graphiql_embedded");
        for file in FILES {
            println!("cargo::rerun-if-changed={}", modules.join(file).display());
        }
    } else {
        println!("cargo::rerun-if-changed=explorer");
    }
}
