# The two commands of a newcomer are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PRESET ?= release
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
ARCH := $(shell uname -m)
BUILD := build/$(PRESET)
CTEST = ctest --test-dir $(1) --output-on-failure -j $(JOBS)
# What `make test` leaves to targets of its own.
SLOW := ^(stress|fuzz|cluster)$$
PROGRAMS := xebec-apiserver xebec-bench xebec-stress podset httpserver

.PHONY: help deps deps-add deps-tidy deps-vendor deps-verify build release demo test lint format asan tsan \
  sim stress soak fuzz bench cluster test-cluster install clean configure

help:  ## list the targets
	@echo "xebec: make TARGET [PRESET=release|debug|asan|tsan|seeded] [JOBS=N]"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-17s %s\n", $$1, $$2}'

deps:  ## install the packages that the build needs (apt; sudo when not root)
	@tools/deps install

deps-add:  ## add a package to the manifest and the lock: make deps-add PKG=name
	@tools/deps add $(PKG)

deps-tidy:  ## bring the lock in step with the manifest
	@tools/deps tidy

deps-vendor:  ## download the locked packages into build/vendor, for a machine without an archive
	@tools/deps vendor

deps-verify:  ## check the archive's packages against the lock's versions and SHA-256 hashes
	@tools/deps verify

configure: deps
	@[ -f $(BUILD)/build.ninja ] || cmake --preset $(PRESET) -Wno-dev

build: configure  ## build everything into build/PRESET (programs: build/PRESET/bin)
	@cmake --build $(BUILD) -j $(JOBS)

release:  ## build the release preset and put stripped programs into bin/ARCH
	@$(MAKE) --no-print-directory build PRESET=release
	@mkdir -p bin/$(ARCH)
	@for p in $(PROGRAMS); do \
	  if [ -x build/release/bin/$$p ]; then strip -o bin/$(ARCH)/$$p build/release/bin/$$p; echo "bin/$(ARCH)/$$p"; fi; \
	done

demo:  ## watch the podset controller at work (with KUBECONFIG set: on that cluster)
	@$(MAKE) --no-print-directory configure
	@cmake --build $(BUILD) -j $(JOBS) --target podset-demo podset xebec-apiserver
	@$(BUILD)/bin/podset-demo

test: build  ## build and run the tests (all but stress, fuzz and cluster)
	@$(call CTEST,$(BUILD)) -LE '$(SLOW)'

lint: build  ## clang-format, clang-tidy, headers, arrows between rooms
	@tools/deps install build test lint
	@tools/lint $(BUILD)

format: deps  ## format our sources in place
	@tools/lint --format

asan:  ## build and run the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory configure PRESET=asan
	@cmake --build build/asan -j $(JOBS) --target xebec_tests
	@$(call CTEST,build/asan) -LE '$(SLOW)'

tsan:  ## build and run the tests under ThreadSanitizer (without those labelled large)
	@$(MAKE) --no-print-directory configure PRESET=tsan
	@cmake --build build/tsan -j $(JOBS) --target xebec_tests
	@$(call CTEST,build/tsan) -LE '^(stress|fuzz|cluster|large)$$'

SEEDED_TESTS := runtime_sim_test runtime_sync_test workqueue_test

sim: build  ## run the simulations, then those of the runtime with every atomic a switch point (XEBEC_SEED=N replays one)
	@$(call CTEST,$(BUILD)) -L '^sim$$'
	@[ -f build/seeded/build.ninja ] || cmake --preset seeded -Wno-dev
	@cmake --build build/seeded -j $(JOBS) --target $(SEEDED_TESTS)
	@$(call CTEST,build/seeded) -L '^sim$$'

stress: build  ## run the stress tests
	@$(call CTEST,$(BUILD)) -L '^stress$$'

soak: build  ## run xebec-stress for SECONDS (default one hour)
	@$(BUILD)/bin/xebec-stress --seconds $(or $(SECONDS),3600) --seed $(or $(SEED),1) --heap

fuzz: build  ## run the fuzz tests
	@$(call CTEST,$(BUILD)) -L '^fuzz$$'

bench: build  ## run the benchmarks: make bench [BENCH=name]
	@$(BUILD)/bin/xebec-bench $(BENCH)

cluster:  ## build (once) and start a real kube-apiserver and etcd on the loopback
	@tools/cluster start

test-cluster: build  ## run the cluster tests against a real kube-apiserver, started and stopped here
	@tools/cluster run ctest --test-dir $(BUILD) --output-on-failure -L '^cluster$$'

install: build  ## install libraries, headers, programs and the CMake package into PREFIX
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:  ## remove what was built
	@rm -rf build bin
