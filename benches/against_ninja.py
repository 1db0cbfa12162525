#!/usr/bin/env python3
"""Flow against ninja on the same graphs, in turns: wide, chain and layers of `sh -c true`.

Usage: python3 benches/against_ninja.py [--rounds 3] [--only wide,chain,layers] [--scale 1.0]
Prints medians and the ratio flow / ninja, then the time to go over a finished run again (`flowc resume`), with memory.
ninja comes from Debian or PyPI. FLOW_BENCH_DIR says where to work (a disk that is a disk, for the power mode).
"""
import argparse, os, random, shutil, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOWC = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "flowc")


def graphs(scale):
    def n(x):
        return max(2, int(x * scale))

    wide = n(10_000)
    yield "wide", [(f"t{i}", []) for i in range(wide)] + [("last", [f"t{i}" for i in range(wide)])]
    yield "chain", [(f"t{i}", [f"t{i-1}"] if i else []) for i in range(n(1_000))]
    rng, width, out = random.Random(42), 100, []
    for layer in range(n(100)):
        for i in range(width):
            needs = [f"t{layer-1}_{j}" for j in sorted(rng.sample(range(width), 3))] if layer else []
            out.append((f"t{layer}_{i}", needs))
    yield "layers", out


def write_ninja(tasks, folder):
    with open(os.path.join(folder, "build.ninja"), "w") as f:
        f.write("rule r\n  command = true\n")
        for name, needs in tasks:
            f.write(f"build {name}: r {' '.join(needs)}\n")


def write_flow(tasks, folder):
    with open(os.path.join(folder, "main.flow"), "w") as f:
        f.write("workflow main() {\n")
        for name, needs in tasks:
            after = f"  after: [{', '.join(needs)}]" if needs else ""
            f.write(f'  task {name} {{ sh: "true"{after} }}\n')
        f.write("}\n")


def timed(argv, folder):
    """Seconds and the largest resident set, in MiB, of one process tree's largest member."""
    before = time.monotonic()
    with open(os.path.join(folder, "stderr"), "wb") as err:
        process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - before
    if status != 0:
        sys.exit(f"{argv} failed: {open(os.path.join(folder, 'stderr')).read()[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def the_ninja():
    """The program itself: what stands in PATH may be a script of a Python manager, which takes its own time to start."""
    try:
        import ninja

        return os.path.join(ninja.BIN_DIR, "ninja")
    except ImportError:
        return shutil.which("ninja")


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--only", default="wide,chain,layers")
    flags.add_argument("--scale", type=float, default=1.0)
    flags.add_argument("--jobs", default="4")
    args = flags.parse_args()
    ninja = the_ninja() or sys.exit("ninja is missing: apt-get install ninja-build, or pip install ninja")
    modes = ("process", "power")
    print(f"{'graph':8} {'tasks':>6} {'ninja s':>8} {'process s':>10} {'ratio':>6} {'power s':>8} {'ratio':>6} {'again ms':>9} {'MiB':>6}")
    for name, tasks in graphs(args.scale):
        if name not in args.only.split(","):
            continue
        times = {"ninja": [], "process": [], "power": [], "again": []}
        memory = 0.0
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory(dir=os.environ.get("FLOW_BENCH_DIR")) as folder:
                write_ninja(tasks, folder)
                write_flow(tasks, folder)
                times["ninja"].append(timed([ninja, "-j", args.jobs], folder)[0])
                for mode in modes:
                    argv = [FLOWC, "run", "main.flow", "-q", "-j", args.jobs, "--durability", mode]
                    seconds, mib = timed(argv, folder)
                    times[mode].append(seconds)
                    memory = max(memory, mib)
                run = sorted(os.listdir(os.path.join(folder, ".flow", "runs")))[-1]
                times["again"].append(timed([FLOWC, "resume", run, "-q"], folder)[0])
        m = {k: statistics.median(v) for k, v in times.items()}
        print(
            f"{name:8} {len(tasks):6} {m['ninja']:8.3f} {m['process']:10.3f} {m['process']/m['ninja']:6.2f}"
            f" {m['power']:8.3f} {m['power']/m['ninja']:6.2f} {m['again']*1000:9.1f} {memory:6.1f}",
            flush=True,
        )


main()
