# VAE Studio. Every path here is relative and every program runs as `.venv/bin/python -m …`, so that
# the folder may have spaces in its name.

PYTHON ?=
TORCH_INDEX ?=
ARGS ?=
TESTARGS ?=
export PYTHON TORCH_INDEX

PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run tour test soak soak-full bench bench-full check lint format types contracts setup clean

help:  ## List the targets
	@echo 'make TARGET [VARIABLE=value]'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s%s\n", $$1, $$2 }'
	@echo
	@echo 'Variables:'
	@echo '  PYTHON        Python 3.11 or newer for .venv (found by itself if not given)'
	@echo '  TORCH_INDEX   a further package index for pip. On Linux, PyTorch comes with CUDA (several GB)'
	@echo '                unless this names the index of the small CPU build (see README)'
	@echo '  ARGS          arguments for the program:  make run ARGS="--help", make soak ARGS="--only kills"'
	@echo '  TESTARGS      arguments for pytest:       make test TESTARGS="-k losses"'

run: setup  ## Set everything up and open the window (without a screen: take the tour)
	@bash scripts/run.sh $(ARGS)

tour: setup  ## Take the tour: pictures of every screen, in tour/
	@QT_QPA_PLATFORM=offscreen $(PY) -m vae_studio tour --output tour $(ARGS)

# Of glibc's many arenas, one for each thread, most of the memory lies idle. Where bytecode is not kept,
# each of hundreds of programs that tests start would compile all of ours.
test: setup  ## Run the tests, without a screen, on up to four processors
	@env -u PYTHONDONTWRITEBYTECODE MALLOC_ARENA_MAX=2 QT_QPA_PLATFORM=offscreen $(PY) -m pytest -n auto --maxprocesses 4 $(TESTARGS)

soak: setup  ## Look for faults for 20 minutes: strangers' files, kills, full disks, any order of clicks
	@QT_QPA_PLATFORM=offscreen $(PY) -m tests.soak $(ARGS)

soak-full: setup  ## The same with full counts: an hour or more
	@QT_QPA_PLATFORM=offscreen $(PY) -m tests.soak --full $(ARGS)

bench: setup  ## Measure speed and memory, in under 10 minutes; writes benchmarks/RESULTS.md
	@env -u PYTHONDONTWRITEBYTECODE $(PY) -m benchmarks.report $(ARGS)

bench-full: setup  ## Measure all, for the better part of an hour
	@env -u PYTHONDONTWRITEBYTECODE $(PY) -m benchmarks.report --full $(ARGS)

check: lint types contracts table  ## Run lint, types, contracts, and the table of models

lint: setup  ## Check style and formatting
	$(PY) -m ruff check
	$(PY) -m ruff format --check

format: setup  ## Format the code and fix what can be fixed
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

types: setup  ## Check types
	$(PY) -m mypy

contracts: setup  ## Check which module may import which
	$(PY) scripts/contracts.py

table: setup  ## Check that checkpoints/README.md says what the models' folders say
	$(PY) -m scripts.checkpoint_table --check

setup:  ## Install what is missing: system libraries, .venv, packages
	@bash scripts/setup.sh

clean:  ## Remove caches, builds and the tour's pictures (.venv stays)
	rm -rf build dist tour .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
