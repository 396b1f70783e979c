/* the active set of a step (contacts, limits, dry friction, equalities, clamps) and the difference between two sets */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "gradcheck_internal.h"
#include "mujoco_error.h"

static const double IMPACT_SPEED = 0.1, SLIP_SPEED = 0.02, ROLLING_SPEED = 0.1; /* m/s, m/s, rad/s */

/* ---- list of entries ---- */

void df_active_set_free(df_active_set* set) {
  df_free(set->entries);
  *set = (df_active_set){0};
}

static df_status append(df_active_set* set, df_active_entry entry) {
  if (set->n == set->capacity) {
    const int capacity = set->capacity ? 2 * set->capacity : 64;
    df_active_entry* entries = df_alloc((size_t)capacity, sizeof *entries);
    if (!entries) return DF_E_NOMEM;
    if (set->n) memcpy(entries, set->entries, (size_t)set->n * sizeof *entries);
    df_free(set->entries);
    set->entries = entries;
    set->capacity = capacity;
  }
  set->entries[set->n++] = entry;
  return DF_OK;
}

/* ---- contacts ---- */

/* The impedance is piecewise in the distance from the margin: one power below the midpoint (0), another up to the width
 * (1), constant beyond (2). */
static int impedance_piece(const mjData* d, int row, const mjtNum* solimp) {
  const double x = fabs(d->efc_pos[row] - d->efc_margin[row]) / fmax(mjMINVAL, solimp[2]);
  return x >= 1 ? 2 : x > solimp[3];
}

/* Code of the feature of a box or capsule that touches: per axis of the box, or for the axis of the capsule, 0 if the
 * point is inside and 1 or 2 if it is at one end, as digits in base 3. 0 for other shapes. */
static int touching_feature(const mjModel* m, const mjData* d, const mjContact* c, int side) {
  const int geom = c->geom[side];
  if (geom < 0 || (m->geom_type[geom] != mjGEOM_CAPSULE && m->geom_type[geom] != mjGEOM_BOX)) return 0;
  const bool box = m->geom_type[geom] == mjGEOM_BOX;
  /* offset from the contact point along the normal to the box's surface, or to the capsule's segment */
  const mjtNum* size = m->geom_size + 3 * geom;
  const double reach = (side == 0 ? -1 : 1) * (0.5 * c->dist + (box ? 0 : size[0]));

  /* position along each axis */
  int feature = 0;
  for (int axis = box ? 0 : 2; axis < 3; axis++) {
    const double half = box ? size[axis] : size[1];
    double along = 0;
    for (int k = 0; k < 3; k++)
      along += d->geom_xmat[9 * geom + 3 * k + axis] * (c->pos[k] + reach * c->frame[k] - d->geom_xpos[3 * geom + k]);
    feature = 3 * feature + (along <= -half * (1 - 1e-9) ? 1 : along >= half * (1 - 1e-9) ? 2 : 0);
  }
  return feature;
}

static bool pushes(const mjData* d, int row) {
  return d->efc_state[row] == mjCNSTRSTATE_QUADRATIC || d->efc_state[row] == mjCNSTRSTATE_CONE;
}

typedef struct contact_view {
  unsigned edges;    /* bit set of the active rows of a pyramid; else whether the contact pushes */
  bool live, sticks; /* live: pushes */
  double approach;   /* m/s, positive when the bodies approach each other */
  double slip;       /* m/s, tangential; infinite without friction */
} contact_view;

static contact_view view_contact(const mjData* d, const mjContact* c) {
  const int row = c->efc_address, type = d->efc_type[row];
  contact_view view = {.approach = -d->efc_vel[row]};
  /* rows of a pyramid are normal +- mu tangent; otherwise the rows are normal and tangents */
  if (type == mjCNSTR_CONTACT_PYRAMIDAL) {
    const int n = 2 * (c->dim - 1);
    for (int i = 0; i < n; i++) view.edges |= (unsigned)pushes(d, row + i) << i;
    view.live = view.edges != 0;
    view.sticks = view.edges == (1u << n) - 1;
    view.approach = -0.5 * (d->efc_vel[row] + d->efc_vel[row + 1]);
    for (int k = 0; k < 2 && k < c->dim - 1; k++)
      view.slip = hypot(view.slip, (d->efc_vel[row + 2 * k] - d->efc_vel[row + 2 * k + 1]) / (2 * c->friction[k]));
  } else {
    view.live = pushes(d, row);
    view.sticks = type == mjCNSTR_CONTACT_ELLIPTIC && d->efc_state[row] == mjCNSTRSTATE_QUADRATIC;
    view.edges = view.live;
    view.slip = type == mjCNSTR_CONTACT_ELLIPTIC ? hypot(d->efc_vel[row + 1], d->efc_vel[row + 2]) : INFINITY;
  }
  return view;
}

/* component across the normal of the relative angular velocity of the two bodies, rad/s */
static double turning_speed(const mjModel* m, const mjData* d, const mjContact* c) {
  double w[3], across = 0, along = 0;
  for (int k = 0; k < 3; k++) {
    w[k] = 0;
    if (c->geom[1] >= 0) w[k] += d->cvel[6 * m->geom_bodyid[c->geom[1]] + k];
    if (c->geom[0] >= 0) w[k] -= d->cvel[6 * m->geom_bodyid[c->geom[0]] + k];
    along += w[k] * c->frame[k];
  }
  for (int k = 0; k < 3; k++) across += (w[k] - along * c->frame[k]) * (w[k] - along * c->frame[k]);
  return sqrt(across);
}

/* identifies a contact by its geoms and its number among the contacts of these geoms */
static int64_t contact_name(const mjData* d, int index) {
  const mjContact* c = &d->contact[index];
  int64_t before = 0;
  for (int i = 0; i < index; i++) {
    const mjContact* other = &d->contact[i];
    before += other->efc_address >= 0 && other->geom[0] == c->geom[0] && other->geom[1] == c->geom[1];
  }
  return ((int64_t)c->geom[0] << 40) + ((int64_t)c->geom[1] << 16) + before;
}

static df_status add_contacts(const mjModel* m, const mjData* d, df_active_set* set, df_active* counts) {
  for (int i = 0; i < d->ncon; i++) {
    const mjContact* c = &d->contact[i];
    if (c->efc_address < 0) continue;
    const contact_view view = view_contact(d, c);
    if (!view.live) continue;

    /* counts */
    counts->contacts++;
    counts->impacts += view.approach > IMPACT_SPEED;
    counts->sticking += view.sticks;
    counts->sliding += !view.sticks;
    counts->rolling += view.slip < SLIP_SPEED && turning_speed(m, d, c) > ROLLING_SPEED;

    /* entry */
    if (!set) continue;
    DF_TRY(append(set, (df_active_entry){.kind = ENTRY_CONTACT,
                                         .who = contact_name(d, i),
                                         .state = view.edges,
                                         .sticks = view.sticks,
                                         .piece = impedance_piece(d, c->efc_address, c->solimp),
                                         .feature = 27 * touching_feature(m, d, c, 0) + touching_feature(m, d, c, 1)}));
  }
  return DF_OK;
}

/* ---- equalities, dry friction, limits, clamps ---- */

static df_status add_rows(const mjModel* m, const mjData* d, df_active_set* set, df_active* counts) {
  for (int row = 0; row < d->nefc; row++) {
    const int type = d->efc_type[row], state = d->efc_state[row];
    const int64_t who = 2 * (int64_t)d->efc_id[row];
    df_active_entry entry = {.state = (unsigned)state};
    /* equalities are always active */
    if (type == mjCNSTR_EQUALITY) {
      counts->equalities++;
      entry.kind = ENTRY_EQUALITY;
      entry.who = row;
      entry.piece = impedance_piece(d, row, m->eq_solimp + mjNIMP * d->efc_id[row]);
      if (set) DF_TRY(append(set, entry));
    }
    /* dry friction sticks or slides */
    if (type == mjCNSTR_FRICTION_DOF || type == mjCNSTR_FRICTION_TENDON) {
      entry.sticks = state == mjCNSTRSTATE_QUADRATIC;
      counts->dry_sticking += entry.sticks;
      counts->dry_sliding += !entry.sticks;
      entry.kind = ENTRY_DRY;
      entry.who = who + (type == mjCNSTR_FRICTION_TENDON);
      if (set) DF_TRY(append(set, entry));
    }
    /* limits that push */
    if ((type == mjCNSTR_LIMIT_JOINT || type == mjCNSTR_LIMIT_TENDON) && pushes(d, row)) {
      counts->limits++;
      entry.kind = ENTRY_LIMIT;
      entry.who = who + (type == mjCNSTR_LIMIT_TENDON);
      const mjtNum* solimp = type == mjCNSTR_LIMIT_TENDON ? m->tendon_solimp_lim : m->jnt_solimp;
      entry.piece = impedance_piece(d, row, solimp + mjNIMP * d->efc_id[row]);
      if (set) DF_TRY(append(set, entry));
    }
  }
  return DF_OK;
}

/* 0 inside, 1 at or below the range, 2 at or above it */
static unsigned side_of(double x, const mjtNum range[2]) {
  return x <= range[0] ? 1 : x >= range[1] ? 2 : 0;
}

static df_status add_side(df_active_set* set, int64_t who, unsigned side, int* count) {
  *count += side != 0;
  if (!set || side == 0) return DF_OK;
  return append(set, (df_active_entry){.kind = ENTRY_CLAMP, .who = who, .state = side});
}

static df_status add_clamps(const mjModel* m, const mjData* d, df_active_set* set, df_active* counts) {
  const int nu = (int)m->nu;
  /* actuators: control, force, activation */
  for (int i = 0; i < nu; i++) {
    const bool clamps = m->actuator_ctrllimited[i] && !(m->opt.disableflags & mjDSBL_CLAMPCTRL);
    const int last = m->actuator_actadr[i] + m->actuator_actnum[i] - 1;
    if (clamps) DF_TRY(add_side(set, i, side_of(d->ctrl[i], m->actuator_ctrlrange + 2 * i), &counts->clamped));
    if (m->actuator_forcelimited[i])
      DF_TRY(add_side(set, nu + i, side_of(d->actuator_force[i], m->actuator_forcerange + 2 * i), &counts->saturated));
    if (m->actuator_actlimited[i] && m->actuator_actadr[i] >= 0)
      DF_TRY(add_side(set, 2 * nu + i, side_of(d->act[last], m->actuator_actrange + 2 * i), &counts->clamped));
  }

  /* joints: actuator force */
  for (int j = 0; j < m->njnt; j++) {
    if (!m->jnt_actfrclimited[j]) continue;
    const double force = d->qfrc_actuator[m->jnt_dofadr[j]];
    DF_TRY(add_side(set, 3 * nu + j, side_of(force, m->jnt_actfrcrange + 2 * j), &counts->saturated));
  }
  return DF_OK;
}

/* re-evaluates the constraint states at the solution, since the solver may leave others */
static df_status settle_states(const mjModel* m, mjData* d) {
  if (d->nefc == 0) return DF_OK;
  double* jar = df_alloc((size_t)d->nefc, sizeof *jar);
  if (!jar) return DF_E_NOMEM;
  mj_mulJacVec(m, d, jar, d->qacc);
  for (int i = 0; i < d->nefc; i++) jar[i] -= d->efc_aref[i];
  mj_constraintUpdate(m, d, jar, NULL, 0);
  df_free(jar);
  return DF_OK;
}

static int larger(int a, int b) {
  return a > b ? a : b;
}

/* member-wise maximum */
static void keep_most(df_active* most, const df_active* now) {
  most->rows = larger(most->rows, now->rows);
  most->contacts = larger(most->contacts, now->contacts);
  most->impacts = larger(most->impacts, now->impacts);
  most->sticking = larger(most->sticking, now->sticking);
  most->sliding = larger(most->sliding, now->sliding);
  most->rolling = larger(most->rolling, now->rolling);
  most->limits = larger(most->limits, now->limits);
  most->dry_sticking = larger(most->dry_sticking, now->dry_sticking);
  most->dry_sliding = larger(most->dry_sliding, now->dry_sliding);
  most->equalities = larger(most->equalities, now->equalities);
  most->clamped = larger(most->clamped, now->clamped);
  most->saturated = larger(most->saturated, now->saturated);
}

/* counts and, unless `set` is NULL, appends the entries of the simulator's last physics step */
static df_status read_step(df_sim* sim, df_active_set* set, df_active* counts) {
  const mjModel* m = sim->system->model;
  mjData* d = sim->data;
  *counts = (df_active){.rows = (int)d->nefc};
  DF_TRY(settle_states(m, d));
  DF_TRY(add_contacts(m, d, set, counts));
  DF_TRY(add_rows(m, d, set, counts));
  return add_clamps(m, d, set, counts);
}

df_active df_mujoco_active(df_sim* sim) {
  df_active counts = {0};
  if (sim->needs_reset || sim->system->closed || read_step(sim, NULL, &counts) != DF_OK) return (df_active){0};
  return counts;
}

/* ---- physics steps of an action ---- */

df_status df_active_probe_init(df_active_probe* probe, const df_system* system) {
  *probe = (df_active_probe){.single = *as_mujoco(system)};
  probe->substeps = probe->single.substeps;
  probe->single.substeps = 1;
  probe->x = df_alloc((size_t)system->nx, sizeof *probe->x);
  if (!probe->x) return DF_E_NOMEM;
  return df_sim_new(&probe->single.base, 0, &probe->sim);
}

void df_active_probe_free(df_active_probe* probe) {
  if (probe->sim) df_sim_free(&probe->single.base, probe->sim);
  df_free(probe->x);
  *probe = (df_active_probe){0};
}

static int by_name(const void* a, const void* b) {
  const df_active_entry *x = a, *y = b;
  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  return (x->who > y->who) - (x->who < y->who);
}

df_status df_active_probe_step(df_active_probe* probe, const double* x, const double* u, df_active_set* set,
                               df_traj_end* end) {
  const df_system* s = &probe->single.base;
  set->n = 0;
  set->counts = (df_active){0};
  s->ops->reset(probe->sim, x);
  for (int i = 0; i < probe->substeps; i++) {
    const int first = set->n;
    df_active counts;
    *end = s->ops->step(probe->sim, u, probe->x);
    if (*end != DF_TRAJ_COMPLETE) return DF_OK;
    DF_TRY(read_step(probe->sim, set, &counts));
    keep_most(&set->counts, &counts);
    /* entries of different physics steps are different: the top byte is the number of the step */
    for (int k = first; k < set->n; k++) set->entries[k].who += (int64_t)i << 56;
  }
  if (set->n > 1) qsort(set->entries, (size_t)set->n, sizeof *set->entries, by_name);
  return DF_OK;
}

/* ---- differences between two sets ---- */

/* kind of difference between an entry of two sets; one of a and b may be NULL (not active) */
static df_kink cause_of(const df_active_entry* a, const df_active_entry* b) {
  const df_active_entry* any = a ? a : b;
  if (a && b && a->state == b->state && a->sticks == b->sticks)
    return a->piece != b->piece ? DF_KINK_IMPEDANCE : a->feature != b->feature ? DF_KINK_FEATURE : DF_KINK_NONE;
  switch (any->kind) {
    case ENTRY_CONTACT:
      if (!a || !b) return DF_KINK_CONTACT;
      return a->sticks != b->sticks ? DF_KINK_STICK_SLIP : DF_KINK_CONE;
    case ENTRY_DRY:
      return DF_KINK_STICK_SLIP;
    case ENTRY_LIMIT:
      return DF_KINK_LIMIT;
    default:
      return DF_KINK_CLAMP;
  }
}

df_kink df_active_difference(const df_active_set* a, const df_active_set* b) {
  df_kink first = DF_KINK_NONE;
  /* merge the two sorted lists */
  int i = 0, k = 0;
  while (i < a->n || k < b->n) {
    const df_active_entry *x = i < a->n ? &a->entries[i] : NULL, *y = k < b->n ? &b->entries[k] : NULL;
    const int order = !x ? 1 : !y ? -1 : by_name(x, y);
    const df_kink cause = cause_of(order <= 0 ? x : NULL, order >= 0 ? y : NULL);
    if (cause != DF_KINK_NONE && (first == DF_KINK_NONE || cause < first)) first = cause;
    i += order <= 0;
    k += order >= 0;
  }
  return first;
}

const char* df_kink_name(df_kink kink) {
  static const char* const names[] = {
#define KINK_NAME(name, text) text,
      DF_KINK_LIST(KINK_NAME)
#undef KINK_NAME
  };
  return kink >= 0 && kink < DF_KINK_COUNT ? names[kink] : "?";
}

/* ---- MuJoCo's own derivative ---- */

typedef struct transition_job {
  df_sim* sim;
  const double* u;
  const df_transition* out;
} transition_job;

static void transition(void* argument) {
  const transition_job* job = argument;
  const mjModel* m = job->sim->system->model;
  mjData* d = job->sim->data;
  mju_copy(d->ctrl, job->u, (int)m->nu);
  /* warm-start every column from the solution at the state, as MuJoCo's documentation advises */
  mj_forward(m, d);
  mju_copy(d->qacc_warmstart, d->qacc, (int)m->nv);
  mjd_transitionFD(m, d, job->out->eps, job->out->centred, job->out->A, job->out->B, NULL, NULL);
}

bool df_mujoco_transition(const df_system* system, df_sim* sim, const double* x, const double* u,
                          const df_transition* out) {
  const mjModel* m = as_mujoco(system)->model;
  if (m->opt.integrator == mjINT_RK4 || m->nhistory > 0 || as_mujoco(system)->closed) return false;
  transition_job job = {.sim = sim, .u = u, .out = out};
  system->ops->reset(sim, x);
  const bool done = df_mujoco_guarded(transition, &job);
  sim->needs_reset |= !done;
  return done;
}
