# The recipes of the project; `just` lists them.

default:
    @just --list

# What CI runs
ci:
    .ci/run

# Format, lint, test
test:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# Speed against ninja in the same run (ninja from Debian or PyPI)
bench:
    cargo build --release
    python3 benches/against_ninja.py
    python3 benches/shapes.py

# Speed of the checker on generated programs, beside `sprocket check` on the same in WDL
bench-check:
    cargo build --release
    just sprocket || echo "sprocket could not be built here: its rows are left out"
    python3 benches/check.py

# The checker of WDL that ours is measured against: built once, from the registry
sprocket:
    test -x .cache/sprocket/bin/sprocket || cargo install sprocket --version 0.33.0 --locked --root .cache/sprocket

# The scheduler's simulator with many seeds
simulate seeds="200000":
    FLOW_SIM_SEEDS={{seeds}} cargo test --release schedule -- --nocapture

# Kill the engine at every call by which it writes, syncs, renames or starts; then at random, and with signals
crash:
    FLOW_CRASH=all cargo test crash:: -- --nocapture

# Refuse every such call in turn, with every error that a disk gives
faults:
    FLOW_FAULTS=all cargo test crash:: -- --nocapture

# Lose the power at any moment of a run, so many times
power images="120000":
    FLOW_IMAGES={{images}} cargo test f5_power -- --nocapture

# Fuzz parser, formatter and the whole check, so many seconds each (cargo install cargo-fuzz)
fuzz seconds="600":
    cargo fuzz run --sanitizer none parse -- -max_total_time={{seconds}} -dict=fuzz/flow.dict -timeout=10
    cargo fuzz run --sanitizer none fmt fuzz/corpus/fmt fuzz/corpus/parse -- -max_total_time={{seconds}} -dict=fuzz/flow.dict -timeout=10
    cargo fuzz run --sanitizer none check fuzz/corpus/check fuzz/corpus/parse -- -max_total_time={{seconds}} -dict=fuzz/flow.dict -timeout=10

# Accept changed snapshots
accept:
    INSTA_UPDATE=always cargo test
