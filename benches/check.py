#!/usr/bin/env python3
"""Speed of `flowc check` on generated programs of 1,000 to 1,000,000 lines: lines a second, memory, start-up.

Usage: python3 benches/check.py [lines …]
"""
import os, statistics, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOWC = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "flowc")

BLOCK = """/// What step {i} found.
type Found{i} = {{ file: Path, line: Int?, note: String, weight: Float }}

task find{i}(repo: Path, limit: Int = 10) -> [Found{i}] {{
  run: ["grep", "-n", "pattern{i}", repo, to_string(limit)]
  allow_exit: [0, 1]
  timeout: 5m
  retry: {{ max: 2, backoff: 10s, factor: 2.0 }}
  accept: len(result) < 100
}}

fn heavy{i}(found: [Found{i}]) -> [String] = for f in found if f.weight > 0.5 {{ "#{{f.file}}:#{{f.line ?? 0}} #{{f.note}}" }}

task step{i}(text: String) -> String {{ sh: "printf '%s' #{{text}} | wc -c" }}

workflow part{i}(repo: Path = ".") -> [String] {{
  let found = find{i}(repo)
  let texts = heavy{i}(found)
  let sizes = for t in texts with {{ parallel: 4 }} {{ step{i}(t) }}
  stage last {{ task done {{ run: ["true"] after: [sizes] }} }}
  sizes + texts
}}

"""


def program(lines):
    per = BLOCK.count("\n")
    return "".join(BLOCK.format(i=i) for i in range(max(1, lines // per)))


def measure(path):
    start = time.monotonic()
    pid = os.spawnv(os.P_NOWAIT, FLOWC, [FLOWC, "check", path])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"flowc check {path} failed")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    sizes = [int(a) for a in sys.argv[1:]] or [1_000, 10_000, 100_000, 1_000_000]
    print(f"{'lines':>9} {'MB':>6} {'s':>7} {'lines/s':>9} {'MB/s':>6} {'MiB':>6}")
    for size in sizes:
        text = program(size)
        with tempfile.NamedTemporaryFile("w", suffix=".flow", delete=False) as f:
            f.write(text)
        runs = [measure(f.name) for _ in range(5 if size <= 100_000 else 1)]
        os.unlink(f.name)
        seconds, lines = statistics.median(r[0] for r in runs), text.count("\n")
        print(
            f"{lines:9} {len(text)/1e6:6.2f} {seconds:7.3f} {lines/seconds:9.0f} {len(text)/1e6/seconds:6.1f}"
            f" {max(r[1] for r in runs):6.1f}",
            flush=True,
        )


main()
