/* Lists the features of a model and how each is differentiated (df_feature of dynaflow/sim/adjoint.h). This is the only
 * file that decides which models the adjoint covers: docs/adjoint.md, sections 4 to 7. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "collision_filter.h"
#include "contact_motion.h"
#include "dynaflow/core/alloc.h"
#include "model.h"

/* ---- the list ---- */

typedef struct feature_list {
  df_feature* items;
  int n, capacity;
  bool failed; /* out of memory */
  const df_mujoco_cfg* cfg;
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

static df_feature* add(feature_list* list, df_feature_kind kind, const char* name, const char* element, va_list args) {
  df_feature* item = append(list);
  if (!item) return NULL;
  item->kind = kind;
  snprintf(item->name, sizeof item->name, "%s", name);
  vsnprintf(item->element, sizeof item->element, element, args);
  return item;
}

static void DF_PRINTF(3, 4) exact(feature_list* list, const char* name, const char* element, ...) {
  va_list args;
  va_start(args, element);
  (void)add(list, DF_FEATURE_EXACT, name, element, args);
  va_end(args);
}

/* a feature without an exact adjoint whose state is [qpos, qvel, act]: differenced if cfg admits finite differences */
static void DF_PRINTF(3, 4) inexact(feature_list* list, const char* name, const char* element, ...) {
  const bool admitted = list->cfg->finite_differences || list->cfg->forward_only;
  va_list args;
  va_start(args, element);
  df_feature* item = add(list, admitted ? DF_FEATURE_DIFFERENCED : DF_FEATURE_REFUSED, name, element, args);
  va_end(args);
  if (item && !admitted) snprintf(item->remedy, sizeof item->remedy, "finite_differences");
}

/* a feature that no option admits */
static void DF_PRINTF(3, 4) excluded(feature_list* list, const char* name, const char* element, ...) {
  va_list args;
  va_start(args, element);
  (void)add(list, DF_FEATURE_REFUSED, name, element, args);
  va_end(args);
}

/* text that identifies an element: "joint 'knee'", or "joint 3" if it has no name */
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

/* inexact feature of one element */
static void refuse(feature_list* list, const mjModel* m, const char* name, mjtObj kind, int id) {
  inexact(list, name, "%s", label_of(m, kind, id).text);
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
  /* integrator */
  const char* integrator = o->integrator >= 0 && o->integrator < 5 ? integrators[o->integrator] : "?";
  if (o->integrator != mjINT_EULER && o->integrator != mjINT_IMPLICITFAST && o->integrator != mjINT_RK4)
    inexact(list, "integrator", "option integrator=\"%s\"", integrator);
  else
    exact(list, "integrator", "option integrator=\"%s\"", integrator);

  /* solver and cone */
  if (o->solver == mjSOL_PGS)
    inexact(list, "solver", "option solver=\"PGS\"");
  else
    exact(list, "solver", "option solver=\"%s\" cone=\"%s\"", o->solver == mjSOL_CG ? "CG" : "Newton",
          o->cone == mjCONE_ELLIPTIC ? "elliptic" : "pyramidal");

  /* noslip, fluid forces, flags */
  if (o->noslip_iterations > 0) inexact(list, "noslip", "option noslip_iterations=\"%d\"", o->noslip_iterations);
  if (o->density > 0) inexact(list, "fluid", "option density=\"%g\"", o->density);
  if (o->viscosity > 0) inexact(list, "fluid", "option viscosity=\"%g\"", o->viscosity);

  static const struct {
    int bit;
    const char* name;
  } on[] = {
    {mjENBL_DIAGEXACT, "diagexact"},
#if mjVERSION_HEADER >= 4000001
    {mjENBL_SPECULATIVE, "speculative"},
#endif
  };
  for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
    if (o->enableflags & on[i].bit) inexact(list, "flag", "option flag %s=\"enable\"", on[i].name);
  }
}

/* A plugin is code of its own: its forces, also those of its actuators and contacts, are only known by calling it. What
 * it does to sensors does not matter, as they are not computed. */
static void check_plugin(feature_list* list, const mjModel* m, int i) {
  enum { FORCES = mjPLUGIN_ACTUATOR | mjPLUGIN_PASSIVE | mjPLUGIN_SDF };
  const mjpPlugin* plugin = mjp_getPluginAtSlot(m->plugin[i]);
  const char *type = plugin ? plugin->name : "unknown", *slew = mj_getPluginConfig(m, i, "slewmax");
  const label instance = label_of(m, mjOBJ_PLUGIN, i);
  if (m->plugin_statenum[i] > 0)
    excluded(list, "plugin with a state", "%.60s, %s", type, instance.text);
  else if (strcmp(type, "mujoco.pid") == 0 && slew && *slew)
    excluded(list, "plugin that depends on the time", "%.60s with slewmax, %s", type, instance.text);
  else if (plugin && !(plugin->capabilityflags & FORCES) && !plugin->advance)
    exact(list, "plugin of a sensor", "%.60s, %s", type, instance.text);
  else
    inexact(list, "plugin", "%.60s, %s", type, instance.text);
}

/* features whose steps depend on more state than [qpos, qvel, act] and the warm start, or on code of the process: even
 * finite differences would be wrong */
static void check_memory(feature_list* list, const mjModel* m) {
  if (m->opt.enableflags & mjENBL_SLEEP) excluded(list, "sleep", "option flag sleep=\"enable\": which bodies sleep");
  if (m->nhistory > 0) excluded(list, "delay", "actuator or sensor with a history buffer");
  for (int i = 0; i < m->nplugin; i++) check_plugin(list, m, i);
#if mjVERSION_HEADER >= 4000001
  if (m->nplastic > 0) excluded(list, "plasticity", "joint, tendon or flex with springyield");
#endif
  const struct {
    const char* name;
    bool set;
  } callbacks[] = {{"mjcb_passive", mjcb_passive},   {"mjcb_control", mjcb_control},
                   {"mjcb_act_dyn", mjcb_act_dyn},   {"mjcb_act_gain", mjcb_act_gain},
                   {"mjcb_act_bias", mjcb_act_bias}, {"mjcb_contactfilter", mjcb_contactfilter}};
  for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++) {
    if (callbacks[i].set) excluded(list, "callback", "%s is set by the process", callbacks[i].name);
  }
}

/* ---- flexes, model size, geoms ---- */

static void check_elements(feature_list* list, const mjModel* m) {
  for (int i = 0; i < m->nflex; i++) refuse(list, m, "flex", mjOBJ_FLEX, i);
  if (2 * m->nv + m->na > DF_NDX_MAX)
    excluded(list, "size", "%d tangent coordinates, at most %d are supported", (int)(2 * m->nv + m->na),
             (int)DF_NDX_MAX);
  for (int i = 0; i < m->ngeom; i++) {
    if (m->geom_adhesion[i] != 0) refuse(list, m, "contact adhesion", mjOBJ_GEOM, i);
    if (any(m->geom_surfacevel + 6 * i, 6)) refuse(list, m, "surface velocity", mjOBJ_GEOM, i);
    if (m->geom_fluid[mjNFLUID * i] > 0) refuse(list, m, "fluid", mjOBJ_GEOM, i);
  }
}

/* ---- joints ---- */

static void check_joint(feature_list* list, const mjModel* m, int i) {
  if (!df_compensates_gravity(m) || !m->jnt_actgravcomp[i]) return;
  if (!df_compensated_by_actuators(m, i))
    refuse(list, m, "gravity compensation by disabled actuators", mjOBJ_JOINT, i);
  else if (m->jnt_actfrclimited[i])
    refuse(list, m, "gravity compensation within the force limit of a joint", mjOBJ_JOINT, i);
}

/* exact elements of one kind, reported as one feature */
typedef struct pool {
  int n, first; /* number of elements, index of the first */
} pool;

static void check_joints(feature_list* list, const mjModel* m) {
  static const char* const names[] = {[mjJNT_FREE] = "joint free",
                                      [mjJNT_BALL] = "joint ball",
                                      [mjJNT_SLIDE] = "joint slide",
                                      [mjJNT_HINGE] = "joint hinge"};
  pool pools[4] = {{0}};
  for (int i = 0; i < m->njnt; i++) {
    const int listed = list->n;
    check_joint(list, m, i);
    pool* p = &pools[m->jnt_type[i]];
    if (list->n == listed && p->n++ == 0) p->first = i;
  }
  for (int k = 0; k < 4; k++) {
    if (pools[k].n > 0)
      exact(list, names[k], "%s (joints: %d)", label_of(m, mjOBJ_JOINT, pools[k].first).text, pools[k].n);
  }
}

/* ---- tendons and equality constraints ---- */

static void check_tendon(feature_list* list, const mjModel* m, int i) {
  if (m->wrap_type[m->tendon_adr[i]] != mjWRAP_JOINT) refuse(list, m, "spatial tendon", mjOBJ_TENDON, i);

  /* implicit damping must not depend on the velocity */
  int drivers = 0;
  bool polynomial = any(m->tendon_dampingpoly + mjNPOLY * i, mjNPOLY);
  for (int k = 0; k < m->nactuator; k++) {
    if (m->actuator_trntype[k] != mjTRN_TENDON || m->actuator_trnid[2 * k] != i) continue;
    polynomial |= any(m->actuator_dampingpoly + mjNPOLY * k, mjNPOLY);
    drivers++;
  }
  if (m->opt.integrator == mjINT_IMPLICITFAST && polynomial)
    refuse(list, m, "polynomial damping of a tendon under implicitfast", mjOBJ_TENDON, i);

  /* MuJoCo scales the forces of all actuators of a tendon to its limit */
  if (m->tendon_actfrclimited[i] && drivers > 1)
    refuse(list, m, "force limit of a tendon with several actuators", mjOBJ_TENDON, i);
}

static void check_tendons(feature_list* list, const mjModel* m) {
  pool p = {0};
  for (int i = 0; i < m->ntendon; i++) {
    const int listed = list->n;
    check_tendon(list, m, i);
    if (list->n == listed && p.n++ == 0) p.first = i;
  }
  if (p.n > 0) exact(list, "fixed tendon", "%s (tendons: %d)", label_of(m, mjOBJ_TENDON, p.first).text, p.n);
}

static void check_equalities(feature_list* list, const mjModel* m) {
  static const char* const names[] = {[mjEQ_CONNECT] = "equality connect",
                                      [mjEQ_WELD] = "equality weld",
                                      [mjEQ_JOINT] = "equality joint",
                                      [mjEQ_TENDON] = "equality tendon"};
  enum { TYPES = sizeof names / sizeof *names };
  pool pools[TYPES] = {{0}};
  for (int i = 0; i < m->neq; i++) {
    const int type = m->eq_type[i];
    if (type >= TYPES || !names[type])
      refuse(list, m, "equality constraint", mjOBJ_EQUALITY, i);
    else if (pools[type].n++ == 0)
      pools[type].first = i;
  }
  for (int k = 0; k < TYPES; k++) {
    if (pools[k].n > 0)
      exact(list, names[k], "%s (constraints: %d)", label_of(m, mjOBJ_EQUALITY, pools[k].first).text, pools[k].n);
  }
}

/* ---- actuators ---- */

/* Under implicitfast the adjoint takes the implicit damping along tendons and of ball and free joints as constant. */
static void check_implicit_actuator(feature_list* list, const mjModel* m, int i) {
  const int transmission = m->actuator_trntype[i], joint = m->actuator_trnid[2 * i];
  if (m->opt.integrator != mjINT_IMPLICITFAST) return;
  const bool gain = m->actuator_gaintype[i] == mjGAIN_AFFINE && m->actuator_gainprm[mjNGAIN * i + 2] != 0;
  if (gain && transmission == mjTRN_TENDON)
    refuse(list, m, "gain on velocity of a tendon under implicitfast", mjOBJ_ACTUATOR, i);
  if (transmission != mjTRN_JOINT && transmission != mjTRN_JOINTINPARENT) return;
  if (m->jnt_type[joint] == mjJNT_HINGE || m->jnt_type[joint] == mjJNT_SLIDE) return;
  const bool bias = m->actuator_biastype[i] == mjBIAS_AFFINE && m->actuator_biasprm[mjNBIAS * i + 2] != 0;
  if (gain) refuse(list, m, "gain on velocity of a ball or free joint under implicitfast", mjOBJ_ACTUATOR, i);
  if (bias && transmission == mjTRN_JOINTINPARENT)
    refuse(list, m, "velocity in the parent's frame under implicitfast", mjOBJ_ACTUATOR, i);
}

/* a force limit of a joint would clip the tendon's force at that joint only */
static void check_tendon_actuator(feature_list* list, const mjModel* m, int i) {
  const int id = m->actuator_trnid[2 * i];
  for (int k = 0; k < m->ten_J_rownnz[id]; k++) {
    if (!m->jnt_actfrclimited[m->dof_jntid[m->ten_J_colind[m->ten_J_rowadr[id] + k]]]) continue;
    refuse(list, m, "tendon's actuator on a joint with a force limit", mjOBJ_ACTUATOR, i);
    return;
  }
}

/* a wrench that is fixed to a site */
static void check_site_actuator(feature_list* list, const mjModel* m, int i) {
  if (!df_actuator_on_site(m, i)) refuse(list, m, "reference site of an actuator", mjOBJ_ACTUATOR, i);

  /* velocity gains are taken implicitly */
  const bool gain = m->actuator_gaintype[i] == mjGAIN_AFFINE && m->actuator_gainprm[mjNGAIN * i + 2] != 0;
  const bool bias = m->actuator_biastype[i] == mjBIAS_AFFINE && m->actuator_biasprm[mjNBIAS * i + 2] != 0;
  if (m->opt.integrator == mjINT_IMPLICITFAST && (gain || bias))
    refuse(list, m, "velocity of a site under implicitfast", mjOBJ_ACTUATOR, i);

  /* a force limit of a joint would clip the wrench at that joint only */
  for (int body = m->site_bodyid[m->actuator_trnid[2 * i]]; body > 0; body = m->body_parentid[body]) {
    for (int k = m->body_jntadr[body]; k < m->body_jntadr[body] + m->body_jntnum[body]; k++) {
      if (!m->jnt_actfrclimited[k]) continue;
      refuse(list, m, "site's actuator on a joint with a force limit", mjOBJ_ACTUATOR, i);
      return;
    }
  }
}

static void check_actuator(feature_list* list, const mjModel* m, int i) {
  const int transmission = m->actuator_trntype[i], gain = m->actuator_gaintype[i], bias = m->actuator_biastype[i];
  const bool on_joint = transmission == mjTRN_JOINT || transmission == mjTRN_JOINTINPARENT;
  /* transmission */
  if (transmission == mjTRN_TENDON)
    check_tendon_actuator(list, m, i);
  else if (transmission == mjTRN_SITE)
    check_site_actuator(list, m, i);
  else if (!on_joint)
    refuse(list, m, "actuator not on a joint, tendon or site", mjOBJ_ACTUATOR, i);

  /* dynamics, gain, bias */
  const int dynamics = m->actuator_dyntype[i];
  const bool known = dynamics == mjDYN_INTEGRATOR || dynamics == mjDYN_FILTER || dynamics == mjDYN_FILTEREXACT;
  if (dynamics != mjDYN_NONE && (!known || m->actuator_actnum[i] != 1))
    refuse(list, m, "activation dynamics", mjOBJ_ACTUATOR, i);
  if (gain != mjGAIN_FIXED && gain != mjGAIN_AFFINE) refuse(list, m, "gain that is not affine", mjOBJ_ACTUATOR, i);
  if (bias != mjBIAS_NONE && bias != mjBIAS_AFFINE) refuse(list, m, "bias that is not affine", mjOBJ_ACTUATOR, i);

  /* integrator; number of controls and outputs */
  check_implicit_actuator(list, m, i);
  if (m->actuator_ctrlnum[i] != 1 || m->actuator_outnum[i] != 1)
    refuse(list, m, "actuator with several controls or outputs", mjOBJ_ACTUATOR, i);
}

static void check_actuators(feature_list* list, const mjModel* m) {
  pool p = {0};
  for (int i = 0; i < m->nactuator; i++) {
    const int listed = list->n;
    check_actuator(list, m, i);
    if (list->n == listed && p.n++ == 0) p.first = i;
  }
  if (p.n > 0) exact(list, "actuator", "%s (actuators: %d)", label_of(m, mjOBJ_ACTUATOR, p.first).text, p.n);
}

/* ---- contacts ---- */

typedef struct pair_count {
  int n, g0, g1; /* number of pairs of two geom types, geoms of the first pair */
} pair_count;
typedef struct pair_table {
  pair_count of[mjNGEOMTYPES][mjNGEOMTYPES];
} pair_table;

static void count_pair(pair_table* table, const mjModel* m, int g0, int g1) {
  const int t0 = m->geom_type[g0], t1 = m->geom_type[g1];
  if (!df_types_collide(t0, t1)) return;
  pair_count* pair = t0 <= t1 ? &table->of[t0][t1] : &table->of[t1][t0];
  if (pair->n++ > 0) return;
  pair->g0 = t0 <= t1 ? g0 : g1;
  pair->g1 = t0 <= t1 ? g1 : g0;
}

static void note_pair(feature_list* list, const mjModel* m, const pair_count* pair, const char* name, bool is_exact) {
  const df_mujoco_cfg* cfg = list->cfg;
  df_feature* item = append(list);
  if (!item) return;
  item->kind = is_exact                                       ? DF_FEATURE_EXACT
               : cfg->approximate_contacts                    ? DF_FEATURE_APPROXIMATE
               : cfg->finite_differences || cfg->forward_only ? DF_FEATURE_DIFFERENCED
                                                              : DF_FEATURE_REFUSED;
  item->sometimes = true;
  snprintf(item->name, sizeof item->name, "%s", name);
  snprintf(item->element, sizeof item->element, "%.60s, %.60s (pairs: %d)", label_of(m, mjOBJ_GEOM, pair->g0).text,
           label_of(m, mjOBJ_GEOM, pair->g1).text, pair->n);
  if (item->kind == DF_FEATURE_REFUSED)
    snprintf(item->remedy, sizeof item->remedy, "approximate_contacts or finite_differences");
}

static void note_pairs(feature_list* list, const mjModel* m, const pair_table* table) {
  static const char* const names[mjNGEOMTYPES] = {"plane",     "hfield",   "sphere", "capsule",
                                                  "ellipsoid", "cylinder", "box",    "mesh"};
  for (int t0 = 0; t0 < mjNGEOMTYPES; t0++) {
    for (int t1 = t0; t1 < mjNGEOMTYPES; t1++) {
      const pair_count* pair = &table->of[t0][t1];
      if (pair->n == 0) continue;
      char name[48];
      snprintf(name, sizeof name, "contact %s-%s", names[t0] ? names[t0] : "sdf", names[t1] ? names[t1] : "sdf");
      note_pair(list, m, pair, name, df_contact_exact(t0, t1));
    }
  }
}

static void check_contacts(feature_list* list, const mjModel* m) {
  if (m->opt.disableflags & (mjDSBL_CONTACT | mjDSBL_CONSTRAINT)) return;
  pair_table table = {0};
  /* pairs that the filter lets through */
  for (int g0 = 0; g0 < m->ngeom; g0++) {
    for (int g1 = g0 + 1; g1 < m->ngeom; g1++) {
      if (df_may_collide(m, g0, g1)) count_pair(&table, m, g0, g1);
    }
  }

  /* explicit pairs */
  for (int i = 0; i < m->npair; i++) {
    count_pair(&table, m, m->pair_geom1[i], m->pair_geom2[i]);
    if (m->pair_adhesion[i] != 0) refuse(list, m, "contact adhesion", mjOBJ_PAIR, i);
  }

  note_pairs(list, m, &table);
}

df_status df_mujoco_list_features(const mjModel* m, const df_mujoco_cfg* cfg, df_feature** features, int* n) {
  feature_list list = {.cfg = cfg};
  const df_closed_dynamics* closed = df_closed_dynamics_of(cfg->dynamics);
  if (closed) {
    exact(&list, "dynamics in closed form", "system.dynamics = %s", closed->name);
  } else {
    check_options(&list, m);
    check_memory(&list, m);
    check_elements(&list, m);
    check_joints(&list, m);
    check_tendons(&list, m);
    check_equalities(&list, m);
    check_actuators(&list, m);
    check_contacts(&list, m);
  }
  if (list.failed) {
    df_free(list.items);
    return DF_E_NOMEM;
  }
  *features = list.items;
  *n = list.n;
  return DF_OK;
}
