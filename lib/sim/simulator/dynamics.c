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

/* Whether the servos on a dof with the range lo to hi are saturated: it needs the force `off` if they are, and `on` if
 * they are not. Beyond the range they cannot be unsaturated. Within it both may hold, and a force that is just that of
 * saturated servos tells. */
static bool is_saturated(double on, double off, double lo, double hi) {
  static const double AT_END = 1e-6; /* of the range: and the solver's tolerance */
  const double near = AT_END * (hi - lo);
  return on < lo - near || on > hi + near || fabs(off - lo) <= near || fabs(off - hi) <= near;
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

/* Takes the damping of the servos that the motion saturates out of `force` [nv], that of no such servo. */
static bool saturate(inversion* v, double* force) {
  const mjModel* m = v->sim->system->model;
  df_dof dof[MAX_NV];
  mjtNum on[MAX_NV], off[MAX_NV];
  bool all[MAX_NV] = {false}, some[MAX_NV] = {false}, any = false;
  for (int i = 0; i < m->nactuator; i++) {
    if (loses_damping(m, i)) any = all[m->jnt_dofadr[m->actuator_trnid[2 * i]]] = true;
  }
  if (!any) return true;
  df_mujoco_dofs(&v->sim->system->base, dof);
  mju_copy(on, force, (int)m->nv);
  v->skip = mjSTAGE_VEL;
  v->saturated = all;
  if (!df_mujoco_guarded(invert, v)) return false;
  beyond_compensation(v->sim, off);
  for (int i = 0; i < m->nv; i++) {
    const df_dof* d = &dof[i];
    some[i] = all[i] && isfinite(d->lo) && isfinite(d->hi) && is_saturated(on[i], off[i], d->lo, d->hi);
  }
  v->saturated = some;
  if (!df_mujoco_guarded(invert, v)) return false;
  beyond_compensation(v->sim, force);
  /* beyond the range without saturation, but short of its end with it: just the end */
  for (int i = 0; i < m->nv; i++) {
    if (some[i] && on[i] > dof[i].hi) force[i] = fmax(force[i], dof[i].hi);
    if (some[i] && on[i] < dof[i].lo) force[i] = fmin(force[i], dof[i].lo);
  }
  return true;
}

df_status df_mujoco_inverse(df_sim* sim, const double* x, const double* acceleration, double* force) {
  const int nv = (int)sim->system->model->nv;
  mju_zero(force, nv);
  DF_REQUIRE(df_within_limit(x, (size_t)sim->system->base.nx), "inverse: a state is not finite or exceeds 1e6");
  DF_REQUIRE(df_within(acceleration, (size_t)nv, DBL_MAX), "inverse: an acceleration is not finite");
  df_mujoco_look_at(sim, x);
  inversion v = {.sim = sim, .acceleration = acceleration, .skip = mjSTAGE_NONE};
  bool done = df_mujoco_guarded(invert, &v);
  if (done) {
    beyond_compensation(sim, force);
    done = saturate(&v, force);
  }
  if (done) return DF_OK;
  sim->needs_reset = true;
  mju_zero(force, nv);
  return df_fail(DF_E_SIM, "MuJoCo: %s", df_mujoco_error_text());
}
