//! How much a small captured command costs: `sh -c true`, 4 in flight, one thread, beside `posix_spawn` alone.
//!
//! `cargo bench --bench spawn [COUNT]`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints what it measured")]

use flow::exec::process::{ProcessRequest, Processes};
use flow::exec::{Environment, Executor, Local, Request, Settings, Ticket, sys};
use std::time::Instant;

fn request(n: u64) -> ProcessRequest {
    ProcessRequest::new(format!("bench/{n}"), ["/bin/sh", "-euc", "true"])
}

fn processes(count: u64, flight: usize) {
    sys::adopt_orphans().unwrap();
    let mut pool = Processes::new(Environment::allowed(&[]), true).unwrap();
    let (mut next, mut ended, mut done) = (0, 0, Vec::new());
    while ended < count {
        while pool.running() < flight && next < count {
            pool.start(Ticket(next), request(next)).unwrap();
            next += 1;
        }
        pool.turn(None, &mut done);
        ended += done.drain(..).count() as u64;
    }
}

fn local(count: u64, flight: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut local = Local::new(Settings { sole_parent: true, ..Settings::default() }).unwrap();
        let (mut next, mut ended, mut done) = (0, 0, Vec::new());
        while ended < count {
            while local.running() < flight && next < count {
                local.start(Ticket(next), Request::Process(request(next))).unwrap();
                next += 1;
            }
            std::future::poll_fn(|cx| local.poll_done(cx, &mut done)).await;
            ended += done.drain(..).count() as u64;
        }
    });
}

/// Without outputs: the floor.
fn bare(count: u64, flight: usize) {
    let mut children = std::collections::VecDeque::new();
    for _ in 0..count {
        if children.len() == flight {
            let mut oldest: std::process::Child = children.pop_front().unwrap();
            oldest.wait().unwrap();
        }
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-euc", "true"]).stdin(std::process::Stdio::null());
        children.push_back(command.spawn().unwrap());
    }
    for mut child in children {
        child.wait().unwrap();
    }
}

fn measure(name: &str, count: u64, work: impl Fn()) {
    let own = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
    };
    let (begun, before) = (Instant::now(), own());
    work();
    let (wall, own) = (begun.elapsed().as_secs_f64() * 1e6, own() - before);
    println!(
        "{name:44} {:7.1} µs a task, {:6.1} of our own processor time",
        wall / count as f64,
        own / count as f64
    );
}

fn main() {
    let count = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(10_000);
    // FLOW_BENCH_HEAP=MiB: how it goes in a process that has grown.
    let mib: usize = std::env::var("FLOW_BENCH_HEAP").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let heap = vec![1u8; mib << 20];
    for _ in 0..2 {
        for flight in [1, 4] {
            let count = if flight == 1 { count / 4 } else { count };
            measure(&format!("posix_spawn, uncaptured, {flight} in flight"), count, || bare(count, flight));
            measure(&format!("Processes, captured, {flight} in flight"), count, || processes(count, flight));
            measure(&format!("Local on tokio, captured, {flight} in flight"), count, || local(count, flight));
        }
    }
    std::hint::black_box(&heap);
}
