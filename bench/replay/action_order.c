#include "action_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "action_sample.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/metrics/metrics.h"
#include "stop.h"
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
  action_sample_take(r, s->n, s->x, s->u);
  return DF_OK;
}

static df_status median_error(sample* s, const df_system* system, const double* u, int threads, double* median) {
  return action_sample_error(system, s->n, s->x, u, threads, s->error, median);
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
  const df_trajectories made = {.B = s->n, .H = 1, .x = s->x, .stop = &stop_flag};
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

/* ---- units ---- */

enum unit_kind { BY_FACTOR, BY_FACTOR_BUT_SLIDES, FROM_MINUS_1, FROM_0 };
static const struct {
  const char* words;
  enum unit_kind kind;
  double factor; /* of the first two */
} units[] = {
    {"the actions are in degrees", BY_FACTOR, DF_DEGREE},
    {"the actions are in degrees, but those on slides", BY_FACTOR_BUT_SLIDES, DF_DEGREE},
    {"the actions are in radians where the model has degrees", BY_FACTOR, 1 / DF_DEGREE},
    {"the actions are in thousandths", BY_FACTOR, 1e-3},
    {"the actions are in hundredths", BY_FACTOR, 1e-2},
    {"the actions are in hundreds", BY_FACTOR, 100},
    {"the actions are in thousands", BY_FACTOR, 1000},
    {"the actions are shares of the control ranges, from -1 to 1", FROM_MINUS_1, 1},
    {"the actions are shares of the control ranges, from 0 to 1", FROM_0, 1},
};
enum { UNITS = sizeof units / sizeof *units };

static bool acts_on_slide(const recording* r, const df_system* system, int i) {
  const int joint = df_mujoco_actuator_at(system, i).joint;
  return joint >= 0 && r->joints[joint].kind == DF_JOINT_SLIDE;
}

static void describe_unit(const recording* r, const df_system* system, int k, action_unit* out) {
  out->words = units[k].words;
  for (int i = 0; i < system->nu; i++) {
    const double lo = system->u_lo[i], hi = system->u_hi[i];
    const bool limited = isfinite(lo) && isfinite(hi);
    const bool kept =
        units[k].kind == BY_FACTOR_BUT_SLIDES ? acts_on_slide(r, system, i) : units[k].kind >= FROM_MINUS_1 && !limited;
    out->scale[i] = kept ? 1 : units[k].factor;
    out->offset[i] = 0;
    if (kept || units[k].kind < FROM_MINUS_1) continue;
    out->scale[i] = units[k].kind == FROM_0 ? hi - lo : 0.5 * (hi - lo);
    out->offset[i] = units[k].kind == FROM_0 ? lo : 0.5 * (lo + hi);
  }
}

static df_status unit_error(sample* s, const df_system* system, int threads, action_unit* unit) {
  for (int t = 0; t < s->n; t++) {
    for (int i = 0; i < s->nu; i++) s->other[t * s->nu + i] = unit->scale[i] * s->u[t * s->nu + i] + unit->offset[i];
  }
  return median_error(s, system, s->other, threads, &unit->best);
}

df_status action_unit_find(const recording* r, const df_system* system, int threads, action_unit* out) {
  sample s;
  *out = (action_unit){.as_is = INFINITY, .best = INFINITY};
  if (system->nu > DF_LIST_MAX) return DF_OK;
  DF_TRY(sample_of(r, &s));
  df_status status = s.n > 0 ? median_error(&s, system, s.u, threads, &out->as_is) : DF_OK;
  for (int k = 0; k < UNITS && s.n > 0 && status == DF_OK; k++) {
    action_unit unit = {.as_is = out->as_is};
    describe_unit(r, system, k, &unit);
    status = unit_error(&s, system, threads, &unit);
    if (status == DF_OK && unit.best < out->best) *out = unit;
  }
  if (!(out->best < IN_UNITS * out->as_is)) out->words = NULL;
  df_free(s.x);
  return status;
}

void actions_clear(df_dataset* data) {
  df_free(data->actions);
  df_free(data->rounding);
  data->actions = NULL;
  data->rounding = NULL;
}

df_status actions_read_otherwise(const recording* r, const int* column, const action_unit* unit, df_dataset* out) {
  const df_dataset* data = r->data;
  const size_t nu = (size_t)data->nu, nx = (size_t)data->nx, n = df_dataset_actions(data);
  *out = *data;
  out->actions = df_alloc(n * nu, sizeof *out->actions);
  out->rounding = df_alloc(nx + nu, sizeof *out->rounding);
  if (!out->actions || !out->rounding) return DF_E_NOMEM;
  memcpy(out->rounding, data->rounding, nx * sizeof *out->rounding);
  for (size_t i = 0; i < nu; i++) {
    const size_t read = column ? (size_t)column[i] : i;
    const double scale = unit ? unit->scale[i] : 1, offset = unit ? unit->offset[i] : 0;
    for (size_t t = 0; t < n; t++) out->actions[t * nu + i] = scale * data->actions[t * nu + read] + offset;
    out->rounding[nx + i] = data->rounding[nx + read];
    out->rounding[nx + i].unit *= scale;
    out->rounding[nx + i].offset = scale * out->rounding[nx + i].offset + offset;
  }
  return DF_OK;
}

/* number i of a list of settings: one number stands for all of them */
static double listed(const df_list* list, int i, double none) {
  return list->n == 0 ? none : list->v[list->n == 1 ? 0 : i];
}

/* nu numbers, or one that all are equal to */
static void add_list(text* t, int nu, const double* v) {
  bool equal = true;
  for (int i = 1; i < nu; i++) equal = equal && v[i] == v[0];
  for (int i = 0; i < (equal ? 1 : nu); i++) text_add(t, "%s%.10g", i ? "," : "", v[i]);
}

char* action_unit_setting(const action_unit* unit, const df_config* config, int nu) {
  double scale[DF_LIST_MAX] = {0}, offset[DF_LIST_MAX] = {0};
  bool moved = false;
  text t = {0};
  for (int i = 0; i < nu; i++) {
    scale[i] = unit->scale[i] * listed(&config->data_action_scale, i, 1);
    offset[i] = unit->scale[i] * listed(&config->data_action_offset, i, 0) + unit->offset[i];
    moved = moved || offset[i] != 0;
  }
  text_add(&t, "data.action_scale = ");
  add_list(&t, nu, scale);
  if (moved) {
    text_add(&t, ", data.action_offset = ");
    add_list(&t, nu, offset);
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
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
