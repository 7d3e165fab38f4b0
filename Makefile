# All that is needed is Python 3.11 or newer with venv and pip. Everything else comes into .venv, from locked versions.
#
#   make demo     PYTHON=python3.12 make test     make test ARGS="-k merge"

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak hunt lock build clean

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
    $$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo $$p; break; }; done)

# Paths stay relative: the folder of a clone may have blanks in its name.
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
LOCKED := $(PIP) --require-hashes --no-build-isolation -r
PACKAGE := pyproject.toml requirements/build.txt

ARGS ?=
DEMO ?=
PART ?=
SEED ?= 1
SEEDS ?= 2000
FIRST ?= 1
NETS ?= all
WORLDS ?=
NAMES ?=
KILLS ?= 1000
LINES ?= 1000
STOPS ?= 200
MINUTES ?= 3
TIMERS ?= 100000

help: ## Show this
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /\1	/' | while IFS='	' read -r target about; do \
	    printf '  make %-6s  %s\n' "$$target" "$$about"; done

demo: .venv/.run ## Five simulated platforms, people, outages, a kill -9 of the daemon; and the claims, checked
	@.venv/bin/syncline demo $(DEMO)

test: .venv/.dev ## All tests; ARGS="..." goes to pytest
	@$(PY) -m pytest -n 2 --dist loadfile $(ARGS)

lint: .venv/.dev ## Style, types, who imports whom, and that no file names somebody's machine
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) .ci/names.py

bench: .venv/.dev ## Measure: calls, latency, throughput, memory, drift
	@$(PY) tests/bench/run.py $(ARGS)

soak: .venv/.dev ## Simulated worlds and crashes at length: SEEDS=2000 FIRST=1 NETS=all KILLS=1000 LINES=1000 STOPS=200 MINUTES=3 TIMERS=100000 SEED=1; one of them by PART=worlds, kills, lines, stops, disk, daemon or timers
	@$(if $(filter worlds,$(or $(PART),worlds)),$(PY) tests/simulation/run.py --seeds $(SEEDS) --first $(FIRST) --nets $(NETS) $(WORLDS))
	@$(if $(filter-out worlds,$(or $(PART),all)),SYNCLINE_SEED=$(SEED) SYNCLINE_KILLS=$(KILLS) SYNCLINE_LINES=$(LINES) \
	    SYNCLINE_STOPS=$(STOPS) SYNCLINE_MINUTES=$(MINUTES) SYNCLINE_TIMERS=$(TIMERS) \
	    $(PY) -m pytest tests/crash$(if $(PART),/test_$(PART).py) --timeout 7200 $(ARGS))

hunt: .venv/.dev ## Look for the planted bugs: NAMES="retry-blindly ..." (all), HUNT=100 worlds each at most
	@$(PY) tests/simulation/hunt.py $(NAMES) --seeds $(or $(HUNT),100)

lock: .venv/.dev ## Choose versions anew (needs uv)
	@PATH="$$PWD/.venv/bin:$$PATH" sh .ci/lock

build: .venv/.dev ## Make the wheel and the source distribution, in dist/
	@$(PY) -m hatchling build

clean: ## Remove what make made
	@rm -rf .venv dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Syncline needs Python 3.11 or newer, and none was found; name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "$(PYTHON) is too old: Syncline needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "no virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# The stamps say that .venv has what the locks name. The second one implies the first.
.venv/.run: requirements/run.txt $(PACKAGE) | .venv/bin/python
	@echo "Installing Syncline into .venv (once, about half a minute) ..."
	@$(LOCKED) requirements/build.txt
	@$(LOCKED) requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements/dev.txt requirements/run.txt $(PACKAGE) | .venv/bin/python
	@echo "Installing Syncline and the tools of its developers into .venv (once, about a minute) ..."
	@$(LOCKED) requirements/build.txt
	@$(LOCKED) requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch .venv/.run $@
