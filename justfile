# Shorthand for the commands in CONTRIBUTING.md. Install just with `cargo install just`; it is
# optional.

[private]
default:
    @just --list

# Starts the whole backend on this machine, for example `just run --watch`.
run *OPTIONS:
    cargo run -- {{ OPTIONS }}

# Runs the Rust tests, for example `just test expired_token`.
test *FILTER:
    cargo test --workspace {{ FILTER }}

# Writes docs/openapi.yaml, docs/asyncapi.yaml and docs/api.md from the code.
api:
    cargo run --bin api-docs

# Measures the functions as they are deployed.
bench:
    cargo bench

# Runs the checks that a change must pass, for example `just ci prose lint`.
ci *STEPS:
    .ci/run {{ STEPS }}
