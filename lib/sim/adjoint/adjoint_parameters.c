/* The gradient by physical parameters of the model: docs/adjoint.md, section 9. */
#include "adjoint.h"
#include "parameter_record.h"
#include "spatial.h"

/* ---- the motions of all nodes ---- */

/* [nnode] w, v, a (with gravity and velocity products), g and delta as spatial vectors; g and delta are set only if the
 * step has them */
typedef struct motions {
  df_spatial *w, *v, *a, *g, *delta;
} motions;
enum { MOTIONS = 5 };

size_t df_parameter_work_size(const df_mujoco* system) {
  return MOTIONS * 6 * (size_t)system->tree.nnode;
}

static motions lay_out(const df_mujoco* system, double* work) {
  motions m;
  df_spatial** all[MOTIONS] = {&m.w, &m.v, &m.a, &m.g, &m.delta};
  for (int i = 0; i < MOTIONS; i++) *all[i] = (df_spatial*)(void*)(work + (size_t)(6 * i * system->tree.nnode));
  return m;
}

/* out[n] = out of the parent + sum S_k x_k over the dofs of node n */
static void add_joint(const df_tree* tree, const df_step_record* r, int n, const double* x, df_spatial* out) {
  sp_copy(out[n], out[tree->parent[n]]);
  for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) sp_add_scaled(out[n], r->cdof + 6 * k, x[k]);
}

static void sweep(const df_mujoco* system, const df_step_record* r, const df_parameter_cotangent* c, motions* m) {
  const df_tree* tree = &system->tree;
  const mjOption* option = &system->model->opt;
  df_spatial* const all[MOTIONS] = {m->w, m->v, m->a, m->g, m->delta};

  /* world: at rest, with the acceleration -gravity */
  for (int i = 0; i < MOTIONS; i++) sp_zero(all[i][0]);
  if (!(option->disableflags & mjDSBL_GRAVITY)) {
    for (int k = 0; k < 3; k++) m->a[0][3 + k] = -option->gravity[k];
  }

  /* out along the tree */
  for (int n = 1; n < tree->nnode; n++) {
    double joint[6], product[6];
    add_joint(tree, r, n, c->w, m->w);
    add_joint(tree, r, n, r->velocity, m->v);
    add_joint(tree, r, n, r->acceleration, m->a);

    /* the velocity product v_p x (sum S_k v_k) of the acceleration */
    sp_copy(joint, m->v[n]);
    sp_sub(joint, m->v[tree->parent[n]]);
    sp_cross_motion(product, m->v[tree->parent[n]], joint);
    sp_add(m->a[n], product);

    /* implicit damping */
    if (!c->g) continue;
    add_joint(tree, r, n, c->g, m->g);
    add_joint(tree, r, n, c->delta, m->delta);
  }
}

/* ---- - d/dp [w . r] ---- */

/* w . (I a + v x* I v) of one body, proportional to its mass */
static double inertia_work(const df_mujoco* system, const df_parameter_record* p, const motions* m, int body) {
  const int n = system->tree.body_node[body];
  const double* inertia = p->inertia + 10 * body;
  double force[6], momentum[6], t[6];
  sp_inertia_times(force, inertia, m->a[n]);
  sp_inertia_times(momentum, inertia, m->v[n]);
  sp_cross_force(t, m->v[n], momentum);
  sp_add(force, t);
  return sp_dot(m->w[n], force);
}

/* w . f for the force f of gravity compensation on one body, which is proportional to its mass */
static double compensation_work(const df_mujoco* system, const df_parameter_record* p, const motions* m, int body) {
  const mjModel* model = system->model;
  if (model->body_gravcomp[body] == 0 || !df_compensates_gravity(model)) return 0;
  double momentum[6];
  sp_inertia_times(momentum, p->inertia + 10 * body, m->w[system->tree.body_node[body]]);
  return -model->body_gravcomp[body] * vec_dot(momentum + 3, model->opt.gravity);
}

/* sum of x_k y_k over the dofs of a joint */
static double joint_dot(const mjModel* m, int joint, const double* x, const double* y) {
  const int first = m->jnt_dofadr[joint];
  double sum = 0;
  for (int k = first; k < first + df_joint_dofs(m, joint); k++) sum += x[k] * y[k];
  return sum;
}

/* G w_k of an actuator with gear G on dof k: its entry of w, as its velocity is its entry of v */
static double actuator_multiplier(const mjModel* m, const double* w, int i) {
  return m->actuator_gear[6 * i] * w[m->jnt_dofadr[m->actuator_trnid[2 * i]]];
}

/* (J w) . df/dmu of each contact, for the geoms whose friction the contact has */
static void add_frictions(const df_mujoco* system, const df_step_record* r, const df_parameter_record* p,
                          const double* w, double* pbar) {
  const df_contact_record* c = first_contact(r);
  for (int i = 0; i < r->ncontact; i++, c = next_contact(c)) {
    const df_friction_slope* slope = &p->frictions[i];
    double s[6];

    /* s = J w */
    for (int row = 0; row < c->dim; row++) s[row] = df_contact_row_times(c, row, w);

    /* sliding, torsional and rolling friction */
    for (int k = 0; k < FRICTION_CLASSES; k++) {
      double work = 0;
      for (int row = 0; row < c->dim; row++) work += s[row] * slope->force[k][row];
      for (int side = 0; side < 2; side++) {
        const int geom = slope->geom[k][side];
        if (geom >= 0) pbar[system->friction_parameter[FRICTION_CLASSES * geom + k]] += work;
      }
    }
  }
}

static void add_through_acceleration(const df_mujoco* system, const df_step_record* r, const df_parameter_record* p,
                                     const motions* m, const double* w, double* pbar) {
  const mjModel* model = system->model;

  /* parameters of bodies, joints and actuators, by the table of section 9 */
  for (int i = 0; i < system->nparameter; i++) {
    const df_parameter* q = &system->parameters[i];
    switch (q->kind) {
      case DF_PARAMETER_MASS:
        pbar[i] +=
            (compensation_work(system, p, m, q->id) - inertia_work(system, p, m, q->id)) / model->body_mass[q->id];
        break;
      case DF_PARAMETER_DAMPING:
        if (!(model->opt.disableflags & mjDSBL_DAMPER)) pbar[i] -= joint_dot(model, q->id, w, r->velocity);
        break;
      case DF_PARAMETER_ARMATURE:
        pbar[i] -= joint_dot(model, q->id, w, r->acceleration);
        break;
      case DF_PARAMETER_GAIN:
        pbar[i] += actuator_multiplier(model, w, q->id) * p->actuators[q->id].gain;
        break;
      case DF_PARAMETER_VELOCITY_GAIN:
        pbar[i] += actuator_multiplier(model, w, q->id) * p->actuators[q->id].velocity_gain;
        break;
      case DF_PARAMETER_FRICTION_SLIDE:
      case DF_PARAMETER_FRICTION_TORSION:
      case DF_PARAMETER_FRICTION_ROLL:
        break; /* see add_frictions() */
    }
  }

  /* parameters of geoms */
  add_frictions(system, r, p, w, pbar);
}

/* ---- through a_h = (M + h B)^-1 M a: g . (dM/dp) delta - h g . (dB/dp) a_h ---- */

/* h g a_h of one dof */
static double damping_work(const mjModel* m, const df_step_record* r, const df_parameter_cotangent* c, int dof) {
  return m->opt.timestep * c->g[dof] * (r->acceleration[dof] - c->delta[dof]);
}

/* g . I delta of one body */
static double inertia_difference(const df_mujoco* system, const df_parameter_record* p, const motions* m, int body) {
  const int n = system->tree.body_node[body];
  double force[6];
  sp_inertia_times(force, p->inertia + 10 * body, m->delta[n]);
  return sp_dot(m->g[n], force);
}

/* h g a_h of the actuator's dof, times the derivative of its implicit damping by the parameter */
static double actuator_damping_work(const mjModel* m, const df_step_record* r, const df_parameter_record* p,
                                    const df_parameter_cotangent* c, const df_parameter* q) {
  const df_actuator_slope* slope = &p->actuators[q->id];
  const double share = q->kind == DF_PARAMETER_GAIN ? slope->implicit_gain : slope->implicit_velocity_gain;
  return share == 0 ? 0 : share * damping_work(m, r, c, m->jnt_dofadr[m->actuator_trnid[2 * q->id]]);
}

/* the last column of the table of section 9 */
static void add_through_damping(const df_mujoco* system, const df_step_record* r, const df_parameter_record* p,
                                const motions* m, const df_parameter_cotangent* c, double* pbar) {
  const mjModel* model = system->model;
  const bool damps = df_joints_damp_implicitly(model);
  for (int i = 0; i < system->nparameter; i++) {
    const df_parameter* q = &system->parameters[i];
    if (q->kind == DF_PARAMETER_MASS) {
      pbar[i] += inertia_difference(system, p, m, q->id) / model->body_mass[q->id];
    } else if (q->kind == DF_PARAMETER_ARMATURE) {
      pbar[i] += joint_dot(model, q->id, c->g, c->delta);
    } else if (q->kind == DF_PARAMETER_DAMPING && damps) {
      const int first = model->jnt_dofadr[q->id];
      for (int k = first; k < first + df_joint_dofs(model, q->id); k++) pbar[i] -= damping_work(model, r, c, k);
    } else if (q->kind == DF_PARAMETER_GAIN || q->kind == DF_PARAMETER_VELOCITY_GAIN) {
      pbar[i] -= actuator_damping_work(model, r, p, c, q);
    }
  }
}

/* ---- both parts ---- */

void df_adjoint_parameters(const df_mujoco* system, const df_step_record* r, const df_parameter_cotangent* c,
                           double* pbar) {
  const df_parameter_record p = df_parameter_read(system, r);
  motions m = lay_out(system, pbar + system->nparameter);
  sweep(system, r, c, &m);
  add_through_acceleration(system, r, &p, &m, c->w, pbar);
  if (c->g) add_through_damping(system, r, &p, &m, c, pbar);
}
