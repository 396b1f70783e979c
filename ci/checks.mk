# checks.mk: tiers of tests, analysers, sanitizers, coverage and fuzzing; included at the end of the Makefile.
#
# Each check builds in its own folder (build-asan, build-clang, ...), so checks do not disturb one another.
# ONLY="core data" restricts asan, ubsan, sanitize, tsan and coverage to the tests of these rooms; beside the rooms there
# are "cli" (the scripts) and "fuzz" (the replayed corpora). WITHOUT="bench/check/test_misread" leaves tests of them out.

CLANG ?= clang-14
TEST_ROOMS := $(ROOMS) baselines harness program layout
# with other packages than the rest: `make test-mpi`, `make test-slurm`
TESTS_cluster := tests/cli/test_mpi.sh tests/cli/test_slurm.sh
# of dynaflow-render, which is not built everywhere
TESTS_render := tests/cli/test_render.sh tests/cli/test_window.sh
TESTS_cli := $(filter-out $(TESTS_render) $(TESTS_cluster),$(sort $(wildcard tests/cli/test_*.sh)))
TESTS_layout := $(sort $(wildcard tests/layout/test_*.sh))
again = $(MAKE) --no-print-directory
tools:
	@ci/install-deps.sh lint
.PHONY: tools

# ---- fuzzing: tests/fuzz/fuzz_<what>.c is a harness, tests/fuzz/corpus/<what>/ its inputs ----
FUZZED := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(shell grep -l '^int LLVMFuzzerTestOneInput' tests/fuzz/fuzz_*.c)))
FUZZ_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_LINKED := $(BUILD)/tests/fuzz/fuzz_input.o $(LINKED_program)
fuzz_link = $(Q)$(CC) -fopenmp $(SANITIZE) $(2) $(filter %.o,$(1)) -Wl,--start-group $(filter %.a,$(1)) -Wl,--end-group \
  -o $@ $(LINK_ALL)

# `make test` reads every input of the corpora once
TESTS_fuzz := $(FUZZED:%=$(BUILD)/tests/fuzz/replay_%)
TESTS += $(TESTS_fuzz)
tests: $(TESTS_fuzz)
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(FUZZ_LINKED)
	$(call says,LD $@)
	$(call fuzz_link,$^)
-include $(FUZZ_OBJ:.o=.d)
.PHONY: test-fuzz
test-fuzz: $(TESTS_fuzz)
	@BUILD=$(BUILD) tests/run.sh $^

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_LINKED)
	$(call says,LD $@)
	$(call fuzz_link,$^,-fsanitize=fuzzer)
.PRECIOUS: $(BUILD)/tests/fuzz/%.o
# at -O1 clang warns about loops that it cannot vectorise, which is harmless
FUZZ_BUILD := BUILD=build-fuzz CC=$(CLANG) OPTIMIZE=-O1 CFLAGS=-Wno-pass-failed \
  SANITIZE="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
SECONDS ?= 60
.PHONY: fuzz
fuzz: deps tools ## fuzz the readers of files, SECONDS=60 each (FUZZED="npy npz" for some of them)
	@$(again) $(parallel) $(FUZZ_BUILD) $(FUZZED:%=build-fuzz/tests/fuzz/fuzz_%)
	@ci/fuzz.sh $(SECONDS) $(FUZZED)

# ---- a fast tier: all but the programs marked "/* slow */" or "# slow" near the top of their source ----
TEST_SOURCES := $(foreach r,$(TEST_ROOMS),$(TESTS_$(r):$(BUILD)/%=%.c)) $(TESTS_cli)
SLOW := $(shell awk 'FNR <= 40 && /^(\/\* |\# )slow/ { print FILENAME }' $(TEST_SOURCES))
FAST := $(filter-out $(SLOW),$(TEST_SOURCES))
FAST_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter %.c,$(FAST))) $(TESTS_fuzz) $(filter %.sh,$(FAST))
.PHONY: test-fast
test-fast: all ## the tests that take under half a minute together; names those left out
	@$(again) $(parallel) $(filter-out %.sh,$(FAST_TESTS))
	@BUILD=$(BUILD) tests/run.sh $(FAST_TESTS)
	@echo "left out (make test runs them): $(patsubst tests/%,%,$(SLOW))$(if $(NEXT), and the simulator's tests with MuJoCo $(NEXT))"

# ---- clusters ----
MPI_BUILD := build-mpi
# nothing but OBJ_mpi differs with MPI: build-mpi begins as a copy of the build without
ALIKE := lib bench baselines ladder generated flags with-mpi
$(MPI_BUILD): | all
	@rm -rf $@.new && mkdir $@.new && cp -a $(ALIKE:%=$(BUILD)/%) $@.new/
	@find $@.new -name '*.d' -exec sed -i -E 's,(^| )$(BUILD)/,\1$@/,g' {} +
	@mv $@.new $@
.PHONY: test-mpi test-slurm
test-mpi: all | $(MPI_BUILD) ## the program with MPI (built in build-mpi) against that without, under mpirun
	@$(again) MPI=1 BUILD=$(MPI_BUILD) all
	@BUILD=$(BUILD) MPI_BUILD=$(MPI_BUILD) tests/run.sh tests/cli/test_mpi.sh
test-slurm: all | $(MPI_BUILD) ## ci/slurm_array.sbatch and ci/slurm_mpi.sbatch on a Slurm of one node that the test starts
	@$(again) MPI=1 BUILD=$(MPI_BUILD) all
	@ci/install-deps.sh slurm
	@BUILD=$(BUILD) MPI_BUILD=$(MPI_BUILD) tests/run.sh tests/cli/test_slurm.sh

# ---- sanitizers ----
some_tests = $(filter-out $(WITHOUT:%=$(BUILD)/tests/%),$(foreach r,$(ONLY),$(TESTS_$(r))))
.PHONY: test-only asan ubsan sanitize tsan
test-only: deps
	@[ -n "$(some_tests)" ] || { echo 'no tests in ONLY="$(ONLY)"; there are: $(TEST_ROOMS) cli fuzz' >&2; exit 2; }
	@$(again) $(parallel) $(filter-out %.sh,$(some_tests)) $(if $(filter %.sh,$(some_tests)),build)
	@BUILD=$(BUILD) tests/run.sh $(some_tests)
# in instrumented code gcc gives false warnings, of several kinds; the plain build and clang have -Werror. Reports name
# lines, for which -g1 is enough: it compiles in two thirds of the time of -g.
tested = $(again) BUILD=build-$(1) OPTIMIZE=-O1 CFLAGS="-Wno-error -g1" $(2) $(if $(ONLY),test-only,test)

asan: ## the tests under AddressSanitizer and LeakSanitizer (ONLY="core data" for some rooms)
	@$(call tested,asan,SANITIZE="-fsanitize=address -fno-omit-frame-pointer")
ubsan: ## the tests under UndefinedBehaviorSanitizer
	@$(call tested,ubsan,SANITIZE="-fsanitize=undefined -fno-sanitize-recover=all")
sanitize: ## the tests under both at once
	@$(call tested,sanitize,SANITIZE="-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")

# ThreadSanitizer does not see the synchronisation inside gcc's libgomp and reports every parallel loop. clang's libomp
# announces its synchronisation through archer, an OpenMP tool of LLVM. Calls of MuJoCo and OpenBLAS, which are not
# instrumented, are ignored.
# Rooms that use threads: sim (rollouts), nn (sums over micro-batches), flow (training), metrics (resampling).
TSAN_ROOMS ?= sim nn policy flow metrics
ARCHER ?= $(firstword $(wildcard /usr/lib/llvm-14/lib/libarcher.so))
tsan: deps tools ## the tests of the rooms with threads under ThreadSanitizer (clang, libomp, archer)
	@OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=0 $(TSAN_OPTIONS)" \
	  $(again) BUILD=build-tsan CC=$(CLANG) OPTIMIZE=-O1 CFLAGS=-Wno-pass-failed SANITIZE="-fsanitize=thread" \
	  ONLY="$(or $(ONLY),$(TSAN_ROOMS))" test-only

# ---- another compiler, analysers, coverage ----
.PHONY: objects test-objects clang lint coverage check-all
objects: $(ALL_OBJ)
# all that the tests are made of
TEST_OBJ := $(addsuffix .o,$(filter-out $(TESTS_fuzz),$(TESTS))) $(FUZZ_OBJ) $(OBJ_support) \
  $(foreach r,nn policy flow,$(OBJ_$(r)_double))
test-objects: $(TEST_OBJ)
clang: deps tools ## build everything with clang, warnings as errors; tests are compiled, not linked
	@$(again) $(parallel) BUILD=build-clang CC=$(CLANG) CFLAGS=-Wno-pass-failed build test-objects

# read by clang-tidy, cppcheck and editors; written again when a file is added, or by `make -B`
COMPILE_COMMANDS := build-lint/compile_commands.json
$(COMPILE_COMMANDS): Makefile $(wildcard ci/*.mk) $(ALL_OBJ:$(BUILD)/%.o=%.c)
	@$(again) -s BUILD=build-lint CC=$(CLANG) ladder build-lint/generated/version.h
	@$(again) -nB V=1 BUILD=build-lint CC=$(CLANG) objects | python3 ci/compile-commands.py $@
lint: deps tools ## gcc -fanalyzer, clang-tidy and cppcheck (ONLY=tidy for one of analyzer, tidy, cppcheck)
	@$(again) $(COMPILE_COMMANDS)
	@JOBS=$(JOBS) ci/lint.sh $(COMPILE_COMMANDS) $(ONLY)

coverage: deps tools ## lines that the tests reach, per room: a table, and build-coverage/html/index.html
	@find build-coverage -name '*.gcda' -delete 2>/dev/null || true
	@$(call tested,coverage,NEXT= SANITIZE="--coverage -fprofile-update=atomic")
	@ci/coverage.sh build-coverage

check-all: ## everything: test, format, clang, lint, sanitizers, a short fuzzing, planted faults (hours)
	@$(again) test
	@$(again) format-check
	@$(again) clang
	@$(again) lint
	@$(again) asan
	@$(again) ubsan
	@$(again) tsan
	@$(again) fuzz SECONDS=30
	@tests/faults/run.sh
