# Shorthand for the commands in CONTRIBUTING.md. Get just with `cargo install just`, or do without.

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

# Checks what a change must pass, for example `just ci prose lint`.
ci *STEPS:
    .ci/run {{ STEPS }}
