# Every command sets up its own virtual environment; python3 and make are all it takes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLEET ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-lowest lint types check-generated generate tests docs release-check bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.progress: $(VENV)/.created pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[progress]"
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[progress,otel,yaml]" -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.progress ## a recovery drill on the emulator; FLEET=file.json rehearses on your own servers
	$(BIN)/python examples/demo $(if $(FLEET),--fleet "$(FLEET)")

test: lint types check-generated tests docs ## everything that CI checks

lint: $(VENV)/.dev ## ruff, the formatter, and which module may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## basedpyright and mypy, both strict
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright --verifytypes drs_sdk --ignoreexternal
	$(BIN)/mypy

check-generated: $(VENV)/.dev ## fails when models/ or operations/ differ from a rebuild
	$(BIN)/python -m codegen check

generate: $(VENV)/.dev ## rebuilds models/ and operations/ from botocore and the overlays
	$(BIN)/python -m codegen generate

tests: $(VENV)/.dev ## the test suite, with its coverage
	$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term --cov-fail-under=95

test-lowest: ## the test suite with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check -e ".[progress,otel,yaml]" -r requirements-dev.txt -c constraints-lowest.txt
	.venv-lowest/bin/pytest -n auto --dist loadfile

docs: $(VENV)/.dev ## builds the site into site/
	$(BIN)/zensical build --clean --strict

release-check: $(VENV)/.dev ## builds dist/ and checks it, as a release would be; some minutes
	$(BIN)/pip install --quiet --disable-pip-version-check -r release/requirements.txt
	$(BIN)/python release/check.py

bench: $(VENV)/.dev ## measures against the peers, about a quarter of an hour
	$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python benchmarks/run.py

clean: ## deletes what the other targets have made
	rm -rf $(VENV) .venv-lowest .cache site dist build .coverage .pytest_cache .ruff_cache .mypy_cache .hypothesis
