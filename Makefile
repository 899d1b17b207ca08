# slash32. `make` lists the targets.
NODE := node_modules/.bin/node
DURATION ?= 3600

.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-unit test-kernel test-e2e fuzz lint typecheck format bench bench-bgp soak clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## install what is missing: Debian packages (as root) and npm packages; bundle the programs
	@scripts/setup

build: setup ## bundle the programs into dist/, which setup does when a source is newer
	@$(NODE) scripts/build.ts

demo: setup ## two racks, three hosts, seven screens: who reaches whom (ARGS=--keep, ARGS=--json)
	@scripts/sandbox --check
	@scripts/sandbox $(NODE) e2e/demo/main.ts $(ARGS)

test: setup ## all tests: unit, property, kernel, end to end
	@scripts/sandbox --check
	@$(NODE) scripts/run-tests.ts unit kernel e2e

test-unit: setup ## tests that need no privileges
	@$(NODE) scripts/run-tests.ts unit

test-kernel: setup ## tests against real namespaces, nftables and routers
	@scripts/sandbox --check
	@$(NODE) scripts/run-tests.ts kernel

test-e2e: setup ## whole topologies
	@scripts/sandbox --check
	@$(NODE) scripts/run-tests.ts e2e

fuzz: setup ## damage BGP messages and sessions, DURATION seconds (3600) each; a failure says how to play it again
	@CODEC_FUZZ_MS=$(DURATION)000 SESSION_FUZZ_MS=$(DURATION)000 $(NODE) node_modules/vitest/vitest.mjs run --project unit \
	  packages/bgp-speaker/test/codec/fuzz.test.ts packages/bgp-speaker/test/fuzz/session-fuzz.test.ts

lint: setup ## lint, formatting, import directions
	@scripts/biome check --error-on-warnings .

typecheck: setup ## type check
	@node_modules/.bin/tsc --noEmit -p tsconfig.json

format: setup ## rewrite files in house format
	@scripts/biome check --write .

bench: setup ## benchmarks: table, and JSON in bench/results (ARGS="latency" picks some)
	@scripts/sandbox --check
	@scripts/sandbox $(NODE) bench/main.ts $(ARGS)

bench-bgp: setup ## bgp-speaker beside BIRD, FRR, GoBGP and OpenBGPD
	@scripts/sandbox --check
	@scripts/sandbox $(NODE) bench/main.ts bgp

soak: setup ## 100 flapping peers for DURATION seconds (600): memory stays flat, tables right
	@scripts/sandbox --check
	@scripts/sandbox $(NODE) packages/bgp-speaker/test/soak/soak-main.ts $(DURATION)

clean: ## remove what npm installed, and the bundles
	rm -rf dist node_modules packages/*/node_modules e2e/node_modules bench/node_modules
