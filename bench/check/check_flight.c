#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"

/* Accelerations are second differences over this time, s, to which noise does not matter; at most so many of them. */
static const double SPAN = 0.1;
enum { LOOKED_AT = 200 };
/* passes over the actuators, of the force that comes nearest */
enum { PASSES = 100 };
/* another unit of positions, and another order of the base's quaternion: number k of it is number order[k] as read;
 * with how many weights missing it explains a motion */
typedef struct variant {
  double unit;
  int order[4];
  bool inverse;
  const char *key, *value; /* the setting of the order */
} variant;
static const variant variants[] = {{1, {0, 1, 2, 3}, false, NULL, NULL},
                                   {0.01, {0, 1, 2, 3}, false, NULL, NULL},
                                   {0.001, {0, 1, 2, 3}, false, NULL, NULL},
                                   {1, {3, 0, 1, 2}, false, "data.quaternion", "xyzw"},
                                   {1, {1, 2, 3, 0}, false, "data.quaternion", "wxyz"},
                                   {1, {0, 1, 2, 3}, true, "data.quaternion", "wxyz_inverse"}};
enum { VARIANTS = sizeof variants / sizeof *variants };
static const double EXPLAINED = 0.25;
/* more contacts than in this share of the poses may carry the base */
static const double RARELY = 0.2;

typedef struct flight {
  const trace* m;
  df_sim* sim;
  int at, dof;           /* of the base, in positions and velocities */
  double *action, *next; /* [nu], [nx] */
  double (*push)[3];     /* [nu] what each actuator at its upper limit adds to the acceleration */
  double rest[3];        /* the acceleration with all of them at their lower limits */
} flight;

/* the acceleration of the base over an action from state x; false if it cannot be simulated */
static bool accelerate(const flight* f, const double* x, double out[3]) {
  const df_system* s = f->m->system;
  s->ops->reset(f->sim, x);
  if (s->ops->step(f->sim, f->action, f->next) != DF_TRAJ_COMPLETE) return false;
  for (int i = 0; i < 3; i++) out[i] = (f->next[f->dof + i] - x[f->dof + i]) / s->dt;
  return true;
}

/* what the actuators can do in state x */
static bool measure(flight* f, const double* x) {
  const df_system* s = f->m->system;
  memcpy(f->action, s->u_lo, (size_t)s->nu * sizeof *f->action);
  if (!accelerate(f, x, f->rest)) return false;
  for (int k = 0; k < s->nu; k++) {
    f->action[k] = s->u_hi[k];
    if (!accelerate(f, x, f->push[k])) return false;
    f->action[k] = s->u_lo[k];
    for (int i = 0; i < 3; i++) f->push[k][i] -= f->rest[i];
  }
  return true;
}

/* the least distance of an acceleration from those that controls within their limits give, by coordinate descent; the
 * shares of the controls are in f->action then */
static double missing(const flight* f, const double wanted[3]) {
  const int nu = f->m->system->nu;
  double left[3];
  for (int i = 0; i < 3; i++) left[i] = wanted[i] - f->rest[i];
  for (int k = 0; k < nu; k++) f->action[k] = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    for (int k = 0; k < nu; k++) {
      const double* p = f->push[k];
      const double pp = p[0] * p[0] + p[1] * p[1] + p[2] * p[2];
      if (!(pp > 0)) continue;
      const double lp = left[0] * p[0] + left[1] * p[1] + left[2] * p[2];
      const double share = fmax(0, fmin(1, f->action[k] + lp / pp)), by = share - f->action[k];
      f->action[k] = share;
      for (int i = 0; i < 3; i++) left[i] -= by * p[i];
    }
  }
  return sqrt(left[0] * left[0] + left[1] * left[1] + left[2] * left[2]);
}

/* the second difference of the base's position around frame t, over `frames`; false if they are not all there */
static bool second_difference(const flight* f, int episode, int t, int frames, double out[3]) {
  const trace* m = f->m;
  if (t < frames || t + frames > m->data->lengths[episode]) return false;
  const double *a = df_dataset_state(m->data, episode, t - frames) + f->at,
               *b = df_dataset_state(m->data, episode, t) + f->at,
               *c = df_dataset_state(m->data, episode, t + frames) + f->at, h = frames * m->h[episode];
  for (int i = 0; i < 3; i++) out[i] = (a[i] - 2 * b[i] + c[i]) / (h * h);
  return true;
}

/* the state x with the quaternion of a variant, in `out` [nx] */
static void turn(const flight* f, const variant* v, const double* x, double* out) {
  const double* q = x + f->at + 3;
  memcpy(out, x, (size_t)f->m->system->nx * sizeof *x);
  for (int k = 0; k < 4; k++) out[f->at + 3 + k] = v->inverse && k > 0 ? -q[v->order[k]] : q[v->order[k]];
}

/* the median of what is missing with a variant, weights; NAN without frames that tell */
static double look(const flight* f, const variant* v, double* state, double* list) {
  const trace* m = f->m;
  const size_t stride = m->n / LOOKED_AT + 1;
  int n = 0;
  for (size_t k = 0; k < m->n; k += stride) {
    const int e = m->episode[k], frames = (int)fmax(1, round(SPAN / m->h[e]));
    flight here = *f;
    double a[3];
    if (!second_difference(f, e, m->frame[k], frames, a)) continue;
    turn(f, v, df_dataset_state(m->data, e, m->frame[k]), state);
    if (!measure(&here, state)) continue;
    for (int i = 0; i < 3; i++) a[i] *= v->unit;
    list[n++] = missing(&here, a) / df_mujoco_gravity(m->system);
  }
  return n > 0 ? df_median(n, list) : NAN;
}

/* Velocities of the base's rotation may be right where its orientations are not: differences of these would not be. */
static void drop_differences(const trace* m, data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    data_finding* one = &f->list[i];
    if (!data_check_is_of_velocity(one->check) || one->verdict == CHECK_OK) continue;
    if (strcmp(one->column, trace_group_name(trace_has_base(m), GROUP_BASE_ROTATION)) == 0)
      remedy_clear(&one->would_fit);
  }
}

static void judge(const trace* m, const double median[VARIANTS], data_findings* out) {
  static const char wrong[] =
      "gravity and the actuators, within their control ranges, cannot accelerate the base like this: a force of %.3g "
      "weights is missing (median over frames)";
  int best = 0;
  data_finding* one = data_findings_add(out, DATA_CHECK_ROOT_RESIDUAL, "flight", median[0], CHECK_RESIDUAL, "weights");
  if (median[0] <= CHECK_RESIDUAL) return;
  data_finding_judge(one, median[0] > CHECK_FLIGHT ? CHECK_WRONG : CHECK_WARN, wrong, median[0]);
  for (int v = 1; v < VARIANTS; v++) {
    /* in a small enough unit any motion hovers */
    const bool allowed = variants[v].key || median[0] > CHECK_FLIGHT;
    if (allowed && median[v] < EXPLAINED * fmin(1, median[best])) best = v;
  }
  if (!best) return;
  const variant* v = &variants[best];
  if (v->key) {
    data_finding_judge(one, CHECK_WRONG, "%s, %.2g with the quaternion of the base as %s", one->reason, median[best],
                       v->value);
    data_finding_fits(one, v->key, v->value);
    drop_differences(m, out);
  } else {
    data_finding_judge(one, CHECK_WRONG, "%s, %.2g with positions times %g: they are in another unit", one->reason,
                       median[best], v->unit);
    data_finding_takes(one, fit_scale(&m->source, v->unit));
  }
}

/* whether all controls have limits and act at once */
static bool is_known(const df_system* s) {
  bool known = df_mujoco_na(s) == 0;
  for (int k = 0; k < s->nu; k++) known &= isfinite(s->u_lo[k]) && isfinite(s->u_hi[k]);
  return known;
}

df_status check_flight(const trace* m, const pose_summary* p, data_findings* out) {
  const df_system* s = m->system;
  if (!p->flies || p->held_by[0] || !(p->touching < RARELY) || !(df_mujoco_gravity(s) > 0) || !is_known(s))
    return DF_OK;
  const df_joint* base = pose_base(m);
  flight f = {.m = m, .at = base->qpos, .dof = m->nq + base->dof};
  const size_t nu = (size_t)s->nu;
  double* memory = df_alloc(nu + 2 * (size_t)s->nx + LOOKED_AT + 1, sizeof *memory);
  f.push = df_alloc(nu, sizeof *f.push);
  const df_status status = memory && f.push ? df_sim_new(s, 0, &f.sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    double median[VARIANTS] = {0}, *state = memory + nu + s->nx;
    f.action = memory;
    f.next = memory + nu;
    median[0] = look(&f, &variants[0], state, state + s->nx);
    for (int v = 1; v < VARIANTS && median[0] > CHECK_RESIDUAL; v++)
      median[v] = look(&f, &variants[v], state, state + s->nx);
    if (isfinite(median[0])) judge(m, median, out);
  }
  df_sim_free(s, f.sim);
  df_free(memory);
  df_free(f.push);
  return status;
}
