# DynaFlow in C. `make help` lists the targets.

CC ?= cc
PREFIX ?= /usr/local
VERSION := 0.1.0
SOVERSION := 0
# the reference results are of 3.17.0; MUJOCO=4.0.1 builds beside it, MUJOCO_DIR= takes one of your own
MUJOCO ?= 3.17.0
MUJOCO_DIR ?= $(CURDIR)/third_party/mujoco-$(MUJOCO)
BUILD ?= build$(if $(filter 3.17.0,$(MUJOCO)),,-mujoco-$(MUJOCO))
JOBS ?= $(shell nproc)

# x86-64-v2 is what any machine of the last decade runs; hot loops are multiversioned, not the build
OPTIMIZE ?= -O2
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Werror
SANITIZE ?=
PACKAGES := yaml-0.1 jansson libzip libcrypto libcurl
CFLAGS_ALL := -std=c17 $(OPTIMIZE) -g -fopenmp -fPIC -fvisibility=hidden -ffp-contract=off $(WARNINGS) $(SANITIZE) $(CFLAGS)
MUJOCO_LINK := -L$(MUJOCO_DIR)/lib -lmujoco -Wl,-rpath,$(MUJOCO_DIR)/lib
LINK_ALL = $(MUJOCO_LINK) $(shell pkg-config --libs $(PACKAGES)) -ldl -lm $(LDFLAGS)

comma := ,

# one line a file; `make V=1` shows whole commands
Q := $(if $(V),,@)
says = $(if $(V),,@echo "  $(1)")

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
# loops over coordinates are written out; no result changes by it
EXTRA_sim := -isystem $(MUJOCO_DIR)/include $(patsubst -O2,-O3,$(filter -O2,$(OPTIMIZE)))
EXTRA_bench := -Ibaselines
# neither changes a result; without them loops with sqrt or a clamp are not vectorised
EXTRA_nn := -fno-math-errno -fno-trapping-math
private = $(foreach r,$(BELOW_$(1)),-Ilib/$(r))

objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1)/*.c)))
$(foreach r,$(ROOMS),$(eval OBJ_$(r) := $(call objects,lib/$(r))))
OBJ_LIB := $(foreach r,$(ROOMS),$(OBJ_$(r)))
OBJ_baselines := $(call objects,baselines)
OBJ_bench := $(call objects,bench)
ALL_OBJ := $(OBJ_LIB) $(OBJ_baselines) $(OBJ_bench)

SHARED := $(BUILD)/libdynaflow.so.$(VERSION)
PROGRAM := $(BUILD)/dynaflow

.PHONY: build tests help all deps demo test smoke gate gate-run gate-fixtures golden gradcheck-table format format-check install clean ladder
.DEFAULT_GOAL := all

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(filter %akefile %.mk,$(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

all: deps ## build libdynaflow.so and the program dynaflow (installs missing packages)
	@$(MAKE) --no-print-directory -j$(JOBS) build

build: $(SHARED) $(PROGRAM)

deps:
	@MUJOCO_VERSION=$(MUJOCO) MUJOCO_DIR=$(if $(filter $(origin MUJOCO_DIR),file),,$(MUJOCO_DIR)) ci/install-deps.sh

# ---- compiling ----
$(LADDER)/.made: Makefile
	@rm -rf $(LADDER); mkdir -p $(LADDER)
	@$(foreach r,$(ROOMS) baselines bench,mkdir -p $(LADDER)/$(r)/dynaflow; \
	  for below in $(r) $(BELOW_$(r)); do \
	    if [ -d lib/include/dynaflow/$$below ]; then ln -sfn $(CURDIR)/lib/include/dynaflow/$$below $(LADDER)/$(r)/dynaflow/$$below; fi; \
	  done;)
	@touch $@
ladder: $(LADDER)/.made

# a changed compiler, option or MuJoCo makes everything anew; a record must not claim flags that its code never saw
FLAGS := $(BUILD)/flags
$(FLAGS): FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS_ALL) $(MUJOCO_DIR)' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

define room_rules
$(BUILD)/lib/$(1)/%.o: lib/$(1)/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $$(@D)
	$$(call says,CC $$<)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(call sees,$(1)) $$(call private,$(1)) $$(EXTRA_$(1)) -MMD -MP -c $$< -o $$@
$(BUILD)/lib/$(1).a: $$(OBJ_$(1))
	@rm -f $$@; ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

# the networks once more in double, for gradient checks: linked by tests named *_double
OBJ_nn_double := $(patsubst lib/nn/%.c,$(BUILD)/lib/nn-double/%.o,$(sort $(wildcard lib/nn/*.c)))
$(BUILD)/lib/nn-double/%.o: lib/nn/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $(@D)
	$(call says,CC $<)
	$(Q)$(CC) $(CFLAGS_ALL) -DDF_REAL_DOUBLE $(call sees,nn) $(call private,nn) $(EXTRA_nn) -MMD -MP -c $< -o $@
$(BUILD)/lib/nn-double.a: $(OBJ_nn_double)
	@rm -f $@; ar rcs $@ $^

$(BUILD)/baselines/%.o: baselines/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $(@D)
	$(call says,CC $<)
	$(Q)$(CC) $(CFLAGS_ALL) $(call sees,baselines) -MMD -MP -c $< -o $@

# what a record says of its program; rewritten only when it changes, so that nothing else is rebuilt
GENERATED := $(BUILD)/generated
$(GENERATED)/version.h: FORCE
	@mkdir -p $(@D)
	@commit=$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown); dirty=0; note=; \
	if [ -n "$$(git status --porcelain 2>/dev/null | head -1)" ]; then dirty=1; note=", modified"; fi; \
	{ echo '#define DYNAFLOW_VERSION "$(VERSION)"'; \
	  echo "#define DYNAFLOW_COMMIT \"$$commit\""; \
	  echo "#define DYNAFLOW_DIRTY $$dirty"; \
	  echo "#define DYNAFLOW_DIRTY_NOTE \"$$note\""; \
	  echo '#define DYNAFLOW_FLAGS "$(subst ",\",$(strip $(CFLAGS_ALL)))"'; } > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
.PHONY: FORCE
FORCE:
EXTRA_bench += -I$(GENERATED)
$(BUILD)/bench/provenance.o: $(GENERATED)/version.h
$(BUILD)/bench/%.o: bench/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $(@D)
	$(call says,CC $<)
	$(Q)$(CC) $(CFLAGS_ALL) $(call sees,bench) $(EXTRA_bench) $(shell pkg-config --cflags $(PACKAGES)) \
	  -MMD -MP -c $< -o $@

$(SHARED): $(OBJ_LIB)
	$(call says,LD $@)
	$(Q)$(CC) -shared -fopenmp $(SANITIZE) -Wl,-soname,libdynaflow.so.$(SOVERSION) -Wl,--no-undefined $^ -o $@ $(LINK_ALL)
	@ln -sf $(notdir $@) $(BUILD)/libdynaflow.so.$(SOVERSION); ln -sf libdynaflow.so.$(SOVERSION) $(BUILD)/libdynaflow.so
$(PROGRAM): $(OBJ_bench) $(OBJ_baselines) $(SHARED)
	$(call says,LD $@)
	$(Q)$(CC) -fopenmp $(SANITIZE) $(OBJ_bench) $(OBJ_baselines) -o $@ -L$(BUILD) -ldynaflow -Wl,-rpath,'$$ORIGIN' $(LINK_ALL)

# ---- tests: tests/<room>/test_<file>.c tests lib/<room>/<file>.c and is linked with that room and those below ----
TEST_FLAGS = $(filter-out -fvisibility=hidden,$(CFLAGS_ALL)) -Ilib/include $(foreach r,$(ROOMS),-Ilib/$(r)) -Ibaselines -Ibench \
  -Itests/support -isystem $(MUJOCO_DIR)/include
OBJ_support := $(call objects,tests/support)
SUPPORT := $(BUILD)/tests/support.a
$(SUPPORT): $(OBJ_support)
	@rm -f $@; ar rcs $@ $^
$(BUILD)/tests/%.o: tests/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $(@D)
	$(call says,CC $<)
	$(Q)$(CC) $(TEST_FLAGS) -MMD -MP -c $< -o $@
$(BUILD)/tests/nn/test_%_double.o: tests/nn/test_%_double.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $(@D)
	$(call says,CC $<)
	$(Q)$(CC) $(TEST_FLAGS) -DDF_REAL_DOUBLE -MMD -MP -c $< -o $@
$(BUILD)/tests/nn/test_%_double: $(BUILD)/tests/nn/test_%_double.o $(BUILD)/lib/nn-double.a $(BUILD)/lib/core.a $(SUPPORT)
	$(call says,LD $@)
	$(Q)$(CC) -fopenmp $(SANITIZE) $< $(SUPPORT) $(BUILD)/lib/nn-double.a $(BUILD)/lib/core.a -o $@ $(LINK_ALL) -lcmocka
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
	$$(call says,LD $$@)
	$$(Q)$$(CC) -fopenmp $$(SANITIZE) $$< -Wl,--start-group $$(SUPPORT) $$(LINKED_$(1)) -Wl,--end-group -o $$@ $$(LINK_ALL) -lcmocka
TESTS_$(1) := $$(patsubst %.c,$(BUILD)/%,$$(sort $$(wildcard tests/$(1)/test_*.c)))
TESTS += $$(TESTS_$(1))
.PHONY: test-$(1)
test-$(1): $$(TESTS_$(1))
	@BUILD=$(BUILD) tests/run.sh $$^
endef
$(foreach r,$(ROOMS) baselines bench,$(eval $(call test_rules,$(r))))
.PRECIOUS: $(BUILD)/tests/%.o

tests: $(TESTS)
# the adjoint is made of one MuJoCo's internals: its tests also run with the release to come. Not with a MuJoCo of one's own.
NEXT := $(if $(and $(filter 3.17.0,$(MUJOCO)),$(filter file,$(origin MUJOCO_DIR))),4.0.1)
NEXT_BUILD := $(BUILD)-mujoco-$(NEXT)
NEXT_TESTS := $(if $(NEXT),$(TESTS_sim:$(BUILD)/%=$(NEXT_BUILD)/%))
test: all ## build and run every test, those of the simulator also with MuJoCo 4.0.1 (MUJOCO=4.0.1: all with that)
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	$(if $(NEXT),@$(MAKE) --no-print-directory MUJOCO=$(NEXT) BUILD=$(NEXT_BUILD) deps && \
	  $(MAKE) --no-print-directory -j$(JOBS) MUJOCO=$(NEXT) BUILD=$(NEXT_BUILD) $(NEXT_TESTS))
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run.sh $(TESTS) $(NEXT_TESTS) $(TESTS_cli)

# pinned: another version formats differently
CLANG_FORMAT ?= clang-format-14
FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format: ## format the sources in place (clang-format)
	$(CLANG_FORMAT) -i $(FORMATTED)
format-check: ## fail if a source is not formatted
	$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED)

demo: all ## four Go1 gaits: demonstrations, DynaFlow and its baselines, tables and figures
	$(PROGRAM) run go1_gaits --profile smoke --blas-kernel auto --out results/runs/demo
	$(PROGRAM) report results/runs/demo
smoke: all ## the demo on the small hopper task (needs its data: dynaflow data fetch hopper)
	$(PROGRAM) run hopper --profile smoke --blas-kernel auto --out results/runs/smoke
	$(PROGRAM) report results/runs/smoke

# What the gate looks at: the smoke profile with two seeds, because a band relative to a golden number needs two. What an
# older program measured is thrown away; a run that was cut off goes on. Another commit of the same code is no other program.
GATE_RUN := results/runs/gate
GATE_CODE = $(SHARED) $(OBJ_baselines) $(filter-out $(BUILD)/bench/provenance.o,$(OBJ_bench)) tasks/go1_gaits/task.yaml tasks/go1_gaits/go1.xml
gate-run: all
	@if [ -n "$$(find $(GATE_CODE) -newer $(GATE_RUN)/.begun 2>/dev/null)" ]; then rm -rf $(GATE_RUN); fi
	@mkdir -p $(GATE_RUN); [ -e $(GATE_RUN)/.begun ] || touch $(GATE_RUN)/.begun
	$(PROGRAM) run go1_gaits --profile smoke --seed 0,1 --blas-kernel auto --out $(GATE_RUN)
	$(PROGRAM) verify $(GATE_RUN)
gate-fixtures: all
	@BUILD=$(BUILD) tests/run.sh tests/cli/test_gate.sh tests/cli/test_verify.sh
gate: gate-fixtures ## the gate's own must-fail fixtures, then the Go1 measured with two seeds and held to its golden table
	@$(MAKE) --no-print-directory gate-run
	$(PROGRAM) gate $(GATE_RUN)
golden: ## write results/golden from the Go1 measured with two seeds: make golden REASON="why these numbers"
	@[ -n "$(strip $(REASON))" ] || { echo 'make golden REASON="why these numbers are right"'; exit 2; }
	@$(MAKE) --no-print-directory gate-run
	$(PROGRAM) gate $(GATE_RUN) --accept --reason "$(REASON)"

gradcheck-table: all ## the adjoint of every model of results/adjoint/suite.txt: verified and timed
	$(PROGRAM) gradcheck --suite results/adjoint/suite.txt --out results/adjoint; code=$$?; \
	$(PROGRAM) bench adjoint --suite results/adjoint/suite.txt --out results/adjoint || exit $$?; exit $$code

DESTINATION := $(DESTDIR)$(PREFIX)
define PKG_CONFIG_FILE
prefix=$(PREFIX)
Name: dynaflow
Description: flow matching with a differentiable MuJoCo rollout inside
Version: $(VERSION)
Cflags: -I$${prefix}/include
Libs: -L$${prefix}/lib -ldynaflow
endef
export PKG_CONFIG_FILE
install: all ## install program, library, headers and tasks under PREFIX (DESTDIR is honoured)
	install -d $(DESTINATION)/bin $(DESTINATION)/lib/pkgconfig $(DESTINATION)/include $(DESTINATION)/share/dynaflow
	cp -r lib/include/dynaflow $(DESTINATION)/include/
	$(CC) -shared -fopenmp -Wl,-soname,libdynaflow.so.$(SOVERSION) $(OBJ_LIB) -o $(DESTINATION)/lib/$(notdir $(SHARED)) \
	  -Wl,-rpath,'$$ORIGIN' $(filter-out -Wl$(comma)-rpath%,$(LINK_ALL))
	cp -P $(MUJOCO_DIR)/lib/libmujoco.so* $(DESTINATION)/lib/
	ln -sf $(notdir $(SHARED)) $(DESTINATION)/lib/libdynaflow.so.$(SOVERSION)
	ln -sf libdynaflow.so.$(SOVERSION) $(DESTINATION)/lib/libdynaflow.so
	printenv PKG_CONFIG_FILE > $(DESTINATION)/lib/pkgconfig/dynaflow.pc
	$(CC) -fopenmp $(OBJ_bench) $(OBJ_baselines) -o $(DESTINATION)/bin/dynaflow -L$(BUILD) -ldynaflow \
	  -Wl,-rpath,'$$ORIGIN/../lib' $(filter-out -Wl$(comma)-rpath%,$(LINK_ALL))
	cp -r tasks $(DESTINATION)/share/dynaflow/
	rm -rf $(DESTINATION)/share/dynaflow/tasks/*/data

clean: ## remove what was built
	rm -rf build build-*

-include $(ALL_OBJ:.o=.d) $(OBJ_nn_double:.o=.d) $(TESTS:=.d) $(OBJ_support:.o=.d)

include ci/checks.mk
