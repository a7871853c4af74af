# `make help` lists what there is. Everything sets up what it needs first (see .ci/setup).

SWIFT_FILES = Package.swift Sources Tests $(wildcard benchmarks/Package.swift benchmarks/Sources)
ARGS ?=
STEPS ?= 1000000

.DEFAULT_GOAL := help
.PHONY: help setup build test nightly fuzz tsan mutants faults demo bench lint format scripts

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Checks Swift and the system packages, installs missing ones where allowed
	@.ci/setup

build: setup ## Builds everything, tests included
	swift build --build-tests

test: setup ## Builds and runs all tests; ARGS go to `swift test`
	.ci/test $(ARGS)

NIGHTLY = -c release --scratch-path .build/nightly -Xswiftc -enable-testing

nightly: setup ## A million steps of the model fuzz (STEPS=, SEED=), on a build that is optimized
	PENSTOCK_FUZZ_STEPS=$(STEPS) PENSTOCK_FUZZ_RUNS=500 $(if $(SEED),PENSTOCK_SEED=$(SEED)) \
		PENSTOCK_TEST_BUILD="$(NIGHTLY)" .ci/test --filter 'PenstockStoreTests.(Run)?FuzzTests' $(ARGS)

fuzz: setup ## libFuzzer on what reads bytes from outside, SECONDS=60 each; ARGS: names of fuzzers
	Tests/Fuzzers/run $(or $(SECONDS),60) $(ARGS)

TSAN = .build/tsan

tsan: setup ## The tests with the thread sanitizer, in a build of its own: slow
	@mkdir -p $(TSAN)
	clang -shared -fPIC -O1 Tests/ThreadSanitizer/mutex.c -o $(TSAN)/mutex.so
	LD_PRELOAD=$(CURDIR)/$(TSAN)/mutex.so PENSTOCK_TEST_BUILD="--sanitize=thread --scratch-path $(TSAN)" \
		.ci/test $(ARGS)

mutants: build ## Tries the tests of the store against faults in lua/, one at a time; ARGS: see `--help`
	.build/debug/LuaMutants $(ARGS)

faults: setup ## Breaks things under a workload for SECONDS=1800, with SEED=; ARGS go to the suite (--only, --list)
	@swift build --product FaultSuite >&2
	@.build/debug/FaultSuite --seconds $(or $(SECONDS),1800) $(if $(SEED),--seed $(SEED)) $(ARGS)

demo: ## The tour on an embedded Redis; ARGS go to `penstock demo`
	@.ci/setup run
	@swift build -c release --product penstock >&2
	@.build/release/penstock demo $(ARGS)

bench: setup ## The core benchmark; ARGS instead of `core`
	swift run -c release --package-path benchmarks penstock-bench $(or $(ARGS),core)

lint: setup ## swift format and luacheck, both strict; stale scripts
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)
	swift run -q RenderScripts --check
	swift run -q RenderScripts --lint

format: ## Formats all Swift
	swift format --in-place --recursive --parallel $(SWIFT_FILES)

scripts: ## Renders lua/ into Sources/PenstockStore/Generated/Scripts.swift
	swift run -q RenderScripts
