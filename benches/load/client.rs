//! The clients: connections that are kept open, each with one request under way at a time. All are
//! in one thread, and do as little as they can, since they share the machine with what they measure.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use futures_util::future::try_join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    task::JoinSet,
    time::{sleep, sleep_until},
};

use crate::{
    Outcome,
    options::Load,
    requests::Requests,
    workload::{Asked, Workload},
};

/// The time that the server has to take all connections before the first asks.
const SETTLING_TIME: Duration = Duration::from_millis(200);

/// What a run came to.
pub(crate) struct Run {
    pub(crate) per_second: f64,
    /// In order.
    latencies: Vec<Duration>,
    /// How many requests were refused because the server was busy.
    pub(crate) refused: usize,
}

impl Run {
    /// How many requests were answered.
    pub(crate) const fn count(&self) -> usize {
        self.latencies.len()
    }

    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.latencies.get(self.latencies.len() * percent / 100).copied().unwrap_or_default()
    }
}

/// Sends requests over that many connections.
pub(crate) fn run(
    address: SocketAddr,
    requests: &Arc<Requests>,
    workload: Workload,
    load: Load,
) -> Outcome<Run> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (elapsed, mut latencies, refused) = runtime.block_on(async {
        let connect = (0..load.clients).map(|_| Client::connect(address, Rng::new()));
        let clients = try_join_all(connect).await?;
        sleep(SETTLING_TIME).await;
        let began = Instant::now();
        let mut runs = JoinSet::new();
        let pause = load.rate.map(|rate| f64::from(load.clients) / rate);
        for mut client in clients {
            let requests = Arc::clone(requests);
            runs.spawn(async move {
                let (mut latencies, mut refused) = (Vec::new(), 0);
                let mut due = Duration::ZERO;
                while began.elapsed() < load.duration {
                    if let Some(pause) = pause {
                        // So that the times are independent of each other.
                        due += Duration::from_secs_f64(-pause * (1.0 - client.random.f64()).ln());
                        if due > load.duration {
                            break;
                        }
                        sleep_until((began + due).into()).await;
                    }
                    let sent = Instant::now();
                    match client.ask(&requests, workload).await {
                        Ok(_) => latencies.push(sent.elapsed()),
                        Err(error) if load.overloads && error.kind() == io::ErrorKind::ResourceBusy => {
                            refused += 1;
                        }
                        Err(error) => return Err(error),
                    }
                }
                io::Result::Ok((latencies, refused))
            });
        }
        let mut all = (Vec::new(), 0);
        while let Some(run) = runs.join_next().await {
            let (latencies, refused) = run.map_err(io::Error::other)??;
            all.0.extend(latencies);
            all.1 += refused;
        }
        io::Result::Ok((began.elapsed().as_secs_f64(), all.0, all.1))
    })?;
    latencies.sort_unstable();
    Ok(Run { per_second: latencies.len() as f64 / elapsed, latencies, refused })
}

/// Whether the server says that it is ready.
pub(crate) fn is_ready(address: SocketAddr) -> bool {
    is_well(address, "/readyz")
}

/// Whether it answers 200 on this path.
pub(crate) fn is_well(address: SocketAddr, path: &str) -> bool {
    let ask = || {
        let mut stream = std::net::TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        io::Result::Ok(answer.starts_with(b"HTTP/1.1 200 "))
    };
    ask().unwrap_or(false)
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    random: Rng,
    request: Vec<u8>,
    answer: Vec<u8>,
    /// Where the body begins in `answer`.
    body: usize,
}

impl Client {
    /// Connects somebody whose requests are as `random` has them.
    pub(crate) async fn connect(address: SocketAddr, random: Rng) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, random, request: Vec::new(), answer: Vec::new(), body: 0 })
    }

    /// One request and its answer, which has to be a success.
    pub(crate) async fn ask(&mut self, requests: &Requests, workload: Workload) -> io::Result<Asked> {
        let asked = requests.write(workload, &mut self.random, &mut self.request);
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        self.body = loop {
            self.receive().await?;
            if let Some(end) = self.answer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let length = content_length(&self.answer[..self.body])
            .ok_or_else(|| self.failure("an answer without a length"))?;
        self.answer.reserve(length);
        while self.answer.len() < self.body + length {
            self.receive().await?;
        }
        // GraphQL's errors stand before the data or after it.
        let succeeded = self.answer.starts_with(b"HTTP/1.1 200 ")
            && self.body().starts_with(b"{\"data\":{")
            && self.body().ends_with(b"}}");
        if succeeded {
            Ok(asked)
        } else if self.is_refusal() {
            Err(io::ErrorKind::ResourceBusy.into())
        } else {
            Err(self.failure("no success"))
        }
    }

    /// Whether the server told when to come again.
    fn is_refusal(&self) -> bool {
        let head = String::from_utf8_lossy(&self.answer[..self.body]).to_ascii_lowercase();
        head.starts_with("http/1.1 503 ") && head.contains("\r\nretry-after: ")
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.answer[self.body..]
    }

    async fn receive(&mut self) -> io::Result<()> {
        self.answer.reserve(4096);
        if self.stream.read_buf(&mut self.answer).await? == 0 {
            return Err(self.failure("the connection is closed"));
        }
        Ok(())
    }

    fn failure(&self, what: &str) -> io::Error {
        io::Error::other(format!("{what}: {}", String::from_utf8_lossy(&self.answer)))
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
    })
}
