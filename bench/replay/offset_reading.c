#include "offset_reading.h"

#include <math.h>
#include <string.h>

#include "action_sample.h"
#include "dynaflow/core/alloc.h"
#include "stop.h"
#include "text.h"

/* offsets tried to each side, and steps of the search between the two around the best one; actions that are looked at,
 * fewer where there are many joints and physics steps: about STEPS of these in all */
enum { TO_A_SIDE = 16, REFINED = 70, SAMPLE_MOST = 24, SAMPLE_LEAST = 6 };
static const double STEPS = 6e4;
/* between two offsets that are tried, rad and m */
static const double HINGE_STEP = 0.1, SLIDE_STEP = 0.02;
/* the share of the error that the best offset tried leaves at most to be refined, and after that to be another reading
 */
static const double NEARER = 0.7, FOLLOWS = 0.01;

typedef struct search {
  const recording* r;
  const df_system* system;
  int threads, n;
  double *x, *u; /* [n][2][nx], [n][nu] as recorded */
  double *y, *v; /* the same in the reading tried */
  double* error; /* [n] */
} search;

static void read_states(const recording* r, const offset_reading* o, size_t n, double* x) {
  for (size_t t = 0; t < n; t++) x[t * (size_t)r->data->nx + (size_t)r->joints[o->joint].qpos] -= o->offset;
}

static void read_actions(const recording* r, const offset_reading* o, size_t n, double* u) {
  for (size_t t = 0; t < n && o->servo >= 0; t++) u[t * (size_t)r->data->nu + (size_t)o->servo] -= o->target;
}

/* the one servo on a joint, and how far its target moves with a unit of the joint's position; -1: none, or several */
static int servo_of(const df_system* system, int joint, double* by) {
  int servo = -1, on = 0;
  for (int i = 0; i < system->nu; i++) {
    const df_actuator one = df_mujoco_actuator_at(system, i);
    if (one.joint != joint) continue;
    on++;
    if (!(one.stiffness > 0) || one.gain == 0) continue;
    servo = i;
    *by = one.stiffness / one.gain;
  }
  return on == 1 ? servo : -1;
}

/* the error with the positions of the joint too large by `offset` */
static df_status try_offset(search* s, offset_reading* o, double offset, double by, double* median) {
  const size_t n = (size_t)s->n, nx = (size_t)s->r->data->nx, nu = (size_t)s->r->data->nu;
  o->offset = offset;
  o->target = o->servo >= 0 ? by * offset : 0;
  memcpy(s->y, s->x, 2 * n * nx * sizeof *s->y);
  memcpy(s->v, s->u, n * nu * sizeof *s->v);
  read_states(s->r, o, 2 * n, s->y);
  read_actions(s->r, o, n, s->v);
  DF_TRY(stop_check());
  return action_sample_error(s->system, s->n, s->y, s->v, s->threads, s->error, median);
}

/* Golden-section search: the error grows to both sides of the offset that makes the states follow. */
static df_status refine(search* s, offset_reading* o, double step, double by) {
  static const double PART = 0.61803398874989485;
  double low = o->offset - step, high = o->offset + step, left, right;
  double a = high - PART * (high - low), b = low + PART * (high - low);
  DF_TRY(try_offset(s, o, a, by, &left));
  DF_TRY(try_offset(s, o, b, by, &right));
  for (int i = 0; i < REFINED; i++) {
    if (left < right) {
      high = b;
      b = a;
      right = left;
      a = high - PART * (high - low);
      DF_TRY(try_offset(s, o, a, by, &left));
    } else {
      low = a;
      a = b;
      left = right;
      b = low + PART * (high - low);
      DF_TRY(try_offset(s, o, b, by, &right));
    }
  }
  return try_offset(s, o, left < right ? a : b, by, &o->best);
}

/* the best offset of a joint, with its servo or without it, if it is better than *best; `by` of the servo */
static df_status try_joint(search* s, int joint, int servo, double by, double step, offset_reading* best) {
  offset_reading o = {.joint = joint, .servo = servo, .as_is = best->as_is}, nearest = o;
  nearest.best = INFINITY;
  for (int k = -TO_A_SIDE; k <= TO_A_SIDE; k++) {
    if (k == 0) continue;
    DF_TRY(try_offset(s, &o, k * step, by, &o.best));
    if (o.best < nearest.best) nearest = o;
  }
  if (!(nearest.best < NEARER * best->as_is)) return DF_OK;
  DF_TRY(refine(s, &nearest, step, by));
  if (nearest.best < best->best) *best = nearest;
  return DF_OK;
}

static df_status find(search* s, offset_reading* out) {
  action_sample_take(s->r, s->n, s->x, s->u);
  DF_TRY(action_sample_error(s->system, s->n, s->x, s->u, s->threads, s->error, &out->as_is));
  out->best = out->as_is;
  for (int j = 0; j < s->r->njoint; j++) {
    const df_joint_kind kind = s->r->joints[j].kind;
    if (kind != DF_JOINT_HINGE && kind != DF_JOINT_SLIDE) continue;
    const double step = kind == DF_JOINT_HINGE ? HINGE_STEP : SLIDE_STEP;
    double by = 0;
    const int servo = servo_of(s->system, j, &by);
    DF_TRY(try_joint(s, j, -1, 0, step, out));
    if (servo >= 0) DF_TRY(try_joint(s, j, servo, by, step, out));
  }
  return DF_OK;
}

static int sample_size(const recording* r, const df_system* system) {
  const size_t all = recording_before(r, r->data->episodes);
  const double tries = 4.0 * TO_A_SIDE * r->njoint;
  const double most = fmin(SAMPLE_MOST, STEPS / (tries * df_mujoco_substeps(system)));
  return (int)fmin((double)all, fmax(SAMPLE_LEAST, most));
}

df_status offset_reading_find(const recording* r, const df_system* system, int threads, offset_reading* out) {
  const size_t nx = (size_t)r->data->nx, nu = (size_t)system->nu;
  search s = {.r = r, .system = system, .threads = threads, .n = sample_size(r, system)};
  const size_t n = (size_t)s.n;
  *out = (offset_reading){.joint = -1, .servo = -1, .as_is = INFINITY, .best = INFINITY};
  if (n == 0) return DF_OK;
  s.x = df_alloc(n * (4 * nx + 2 * nu + 1), sizeof *s.x);
  if (!s.x) return DF_E_NOMEM;
  s.y = s.x + 2 * n * nx;
  s.u = s.y + 2 * n * nx;
  s.v = s.u + n * nu;
  s.error = s.v + n * nu;
  const df_status status = find(&s, out);
  if (!(out->best < FOLLOWS * out->as_is)) out->joint = -1;
  df_free(s.x);
  return status;
}

df_status offset_reading_data(const recording* r, const offset_reading* o, df_dataset* out) {
  const df_dataset* data = r->data;
  const size_t nx = (size_t)data->nx, nu = (size_t)data->nu, frames = data->first[data->episodes];
  const size_t actions = df_dataset_actions(data);
  *out = *data;
  out->states = df_alloc(frames * nx, sizeof *out->states);
  out->actions = df_alloc(actions * nu, sizeof *out->actions);
  out->rounding = df_alloc(nx + nu, sizeof *out->rounding);
  if (!out->states || !out->actions || !out->rounding) return DF_E_NOMEM;
  memcpy(out->states, data->states, frames * nx * sizeof *out->states);
  memcpy(out->actions, data->actions, actions * nu * sizeof *out->actions);
  read_states(r, o, frames, out->states);
  read_actions(r, o, actions, out->actions);
  memcpy(out->rounding, data->rounding, (nx + nu) * sizeof *out->rounding);
  out->rounding[r->joints[o->joint].qpos].offset -= o->offset;
  if (o->servo >= 0) out->rounding[nx + (size_t)o->servo].offset -= o->target;
  return DF_OK;
}

void offset_reading_free_data(df_dataset* data) {
  df_free(data->states);
  df_free(data->actions);
  df_free(data->rounding);
  data->states = data->actions = NULL;
  data->rounding = NULL;
}

char* offset_reading_words(const recording* r, const df_system* system, const offset_reading* o) {
  const df_joint* joint = &r->joints[o->joint];
  const char* unit = joint->kind == DF_JOINT_HINGE ? "rad" : "m";
  text t = {0};
  text_add(&t, "%.4g %s subtracted from the positions of %s", o->offset, unit, joint->name[0] ? joint->name : "");
  if (!joint->name[0]) text_add(&t, "joint %d", o->joint);
  if (o->servo >= 0) {
    const char* name = df_mujoco_actuator_at(system, o->servo).name;
    text_add(&t, " and %.4g from the targets of ", o->target);
    if (name[0])
      text_add(&t, "%s", name);
    else
      text_add(&t, "actuator %d", o->servo);
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}
