/* the one place that knows what the adjoint covers */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "mujoco_internal.h"

/* ---- the list ---- */

typedef struct feature_list {
  df_feature* items;
  int n, capacity;
  bool failed; /* out of memory */
} feature_list;

static df_feature* append(feature_list* list) {
  if (list->n == list->capacity) {
    const int capacity = list->capacity ? 2 * list->capacity : 8;
    df_feature* items = df_alloc((size_t)capacity, sizeof *items);
    if (!items) {
      list->failed = true;
      return NULL;
    }
    if (list->n) memcpy(items, list->items, (size_t)list->n * sizeof *items);
    df_free(list->items);
    list->items = items;
    list->capacity = capacity;
  }
  return &list->items[list->n++];
}

static void DF_PRINTF(4, 5) note(feature_list* list, df_feature_kind kind, const char* name, const char* element, ...) {
  df_feature* item = append(list);
  if (!item) return;
  item->kind = kind;
  snprintf(item->name, sizeof item->name, "%s", name);
  va_list args;
  va_start(args, element);
  vsnprintf(item->element, sizeof item->element, element, args);
  va_end(args);
}

/* "joint 'knee'", or "joint 3" if it has no name */
typedef struct label {
  char text[100];
} label;

static label label_of(const mjModel* m, mjtObj kind, int id) {
  label out;
  const char* name = mj_id2name(m, (int)kind, id);
  if (name && *name)
    snprintf(out.text, sizeof out.text, "%s '%s'", mju_type2Str((int)kind), name);
  else
    snprintf(out.text, sizeof out.text, "%s %d", mju_type2Str((int)kind), id);
  return out;
}

static void refuse(feature_list* list, const mjModel* m, const char* name, mjtObj kind, int id) {
  note(list, DF_FEATURE_REFUSED, name, "%s", label_of(m, kind, id).text);
}

static bool any(const mjtNum* x, int n) {
  for (int i = 0; i < n; i++) {
    if (x[i] != 0) return true;
  }
  return false;
}

/* ---- options ---- */

static void check_options(feature_list* list, const mjModel* m) {
  static const char* const integrators[] = {"Euler", "RK4", "implicit", "implicitfast", "discrete"};
  const mjOption* o = &m->opt;
  if (o->integrator != mjINT_EULER && o->integrator != mjINT_IMPLICITFAST)
    note(list, DF_FEATURE_REFUSED, "integrator", "option integrator=\"%s\"",
         o->integrator >= 0 && o->integrator < 5 ? integrators[o->integrator] : "?");
  if (o->solver == mjSOL_PGS) note(list, DF_FEATURE_REFUSED, "solver", "option solver=\"PGS\"");
  if (o->noslip_iterations > 0)
    note(list, DF_FEATURE_REFUSED, "noslip", "option noslip_iterations=\"%d\"", o->noslip_iterations);
  if (o->density > 0) note(list, DF_FEATURE_REFUSED, "fluid", "option density=\"%g\"", o->density);
  if (o->viscosity > 0) note(list, DF_FEATURE_REFUSED, "fluid", "option viscosity=\"%g\"", o->viscosity);
  if (o->disableactuator) note(list, DF_FEATURE_REFUSED, "actuator groups", "option actuatorgroupdisable");

  static const struct {
    int bit;
    const char* name;
  } off[] = {{mjDSBL_SPRING, "spring"}, {mjDSBL_DAMPER, "damper"}, {mjDSBL_ACTUATION, "actuation"}},
    on[] = {{mjENBL_SLEEP, "sleep"}, {mjENBL_DIAGEXACT, "diagexact"}};
  for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
    if (o->disableflags & off[i].bit) note(list, DF_FEATURE_REFUSED, "flag", "option flag %s=\"disable\"", off[i].name);
  }
  for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
    if (o->enableflags & on[i].bit) note(list, DF_FEATURE_REFUSED, "flag", "option flag %s=\"enable\"", on[i].name);
  }
}

/* ---- elements that are refused wherever they stand ---- */

static void check_elements(feature_list* list, const mjModel* m) {
  for (int i = 0; i < m->ntendon; i++) refuse(list, m, "tendon", mjOBJ_TENDON, i);
  for (int i = 0; i < m->neq; i++) refuse(list, m, "equality constraint", mjOBJ_EQUALITY, i);
  for (int i = 0; i < m->nflex; i++) refuse(list, m, "flex", mjOBJ_FLEX, i);
  for (int i = 0; i < m->nplugin; i++) refuse(list, m, "plugin", mjOBJ_PLUGIN, i);
  if (m->nhistory > 0) note(list, DF_FEATURE_REFUSED, "delay", "actuator or sensor with a history buffer");
  if (m->nv > MAX_NV)
    note(list, DF_FEATURE_REFUSED, "size", "%d degrees of freedom; at most %d", (int)m->nv, (int)MAX_NV);
  for (int i = 1; i < m->nbody; i++) {
    if (m->body_gravcomp[i] != 0) refuse(list, m, "gravity compensation", mjOBJ_BODY, i);
    if (m->body_mocapid[i] >= 0) refuse(list, m, "mocap body", mjOBJ_BODY, i);
  }
  for (int i = 0; i < m->ngeom; i++) {
    if (m->geom_adhesion[i] != 0) refuse(list, m, "contact adhesion", mjOBJ_GEOM, i);
    if (any(m->geom_surfacevel + 6 * i, 6)) refuse(list, m, "surface velocity", mjOBJ_GEOM, i);
    if (m->geom_fluid[mjNFLUID * i] > 0) refuse(list, m, "fluid", mjOBJ_GEOM, i);
  }
}

static void check_joints(feature_list* list, const mjModel* m) {
  for (int i = 0; i < m->njnt; i++) {
    const bool scalar = m->jnt_type[i] == mjJNT_HINGE || m->jnt_type[i] == mjJNT_SLIDE;
    const int body = m->jnt_bodyid[i], dof = m->jnt_dofadr[i];
    if (!scalar && m->jnt_limited[i]) refuse(list, m, "limit of a ball joint", mjOBJ_JOINT, i);
    if (!scalar && m->jnt_stiffness[i] != 0) refuse(list, m, "spring of a free or ball joint", mjOBJ_JOINT, i);
    if (any(m->jnt_stiffnesspoly + mjNPOLY * i, mjNPOLY)) refuse(list, m, "polynomial stiffness", mjOBJ_JOINT, i);
    if (any(m->dof_dampingpoly + mjNPOLY * dof, mjNPOLY)) refuse(list, m, "polynomial damping", mjOBJ_JOINT, i);

    /* MuJoCo then integrates the gyroscopic torque implicitly, which depends on the velocity */
    const bool alone = m->body_subtreemass[body] == m->body_mass[body];
    if (m->jnt_type[i] == mjJNT_FREE && alone && m->opt.integrator == mjINT_IMPLICITFAST)
      refuse(list, m, "free body without limbs under implicitfast", mjOBJ_JOINT, i);
  }
}

/* ---- actuators ---- */

static void check_actuator(feature_list* list, const mjModel* m, int i) {
  const int transmission = m->actuator_trntype[i], gain = m->actuator_gaintype[i], bias = m->actuator_biastype[i];
  const bool on_joint = transmission == mjTRN_JOINT || transmission == mjTRN_JOINTINPARENT;
  const int type = on_joint ? m->jnt_type[m->actuator_trnid[2 * i]] : -1;
  if (type != mjJNT_HINGE && type != mjJNT_SLIDE)
    refuse(list, m, "actuator not on a hinge or slide", mjOBJ_ACTUATOR, i);
  if (m->actuator_dyntype[i] != mjDYN_NONE) refuse(list, m, "activation dynamics", mjOBJ_ACTUATOR, i);
  if (gain != mjGAIN_FIXED && gain != mjGAIN_AFFINE) refuse(list, m, "gain that is not affine", mjOBJ_ACTUATOR, i);
  if (bias != mjBIAS_NONE && bias != mjBIAS_AFFINE) refuse(list, m, "bias that is not affine", mjOBJ_ACTUATOR, i);
  if (gain == mjGAIN_AFFINE && m->actuator_gainprm[mjNGAIN * i + 2] != 0 && m->opt.integrator == mjINT_IMPLICITFAST)
    refuse(list, m, "gain on velocity under implicitfast", mjOBJ_ACTUATOR, i);
  if (m->actuator_damping[i] != 0 || any(m->actuator_dampingpoly + mjNPOLY * i, mjNPOLY))
    refuse(list, m, "actuator damping", mjOBJ_ACTUATOR, i);
  if (m->actuator_ctrlnum[i] != 1) refuse(list, m, "actuator with several controls", mjOBJ_ACTUATOR, i);
}

/* ---- contacts ---- */

df_contact_rule df_mujoco_contact_rule(int type0, int type1) {
  if (type0 == mjGEOM_PLANE) return CONTACT_PLANE;
  const bool round0 = type0 == mjGEOM_SPHERE || type0 == mjGEOM_CAPSULE;
  const bool round1 = type1 == mjGEOM_SPHERE || type1 == mjGEOM_CAPSULE;
  return round0 && round1 ? CONTACT_SEGMENTS : CONTACT_FROZEN;
}

bool df_mujoco_contact_exact(int type0, int type1) {
  switch (df_mujoco_contact_rule(type0, type1)) {
    case CONTACT_PLANE:
      return type1 == mjGEOM_SPHERE || type1 == mjGEOM_CAPSULE || type1 == mjGEOM_BOX || type1 == mjGEOM_MESH;
    case CONTACT_SEGMENTS:
      return true;
    default:
      return false;
  }
}

/* MuJoCo's filter: masks, bodies welded together, parent and child, exclusions */
static bool may_collide(const mjModel* m, int g0, int g1) {
  const bool masks = (m->geom_contype[g0] & m->geom_conaffinity[g1]) || (m->geom_contype[g1] & m->geom_conaffinity[g0]);
  if (!masks) return false;
  const int b0 = m->geom_bodyid[g0], b1 = m->geom_bodyid[g1];
  const int w0 = m->body_weldid[b0], w1 = m->body_weldid[b1];
  if (w0 == w1) return false;
  const int p0 = m->body_weldid[m->body_parentid[w0]], p1 = m->body_weldid[m->body_parentid[w1]];
  const bool filter = !(m->opt.disableflags & mjDSBL_FILTERPARENT);
  if (filter && w0 != 0 && w1 != 0 && (w0 == p1 || w1 == p0)) return false;
  const int signature = b0 < b1 ? (b0 << 16) + b1 : (b1 << 16) + b0;
  for (int i = 0; i < m->nexclude; i++) {
    if (m->exclude_signature[i] == signature) return false;
  }
  return true;
}

typedef struct pair_count {
  int n, g0, g1; /* how many pairs of two types, and the first of them */
} pair_count;
typedef struct pair_table {
  pair_count of[mjNGEOMTYPES][mjNGEOMTYPES];
} pair_table;

static void count_pair(pair_table* table, const mjModel* m, int g0, int g1) {
  const int t0 = m->geom_type[g0], t1 = m->geom_type[g1];
  /* planes do not collide with planes and height fields */
  if ((t0 == mjGEOM_PLANE && t1 <= mjGEOM_HFIELD) || (t1 == mjGEOM_PLANE && t0 <= mjGEOM_HFIELD)) return;
  pair_count* pair = t0 <= t1 ? &table->of[t0][t1] : &table->of[t1][t0];
  if (pair->n++ > 0) return;
  pair->g0 = t0 <= t1 ? g0 : g1;
  pair->g1 = t0 <= t1 ? g1 : g0;
}

static void note_pairs(feature_list* list, const mjModel* m, const pair_table* table, bool approximate_contacts) {
  static const char* const names[mjNGEOMTYPES] = {"plane",     "hfield",   "sphere", "capsule",
                                                  "ellipsoid", "cylinder", "box",    "mesh"};
  for (int t0 = 0; t0 < mjNGEOMTYPES; t0++) {
    for (int t1 = t0; t1 < mjNGEOMTYPES; t1++) {
      const pair_count* pair = &table->of[t0][t1];
      if (pair->n == 0) continue;
      const df_feature_kind otherwise = approximate_contacts ? DF_FEATURE_APPROXIMATE : DF_FEATURE_REFUSED;
      char name[48];
      snprintf(name, sizeof name, "contact %s-%s", names[t0] ? names[t0] : "sdf", names[t1] ? names[t1] : "sdf");
      note(list, df_mujoco_contact_exact(t0, t1) ? DF_FEATURE_EXACT : otherwise, name, "%.60s, %.60s (pairs: %d)",
           label_of(m, mjOBJ_GEOM, pair->g0).text, label_of(m, mjOBJ_GEOM, pair->g1).text, pair->n);
    }
  }
}

static void check_contacts(feature_list* list, const mjModel* m, bool approximate_contacts) {
  if (m->opt.disableflags & (mjDSBL_CONTACT | mjDSBL_CONSTRAINT)) return;
  pair_table table = {0};
  for (int g0 = 0; g0 < m->ngeom; g0++) {
    for (int g1 = g0 + 1; g1 < m->ngeom; g1++) {
      if (may_collide(m, g0, g1)) count_pair(&table, m, g0, g1);
    }
  }
  for (int i = 0; i < m->npair; i++) {
    count_pair(&table, m, m->pair_geom1[i], m->pair_geom2[i]);
    if (m->pair_adhesion[i] != 0) refuse(list, m, "contact adhesion", mjOBJ_PAIR, i);
  }
  note_pairs(list, m, &table, approximate_contacts);
}

df_status df_mujoco_list_features(const mjModel* m, bool approximate_contacts, df_feature** features, int* n) {
  feature_list list = {0};
  check_options(&list, m);
  check_elements(&list, m);
  check_joints(&list, m);
  for (int i = 0; i < m->nactuator; i++) check_actuator(&list, m, i);
  check_contacts(&list, m, approximate_contacts);
  if (list.failed) {
    df_free(list.items);
    return DF_E_NOMEM;
  }
  *features = list.items;
  *n = list.n;
  return DF_OK;
}
