# `make demo` and `make test` each work as the first command on a fresh Debian 12 with python3 and make.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

WORKERS ?= 2
BIN := .venv/bin
CODE := src tests benchmarks examples
PACKAGE := pyproject.toml scripts/environment.sh

# A stamp says that an environment holds what its files ask for.
USER := .venv/.user
DEV := .venv/.dev
BARE := .venv-bare/.ready
OLDEST := .venv-oldest/.ready
BENCH := .venv-bench/.ready

GROUPS ?= startup caller writer off workflow durability store search trace_run peers
OWN_GROUPS := $(filter-out peers,$(GROUPS))

.PHONY: help demo install format lint type test oldest crash bench check coverage lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(USER) ## Run examples/digest.yaml offline and show the trace
	$(BIN)/agentglass run examples/digest.yaml
	$(BIN)/agentglass show last

install: $(DEV) ## Create .venv with the package, every extra and the tools

format: $(DEV) ## Format the code and sort its imports
	$(BIN)/ruff check --select I --fix $(CODE)
	$(BIN)/ruff format $(CODE)

lint: $(DEV) ## Check format, style and the floors
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/lint-imports

type: $(DEV) ## Check the types
	$(BIN)/mypy

test: $(DEV) $(BARE) ## Run the tests
	$(BIN)/python -m pytest -n $(WORKERS)

# The oldest libraries have no wheels for later versions of Python.
oldest: ## Run the tests on the oldest supported versions
	@if python3.11 --version >/dev/null 2>&1; then \
		$(MAKE) $(OLDEST) && \
		.venv-oldest/bin/python -m pytest -n $(WORKERS) --ignore tests/house; \
	else \
		echo "[.venv-oldest] skipped: needs python3.11, which is not on the PATH" >&2; \
	fi

crash: $(DEV) ## Kill recording programs 200 times and look at what they left
	AGENTGLASS_CRASH_TRIALS=200 $(BIN)/python -m pytest -n $(WORKERS) tests/crash

check: lint type test oldest ## Everything that CI runs

# GROUPS names some of: startup caller writer off workflow durability store search trace_run peers.
bench: $(DEV) $(if $(filter peers,$(GROUPS)),$(BENCH)) ## Measure the budgets of docs/performance.md; prints JSON lines
	$(if $(OWN_GROUPS),@$(BIN)/python -m benchmarks $(OWN_GROUPS))
	$(if $(filter peers,$(GROUPS)),@.venv-bench/bin/python -m benchmarks peers)

coverage: $(DEV) ## Write the tests' requirement ids into docs/coverage
	$(BIN)/python tests/house/coverage_rows.py

lock: ## Compile requirements/*.txt again
	PYTHON=python3.11 scripts/lock.sh constraints -e '.[all]' -r requirements/dev.in
	PYTHON=python3.11 scripts/lock.sh oldest -e '.[all]' -r requirements/oldest.in -r requirements/test.in
	PYTHON=python3.11 scripts/lock.sh bench -e '.[run]' -r requirements/bench.in

clean: ## Remove the environments and the caches
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(USER): $(PACKAGE) requirements/constraints.txt
	@scripts/environment.sh .venv requirements/constraints.txt -e '.[all]'
	@echo "[.venv] not installed: test tools and linters, which only make test, lint and type need" >&2
	@touch $@

$(DEV): $(USER) requirements/dev.in requirements/test.in
	@scripts/environment.sh .venv requirements/constraints.txt -r requirements/dev.in
	@touch $@

$(BARE): $(PACKAGE) requirements/constraints.txt
	@scripts/environment.sh .venv-bare requirements/constraints.txt -e .
	@echo "[.venv-bare] not installed: the extras, because the tests show what works without them" >&2
	@touch $@

$(OLDEST): $(PACKAGE) requirements/oldest.txt requirements/test.in
	@PYTHON=python3.11 scripts/environment.sh .venv-oldest requirements/oldest.txt -e '.[all]' -r requirements/test.in
	@touch $@

$(BENCH): $(PACKAGE) requirements/bench.txt
	@PYTHON=python3.11 scripts/environment.sh .venv-bench requirements/bench.txt -e '.[run]' -r requirements/bench.in
	@touch $@
