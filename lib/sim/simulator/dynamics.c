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

static void invert(void* argument) {
  df_sim* sim = argument;
  mjModel m = *sim->system->model; /* shares the arrays */
  if (m.opt.integrator != mjINT_RK4) m.opt.enableflags |= mjENBL_INVDISCRETE;
  mj_inverse(&m, sim->data);
}

void df_mujoco_compensation(const df_sim* sim, double* force) {
  const mjModel* m = sim->system->model;
  for (int i = 0; i < m->nv; i++)
    force[i] = df_compensated_by_actuators(m, m->dof_jntid[i]) ? sim->data->qfrc_gravcomp[i] : 0;
}

df_status df_mujoco_inverse(df_sim* sim, const double* x, const double* acceleration, double* force) {
  const int nv = (int)sim->system->model->nv;
  mju_zero(force, nv);
  DF_REQUIRE(df_within_limit(x, (size_t)sim->system->base.nx), "inverse: a state is not finite or exceeds 1e6");
  DF_REQUIRE(df_within(acceleration, (size_t)nv, DBL_MAX), "inverse: an acceleration is not finite");
  df_mujoco_look_at(sim, x);
  mju_copy(sim->data->qacc, acceleration, nv);
  if (!df_mujoco_guarded(invert, sim)) {
    sim->needs_reset = true;
    return df_fail(DF_E_SIM, "MuJoCo: %s", df_mujoco_error_text());
  }
  df_mujoco_compensation(sim, force);
  mju_sub(force, sim->data->qfrc_inverse, force, nv);
  return DF_OK;
}
