/* what a given motion implies: contacts, velocities of points, inverse dynamics */
#include "dynaflow/sim/dynamics.h"

#include <float.h>
#include <math.h>

#include "dynaflow/core/limits.h"
#include "mujoco_error.h"
#include "simulator.h"

int df_mujoco_contact_count(const df_sim* sim) {
  return sim->data->ncon;
}

/* At rest the reference acceleration k d r is the force times the regularisation (1 - d) / d of the inverse mass. */
static double softness_of(const mjModel* m, const mjContact* c) {
  const double d = fmin(fmax(c->solimp[1], mjMINIMP), mjMAXIMP), step = m->opt.timestep;
  const bool safe = !(m->opt.disableflags & mjDSBL_REFSAFE);
  const double time = safe ? fmax(c->solref[0], 2 * step) : c->solref[0], ratio = c->solref[1];
  const double k = c->solref[0] > 0 ? 1 / (d * d * time * time * ratio * ratio) : -c->solref[0] / (d * d);
  double mass = 0;
  for (int side = 0; side < 2; side++)
    mass += c->geom[side] >= 0 ? m->body_invweight0[2 * m->geom_bodyid[c->geom[side]]] : 0;
  return k > 0 ? (1 - d) * mass / (d * d * k) : 0;
}

df_contact df_mujoco_contact(const df_sim* sim, int i) {
  const mjModel* m = sim->system->model;
  const mjContact* c = &sim->data->contact[i];
  df_contact out = {.distance = c->dist, .active = c->dist <= c->includemargin};
  for (int k = 0; k < 2; k++) {
    out.geom[k] = c->geom[k];
    out.body[k] = c->geom[k] >= 0 ? m->geom_bodyid[c->geom[k]] : -1;
  }
  mju_copy3(out.position, c->pos);
  mju_copy(out.frame, c->frame, 9);
  out.friction = c->dim > 1 ? fmin(c->friction[0], c->friction[1]) : 0;
  out.softness = softness_of(m, c);
  return out;
}

void df_mujoco_point_velocity(df_sim* sim, int body, const double* point, double* velocity) {
  const mjModel* m = sim->system->model;
  mjtNum jacobian[3 * MAX_NV];
  mj_jac(m, sim->data, jacobian, NULL, point, body);
  mju_mulMatVec(velocity, jacobian, sim->data->qvel, 3, (int)m->nv);
}

double df_mujoco_sliding_speed(df_sim* sim, const df_contact* c) {
  double a[3] = {0}, b[3] = {0};
  if (c->body[0] >= 0) df_mujoco_point_velocity(sim, c->body[0], c->position, a);
  if (c->body[1] >= 0) df_mujoco_point_velocity(sim, c->body[1], c->position, b);
  double u = 0, v = 0;
  for (int k = 0; k < 3; k++) u += (b[k] - a[k]) * c->frame[3 + k], v += (b[k] - a[k]) * c->frame[6 + k];
  return hypot(u, v);
}

void df_mujoco_body_centres(const df_sim* sim, double* position) {
  mju_copy(position, sim->data->xipos, 3 * (int)sim->system->model->nbody);
}

static bool acts_on_one_joint(const mjModel* m, int actuator) {
  const int type = m->actuator_trntype[actuator];
  if (type != mjTRN_JOINT && type != mjTRN_JOINTINPARENT) return false;
  const int joint = m->jnt_type[m->actuator_trnid[2 * actuator]];
  return joint == mjJNT_HINGE || joint == mjJNT_SLIDE;
}

/* Whether the integrator leaves the damping of an actuator out while its force is at the end of its range: implicit
 * and implicitfast do so with the derivative of its force by the velocity, which a motor lacks. */
static bool loses_damping(const mjModel* m, int actuator) {
  const bool implicit = m->opt.integrator == mjINT_IMPLICIT || m->opt.integrator == mjINT_IMPLICITFAST;
  const bool plain = m->actuator_gaintype[actuator] == mjGAIN_FIXED && m->actuator_biastype[actuator] == mjBIAS_NONE;
  return implicit && !plain && m->actuator_forcelimited[actuator] && acts_on_one_joint(m, actuator) &&
         !df_actuator_disabled(m, actuator);
}

/* A motion, and which servos it is taken to saturate. */
typedef struct inversion {
  df_sim* sim;
  const double* acceleration;
  const bool* saturated; /* [nv] the servos on a dof are at the ends of their ranges; NULL: none */
  int skip;              /* what of the state is computed already, mjtStage */
} inversion;

static void invert(void* argument) {
  const inversion* v = argument;
  mjData* d = v->sim->data;
  mjModel m = *v->sim->system->model; /* shares the arrays */
  if (m.opt.integrator != mjINT_RK4) m.opt.enableflags |= mjENBL_INVDISCRETE;
  /* MuJoCo reads from the forces which actuators are saturated, so those that are not are within their ranges */
  mju_zero(d->actuator_force, (int)m.nout);
  for (int i = 0; i < m.nactuator; i++) {
    if (!m.actuator_forcelimited[i]) continue;
    const mjtNum* range = m.actuator_forcerange + 2 * i;
    const bool end = v->saturated && loses_damping(&m, i) && v->saturated[m.jnt_dofadr[m.actuator_trnid[2 * i]]];
    mju_fill(d->actuator_force + m.actuator_outadr[i], end ? range[1] : (range[0] + range[1]) / 2,
             m.actuator_outnum[i]);
  }
  mju_copy(d->qacc, v->acceleration, (int)m.nv);
  mj_inverseSkip(&m, d, v->skip, 0);
}

void df_mujoco_compensation(const df_sim* sim, double* force) {
  const mjModel* m = sim->system->model;
  for (int i = 0; i < m->nv; i++)
    force[i] = df_compensated_by_actuators(m, m->dof_jntid[i]) ? sim->data->qfrc_gravcomp[i] : 0;
}

/* force [nv] = what is left of qfrc_inverse without the compensation */
static void beyond_compensation(const df_sim* sim, double* force) {
  df_mujoco_compensation(sim, force);
  mju_sub(force, sim->data->qfrc_inverse, force, (int)sim->system->model->nv);
}

/* ---- which servos a motion saturates ---- */

/* as a fraction of the range, what rounding and the solver's tolerance put a force beside the end of its range */
static const double AT_END = 1e-6;
/* sets of saturated servos that are tried for one state with n dofs that have such servos: FEW + MORE n */
enum { FEW = 64, MORE = 32 };

/* A set of dofs whose servos are taken to be saturated, and what the motion then needs. Its mismatch on a dof, in
 * widths of the range of its servos, is the distance of the force to the nearer end if they are saturated, and else how
 * far it is outside of the range. */
typedef struct servo_set {
  bool saturated[MAX_NV];
  double force[MAX_NV], mismatch[MAX_NV];
  double sum; /* of the mismatches */
  int size;
  bool consistent; /* no mismatch beyond AT_END */
} servo_set;

typedef struct search {
  inversion* v;
  int nv, trials, n, dof[MAX_NV]; /* [n] those that have servos which can saturate */
  const df_dof* range;            /* [nv] */
  bool failed;                    /* MuJoCo raised an error */
} search;

/* Computes what the motion needs with s->saturated. Returns false if MuJoCo fails, or has tried enough. */
static bool try_set(search* h, servo_set* s) {
  if (h->failed || h->trials++ >= FEW + MORE * h->n) return false;
  h->v->saturated = s->saturated;
  h->failed = !df_mujoco_guarded(invert, h->v);
  if (h->failed) return false;
  beyond_compensation(h->v->sim, s->force);
  s->sum = 0, s->size = 0, s->consistent = true;
  for (int k = 0; k < h->n; k++) {
    const int i = h->dof[k];
    const double f = s->force[i], lo = h->range[i].lo, hi = h->range[i].hi;
    const double off = s->saturated[i] ? fmin(fabs(f - lo), fabs(f - hi)) : fmax(0, fmax(lo - f, f - hi));
    s->mismatch[i] = off / (hi - lo);
    s->sum += s->mismatch[i];
    s->size += s->saturated[i];
    s->consistent &= s->mismatch[i] <= AT_END;
  }
  return true;
}

/* the dof after `last` in the order of decreasing mismatch, of those with more than AT_END; -1: none */
static int next_mismatch(const search* h, const servo_set* s, int last, int held) {
  int next = -1;
  for (int k = 0; k < h->n; k++) {
    const int i = h->dof[k];
    const double e = s->mismatch[i];
    if (i == held || e <= AT_END) continue;
    if (last >= 0 && (e > s->mismatch[last] || (e == s->mismatch[last] && i <= last))) continue;
    if (next < 0 || e > s->mismatch[next]) next = i;
  }
  return next;
}

/* Changes, again and again, the state of the dof with the largest mismatch for which that lowers the sum. That of
 * `held` stays; -1: none. Returns false if s->saturated could not be tried. */
static bool settle(search* h, servo_set* s, int held) {
  if (!try_set(h, s)) return false;
  for (int i = next_mismatch(h, s, -1, held); i >= 0;) {
    servo_set other = *s;
    other.saturated[i] = !other.saturated[i];
    if (!try_set(h, &other)) return true;
    const bool better = other.sum < s->sum;
    if (better) *s = other;
    i = next_mismatch(h, s, better ? -1 : i, held);
  }
  return true;
}

/* A force at just the end of a range is no coincidence: of consistent sets, the larger one is that of the motion. */
static bool is_better(const servo_set* a, const servo_set* b) {
  if (a->consistent != b->consistent) return a->consistent;
  return a->consistent ? a->size > b->size : a->sum < b->sum;
}

/* Settles `from` with dof i in the given state, and keeps what is better than `best`. */
static bool improve(search* h, const servo_set* from, int i, bool saturated, servo_set* best) {
  servo_set s = *from;
  s.saturated[i] = saturated;
  if (!settle(h, &s, i) || !is_better(&s, best)) return false;
  *best = s;
  return true;
}

/* Constraints couple the dofs, so that the force on one depends on which servos on the others are saturated. */
static void find_saturated(search* h, servo_set* best) {
  for (int k = 0; k < h->n; k++) best->saturated[h->dof[k]] = true;
  const servo_set all = *best;
  if (!settle(h, best, -1)) return;
  /* with one more */
  for (bool changed = true; changed;) {
    changed = false;
    const servo_set from = *best;
    for (int k = 0; k < h->n; k++) {
      if (!from.saturated[h->dof[k]]) changed |= improve(h, &from, h->dof[k], true, best);
    }
  }
  /* from all, with one that stays as it is */
  for (int k = 0; k < 2 * h->n && !best->consistent; k++) improve(h, &all, h->dof[k % h->n], k < h->n, best);
}

/* Without a search: none, or all whose forces are then outside of their ranges. */
static void guess_saturated(search* h, servo_set* best) {
  if (!try_set(h, best) || best->consistent) return;
  servo_set other = *best;
  for (int k = 0; k < h->n; k++) other.saturated[h->dof[k]] = best->mismatch[h->dof[k]] > AT_END;
  if (try_set(h, &other) && other.sum < best->sum) *best = other;
}

/* Of a servo with a mismatch, the force may be outside of the range in one of its states, and inside in the other one,
 * or at the end: no state gives the force, and it is the end. */
static void close_ranges(search* h, servo_set* s) {
  const servo_set found = *s;
  h->trials = 0;
  for (int i = next_mismatch(h, &found, -1, -1); i >= 0; i = next_mismatch(h, &found, i, -1)) {
    servo_set other = found;
    other.saturated[i] = !other.saturated[i];
    if (!try_set(h, &other)) return;
    const double least = fmin(found.force[i], other.force[i]), most = fmax(found.force[i], other.force[i]);
    const double lo = h->range[i].lo, hi = h->range[i].hi;
    if (least <= hi && most > hi) s->force[i] = hi;
    if (least < lo && most >= lo) s->force[i] = lo;
  }
}

/* Takes the damping of the servos that the motion saturates out of `force` [nv], that of no such servo. */
static bool saturate(inversion* v, bool quick, double* force) {
  const mjModel* m = v->sim->system->model;
  df_dof range[MAX_NV];
  bool servo[MAX_NV] = {false};
  search h = {.v = v, .nv = (int)m->nv, .range = range};
  df_mujoco_dofs(&v->sim->system->base, range);
  for (int i = 0; i < m->nactuator; i++) {
    if (loses_damping(m, i)) servo[m->jnt_dofadr[m->actuator_trnid[2 * i]]] = true;
  }
  for (int i = 0; i < h.nv; i++) {
    if (servo[i] && isfinite(range[i].lo) && isfinite(range[i].hi) && range[i].lo < range[i].hi) h.dof[h.n++] = i;
  }
  if (h.n == 0) return true;
  v->skip = mjSTAGE_VEL;
  servo_set found = {.sum = 0};
  if (quick) {
    guess_saturated(&h, &found);
  } else {
    find_saturated(&h, &found);
    close_ranges(&h, &found);
  }
  if (!h.failed) mju_copy(force, found.force, h.nv);
  return !h.failed;
}

static df_status inverse(df_sim* sim, const double* x, const double* acceleration, bool quick, double* force) {
  const int nv = (int)sim->system->model->nv;
  mju_zero(force, nv);
  if (sim->system->closed)
    return df_fail(DF_E_UNSUPPORTED, "inverse dynamics: system.dynamics = %s replaces the forces of MuJoCo's model",
                   sim->system->closed->name);
  DF_REQUIRE(df_within_limit(x, (size_t)sim->system->base.nx), "inverse: a state is not finite or exceeds 1e6");
  DF_REQUIRE(df_within(acceleration, (size_t)nv, DBL_MAX), "inverse: an acceleration is not finite");
  df_mujoco_look_at(sim, x);
  inversion v = {.sim = sim, .acceleration = acceleration, .skip = mjSTAGE_NONE};
  bool done = df_mujoco_guarded(invert, &v);
  if (done) {
    beyond_compensation(sim, force);
    done = saturate(&v, quick, force);
  }
  if (done) return DF_OK;
  sim->needs_reset = true;
  mju_zero(force, nv);
  return df_fail(DF_E_SIM, "MuJoCo: %s", df_mujoco_error_text());
}

df_status df_mujoco_inverse(df_sim* sim, const double* x, const double* acceleration, double* force) {
  return inverse(sim, x, acceleration, false, force);
}

df_status df_mujoco_inverse_quick(df_sim* sim, const double* x, const double* acceleration, double* force) {
  return inverse(sim, x, acceleration, true, force);
}
