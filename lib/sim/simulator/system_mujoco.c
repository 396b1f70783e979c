#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "mujoco_error.h"
#include "simulator.h"

/* ---- life cycle of a system ---- */

static void system_free(df_system* base) {
  if (!base) return;
  df_mujoco* system = (df_mujoco*)(void*)base;
  if (system->model) mj_deleteModel(system->model);
  df_tree_free(&system->tree);
  df_actuation_free(&system->actuation);
  df_joint_forces_free(&system->joint_forces);
  df_free(system->joints);
  df_free(system->features);
  df_free(system->box);
  df_free(system->parameters);
  df_free(system->friction_parameter);
  df_free(system->list);
  df_free(system);
}

/* whether actuator i is affine, on a hinge or slide, with one control that is its input or the limit of its filter */
static bool is_plain(const mjModel* m, int i) {
  const int gain = m->actuator_gaintype[i], bias = m->actuator_biastype[i], joint = m->actuator_trnid[2 * i];
  const int dynamics = m->actuator_dyntype[i];
  if (m->actuator_plugin[i] >= 0) return false;
  if (m->actuator_trntype[i] != mjTRN_JOINT && m->actuator_trntype[i] != mjTRN_JOINTINPARENT) return false;
  return (m->jnt_type[joint] == mjJNT_HINGE || m->jnt_type[joint] == mjJNT_SLIDE) && m->actuator_ctrlnum[i] == 1 &&
         (dynamics == mjDYN_NONE || dynamics == mjDYN_FILTER || dynamics == mjDYN_FILTEREXACT) &&
         (gain == mjGAIN_FIXED || gain == mjGAIN_AFFINE) && (bias == mjBIAS_NONE || bias == mjBIAS_AFFINE);
}

/* the control at which the force gain(length, velocity) u + bias(length, velocity) of such an actuator is zero; 0 if
 * the gain is 0 */
static double restful_control(const mjModel* m, const double* x, int i) {
  const mjtNum *gain = m->actuator_gainprm + mjNGAIN * i, *bias = m->actuator_biasprm + mjNBIAS * i;
  const int joint = m->actuator_trnid[2 * i];
  const double gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  const double length = gear * x[m->jnt_qposadr[joint]], velocity = gear * x[m->nq + m->jnt_dofadr[joint]];
  double force = 0, slope = gain[0];
  if (m->actuator_biastype[i] == mjBIAS_AFFINE) force = bias[0] + bias[1] * length + bias[2] * velocity;
  if (m->actuator_gaintype[i] == mjGAIN_AFFINE) slope += gain[1] * length + gain[2] * velocity;
  return slope != 0 ? -force / slope : 0;
}

static void rest_action(const df_system* system, const double* x, double* u) {
  const mjModel* m = as_mujoco(system)->model;
  df_system_box_centre(system, u);
  for (int i = 0; i < m->nactuator; i++) {
    if (!is_plain(m, i)) continue;
    const int k = m->actuator_ctrladr[i];
    u[k] = fmin(fmax(restful_control(m, x, i), system->u_lo[k]), system->u_hi[k]);
  }
}

static const df_system_ops mujoco_ops = {.sim_new = df_mujoco_sim_new,
                                         .sim_free = df_mujoco_sim_free,
                                         .reset = df_mujoco_reset,
                                         .set_state = df_mujoco_set_state,
                                         .step = df_mujoco_step,
                                         .step_vjp = df_mujoco_step_vjp,
                                         .difference = df_mujoco_difference,
                                         .integrate = df_mujoco_integrate,
                                         .free = system_free,
                                         .difference_vjp = df_mujoco_difference_vjp,
                                         .rest_action = rest_action,
                                         .state_size = df_mujoco_state_size,
                                         .save = df_mujoco_save,
                                         .restore = df_mujoco_restore,
                                         .step_jacobian = df_mujoco_step_jacobian,
                                         .bound_tape = df_mujoco_bound_tape,
                                         .tape_bytes = df_mujoco_tape_bytes,
                                         .gradient_count = df_mujoco_gradient_count,
                                         .add_effort = df_mujoco_add_effort,
                                         .points = df_mujoco_points,
                                         .points_vjp = df_mujoco_points_vjp};

/* the action box: the ranges of the controls */
static df_status fill_box(df_mujoco* system) {
  const mjModel* m = system->model;
  const int nu = (int)m->nu;
  system->box = df_alloc(2 * (size_t)nu, sizeof *system->box);
  if (!system->box) return DF_E_NOMEM;
  for (int i = 0; i < nu; i++) {
    const df_range range = df_control_range(m, i);
    system->box[i] = range.lo;
    system->box[nu + i] = range.hi;
  }
  system->base.u_lo = system->box;
  system->base.u_hi = system->box + nu;
  return DF_OK;
}

static df_status fill_joints(df_mujoco* system) {
  static const df_joint_kind kinds[] = {[mjJNT_FREE] = DF_JOINT_FREE,
                                        [mjJNT_BALL] = DF_JOINT_BALL,
                                        [mjJNT_SLIDE] = DF_JOINT_SLIDE,
                                        [mjJNT_HINGE] = DF_JOINT_HINGE};
  const mjModel* m = system->model;
  system->joints = df_alloc((size_t)m->njnt, sizeof *system->joints);
  if (!system->joints) return DF_E_NOMEM;
  for (int i = 0; i < m->njnt; i++) {
    const char* name = mj_id2name(m, mjOBJ_JOINT, i);
    const df_joint_kind kind = kinds[m->jnt_type[i]];
    const bool limited = m->jnt_limited[i] && (kind == DF_JOINT_SLIDE || kind == DF_JOINT_HINGE);
    system->joints[i] = (df_joint){.name = name ? name : "",
                                   .kind = kind,
                                   .qpos = m->jnt_qposadr[i],
                                   .dof = m->jnt_dofadr[i],
                                   .width = limited ? m->jnt_range[2 * i + 1] - m->jnt_range[2 * i] : INFINITY,
                                   .lo = limited ? m->jnt_range[2 * i] : -INFINITY,
                                   .hi = limited ? m->jnt_range[2 * i + 1] : INFINITY};
  }
  return DF_OK;
}

/* DF_E_UNSUPPORTED for the first refused feature */
static df_status refuse_unsupported(const df_mujoco* system, const char* name) {
  for (int i = 0; i < system->nfeature; i++) {
    const df_feature* f = &system->features[i];
    if (f->kind != DF_FEATURE_REFUSED) continue;
    if (!f->remedy[0])
      return df_fail(DF_E_UNSUPPORTED, "%s: %s cannot be differentiated: %s", name, f->name, f->element);
    return df_fail(DF_E_UNSUPPORTED, "%s: %s has no exact adjoint: %s (admitted by %s)", name, f->name, f->element,
                   f->remedy);
  }
  return DF_OK;
}

/* Which actions are differentiated by finite differences. Every contact pair counts, since even a pair that is exact in
 * general can meet a case that is not. */
static df_finite_difference_use differences_of(const df_mujoco* system) {
  df_finite_difference_use out = FINITE_DIFFERENCE_NEVER;
  for (int i = 0; i < system->nfeature; i++) {
    const df_feature* f = &system->features[i];
    if (f->kind == DF_FEATURE_DIFFERENCED && !f->sometimes) return FINITE_DIFFERENCE_ALWAYS;
    if (f->sometimes && system->finite_differences && !system->approximate_contacts) out = FINITE_DIFFERENCE_CONTACTS;
  }
  return out;
}

static df_status fill_identity(df_mujoco* system) {
  if (system->list) DF_TRY(df_model_files_sha256(system->list, system->files_sha256));
  DF_TRY(df_mujoco_fingerprint(&system->base, system->compiled_sha256));
  system->identity = (df_model_identity){.list = system->list ? system->list : "",
                                         .files = system->files_sha256,
                                         .compiled = system->compiled_sha256,
                                         .mujoco = df_mujoco_version()};
  return DF_OK;
}

/* owns `m` from the start, also on failure */
static df_status system_build(df_mujoco* system, mjModel* m, const char* name, const df_mujoco_cfg* cfg) {
  /* model and configuration */
  system->model = m;
  system->dynamics = cfg->dynamics;
  system->closed = df_closed_dynamics_of(cfg->dynamics);
  system->substeps = cfg->substeps;
  system->approximate_contacts = cfg->approximate_contacts;
  system->finite_differences = cfg->finite_differences;
  system->forward_only = cfg->forward_only;
  if (m->nv == 0) return df_fail(DF_E_CONFIG, "%s: the model has no joints", name);
  DF_TRY(df_closed_dynamics_check(m, cfg, name));

  /* what the adjoint covers */
  DF_TRY(df_mujoco_list_features(m, cfg, &system->features, &system->nfeature));
  DF_TRY(refuse_unsupported(system, name));
  system->differences = differences_of(system);
  system->converged = df_finite_difference_model(m);

  /* structure of the model */
  DF_TRY(df_tree_build(&system->tree, m));
  DF_TRY(df_actuation_build(&system->actuation, m));
  DF_TRY(df_joint_forces_build(&system->joint_forces, m));
  DF_TRY(fill_box(system));
  DF_TRY(fill_joints(system));
  if (cfg->parameter_gradients) DF_TRY(df_parameters_list(system, name));

  /* base system */
  system->base.ops = &mujoco_ops;
  system->base.nx = (int)(m->nq + m->nv + m->na);
  system->base.ndx = (int)(2 * m->nv + m->na);
  system->base.nu = (int)m->nu;
  system->base.dt = m->opt.timestep * cfg->substeps;
  return fill_identity(system);
}

/* takes over `m` and `list` (df_mujoco_compile()), also on failure; *out is only set on success */
static df_status system_from_model(mjModel* m, char* list, const char* name, const df_mujoco_cfg* cfg,
                                   df_system** out) {
  df_mujoco* system = df_alloc(1, sizeof *system);
  if (!system) {
    mj_deleteModel(m);
    df_free(list);
    return DF_E_NOMEM;
  }
  system->list = list;
  const df_status status = system_build(system, m, name, cfg);
  if (status != DF_OK) {
    system_free(&system->base);
    return status;
  }
  *out = &system->base;
  return DF_OK;
}

df_status df_mujoco_system_new(const char* path, const df_mujoco_cfg* cfg, df_system** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(cfg);
  mjModel* m;
  char* list;
  DF_TRY(df_mujoco_compile(path, NULL, path, cfg, &m, &list));
  return system_from_model(m, list, path, cfg, out);
}

df_status df_mujoco_system_from_xml(const char* xml, const char* name, const df_mujoco_cfg* cfg, df_system** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(xml);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE_POINTER(cfg);
  mjModel* m;
  char* list;
  DF_TRY(df_mujoco_compile(NULL, xml, name, cfg, &m, &list));
  return system_from_model(m, list, name, cfg, out);
}

/* a system of a copy of the model with other options */
static df_status copy_with(const df_mujoco* system, double timestep, int substeps, double tolerance, df_system** out) {
  *out = NULL;
  mjModel* m = mj_copyModel(NULL, system->model);
  if (!m) return df_fail(DF_E_NOMEM, "no memory for a copy of the model");
  m->opt.timestep = timestep;
  m->opt.tolerance = tolerance;
  const df_mujoco_cfg cfg = {.dynamics = system->dynamics,
                             .substeps = substeps,
                             .approximate_contacts = system->approximate_contacts,
                             .finite_differences = system->finite_differences,
                             .forward_only = system->forward_only};
  return system_from_model(m, NULL, "copy", &cfg, out);
}

df_status df_mujoco_copy_with_tolerance(const df_system* base, double tolerance, df_system** out) {
  const df_mujoco* system = as_mujoco(base);
  return copy_with(system, system->model->opt.timestep, system->substeps, tolerance, out);
}

df_status df_mujoco_copy_with_steps(const df_system* base, double timestep, int substeps, df_system** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE(df_system_is_mujoco(base), "copy: the system is none of a MuJoCo model");
  if (!(timestep >= DF_TIMESTEP_MIN) || substeps < 1)
    return df_fail(DF_E_CONFIG, "copy: %d physics steps of %g s: at least 1 of %g s", substeps, timestep,
                   DF_TIMESTEP_MIN);
  const df_mujoco* system = as_mujoco(base);
  return copy_with(system, timestep, substeps, system->model->opt.tolerance, out);
}

df_status df_mujoco_inspect(const char* path, const df_mujoco_cfg* cfg, df_feature** features, int* n) {
  DF_REQUIRE_OUT(features);
  DF_REQUIRE_POINTER(n);
  *n = 0;
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(cfg);
  mjModel* m;
  char* list;
  DF_TRY(df_mujoco_compile(path, NULL, path, cfg, &m, &list));
  df_free(list);
  const df_status status = df_mujoco_list_features(m, cfg, features, n);
  mj_deleteModel(m);
  return status;
}

/* ---- queries ---- */

bool df_system_is_mujoco(const df_system* system) {
  return system && system->ops == &mujoco_ops;
}

df_dynamics df_mujoco_dynamics(const df_system* system) {
  return as_mujoco(system)->dynamics;
}

int df_mujoco_quaternion_length(const df_system* system) {
  const df_mujoco* s = as_mujoco(system);
  return s->closed ? (int)(s->model->nq + s->model->nv) + s->closed->length : -1;
}

const df_model_identity* df_mujoco_identity(const df_system* system) {
  return df_system_is_mujoco(system) ? &as_mujoco(system)->identity : NULL;
}

int df_mujoco_features(const df_system* system, const df_feature** features) {
  *features = NULL;
  if (!df_system_is_mujoco(system)) return 0;
  *features = as_mujoco(system)->features;
  return as_mujoco(system)->nfeature;
}

/* ---- geometry of a state ---- */

static void place(void* argument) {
  df_sim* sim = argument;
  const mjModel* m = sim->system->model;
  mj_kinematics(m, sim->data);
  mj_comPos(m, sim->data);
  mj_collision(m, sim->data);
}

void df_mujoco_pose(df_sim* sim, const double* x) {
  df_mujoco_look_at(sim, x);
  /* after an error there are no contacts, and the geometry is incomplete */
  if (!df_mujoco_guarded(place, sim)) sim->needs_reset = true;
}

void df_mujoco_body_positions(const df_sim* sim, double* position) {
  mju_copy(position, sim->data->xpos, 3 * (int)sim->system->model->nbody);
}

void df_mujoco_centre_of_mass(const df_sim* sim, double com[3]) {
  mju_copy3(com, sim->data->subtree_com);
}

void df_mujoco_touching(const df_sim* sim, int n, const int* geoms, uint8_t* touch) {
  const mjData* d = sim->data;
  for (int k = 0; k < n; k++) {
    touch[k] = 0;
    for (int i = 0; i < d->ncon; i++) {
      const mjContact* c = &d->contact[i];
      if (c->dist <= c->includemargin && (c->geom[0] == geoms[k] || c->geom[1] == geoms[k])) touch[k] = 1;
    }
  }
}

void df_mujoco_touching_world(const df_sim* sim, uint8_t* touch) {
  const mjModel* m = sim->system->model;
  const mjData* d = sim->data;
  memset(touch, 0, (size_t)m->ngeom);
  for (int i = 0; i < d->ncon; i++) {
    const mjContact* c = &d->contact[i];
    if (c->dist > c->includemargin || c->geom[0] < 0 || c->geom[1] < 0) continue;
    const bool fixed[2] = {m->body_weldid[m->geom_bodyid[c->geom[0]]] == 0,
                           m->body_weldid[m->geom_bodyid[c->geom[1]]] == 0};
    if (fixed[0] != fixed[1]) touch[c->geom[fixed[0] ? 1 : 0]] = 1;
  }
}

void df_mujoco_geom_position(const df_sim* sim, int geom, double position[3]) {
  mju_copy3(position, sim->data->geom_xpos + 3 * geom);
}
