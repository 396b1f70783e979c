/* gradcheck_suite.c: checks the adjoint of every model of a suite. */
#include "gradcheck_suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/adjoint.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "dynaflow/stats/statistics.h"
#include "exit_code.h"
#include "json.h"
#include "lookup.h"
#include "progress.h"

const double SWEEP_EPS[SWEEP_STEPS] = {1e-2, 3.2e-3, 1e-3, 3.2e-4, 1e-4, 3.2e-5, 1e-5, 3.2e-6,
                                       1e-6, 3.2e-7, 1e-7, 3.2e-8, 1e-8, 3.2e-9, 1e-9};

const char* cover_name(cover_kind cover) {
  static const char* const names[] = {
#define COVER_NAME(name, text) text,
      COVER_LIST(COVER_NAME)
#undef COVER_NAME
  };
  return names[cover];
}

/* ---- features of a model ---- */

/* appends the names of the features of a kind, with equal names counted: "tendon (8), integrator" */
static void list_features(int n, const df_feature* features, df_feature_kind kind, text* out) {
  for (int i = 0; i < n; i++) {
    int alike = 0, before = 0;
    for (int k = 0; k < n; k++) {
      const bool same = features[k].kind == kind && strcmp(features[k].name, features[i].name) == 0;
      alike += same;
      before += same && k < i;
    }
    if (features[i].kind != kind || before > 0) continue;
    text_add(out, "%s%s", out->n ? ", " : "", features[i].name);
    if (alike > 1) text_add(out, " (%d)", alike);
  }
}

/* lists the features because of which a model is refused; *cover tells whether finite differences would admit it */
static df_status list_uncovered(const df_search* search, const df_config* config, text* out, cover_kind* cover) {
  char* path;
  df_feature* features;
  int n;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.approximate_contacts = cfg.finite_differences = true;
  DF_TRY(df_search_find(search, config->system_model, &path));
  const df_status status = df_mujoco_inspect(path, &cfg, &features, &n);
  df_free(path);
  DF_TRY(status);
  list_features(n, features, DF_FEATURE_REFUSED, out);
  *cover = out->n > 0 ? COVER_REFUSED : COVER_DIFFERENCED;
  if (out->n == 0) list_features(n, features, DF_FEATURE_DIFFERENCED, out);
  df_free(features);
  return DF_OK;
}

/* appends a message with quoted paths reduced to file names: 'a/b/c.stl' becomes 'c.stl' */
static void add_without_paths(const char* message, text* out) {
  for (const char* c = message; *c; c++) {
    if (*c == '\'') {
      const char *end = strchr(c + 1, '\''), *slash = NULL;
      for (const char* k = c + 1; end && k < end; k++) slash = *k == '/' ? k : slash;
      if (slash) {
        text_add(out, "'");
        c = slash;
        continue;
      }
    }
    text_add(out, "%c", *c);
  }
}

/* appends the last error without paths of this machine, so that tables are equal on all machines */
static void add_reason(const df_search* search, const suite_result* r, text* why) {
  char *message = df_strdup(df_error_message()), *path = NULL;
  if (r->cover == COVER_MISSING) {
    text_add(why, "%s: not found", r->model->file);
  } else if (message && df_search_find(search, r->model->file, &path) == DF_OK) {
    const size_t n = strlen(path);
    add_without_paths(strncmp(message, path, n) == 0 ? message + n + strspn(message + n, ": ") : message, why);
  }
  df_free(path);
  df_free(message);
}

/* Opens the system with an exact adjoint, else with approximate contacts. *out is NULL if the model cannot be checked;
 * r->cover and r->features give the reason. */
static df_status open_model(suite_result* r, const options* opts, const df_search* search, df_system** out) {
  df_config config;
  char sha256[DF_SHA256_TEXT];
  text why = {0};
  *out = NULL;
  /* exact, or with approximate contacts */
  DF_TRY(suite_config(r->model, opts, &config));
  df_status status = df_task_system(&config, search, out, sha256);
  if (status == DF_E_UNSUPPORTED) {
    r->cover = COVER_APPROXIMATE;
    DF_TRY(df_config_set(&config, "system.contacts", "approximate", "suite"));
    status = df_task_system(&config, search, out, sha256);
  }
  /* name what is not exact, or why the model cannot be checked */
  if (status == DF_E_NOMEM) return status;
  if (status == DF_OK) {
    const df_feature* features;
    const int n = df_mujoco_features(*out, &features);
    list_features(n, features, DF_FEATURE_APPROXIMATE, &why);
  } else if (status == DF_E_UNSUPPORTED) {
    status = list_uncovered(search, &config, &why, &r->cover);
  }
  if (status != DF_OK) {
    r->cover = status == DF_E_MISSING ? COVER_MISSING : COVER_UNREADABLE;
    add_reason(search, r, &why);
  }
  r->features = format_text("%s", text_of(&why));
  text_clear(&why);
  return DF_OK;
}

/* ---- the sweep ---- */

/* slope of log10 error over log10 eps by least squares over the steps first..last with errors in (0, 0.1] */
static double slope(const sweep_line* line, int first, int last) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int i = first; i <= last; i++) {
    if (!(line->error[i] > 0) || line->error[i] > 0.1) continue;
    const double x = log10(SWEEP_EPS[i]), y = log10(line->error[i]);
    n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  return n >= 2 ? (n * sxy - sx * sy) / (n * sxx - sx * sx) : NAN;
}

/* medians over the states, the best step and the slopes on its two sides; errors [states][SWEEP_STEPS] */
static void read_line(sweep_line* line, const double* errors) {
  double column[SWEEP_STATES];
  int best = -1;
  for (int i = 0; i < SWEEP_STEPS; i++) {
    int n = 0;
    for (int k = 0; k < line->states; k++) {
      const double e = errors[k * SWEEP_STEPS + i];
      if (!isnan(e)) column[n++] = e;
    }
    df_sort(n, column);
    line->error[i] = n > 0 ? column[n / 2] : NAN;
    if (n > 0 && (best < 0 || line->error[i] < line->error[best])) best = i;
  }
  if (best < 0) return;
  line->best_eps = SWEEP_EPS[best];
  line->best_error = line->error[best];
  line->truncation = slope(line, 0, best - 1);
  line->rounding = slope(line, best + 1, SWEEP_STEPS - 1);
}

/* sweeps the finite-difference step at up to SWEEP_STATES smooth states, spread evenly over them */
static df_status sweep(const df_system* system, const df_gradcheck_cfg* cfg, suite_result* r) {
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu;
  const int smooth = r->sum.smooth, n = smooth < SWEEP_STATES ? smooth : SWEEP_STATES;
  r->sweep = (sweep_line){.states = n, .best_eps = NAN, .best_error = NAN, .truncation = NAN, .rounding = NAN};
  if (n == 0) return DF_OK;
  double* memory = df_alloc((size_t)n * (nx + nu + SWEEP_STEPS), sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  double *x = memory, *u = x + (size_t)n * nx, *errors = u + (size_t)n * nu;
  int kept = 0, seen = 0;
  for (int i = 0; i < r->at.n; i++) {
    if (r->points[i].kink || r->points[i].approximate || r->points[i].differenced) continue;
    if (kept < n && (long)seen * n >= (long)kept * smooth) {
      memcpy(x + (size_t)kept * nx, r->at.x + (size_t)i * nx, nx * sizeof *x);
      memcpy(u + (size_t)kept * nu, r->at.u + (size_t)i * nu, nu * sizeof *u);
      kept++;
    }
    seen++;
  }
  const df_status status = df_gradcheck_sweep(system, cfg, &(df_gradcheck_states){.n = kept, .x = x, .u = u},
                                              SWEEP_STEPS, SWEEP_EPS, errors);
  if (status == DF_OK) read_line(&r->sweep, errors);
  df_free(memory);
  return status;
}

/* ---- one model ---- */

static df_status check_model(const suite* s, const options* opts, const df_system* system, suite_result* r) {
  char sha256[DF_SHA256_TEXT];
  const df_gradcheck_cfg cfg = {.seed = opts->seeds[0], .threads = opts->threads, .transition = true};
  DF_TRY(df_mujoco_fingerprint(system, sha256));
  snprintf(r->compiled, sizeof r->compiled, "%.12s", sha256);
  r->nv = df_mujoco_nv(system);
  r->nu = system->nu;
  DF_TRY(cases_new(system, s->total, 0, 0, &r->at));
  DF_TRY(cases_draw(system, s->states, opts->seeds[0], &r->at));
  r->points = df_alloc((size_t)r->at.n, sizeof *r->points);
  if (!r->points) return DF_E_NOMEM;
  DF_TRY(df_gradcheck_run(system, &cfg, &(df_gradcheck_states){.n = r->at.n, .x = r->at.x, .u = r->at.u}, r->points));
  DF_TRY(df_gradcheck_sum_up(r->at.n, r->points, &r->sum));
  r->verdict = df_gradcheck_judge(&r->sum, LIMIT_MEDIAN, LIMIT_P99);
  return sweep(system, &cfg, r);
}

df_status suite_check(const suite* s, const options* opts, suite_result* results) {
  progress shown;
  df_search search;
  df_status status = DF_OK;
  suite_search(s, opts, &search);
  progress_start(&shown, opts->quiet, "gradcheck", "models", s->n);
  for (int i = 0; i < s->n && status == DF_OK; i++) {
    suite_result* r = &results[i];
    df_system* system;
    *r = (suite_result){.model = &s->models[i]};
    status = open_model(r, opts, &search, &system);
    if (status == DF_OK && system) status = check_model(s, opts, system, r);
    df_system_free(system);
    progress_update(&shown, i + 1, r->model->name);
  }
  progress_end(&shown);
  search_clear(&search);
  return status;
}

void suite_results_clear(int n, suite_result* results) {
  for (int i = 0; i < n; i++) {
    df_free(results[i].features);
    df_free(results[i].points);
    cases_clear(&results[i].at);
  }
  df_free(results);
}

/* ---- rows ---- */

static void add(rows* out, row* base, const char* metric, const char* unit, double value, int64_t n) {
  base->metric = metric;
  base->unit = unit;
  base->value = value;
  base->n = n;
  rows_add(out, base);
  base->status = NULL;
}

static const char* verdict_words(const suite_result* r) {
  static const char* const words[] = {"ok", "above a limit", "too few states away from kinks"};
  if (r->verdict == DF_GRADCHECK_INCONCLUSIVE && r->sum.failed_at >= 0) return r->points[r->sum.failed_at].failure;
  return words[r->verdict];
}

/* one row per number of a model */
static void add_model_rows(const suite_result* r, const options* opts, rows* out) {
  char metric[64], status[256];
  row base = row_default();
  const df_gradcheck_summary* q = &r->sum;
  base.task = r->model->name;
  base.seed = (int64_t)opts->seeds[0];
  /* how the model is covered */
  snprintf(status, sizeof status, "%s%s%s", cover_name(r->cover), r->features[0] ? ": " : "", r->features);
  base.status = status;
  add(out, &base, "covered", "share", r->cover <= COVER_APPROXIMATE, 0);
  /* errors */
  if (r->at.n == 0) return;
  base.status = r->verdict == DF_GRADCHECK_HOLDS ? NULL : verdict_words(r);
  add(out, &base, "error_median", "relative", q->median, q->smooth);
  add(out, &base, "error_p99", "relative", q->p99, q->smooth);
  add(out, &base, "error_max", "relative", q->worst, q->smooth);
  add(out, &base, "error_below_1e-6", "share", q->below, q->smooth);
  add(out, &base, "transition_error_median", "relative", q->transition_median, q->transitions);
  add(out, &base, "transition_error_p99", "relative", q->transition_p99, q->transitions);
  add(out, &base, "sweep_best_step", "relative", r->sweep.best_eps, r->sweep.states);
  add(out, &base, "sweep_best_error", "relative", r->sweep.best_error, r->sweep.states);
  /* states on and near kinks, by cause */
  add(out, &base, "kinks", "states", q->kinks, q->n);
  add(out, &base, "kinks_near", "states", q->near, q->n);
  for (int k = DF_KINK_CONTACT; k < DF_KINK_COUNT; k++) {
    snprintf(metric, sizeof metric, k == DF_KINK_FAILED ? "%s" : "kinks_near.%s", df_kink_name((df_kink)k));
    if (q->cause[k]) add(out, &base, metric, "states", q->cause[k], q->n);
  }
  if (q->approximate) add(out, &base, "approximate", "states", q->approximate, q->n);
}

static json_t* number(double v) {
  char shown[32];
  if (isnan(v)) return json_null();
  snprintf(shown, sizeof shown, "%.1e", v);
  return json_string(shown);
}

/* a row of the table */
static void add_line(const suite_result* r, rows* out) {
  const df_gradcheck_summary* q = &r->sum;
  json_t* o = json_object();
  json_object_set_new(o, "model", json_text(r->model->name));
  json_object_set_new(o, "adjoint", json_string(cover_name(r->cover)));
  if (r->at.n > 0) {
    char share[16];
    snprintf(share, sizeof share, "%.3f", q->below);
    json_object_set_new(o, "nv", json_integer(r->nv));
    json_object_set_new(o, "states", json_integer(q->n));
    json_object_set_new(o, "smooth", json_integer(q->smooth));
    json_object_set_new(o, "near kinks", json_integer(q->near));
    json_object_set_new(o, "on kinks", json_integer(q->kinks));
    json_object_set_new(o, "median", number(q->median));
    json_object_set_new(o, "p99", number(q->p99));
    json_object_set_new(o, "worst", number(q->worst));
    json_object_set_new(o, "below 1e-6", json_string(q->smooth ? share : ""));
    json_object_set_new(o, "transitionFD", number(q->transition_median));
    json_object_set_new(o, "verdict", json_string(verdict_words(r)));
  }
  json_object_set_new(o, "not exact", json_text(r->features));
  rows_add_object(out, o);
}

int suite_rows(int n, const suite_result* results, const options* opts, rows* out) {
  bool failed = false, missing = false, inconclusive = false, any = false;
  for (int i = 0; i < n; i++) {
    const suite_result* r = &results[i];
    if (opts->json) {
      add_model_rows(r, opts, out);
    } else {
      add_line(r, out);
    }
    missing |= r->cover == COVER_MISSING;
    if (r->at.n == 0) continue;
    any = true;
    failed |= r->verdict == DF_GRADCHECK_FAILS;
    inconclusive |= r->verdict == DF_GRADCHECK_INCONCLUSIVE;
  }
  if (failed) return EXIT_CHECK_FAILED;
  if (missing) return EXIT_INCOMPLETE;
  return inconclusive || !any ? EXIT_INCONCLUSIVE : EXIT_DONE;
}
