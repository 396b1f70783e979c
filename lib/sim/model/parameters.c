#include "dynaflow/sim/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "model.h"

/* ---- the list of parameters ---- */

/* fills *out; the name is "mass of body 'torso'", or "mass of body 3" for an element without a name */
static void describe(const mjModel* m, df_parameter_kind kind, mjtObj object, int id, df_parameter* out) {
  static const char* const words[] = {
      [DF_PARAMETER_MASS] = "mass",
      [DF_PARAMETER_DAMPING] = "damping",
      [DF_PARAMETER_ARMATURE] = "armature",
      [DF_PARAMETER_FRICTION_SLIDE] = "sliding friction",
      [DF_PARAMETER_FRICTION_TORSION] = "torsional friction",
      [DF_PARAMETER_FRICTION_ROLL] = "rolling friction",
      [DF_PARAMETER_GAIN] = "gain",
      [DF_PARAMETER_VELOCITY_GAIN] = "velocity gain",
  };
  const char* name = mj_id2name(m, (int)object, id);
  *out = (df_parameter){.kind = kind, .id = id};
  if (name && *name)
    snprintf(out->name, sizeof out->name, "%s of %s '%.60s'", words[kind], mju_type2Str((int)object), name);
  else
    snprintf(out->name, sizeof out->name, "%s of %s %d", words[kind], mju_type2Str((int)object), id);
}

/* returns the number of parameters; writes them to `list` unless it is NULL */
static int enumerate(const df_mujoco* system, df_parameter* list) {
  const mjModel* m = system->model;
  const df_plain_actuator* plain = system->actuation.plain;
  int n = 0;
#define ADD(kind, object, id)                                         \
  do {                                                                \
    if (list) describe(m, DF_PARAMETER_##kind, object, id, &list[n]); \
    n++;                                                              \
  } while (0)
  for (int i = 1; i < m->nbody; i++)
    if (m->body_mass[i] > 0) ADD(MASS, mjOBJ_BODY, i);
  for (int i = 0; i < m->njnt; i++) ADD(DAMPING, mjOBJ_JOINT, i);
  for (int i = 0; i < m->njnt; i++) ADD(ARMATURE, mjOBJ_JOINT, i);
  for (int i = 0; i < m->ngeom; i++)
    if (df_geom_collides(m, i)) ADD(FRICTION_SLIDE, mjOBJ_GEOM, i);
  for (int i = 0; i < m->ngeom; i++)
    if (df_geom_collides(m, i)) ADD(FRICTION_TORSION, mjOBJ_GEOM, i);
  for (int i = 0; i < m->ngeom; i++)
    if (df_geom_collides(m, i)) ADD(FRICTION_ROLL, mjOBJ_GEOM, i);
  for (int i = 0; i < m->nactuator; i++)
    if (plain[i].entry >= 0 && m->actuator_gainprm[mjNGAIN * i] > 0) ADD(GAIN, mjOBJ_ACTUATOR, i);
  for (int i = 0; i < m->nactuator; i++)
    if (plain[i].entry >= 0 && m->actuator_biastype[i] == mjBIAS_AFFINE && !df_gain_follows(m, i).by_velocity)
      ADD(VELOCITY_GAIN, mjOBJ_ACTUATOR, i);
#undef ADD
  return n;
}

bool df_joints_damp_implicitly(const mjModel* m) {
  if (m->opt.disableflags & mjDSBL_DAMPER) return false;
  if (m->opt.integrator == mjINT_EULER) return !(m->opt.disableflags & mjDSBL_EULERDAMP);
  return m->opt.integrator == mjINT_IMPLICITFAST;
}

static df_status check_model(const df_mujoco* system, const char* name) {
  if (system->differences != FINITE_DIFFERENCE_NEVER)
    return df_fail(DF_E_UNSUPPORTED,
                   "%s: parameter gradients are not available for a model whose steps are differentiated by finite "
                   "differences",
                   name);
  if (system->joint_forces.nrigid > 0)
    return df_fail(DF_E_UNSUPPORTED,
                   "%s: parameter gradients are not available for a free body without limbs under implicitfast: body "
                   "%d '%s'",
                   name, system->joint_forces.rigid_body[0],
                   df_mujoco_body_name(&system->base, system->joint_forces.rigid_body[0]));
  return DF_OK;
}

df_status df_parameters_list(df_mujoco* system, const char* name) {
  DF_TRY(check_model(system, name));
  const mjModel* m = system->model;
  /* count, then list */
  const int n = enumerate(system, NULL);
  system->parameters = df_alloc((size_t)n, sizeof *system->parameters);
  if (!system->parameters) return DF_E_NOMEM;
  system->nparameter = enumerate(system, system->parameters);

  /* index of each geom's friction parameters */
  const int frictions = FRICTION_CLASSES * (int)m->ngeom;
  system->friction_parameter = df_alloc((size_t)frictions, sizeof(int));
  if (!system->friction_parameter) return DF_E_NOMEM;
  for (int i = 0; i < frictions; i++) system->friction_parameter[i] = -1;
  for (int i = 0; i < n; i++) {
    const df_parameter* p = &system->parameters[i];
    const int k = (int)p->kind - DF_PARAMETER_FRICTION_SLIDE;
    if (k >= 0 && k < FRICTION_CLASSES) system->friction_parameter[FRICTION_CLASSES * p->id + k] = i;
  }
  return DF_OK;
}

df_gain_follow df_gain_follows(const mjModel* m, int actuator) {
  const mjtNum *g = m->actuator_gainprm + mjNGAIN * actuator, *b = m->actuator_biasprm + mjNBIAS * actuator;
  if (m->actuator_biastype[actuator] != mjBIAS_AFFINE || g[0] == 0) return (df_gain_follow){0};
  const bool position = b[1] == -g[0];
  return (df_gain_follow){.by_length = position, .by_velocity = !position && b[2] == -g[0]};
}

/* ---- values ---- */

static double value_of(const mjModel* m, const df_parameter* p) {
  switch (p->kind) {
    case DF_PARAMETER_MASS:
      return m->body_mass[p->id];
    case DF_PARAMETER_DAMPING:
      return m->dof_damping[m->jnt_dofadr[p->id]];
    case DF_PARAMETER_ARMATURE:
      return m->dof_armature[m->jnt_dofadr[p->id]];
    case DF_PARAMETER_FRICTION_SLIDE:
    case DF_PARAMETER_FRICTION_TORSION:
    case DF_PARAMETER_FRICTION_ROLL:
      return m->geom_friction[3 * p->id + (int)(p->kind - DF_PARAMETER_FRICTION_SLIDE)];
    case DF_PARAMETER_GAIN:
      return m->actuator_gainprm[mjNGAIN * p->id];
    case DF_PARAMETER_VELOCITY_GAIN:
      return -m->actuator_biasprm[mjNBIAS * p->id + 2];
  }
  return NAN;
}

/* MuJoCo does not compute the inertia of a dof that is coupled to no other, but reads it from dof_M0 */
static void set_simple_mass(mjModel* m, int body, double factor) {
  for (int k = m->body_dofadr[body]; k < m->body_dofadr[body] + m->body_dofnum[body]; k++) {
    if (m->dof_simplenum[k]) m->dof_M0[k] = m->dof_armature[k] + factor * (m->dof_M0[k] - m->dof_armature[k]);
  }
}

static void set_mass(mjModel* m, int body, double mass) {
  /* mass and, in proportion, inertia */
  const double change = mass - m->body_mass[body], factor = mass / m->body_mass[body];
  set_simple_mass(m, body, factor);
  for (int k = 0; k < 3; k++) m->body_inertia[3 * body + k] *= factor;
  m->body_mass[body] = mass;

  /* subtree masses up to the world */
  for (int b = body;; b = m->body_parentid[b]) {
    m->body_subtreemass[b] += change;
    if (b == 0) break;
  }
}

static void set_damping(mjModel* m, int joint, double value) {
  const int first = m->jnt_dofadr[joint];
  for (int k = first; k < first + df_joint_dofs(m, joint); k++) m->dof_damping[k] = value;
}

static void set_armature(mjModel* m, int joint, double value) {
  const int first = m->jnt_dofadr[joint];
  for (int k = first; k < first + df_joint_dofs(m, joint); k++) {
    if (m->dof_simplenum[k]) m->dof_M0[k] += value - m->dof_armature[k];
    m->dof_armature[k] = value;
  }
}

static void set_gain(mjModel* m, int actuator, double value) {
  const df_gain_follow follow = df_gain_follows(m, actuator);
  m->actuator_gainprm[mjNGAIN * actuator] = value;
  if (follow.by_length) m->actuator_biasprm[mjNBIAS * actuator + 1] = -value;
  if (follow.by_velocity) m->actuator_biasprm[mjNBIAS * actuator + 2] = -value;
}

static void set_value(mjModel* m, const df_parameter* p, double value) {
  if (value == value_of(m, p)) return; /* keep the model's bits, e.g. unequal damping of the dofs of a ball joint */
  switch (p->kind) {
    case DF_PARAMETER_MASS:
      set_mass(m, p->id, value);
      break;
    case DF_PARAMETER_DAMPING:
      set_damping(m, p->id, value);
      break;
    case DF_PARAMETER_ARMATURE:
      set_armature(m, p->id, value);
      break;
    case DF_PARAMETER_FRICTION_SLIDE:
    case DF_PARAMETER_FRICTION_TORSION:
    case DF_PARAMETER_FRICTION_ROLL:
      m->geom_friction[3 * p->id + (int)(p->kind - DF_PARAMETER_FRICTION_SLIDE)] = value;
      break;
    case DF_PARAMETER_GAIN:
      set_gain(m, p->id, value);
      break;
    case DF_PARAMETER_VELOCITY_GAIN:
      m->actuator_biasprm[mjNBIAS * p->id + 2] = -value;
      break;
  }
}

static df_status check_value(const df_parameter* p, double value, double present) {
  const bool may_be_zero =
      p->kind == DF_PARAMETER_DAMPING || p->kind == DF_PARAMETER_ARMATURE || p->kind == DF_PARAMETER_VELOCITY_GAIN;
  if (value == present) return DF_OK; /* the model's own value may be 0 or, for a gain, negative */
  if (!isfinite(value) || value < 0 || (value == 0 && !may_be_zero))
    return df_fail(DF_E_ARG, "%s: %g is not a finite number %s 0", p->name, value, may_be_zero ? ">=" : ">");
  return DF_OK;
}

/* ---- public functions ---- */

int df_mujoco_parameters(const df_system* system, const df_parameter** list) {
  *list = as_mujoco(system)->parameters;
  return as_mujoco(system)->nparameter;
}

void df_mujoco_parameter_values(const df_system* base, double* p) {
  const df_mujoco* system = as_mujoco(base);
  for (int i = 0; i < system->nparameter; i++) p[i] = value_of(system->model, &system->parameters[i]);
}

df_status df_mujoco_set_parameters(df_system* base, const double* p) {
  DF_REQUIRE(base, "df_mujoco_set_parameters: system is NULL");
  DF_REQUIRE_POINTER(p);
  df_mujoco* system = (df_mujoco*)(void*)base;
  mjModel* m = system->model;
  /* check all values before the first change */
  for (int i = 0; i < system->nparameter; i++)
    DF_TRY(check_value(&system->parameters[i], p[i], value_of(m, &system->parameters[i])));
  for (int i = 0; i < system->nparameter; i++) set_value(m, &system->parameters[i], p[i]);

  /* update what was derived from the model */
  df_actuation_refresh(&system->actuation, m);
  df_joint_forces_refresh(&system->joint_forces, m);
  return DF_OK;
}
