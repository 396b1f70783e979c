#include "actuation.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "joint_force.h"

/* the last dof that moves a site; -1 if none does */
static int last_dof_of_site(const mjModel* m, int site) {
  const int body = m->body_weldid[m->site_bodyid[site]];
  return body > 0 ? m->body_dofadr[body] + m->body_dofnum[body] - 1 : -1;
}

static int number_of_ancestors(const mjModel* m, int dof) {
  int n = 0;
  for (; dof >= 0; dof = m->dof_parentid[dof]) n++;
  return n;
}

/* Number of dofs on which actuator i acts: dofs[0..n-1] if *dofs is set; first and its ancestors for a site; else
 * first, first + 1, ...; 0 for other transmissions. */
static int pattern(const mjModel* m, int i, int* first, const int** dofs) {
  const int id = m->actuator_trnid[2 * i];
  *dofs = NULL;
  switch (m->actuator_trntype[i]) {
    case mjTRN_JOINT:
    case mjTRN_JOINTINPARENT:
      *first = m->jnt_dofadr[id];
      return df_joint_dofs(m, id);
    case mjTRN_TENDON:
      *dofs = m->ten_J_colind + m->ten_J_rowadr[id];
      return m->ten_J_rownnz[id];
    case mjTRN_SITE:
      *first = df_actuator_on_site(m, i) ? last_dof_of_site(m, id) : -1;
      return number_of_ancestors(m, *first);
    default:
      return 0;
  }
}

df_range df_control_range(const mjModel* m, int k) {
  const bool limited = m->actuator_ctrllimited[k] && !(m->opt.disableflags & mjDSBL_CLAMPCTRL);
  df_range range = {-INFINITY, INFINITY};
  if (limited) range = (df_range){m->actuator_ctrlrange[2 * k], m->actuator_ctrlrange[2 * k + 1]};
  for (int i = 0; i < m->nactuator; i++) {
    if (m->actuator_dyntype[i] != mjDYN_MUSCLE || m->actuator_ctrladr[i] != k) continue;
    range = (df_range){mju_clip(range.lo, 0, 1), mju_clip(range.hi, 0, 1)};
  }
  return range;
}

/* the part of the real line around x, which is cut at lo and hi; that between them if x is lo or hi */
static df_range part_around(double x, double lo, double hi) {
  if (x < lo) return (df_range){-INFINITY, lo};
  if (x > hi) return (df_range){hi, INFINITY};
  return (df_range){lo, hi};
}

df_range df_activation_range(const mjModel* m, int i, double act) {
  df_range range = {-INFINITY, INFINITY};
  if (m->actuator_actlimited[i]) range = part_around(act, m->actuator_actrange[2 * i], m->actuator_actrange[2 * i + 1]);
  if (m->actuator_dyntype[i] != mjDYN_MUSCLE) return range;
  const df_range muscle = part_around(act, 0, 1);
  return (df_range){fmax(range.lo, muscle.lo), fmin(range.hi, muscle.hi)};
}

static bool has_activation(const mjModel* m, int i) {
  return m->actuator_actnum[i] > 0;
}

static int count_entries(const mjModel* m, bool activated) {
  int first, n = 0;
  const int* dofs;
  for (int i = 0; i < m->nactuator; i++) {
    if (has_activation(m, i) == activated) n += pattern(m, i, &first, &dofs);
  }
  return n;
}

static void list_entries(df_actuation* a, const mjModel* m) {
  /* entries of actuators without dynamics first, then of those with dynamics */
  int next[2] = {0, a->nctrl};
  for (int i = 0; i < m->nactuator; i++) {
    const bool activated = has_activation(m, i);
    int first = 0;
    const int* dofs;
    a->start[i] = next[activated];
    a->count[i] = pattern(m, i, &first, &dofs);
    for (int k = 0, dof = first; k < a->count[i]; k++) {
      const int entry = next[activated]++;
      a->dof[entry] = dofs ? dofs[k] : dof;
      dof = df_actuator_on_site(m, i) ? m->dof_parentid[dof] : dof + 1;
      /* of several activations the last one drives the force */
      a->source[entry] = activated ? m->actuator_actadr[i] + m->actuator_actnum[i] - 1 : m->actuator_ctrladr[i];
    }
  }
}

/* s in act + s act_dot: the timestep h; for the exact filter T (1 - exp(-h/T)), the integral of its exponential */
static double step_of_rate(const mjModel* m, int i) {
  const double h = m->opt.timestep;
  if (m->actuator_dyntype[i] != mjDYN_FILTEREXACT) return h;
  const double tau = fmax(mjMINVAL, m->actuator_dynprm[mjNDYN * i]);
  return tau * (1 - exp(-h / tau));
}

static df_plain_actuator find_plain(const df_actuation* a, const mjModel* m, int i) {
  /* on a hinge or slide, without dynamics, with fixed gain and affine bias */
  const df_plain_actuator none = {.entry = -1};
  const int transmission = m->actuator_trntype[i], bias = m->actuator_biastype[i];
  if (transmission != mjTRN_JOINT && transmission != mjTRN_JOINTINPARENT) return none;
  const int joint = m->actuator_trnid[2 * i], type = m->jnt_type[joint];
  if ((type != mjJNT_HINGE && type != mjJNT_SLIDE) || has_activation(m, i) || df_actuator_disabled(m, i)) return none;
  if (m->actuator_gaintype[i] != mjGAIN_FIXED || (bias != mjBIAS_NONE && bias != mjBIAS_AFFINE)) return none;

  /* the moment is the gear */
  const double gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  const mjtNum* b = m->actuator_biasprm + mjNBIAS * i;
  return (df_plain_actuator){.entry = a->start[i],
                             .joint = joint,
                             .dof = m->jnt_dofadr[joint],
                             .by_input = gear * m->actuator_gainprm[mjNGAIN * i],
                             .by_length = bias == mjBIAS_AFFINE ? gear * gear * b[1] : 0,
                             .by_velocity = bias == mjBIAS_AFFINE ? gear * gear * b[2] : 0};
}

void df_actuation_refresh(df_actuation* a, const mjModel* m) {
  for (int i = 0; i < m->nactuator; i++) a->plain[i] = find_plain(a, m, i);
}

df_status df_actuation_build(df_actuation* a, const mjModel* m) {
  /* arrays */
  const size_t n = (size_t)m->nactuator, na = (size_t)m->na;
  a->nctrl = count_entries(m, false);
  a->nentry = a->nctrl + count_entries(m, true);
  a->dof = df_alloc((size_t)a->nentry, sizeof *a->dof);
  a->source = df_alloc((size_t)a->nentry, sizeof *a->source);
  a->start = df_alloc(n, sizeof *a->start);
  a->count = df_alloc(n, sizeof *a->count);
  a->owner = df_alloc(na, sizeof *a->owner);
  a->scale = df_alloc(na, sizeof *a->scale);
  a->plain = df_alloc(n, sizeof *a->plain);
  a->site = df_alloc(n, sizeof *a->site);
  const bool complete = a->dof && a->source && a->start && a->count && a->owner && a->scale && a->plain && a->site;
  if (!complete) return DF_E_NOMEM;

  /* entries and constant slopes */
  list_entries(a, m);
  df_actuation_refresh(a, m);

  /* actuators on sites */
  for (int i = 0; i < m->nactuator; i++) {
    if (df_actuator_on_site(m, i)) a->site[a->nsite++] = i;
  }

  /* activations */
  for (int i = 0; i < m->nactuator; i++) {
    for (int k = 0; k < m->actuator_actnum[i]; k++) {
      a->owner[m->actuator_actadr[i] + k] = i;
      a->scale[m->actuator_actadr[i] + k] = step_of_rate(m, i);
    }
  }
  return DF_OK;
}

void df_actuation_free(df_actuation* a) {
  int* const arrays[] = {a->dof, a->source, a->start, a->count, a->owner, a->site};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
  df_free(a->scale);
  df_free(a->plain);
}
