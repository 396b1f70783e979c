#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "mujoco_error.h"
#include "mujoco_internal.h"

static const double LARGEST = 1e6; /* a state or cotangent beyond this has blown up */

static bool is_sane(const double* x, int n) {
  for (int i = 0; i < n; i++) {
    if (!(fabs(x[i]) <= LARGEST)) return false;
  }
  return true;
}

static void fill_nan(double* x, int n) {
  for (int i = 0; i < n; i++) x[i] = NAN;
}

/* ---- simulators ---- */

static void sim_free(df_sim* sim) {
  if (!sim) return;
  if (sim->data) mj_deleteData(sim->data);
  df_tape_free(&sim->tape);
  df_free(sim->v_before);
  df_free(sim->work);
  df_free(sim);
}

static void make_data(void* argument) {
  df_sim* sim = argument;
  sim->data = mj_makeData(sim->system->model);
}

static df_status sim_build(df_sim* sim, int tape_length) {
  const df_mujoco* system = sim->system;
  if (!df_mujoco_guarded(make_data, sim)) return df_fail(DF_E_NOMEM, "mjData: %s", df_mujoco_error_text());
  if (!sim->data) return df_fail(DF_E_NOMEM, "no memory for mjData");
  DF_TRY(df_tape_init(&sim->tape, system, tape_length * system->substeps));
  sim->v_before = df_alloc((size_t)system->model->nv, sizeof *sim->v_before);
  sim->work = df_alloc(df_adjoint_work_size(system), sizeof *sim->work);
  return sim->v_before && sim->work ? DF_OK : DF_E_NOMEM;
}

static df_status sim_new(const df_system* base, int tape_length, df_sim** out) {
  df_sim* sim = df_alloc(1, sizeof *sim);
  if (!sim) return DF_E_NOMEM;
  sim->system = as_mujoco(base);
  const df_status status = sim_build(sim, tape_length);
  if (status != DF_OK) {
    sim_free(sim);
    return status;
  }
  *out = sim;
  return DF_OK;
}

static void load_state(df_sim* sim, const double* x) {
  const mjModel* m = sim->system->model;
  mjData* d = sim->data;
  if (sim->needs_reset) mj_resetData(m, d);
  sim->needs_reset = false;
  mju_copy(d->qpos, x, (int)m->nq);
  mju_copy(d->qvel, x + m->nq, (int)m->nv);
  memset(d->warning, 0, sizeof d->warning);
}

static void set_state(df_sim* sim, const double* x) {
  load_state(sim, x);
}

static void reset(df_sim* sim, const double* x) {
  load_state(sim, x);
  sim->data->time = 0;
  mju_zero(sim->data->qacc_warmstart, (int)sim->system->model->nv);
  df_tape_rewind(&sim->tape);
  sim->recorded = 0;
}

/* ---- steps ---- */

typedef struct step_job {
  df_sim* sim;
  const double* u;
  bool record;
  df_status status;
  df_traj_end end;
} step_job;

static bool warned(const mjData* d) {
  for (int i = 0; i < mjNWARNING; i++) {
    if (d->warning[i].number > 0) return true;
  }
  return false;
}

static void substeps(void* argument) {
  step_job* job = argument;
  df_sim* sim = job->sim;
  const mjModel* m = sim->system->model;
  mjData* d = sim->data;
  mju_copy(d->ctrl, job->u, (int)m->nu);
  for (int i = 0; i < sim->system->substeps; i++) {
    mju_copy(sim->v_before, d->qvel, (int)m->nv);
    mj_step(m, d);
    if (warned(d) || !is_sane(d->qpos, (int)m->nq) || !is_sane(d->qvel, (int)m->nv)) {
      job->end = DF_TRAJ_DIVERGED;
      return;
    }
    if (!job->record) continue;
    job->status = df_tape_record(&sim->tape, sim->system, d, sim->v_before);
    if (job->status != DF_OK) {
      job->end = DF_TRAJ_FAILED;
      return;
    }
  }
}

static df_traj_end step(df_sim* sim, const double* u, double* x1) {
  const mjModel* m = sim->system->model;
  const bool room = sim->tape.count + sim->system->substeps <= sim->tape.length;
  step_job job = {.sim = sim, .u = u, .record = room, .end = DF_TRAJ_COMPLETE};
  if (!df_mujoco_guarded(substeps, &job)) {
    (void)df_fail(DF_E_SIM, "MuJoCo: %s", df_mujoco_error_text());
    job.end = DF_TRAJ_FAILED;
  }
  if (job.end != DF_TRAJ_COMPLETE) {
    sim->needs_reset = true;
    fill_nan(x1, sim->system->base.nx);
    return job.end;
  }
  if (room) sim->recorded++;
  mju_copy(x1, sim->data->qpos, (int)m->nq);
  mju_copy(x1 + m->nq, sim->data->qvel, (int)m->nv);
  return DF_TRAJ_COMPLETE;
}

static df_traj_end step_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  const df_mujoco* system = sim->system;
  const int ndx = system->base.ndx, nu = system->base.nu;
  memset(ubar, 0, (size_t)nu * sizeof *ubar);
  if (t < 0 || t >= sim->recorded) {
    (void)df_fail(DF_E_ARG, "step %d is not on the tape, which holds %d", t, sim->recorded);
    memset(xbar, 0, (size_t)ndx * sizeof *xbar);
    return DF_TRAJ_FAILED;
  }
  const double* cotangent = y;
  for (int i = (t + 1) * system->substeps - 1; i >= t * system->substeps; i--) {
    const df_step_record record = df_tape_read(&sim->tape, system, i);
    df_adjoint_step(system, &record, sim->work, cotangent, xbar, ubar);
    cotangent = xbar;
  }
  return is_sane(xbar, ndx) && is_sane(ubar, nu) ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED;
}

/* ---- systems ---- */

static void system_free(df_system* base) {
  if (!base) return;
  df_mujoco* system = (df_mujoco*)(void*)base;
  if (system->model) mj_deleteModel(system->model);
  df_tree_free(&system->tree);
  df_free(system->joints);
  df_free(system->features);
  df_free(system->box);
  df_free(system);
}

/* affine actuators on joints: force = gain u + bias(length, velocity) is zero at u = -bias / gain */
static void rest_action(const df_system* system, const double* x, double* u) {
  const mjModel* m = as_mujoco(system)->model;
  for (int i = 0; i < m->nu; i++) {
    const mjtNum *gain = m->actuator_gainprm + mjNGAIN * i, *bias = m->actuator_biasprm + mjNBIAS * i;
    const int joint = m->actuator_trnid[2 * i];
    const double gear = m->actuator_gear[6 * i];
    const double length = gear * x[m->jnt_qposadr[joint]], velocity = gear * x[m->nq + m->jnt_dofadr[joint]];
    double force = 0, slope = gain[0];
    if (m->actuator_biastype[i] == mjBIAS_AFFINE) force = bias[0] + bias[1] * length + bias[2] * velocity;
    if (m->actuator_gaintype[i] == mjGAIN_AFFINE) slope += gain[1] * length + gain[2] * velocity;
    const double wanted = slope != 0 ? -force / slope : 0;
    u[i] = fmin(fmax(wanted, system->u_lo[i]), system->u_hi[i]);
  }
}

static const df_system_ops mujoco_ops = {.sim_new = sim_new,
                                         .sim_free = sim_free,
                                         .reset = reset,
                                         .set_state = set_state,
                                         .step = step,
                                         .step_vjp = step_vjp,
                                         .difference = df_mujoco_difference,
                                         .integrate = df_mujoco_integrate,
                                         .free = system_free,
                                         .difference_vjp = df_mujoco_difference_vjp,
                                         .rest_action = rest_action};

static df_status fill_box(df_mujoco* system) {
  const mjModel* m = system->model;
  const int nu = (int)m->nu;
  system->box = df_alloc(2 * (size_t)nu, sizeof *system->box);
  if (!system->box) return DF_E_NOMEM;
  for (int i = 0; i < nu; i++) {
    const bool limited = m->actuator_ctrllimited[i] && !(m->opt.disableflags & mjDSBL_CLAMPCTRL);
    system->box[i] = limited ? m->actuator_ctrlrange[2 * i] : -INFINITY;
    system->box[nu + i] = limited ? m->actuator_ctrlrange[2 * i + 1] : INFINITY;
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
    system->joints[i] = (df_joint){
        .name = name ? name : "", .kind = kinds[m->jnt_type[i]], .qpos = m->jnt_qposadr[i], .dof = m->jnt_dofadr[i]};
  }
  return DF_OK;
}

static df_status refuse_unsupported(const df_mujoco* system, const char* name) {
  for (int i = 0; i < system->nfeature; i++) {
    const df_feature* f = &system->features[i];
    if (f->kind == DF_FEATURE_REFUSED)
      return df_fail(DF_E_UNSUPPORTED, "%s: %s has no exact adjoint: %s", name, f->name, f->element);
  }
  return DF_OK;
}

/* takes the model, also on failure */
static df_status system_build(df_mujoco* system, mjModel* m, const char* name, const df_mujoco_cfg* cfg) {
  system->model = m;
  system->substeps = cfg->substeps;
  if (m->nu == 0) return df_fail(DF_E_CONFIG, "%s: the model has no actuators", name);
  if (m->nv == 0) return df_fail(DF_E_CONFIG, "%s: the model has no joints", name);
  DF_TRY(df_mujoco_list_features(m, cfg->approximate_contacts, &system->features, &system->nfeature));
  DF_TRY(refuse_unsupported(system, name));
  DF_TRY(df_tree_build(&system->tree, m));
  DF_TRY(fill_box(system));
  DF_TRY(fill_joints(system));
  system->base.ops = &mujoco_ops;
  system->base.nx = (int)(m->nq + m->nv);
  system->base.ndx = 2 * (int)m->nv;
  system->base.nu = (int)m->nu;
  system->base.dt = m->opt.timestep * cfg->substeps;
  return DF_OK;
}

static df_status system_from_model(mjModel* m, const char* name, const df_mujoco_cfg* cfg, df_system** out) {
  df_mujoco* system = df_alloc(1, sizeof *system);
  if (!system) {
    mj_deleteModel(m);
    return DF_E_NOMEM;
  }
  const df_status status = system_build(system, m, name, cfg);
  if (status != DF_OK) {
    system_free(&system->base);
    return status;
  }
  *out = &system->base;
  return DF_OK;
}

df_status df_mujoco_system_new(const char* path, const df_mujoco_cfg* cfg, df_system** out) {
  DF_REQUIRE(out, "df_mujoco_system_new: out is NULL");
  *out = NULL;
  DF_REQUIRE(path && cfg, "df_mujoco_system_new: path or cfg is NULL");
  mjModel* m;
  DF_TRY(df_mujoco_compile(path, NULL, path, cfg, &m));
  return system_from_model(m, path, cfg, out);
}

df_status df_mujoco_system_from_xml(const char* xml, const char* name, const df_mujoco_cfg* cfg, df_system** out) {
  DF_REQUIRE(out, "df_mujoco_system_from_xml: out is NULL");
  *out = NULL;
  DF_REQUIRE(xml && name && cfg, "df_mujoco_system_from_xml: xml, name or cfg is NULL");
  mjModel* m;
  DF_TRY(df_mujoco_compile(NULL, xml, name, cfg, &m));
  return system_from_model(m, name, cfg, out);
}

df_status df_mujoco_copy_with_tolerance(const df_system* base, double tolerance, df_system** out) {
  const df_mujoco* system = as_mujoco(base);
  *out = NULL;
  mjModel* m = mj_copyModel(NULL, system->model);
  if (!m) return df_fail(DF_E_NOMEM, "no memory for a copy of the model");
  m->opt.tolerance = tolerance;
  const df_mujoco_cfg cfg = {.substeps = system->substeps, .approximate_contacts = true};
  return system_from_model(m, "copy", &cfg, out);
}

df_status df_mujoco_inspect(const char* path, const df_mujoco_cfg* cfg, df_feature** features, int* n) {
  DF_REQUIRE(path && cfg && features && n, "df_mujoco_inspect: an argument is NULL");
  *features = NULL;
  *n = 0;
  mjModel* m;
  DF_TRY(df_mujoco_compile(path, NULL, path, cfg, &m));
  const df_status status = df_mujoco_list_features(m, cfg->approximate_contacts, features, n);
  mj_deleteModel(m);
  return status;
}

/* ---- queries ---- */

bool df_system_is_mujoco(const df_system* system) {
  return system && system->ops == &mujoco_ops;
}

int df_mujoco_features(const df_system* system, const df_feature** features) {
  *features = NULL;
  if (!df_system_is_mujoco(system)) return 0;
  *features = as_mujoco(system)->features;
  return as_mujoco(system)->nfeature;
}

int df_mujoco_nq(const df_system* system) {
  return (int)as_mujoco(system)->model->nq;
}
int df_mujoco_nv(const df_system* system) {
  return (int)as_mujoco(system)->model->nv;
}

int df_mujoco_joints(const df_system* system, const df_joint** joints) {
  *joints = as_mujoco(system)->joints;
  return (int)as_mujoco(system)->model->njnt;
}

df_status df_mujoco_fingerprint(const df_system* system, char sha256[DF_SHA256_TEXT]) {
  const mjModel* m = as_mujoco(system)->model;
  const mjtSize size = mj_sizeModel(m);
  char* buffer = df_alloc((size_t)size, 1);
  if (!buffer) return DF_E_NOMEM;
  mj_saveModel(m, NULL, buffer, size);
  const df_status status = df_sha256(buffer, (size_t)size, sha256);
  df_free(buffer);
  return status;
}

int df_mujoco_geom(const df_system* system, const char* name) {
  return mj_name2id(as_mujoco(system)->model, mjOBJ_GEOM, name);
}

int df_mujoco_geom_body(const df_system* system, int geom) {
  return as_mujoco(system)->model->geom_bodyid[geom];
}

int df_mujoco_body_count(const df_system* system) {
  return (int)as_mujoco(system)->model->nbody;
}
int df_mujoco_body_parent(const df_system* system, int body) {
  return as_mujoco(system)->model->body_parentid[body];
}

const char* df_mujoco_body_name(const df_system* system, int body) {
  const char* name = mj_id2name(as_mujoco(system)->model, mjOBJ_BODY, body);
  return name ? name : "";
}

double df_mujoco_total_mass(const df_system* system) {
  return as_mujoco(system)->model->body_subtreemass[0];
}
double df_mujoco_timestep(const df_system* system) {
  return as_mujoco(system)->model->opt.timestep;
}
int df_mujoco_substeps(const df_system* system) {
  return as_mujoco(system)->substeps;
}

void df_mujoco_initial_state(const df_system* system, double* x) {
  const mjModel* m = as_mujoco(system)->model;
  mju_copy(x, m->qpos0, (int)m->nq);
  mju_zero(x + m->nq, (int)m->nv);
}

bool df_mujoco_step_approximate(const df_sim* sim, int t) {
  if (t < 0 || t >= sim->recorded) return false;
  const int n = sim->system->substeps;
  for (int i = t * n; i < (t + 1) * n; i++) {
    if (sim->tape.steps[i].approximate) return true;
  }
  return false;
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
  load_state(sim, x);
  /* an error leaves no contacts and the geometry as far as it got */
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

void df_mujoco_geom_position(const df_sim* sim, int geom, double position[3]) {
  mju_copy3(position, sim->data->geom_xpos + 3 * geom);
}
