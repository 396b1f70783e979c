/* queries of a model: sizes, names, identity */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "model.h"

int df_mujoco_nq(const df_system* system) {
  return (int)as_mujoco(system)->model->nq;
}
int df_mujoco_nv(const df_system* system) {
  return (int)as_mujoco(system)->model->nv;
}

int df_mujoco_na(const df_system* system) {
  return (int)as_mujoco(system)->model->na;
}

int df_mujoco_joints(const df_system* system, const df_joint** joints) {
  *joints = as_mujoco(system)->joints;
  return (int)as_mujoco(system)->model->njnt;
}

int df_mujoco_joint_body(const df_system* system, int joint) {
  return as_mujoco(system)->model->jnt_bodyid[joint];
}

void df_mujoco_joint_axis(const df_system* system, int joint, double axis[3]) {
  mju_copy3(axis, as_mujoco(system)->model->jnt_axis + 3 * joint);
}

double df_mujoco_joint_reference(const df_system* system, int joint) {
  const mjModel* m = as_mujoco(system)->model;
  return m->qpos0[m->jnt_qposadr[joint]];
}

void df_mujoco_body_orientation(const df_system* system, int body, double quat[4]) {
  mju_copy4(quat, as_mujoco(system)->model->body_quat + 4 * body);
}

/* ---- actuators ---- */

int df_actuator_of(const mjModel* m, int k) {
  int i = (int)m->nactuator - 1;
  while (i > 0 && m->actuator_ctrladr[i] > k) i--;
  return i;
}

static double largest(const mjtNum range[2]) {
  return fmax(fabs(range[0]), fabs(range[1]));
}

df_actuator df_mujoco_actuator_at(const df_system* system, int k) {
  const df_mujoco* mujoco = as_mujoco(system);
  const mjModel* m = mujoco->model;
  const int i = df_actuator_of(m, k);
  const df_plain_actuator* plain = &mujoco->actuation.plain[i];
  const char* name = mj_id2name(m, mjOBJ_ACTUATOR, i);
  df_actuator out = {.name = name ? name : "", .joint = -1, .force = INFINITY};
  if (plain->entry < 0) return out;
  out.joint = plain->joint;
  out.gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  out.gain = plain->by_input;
  out.stiffness = -plain->by_length;
  out.damping = -plain->by_velocity;
  if (m->actuator_forcelimited[i]) out.force = fabs(out.gear) * largest(m->actuator_forcerange + 2 * i);
  if (m->jnt_actfrclimited[out.joint]) out.force = fmin(out.force, largest(m->jnt_actfrcrange + 2 * out.joint));
  return out;
}

int df_mujoco_activations(const df_system* system, int k, int* first) {
  const mjModel* m = as_mujoco(system)->model;
  const int i = df_actuator_of(m, k), n = m->actuator_actnum[i];
  *first = n > 0 ? (int)(m->nq + m->nv) + m->actuator_actadr[i] : -1;
  return n;
}

/* the model without the paths of its assets, as if all of them stood in the model itself; shares the arrays of `m`, and
 * `none` [the most assets of a kind] = -1 */
static mjModel without_paths(const mjModel* m, int* none) {
  static char no_path[] = "";
  mjModel out = *m;
  if (m->npaths > 1) out.nbuffer = 0; /* counts the paths, and is saved, too */
  out.mesh_pathadr = out.skin_pathadr = out.hfield_pathadr = out.tex_pathadr = out.tex_contenttypeadr = none;
  out.paths = no_path;
  out.npaths = 1;
  return out;
}

/* the hash of a hash and the name of the dynamics, whose numbers are constants */
static df_status add_dynamics(const df_closed_dynamics* closed, char sha256[DF_SHA256_TEXT]) {
  char both[DF_SHA256_TEXT + 64];
  snprintf(both, sizeof both, "%s %s", sha256, closed->name);
  return df_sha256(both, strlen(both), sha256);
}

df_status df_mujoco_fingerprint(const df_system* system, char sha256[DF_SHA256_TEXT]) {
  const mjModel* m = as_mujoco(system)->model;
  const size_t assets = (size_t)(m->nmesh + m->nskin + m->nhfield + m->ntex);
  int* none = df_alloc(assets, sizeof *none);
  if (!none) return DF_E_NOMEM;
  for (size_t i = 0; i < assets; i++) none[i] = -1;
  const mjModel bare = without_paths(m, none);
  const mjtSize size = mj_sizeModel(&bare);
  char* buffer = df_alloc((size_t)size, 1);
  df_status status = DF_E_NOMEM;
  if (buffer) {
    mj_saveModel(&bare, NULL, buffer, size);
    status = df_sha256(buffer, (size_t)size, sha256);
    if (status == DF_OK && as_mujoco(system)->closed) status = add_dynamics(as_mujoco(system)->closed, sha256);
  }
  df_free(buffer);
  df_free(none);
  return status;
}

int df_mujoco_actuator(const df_system* system, const char* name) {
  return mj_name2id(as_mujoco(system)->model, mjOBJ_ACTUATOR, name);
}

int df_mujoco_geom(const df_system* system, const char* name) {
  const mjModel* m = as_mujoco(system)->model;
  const int named = mj_name2id(m, mjOBJ_GEOM, name);
  const char* colon = strrchr(name, ':');
  if (named >= 0 || !colon || colon == name || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
    return named;
  long left = strtol(colon + 1, NULL, 10);
  for (int g = 0; g < m->ngeom; g++) {
    const char* body = df_mujoco_body_name(system, m->geom_bodyid[g]);
    const bool same = strlen(body) == (size_t)(colon - name) && strncmp(body, name, (size_t)(colon - name)) == 0;
    if (same && df_geom_collides(m, g) && left-- == 0) return g;
  }
  return -1;
}

bool df_mujoco_geom_label(const df_system* system, int geom, char* label, size_t n) {
  const mjModel* m = as_mujoco(system)->model;
  const char *name = df_mujoco_geom_name(system, geom), *body = df_mujoco_body_name(system, m->geom_bodyid[geom]);
  int before = 0;
  for (int g = 0; g < geom; g++) before += m->geom_bodyid[g] == m->geom_bodyid[geom] && df_geom_collides(m, g);
  const int used = name[0] ? snprintf(label, n, "%s", name) : snprintf(label, n, "%s:%d", body, before);
  return used >= 0 && (size_t)used < n && (name[0] || (body[0] && df_geom_collides(m, geom)));
}

int df_mujoco_geom_count(const df_system* system) {
  return (int)as_mujoco(system)->model->ngeom;
}

const char* df_mujoco_geom_name(const df_system* system, int geom) {
  const char* name = mj_id2name(as_mujoco(system)->model, mjOBJ_GEOM, geom);
  return name ? name : "";
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
int df_mujoco_iterations(const df_system* system) {
  return as_mujoco(system)->model->opt.iterations;
}

long df_mujoco_iterations_of_step(const df_system* system) {
  const mjOption* o = &as_mujoco(system)->model->opt;
  return (long)o->iterations + o->noslip_iterations;
}

void df_mujoco_initial_state(const df_system* system, double* x) {
  const mjModel* m = as_mujoco(system)->model;
  mju_copy(x, m->qpos0, (int)m->nq);
  mju_zero(x + m->nq, (int)(m->nv + m->na));
}

int df_mujoco_keyframes(const df_system* system) {
  return (int)as_mujoco(system)->model->nkey;
}

const char* df_mujoco_keyframe_name(const df_system* system, int i) {
  const char* name = mj_id2name(as_mujoco(system)->model, mjOBJ_KEY, i);
  return name ? name : "";
}

void df_mujoco_keyframe_state(const df_system* system, int i, double* x) {
  const mjModel* m = as_mujoco(system)->model;
  mju_copy(x, m->key_qpos + (size_t)i * (size_t)m->nq, (int)m->nq);
  mju_copy(x + m->nq, m->key_qvel + (size_t)i * (size_t)m->nv, (int)m->nv);
  mju_copy(x + m->nq + m->nv, m->key_act + (size_t)i * (size_t)m->na, (int)m->na);
}

df_mujoco_options df_mujoco_options_of(const df_system* system) {
  const mjOption* o = &as_mujoco(system)->model->opt;
  return (df_mujoco_options){.timestep = o->timestep,
                             .tolerance = o->tolerance,
                             .integrator = o->integrator,
                             .solver = o->solver,
                             .jacobian = o->jacobian,
                             .iterations = o->iterations,
                             .ls_iterations = o->ls_iterations,
                             .disableflags = o->disableflags,
                             .enableflags = o->enableflags};
}
