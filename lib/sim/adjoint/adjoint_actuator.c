/* The adjoint of actuators and of the forces of ball and free joints: docs/adjoint.md, sections 2 and 4. */
#include "adjoint.h"

/* ---- controls and activations ---- */

/* Propagates the cotangent s of the input of the force that activation k drives: the input is the activation or, with
 * `actearly`, the next activation. */
static void pull_activation(const df_mujoco* system, const df_step_record* r, df_adjoint* a, int k, double s) {
  if (!system->model->actuator_actearly[system->actuation.owner[k]]) {
    a->abar[k] += s;
    return;
  }
  const double next = r->act_open[k] * s;
  a->abar[k] += next;
  a->rate[k] += system->actuation.scale[k] * next;
}

void df_adjoint_inputs(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* ubar) {
  const mjModel* m = system->model;
  const df_actuation* act = &system->actuation;

  /* forces driven by controls, then by activations */
  for (int i = 0; i < act->nctrl; i++) ubar[act->source[i]] += r->gain[i] * a->w[act->dof[i]];
  for (int i = act->nctrl; i < act->nentry; i++)
    pull_activation(system, r, a, act->source[i], r->gain[i] * a->w[act->dof[i]]);

  /* act_dot, which depends on the activation and on the actuator's control */
  for (int k = 0; k < m->na; k++) {
    a->abar[k] += r->rate_by_act[k] * a->rate[k];
    ubar[m->actuator_ctrladr[act->owner[k]]] += r->rate_by_ctrl[k] * a->rate[k];
  }
}

/* ---- implicit damping that depends on the state: -g^T B(v, u) (v' - v) ---- */

void df_adjoint_implicit_damping(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar,
                                 double* ubar) {
  const df_actuation* act = &system->actuation;

  /* B depends on the velocity: polynomial dampers */
  for (int k = 0; k < system->model->nv; k++)
    vbar[k] -= a->g[k] * (r->velocity_next[k] - r->velocity[k]) * r->implicit_by_velocity[k];

  /* B depends on an actuator's input: a gain that depends on the velocity */
  for (int i = 0; i < act->nentry; i++) {
    if (r->implicit_by_input[i] == 0) continue;
    const int k = act->dof[i];
    const double s = -a->g[k] * (r->velocity_next[k] - r->velocity[k]) * r->implicit_by_input[i];
    if (i < act->nctrl)
      ubar[act->source[i]] += s;
    else
      pull_activation(system, r, a, act->source[i], s);
  }
}

/* ---- blocks of ball and free joints ---- */

void df_adjoint_add_blocks(const df_mujoco* system, const df_pattern* p, const double* blocks, double scale,
                           double* out) {
  const df_joint_forces* f = &system->joint_forces;
  for (int b = 0; b < f->nblock; b++) {
    const double* block = blocks + f->at[b];
    for (int i = 0; i < f->size[b]; i++) {
      for (int j = 0; j <= i; j++) *df_entry(p, out, f->dof[b] + i, f->dof[b] + j) += scale * block[f->size[b] * i + j];
    }
  }
}

/* out [size] -= block^T w, block [size][size] */
static void subtract_product(int size, const double* block, const double* w, double* out) {
  for (int i = 0; i < size; i++) {
    for (int j = 0; j < size; j++) out[j] -= block[size * i + j] * w[i];
  }
}

void df_adjoint_blocks(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar) {
  const df_joint_forces* f = &system->joint_forces;
  for (int b = 0; b < f->nblock; b++) {
    const double* w = a->w + f->dof[b];
    subtract_product(f->size[b], r->block_stiffness + f->at[b], w, a->qbar + f->dof[b]);
    subtract_product(f->size[b], r->block_damping + f->at[b], w, vbar + f->dof[b]);
  }
}
