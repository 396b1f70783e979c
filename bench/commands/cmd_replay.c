/* cmd_replay.c: dynaflow replay TASK: checks that recorded actions reproduce the recorded states under the task's
 * model.
 *
 * Three comparisons. "cleared": one action from each recorded state with a cleared solver warm start. "carried": the
 * same with the warm start of the preceding step, as during recording. "open_loop": whole episodes from their first
 * state. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "lookup.h"
#include "options.h"
#include "progress.h"
#include "rows.h"
#include "terminal.h"

typedef struct arguments {
  options common;
  const char* task;
  double limit_carried, limit_cleared, limit_open_loop;
} arguments;

enum { KEY_CARRIED = 0x600, KEY_CLEARED, KEY_OPEN_LOOP };

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_CARRIED:
      a->limit_carried = parse_number(state, "--limit-carried", value, 0, 1e9);
      return 0;
    case KEY_CLEARED:
      a->limit_cleared = parse_number(state, "--limit-cleared", value, 0, 1e9);
      return 0;
    case KEY_OPEN_LOOP:
      a->limit_open_loop = parse_number(state, "--limit-open-loop", value, 0, 1e9);
      return 0;
    case ARGP_KEY_ARG:
      if (a->task) argp_error(state, "unexpected argument '%s': one task is expected", value);
      a->task = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->task) argp_error(state, "missing argument TASK (see 'dynaflow list tasks')");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"limit-carried", KEY_CARRIED, "X", 0,
     "largest error allowed over one action with the preceding warm start (default: 1e-12)", 0},
    {"limit-cleared", KEY_CLEARED, "X", 0,
     "largest error allowed over one action with a cleared warm start (default: 1e-5)", 0},
    {"limit-open-loop", KEY_OPEN_LOOP, "X", 0,
     "largest position error allowed over whole episodes, in m and rad (default: 1e-11)", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp replay_argp = {
    .options = option_table,
    .parser = parse,
    .args_doc = "TASK",
    .doc =
        "Checks that the recorded actions of a task's demonstrations reproduce the recorded states.\n\n"
        "Simulates the actions under the task's model: one action from each recorded state, with the solver's warm "
        "start cleared (cleared) or kept from the preceding action (carried), and whole episodes from their first "
        "state (open_loop). Prints median and worst errors; an error is the largest absolute entry, separately for "
        "positions (m, rad), velocities (m/s, rad/s) and activations. Writes nothing, but generates missing "
        "demonstrations if the task can.\v"
        "Exits with 0 when all worst errors are within their limits, 1 when one is above, 2 on bad input, 3 when a "
        "model or data file is missing.",
    .children = children};

/* parts of a tangent vector: [dq (nv), dv (nv), da (na)] */
enum { POSITION, VELOCITY, ACTIVATION, KINDS };
static const char* const kind_names[KINDS] = {
    [POSITION] = "position", [VELOCITY] = "velocity", [ACTIVATION] = "activation"};
static const char* const kind_units[KINDS] = {[POSITION] = "m, rad", [VELOCITY] = "m/s, rad/s", [ACTIVATION] = ""};

/* errors per kind: of all steps, [episodes][length], and of whole episodes, [episodes] */
typedef struct replay {
  const df_system* system;
  const df_dataset* data;
  int first[KINDS + 1]; /* first index of each kind in the tangent */
  double *cleared[KINDS], *carried[KINDS], *open_loop[KINDS];
  size_t equal; /* number of carried steps that are bitwise equal */
} replay;

/* worst[kind] = largest absolute entry of xb (-) xa, +inf if one is not finite; e [ndx] is scratch memory */
static void measure(const replay* r, const double* xa, const double* xb, double* e, double worst[KINDS]) {
  r->system->ops->difference(r->system, xa, xb, e);
  for (int kind = 0; kind < KINDS; kind++) {
    worst[kind] = 0;
    for (int i = r->first[kind]; i < r->first[kind + 1]; i++)
      worst[kind] = fmax(worst[kind], isfinite(e[i]) ? fabs(e[i]) : INFINITY);
  }
}

static void store_errors(double* const errors[KINDS], size_t at, const double worst[KINDS]) {
  for (int kind = 0; kind < KINDS; kind++) errors[kind][at] = worst[kind];
}

/* fills the errors of an episode; x1 [nx] and e [ndx] are scratch memory */
static void replay_episode(const replay* r, df_sim* sim, int episode, double* x1, double* e, size_t* equal) {
  const df_system_ops* ops = r->system->ops;
  const df_dataset* d = r->data;
  const size_t state_bytes = (size_t)d->nx * sizeof(double);
  double worst[KINDS], whole[KINDS] = {0};
  /* cleared: each action from its recorded state, after a reset */
  for (int t = 0; t < d->length; t++) {
    const size_t at = (size_t)episode * (size_t)d->length + (size_t)t;
    ops->reset(sim, df_dataset_state(d, episode, t));
    ops->step(sim, df_dataset_action(d, episode, t), x1);
    measure(r, df_dataset_state(d, episode, t + 1), x1, e, worst);
    store_errors(r->cleared, at, worst);
  }
  /* carried: the same, but with the solver's warm start of the preceding action */
  for (int t = 0; t < d->length; t++) {
    const size_t at = (size_t)episode * (size_t)d->length + (size_t)t;
    const double* next = df_dataset_state(d, episode, t + 1);
    if (t == 0) {
      ops->reset(sim, df_dataset_state(d, episode, 0));
    } else {
      ops->set_state(sim, df_dataset_state(d, episode, t));
    }
    ops->step(sim, df_dataset_action(d, episode, t), x1);
    measure(r, next, x1, e, worst);
    store_errors(r->carried, at, worst);
    if (memcmp(x1, next, state_bytes) == 0) ++*equal;
  }
  /* open_loop: the whole episode from its first state */
  ops->reset(sim, df_dataset_state(d, episode, 0));
  for (int t = 0; t < d->length; t++) {
    const df_traj_end end = ops->step(sim, df_dataset_action(d, episode, t), x1);
    measure(r, df_dataset_state(d, episode, t + 1), x1, e, worst);
    for (int kind = 0; kind < KINDS; kind++) whole[kind] = fmax(whole[kind], worst[kind]);
    if (end != DF_TRAJ_COMPLETE) break;
  }
  store_errors(r->open_loop, (size_t)episode, whole);
}

static df_status replay_all(replay* r, const options* opts) {
  progress shown;
  int done = 0;
  df_status failed = DF_OK;
  progress_start(&shown, opts->quiet, "replay", "episodes", r->data->episodes);
#pragma omp parallel num_threads(opts->threads)
  {
    /* one simulator per thread */
    df_sim* sim = NULL;
    const df_status status = df_sim_new(r->system, 0, &sim);
    double* x1 = df_alloc((size_t)(r->system->nx + r->system->ndx), sizeof *x1);
    size_t equal = 0;
    /* every thread must reach this loop, also without a simulator */
#pragma omp for schedule(dynamic)
    for (int episode = 0; episode < r->data->episodes; episode++) {
      if (status != DF_OK || !x1) continue;
      replay_episode(r, sim, episode, x1, x1 + r->system->nx, &equal);
#pragma omp critical
      progress_update(&shown, ++done, NULL);
    }
    /* combine the counts and failures of the threads */
#pragma omp critical
    {
      r->equal += equal;
      if (status != DF_OK) failed = df_fail(status, "cannot create a simulator: %s", df_status_text(status));
      if (!x1) failed = DF_E_NOMEM;
    }
    df_free(x1);
    df_sim_free(r->system, sim);
  }
  progress_end(&shown);
  return failed;
}

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* Adds one row with the median and one with the worst of n errors for each kind that the state has, and sorts the
 * errors. Returns whether all worst errors are within the kind's limit (NaN: no limit). */
static bool add_rows(const replay* r, rows* out, const row* base, const char* name, size_t n,
                     double* const errors[KINDS], const double limit[KINDS]) {
  bool all = true;
  for (int kind = 0; kind < KINDS; kind++) {
    if (r->first[kind] == r->first[kind + 1]) continue;
    char metric[64], status[64] = "ok";
    row one = *base;
    qsort(errors[kind], n, sizeof *errors[kind], by_size);
    one.unit = kind_units[kind];
    one.n = (int64_t)n;
    one.metric = metric;
    snprintf(metric, sizeof metric, "%s_%s_median", name, kind_names[kind]);
    one.value = errors[kind][n / 2];
    rows_add(out, &one);
    const bool held = !(errors[kind][n - 1] > limit[kind]);
    if (!held) snprintf(status, sizeof status, "above the limit %g", limit[kind]);
    snprintf(metric, sizeof metric, "%s_%s_worst", name, kind_names[kind]);
    one.value = errors[kind][n - 1];
    one.status = status;
    rows_add(out, &one);
    all &= held;
  }
  return all;
}

static bool report(const replay* r, const arguments* a, rows* out) {
  const size_t steps = (size_t)r->data->episodes * (size_t)r->data->length, episodes = (size_t)r->data->episodes;
  const double carried[KINDS] = {a->limit_carried, a->limit_carried, a->limit_carried};
  const double cleared[KINDS] = {a->limit_cleared, a->limit_cleared, a->limit_cleared};
  const double open_loop[KINDS] = {[POSITION] = a->limit_open_loop, [VELOCITY] = NAN, [ACTIVATION] = NAN};
  row base = row_default();
  base.task = a->task;
  base.profile = a->common.profile;
  bool held = true;
  held &= add_rows(r, out, &base, "carried", steps, r->carried, carried);
  held &= add_rows(r, out, &base, "cleared", steps, r->cleared, cleared);
  held &= add_rows(r, out, &base, "open_loop", episodes, r->open_loop, open_loop);
  base.metric = "carried_bitwise_equal";
  base.unit = "share";
  base.n = (int64_t)steps;
  base.value = (double)r->equal / (double)steps;
  rows_add(out, &base);
  return held;
}

static df_status replay_data(const arguments* a, const df_system* system, const df_dataset* data, rows* out,
                             bool* held) {
  const size_t steps = (size_t)data->episodes * (size_t)data->length, episodes = (size_t)data->episodes;
  if (!data->actions) {
    return df_fail(DF_E_CONFIG, "task %s: the demonstrations have no actions (data.actions_key): nothing to replay",
                   a->task);
  }
  double* errors = df_alloc(KINDS * (2 * steps + episodes), sizeof *errors);
  if (!errors) return DF_E_NOMEM;
  const int nv = df_mujoco_nv(system);
  replay r = {.system = system, .data = data, .first = {0, nv, 2 * nv, system->ndx}};
  double* next = errors;
  for (int kind = 0; kind < KINDS; kind++) {
    r.cleared[kind] = next;
    r.carried[kind] = next + steps;
    r.open_loop[kind] = next + 2 * steps;
    next += 2 * steps + episodes;
  }
  const df_status status = replay_all(&r, &a->common);
  if (status == DF_OK) *held = report(&r, a, out);
  df_free(errors);
  return status;
}

static df_status replay_task(const arguments* a, rows* out, bool* held) {
  df_config config;
  df_search search;
  df_system* system = NULL;
  df_dataset* data = NULL;
  char* path = NULL;
  char model_sha256[DF_SHA256_TEXT];
  df_status status = resolve_task(a->task, NULL, NULL, &a->common, &config, &search);
  if (status == DF_OK) status = df_task_system(&config, &search, &system, model_sha256);
  if (status == DF_OK) status = task_data_path(&config, &search, &a->common, true, &path);
  if (status == DF_OK) status = df_dataset_read(path, &config, system, &data);
  if (status == DF_OK) status = replay_data(a, system, data, out, held);
  df_dataset_free(data);
  df_system_free(system);
  df_free(path);
  search_clear(&search);
  return status;
}

int cmd_replay(int argc, char** argv) {
  arguments a = {.common = options_default(), .limit_carried = 1e-12, .limit_cleared = 1e-5, .limit_open_loop = 1e-11};
  bool held = false;
  options_parse(&replay_argp, argc, argv, &a);
  rows out = rows_new();
  const df_status status = replay_task(&a, &out, &held);
  int code = held ? EXIT_DONE : EXIT_CHECK_FAILED;
  if (status == DF_OK) {
    rows_print(&out, &a.common);
    if (!held && !a.common.quiet)
      print_line(stderr, "dynaflow: %s: the recorded actions do not reproduce the recorded states", a.task);
  } else {
    code = report_task_failure(status, a.task);
  }
  rows_free(&out);
  return code;
}
