# `make` alone lists what there is. ARGS passes flags on: make run ARGS="--port-base 9000", make test ARGS=tidy

LOGS ?= target/doorbuster.jsonl
SCREENSHOTS ?= docs/screenshots
export SCREENSHOTS

.PHONY: help run setup-stack test test-long lint bench rules dashboards dashboards-check fuzz screenshots measure-page measure-memory verify-all \
	up down logs engine tools

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: tools ## build and start the lab: shop, shoppers, control
	@mkdir -p $(dir $(LOGS))
	@cargo build --locked --profile lab
	@echo "The services' JSON logs go to $(LOGS)." >&2
	@cargo run --quiet --locked --profile lab -- up $(ARGS) >$(LOGS)

setup-stack: ## Prometheus and Alertmanager from the system's packages, for alerts
	@scripts/setup-stack.sh

test: tools ## all but what is long by nature, against real servers; installs those that are missing where it may
	@scripts/setup-tests.sh
	@env -u SCREENSHOTS cargo test --locked --no-fail-fast --lib --bins --test it --test lifecycle -- $(ARGS)

# One after another: each needs the machine to itself, or waits for minutes.
test-long: tools ## whole runs of verify, ten minutes of an ordinary evening, replays, and every effect in every place: 40 minutes
	@scripts/setup-tests.sh
	@env -u SCREENSHOTS cargo test --locked --no-fail-fast --test it -- --ignored --test-threads 1 $(ARGS)
	@cargo test --locked --test matrix -- $(ARGS)

lint: tools ## formatting, and clippy without a warning
	@cargo fmt --check
	@cargo clippy --locked --all-targets -- -D warnings

bench: tools ## figures, measured on this machine (idle, two cores, nginx installed)
	@cargo bench --locked --profile lab --bench '*' -- $(ARGS)

rules: tools ## the generated alert rules, routes and objectives, made anew from their sources
	@UPDATE=1 cargo test --locked --test it -- rules::fresh::generated_files

dashboards: tools ## Grafana's dashboards, made anew from grafana/sources
	@UPDATE=1 cargo test --locked --test it -- grafana::fresh::dashboards_are

dashboards-check: tools ## whether every panel shows data, and Grafana can read it
	@scripts/setup-tests.sh
	@cargo test --locked --test it -- grafana::

# libFuzzer asks for flags that stable Rust has only by this variable; cargo-fuzz: cargo install cargo-fuzz
FUZZ_SECONDS ?= 300
FUZZ_TARGETS := scenario otlp_protobuf otlp_json rules routes objectives traceparent baggage query webhook
FUZZ_SEEDS_scenario := scenarios
FUZZ_SEEDS_rules := alerts
FUZZ_SEEDS_routes := alerts
FUZZ_SEEDS_objectives := slo/sloth
TARGET ?= $(FUZZ_TARGETS)
fuzz: tools ## five minutes of anything for each parser of bytes from outside; TARGET=NAME for one
	@for target in $(TARGET); do $(MAKE) --no-print-directory "fuzz-$$target" || exit 1; done

fuzz-%:
	@mkdir -p fuzz/corpus/$*
	@RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $* fuzz/corpus/$* $(or $(FUZZ_SEEDS_$*),fuzz/seeds/$*) -- \
		$(if $(wildcard fuzz/$*.dict),-dict=fuzz/$*.dict) -max_len=16384 -timeout=10 -max_total_time=$(FUZZ_SECONDS) $(ARGS)

screenshots: tools ## new pictures of the pages, taken by a real browser, for the documents
	@scripts/setup-tests.sh
	@cargo test --locked --test it -- shown_by_a_browser

measure-page: tools ## what the console costs: weight, first paint, the lab's processor time; ARGS="--soak 120" for memory
	@cargo build --locked --profile lab
	@scripts/measure-page.py $(ARGS)

measure-memory: tools ## Black Friday's memory, descriptors and threads, each minute; twenty minutes
	@cargo build --locked --profile lab
	@scripts/measure-memory.py $(ARGS)

verify-all: tools ## every scenario with a real Prometheus and Alertmanager; an hour, and docs/verified.md anew
	@scripts/setup-tests.sh
	@cargo build --locked --profile lab
	@cargo run --quiet --locked --profile lab -- verify --page docs/verified.md $(ARGS) \
		$(notdir $(basename $(wildcard scenarios/*.yaml)))

# docker/README.md; PROFILE is lite, full or split.
PROFILE ?= full
COMPOSE = docker compose --file docker/compose.yaml --profile

up: engine docker/.env ## the lab and all that looks at it, in containers (PROFILE=lite, full or split)
	@$(COMPOSE) $(PROFILE) up --build --detach $(ARGS)
	@echo "Grafana http://127.0.0.1:3000, shop http://127.0.0.1:8000, lab http://127.0.0.1:8010; who may in: docker/.env" >&2

down: engine docker/.env ## ends the containers, of whichever profile; ARGS=--volumes forgets what they kept
	@$(COMPOSE) lite --profile full --profile split down $(ARGS)

logs: engine docker/.env ## what the containers say; ARGS=lab for one of them
	@$(COMPOSE) $(PROFILE) logs --follow --tail 50 $(ARGS)

docker/.env:
	@cp docker/.env.example $@
	@echo "$@ is new, with a demonstration's passwords" >&2

engine:
	@docker compose version >/dev/null 2>&1 || { echo "docker compose is missing: https://docs.docker.com/compose/install" >&2; exit 2; }

# One line for each that is missing, not the wall that a failed build would be.
tools:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs (1.94 or newer)" >&2; exit 2; }
	@command -v "$${CC:-cc}" >/dev/null || { echo "a C compiler is missing: apt-get install build-essential (macOS: xcode-select --install)" >&2; exit 2; }
