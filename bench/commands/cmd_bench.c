/* cmd_bench.c: dynaflow bench: times gradients, rollouts, training steps, matrix products and samples. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench_adjoint.h"
#include "bench_gemm.h"
#include "bench_rollout.h"
#include "bench_sample.h"
#include "bench_scaling.h"
#include "bench_train.h"
#include "cases.h"
#include "commands.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "lookup.h"
#include "methods.h"
#include "options.h"
#include "progress.h"
#include "rows.h"
#include "suggestion.h"
#include "suite.h"
#include "target.h"
#include "target_argument.h"
#include "terminal.h"

enum { KEY_WINDOWS = 0x600, KEY_PASSES };

/* the benchmarks; `speed` is that of a method on one task, NULL for those of tasks, models and suites */
static const struct benchmark {
  const char* name;
  int passes; /* default of --passes */
  df_status (*speed)(const speed_cfg* cfg, rows* out);
} benchmarks[] = {
    {"adjoint", 24, NULL},   {"rollout", 24, NULL},          {"train", 20, bench_train},
    {"gemm", 5, bench_gemm}, {"sample", 1000, bench_sample}, {"scaling", 5, bench_scaling},
};
enum { BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

typedef enum bench_kind {
  BENCH_ADJOINT,
  BENCH_ROLLOUT,
  BENCH_TRAIN,
  BENCH_GEMM,
  BENCH_SAMPLE,
  BENCH_SCALING,
  BENCH_NONE
} bench_kind;

typedef struct arguments {
  target_argument at;
  bench_kind kind;
  int windows, passes; /* 0: the default */
  const char *method, *checkpoint;
} arguments;

/* the first word is the benchmark, the others are targets */
static error_t take_word(arguments* a, const char* word, struct argp_state* state) {
  const char* names[BENCHMARKS];
  char hint[96];
  if (a->kind != BENCH_NONE) return ARGP_ERR_UNKNOWN;
  for (int i = 0; i < BENCHMARKS; i++) {
    names[i] = benchmarks[i].name;
    if (strcmp(word, names[i]) == 0) a->kind = (bench_kind)i;
  }
  if (a->kind == BENCH_NONE) {
    argp_error(state, "unknown benchmark '%s'%s (choose adjoint, rollout, train, gemm, sample or scaling)", word,
               suggestion(word, BENCHMARKS, names, hint, sizeof hint));
  }
  return 0;
}

/* the benchmarks of a method take one task, the others no method */
static void check_arguments(const arguments* a, struct argp_state* state) {
  const struct benchmark* b = &benchmarks[a->kind];
  if (a->at.out && a->kind != BENCH_ADJOINT) argp_error(state, "--out is only valid with adjoint");
  if (a->checkpoint && a->kind != BENCH_SAMPLE) argp_error(state, "--checkpoint is only valid with sample");
  if (!b->speed) {
    if (a->method) argp_error(state, "--method is not valid with %s", b->name);
    return;
  }
  if (a->at.suite) argp_error(state, "--suite is not valid with %s, which takes one task", b->name);
  if (a->windows) argp_error(state, "--windows is not valid with %s", b->name);
  if (a->at.has_horizon) argp_error(state, "--horizon is not valid with %s", b->name);
  if (a->at.n > 1) argp_error(state, "unexpected argument '%s': %s takes one task", a->at.target[1], b->name);
  if (a->at.n == 1 && target_is_model(a->at.target[0])) {
    argp_error(state, "%s takes a task, not the model file '%s'", b->name, a->at.target[0]);
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->at;
      return 0;
    case KEY_WINDOWS:
      a->windows = (int)parse_integer(state, "--windows", value, 1, 10000);
      return 0;
    case KEY_PASSES:
      a->passes = (int)parse_integer(state, "--passes", value, 1, 100000);
      return 0;
    case 'm':
      a->method = parse_text(state, "--method", value);
      return 0;
    case 'c':
      a->checkpoint = parse_text(state, "--checkpoint", value);
      return 0;
    case ARGP_KEY_ARG:
      return take_word(a, value, state);
    case ARGP_KEY_END:
      if (a->kind == BENCH_NONE) {
        argp_error(state, "missing argument: adjoint, rollout, train, gemm, sample or scaling");
      }
      check_arguments(a, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"windows", KEY_WINDOWS, "N", 0, "number of rollouts (default: 24)", 0},
    {"passes", KEY_PASSES, "N", 0,
     "repetitions: of all rollouts (default: 24), training steps (20), trainings (scaling: 5), of every product (gemm: "
     "5), samples (1000)",
     0},
    {"method", 'm', "M", 0, "train, gemm, sample, scaling: the method (default: dynaflow)", 0},
    {"checkpoint", 'c', "FILE", 0, "sample: weights (default: untrained ones, which take the same time)", 0},
    {0}};
static const struct argp_child children[] = {TARGET_ARGUMENT_CHILD, {0}};
const struct argp bench_argp = {
    .options = option_table,
    .parser = parse,
    .args_doc = "adjoint|rollout TASK...|MODEL.xml...|--suite FILE\ntrain|gemm|sample|scaling TASK",
    .doc =
        "Times gradients, rollouts, training, matrix products and samples by interleaved runs.\n\n"
        "adjoint: compares a step, its adjoint, a rollout with gradient and MuJoCo's mjd_transitionFD, in CPU time of "
        "one thread. rollout: compares rollouts on one thread and on --threads, in wall time; it needs an otherwise "
        "idle machine. The ratios are the result; --out writes timing.md and timing.csv (adjoint only). A task is "
        "timed on windows of its demonstrations, a model on "
        "generated windows with contacts. Models of a suite that cannot be simulated are named and skipped.\n\n"
        "train: a training step by parts, in CPU time of all threads, and the same rollouts without a gradient. gemm: "
        "the matrix products of a step with every kernel set of OpenBLAS and with plain loops. sample: latency of one "
        "sample on one thread, and from the start of the program to the first. scaling: steps on 1 .. --threads "
        "threads, and whether their weights have the same bytes. docs/speed.md explains the rows. Nothing is written, "
        "and a busy machine is reported.\v"
        "Exits with 0 when the models were timed, 2 on bad input, 3 when a file is missing or no model of a suite can "
        "be timed.",
    .children = children};

/* ---- windows with contacts ---- */

/* generates start states of the kinds that have contacts; each window applies the action drawn with its state */
static df_status draw_windows(const df_system* s, int windows, int horizon, uint64_t seed, cases* c) {
  const int each = (windows + 3) / 4;
  const int states[DF_STATE_KINDS] = {[DF_STATE_REST] = each,
                                      [DF_STATE_MOTION] = each,
                                      [DF_STATE_IMPACT] = each,
                                      [DF_STATE_SLIDING] = windows > 3 * each ? windows - 3 * each : 0};
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, H = (size_t)horizon;
  DF_TRY(cases_new(s, windows, windows, horizon, c));
  DF_TRY(cases_draw(s, states, seed, c));
  c->m = c->n;
  for (size_t w = 0; w < (size_t)c->m; w++) {
    memcpy(c->x0 + w * nx, c->x + w * nx, nx * sizeof *c->x0);
    for (size_t t = 0; t < H; t++) memcpy(c->u_m + (w * H + t) * nu, c->u + w * nu, nu * sizeof *c->u_m);
  }
  return DF_OK;
}

/* ---- one system ---- */

static df_status bench_system(const arguments* a, const char* name, double target, const df_system* s, const cases* c,
                              adjoint_timing* timing, rows* out) {
  if (a->kind == BENCH_ROLLOUT) return bench_rollout(s, name, c, a->passes, a->at.common.threads, out);
  *timing = (adjoint_timing){.model = name, .target = target};
  DF_TRY(bench_adjoint(s, c, a->passes, a->at.common.seeds[0], timing));
  bench_adjoint_row(timing, out);
  return DF_OK;
}

static df_status bench_target(const arguments* a, const char* name, adjoint_timing* timing, rows* out) {
  const target_size size = {.states = a->windows, .rollouts = a->windows, .horizon = a->at.horizon};
  df_system* s;
  cases c;
  df_status status = target_open(&a->at.common, name, &size, &s, &c);
  if (status == DF_OK && c.kind[0] != DF_STATE_KINDS) {
    cases_clear(&c);
    status = draw_windows(s, a->windows, a->at.horizon, a->at.common.seeds[0], &c);
  }
  if (status == DF_OK) status = bench_system(a, name, NAN, s, &c, timing, out);
  cases_clear(&c);
  df_system_free(s);
  return status;
}

static int bench_targets(const arguments* a, adjoint_timing* timings, int* n, rows* out) {
  for (int i = 0; i < a->at.n; i++) {
    const df_status status = bench_target(a, a->at.target[i], &timings[i], out);
    if (status != DF_OK) return target_failure(status, a->at.target[i]);
    *n = i + 1;
  }
  return EXIT_DONE;
}

/* ---- a suite ---- */

/* DF_OK with *s = NULL, and a line on standard error, for a model that cannot be opened or has no adjoint */
static df_status open_model(const arguments* a, const suite_model* model, const df_search* search, df_system** s) {
  df_config config;
  char sha256[DF_SHA256_TEXT];
  *s = NULL;
  DF_TRY(suite_config(model, &a->at.common, &config));
  df_status status = df_task_system(&config, search, s, sha256);
  if (status == DF_E_UNSUPPORTED) {
    DF_TRY(df_config_set(&config, "system.contacts", "approximate", "suite"));
    status = df_task_system(&config, search, s, sha256);
  }
  if (status == DF_OK || status == DF_E_NOMEM) return status;
  print_line(stderr, "dynaflow: skipping %s: %s", model->name, df_error_message());
  return DF_OK;
}

static int bench_suite(const arguments* a, const suite* s, adjoint_timing* timings, int* n, rows* out) {
  df_search search;
  progress shown;
  df_status status = DF_OK;
  /* time every model that can be opened; a failure ends the suite */
  suite_search(s, &a->at.common, &search);
  progress_start(&shown, a->at.common.quiet, "bench", "models", s->n);
  for (int i = 0; i < s->n && status == DF_OK; i++) {
    const suite_model* model = &s->models[i];
    df_system* system;
    cases c = {0};
    status = open_model(a, model, &search, &system);
    if (status == DF_OK && system) {
      status = draw_windows(system, a->windows, a->at.horizon, a->at.common.seeds[0], &c);
      if (status == DF_OK) status = bench_system(a, model->name, model->target, system, &c, &timings[*n], out);
      if (status == DF_OK) ++*n;
    }
    cases_clear(&c);
    df_system_free(system);
    progress_update(&shown, i + 1, model->name);
  }
  progress_end(&shown);
  /* exit code */
  search_clear(&search);
  if (status != DF_OK) return report_failure(status);
  if (*n > 0) return EXIT_DONE;
  print_line(stderr, "dynaflow: %s: none of its models can be timed", s->path);
  return EXIT_INCOMPLETE;
}

/* ---- a method on a task ---- */

static int bench_method(const arguments* a, rows* out) {
  const char* name = a->method ? a->method : "dynaflow";
  const speed_cfg cfg = {.task = a->at.target[0],
                         .method = df_method_by_name(name),
                         .checkpoint = a->checkpoint,
                         .passes = a->passes,
                         .opts = &a->at.common};
  if (!cfg.method)
    return report_failure(df_fail(DF_E_CONFIG, "unknown method '%s' (see 'dynaflow list methods')", name));
  if (!(cfg.method->flags & DF_METHOD_TRAINS) && a->kind != BENCH_SAMPLE) {
    return report_failure(df_fail(DF_E_CONFIG, "method %s has nothing to train", name));
  }
  const df_status status = benchmarks[a->kind].speed(&cfg, out);
  /* the weights are the user's, and nothing fetches them */
  const bool weights = a->checkpoint && strncmp(df_error_message(), a->checkpoint, strlen(a->checkpoint)) == 0;
  if (status == DF_OK || weights) return report_failure(status);
  return report_task_failure(status, cfg.task);
}

int cmd_bench(int argc, char** argv) {
  arguments a = {.at = target_argument_default(), .kind = BENCH_NONE};
  options_parse(&bench_argp, argc, argv, &a);
  if (!a.windows) a.windows = 24;
  if (!a.passes) a.passes = benchmarks[a.kind].passes;
  /* read the suite */
  suite s = {0};
  if (a.at.suite) {
    const df_status status = suite_read(a.at.suite, &s);
    if (status != DF_OK) return report_failure(status);
  }
  /* find out now whether --out can be written, not after minutes of timing */
  const df_status made = a.at.out ? df_dir_make(a.at.out) : DF_OK;
  if (made != DF_OK) {
    suite_clear(&s);
    return report_failure(made);
  }
  /* time, print and write */
  rows out = rows_new();
  int n = 0, code = EXIT_INCOMPLETE;
  adjoint_timing* timings = df_alloc((size_t)(a.at.suite ? s.n : a.at.n), sizeof *timings);
  if (benchmarks[a.kind].speed) {
    code = bench_method(&a, &out);
  } else if (timings)
    code = a.at.suite ? bench_suite(&a, &s, timings, &n, &out) : bench_targets(&a, timings, &n, &out);
  if (code == EXIT_DONE) rows_print(&out, &a.at.common);
  if (code == EXIT_DONE && a.at.out) {
    const df_status status = bench_adjoint_write(n, timings, a.at.out);
    if (status != DF_OK) code = report_failure(status);
  }
  df_free(timings);
  rows_free(&out);
  suite_clear(&s);
  return code;
}
