#!/usr/bin/env python3
"""What else the engine promises, measured on the built binary: tasks in process, a cold start, depth, fan-in, flat memory.

Usage: python3 benches/shapes.py [--scale 1.0] [--only pure,cold,depth,fan-in,map,syncs]
Prints one line a shape, with what is wanted. FLOW_BENCH_DIR says where to work.
"""
import argparse, os, re, shutil, statistics, subprocess, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOWC = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "flowc")


def write(folder, lines):
    with open(os.path.join(folder, "main.flow"), "w") as file:
        file.write("workflow main() {\n")
        file.writelines(f"  {line}\n" for line in lines)
        file.write("}\n")


def run(folder, *more, durability="process", prefix=()):
    """Seconds and the peak of memory in MiB of one run."""
    argv = [*prefix, FLOWC, "run", "main.flow", "-q", "--durability", durability, *more]
    before = time.monotonic()
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - before
    if status != 0:
        raise SystemExit(f"{argv} failed with {status}")
    return seconds, usage.ru_maxrss / 1024


def compiled(folder):
    """Seconds for everything up to the plan."""
    before = time.monotonic()
    subprocess.run([FLOWC, "compile", "main.flow", "-o", "main.plan.json"], cwd=folder, check=True, capture_output=True)
    return time.monotonic() - before


def pure(folder, n):
    write(folder, [f"let t{i} = now()" for i in range(n)])
    front = compiled(folder)
    seconds, mib = run(folder)
    engine = max(seconds - front, 1e-9)
    return f"{n} times now(): {n/engine:,.0f} a second (wanted 50,000), {seconds:.2f} s in all, {mib:.0f} MiB"


def cold(folder, n):
    write(folder, ['task first { sh: "date +%s%N > at" }'])
    took = []
    for _ in range(n):
        before = time.time_ns()
        run(folder)
        took.append((int(open(os.path.join(folder, "at")).read()) - before) / 1e6)
    return f"cold start to the first task's own clock: {statistics.median(took):.1f} ms (wanted 10)"


def depth(folder, n):
    names = [f"task c{i} {{ sh: \"true\"{f'  after: [c{i-1}]' if i else ''} }}" for i in range(n)]
    write(folder, names)
    seconds, mib = run(folder)
    return f"chain of {n}: {seconds:.1f} s, {seconds/n*1e6:.0f} µs a task, {mib:.0f} MiB"


def fan_in(folder, n):
    names = [f"task t{i} {{ sh: \"true\" }}" for i in range(n)]
    write(folder, names + [f"task last {{ sh: \"true\"  after: [{', '.join(f't{i}' for i in range(n))}] }}"])
    seconds, mib = run(folder)
    return f"fan-in of {n}: {seconds:.1f} s, {mib:.0f} MiB"


def resident(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            found = re.search(r"VmRSS:\s+(\d+)", status.read())
            return int(found.group(1)) / 1024 if found else 0.0
    except OSError:
        return 0.0


def family(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            below = children.read().split()
    except OSError:
        below = []
    return [pid] + [each for child in below for each in family(int(child))]


def flat(folder, n):
    """Resident memory of the runner while a map goes over n elements."""
    write(folder, [f"let all = for i in range(0, {n}) {{ now() }}"])
    process = subprocess.Popen([FLOWC, "run", "main.flow", "-q", "--durability", "process"], cwd=folder)
    samples, began = [], time.monotonic()
    while process.poll() is None:
        samples.append((time.monotonic() - began, max(map(resident, family(process.pid)), default=0.0)))
        time.sleep(0.05)
    if process.returncode != 0:
        raise SystemExit(f"the map failed with {process.returncode}")
    whole = samples[-1][0]
    early = max(mib for at, mib in samples if at <= whole * 0.1)
    late = max(mib for at, mib in samples if at <= whole * 0.9)
    grown = (late - early) * 2**20 / (0.8 * n)
    return f"map over {n}: {whole:.1f} s ({n/whole:,.0f} a second), {early:.0f} MiB at 10 %, {late:.0f} at 90 %: {grown:.1f} bytes an iteration (wanted 8)"


def syncs(folder, n):
    strace = shutil.which("strace")
    if not strace:
        return "syncs: strace is missing"
    write(folder, [f"task c{i} {{ sh: \"true\"{f'  after: [c{i-1}]' if i else ''} }}" for i in range(n)])
    counts = os.path.join(folder, "counts")
    prefix = (strace, "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o", counts)
    run(folder, durability="power", prefix=prefix)
    made = sum(1 for line in open(counts) if "sync" in line and "resumed" not in line)
    return f"syncs of a chain of {n} under power: {made} (wanted at most {n} and a few)"


SHAPES = {
    "pure": (pure, 10_000),
    "cold": (cold, 20),
    "depth": (depth, 100_000),
    "fan-in": (fan_in, 10_000),
    "map": (flat, 1_000_000),
    "syncs": (syncs, 1_000),
}


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--only", default=",".join(SHAPES))
    flags.add_argument("--scale", type=float, default=1.0)
    args = flags.parse_args()
    for name, (measure, size) in SHAPES.items():
        if name in args.only.split(","):
            with tempfile.TemporaryDirectory(dir=os.environ.get("FLOW_BENCH_DIR")) as folder:
                print(f"{name:7} {measure(folder, max(2, int(size * args.scale)))}", flush=True)


main()
