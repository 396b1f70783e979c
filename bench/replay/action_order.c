#include "action_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/stats/statistics.h"
#include "text.h"

enum { SAMPLE = 40 }; /* actions that are looked at */

/* the share of the error as it is that another order leaves at most */
static const double FOLLOWS = 0.1;
/* the same of another unit */
static const double IN_UNITS = 0.01;

/* windows of one action, spread evenly over the recording */
typedef struct sample {
  int n, nx, nu;
  double *x, *u; /* [n][2][nx], [n][nu] as recorded */
  double* need;  /* [n][nu] the actions that the states need */
  double* other; /* [n][nu] in another order */
  double* error; /* [n] */
} sample;

static df_status sample_of(const recording* r, sample* s) {
  const size_t all = recording_before(r, r->data->episodes), nx = (size_t)r->data->nx, nu = (size_t)r->data->nu;
  *s = (sample){.n = all < SAMPLE ? (int)all : SAMPLE, .nx = r->data->nx, .nu = r->data->nu};
  const size_t n = (size_t)s->n;
  s->x = df_alloc(n * (2 * nx + 3 * nu + 1), sizeof *s->x);
  if (!s->x) return DF_E_NOMEM;
  s->u = s->x + n * 2 * nx;
  s->need = s->u + n * nu;
  s->other = s->need + n * nu;
  s->error = s->other + n * nu;
  for (size_t i = 0; i < n; i++) {
    int episode, frame;
    recording_place(r, all * i / n, &episode, &frame);
    recording_state(r, episode, frame, s->x + 2 * i * nx);
    recording_state(r, episode, frame + 1, s->x + (2 * i + 1) * nx);
    memcpy(s->u + i * nu, recording_action(r, episode, frame), nu * sizeof *s->u);
  }
  return DF_OK;
}

static df_status median_error(sample* s, const df_system* system, const double* u, int threads, double* median) {
  const df_trajectories made = {.B = s->n, .H = 1, .x = s->x, .u = u};
  DF_TRY(df_metric_sae_own(system, &made, threads, s->error, NULL));
  *median = df_median(s->n, s->error);
  return DF_OK;
}

/* mean distance of what actuator i needs from the actions of actuator j, within the range of i */
static double distance(const sample* s, const df_system* system, int i, int j) {
  double sum = 0;
  for (int k = 0; k < s->n; k++) {
    const double u = fmin(fmax(s->u[k * s->nu + j], system->u_lo[i]), system->u_hi[i]);
    sum += fabs(s->need[k * s->nu + i] - u);
  }
  return sum / s->n;
}

typedef struct candidate {
  double distance;
  int i, j;
} candidate;

static int by_distance(const void* a, const void* b) {
  const candidate *x = a, *y = b;
  if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
  /* of equal ones that as it is */
  return (x->i != x->j) - (y->i != y->j);
}

/* column [nu] = the closest actions of each actuator, each used once; returns whether this is another order */
static bool match(const sample* s, const df_system* system, candidate* list, int* column, bool* taken) {
  const int nu = s->nu;
  bool other = false;
  for (int i = 0; i < nu; i++) {
    column[i] = -1;
    for (int j = 0; j < nu; j++) list[i * nu + j] = (candidate){distance(s, system, i, j), i, j};
  }
  qsort(list, (size_t)nu * (size_t)nu, sizeof *list, by_distance);
  for (int k = 0; k < nu * nu; k++) {
    if (column[list[k].i] >= 0 || taken[list[k].j]) continue;
    column[list[k].i] = list[k].j;
    taken[list[k].j] = true;
    other |= list[k].i != list[k].j;
  }
  return other;
}

static df_status find(sample* s, const df_system* system, int threads, int* column, bool* other, action_order* out) {
  const df_trajectories made = {.B = s->n, .H = 1, .x = s->x};
  const size_t nu = (size_t)s->nu;
  DF_TRY(median_error(s, system, s->u, threads, &out->as_is));
  DF_TRY(df_metric_sae_min(system, &made, threads, s->error, s->need));
  candidate* list = df_alloc(nu * nu, sizeof *list);
  bool* taken = df_alloc(nu, sizeof *taken);
  const bool made_room = list && taken;
  *other = made_room && match(s, system, list, column, taken);
  df_free(list);
  df_free(taken);
  if (!made_room) return DF_E_NOMEM;
  for (int k = 0; k < s->n; k++) {
    for (int i = 0; i < s->nu; i++) s->other[k * s->nu + i] = s->u[k * s->nu + column[i]];
  }
  return median_error(s, system, s->other, threads, &out->best);
}

df_status action_order_find(const recording* r, const df_system* system, int threads, action_order* out) {
  sample s = {0};
  bool other = false;
  *out = (action_order){.as_is = INFINITY, .best = INFINITY};
  if (system->nu < 2) return DF_OK;
  int* column = df_alloc((size_t)system->nu, sizeof *column);
  df_status status = column ? sample_of(r, &s) : DF_E_NOMEM;
  if (status == DF_OK && s.n > 0) status = find(&s, system, threads, column, &other, out);
  if (status == DF_OK && other && out->best < FOLLOWS * out->as_is) {
    out->column = column;
    column = NULL;
  }
  df_free(column);
  df_free(s.x);
  return status;
}

df_status action_unit_find(const recording* r, const df_system* system, int threads, double* factor, double* as_is,
                           double* best) {
  static const double factors[] = {DF_DEGREE, 1 / DF_DEGREE};
  sample s;
  *factor = 0;
  DF_TRY(sample_of(r, &s));
  df_status status = s.n > 0 ? median_error(&s, system, s.u, threads, as_is) : DF_OK;
  for (int k = 0; k < 2 && s.n > 0 && status == DF_OK && *factor == 0; k++) {
    for (int i = 0; i < s.n * s.nu; i++) s.other[i] = factors[k] * s.u[i];
    status = median_error(&s, system, s.other, threads, best);
    if (status == DF_OK && *best < IN_UNITS * *as_is) *factor = factors[k];
  }
  df_free(s.x);
  return status;
}

void actions_clear(df_dataset* data) {
  df_free(data->actions);
  df_free(data->rounding);
  data->actions = NULL;
  data->rounding = NULL;
}

df_status actions_read_otherwise(const recording* r, const int* column, double factor, df_dataset* out) {
  const df_dataset* data = r->data;
  const size_t nu = (size_t)data->nu, nx = (size_t)data->nx, n = df_dataset_actions(data);
  *out = *data;
  out->actions = df_alloc(n * nu, sizeof *out->actions);
  out->rounding = df_alloc(nx + nu, sizeof *out->rounding);
  if (!out->actions || !out->rounding) return DF_E_NOMEM;
  memcpy(out->rounding, data->rounding, nx * sizeof *out->rounding);
  for (size_t i = 0; i < nu; i++) {
    const size_t read = column ? (size_t)column[i] : i;
    for (size_t t = 0; t < n; t++) out->actions[t * nu + i] = factor * data->actions[t * nu + read];
    out->rounding[nx + i] = data->rounding[nx + read];
    out->rounding[nx + i].unit *= factor;
  }
  return DF_OK;
}

char* action_unit_setting(double factor, const df_config* config) {
  const df_list* set = &config->data_action_scale;
  if (set->n > 1 || config->data_action_offset.n > 0) return format_text("%s", "");
  return format_text("%.10g", factor * (set->n ? set->v[0] : 1));
}

void action_order_clear(action_order* o) {
  df_free(o->column);
  *o = (action_order){0};
}

char* action_order_setting(const action_order* o, const df_config* config, const df_system* system) {
  const df_names* set = &config->data_actuators;
  text names = {0};
  bool named = config->data_action_scale.n < 2 && config->data_action_offset.n < 2;
  for (int c = 0; c < system->nu; c++) {
    const int read = set->n ? df_mujoco_actuator(system, set->v[c]) : c;
    int i = 0;
    while (i < system->nu - 1 && o->column[i] != read) i++;
    const char* name = df_mujoco_actuator_at(system, i).name;
    named = named && name[0];
    text_add(&names, "%s%s", c ? "," : "", name);
  }
  char* out = format_text("%s", named ? text_of(&names) : "");
  text_clear(&names);
  return out;
}
