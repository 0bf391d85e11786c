# Every command sets up its own virtual environment; python3 and make are all it takes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLEET ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-lowest test-engines test-airflow test-temporal lint types check-generated generate tests speed docs release-check bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.progress: $(VENV)/.created pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[progress]"
	@touch $@

$(VENV)/.docs: $(VENV)/.created requirements-docs.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml requirements-dev.txt requirements-docs.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[progress,otel,yaml]" -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.progress ## a recovery drill on the emulator; FLEET=file.json rehearses on your own servers
	$(BIN)/python examples/demo $(if $(FLEET),--fleet "$(FLEET)")

# The docs come first: on a clean clone that shows that requirements-docs.txt is all they need.
test: docs lint types check-generated tests ## everything that CI checks

lint: $(VENV)/.dev ## ruff, the formatter, and which module may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## basedpyright and mypy, both strict
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright
	PYTHONPATH="$(CURDIR)/typings" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright --verifytypes drs_sdk --ignoreexternal
	$(BIN)/mypy

check-generated: $(VENV)/.dev ## fails when models/ or operations/ differ from a rebuild
	$(BIN)/python -m codegen check

generate: $(VENV)/.dev ## rebuilds models/ and operations/ from botocore and the overlays
	$(BIN)/python -m codegen generate

tests: $(VENV)/.dev ## the test suite, with its coverage
	$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term --cov-fail-under=95

speed: $(VENV)/.dev ## fails when a start or a call takes 5 % more instructions; needs valgrind, else skipped
	$(BIN)/python benchmarks/quick.py

test-lowest: ## the test suite with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check -e ".[progress,otel,yaml]" -r requirements-dev.txt -c constraints-lowest.txt
	.venv-lowest/bin/pytest -n auto --dist loadfile

# Each engine has an environment of its own, as engines do not bear each other's requirements.
test-engines: test-airflow test-temporal ## the test suites that run on the real engines

AIRFLOW := .venv-airflow/bin

.venv-airflow/.ready: pyproject.toml tests_engines/airflow/requirements.txt
	$(PYTHON) -m venv .venv-airflow
	$(AIRFLOW)/pip install --quiet --disable-pip-version-check -e ".[airflow]" -r tests_engines/airflow/requirements.txt
	@touch $@

test-airflow: .venv-airflow/.ready ## types and tests of drs_sdk.airflow, on a real Airflow
	$(AIRFLOW)/basedpyright -p tests_engines/airflow/pyrightconfig.json --pythonpath $(AIRFLOW)/python
	cd tests_engines/airflow && $(CURDIR)/$(AIRFLOW)/python -m pytest -c pytest.ini

TEMPORAL := .venv-temporal/bin

.venv-temporal/.ready: pyproject.toml tests_engines/temporal/requirements.txt
	$(PYTHON) -m venv .venv-temporal
	$(TEMPORAL)/pip install --quiet --disable-pip-version-check -e ".[temporal]" -r tests_engines/temporal/requirements.txt
	@touch $@

test-temporal: .venv-temporal/.ready ## types and tests of drs_sdk.temporal and the recipes, on the real ones
	$(TEMPORAL)/basedpyright -p tests_engines/temporal/pyrightconfig.json --pythonpath $(TEMPORAL)/python
	cd tests_engines/temporal && $(CURDIR)/$(TEMPORAL)/python -m pytest -c pytest.ini

docs: $(VENV)/.docs ## builds the site into site/
	$(BIN)/zensical build --clean --strict

# An environment of its own, as twine and the AWS CLI of the tests do not bear each other's docutils.
.venv-release/.ready: release/requirements.txt
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/pip install --quiet --disable-pip-version-check -r release/requirements.txt
	@touch $@

release-check: $(VENV)/.dev .venv-release/.ready ## builds dist/ and checks it, as a release would be; some minutes
	.venv-release/bin/python release/check.py --tests-on $(BIN)/python

bench: $(VENV)/.dev ## measures against the peers, about twelve minutes
	$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python benchmarks/run.py

clean: ## deletes what the other targets have made
	rm -rf $(VENV) .venv-lowest .venv-airflow .venv-temporal .venv-release .cache site dist build .coverage .pytest_cache .ruff_cache .mypy_cache .hypothesis
