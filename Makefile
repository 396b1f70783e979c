# DynaFlow in C. `make help` lists the targets.

CC ?= cc
PREFIX ?= /usr/local
VERSION := 0.1.0
SOVERSION := 0
$(if $(word 2,$(CURDIR)),$(error the path of this folder contains a space, which make cannot handle: $(CURDIR)))
# the reference results are of 3.17.0; MUJOCO=4.0.1 builds beside it, MUJOCO_DIR= names an unpacked release to use
MUJOCO ?= 3.17.0
MUJOCO_DIR ?= $(CURDIR)/third_party/mujoco-$(MUJOCO)
# nonempty: MuJoCo is ours to download, not a MUJOCO_DIR of the user's
OUR_MUJOCO := $(filter file,$(origin MUJOCO_DIR))
override MUJOCO_DIR := $(abspath $(MUJOCO_DIR))
# nonempty: the program trains on several processes that mpirun or srun starts (docs/running.md); Open MPI
MPI ?=
BUILD ?= build$(if $(filter 3.17.0,$(MUJOCO)),,-mujoco-$(MUJOCO))$(if $(MPI),-mpi)
JOBS ?= $(shell nproc)
# for a make started by this one: as many jobs as -j says, else JOBS
parallel = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# x86-64-v2 is what any machine of the last decade runs; hot loops are multiversioned, not the build
OPTIMIZE ?= -O2
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wvla -Werror
SANITIZE ?=
# assertions: in sanitizer builds and with DEBUG=1
DEBUG ?= $(if $(SANITIZE),1)
# of Debian's builds of HDF5 the serial one
HDF5 := $(shell pkg-config --exists hdf5-serial 2>/dev/null && echo hdf5-serial || echo hdf5)
PACKAGES := yaml-0.1 jansson libzip libcrypto libcurl $(HDF5)
CFLAGS_ALL := -std=c17 $(OPTIMIZE) -g -fopenmp -fPIC -fvisibility=hidden -ffp-contract=off $(if $(DEBUG),-DDF_DEBUG) \
  $(WARNINGS) $(SANITIZE) $(CFLAGS)
MUJOCO_LINK := -L$(MUJOCO_DIR)/lib -lmujoco -Wl,-rpath,$(MUJOCO_DIR)/lib
LINK_OTHERS = $(shell pkg-config --libs $(PACKAGES)) -ldl -lm $(if $(MPI),-Wl$(comma)--as-needed $(shell pkg-config --libs ompi-c)) $(LDFLAGS)
LINK_ALL = $(MUJOCO_LINK) $(LINK_OTHERS)

comma := ,

# where commands of this file find data that are not part of the project; tests have the same default
export DYNAFLOW_DATA ?= $(wildcard ../shared/data)

# one line per file; `make V=1` shows whole commands
Q := $(if $(V),,@)
says = $(if $(V),,@echo "  $(1)")

# ---- the ladder: a folder sees the headers of the folders named here, and no others (docs/design.md, "Layout") ----
# lib/: the rooms, from the bottom up, and the public headers that each one sees beside its own
ROOMS := core io config stats nn sim policy data gradcheck gait metrics optimise flow
SEES_io := core
SEES_config := core
SEES_stats := core
SEES_nn := core
SEES_sim := core
SEES_policy := core io nn sim
SEES_data := core io config sim
SEES_gradcheck := core sim
SEES_gait := core io config sim data
SEES_metrics := core io config stats sim data
SEES_optimise := core io config stats sim data metrics
SEES_flow := core io config stats nn sim data metrics
# rooms inside lib/sim, and the private headers that each one sees; gradcheck looks into the simulator, too
SIM_ROOMS := algebra closed contact model tape adjoint simulator
SEES_sim/closed := algebra
SEES_sim/contact := algebra
SEES_sim/model := contact closed algebra
SEES_sim/tape := model contact closed algebra
SEES_sim/adjoint := tape model contact closed algebra
SEES_sim/simulator := adjoint tape model contact closed algebra
# bench/: the rooms, from the bottom up. HARNESS needs neither MuJoCo nor networks, and cannot include them.
HARNESS := base record tasks analysis verify report gate
BENCH_ROOMS := $(HARNESS) data evaluate check run trajectory transfer show score replay import expert gradient speed toy commands
SEES_bench/record := base
SEES_bench/tasks := base
SEES_bench/analysis := record base
SEES_bench/verify := analysis record base
SEES_bench/report := analysis record base
SEES_bench/gate := report verify analysis record tasks base
SEES_bench/data := tasks base
SEES_bench/evaluate := base
SEES_bench/check := base
SEES_bench/run := data evaluate check record tasks base
SEES_bench/trajectory := run evaluate record base
SEES_bench/transfer := trajectory report run evaluate analysis record tasks base
SEES_bench/show := trajectory run data evaluate check analysis record tasks base
SEES_bench/score := trajectory run evaluate record tasks base
SEES_bench/replay := run verify analysis data evaluate record tasks base
SEES_bench/import := replay run check verify analysis data evaluate record tasks base
SEES_bench/expert := run data evaluate check record tasks base
SEES_bench/speed := run data evaluate check record tasks base
SEES_bench/toy := report run analysis record base
SEES_bench/gradient := report analysis data record tasks base
SEES_bench/commands := $(filter-out commands,$(BENCH_ROOMS))

# public headers: one include folder per view, made of relative links, which lead into a copy of the tree when it is copied
LADDER := $(BUILD)/ladder
VIEWS := $(ROOMS) all harness
$(foreach r,$(ROOMS),$(eval VIEW_$(r) := $(r) $(SEES_$(r))))
VIEW_all := $(ROOMS)
VIEW_harness := core config stats metrics/defs.h
sees = -I$(LADDER)/$(1)
sim_private = $(foreach r,$(1),-Ilib/sim/$(r))
bench_private = $(foreach r,$(1),-Ibench/$(r))
MUJOCO_INCLUDE := -isystem $(MUJOCO_DIR)/include
# loops over coordinates are unrolled; no result changes by it
FLAGS_sim := $(MUJOCO_INCLUDE) $(patsubst -O2,-O3,$(filter -O2,$(OPTIMIZE)))
FLAGS_gradcheck := $(FLAGS_sim) $(call sim_private,$(SIM_ROOMS))
FLAGS_io = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(HDF5) jansson libzip))
# neither changes a result; without them loops with sqrt or a clamp are not vectorised
FLAGS_nn := -fno-math-errno -fno-trapping-math
FLAGS_bench = $(shell pkg-config --cflags $(PACKAGES))

objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(foreach folder,$(1),$(wildcard $(folder)/*.c))))
FOLDERS_sim := lib/sim $(SIM_ROOMS:%=lib/sim/%)
$(foreach r,$(ROOMS),$(eval OBJ_$(r) := $(call objects,$(or $(FOLDERS_$(r)),lib/$(r)))))
OBJ_LIB := $(foreach r,$(ROOMS),$(OBJ_$(r)))
OBJ_baselines := $(call objects,baselines)
OBJ_harness := $(call objects,$(HARNESS:%=bench/%))
OBJ_program := $(call objects,bench $(addprefix bench/,$(filter-out $(HARNESS),$(BENCH_ROOMS))))
OBJ_bench := $(OBJ_harness) $(OBJ_program)
# dynaflow-render, the only program that is linked with OpenGL, by EGL and GLFW, is built where the headers are; not under
# sanitizers, which report the drivers
RENDER_PACKAGES := egl libpng glfw3
ifeq ($(origin HAS_RENDER),undefined)
HAS_RENDER := $(if $(SANITIZE),,$(shell pkg-config --exists $(RENDER_PACKAGES) 2>/dev/null && echo yes))
endif
OBJ_render := $(if $(HAS_RENDER),$(call objects,bench/render))
ALL_OBJ := $(OBJ_LIB) $(OBJ_baselines) $(OBJ_bench) $(OBJ_render)

SHARED := $(BUILD)/libdynaflow.so.$(VERSION)
PROGRAM := $(BUILD)/dynaflow
HARNESS_LIB := $(BUILD)/libharness.a
# the program without its main(), of which each test links what it needs
PROGRAM_LIB := $(BUILD)/libprogram.a

.PHONY: build tests help all deps demo test smoke gate gate-run gate-fixtures golden gradcheck-table format format-check install install-built uninstall man symbols clean ladder print-ladder print-tests print-mujoco-dir
.DEFAULT_GOAL := all

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(filter %akefile %.mk,$(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# `all` starts a make of its own; other goals given beside it wait, so that no two makes write one file
ifneq ($(and $(word 2,$(MAKECMDGOALS)),$(filter all test test-fast smoke demo gate gate-run gate-fixtures golden gradcheck-table install man clean,$(MAKECMDGOALS))),)
.NOTPARALLEL:
endif

all: deps ## build libdynaflow.so and the program dynaflow (installs missing packages)
	@$(MAKE) --no-print-directory $(parallel) build

build: $(SHARED) $(PROGRAM) render

deps:
	@MUJOCO_VERSION=$(MUJOCO) MUJOCO_DIR=$(if $(OUR_MUJOCO),,$(MUJOCO_DIR)) ci/install-deps.sh $(if $(MPI),mpi)

# ---- compiling ----
$(LADDER)/.made: Makefile
	@rm -rf $(LADDER); mkdir -p $(LADDER)
	@$(foreach v,$(VIEWS),for header in $(VIEW_$(v)); do \
	    mkdir -p $(LADDER)/$(v)/dynaflow/$$(dirname $$header) && \
	    ln -srfn lib/include/dynaflow/$$header $(LADDER)/$(v)/dynaflow/$$header || exit 1; \
	  done;)
	@touch $@
ladder: $(LADDER)/.made

# the ladder as text, a line per folder, for tests/layout
print-ladder:
	@$(foreach r,$(ROOMS),echo 'lib/$(r): $(SEES_$(r):%=lib/%)$(if $(filter gradcheck,$(r)), $(SIM_ROOMS:%=lib/sim/%))';echo 'lib/include/dynaflow/$(r): $(SEES_$(r):%=lib/%)';)
	@$(foreach r,$(SIM_ROOMS),echo 'lib/sim/$(r): lib/sim lib/core $(SEES_sim/$(r):%=lib/sim/%)';)
	@echo 'baselines: $(ROOMS:%=lib/%)'
	@$(foreach r,$(HARNESS),echo 'bench/$(r): $(VIEW_harness:%=lib/%) $(SEES_bench/$(r):%=bench/%)';)
	@$(foreach r,$(filter-out $(HARNESS),$(BENCH_ROOMS)),echo 'bench/$(r): $(ROOMS:%=lib/%) baselines $(SEES_bench/$(r):%=bench/%)';)
	@echo 'bench: $(ROOMS:%=lib/%) baselines bench/commands bench/run bench/base'
	@echo 'bench/render: $(ROOMS:%=lib/%) $(SEES_bench/render:%=bench/%)'

# every test, a line each, for tests/layout
print-tests:
	@$(foreach t,$(TESTS:$(BUILD)/%=%) $(TESTS_cli) $(TESTS_render) $(TESTS_cluster) $(TESTS_layout),echo $(t);)

# the folder of MuJoCo, for tests/layout
print-mujoco-dir:
	@echo $(MUJOCO_DIR)

# A file that holds a text; it is rewritten, and what depends on it is made again, when the text changes.
define text_file
$(1): $(if $(subst x$(strip $(file <$(1)))x,,x$(strip $(2))x),FORCE)
	@mkdir -p $$(@D); echo '$(strip $(2))' >$$@
endef
# A changed compiler, option or MuJoCo triggers a full rebuild: a record must not claim flags that its code never saw.
# A source that is added or removed, and other linker options, trigger a link.
FLAGS := $(BUILD)/flags
LINKED := $(BUILD)/linked
$(eval $(call text_file,$(FLAGS),$(CC) $(CFLAGS_ALL) $(MUJOCO_DIR)))
$(eval $(call text_file,$(LINKED),$(ALL_OBJ) $(LDFLAGS)))

# folder, view, flags
define folder_rules
$(BUILD)/$(1)/%.o: $(1)/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $$(@D)
	$$(call says,CC $$<)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(call sees,$(2)) $(3) -MMD -MP -c $$< -o $$@
endef
$(foreach r,$(ROOMS),$(eval $(call folder_rules,lib/$(r),$(r),$$(FLAGS_$(r)))))
$(foreach r,$(SIM_ROOMS),$(eval $(call folder_rules,lib/sim/$(r),sim,$$(FLAGS_sim) $$(call sim_private,$$(SEES_sim/$(r))))))
$(eval $(call folder_rules,baselines,all,))
$(foreach r,$(HARNESS),$(eval $(call folder_rules,bench/$(r),harness,$$(FLAGS_bench) $$(call bench_private,$$(SEES_bench/$(r))))))
$(foreach r,$(filter-out $(HARNESS),$(BENCH_ROOMS)),$(eval $(call folder_rules,bench/$(r),all,\
  $$(FLAGS_bench) -Ibaselines $$(call bench_private,$$(SEES_bench/$(r))))))
$(eval $(call folder_rules,bench,all,$$(FLAGS_bench) -Ibaselines -Ibench/commands -Ibench/run -Ibench/base))

define archive_rules
$(BUILD)/lib/$(1).a: $$(OBJ_$(1)) $(LINKED)
	@rm -f $$@; ar rcs $$@ $$(filter %.o,$$^)
endef
$(foreach r,$(ROOMS),$(eval $(call archive_rules,$(r))))
$(HARNESS_LIB): $(OBJ_harness) $(LINKED)
	@rm -f $@; ar rcs $@ $(filter %.o,$^)
$(PROGRAM_LIB): $(filter-out $(BUILD)/bench/main.o,$(OBJ_program)) $(OBJ_baselines) $(LINKED)
	@rm -f $@; ar rcs $@ $(filter %.o,$^)

# networks and flows once more in double, for exact checks: linked by tests named *_double
define double_rules
OBJ_$(1)_double := $$(patsubst lib/$(1)/%.c,$$(BUILD)/lib/$(1)-double/%.o,$$(sort $$(wildcard lib/$(1)/*.c)))
$$(BUILD)/lib/$(1)-double/%.o: lib/$(1)/%.c $$(LADDER)/.made $$(FLAGS)
	@mkdir -p $$(@D)
	$$(call says,CC $$<)
	$$(Q)$$(CC) $$(CFLAGS_ALL) -DDF_REAL_DOUBLE $$(call sees,$(1)) $$(FLAGS_$(1)) -MMD -MP -c $$< -o $$@
$$(BUILD)/lib/$(1)-double.a: $$(OBJ_$(1)_double) $$(LINKED)
	@rm -f $$@; ar rcs $$@ $$(filter %.o,$$^)
endef
$(foreach r,nn policy flow,$(eval $(call double_rules,$(r))))

# build identity stored in records; rewritten only when it changes, so that nothing else is rebuilt
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
$(BUILD)/bench/base/provenance.o: $(GENERATED)/version.h
$(BUILD)/bench/base/provenance.o: FLAGS_bench += -I$(GENERATED)

# the two files that know MPI; all others are the same with and without it
OBJ_mpi := $(BUILD)/bench/base/launcher.o $(BUILD)/bench/run/mpi_ranks.o
WITH_MPI := $(BUILD)/with-mpi
$(eval $(call text_file,$(WITH_MPI),$(if $(MPI),yes,no)))
$(OBJ_mpi): $(WITH_MPI)
$(if $(MPI),$(eval $(OBJ_mpi): FLAGS_bench += -DDYNAFLOW_MPI $(patsubst -I%,-isystem %,$(shell pkg-config --cflags ompi-c))))

# it exports what lib/exports.map says; the installed files differ from these only in where they look for libraries
LINK_SHARED = $(CC) -shared -fopenmp $(SANITIZE) -Wl,-soname,libdynaflow.so.$(SOVERSION) -Wl,--no-undefined \
  -Wl,--version-script=lib/exports.map $(OBJ_LIB)
LINK_PROGRAM = $(CC) -fopenmp $(SANITIZE) $(OBJ_program) $(OBJ_baselines) $(HARNESS_LIB) -L$(BUILD) -ldynaflow
$(SHARED): $(OBJ_LIB) lib/exports.map $(LINKED)
	$(call says,LD $@)
	$(Q)$(LINK_SHARED) -o $@ $(LINK_ALL)
	@ln -sf $(notdir $@) $(BUILD)/libdynaflow.so.$(SOVERSION); ln -sf libdynaflow.so.$(SOVERSION) $(BUILD)/libdynaflow.so
$(PROGRAM): $(OBJ_program) $(OBJ_baselines) $(HARNESS_LIB) $(SHARED) $(LINKED)
	$(call says,LD $@)
	$(Q)$(LINK_PROGRAM) -o $@ -Wl,-rpath,'$$ORIGIN' $(LINK_OTHERS)

# ---- dynaflow-render ----
RENDER := $(BUILD)/dynaflow-render
SEES_bench/render := $(filter-out commands,$(BENCH_ROOMS))
$(eval $(call folder_rules,bench/render,all,$$(FLAGS_bench) $(MUJOCO_INCLUDE) $$(call bench_private,$$(SEES_bench/render))))
# what it needs of the program: everything but the commands
LINK_RENDER = $(CC) -fopenmp $(SANITIZE) $(OBJ_render) $(filter-out $(BUILD)/bench/main.o $(BUILD)/bench/commands/%,$(OBJ_program)) \
  $(OBJ_baselines) $(HARNESS_LIB) -L$(BUILD) -ldynaflow
LINK_GL = $(shell pkg-config --libs $(RENDER_PACKAGES)) $(LINK_OTHERS)
$(RENDER): $(OBJ_render) $(PROGRAM) $(LINKED)
	$(call says,LD $@)
	$(Q)$(LINK_RENDER) -o $@ -Wl,-rpath,'$$ORIGIN' $(MUJOCO_LINK) $(LINK_GL)
render: $(if $(HAS_RENDER),$(RENDER)) ## build dynaflow-render, which draws motions (packages: ci/install-deps.sh render)
	$(if $(HAS_RENDER),@:,@echo "  dynaflow-render is not built: $(if $(SANITIZE),it is not for sanitizers,no headers of EGL, GLFW or libpng; ci/install-deps.sh render installs them)")
.PHONY: render

symbols: ## write lib/symbols.txt, the exported symbols with their declarations, from the public headers
	@python3 tests/layout/declarations.py lib/include > lib/symbols.txt

# ---- tests: tests/<room>/test_<file>.c tests lib/<room>/<file>.c and is linked with that room and those it sees;
# tests/bench/<room>/ does so for bench/, where tests of the harness are linked with neither MuJoCo nor networks ----
TEST_FLAGS = $(filter-out -fvisibility=hidden,$(CFLAGS_ALL)) -Ilib/include $(foreach r,$(ROOMS),-Ilib/$(r)) \
  $(call sim_private,$(SIM_ROOMS)) $(call bench_private,$(BENCH_ROOMS)) -Ibaselines -Itests/support -Itests/sim \
  $(MUJOCO_INCLUDE)
OBJ_support := $(call objects,tests/support)
SUPPORT := $(BUILD)/tests/support.a
$(SUPPORT): $(OBJ_support)
	@rm -f $@; ar rcs $@ $^
$(BUILD)/tests/%.o: tests/%.c $(LADDER)/.made $(FLAGS)
	@mkdir -p $(@D)
	$(call says,CC $<)
	$(Q)$(CC) $(TEST_FLAGS) -MMD -MP -c $< -o $@

archives = $(patsubst %,$(BUILD)/lib/%.a,$(1))
$(foreach r,$(ROOMS),$(eval LINKED_$(r) := $(call archives,$(VIEW_$(r)))))
# tests named *_double: with the rooms in double
define double_test_rules
$$(BUILD)/tests/$(1)/test_%_double.o: tests/$(1)/test_%_double.c $$(LADDER)/.made $$(FLAGS)
	@mkdir -p $$(@D)
	$$(call says,CC $$<)
	$$(Q)$$(CC) $$(TEST_FLAGS) -DDF_REAL_DOUBLE -MMD -MP -c $$< -o $$@
$$(BUILD)/tests/$(1)/test_%_double: $$(BUILD)/tests/$(1)/test_%_double.o $(2) $$(SUPPORT)
	$$(call says,LD $$@)
	$$(Q)$$(CC) -fopenmp $$(SANITIZE) $$< -Wl,--start-group $$(SUPPORT) $(2) -Wl,--end-group -o $$@ $$(LINK_ALL) -lcmocka
endef
$(foreach r,nn policy flow,$(eval $(call double_test_rules,$(r),$(foreach v,$(VIEW_$(r)),$(BUILD)/lib/$(v)$(if $(filter nn policy flow,$(v)),-double).a))))
# the simulator's adjoint is tested by the gradient check
LINKED_sim += $(call archives,gradcheck)
# the task of the tests opens BLAS
LINKED_optimise += $(call archives,nn)
LINKED_data += $(call archives,nn)
LINKED_baselines := $(OBJ_baselines) $(call archives,$(ROOMS))
LINKED_harness := $(HARNESS_LIB) $(BUILD)/lib/metrics/defs.o $(call archives,config stats core)
LINKED_program := $(PROGRAM_LIB) $(HARNESS_LIB) $(call archives,$(ROOMS))
LINK_harness = $(LINK_OTHERS)
# name of the tests, their folders, what they are linked with, libraries
define test_rules
TESTS_$(1) := $$(patsubst %.c,$(BUILD)/%,$$(sort $$(foreach folder,$(2),$$(wildcard $$(folder)/test_*.c))))
$$(filter-out %_double,$$(TESTS_$(1))): $(BUILD)/%: $(BUILD)/%.o $(3) $$(SUPPORT)
	$$(call says,LD $$@)
	$$(Q)$$(CC) -fopenmp $$(SANITIZE) $$< -Wl,--start-group $(4) $(3) -Wl,--end-group -o $$@ $(5) -lcmocka
TESTS += $$(TESTS_$(1))
.PHONY: test-$(1)
test-$(1): $$(TESTS_$(1))
	@BUILD=$(BUILD) tests/run.sh $$^
endef
$(foreach r,$(ROOMS),$(eval $(call test_rules,$(r),tests/$(r) $(FOLDERS_$(r):lib/%=tests/%),$$(LINKED_$(r)),$$(SUPPORT),$$(LINK_ALL))))
$(eval $(call test_rules,baselines,tests/baselines,$$(LINKED_baselines),$$(SUPPORT),$$(LINK_ALL)))
$(eval $(call test_rules,harness,$(HARNESS:%=tests/bench/%),$$(LINKED_harness),,$$(LINK_harness)))
$(eval $(call test_rules,program,$(addprefix tests/bench/,$(filter-out $(HARNESS),$(BENCH_ROOMS))),$$(LINKED_program),$$(SUPPORT),$$(LINK_ALL)))
test-bench: test-harness test-program
.PRECIOUS: $(BUILD)/tests/%.o $(BUILD)/tests/nn/test_%_double.o $(BUILD)/tests/policy/test_%_double.o $(BUILD)/tests/flow/test_%_double.o
.PHONY: test-bench

tests: $(TESTS)
# The adjoint depends on internals of MuJoCo, so its tests also run with the next release; not when MUJOCO_DIR is set.
NEXT := $(if $(and $(filter 3.17.0,$(MUJOCO)),$(OUR_MUJOCO)),4.0.1)
NEXT_BUILD := $(BUILD)-mujoco-$(NEXT)
NEXT_TESTS := $(if $(NEXT),$(TESTS_sim:$(BUILD)/%=$(NEXT_BUILD)/%))
# numpy and MuJoCo's Python package; without them test_independent.sh is skipped, with the reason
test-packages:
	@python3 ci/fetch-python.py third_party/python || true
.PHONY: test-packages
test: all test-packages ## build and run every test, those of the simulator also with MuJoCo 4.0.1 (MUJOCO=4.0.1: all with that)
	@$(MAKE) --no-print-directory $(parallel) tests
	$(if $(NEXT),@$(MAKE) --no-print-directory MUJOCO=$(NEXT) BUILD=$(NEXT_BUILD) deps && \
	  $(MAKE) --no-print-directory $(parallel) MUJOCO=$(NEXT) BUILD=$(NEXT_BUILD) $(NEXT_TESTS))
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run.sh $(TESTS) $(NEXT_TESTS) $(TESTS_cli) $(if $(HAS_RENDER),$(TESTS_render)) $(TESTS_layout)
test-render: build test-packages ## the tests of dynaflow-render, which make test runs where it is built
	@BUILD=$(BUILD) tests/run.sh $(TESTS_render)
.PHONY: test-render

# pinned: another version formats differently
CLANG_FORMAT ?= clang-format-14
FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format: ## format the sources in place (clang-format)
	$(if $(FORMATTED),$(CLANG_FORMAT) -i $(FORMATTED),$(error no sources: make format needs a git checkout))
format-check: ## fail if a source is not formatted
	$(if $(FORMATTED),$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED),$(error no sources: make format-check needs a git checkout))

demo: all ## four Go1 gaits: demonstrations, DynaFlow and its baselines, tables and figures
	$(PROGRAM) run go1_gaits --profile demo --method dynaflow --blas-kernel auto --out results/runs/demo
	$(PROGRAM) report results/runs/demo
	$(PROGRAM) run go1_gaits --profile demo --blas-kernel auto --out results/runs/demo
	$(PROGRAM) report results/runs/demo
smoke: all ## the demo on the small hopper task (needs its data: dynaflow data fetch hopper)
	$(PROGRAM) run hopper --profile smoke --blas-kernel auto --out results/runs/smoke
	$(PROGRAM) report results/runs/smoke

# The run that the gate judges: the smoke profile with two seeds, because a tolerance relative to a golden value needs two.
# Results of an older program are discarded and an interrupted run is continued. A commit that changes no object does not
# invalidate the run.
GATE_RUN := results/runs/gate
GATE_CODE = $(SHARED) $(OBJ_baselines) $(filter-out $(BUILD)/bench/base/provenance.o,$(OBJ_bench)) tasks/go1_gaits/task.yaml tasks/go1_gaits/go1.xml
gate-run: all
	@if [ -n "$$(find $(GATE_CODE) -newer $(GATE_RUN)/.begun 2>/dev/null)" ]; then rm -rf $(GATE_RUN); fi
	@mkdir -p $(GATE_RUN); [ -e $(GATE_RUN)/.begun ] || touch $(GATE_RUN)/.begun
	$(PROGRAM) run go1_gaits --profile smoke --seed 0,1 --blas-kernel auto --out $(GATE_RUN)
	$(PROGRAM) verify $(GATE_RUN)
	for m in shac ppo; do $(PROGRAM) expert train go1_gaits --profile expert_brief --set expert.method=$$m --walks 16 --seconds 4 \
	  --seed 1,2 --blas-kernel auto --out $(GATE_RUN)/experts --quiet || exit 1; done
gate-fixtures: all
	@BUILD=$(BUILD) tests/run.sh tests/cli/test_gate.sh tests/cli/test_verify.sh
gate: gate-fixtures ## the gate's own must-fail fixtures, then a Go1 run with two seeds compared with its golden table
	@$(MAKE) --no-print-directory gate-run
	$(PROGRAM) gate $(GATE_RUN)
	$(PROGRAM) gate $(GATE_RUN)/experts
golden: ## write the golden table of the Go1 from a run with two seeds: make golden REASON="why these numbers"
	@[ -n "$(strip $(REASON))" ] || { echo 'make golden REASON="why these numbers are right"'; exit 2; }
	@$(MAKE) --no-print-directory gate-run
	$(PROGRAM) gate $(GATE_RUN) --accept --reason "$(REASON)"
	$(PROGRAM) gate $(GATE_RUN)/experts --accept --reason "$(REASON)"

gradcheck-table: all ## the adjoint of every model of results/adjoint/suite.txt: verified and timed
	$(PROGRAM) gradcheck --suite results/adjoint/suite.txt --out results/adjoint; code=$$?; \
	$(PROGRAM) bench adjoint --suite results/adjoint/suite.txt --out results/adjoint || exit $$?; exit $$code

# ---- installing: a tree in build/stage, copied by ci/install.sh, which lists the files it made ----
DESTINATION := $(DESTDIR)$(PREFIX)
# not build/install: with build on PATH, make would take the folder for the program install
STAGE := $(BUILD)/stage
TREE := $(STAGE)/tree
define PKG_CONFIG_FILE
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: dynaflow
Description: flow matching with a differentiable MuJoCo rollout inside
Version: $(VERSION)
Cflags: -I"$${includedir}"
Libs: -L"$${libdir}" -ldynaflow -Wl,-rpath-link,"$${libdir}/dynaflow"
endef
export PKG_CONFIG_FILE
# MuJoCo is installed in a folder of its own, where it does not overwrite another MuJoCo; the library finds it there
$(STAGE)/libdynaflow.so: $(SHARED)
	@mkdir -p $(@D)
	$(call says,LD $@)
	$(Q)$(LINK_SHARED) -o $@ -L$(MUJOCO_DIR)/lib -lmujoco $(LINK_OTHERS) -Wl,-rpath,'$$ORIGIN/dynaflow'
$(STAGE)/dynaflow-render: $(RENDER)
	$(call says,LD $@)
	$(Q)$(LINK_RENDER) -o $@ -L$(MUJOCO_DIR)/lib -lmujoco $(LINK_GL) -Wl,-rpath,'$$ORIGIN/../lib:$$ORIGIN/../lib/dynaflow'
$(STAGE)/dynaflow: $(PROGRAM)
	@mkdir -p $(@D)
	$(call says,LD $@)
	$(Q)$(LINK_PROGRAM) -o $@ $(LINK_OTHERS) -Wl,-rpath,'$$ORIGIN/../lib:$$ORIGIN/../lib/dynaflow'
man: all ## write the manual pages to build/man (needs help2man)
	@ci/man.sh $(PROGRAM) $(BUILD)/man
install: all ## install program, library, headers, tasks, manual pages and MuJoCo with its plugins under PREFIX (DESTDIR is honoured)
	@$(MAKE) --no-print-directory install-built
install-built: $(STAGE)/libdynaflow.so $(STAGE)/dynaflow $(if $(HAS_RENDER),$(STAGE)/dynaflow-render)
	$(if $(filter /%,$(PREFIX)),,$(error PREFIX must be an absolute path, not "$(PREFIX)"))
	$(if $(OUR_MUJOCO),@[ -e "$(MUJOCO_DIR)/LICENSE" ] || MUJOCO_VERSION=$(MUJOCO) python3 ci/fetch-mujoco.py "$(MUJOCO_DIR)")
	@rm -rf $(TREE); mkdir -p $(TREE)/bin $(TREE)/lib/dynaflow $(TREE)/lib/pkgconfig $(TREE)/include \
	  $(TREE)/share/dynaflow $(TREE)/share/doc/dynaflow/mujoco
	@install -m 755 $(STAGE)/dynaflow $(TREE)/bin/dynaflow
	$(if $(HAS_RENDER),@install -m 755 $(STAGE)/dynaflow-render $(TREE)/bin/dynaflow-render)
	@install -m 644 $(STAGE)/libdynaflow.so $(TREE)/lib/$(notdir $(SHARED))
	@ln -s $(notdir $(SHARED)) $(TREE)/lib/libdynaflow.so.$(SOVERSION)
	@ln -s libdynaflow.so.$(SOVERSION) $(TREE)/lib/libdynaflow.so
	@cp -P $(MUJOCO_DIR)/lib/libmujoco.so* $(TREE)/lib/dynaflow/
	@plugins=$$(ls -d $(MUJOCO_DIR)/lib/mujoco_plugin $(MUJOCO_DIR)/bin/mujoco_plugin 2>/dev/null | head -1); \
	  [ -z "$$plugins" ] || cp -rL "$$plugins" $(TREE)/lib/dynaflow/mujoco_plugin
	@printenv PKG_CONFIG_FILE > $(TREE)/lib/pkgconfig/dynaflow.pc
	@cp -r lib/include/dynaflow $(TREE)/include/
	@cp -r tasks $(TREE)/share/dynaflow/; rm -rf $(TREE)/share/dynaflow/tasks/*/data
	@[ ! -d results/reference ] || cp -r results/reference $(TREE)/share/dynaflow/
	@cp LICENSE $(TREE)/share/doc/dynaflow/
	@mkdir -p $(TREE)/share/bash-completion/completions $(TREE)/share/zsh/site-functions
	@$(PROGRAM) completion bash > $(TREE)/share/bash-completion/completions/dynaflow
	@$(PROGRAM) completion zsh > $(TREE)/share/zsh/site-functions/_dynaflow
	@if command -v help2man >/dev/null; then ci/man.sh $(PROGRAM) $(TREE)/share/man/man1; else \
	  echo "install: help2man is not installed, so no manual pages are" >&2; fi
	@for file in $(MUJOCO_DIR)/LICENSE* $(MUJOCO_DIR)/THIRD_PARTY*; do \
	  [ ! -f "$$file" ] || cp "$$file" $(TREE)/share/doc/dynaflow/mujoco/; done
	@[ -f "$(MUJOCO_DIR)/LICENSE" ] || \
	  echo "install: $(MUJOCO_DIR) holds no LICENSE; add MuJoCo's licence before you pass its library on" >&2
	@chmod -R u=rwX,go=rX $(TREE)
	@ci/install.sh install $(TREE) "$(DESTINATION)"
	@echo "installed under $(DESTINATION); make uninstall removes it"
uninstall: ## remove what install made under PREFIX, and list files there that it did not make
	@ci/install.sh uninstall "$(DESTINATION)"

clean: ## remove what was built
	rm -rf build build-*

-include $(ALL_OBJ:.o=.d) $(foreach r,nn policy flow,$(OBJ_$(r)_double:.o=.d)) $(TESTS:=.d) $(OBJ_support:.o=.d)

include ci/checks.mk
