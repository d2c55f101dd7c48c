# Works with any POSIX shell and make 3.81; nothing but Python is needed on the machine (`drill`: a container engine).
.DEFAULT_GOAL := help
.PHONY: help run check test browser lint fmt contracts bench chaos drill soak migrate lock

# Where this is set, each of our processes would compile the whole tree anew, and pytest rewrite all tests.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Rounds of `make chaos`, modules of `make soak` (all, after chaos), further arguments of pytest, tests that run side by side.
N ?= 20
MODULES ?=
ARGS ?=
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --durations 10
# Written last (deploy/venv.py): an interrupted or outdated environment has no such file and is made anew.
STAMP := $(VENV)/.complete-$(shell cksum < requirements.lock | tr -s ' ' '-')
READY := $(STAMP) $(BIN)/dozvon
# Part of `make bench`; what users would pick instead runs in an environment of its own, made when it is measured.
PART ?=
BENCH_VENV ?= .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.complete-$(shell cksum < requirements-bench.lock | tr -s ' ' '-')
PEERS := $(if $(PART),$(findstring peers,$(PART))$(findstring smoke,$(PART)),peers)
# Containers of `make drill`. A project, an image and ports of its own: what it takes down is nobody else's.
ENGINE ?= docker
BUILD ?= $(ENGINE) build
COMPOSE ?= $(ENGINE) compose
DRILL_PORT ?= 8090
DRILL_TLS_PORT ?= 8453
DRILL := dozvon-drill
DEMO = $(COMPOSE) -p $(DRILL) --env-file deploy/demo.env -f deploy/compose.yml

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: $(READY) ## Start everything on this machine: servers, demo desk, four services, stand-in
	@exec $(BIN)/python -m deploy.local

check: lint ## Lint, then run the tests that need no server: a minute
	$(PYTEST) -n 2 --pure $(ARGS)

test: lint ## Lint, then run all tests on a real PostgreSQL and a real Kafka
	$(PYTEST) $(ARGS)

browser: $(READY) ## Try pages of other origins in a real browser (CHROME=path; as root on Debian it is installed)
	@$(BIN)/python -m tests.browser $(ARGS)

lint: $(READY) ## Check style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(READY) ## Mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contracts: $(READY) ## Write the generated files anew: events, APIs, requirements, playbooks, providers, settings
	$(BIN)/python -m libs.common.contracts.export
	$(BIN)/python -m deploy.documents
	$(BIN)/python -m libs.common.testkit.requirements_report
	$(BIN)/python -m services.tasks.playbooks.reference
	$(BIN)/python -m services.notifications.providers.reference
	$(BIN)/python -m deploy.readme

bench: $(READY) $(if $(PEERS),$(BENCH_STAMP)) ## Measure the shipped app and write docs/benchmarks.md (PART=chain: one part; smoke: what tests leave out, tiny)
	$(BIN)/python -m tests.bench $(if $(PART),--only $(PART)) --peers $(BENCH_VENV)/bin/python $(ARGS)

chaos: $(READY) ## Kill random processes under load, N rounds (N=20), and check the invariants
	$(BIN)/python -m tests.chaos --rounds $(N)

drill: export DOZVON_IMAGE := dozvon:drill
drill: export DOZVON_PORT := $(DRILL_PORT)
drill: export DOZVON_TLS_PORT := $(DRILL_TLS_PORT)
drill: $(READY) ## Build the image, start the demo in containers and kill each of them under orders (ENGINE=docker)
	@$(ENGINE) ps > /dev/null 2>&1 || { echo "make drill needs a container engine, and '$(ENGINE)' does not answer:" \
		"start it, or name another (ENGINE=podman)"; exit 1; }
	$(BUILD) -f deploy/Dockerfile -t $$DOZVON_IMAGE .
	@trap 'code=$$?; trap - EXIT; $(DEMO) down --volumes --remove-orphans; exit $$code' EXIT; trap 'exit 130' INT TERM; \
	$(DEMO) up -d --wait && \
	$(BIN)/python -m tests.deploy.compose_drill --engine "$(ENGINE)" --compose "$(COMPOSE)" --project $(DRILL) \
		--origin http://127.0.0.1:$(DRILL_PORT) $(ARGS)

soak: $(READY) ## What takes long: chaos, a day of the school under kills, and the mutation score of rules and engine (MODULES=services.tasks.engine.moments)
	$(if $(MODULES),,$(BIN)/python -m tests.chaos --rounds $(N))
	$(if $(MODULES),,$(BIN)/python -m tests.chaos day school)
	$(BIN)/python -m tests.mutation $(MODULES)

migrate: $(READY) ## Bring the schemas of the local stack's database up to date
	$(BIN)/python -m deploy.local migrate

lock: ## Resolve pyproject.toml into both locks again (UPGRADE=--upgrade takes newer versions)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra local --extra dev --universal --generate-hashes \
		--python-version 3.11 --custom-compile-command "make lock" $(UPGRADE) \
		--quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra bench --universal --generate-hashes --constraint requirements.lock \
		--python-version 3.11 --custom-compile-command "make lock" $(UPGRADE) \
		--quiet --output-file requirements-bench.lock

$(STAMP): requirements.lock
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not found: install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) deploy/venv.py $(VENV) $@

$(BENCH_STAMP): requirements-bench.lock
	@$(PYTHON) deploy/venv.py $(BENCH_VENV) $@ requirements-bench.lock

$(BIN)/dozvon: deploy/command.py | $(STAMP)
	@$(BIN)/python deploy/command.py $(VENV)
