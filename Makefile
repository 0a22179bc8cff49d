# Every command of the project, one line each. They need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ALL_SERVICES = --extra ingest --extra matcher --extra notifier --extra console
COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command 'make lock' $(ARGS)

.PHONY: help install install-dev install-bench demo demo-reset check generate format test faults simulate bench bench-million bench-quick quality lock lock-dev lock-bench lock-demo lock-ingest lock-matcher lock-notifier lock-console lock-tools no-address

help:          ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14
install:       ## the environment of the demo: leaves .venv/bin/essaim ready
	@$(PYTHON) -m deploy.local.install demo --venv $(VENV)
install-dev:   ## the same, with what checks and tests need
	@$(PYTHON) -m deploy.local.install dev --venv $(VENV)
install-bench: ## and with what benchmarks compare with
	@$(PYTHON) -m deploy.local.install bench --venv $(VENV)
demo: install  ## all of Essaim on this machine, on real servers; Ctrl-C stops it (ARGS=--quiet: no feed)
	@exec $(BIN)/essaim demo $(ARGS)
demo-reset:    ## forget the data of the demo (what was downloaded stays)
	@$(PYTHON) -m deploy.local.reset $(ARGS)
check: install-dev no-address  ## style, types, import rules, unit and contract tests
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/pytest tests/unit tests/contract
generate: install-dev  ## rewrite the documents made from the code: schemas, AsyncAPI, OpenAPI, settings
	$(BIN)/python -m deploy.documents $(ARGS)
format: install-dev  ## put the code in its house style
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
test: install-dev    ## every test, on real servers found or started
	$(BIN)/pytest $(ARGS)
faults: install-dev  ## the long version of tests/faults, over an hour: what it lost, doubled, and how soon it was ready again
	ESSAIM_TEST_SERVERS=embedded ESSAIM_FAULTS=long $(BIN)/pytest -v tests/faults $(ARGS)
simulate: install-dev  ## matchers on a scripted log, with crashes and pauses at any await: ESSAIM_SIMULATION_STEPS of them (200000), anew each time
	ESSAIM_SIMULATION_STEPS=$${ESSAIM_SIMULATION_STEPS:-200000} $(BIN)/pytest -s tests/simulation/test_simulation.py $(ARGS)
bench: install-bench  ## the engine against its peers at 100 000 offers, and the stream, checked and written to benchmarks/results and docs
	$(BIN)/python -m benchmarks.engine $(ARGS) && $(BIN)/python -m benchmarks.engine --national 0.4 --twins 0.4 --name engine-national && $(BIN)/python -m benchmarks.stream && $(BIN)/python -m benchmarks.page
bench-million: install-bench  ## the engine against its peers at 1 000 000 offers: 16 GB, ten minutes
	$(BIN)/python -m benchmarks.engine --offers 1000000 --projects 100000 --queries 100 --peer-seconds 60 --name engine-1m $(ARGS) && $(BIN)/python -m benchmarks.page
bench-quick: install-bench  ## the same on fewer offers and events, in under two minutes; says less
	begun=$$(date +%s) && $(BIN)/python -m benchmarks.engine --name engine-quick --offers 10000 --projects 2000 --queries 50 --memory 512 --seconds 2 $(ARGS) && $(BIN)/python -m benchmarks.stream --name stream-quick --events 2000 --times 1 --offers 300 --projects 100 --known 60 --rate 4 --seconds 5 && echo "bench-quick took $$(($$(date +%s) - begun)) s"
quality: install-dev  ## how often the right fund, or the project of the défi, comes first; fails below benchmarks/quality/floors.json
	$(BIN)/python -m benchmarks.quality
lock: lock-ingest lock-matcher lock-notifier lock-console lock-demo lock-bench lock-tools no-address  ## pin what pyproject.toml asks, with hashes
lock-dev:
	$(COMPILE) pyproject.toml $(ALL_SERVICES) --extra demo --extra dev -o requirements/dev.txt
lock-bench: lock-dev
	$(COMPILE) pyproject.toml $(ALL_SERVICES) --extra demo --extra dev --extra bench -c requirements/dev.txt -o requirements/bench.txt
lock-demo: lock-dev
	$(COMPILE) pyproject.toml $(ALL_SERVICES) --extra demo -c requirements/dev.txt -o requirements/demo.txt
lock-ingest lock-matcher lock-notifier lock-console: lock-%: lock-dev
	$(COMPILE) pyproject.toml --extra $* -c requirements/dev.txt -o requirements/$*.txt
lock-tools:
	$(COMPILE) requirements/uv.in -o requirements/uv.txt && $(COMPILE) requirements/build.in -o requirements/build.txt
no-address:    ## no package registry's address in a locked file
	@! grep -n '://' requirements/* deploy/local/*.lock
