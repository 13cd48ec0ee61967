# Everything this project needs is behind these commands; CONTRIBUTING.md says what each is for.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test bench requirements lint format lock clean

# The first Python that is new enough; `make run PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install -qq --require-hashes

help:
	@echo 'make run           start EventHub here, with everything it needs (Ctrl-C stops it)'
	@echo 'make test          every check and every test'
	@echo 'make bench         measure; ONLY=feed runs one group, FULL=1 at full size'
	@echo 'make requirements  the numbered requirements and the tests that prove them'
	@echo 'make lint          the quick checks only: style, types, layers, dependencies'
	@echo 'make format        put the code in the house style'
	@echo 'make lock          choose the newest allowed dependencies and write the lock files'
	@echo 'make clean         remove what the other commands made (the data in var/ stays)'

run: $(VENV)/runtime.stamp
	@exec $(VENV)/bin/python -m eventhub up

test: $(VENV)/test.stamp
	@exec $(VENV)/bin/python -m tests.run

bench: $(VENV)/test.stamp
	@exec $(VENV)/bin/python -m bench $(ONLY) $(if $(FULL),--full)

requirements: $(VENV)/test.stamp
	@exec $(VENV)/bin/python -m tests.requirements

lint: $(VENV)/test.stamp
	@exec $(VENV)/bin/python -m tests.run --checks-only

format: $(VENV)/test.stamp
	@$(VENV)/bin/python -m ruff check --quiet --fix --exit-zero .
	@exec $(VENV)/bin/python -m ruff format .

# uv is only used here: it writes one lock that holds for every Python and platform we name.
UV_COMPILE = $(VENV)/lock/bin/python -m uv --no-config pip compile --quiet --upgrade --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command 'make lock' pyproject.toml
lock: $(VENV)/python.stamp
	@$(VENV)/bin/python -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check install -qq 'uv>=0.9,<1'
	@rm -f requirements.lock requirements-test.lock
	@$(UV_COMPILE) --output-file requirements.lock >/dev/null
	@$(UV_COMPILE) --constraint requirements.lock --group test \
		--output-file requirements-test.lock >/dev/null

clean:
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/python.stamp:
	@test -n '$(PYTHON)' || { echo 'EventHub needs Python 3.11 or newer: none was found' \
		'(make run PYTHON=/path/to/python names one).' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo 'Python cannot make a virtual environment here;' \
		'on Debian: apt-get install python3-venv' >&2; exit 1; }
	@touch $@

$(VENV)/runtime.stamp: requirements.lock $(VENV)/python.stamp
	@echo 'Installing the locked dependencies into $(VENV) (once)...'
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/test.stamp: requirements-test.lock $(VENV)/runtime.stamp
	@echo 'Installing the locked test tools into $(VENV) (once)...'
	@$(PIP) -r requirements-test.lock
	@touch $@
