/* cmd_gradcheck.c: dynaflow gradcheck: compares the adjoint with centred finite differences. */
#include <math.h>
#include <stdio.h>

#include "cases.h"
#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "gradcheck_plot.h"
#include "gradcheck_suite.h"
#include "inexact.h"
#include "options.h"
#include "rows.h"
#include "suite.h"
#include "target.h"
#include "target_argument.h"

enum { KEY_STATES = 0x600, KEY_ROLLOUTS, KEY_PLOT };

typedef struct arguments {
  target_argument at;
  int states, rollouts;
  const char* plot;
} arguments;

static const double LIMIT_ROLLOUT = 1e-6;

/* defaults of --states and --rollouts */
enum { STATES = 200, ROLLOUTS = 20 };

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->at;
      return 0;
    case KEY_STATES:
      a->states = (int)parse_integer(state, "--states", value, 1, 1000000);
      return 0;
    case KEY_ROLLOUTS:
      a->rollouts = (int)parse_integer(state, "--rollouts", value, 0, 100000);
      return 0;
    case KEY_PLOT:
      a->plot = parse_text(state, "--plot", value);
      return 0;
    case ARGP_KEY_END:
      if (a->at.out && !a->at.suite) argp_error(state, "--out is only valid with --suite");
      if (a->plot && a->at.suite) argp_error(state, "--plot takes tasks and models, not a suite");
      if (a->at.suite && (a->states >= 0 || a->rollouts >= 0 || a->at.has_horizon))
        argp_error(state, "--states, --rollouts and --horizon are not valid with --suite, whose file has the numbers");
      if (a->states < 0) a->states = STATES;
      if (a->rollouts < 0) a->rollouts = ROLLOUTS;
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"states", KEY_STATES, "N", 0, "states at which one action is checked (default: 200)", 0},
    {"rollouts", KEY_ROLLOUTS, "N", 0, "rollouts whose loss gradient is checked (default: 20; 0: none)", 0},
    {"plot", KEY_PLOT, "DIR", 0,
     "instead of checking, draw the loss along a line of actions, and the gradient over the horizon, to DIR", 0},
    {0}};
static const struct argp_child children[] = {TARGET_ARGUMENT_CHILD, {0}};
const struct argp gradcheck_argp = {
    .options = option_table,
    .parser = parse,
    .args_doc = "TASK...|MODEL.xml...\n--suite FILE [--out DIR]",
    .doc =
        "Compares the adjoint of a step, and the gradient of a rollout's loss, with centred finite differences.\n\n"
        "A task is checked on states spread over its demonstrations; a model file on generated states: at rest, in "
        "random motion, at impacts and joint limits, sliding, rolling, stuck. Files are written only with --out "
        "(verification.md, verification.csv and sweep.svg of a suite) and --plot.\v"
        "An error is |adjoint - finite difference| / |finite difference|, at the pair of difference steps that agree "
        "best with each other. If no pair agrees within 1e-5, the state is on a kink (contact made or broken, stick to "
        "slip, a limit, a clamp). Counted separately are states on kinks, by cause; states with a contact whose "
        "derivative is approximate by design; and steps whose gradient is itself a finite difference "
        "(system.gradient=differences).\n\n"
        "Exits with 0 when the errors of the other states are within the limits, 1 when their median is above 1e-7, "
        "their 99th percentile above 1e-4, or the median over rollouts above 1e-6, 2 on bad input, 3 when a model or "
        "another file is missing or gnuplot is not installed, 4 when fewer than a quarter of the states, or none of "
        "the rollouts, are away from kinks with an exact adjoint, or when the simulator failed at more than 1 % of "
        "them. The row `verdict` says `holds`, `approximate` (the "
        "same, but some states or rollouts, whose derivative is approximate or a finite difference, were not "
        "compared), `fails` or `inconclusive`. --plot checks no limits.",
    .children = children};

/* ---- verdict ---- */

/* adds a row whose status says if the value is above the limit (INFINITY: none) or NaN */
static void add_row(rows* out, const row* base, const char* metric, double value, int64_t n, double limit) {
  char status[64];
  row one = *base;
  one.metric = metric;
  one.value = value;
  one.n = n;
  if (value > limit) {
    snprintf(status, sizeof status, "above the limit %g", limit);
    one.status = status;
  } else if (isnan(value)) {
    one.status = "no state with an exact adjoint away from kinks";
  }
  rows_add(out, &one);
}

/* the states or rollouts at which the simulator failed, with the first error; no row if there are none */
static void add_failures(rows* out, const row* base, const char* metric, const df_gradcheck_summary* q,
                         const df_gradcheck_point* points) {
  if (q->failed_at < 0) return;
  row one = *base;
  one.metric = metric;
  one.value = q->cause[DF_KINK_FAILED];
  one.n = q->n;
  one.status = points[q->failed_at].failure;
  rows_add(out, &one);
}

static void add_kinks(rows* out, const row* base, const df_gradcheck_summary* q) {
  add_row(out, base, "kinks", q->kinks, q->n, INFINITY);
  for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) {
    char metric[64];
    if (k == DF_KINK_FAILED) continue;
    snprintf(metric, sizeof metric, "kinks_near.%s", df_kink_name((df_kink)k));
    if (q->cause[k]) add_row(out, base, metric, q->cause[k], q->n, INFINITY);
  }
}

static bool failed_often(const df_gradcheck_summary* q) {
  return q->cause[DF_KINK_FAILED] > DF_GRADCHECK_FAILED_SHARE * q->n;
}

/* The verdict on a target. A part that was asked for and in which nothing could be compared decides nothing: neither do
 * states that agree make up for rollouts that all lie on kinks. */
static df_gradcheck_verdict judge_parts(const df_gradcheck_summary* step, const df_gradcheck_summary* rollout) {
  const df_gradcheck_verdict verdict = df_gradcheck_judge(step, LIMIT_MEDIAN, LIMIT_P99);
  if (verdict == DF_GRADCHECK_FAILS || rollout->median > LIMIT_ROLLOUT) return DF_GRADCHECK_FAILS;
  const bool decides = rollout->n == 0 || (rollout->smooth > 0 && !failed_often(rollout));
  return decides ? verdict : DF_GRADCHECK_INCONCLUSIVE;
}

/* adds the row "verdict"; its status is one of holds, approximate, fails, inconclusive */
static void add_verdict(rows* out, const row* base, df_gradcheck_verdict verdict, const df_gradcheck_summary* step,
                        const df_gradcheck_summary* rollout) {
  row one = *base;
  one.metric = "verdict";
  one.unit = NULL;
  one.n = step->smooth + rollout->smooth;
  const bool exact = !(step->approximate || step->differenced || rollout->approximate || rollout->differenced);
  one.status = verdict == DF_GRADCHECK_FAILS          ? "fails"
               : verdict == DF_GRADCHECK_INCONCLUSIVE ? "inconclusive"
               : exact                                ? "holds"
                                                      : "approximate";
  rows_add(out, &one);
}

/* what was compared: results and their summary */
typedef struct part {
  df_gradcheck_point* points;
  df_gradcheck_summary sum;
} part;

/* adds the rows of a target and returns its exit code; the rollouts have n = 0 if they were not checked */
static int judge(const char* target, const options* opts, const part* steps, const part* rollouts, rows* out) {
  const df_gradcheck_summary *step = &steps->sum, *rollout = &rollouts->sum;
  /* errors and counts of single steps */
  row errors = row_default();
  errors.task = target;
  errors.seed = (int64_t)opts->seeds[0];
  errors.unit = "relative";
  row counts = errors;
  counts.unit = "states";
  add_row(out, &errors, "error_median", step->median, step->smooth, LIMIT_MEDIAN);
  add_row(out, &errors, "error_p99", step->p99, step->smooth, LIMIT_P99);
  add_row(out, &errors, "error_max", step->worst, step->smooth, INFINITY);
  errors.unit = "share";
  add_row(out, &errors, "error_below_1e-6", step->below, step->smooth, INFINITY);
  errors.unit = "relative";
  add_kinks(out, &counts, step);
  add_failures(out, &counts, "failed", step, steps->points);
  if (step->approximate) add_row(out, &counts, "approximate", step->approximate, step->n, INFINITY);
  if (step->differenced) add_row(out, &counts, "differenced_steps", step->differenced, step->n, INFINITY);
  /* rollouts */
  if (rollout->n) {
    add_row(out, &errors, "rollout_error_median", rollout->median, rollout->smooth, LIMIT_ROLLOUT);
    add_row(out, &errors, "rollout_error_max", rollout->worst, rollout->smooth, INFINITY);
    counts.unit = "rollouts";
    add_row(out, &counts, "rollout_kinks", rollout->kinks, rollout->n, INFINITY);
    add_failures(out, &counts, "rollout_failed", rollout, rollouts->points);
    if (rollout->approximate) add_row(out, &counts, "rollout_approximate", rollout->approximate, rollout->n, INFINITY);
    if (rollout->differenced) add_row(out, &counts, "rollout_differenced", rollout->differenced, rollout->n, INFINITY);
  }
  /* verdict and exit code */
  const df_gradcheck_verdict verdict = judge_parts(step, rollout);
  add_verdict(out, &errors, verdict, step, rollout);
  if (verdict == DF_GRADCHECK_FAILS) return EXIT_CHECK_FAILED;
  return verdict == DF_GRADCHECK_HOLDS ? EXIT_DONE : EXIT_INCONCLUSIVE;
}

static df_status check(const arguments* a, const char* target, const df_system* system, const cases* c, rows* out,
                       int* verdict) {
  part step = {.points = df_alloc((size_t)c->n, sizeof *step.points)};
  part rollout = {.points = df_alloc((size_t)c->m + 1, sizeof *rollout.points)};
  const df_gradcheck_cfg cfg = {.seed = a->at.common.seeds[0], .threads = a->at.common.threads};
  df_status status = step.points && rollout.points ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    status = df_gradcheck_run(system, &cfg, &(df_gradcheck_states){.n = c->n, .x = c->x, .u = c->u}, step.points);
  }
  if (status == DF_OK) status = df_gradcheck_sum_up(c->n, step.points, &step.sum);
  /* rollouts are checked along actions */
  if (status == DF_OK && c->m > 0 && system->nu > 0) {
    const df_gradcheck_batch batch = {
        .n = c->m, .H = c->H, .x0 = c->x0, .u = c->u_m, .x_target = c->x_target, .weight = c->weight};
    status = df_gradcheck_rollouts(system, &cfg, &batch, rollout.points);
    if (status == DF_OK) status = df_gradcheck_sum_up(c->m, rollout.points, &rollout.sum);
  }
  if (status == DF_OK) *verdict = judge(target, &a->at.common, &step, &rollout, out);
  df_free(step.points);
  df_free(rollout.points);
  return status;
}

static int check_target(const arguments* a, const char* target, rows* out) {
  const target_size size = {.states = a->states, .rollouts = a->rollouts, .horizon = a->at.horizon};
  df_system* system;
  cases c;
  int verdict = EXIT_DONE;
  df_status status = target_open(&a->at.common, target, &size, &system, &c);
  if (status == DF_OK) warn_inexact(target, system, &a->at.common);
  if (status != DF_OK) {
    verdict = target_failure(status, target);
  } else if (a->plot && system->nu == 0) {
    verdict = report_failure(
        df_fail(DF_E_CONFIG, "%s: the model has no actuators, so --plot has no actions to vary", target));
  } else if (a->plot) {
    status = gradcheck_plot(system, target, &c, a->at.common.seeds[0], a->plot, out);
    if (status != DF_OK) verdict = report_failure(status);
  } else {
    status = check(a, target, system, &c, out, &verdict);
    if (status != DF_OK) verdict = target_failure(status, target);
  }
  cases_clear(&c);
  df_system_free(system);
  return verdict;
}

static int check_targets(const arguments* a, rows* out) {
  int code = EXIT_DONE;
  for (int i = 0; i < a->at.n && (code == EXIT_DONE || code == EXIT_CHECK_FAILED || code == EXIT_INCONCLUSIVE); i++) {
    const int verdict = check_target(a, a->at.target[i], out);
    /* bad input ends the loop; a failed check takes precedence over an inconclusive one */
    if (verdict == EXIT_USAGE || verdict == EXIT_INCOMPLETE || code == EXIT_DONE || verdict == EXIT_CHECK_FAILED) {
      code = verdict;
    }
  }
  if (code != EXIT_USAGE && code != EXIT_INCOMPLETE) rows_print(out, &a->at.common);
  return code;
}

static int check_suite(const arguments* a, rows* out) {
  suite s;
  df_status status = suite_read(a->at.suite, &s);
  if (status != DF_OK) return report_failure(status);
  /* find out now whether --out can be written, not after minutes of checking */
  if (a->at.out) status = df_dir_make(a->at.out);
  if (status != DF_OK) {
    suite_clear(&s);
    return report_failure(status);
  }
  suite_result* results = df_alloc((size_t)s.n, sizeof *results);
  status = results ? suite_check(&s, &a->at.common, results) : DF_E_NOMEM;
  int code = status == DF_OK ? suite_rows(s.n, results, &a->at.common, out) : report_failure(status);
  if (status == DF_OK) rows_print(out, &a->at.common);
  if (status == DF_OK && a->at.out) {
    status = suite_write(s.n, results, &a->at.common, a->at.out);
    /* without gnuplot all files but the picture are written */
    if (status != DF_OK) code = report_failure(status);
  }
  suite_results_clear(results ? s.n : 0, results);
  suite_clear(&s);
  return code;
}

int cmd_gradcheck(int argc, char** argv) {
  arguments a = {.at = target_argument_default(), .states = -1, .rollouts = -1};
  options_parse(&gradcheck_argp, argc, argv, &a);
  rows out = rows_new();
  const int code = a.at.suite ? check_suite(&a, &out) : check_targets(&a, &out);
  rows_free(&out);
  return code;
}
