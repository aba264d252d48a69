use std::{net::SocketAddr, time::Duration};

use tokio::{
    io,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A connection between the server and something that it needs, which can be cut, held up, and
/// mended.
pub(crate) struct Cable {
    pub(crate) address: SocketAddr,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    /// What is connected is closed, and nothing can be connected.
    Cut,
    /// What is sent arrives nowhere.
    HeldUp,
    /// What was connected before carries nothing any more, and nobody is told; what is new is sound.
    Stranded,
}

impl Cable {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let (state, watched) = watch::channel(State::Sound);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *watched.borrow() != State::Cut {
                    tokio::spawn(carry(near, target, watched.clone()));
                }
            }
        });
        Self { address, state }
    }

    pub(crate) async fn cut(&self) {
        self.turn(State::Cut).await;
    }

    pub(crate) async fn hold_up(&self) {
        self.turn(State::HeldUp).await;
    }

    pub(crate) async fn strand(&self) {
        self.turn(State::Stranded).await;
    }

    pub(crate) async fn mend(&self) {
        self.turn(State::Sound).await;
    }

    async fn turn(&self, state: State) {
        self.state.send_replace(state);
        // Whatever is on its way is to notice first.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    loop {
        let is_sound = *state.borrow_and_update() != State::HeldUp;
        tokio::select! {
            _ = io::copy_bidirectional(&mut near, &mut far), if is_sound => return,
            changed = state.changed() => {
                if changed.is_err() || *state.borrow() == State::Cut {
                    return;
                }
                if *state.borrow() == State::Stranded {
                    // Until the test is over.
                    let _ = state.wait_for(|_| false).await;
                }
            }
        }
    }
}
