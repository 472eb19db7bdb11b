# `make run` and `make test` install what is missing and can be called again at any time.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
RECEIVER_PORT ?= 8001
RECEIVER_HOST ?= 127.0.0.1
COMPANION := $(foreach host,$(if $(findstring :,$(RECEIVER_HOST)),[$(RECEIVER_HOST)],$(RECEIVER_HOST)) 127.0.0.1 localhost,$(host):$(RECEIVER_PORT),)
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: help run test bench faults browser lint format docs lock

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

.venv/run: requirements.txt
	@echo "Installing what requirements.txt names into .venv: a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt
	@echo "Installing what requirements-dev.txt names into .venv: a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/run

run: .venv/run  ## Start sender, worker and receiver; Ctrl-C ends all three
	@test "$${SENDER_PORT:-8000}" != "$(RECEIVER_PORT)" || \
		{ echo "hookloop: SENDER_PORT and RECEIVER_PORT are both $(RECEIVER_PORT)" >&2; exit 2; }
	@export SENDER_ALLOWED_TARGETS="$${SENDER_ALLOWED_TARGETS-$(COMPANION)}"; \
	export PATH="$(abspath $(BIN)):$$PATH"; \
	python -m receiver.cli prepare && python -m sender.cli prepare && exec honcho start

test: .venv/dev browser  ## Install what tests need and run them all
	@$(BIN)/python -m pytest -q -n 5 --dist worksteal

bench: .venv/dev  ## Measure, and print the figures as Markdown
	@$(BIN)/python -m tests.bench

faults: .venv/dev  ## Break things amid deliveries, and print what was lost as Markdown
	@$(BIN)/python -m tests.faults

browser:
	@test -n "$(CHROMIUM)" || (apt-get update -qq && apt-get install -y -qq chromium) || $(BIN)/python -m playwright install chromium

lint: .venv/dev  ## Check style, types and imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/dev  ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/dev  ## Write the README's settings tables
	@$(BIN)/python -m tests.docs.settings_table

lock:  ## Compile the pinned requirements from pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra postgres -o requirements.txt pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras -o requirements-dev.txt pyproject.toml
