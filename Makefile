# DynaFlow in C. `make help` lists the targets.

CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
VERSION := 0.1.0
SOVERSION := 0
MUJOCO_VERSION ?= 3.17.0
MUJOCO_DIR ?= $(CURDIR)/third_party/mujoco-$(MUJOCO_VERSION)
JOBS ?= $(shell nproc)

# x86-64-v2 is what any machine of the last decade runs; hot loops are multiversioned, not the build
OPTIMIZE ?= -O2
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Werror
SANITIZE ?=
PACKAGES := yaml-0.1 jansson libzip libcrypto libcurl
CFLAGS_ALL := -std=c17 $(OPTIMIZE) -g -fopenmp -fPIC -fvisibility=hidden -ffp-contract=off $(WARNINGS) $(SANITIZE) $(CFLAGS)
MUJOCO_LINK := -L$(MUJOCO_DIR)/lib -lmujoco -Wl,-rpath,$(MUJOCO_DIR)/lib
LINK_ALL = $(MUJOCO_LINK) $(shell pkg-config --libs $(PACKAGES)) -ldl -lm $(LDFLAGS)

# ---- the ladder: a room sees the public headers of itself and the rooms below it, and no others ----
ROOMS := core sim data nn metrics flow
BELOW_core :=
BELOW_sim := core
BELOW_data := core sim
BELOW_nn := core
BELOW_metrics := core sim data
BELOW_flow := core sim data nn metrics
BELOW_baselines := $(ROOMS)
BELOW_bench := $(ROOMS)

# one include folder a room, made of links to lib/include/dynaflow/<room>
LADDER := $(BUILD)/ladder
sees = -I$(LADDER)/$(1)
EXTRA_sim := -isystem $(MUJOCO_DIR)/include
EXTRA_bench := -Ibaselines
private = $(foreach r,$(BELOW_$(1)),-Ilib/$(r))

objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1)/*.c)))
$(foreach r,$(ROOMS),$(eval OBJ_$(r) := $(call objects,lib/$(r))))
OBJ_LIB := $(foreach r,$(ROOMS),$(OBJ_$(r)))
OBJ_baselines := $(call objects,baselines)
OBJ_bench := $(call objects,bench)
ALL_OBJ := $(OBJ_LIB) $(OBJ_baselines) $(OBJ_bench)

SHARED := $(BUILD)/libdynaflow.so.$(VERSION)
PROGRAM := $(BUILD)/dynaflow

.PHONY: help all deps demo test smoke asan ubsan format format-check install clean ladder
.DEFAULT_GOAL := all

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

all: deps ## build libdynaflow.so and the program dynaflow (installs missing packages)
	@$(MAKE) --no-print-directory -j$(JOBS) build

build: $(SHARED) $(PROGRAM)

deps:
	@MUJOCO_VERSION=$(MUJOCO_VERSION) MUJOCO_DIR=$(if $(filter $(origin MUJOCO_DIR),file),,$(MUJOCO_DIR)) ci/install-deps.sh

# ---- compiling ----
$(LADDER)/.made: Makefile
	@rm -rf $(LADDER); mkdir -p $(LADDER)
	@$(foreach r,$(ROOMS) baselines bench,mkdir -p $(LADDER)/$(r)/dynaflow; \
	  for below in $(r) $(BELOW_$(r)); do \
	    if [ -d lib/include/dynaflow/$$below ]; then ln -sfn $(CURDIR)/lib/include/dynaflow/$$below $(LADDER)/$(r)/dynaflow/$$below; fi; \
	  done;)
	@touch $@
ladder: $(LADDER)/.made

define room_rules
$(BUILD)/lib/$(1)/%.o: lib/$(1)/%.c $(LADDER)/.made
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $$(call sees,$(1)) $$(call private,$(1)) $$(EXTRA_$(1)) -MMD -MP -c $$< -o $$@
$(BUILD)/lib/$(1).a: $$(OBJ_$(1))
	@rm -f $$@; ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

$(BUILD)/baselines/%.o: baselines/%.c $(LADDER)/.made
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(call sees,baselines) -MMD -MP -c $< -o $@
$(BUILD)/bench/%.o: bench/%.c $(LADDER)/.made
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(call sees,bench) $(EXTRA_bench) $(shell pkg-config --cflags $(PACKAGES)) \
	  $(BENCH_DEFINES) -MMD -MP -c $< -o $@

$(SHARED): $(OBJ_LIB)
	$(CC) -shared -fopenmp $(SANITIZE) -Wl,-soname,libdynaflow.so.$(SOVERSION) -Wl,--no-undefined $^ -o $@ $(LINK_ALL)
	@ln -sf $(notdir $@) $(BUILD)/libdynaflow.so.$(SOVERSION); ln -sf libdynaflow.so.$(SOVERSION) $(BUILD)/libdynaflow.so
$(PROGRAM): $(OBJ_bench) $(OBJ_baselines) $(SHARED)
	$(CC) -fopenmp $(SANITIZE) $(OBJ_bench) $(OBJ_baselines) -o $@ -L$(BUILD) -ldynaflow -Wl,-rpath,'$$ORIGIN' $(LINK_ALL)

# ---- tests: tests/<room>/test_<file>.c tests lib/<room>/<file>.c and is linked with that room and those below ----
TEST_FLAGS = $(filter-out -fvisibility=hidden,$(CFLAGS_ALL)) -Ilib/include $(foreach r,$(ROOMS),-Ilib/$(r)) -Ibaselines -Ibench \
  -Itests/support -isystem $(MUJOCO_DIR)/include
SUPPORT := $(call objects,tests/support)
$(BUILD)/tests/%.o: tests/%.c $(LADDER)/.made
	@mkdir -p $(@D)
	$(CC) $(TEST_FLAGS) -MMD -MP -c $< -o $@
archives = $(foreach r,$(1) $(BELOW_$(1)),$(BUILD)/lib/$(r).a)
LINKED_core := $(call archives,core)
LINKED_sim := $(call archives,sim)
LINKED_data := $(call archives,data)
LINKED_nn := $(call archives,nn)
LINKED_metrics := $(call archives,metrics)
LINKED_flow := $(call archives,flow)
LINKED_baselines := $(OBJ_baselines) $(call archives,flow)
LINKED_bench := $(filter-out $(BUILD)/bench/main.o,$(OBJ_bench)) $(LINKED_baselines)
define test_rules
$(BUILD)/tests/$(1)/%: $(BUILD)/tests/$(1)/%.o $$(LINKED_$(1)) $$(SUPPORT)
	$$(CC) -fopenmp $$(SANITIZE) $$< $$(SUPPORT) -Wl,--start-group $$(LINKED_$(1)) -Wl,--end-group -o $$@ $$(LINK_ALL) -lcmocka
TESTS_$(1) := $$(patsubst %.c,$(BUILD)/%,$$(sort $$(wildcard tests/$(1)/test_*.c)))
TESTS += $$(TESTS_$(1))
.PHONY: test-$(1)
test-$(1): $$(TESTS_$(1))
	@BUILD=$(BUILD) tests/run.sh $$^
endef
$(foreach r,$(ROOMS) baselines bench,$(eval $(call test_rules,$(r))))
.SECONDARY:

tests: $(TESTS)
test: all ## build and run every test
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@BUILD=$(BUILD) tests/run.sh $(TESTS) $(sort $(wildcard tests/cli/test_*.sh))

asan: ## the tests under AddressSanitizer and LeakSanitizer
	@$(MAKE) --no-print-directory BUILD=build-asan SANITIZE="-fsanitize=address -fno-omit-frame-pointer" OPTIMIZE=-O1 test
ubsan: ## the tests under UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory BUILD=build-ubsan SANITIZE="-fsanitize=undefined -fno-sanitize-recover=all" OPTIMIZE=-O1 test

FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format: ## format the sources in place (clang-format)
	clang-format -i $(FORMATTED)
format-check: ## fail if a source is not formatted
	clang-format --dry-run --Werror $(FORMATTED)

clean: ## remove what was built
	rm -rf build build-asan build-ubsan

-include $(ALL_OBJ:.o=.d) $(TESTS:=.d) $(SUPPORT:.o=.d)
