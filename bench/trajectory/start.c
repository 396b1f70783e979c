#define _GNU_SOURCE
#include "start.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "condition.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/mujoco.h"
#include "named_columns.h"
#include "state_norms.h"
#include "text.h"
#include "trajectory_file.h"

/* ---- demonstrations near a state ---- */

/* a search for the window start whose context is nearest to `target` */
typedef struct search {
  const df_task* task;
  const double *target, *condition; /* [nz]; [nc] or NULL */
  const bool* category;             /* [nc] */
  double* z;                        /* [nz] work memory */
  df_window best;
  double least, least_condition; /* sums of squares */
} search;

static bool matches(const search* s, df_window w) {
  if (!s->condition) return true;
  return condition_agrees(s->task, s->category, df_dataset_condition(s->task->data, w.episode, w.start), s->condition);
}

static void context_of(const df_task* task, df_window w, double* z) {
  df_chart_context(task->chart, df_dataset_state(task->data, w.episode, w.start), z);
}

static double squares(int n, const double* a, const double* b) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

static void look(search* s, int n, const df_window* windows) {
  for (int i = 0; i < n; i++) {
    const df_window w = windows[i];
    if (!matches(s, w)) continue;
    context_of(s->task, w, s->z);
    const double d = squares(df_chart_size(s->task->chart), s->z, s->target);
    const double of_condition =
        s->condition ? squares(s->task->data->nc, df_dataset_condition(s->task->data, w.episode, w.start), s->condition)
                     : 0;
    if (d > s->least || (d == s->least && of_condition >= s->least_condition)) continue;
    s->best = w;
    s->least = d;
    s->least_condition = of_condition;
  }
}

/* a search without a target; search_clear() frees its memory */
static df_status search_new(const df_task* task, const double* condition, search* s) {
  *s = (search){.task = task,
                .condition = condition,
                .category = condition ? condition_categories(task) : NULL,
                .z = df_alloc((size_t)df_chart_size(task->chart), sizeof *s->z),
                .best = {-1, -1},
                .least = INFINITY,
                .least_condition = INFINITY};
  return s->z && (s->category || !condition) ? DF_OK : DF_E_NOMEM;
}

static void search_clear(search* s) {
  df_free((void*)(uintptr_t)s->category);
  df_free(s->z);
}

df_status nearest_demonstration(const df_task* task, const double* x, const double* condition, nearest* out) {
  const size_t nz = (size_t)df_chart_size(task->chart);
  double* target = df_alloc(nz, sizeof *target);
  search s;
  df_status status = search_new(task, condition, &s);
  if (!target) status = DF_E_NOMEM;
  if (status == DF_OK) {
    s.target = target;
    df_chart_context(task->chart, x, target);
    look(&s, task->windows->n_train, task->windows->train);
    look(&s, task->windows->n_test, task->windows->test);
    *out = (nearest){.episode = s.best.episode, .frame = s.best.start, .distance = sqrt(s.least / (double)nz)};
  }
  search_clear(&s);
  df_free(target);
  return status;
}

/* mean [nz] += the mean context of the training windows that match; returns their number */
static int mean_start(search* s, double* mean) {
  const df_windows* windows = s->task->windows;
  const int nz = df_chart_size(s->task->chart);
  int n = 0;
  for (int i = 0; i < windows->n_train; i++) {
    if (!matches(s, windows->train[i])) continue;
    context_of(s->task, windows->train[i], s->z);
    for (int k = 0; k < nz; k++) mean[k] += s->z[k];
    n++;
  }
  for (int k = 0; k < nz && n; k++) mean[k] /= n;
  return n;
}

/* x [nx] = the typical start state */
static df_status typical_start(const df_task* task, const double* condition, double* x) {
  double* mean = df_alloc((size_t)df_chart_size(task->chart), sizeof *mean);
  search s;
  df_status status = search_new(task, condition, &s);
  if (!mean) status = DF_E_NOMEM;
  if (status == DF_OK) {
    s.target = mean;
    if (mean_start(&s, mean) == 0) s.condition = NULL; /* no window has these categories */
    look(&s, task->windows->n_train, task->windows->train);
    memcpy(x, df_dataset_state(task->data, s.best.episode, s.best.start), (size_t)task->system->nx * sizeof *x);
  }
  search_clear(&s);
  df_free(mean);
  return status;
}

/* ---- coordinates by name ---- */

static df_status unknown_column(const columns* c, const char* words, const char* pair) {
  text known = {0};
  for (int i = 0; i < c->n_states; i++) text_add(&known, "%s%s", i ? ", " : "", c->state[i]);
  const df_status status =
      df_fail(DF_E_CONFIG, "--x0 %s: no column in '%s'; a state has %s", words, pair, text_of(&known));
  text_clear(&known);
  return status;
}

/* at [n_states] = the columns of a name, in the order of the state: itself, or all NAME.*; returns their number */
static int columns_named(const columns* c, const char* name, size_t n, int* at) {
  int count = 0;
  for (int i = 0; i < c->n_states; i++) {
    if (strncmp(c->state[i], name, n) != 0 || (c->state[i][n] && c->state[i][n] != '.')) continue;
    if (!c->state[i][n]) {
      at[0] = i;
      return 1;
    }
    at[count++] = i;
  }
  return count;
}

/* "root_pos=0 0 0.3"; given [nx] has the columns of the pairs before, column [nx] is scratch */
static df_status set_coordinates(const columns* c, const char* words, const char* pair, bool* given, int* column,
                                 double* x) {
  const char* equal = strchr(pair, '=');
  const int n = equal ? columns_named(c, pair, (size_t)(equal - pair), column) : 0;
  if (n == 0) return unknown_column(c, words, pair);
  const char* at = equal + 1;
  int read = 0;
  for (; *at; read++) {
    char* end;
    const double value = df_read_double(at, &end);
    if (end == at || !isfinite(value) || read == n) break;
    if (given[column[read]]) return df_fail(DF_E_CONFIG, "--x0 %s: given twice: '%s'", words, pair);
    given[column[read]] = true;
    x[column[read]] = value;
    at = end + strspn(end, " ");
  }
  return read == n && !*at ? DF_OK
                           : df_fail(DF_E_CONFIG, "--x0 %s: '%s' needs %d finite number%s, separated by spaces", words,
                                     pair, n, n == 1 ? "" : "s");
}

/* makes quaternions of length 1 */
static df_status normalise(const df_system* system, const char* words, double* x) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (int j = 0; j < n; j++) {
    if (joints[j].kind != DF_JOINT_FREE && joints[j].kind != DF_JOINT_BALL) continue;
    double* q = x + joints[j].qpos + (joints[j].kind == DF_JOINT_FREE ? 3 : 0);
    const double length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    if (!(length > 1e-9))
      return df_fail(DF_E_CONFIG, "--x0 %s: the quaternion of joint '%s' is 0", words, joints[j].name);
    for (int i = 0; i < 4; i++) q[i] /= length;
  }
  return DF_OK;
}

static df_status set_all(const df_task* task, const char* words, double* x) {
  columns c;
  char *copy = df_strdup(words), *rest = copy;
  bool* given = df_alloc((size_t)task->system->nx, sizeof *given);
  int* column = df_alloc((size_t)task->system->nx, sizeof *column);
  df_status status = columns_new(task, &c);
  if (!copy || !given || !column) status = DF_E_NOMEM;
  for (char* pair = strsep(&rest, ","); pair && status == DF_OK; pair = strsep(&rest, ",")) {
    status = set_coordinates(&c, words, pair + strspn(pair, " "), given, column, x);
  }
  columns_clear(&c);
  df_free(given);
  df_free(column);
  df_free(copy);
  return status == DF_OK ? normalise(task->system, words, x) : status;
}

/* ---- files ---- */

/* whether the words end with ":<digits>"; *path is a new string without them, *index the number or -1 */
static void split_index(const char* words, char** path, long* index) {
  const char* colon = strrchr(words, ':');
  const bool has = colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1) && strlen(colon) < 10;
  *path = format_text("%.*s", has ? (int)(colon - words) : (int)strlen(words), words);
  *index = has ? strtol(colon + 1, NULL, 10) : -1;
}

static df_status check_file(const char* path, const df_task* task, const df_array* a, long index) {
  const size_t nx = (size_t)task->system->nx, n = a->shape[0];
  char shape[128];
  if ((a->rank != 2 && a->rank != 3) || a->shape[a->rank - 1] != nx || a->count == 0) {
    return df_fail(DF_E_MISMATCH, "%s: states has shape %s, expected [trajectories][frames][%zu] or [states][%zu]",
                   path, shape_text(a->rank, a->shape, shape), nx, nx);
  }
  if (index >= (long)n) {
    return df_fail(DF_E_CONFIG, "--x0 %s:%ld: the file has %zu start states, 0 to %zu", path, index, n, n - 1);
  }
  return n <= 100000
             ? DF_OK
             : df_fail(DF_E_CONFIG, "--x0 %s: %zu start states, at most 100000; choose one with :INDEX", path, n);
}

/* a start state is the whole trajectory here, so that no norm may be off */
static df_status check_norms(const df_system* system, const char* path, size_t from, starts* out) {
  const size_t shape[] = {(size_t)out->n, 1};
  char* doubt;
  const df_status status = states_check_norms(path, system, shape, from, out->x0, &doubt);
  df_free(doubt);
  return status;
}

static df_status read_file(const df_task* task, const char* path, long index, starts* out) {
  df_npz* npz;
  df_array a = {0};
  double* conditions = NULL;
  DF_TRY(df_npz_open(path, &npz));
  df_status status = df_npz_read(npz, "states", &a);
  if (status == DF_OK) status = check_file(path, task, &a, index);
  if (status == DF_OK) status = trajectory_conditions(path, npz, task, a.shape[0], &conditions);
  df_npz_close(npz);
  const size_t nx = (size_t)task->system->nx, nc = (size_t)task->data->nc;
  if (status == DF_OK) {
    const size_t from = index < 0 ? 0 : (size_t)index, stride = a.count / a.shape[0];
    out->n = index < 0 ? (int)a.shape[0] : 1;
    out->x0 = df_alloc((size_t)out->n * nx, sizeof *out->x0);
    if (conditions) out->condition = df_alloc((size_t)out->n * nc, sizeof *out->condition);
    if (!out->x0 || (conditions && !out->condition)) status = DF_E_NOMEM;
    for (size_t i = 0; status == DF_OK && i < (size_t)out->n; i++) {
      memcpy(out->x0 + i * nx, a.values + (from + i) * stride, nx * sizeof *out->x0);
      if (conditions) memcpy(out->condition + i * nc, conditions + (from + i) * nc, nc * sizeof *conditions);
      for (size_t k = 0; status == DF_OK && k < nx; k++) {
        if (isfinite(out->x0[i * nx + k])) continue;
        status =
            df_fail(DF_E_NONFINITE, "%s: start state %zu: number %zu is %g", path, from + i, k, out->x0[i * nx + k]);
      }
    }
    if (status == DF_OK) status = check_norms(task->system, path, from, out);
  }
  df_array_clear(&a);
  df_free(conditions);
  return status;
}

/* ---- all kinds ---- */

static df_status unknown_start(const df_task* task, const char* words) {
  text names = {0};
  const int n = df_mujoco_keyframes(task->system);
  for (int i = 0; i < n; i++) text_add(&names, "%s%s", i ? ", " : "", df_mujoco_keyframe_name(task->system, i));
  const df_status status =
      df_fail(DF_E_CONFIG, "--x0 %s: neither a file, nor a keyframe of the model (%s), nor NAME=VALUE,...", words,
              n ? text_of(&names) : "it has none");
  text_clear(&names);
  return status;
}

/* the keyframe with the name `words`, or -1 */
static int keyframe_named(const df_system* system, const char* words) {
  const int n = df_mujoco_keyframes(system);
  for (int i = 0; words && words[0] && i < n; i++) {
    if (strcmp(df_mujoco_keyframe_name(system, i), words) == 0) return i;
  }
  return -1;
}

static df_status one_start(const df_task* task, const char* words, const double* condition, double* x) {
  const int keyframe = keyframe_named(task->system, words);
  if (keyframe >= 0) {
    df_mujoco_keyframe_state(task->system, keyframe, x);
    return normalise(task->system, words, x);
  }
  if (words && !strchr(words, '=')) return unknown_start(task, words);
  DF_TRY(typical_start(task, condition, x));
  return words ? set_all(task, words, x) : DF_OK;
}

df_status starts_new(const df_task* task, const char* words, const double* condition, starts* out) {
  *out = (starts){.n = 1};
  if (words && keyframe_named(task->system, words) < 0) {
    char* path;
    long index;
    split_index(words, &path, &index);
    const size_t n = strlen(path);
    const bool is_file = df_file_exists(path) || (n > 4 && strcmp(path + n - 4, ".npz") == 0);
    const df_status status = is_file ? read_file(task, path, index, out) : DF_OK;
    df_free(path);
    if (is_file) return status;
  }
  out->x0 = df_alloc((size_t)task->system->nx, sizeof *out->x0);
  return out->x0 ? one_start(task, words, condition, out->x0) : DF_E_NOMEM;
}

void starts_clear(starts* s) {
  df_free(s->x0);
  df_free(s->condition);
  *s = (starts){0};
}
