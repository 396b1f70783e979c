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
  int threads;
  action_sample sample;
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
  action_sample* a = &s->sample;
  const size_t n = (size_t)a->n, nx = (size_t)s->r->data->nx, nu = (size_t)s->r->data->nu;
  o->offset = offset;
  o->target = o->servo >= 0 ? by * offset : 0;
  memcpy(a->y, a->x, 2 * n * nx * sizeof *a->y);
  memcpy(a->v, a->u, n * nu * sizeof *a->v);
  read_states(s->r, o, 2 * n, a->y);
  read_actions(s->r, o, n, a->v);
  DF_TRY(stop_check());
  return action_sample_error(s->system, a->n, a->y, a->v, s->threads, a->error, median);
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
  const action_sample* a = &s->sample;
  DF_TRY(action_sample_error(s->system, a->n, a->x, a->u, s->threads, a->error, &out->as_is));
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
  const double tries = 4.0 * TO_A_SIDE * r->njoint;
  return (int)fmax(SAMPLE_LEAST, fmin(SAMPLE_MOST, STEPS / (tries * df_mujoco_substeps(system))));
}

df_status offset_reading_find(const recording* r, const df_system* system, int threads, offset_reading* out) {
  search s = {.r = r, .system = system, .threads = threads};
  *out = (offset_reading){.joint = -1, .servo = -1, .as_is = INFINITY, .best = INFINITY};
  df_status status = action_sample_of(r, sample_size(r, system), &s.sample);
  if (status == DF_OK && s.sample.n > 0) status = find(&s, out);
  if (!(out->best < FOLLOWS * out->as_is)) out->joint = -1;
  action_sample_clear(&s.sample);
  return status;
}

df_status offset_reading_data(const recording* r, const offset_reading* o, df_dataset* out) {
  DF_TRY(recording_copy_data(r, out));
  read_states(r, o, r->data->first[r->data->episodes], out->states);
  read_actions(r, o, df_dataset_actions(r->data), out->actions);
  out->rounding[r->joints[o->joint].qpos].offset -= o->offset;
  if (o->servo >= 0) out->rounding[r->data->nx + o->servo].offset -= o->target;
  return DF_OK;
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
