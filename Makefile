# Two commands matter: `make run` does the real job on real data, `make test` passes the tests.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
HOME_DIR := $(or $(NIGHTSHIFT_HOME),.nightshift)
# Without compiled bytecode every start is three times slower.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPATH := $(CURDIR)
RUN_ARGS ?=
TEST_ARGS ?=

.PHONY: help run up test lint format types check docs lock clean install install-dev

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Work through real nights on real data, print them, stop (RUN_ARGS="--last 2013-03-03")
	@$(PY) -m include run $(RUN_ARGS)

up: install ## The same platform, left running: Airflow UI, MLflow UI
	@$(PY) -m include up

test: install-dev ## All tests (TEST_ARGS="-k ledger")
	@$(PY) -m pytest -n auto --dist loadfile $(TEST_ARGS)

lint: install-dev ## ruff and its formatter, as checks
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

format: install-dev ## Format
	@$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .

types: install-dev ## Strict types
	@$(VENV)/bin/mypy include plugins

check: lint types test ## Everything that must hold before a change is done

docs: install-dev ## Make the generated pages of docs/ again
	@$(PY) -m include reference

lock: ## Compile requirements*.in into requirements*.txt (universal, with hashes)
	@uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --override overrides.in -o requirements.txt -q
	@uv pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes --override overrides.in -o requirements-dev.txt -q

clean: ## Forget everything that runs made (tables, ledgers, reports); keeps the installed packages
	@rm -rf $(HOME_DIR)

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.txt tools/install.sh
	@tools/install.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@tools/install.sh $(VENV) requirements-dev.txt
	@touch $@
