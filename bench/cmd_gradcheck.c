/* cmd_gradcheck.c: dynaflow gradcheck TASK...|MODEL.xml: the adjoint against centred finite differences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/gradcheck.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "options.h"
#include "rows.h"

enum { KEY_STATES = 0x600, KEY_ROLLOUTS, KEY_HORIZON, TARGETS_MAX = 64 };

typedef struct arguments {
  options common;
  int n_targets;
  const char* targets[TARGETS_MAX];
  int states, rollouts, horizon;
} arguments;

static const double LIMIT_MEDIAN = 1e-7, LIMIT_P99 = 1e-4, LIMIT_ROLLOUT = 1e-6;

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_STATES:
      a->states = (int)parse_integer(state, "--states", value, 1, 1000000);
      return 0;
    case KEY_ROLLOUTS:
      a->rollouts = (int)parse_integer(state, "--rollouts", value, 0, 100000);
      return 0;
    case KEY_HORIZON:
      a->horizon = (int)parse_integer(state, "--horizon", value, 1, 512);
      return 0;
    case ARGP_KEY_ARG:
      if (a->n_targets == TARGETS_MAX) argp_error(state, "more than %d tasks and models", TARGETS_MAX);
      a->targets[a->n_targets++] = value;
      return 0;
    case ARGP_KEY_END:
      if (a->n_targets == 0) argp_error(state, "a task or a model file (.xml) is needed");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"states", KEY_STATES, "N", 0, "states checked one action ahead (default 200)", 0},
    {"rollouts", KEY_ROLLOUTS, "N", 0, "windows whose rollout gradient is checked (default 20; 0: none)", 0},
    {"horizon", KEY_HORIZON, "H", 0, "actions in a rollout (default 16)", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .options = option_table,
    .parser = parse,
    .args_doc = "TASK...|MODEL.xml...",
    .doc =
        "Compares the adjoint of a step, and of a rollout's loss, with centred finite differences.\v"
        "A task is checked on states spread over its demonstrations; a model file on random motion from its initial "
        "state. "
        "An error is |adjoint - difference| / |difference|, at the better of two difference steps. Where the two steps "
        "disagree by more than 1e-5 the state lies on a kink (contact making or breaking, stick to slip, a clamp) and "
        "is "
        "counted apart; so are states with a contact whose derivative is approximate by design. Exits with 1 when, "
        "over "
        "the other states, the median is above 1e-7, the 99th percentile above 1e-4, or the median over rollouts above "
        "1e-6; with 4 when fewer than a quarter of the states are away from kinks.",
    .children = children};

/* what is checked: n states with actions, and m rollouts of H actions with targets */
typedef struct cases {
  int n, m, H;
  double *x, *u;               /* [n][nx], [n][nu] */
  double *x0, *u_m, *x_target; /* [m][nx], [m][H][nu], [m][H+1][nx] */
  double* weight;              /* [ndx] */
} cases;

static df_status cases_new(const df_system* s, int n, int m, int H, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, N = (size_t)n, M = (size_t)m, T = (size_t)H;
  *c = (cases){.n = n, .m = m, .H = H};
  c->x = df_alloc(N * nx, sizeof(double));
  c->u = df_alloc(N * nu, sizeof(double));
  c->x0 = df_alloc(M * nx, sizeof(double));
  c->u_m = df_alloc(M * T * nu, sizeof(double));
  c->x_target = df_alloc(M * (T + 1) * nx, sizeof(double));
  c->weight = df_alloc((size_t)s->ndx, sizeof(double));
  if (!c->x || !c->u || !c->x0 || !c->u_m || !c->x_target || !c->weight) return DF_E_NOMEM;
  for (int i = 0; i < s->ndx; i++) c->weight[i] = 1;
  return DF_OK;
}

static void cases_clear(cases* c) {
  df_free(c->x);
  df_free(c->u);
  df_free(c->x0);
  df_free(c->u_m);
  df_free(c->x_target);
  df_free(c->weight);
}

/* half the action box, or 1 where it is open */
static double half_range(const df_system* s, int i) {
  const double half = (s->u_hi[i] - s->u_lo[i]) / 2;
  return isfinite(half) ? half : 1;
}

static double clamp(const df_system* s, int i, double u) {
  return fmin(fmax(u, s->u_lo[i]), s->u_hi[i]);
}

/* ---- states of demonstrations ---- */

static void copy_action(const df_system* s, const df_dataset* d, int episode, int t, double* u) {
  const double* recorded = df_dataset_action(d, episode, t);
  for (int i = 0; i < s->nu; i++) {
    const double middle = (s->u_hi[i] + s->u_lo[i]) / 2;
    u[i] = recorded ? recorded[i] : isfinite(middle) ? middle : 0;
  }
}

static void cases_from_data(const df_system* s, const df_dataset* d, uint64_t seed, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, T = (size_t)c->H;
  const double steps = (double)d->episodes * d->length;
  for (int k = 0; k < c->n; k++) {
    const long at = (long)(steps * (k + 0.5) / c->n);
    const int episode = (int)(at / d->length), t = (int)(at % d->length);
    memcpy(c->x + (size_t)k * nx, df_dataset_state(d, episode, t), nx * sizeof(double));
    copy_action(s, d, episode, t, c->u + (size_t)k * nu);
  }
  const int starts = d->length - c->H + 1;
  for (int k = 0; k < c->m; k++) {
    const long at = (long)((double)d->episodes * starts * (k + 0.5) / c->m);
    const int episode = (int)(at / starts), t0 = (int)(at % starts);
    memcpy(c->x0 + (size_t)k * nx, df_dataset_state(d, episode, t0), nx * sizeof(double));
    memcpy(c->x_target + (size_t)k * (T + 1) * nx, df_dataset_state(d, episode, t0), (T + 1) * nx * sizeof(double));
    /* at the recorded actions the loss is at its minimum and has no gradient to compare */
    double* u = c->u_m + (size_t)k * T * nu;
    df_rng_normal(seed, DF_STREAM_ACTION, (uint64_t)k, T * nu, u);
    for (size_t i = 0; i < T * nu; i++) {
      const int j = (int)(i % nu);
      double now[DF_NDX_MAX];
      copy_action(s, d, episode, t0 + (int)(i / nu), now);
      u[i] = clamp(s, j, now[j] + 0.1 * half_range(s, j) * u[i]);
    }
  }
}

static df_status cases_of_task(const arguments* a, const char* name, df_system** system, cases* c) {
  df_config config;
  df_search search;
  df_dataset* data = NULL;
  char* path = NULL;
  char model_sha256[DF_SHA256_TEXT];
  df_status status = resolve_task(name, NULL, NULL, &a->common, &config, &search);
  if (status == DF_OK) status = df_task_system(&config, &search, system, model_sha256);
  if (status == DF_OK) status = task_data_path(&config, &search, &a->common, true, &path);
  if (status == DF_OK) status = df_dataset_read(path, &config, *system, &data);
  if (status == DF_OK) {
    const int H = a->horizon < data->length ? a->horizon : data->length;
    status = cases_new(*system, a->states, a->rollouts, H, c);
  }
  if (status == DF_OK) cases_from_data(*system, data, a->common.seeds[0], c);
  df_dataset_free(data);
  df_free(path);
  search_clear(&search);
  return status;
}

/* ---- random motion of a model ---- */

/* actions that are drawn anew every few steps, so that the model moves */
static void random_action(const df_system* s, uint64_t seed, uint64_t draw, double* u) {
  df_rng_uniform(seed, DF_STREAM_ACTION, draw, (size_t)s->nu, u);
  for (int i = 0; i < s->nu; i++) {
    const double middle = isfinite(s->u_lo[i] + s->u_hi[i]) ? (s->u_lo[i] + s->u_hi[i]) / 2 : 0;
    u[i] = clamp(s, i, middle + half_range(s, i) * (2 * u[i] - 1));
  }
}

enum { HELD = 5, EPISODE = 100 }; /* actions that a draw lasts; after which the motion starts again */

/* states along random motion, a new start after EPISODE actions or a divergence */
static df_status cases_from_motion(const df_system* s, uint64_t seed, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu;
  df_sim* sim = NULL;
  DF_TRY(df_sim_new(s, 0, &sim));
  double* x = df_alloc(nx, sizeof *x);
  df_status status = x ? DF_OK : DF_E_NOMEM;
  const int wanted = c->n + c->m * (c->H + 1);
  const int every = 1 + (int)(4 * EPISODE / (c->n + 1)); /* at least four episodes */
  long step = 0, kept = 0, starts = 0;
  int t = EPISODE;
  while (status == DF_OK && kept < c->n) {
    if (t >= EPISODE) {
      if (starts++ > wanted) status = df_fail(DF_E_SIM, "random motion from the initial state always diverges");
      df_mujoco_initial_state(s, x);
      s->ops->reset(sim, x);
      t = 0;
    }
    double* u = c->u + (size_t)kept * nu;
    random_action(s, seed, (uint64_t)(step / HELD), u);
    if (step % every == 0) memcpy(c->x + (size_t)kept++ * nx, x, nx * sizeof *x);
    t = s->ops->step(sim, u, x) == DF_TRAJ_COMPLETE ? t + 1 : EPISODE;
    step++;
  }
  df_free(x);
  df_sim_free(s, sim);
  return status;
}

/* rollouts from some of those states; the targets are what other actions lead to */
static df_status rollouts_from_motion(const df_system* s, uint64_t seed, int threads, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, T = (size_t)c->H;
  if (c->m == 0) return DF_OK;
  for (int k = 0; k < c->m; k++) {
    memcpy(c->x0 + (size_t)k * nx, c->x + (size_t)((long)k * c->n / c->m) * nx, nx * sizeof(double));
    for (size_t t = 0; t < T; t++) {
      random_action(s, seed + 1, (uint64_t)k * T + t, c->u_m + ((size_t)k * T + t) * nu);
    }
  }
  df_rollout* rollout = NULL;
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = threads;
  DF_TRY(df_rollout_new(s, &cfg, &rollout));
  df_status status = df_rollout_run(rollout, c->m, c->H, c->x0, c->u_m, c->x_target, NULL);
  df_rollout_free(rollout);
  for (size_t i = 0; i < (size_t)c->m * T * nu; i++) {
    const int j = (int)(i % nu);
    double shift;
    df_rng_normal(seed + 2, DF_STREAM_ACTION, i, 1, &shift);
    c->u_m[i] = clamp(s, j, c->u_m[i] + 0.1 * half_range(s, j) * shift);
  }
  return status;
}

static df_status cases_of_model(const arguments* a, const char* path, df_system** system, cases* c) {
  df_config config = df_config_default();
  df_search search = {0};
  char model_sha256[DF_SHA256_TEXT];
  for (int i = 0; i < a->common.n_set; i++) {
    char key[128];
    const char* value = strchr(a->common.set[i], '=') + 1;
    snprintf(key, sizeof key, "%.*s", (int)(value - 1 - a->common.set[i]), a->common.set[i]);
    DF_TRY(df_config_set(&config, key, value, "--set"));
  }
  snprintf(config.system_model, sizeof config.system_model, "%s", path);
  search.folder[search.n++] = "";
  DF_TRY(df_task_system(&config, &search, system, model_sha256));
  DF_TRY(cases_new(*system, a->states, a->rollouts, a->horizon, c));
  DF_TRY(cases_from_motion(*system, a->common.seeds[0], c));
  return rollouts_from_motion(*system, a->common.seeds[0], a->common.threads, c);
}

/* ---- verdict ---- */

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

typedef struct summary {
  int n, smooth, kinks, approximate;
  double median, p99, max, share; /* over the smooth ones; share with error below 1e-6 */
} summary;

static summary summarise(int n, const df_gradcheck_point* points, double* errors) {
  summary s = {.n = n, .median = NAN, .p99 = NAN, .max = NAN, .share = NAN};
  int below = 0;
  for (int i = 0; i < n; i++) {
    s.kinks += points[i].kink;
    s.approximate += !points[i].kink && points[i].approximate;
    if (points[i].kink || points[i].approximate) continue;
    errors[s.smooth++] = points[i].error;
    below += points[i].error < 1e-6;
  }
  if (s.smooth == 0) return s;
  qsort(errors, (size_t)s.smooth, sizeof *errors, by_size);
  s.median = errors[s.smooth / 2];
  s.p99 = errors[(int)(0.99 * (s.smooth - 1) + 0.5)];
  s.max = errors[s.smooth - 1];
  s.share = (double)below / s.smooth;
  return s;
}

static bool add_row(rows* out, const row* base, const char* metric, double value, int64_t n, double limit) {
  char status[64];
  row one = *base;
  one.metric = metric;
  one.value = value;
  one.n = n;
  if (value > limit) {
    snprintf(status, sizeof status, "above the limit %g", limit);
    one.status = status;
  } else if (isnan(value)) {
    one.status = "no state away from kinks";
  }
  rows_add(out, &one);
  return !(value > limit);
}

static int judge(const char* target, const options* opts, const summary* step, const summary* rollout, rows* out) {
  row errors = row_default();
  errors.task = target;
  errors.seed = (int64_t)opts->seeds[0];
  errors.unit = "relative";
  row counts = errors;
  counts.unit = "states";
  bool held = add_row(out, &errors, "error_median", step->median, step->smooth, LIMIT_MEDIAN);
  held &= add_row(out, &errors, "error_p99", step->p99, step->smooth, LIMIT_P99);
  add_row(out, &errors, "error_max", step->max, step->smooth, NAN);
  errors.unit = "share";
  add_row(out, &errors, "error_below_1e-6", step->share, step->smooth, NAN);
  errors.unit = "relative";
  add_row(out, &counts, "kinks", step->kinks, step->n, NAN);
  if (step->approximate) add_row(out, &counts, "approximate", step->approximate, step->n, NAN);
  if (rollout->n) {
    held &= add_row(out, &errors, "rollout_error_median", rollout->median, rollout->smooth, LIMIT_ROLLOUT);
    add_row(out, &errors, "rollout_error_max", rollout->max, rollout->smooth, NAN);
    counts.unit = "rollouts";
    add_row(out, &counts, "rollout_kinks", rollout->kinks, rollout->n, NAN);
  }
  if (!held) return EXIT_CHECK_FAILED;
  return 4 * step->smooth < step->n ? EXIT_INCONCLUSIVE : EXIT_DONE;
}

static df_status check(const arguments* a, const char* target, const df_system* system, const cases* c, rows* out,
                       int* verdict) {
  const int most = c->n > c->m ? c->n : c->m;
  df_gradcheck_point* points = df_alloc((size_t)most, sizeof *points);
  double* errors = df_alloc((size_t)most, sizeof *errors);
  summary step = {0}, rollout = {0};
  df_status status = points && errors ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    status = df_gradcheck_steps(system, c->n, c->x, c->u, a->common.seeds[0], a->common.threads, points);
  }
  if (status == DF_OK) step = summarise(c->n, points, errors);
  if (status == DF_OK && c->m > 0) {
    status = df_gradcheck_rollouts(system, c->m, c->H, c->x0, c->u_m, c->x_target, c->weight, a->common.seeds[0],
                                   a->common.threads, points);
    if (status == DF_OK) rollout = summarise(c->m, points, errors);
  }
  if (status == DF_OK) *verdict = judge(target, &a->common, &step, &rollout, out);
  df_free(points);
  df_free(errors);
  return status;
}

static int check_target(const arguments* a, const char* target, rows* out) {
  const char* dot = strrchr(target, '.');
  const bool model = dot && strcmp(dot, ".xml") == 0;
  df_system* system = NULL;
  cases c = {0};
  int verdict = EXIT_DONE;
  df_status status = model ? cases_of_model(a, target, &system, &c) : cases_of_task(a, target, &system, &c);
  if (status == DF_OK) status = check(a, target, system, &c, out, &verdict);
  if (status != DF_OK) verdict = model ? report_failure(status) : report_task_failure(status, target);
  cases_clear(&c);
  df_system_free(system);
  return verdict;
}

int cmd_gradcheck(int argc, char** argv) {
  arguments a = {.common = options_default(), .states = 200, .rollouts = 20, .horizon = 16};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  rows out = rows_new();
  int code = EXIT_DONE;
  for (int i = 0; i < a.n_targets && (code == EXIT_DONE || code == EXIT_CHECK_FAILED || code == EXIT_INCONCLUSIVE);
       i++) {
    const int verdict = check_target(&a, a.targets[i], &out);
    /* bad input ends it; a failed check outweighs an inconclusive one */
    if (verdict == EXIT_USAGE || verdict == EXIT_INCOMPLETE || code == EXIT_DONE || verdict == EXIT_CHECK_FAILED) {
      code = verdict;
    }
  }
  if (code != EXIT_USAGE && code != EXIT_INCOMPLETE) rows_print(&out, &a.common);
  rows_free(&out);
  return code;
}
