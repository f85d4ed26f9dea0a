# The commands of this project. `make help` lists them.
PYTHON ?= python3
INSTALL ?= editable        # or: wheel (what CI tests)
# One more than there are cores: some tests wait.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -gt 3 ] && echo 4 || echo $$((n + 1)))
BASE_PORT ?= 8100
SANDBOX_PORT ?= 8200
UV := uv==0.13.9

BIN := .venv/bin
INSTALLED := .venv/.installed-$(strip $(INSTALL))

# Nothing is left outside the checkout: caches and temporary files stay in it.
export PIP_CACHE_DIR := $(CURDIR)/var/cache/pip
export UV_CACHE_DIR := $(CURDIR)/var/cache/uv
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Each module is compiled once, not in each of the many processes.
export PYTHONPYCACHEPREFIX := $(CURDIR)/var/pycache
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo sandbox test lint bench load pictures lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## make the virtual environment .venv

$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: try make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@mkdir -p var/tmp
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv …"
	@$(BIN)/python -m pip install --quiet $(UV)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
ifeq ($(strip $(INSTALL)),wheel)
	@rm -rf dist && $(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --reinstall-package tem dist/*.whl
else
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
endif
	@rm -f .venv/.installed-* && touch $@

demo: $(INSTALLED)  ## the main job on sample data, then serve until Ctrl-C (ONCE=1: end after it)
	@$(BIN)/python -m tem.demo --folder var/demo --sample shared/sample \
	  --base-port $(BASE_PORT) $(if $(ONCE),--once)

sandbox: $(INSTALLED)  ## test stamps in every state for who connects tills, until Ctrl-C (docs/tills.md; SANDBOX_PORT=8200)
	@$(BIN)/python -m tem.sandbox --folder var/sandbox --base-port $(SANDBOX_PORT)

test: $(INSTALLED)  ## every test
	@mkdir -p var/tmp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --basetemp=var/tmp/pytest $(ARGS)

lint: $(INSTALLED)  ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(INSTALLED)  ## measure, print ratios, write var/bench/results.json
	@mkdir -p var/bench
	$(BIN)/python -m loadtests.bench --out var/bench/results.json

load: $(INSTALLED)  ## everybody at once at a large registry, every answer checked; var/load/report.html
	$(BIN)/python -m loadtests.load --folder var/load $(ARGS)

pictures: $(INSTALLED)  ## pictures of the main pages for the documents, over the sample data
	@mkdir -p var/tmp
	$(BIN)/python -m tests.portal.pictures docs/pictures

COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
  --generate-hashes --no-header

lock: $(INSTALLED)  ## resolve the dependencies anew: everything, and what runs in production
	$(COMPILE) --all-extras --upgrade -o requirements.lock
	sed -e 's/ \\$$//' -e '/--hash/d' -e '/^ *#/d' requirements.lock > var/tmp/constraints.txt
	$(COMPILE) -c var/tmp/constraints.txt --no-annotate -o requirements-runtime.lock

clean:  ## remove the environment and everything that was made
	rm -rf .venv var dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
