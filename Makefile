# Everything that a person does with this repository. `make` alone lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test check build bench up down clean ready installed built node

# Two runs at once must not install or build over each other's files.
LOCK := $(if $(shell command -v flock),flock .data/build.lock)
COMPOSE := docker compose
export npm_config_update_notifier = false

help: ## this list
	@echo 'sovd-fleet: diagnostics on a fleet of vehicles, over SOVD'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## a service, two vehicles and a command, on this machine (ONCE=1: ends by itself)
	@exec node dist/demo/main.js $(if $(ONCE),--once)

test: ready ## types, lint, format and layers, then all tests with coverage
	@npm run --silent check
	@npm test --silent

check: ready ## types, lint, format and layers
	@npm run --silent check

build: ready ## installs what is missing and compiles everything into dist/

bench: ready ## the service beside hand-written code, and what it adds to a vehicle (QUICK=1: in under 2 minutes)
	@node dist/bench/main.js $(if $(QUICK),--quick)
	@exec node dist/bench/overhead.js $(if $(QUICK),--quick)

up: ## PostgreSQL, Redis, the service and two simulated vehicles, in containers
	@$(COMPOSE) version >/dev/null 2>&1 || { echo 'make up needs Docker with its compose plugin.' >&2; exit 1; }
	@sh deploy/make-secrets.sh .env
	@$(COMPOSE) up --build --detach
	@$(COMPOSE) run --rm -T first-steps

down: ## stops the containers and keeps the data (VOLUMES=1: removes that too)
	@$(COMPOSE) down --remove-orphans $(if $(VOLUMES),--volumes)

clean: ## removes what was built, and the databases of demo and development
	@rm -rf dist coverage .data

ready: node
	@mkdir -p .data
	@$(LOCK) $(MAKE) --no-print-directory built

built: installed
	@[ -d dist ] || echo 'Compiling ...'
	@npm run --silent build

installed: node_modules/.package-lock.json

# npm writes this file last, with what it installed.
node_modules/.package-lock.json: package.json package-lock.json
	@echo 'Installing packages ...'
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

node:
	@command -v npm >/dev/null || { echo 'sovd-fleet needs Node.js 20.19 or newer, with npm.' >&2; exit 1; }
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' \
		|| { echo "sovd-fleet needs Node.js 20.19 or newer; this is $$(node --version)." >&2; exit 1; }
