//! Where the program's memory comes from.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lets libraries in C have one arena. The GNU C library gives each thread another one, which keeps what the thread
/// needed once: 6 MiB for each connection to SQLite. To be called while there is one thread.
pub(crate) fn share_one_arena() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "it is a function of the C library's")]
    // SAFETY: it changes a number, which nobody reads meanwhile (mallopt(3)).
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
