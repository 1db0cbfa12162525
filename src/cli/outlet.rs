//! Writing what is shown of a run beside the run: a reader that stands still (a pager, a stopped terminal) costs what it
//! does not read, never the run.
//!
//! Takes bytes from any thread and writes them in order on a thread of its own. A slow reader is waited for as long as it
//! reads at all; one that stands still while much waits for it loses what comes next. It knows nothing of what it writes.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Bytes that may wait for a reader.
const ROOM: usize = 4 << 20;
/// Bytes that are written in one go: about what a pipe takes, so that progress shows.
const PIECE: usize = 32 << 10;
/// How long a reader with much to read may stand still before it loses something.
const STALL: Duration = Duration::from_millis(500);

/// See the module. The same outlet may be shared.
#[derive(Debug, Clone)]
pub struct Outlet(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// There is something to write.
    filled: Condvar,
    /// A piece was written, or the reader is gone.
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Bytes that the writer has taken and not written.
    taken: usize,
    /// Bytes ever written.
    written: u64,
    /// How often something was dropped.
    dropped: u64,
    /// How much had been written when the reader was found to stand still.
    stalled_at: Option<u64>,
    /// Nobody reads any more, or it cannot be written to.
    gone: bool,
}

impl Outlet {
    /// An outlet to `target`.
    pub fn new(target: impl Write + Send + 'static) -> Outlet {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let started = std::thread::Builder::new().name("outlet".to_owned()).spawn(move || {
            write_all(&theirs, target);
        });
        if started.is_err()
            && let Ok(mut queue) = shared.queue.lock()
        {
            queue.gone = true; // no room for a thread: the run goes on unseen
        }
        Outlet(shared)
    }

    /// Gives one piece of text to be written, whole or not at all.
    pub fn write(&self, text: &[u8]) {
        self.put(text, false);
    }

    /// The same of a piece for which there is always room.
    pub fn write_last(&self, text: &[u8]) {
        self.put(text, true);
    }

    fn put(&self, text: &[u8], always: bool) {
        let Some(mut queue) = self.lock() else { return };
        if !always && queue.bytes.len() + queue.taken + text.len() > ROOM && queue.waiting() > 0 {
            let Some(waited) = self.wait_for_room(queue, text.len()) else { return };
            queue = waited;
        }
        if queue.gone {
            return;
        }
        queue.bytes.extend_from_slice(text);
        drop(queue);
        self.0.filled.notify_one();
    }

    /// Waits while the reader reads. `None`: it does not, and what was to be written is dropped.
    fn wait_for_room<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        length: usize,
    ) -> Option<MutexGuard<'a, Queue>> {
        let (mut seen, mut since) = (queue.written, Instant::now());
        while queue.waiting() > 0 && queue.waiting() + length > ROOM && !queue.gone {
            if queue.written != seen {
                (seen, since) = (queue.written, Instant::now());
            }
            let left = STALL.saturating_sub(since.elapsed());
            if queue.stalled_at == Some(queue.written) || left.is_zero() {
                queue.stalled_at = Some(queue.written);
                queue.dropped += 1;
                return None;
            }
            queue = self.0.moved.wait_timeout(queue, left).ok()?.0;
        }
        queue.stalled_at = None;
        Some(queue)
    }

    /// Whether something waits to be written.
    pub fn is_behind(&self) -> bool {
        self.lock().is_some_and(|queue| queue.waiting() > 0)
    }

    /// Waits until all is written, without end or until the reader has stood still for `patience`. Gives how many pieces
    /// were dropped on the way.
    pub fn drain(&self, patience: Option<Duration>) -> u64 {
        let Some(mut queue) = self.lock() else { return 0 };
        let (mut seen, mut since) = (queue.written, Instant::now());
        while queue.waiting() > 0 && !queue.gone {
            if queue.written != seen {
                (seen, since) = (queue.written, Instant::now());
            }
            if patience.is_some_and(|patience| since.elapsed() >= patience) {
                queue.gone = true;
                queue.bytes = Vec::new();
                break;
            }
            match self.0.moved.wait_timeout(queue, STALL) {
                Ok((next, _)) => queue = next,
                Err(_) => return 0,
            }
        }
        queue.dropped
    }

    fn lock(&self) -> Option<MutexGuard<'_, Queue>> {
        self.0.queue.lock().ok()
    }
}

impl Queue {
    fn waiting(&self) -> usize {
        self.bytes.len() + self.taken
    }
}

/// The life of the writer: until the process ends, or nobody reads.
fn write_all(shared: &Shared, mut target: impl Write) {
    loop {
        let Ok(mut queue) = shared.queue.lock() else { return };
        while queue.bytes.is_empty() {
            match shared.filled.wait(queue) {
                Ok(next) => queue = next,
                Err(_) => return,
            }
        }
        let text = std::mem::take(&mut queue.bytes);
        queue.taken = text.len();
        drop(queue);
        for piece in text.chunks(PIECE) {
            let written = target.write_all(piece).and_then(|()| target.flush());
            let Ok(mut queue) = shared.queue.lock() else { return };
            queue.taken -= piece.len();
            queue.written += piece.len() as u64;
            if written.is_err() || queue.gone {
                queue.gone = true;
                (queue.taken, queue.bytes) = (0, Vec::new());
                drop(queue);
                shared.moved.notify_all();
                return;
            }
            drop(queue);
            shared.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_reader_that_reads_gets_all_in_order() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let outlet = Outlet::new(ours);
        let reader = std::thread::spawn(move || {
            let (mut all, mut block) = (Vec::new(), [0; 9000]);
            let mut theirs = theirs;
            while all.len() < 20_000 * 1000 {
                let read = std::io::Read::read(&mut theirs, &mut block).unwrap();
                all.extend_from_slice(&block[..read]);
            }
            all
        });
        let line = |n: usize| format!("{n:0999}\n").into_bytes();
        (0..20_000).for_each(|n| outlet.write(&line(n)));
        assert_eq!(outlet.drain(None), 0);
        let all = reader.join().unwrap();
        assert!(all.chunks(1000).enumerate().all(|(n, got)| got == line(n)));
    }

    #[test]
    fn one_that_stands_still_loses_whole_pieces_and_delays_little() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let outlet = Outlet::new(ours);
        let began = Instant::now();
        (0..20_000).for_each(|_| outlet.write(&[b'x'; 1000]));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(outlet.is_behind());
        assert!(outlet.drain(Some(Duration::from_millis(50))) > 10_000);
        drop(theirs);
        outlet.write(b"y"); // nobody is there
        assert_eq!(outlet.drain(None), outlet.drain(None));
    }
}
