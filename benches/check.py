#!/usr/bin/env python3
"""Speed of `flowc check` on generated programs of 1,000 to 1,000,000 lines: lines a second, memory, (at 1,000 lines) what a
start costs, and (at 100,000) what one core alone does. Beside it `sprocket check` on the same program written in WDL, the
front end's share of a workflow of 10,000 inline tasks, and workflows of 5,000 tasks with claims.

Usage: python3 benches/check.py [lines …]
sprocket is looked for in $SPROCKET, in .cache/sprocket/bin (where `just sprocket` puts it) and in the path.
"""
import os, shutil, statistics, subprocess, sys, tempfile, time

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

# What each of 5,000 tasks says that it uses; `@` is its number.
CLAIMS = [
    ("5,000 files", 'writes: ["out/f@"]'),
    ("5,000 folders", 'writes: ["out/@/**"] reads: ["src/**"]'),
    ("5,000 endings", 'writes: ["**/f@.md"]'),
    ("5,000 middles", 'writes: ["out/*/@/*.md"]'),
    ("5,000 unknowns", 'writes: ["out/#{v@}/**"]'),
]

# WDL has one workflow a document and no functions: what a block's workflow does stands in that one.
WDL_BLOCK = """# What step {i} found.
struct Found{i} {{
  File file
  Int? line
  String note
  Float weight
}}

task find{i} {{
  input {{
    String repo
    Int limit = 10
  }}
  command <<< grep -n "pattern{i}" ~{{repo}} ~{{limit}} >>>
  output {{ Array[Found{i}] found = read_json(stdout()) }}
  requirements {{
    max_retries: 2
    return_codes: [0, 1]
  }}
}}

task step{i} {{
  input {{ String text }}
  command <<< printf '%s' "~{{text}}" | wc -c >>>
  output {{ String size = read_string(stdout()) }}
}}

"""
WDL_CALLS = """  call find{i} {{ repo = repo }}
  scatter (f{i} in find{i}.found) {{
    if (f{i}.weight > 0.5) {{
      call step{i} {{ text = "~{{f{i}.file}}:~{{select_first([f{i}.line, 0])}} ~{{f{i}.note}}" }}
    }}
  }}
"""


def program(lines):
    per = BLOCK.count("\n")
    return "".join(BLOCK.format(i=i) for i in range(max(1, lines // per)))


def in_wdl(lines):
    count = max(1, lines // (WDL_BLOCK.count("\n") + WDL_CALLS.count("\n")))
    calls = "".join(WDL_CALLS.format(i=i) for i in range(count))
    head = "version 1.2\n\n" + "".join(WDL_BLOCK.format(i=i) for i in range(count))
    return head + "workflow main {\n  input { String repo = \".\" }\n" + calls + "}\n"


def many_tasks(count):
    tasks = "".join(f'  task t{i} {{ sh: "true"{f"  after: [t{i-1}]" if i else ""} }}\n' for i in range(count))
    return "workflow main() {\n" + tasks + "}\n"


def many_claims(count, claim):
    tasks = "".join(
        f'  task t{i} {{ run: ["true"] on_crash: rerun {claim.replace("@", str(i))} }}\n' for i in range(count)
    )
    params = ", ".join(f"v{i}: String" for i in range(count)) if "#{" in claim else ""
    return f"workflow main({params}) {{\n{tasks}}}\n"


def sprocket():
    cached = os.path.join(ROOT, ".cache", "sprocket", "bin", "sprocket")
    found = os.environ.get("SPROCKET") or (cached if os.path.exists(cached) else shutil.which("sprocket"))
    return [found, "check"] if found else None


# What a process weighs counts from the fork on: it is started by one that is small, not by this one with its texts.
STARTER = """
import os, sys, time
if sys.argv.pop(1) == "one":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
null = os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
print(status, time.monotonic() - start, usage.ru_maxrss / 1024)
"""


def measure(cores, argv):
    told = subprocess.run([sys.executable, "-I", "-S", "-c", STARTER, cores, *argv], capture_output=True, text=True, check=True)
    status, seconds, mib = told.stdout.split()
    if status != "0":
        sys.exit(f"{' '.join(argv)} failed")
    return float(seconds), float(mib)


def row(name, tool, text, suffix, cores="all"):
    with tempfile.NamedTemporaryFile("w", suffix=suffix, delete=False) as f:
        f.write(text)
    try:
        runs = [measure(cores, [*tool, f.name]) for _ in range(5 if len(text) < 5e6 else 1)]
    finally:
        os.unlink(f.name)
    seconds, lines, size = statistics.median(r[0] for r in runs), text.count("\n"), len(text) / 1e6
    print(
        f"{name:15} {lines:8} {size:6.2f} {seconds*1000:8.1f} {lines/seconds:9.0f} {size/seconds:6.1f}"
        f" {max(r[1] for r in runs):7.1f}",
        flush=True,
    )


def main():
    sizes = [int(a) for a in sys.argv[1:]] or [1_000, 10_000, 100_000, 1_000_000]
    peer = sprocket()
    print(f"{'':15} {'lines':>8} {'MB':>6} {'ms':>8} {'lines/s':>9} {'MB/s':>6} {'MiB':>7}")
    for size in sizes:
        row("flowc check", [FLOWC, "check"], program(size), ".flow")
        if peer and size <= 100_000:
            row("sprocket check", peer, in_wdl(size), ".wdl")
        if size == 100_000:
            row("… on one core", [FLOWC, "check"], program(size), ".flow", "one")
            if peer:
                row("… on one core", peer, in_wdl(size), ".wdl", "one")
    row("10,000 tasks", [FLOWC, "check"], many_tasks(10_000), ".flow")
    for name, claim in CLAIMS:
        row(name, [FLOWC, "check"], many_claims(5_000, claim), ".flow")
    if not peer:
        print("sprocket is missing: `just sprocket` builds it (some 680 crates); the rows of flowc stand alone")


main()
