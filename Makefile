# Everything a developer or an operator types. `make` alone lists the targets.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ifeq ($(PYTHON),)
PYTHON := no-python-3.11-or-later-found
endif
LOCAL := $(PYTHON) -m deploy.local
BIN := .venv/bin
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
TESTS ?= tests
PYTEST_ARGS ?= -n 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done

.PHONY: run
run: ## Everything on this machine, with a demonstration; Ctrl-C stops it
	@$(LOCAL) run

.PHONY: up
up: ## Everything in containers (docker compose)
	docker compose up --build --detach --wait daemon sandbox
	docker compose up --detach sample

.PHONY: down
down: ## Stop the containers; their data stays
	docker compose down

.PHONY: install
install: ## Make .venv with the packages for development, as locked
	@$(LOCAL) install dev

.PHONY: services
services: ## A throw-away RabbitMQ and PostgreSQL in the foreground; prints what to export for pytest
	@$(LOCAL) services

.PHONY: migrate
migrate: install ## Bring the database of CONNECTOR_DATABASE_URL to the newest schema
	$(BIN)/am-connector migrate

.PHONY: fmt
fmt: install ## Format the code and repair what can be repaired
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lint
lint: install ## Formatting, rules, types, import rules, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(LOCAL) with --database-only -- sh -c 'export CONNECTOR_DATABASE_URL=$$CONNECTOR_TEST_DATABASE_URL; alembic upgrade head && alembic check'

.PHONY: type
type: install ## Types only
	$(BIN)/mypy

.PHONY: test
test: install ## All tests, beside a RabbitMQ and a PostgreSQL of their own; TESTS=… PYTEST_ARGS=… to choose
	@$(LOCAL) with -- $(BIN)/pytest $(PYTEST_ARGS) $(TESTS)

.PHONY: test-rabbitmq4
test-rabbitmq4: install ## All tests on RabbitMQ 4, unpacked beside the installed one without installing it
	@$(LOCAL) rabbitmq4
	@CONNECTOR_TEST_RABBITMQ=$(CURDIR)/.local/rabbitmq-4 $(LOCAL) with -- $(BIN)/pytest $(PYTEST_ARGS) $(TESTS)

.PHONY: chaos
chaos: install ## Have everything fail and see what is lost; SECONDS=… SEED=… to choose
	@$(BIN)/python -m tests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: audit
audit: ## Look the locked packages up in the lists of known faults; fails where they cannot be reached
	@test -x .local/audit/bin/pip-audit || { $(PYTHON) -m venv .local/audit && .local/audit/bin/pip install --quiet '$(PIP_AUDIT)'; }
	.local/audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

.PHONY: check
check: lint test ## What continuous integration runs

.PHONY: bench
bench: ## Measure against plain consumers, FastStream and celery-batches; writes docs/benchmarks.md
	@$(LOCAL) install bench
	@$(BIN)/python -m bench

.PHONY: lock
lock: ## Pin the newest allowed versions of all packages in the lock files
	@mkdir -p .local
	@test -x .local/uv/bin/uv || { $(PYTHON) -m venv .local/uv && .local/uv/bin/pip install --quiet '$(UV)'; }
	@sh deploy/lock .local/uv/bin/uv
