#include "tape.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "parameter_record.h"

enum { FIRST_STEP_BYTES = 8192 };

df_status df_tape_init(df_tape* tape, const df_mujoco* system, int physics_steps) {
  (void)system;
  tape->length = physics_steps;
  tape->steps = df_alloc((size_t)physics_steps, sizeof *tape->steps);
  return tape->steps ? DF_OK : DF_E_NOMEM;
}

void df_tape_free(df_tape* tape) {
  df_free(tape->arena);
  df_free(tape->steps);
  *tape = (df_tape){0};
}

static void drop_arena(df_tape* tape) {
  df_free(tape->arena);
  tape->arena = NULL;
  tape->used = tape->capacity = 0;
}

void df_tape_bound(df_tape* tape, size_t limit) {
  drop_arena(tape);
  tape->limit = limit;
}

void df_tape_rewind(df_tape* tape) {
  tape->used = 0;
  tape->count = 0;
  /* growing needs the old and the new arena at once, so only an empty tape can grow to its whole limit */
  if (tape->full && tape->capacity < tape->limit) {
    drop_arena(tape);
    tape->arena = df_alloc(tape->limit, 1);
    tape->capacity = tape->arena ? tape->limit : 0;
  }
  tape->full = false;
}

unsigned char* df_tape_extend(df_tape* tape, size_t bytes) {
  const size_t needed = tape->used + bytes;
  if (needed > tape->capacity) {
    /* double the capacity until the request fits */
    size_t capacity = tape->capacity ? tape->capacity : FIRST_STEP_BYTES * (size_t)tape->length;
    while (capacity < needed) capacity *= 2;

    /* stay within the limit while old and new arena exist at once */
    if (tape->limit != 0) {
      const size_t left = tape->limit - tape->capacity;
      if (capacity > left) capacity = left;
      tape->full = capacity < needed;
      if (tape->full) return NULL;
    }

    /* move the contents */
    unsigned char* arena = df_alloc(capacity, 1);
    if (!arena) return NULL;
    if (tape->used) memcpy(arena, tape->arena, tape->used);
    df_free(tape->arena);
    tape->arena = arena;
    tape->capacity = capacity;
  }
  unsigned char* room = tape->arena + tape->used;
  tape->used = needed;
  return room;
}

/* ---- layout of the fixed part of a record ---- */

/* array lengths used by DF_RECORD_PARTS; 0 where a model needs no such array */
typedef struct sizes {
  size_t nv, na, stage_na, nC, factor_nC, factor_nv, node, entry, curved_nv, curved_entry, block, compensation;
} sizes;

static sizes sizes_of(const df_mujoco* system) {
  const mjModel* m = system->model;
  const size_t nv = (size_t)m->nv, entry = (size_t)system->actuation.nentry;
  const bool curved = system->joint_forces.curved, euler = m->opt.integrator == mjINT_EULER;
  /* under Euler a changed parameter may add a damper while a tape is in use */
  const bool damped = system->joint_forces.damped || (euler && system->nparameter > 0);
  return (sizes){.nv = nv,
                 .na = (size_t)m->na,
                 .stage_na = m->opt.integrator == mjINT_RK4 ? (size_t)m->na : 0,
                 .nC = (size_t)m->nC,
                 .factor_nC = damped ? (size_t)m->nC : 0,
                 .factor_nv = damped ? nv : 0,
                 .node = (size_t)system->tree.nnode,
                 .entry = entry,
                 .curved_nv = curved ? nv : 0,
                 .curved_entry = curved ? entry : 0,
                 .block = (size_t)system->joint_forces.total,
                 .compensation = df_compensates_gravity(m) ? 4 * (size_t)system->tree.nnode : 0};
}

static size_t fixed_size(const df_mujoco* system) {
  const sizes s = sizes_of(system);
#define ADD(name, n) +(n)
  return 0 DF_RECORD_PARTS(ADD);
#undef ADD
}

static df_record_part lay_out(const df_mujoco* system, double* base) {
  const sizes s = sizes_of(system);
  df_record_part part = {.n = 0};
#define PLACE(name, size)    \
  part.name = base + part.n; \
  part.n += (size);
  DF_RECORD_PARTS(PLACE)
#undef PLACE
  return part;
}

df_record_part df_tape_part(const df_tape* tape, const df_mujoco* system, int step) {
  return lay_out(system, (double*)(void*)(tape->arena + tape->steps[step].at));
}

df_step_record df_tape_read(const df_tape* tape, const df_mujoco* system, int step) {
  const df_tape_step* s = &tape->steps[step];
  const df_record_part p = df_tape_part(tape, system, step);
#define POINT(name, size) .name = p.name,
  df_step_record record = {DF_RECORD_PARTS(POINT)};
#undef POINT
  record.rows = tape->arena + s->at + p.n * sizeof(double);
  record.ties = tape->arena + s->ties_at;
  record.contacts = tape->arena + s->contacts_at;
  record.parameters = tape->arena + s->parameters_at;
  record.nrow = s->nrow;
  record.ntie = s->ntie;
  record.ncontact = s->ncontact;
  record.damped = s->damped;
  record.constrained = s->constrained;
  record.crosses = s->crosses;
  return record;
}

/* ---- recording ---- */

/* the solver may leave constraint states, forces and cone Hessians that are not those of the solution it returns */
static df_status update_constraints(df_tape* tape, const mjModel* m, mjData* d) {
  if (d->nefc == 0) return DF_OK;
  /* the free end of the arena is scratch memory for J qacc - aref */
  const size_t bytes = (size_t)d->nefc * sizeof(mjtNum);
  mjtNum* jar = (mjtNum*)(void*)df_tape_extend(tape, bytes);
  if (!jar) return DF_E_NOMEM;
  tape->used -= bytes;
  mj_mulJacVec(m, d, jar, d->qacc);
  for (int i = 0; i < d->nefc; i++) jar[i] -= d->efc_aref[i];
  mj_constraintUpdate(m, d, jar, NULL, 1);
  return DF_OK;
}

/* rigid bodies and the forces of single joints: everything whose size the model fixes */
static void record_fixed_part(const df_mujoco* system, const mjData* d, const double* before, df_record_part part) {
  const mjModel* m = system->model;
  const int nv = (int)m->nv, *node = system->tree.body_node;

  /* velocities and acceleration */
  mju_copy(part.velocity, before + m->nq, nv);
  mju_copy(part.velocity_next, d->qvel, nv);
  mju_copy(part.acceleration, d->qacc, nv);

  /* motion axes, M, and M + h B as the integrator factorized it */
  mju_copy(part.cdof, d->cdof, 6 * nv);
  mju_copy(part.mass, d->M, (int)m->nC);
  if (system->joint_forces.damped) {
    mju_copy(part.factor, d->qH, (int)m->nC);
    mju_copy(part.factor_inverse, d->qHDiagInv, nv);
  }

  /* spatial inertia per node */
  mju_zero(part.inertia, 10 * system->tree.nnode);
  for (int b = 1; b < m->nbody; b++) {
    double* to = part.inertia + 10 * node[b];
    for (int k = 0; k < 10; k++) to[k] += d->cinert[10 * b + k];
  }

  /* gravity compensation per node: first moment and sum of the compensated mass */
  if (df_compensates_gravity(m)) {
    mju_zero(part.compensation, 4 * system->tree.nnode);
    for (int b = 1; b < m->nbody; b++) {
      double* to = part.compensation + 4 * node[b];
      const double mass = m->body_gravcomp[b] * m->body_mass[b];
      for (int k = 0; k < 3; k++) to[k] += mass * (d->xipos[3 * b + k] - d->subtree_com[3 * m->body_rootid[b] + k]);
      to[3] += mass;
    }
  }

  /* springs, dampers, actuators, dry friction and limits of single joints */
  df_record_passive(system, before, &part);
  df_record_actuators(system, d, before, &part);
  df_record_dof_rows(system, d, before, &part);
}

df_status df_tape_record(df_tape* tape, const df_mujoco* system, mjData* d, const double* before) {
  DF_TRY(update_constraints(tape, system->model, d));

  /* open a record behind the last one */
  df_tape_step* step = &tape->steps[tape->count];
  *step = (df_tape_step){.at = tape->used, .damped = system->joint_forces.damped};
  unsigned char* room = df_tape_extend(tape, fixed_size(system) * sizeof(double));
  if (!room) return DF_E_NOMEM;

  /* fixed part, before anything else extends the tape and moves the arena */
  record_fixed_part(system, d, before, lay_out(system, (double*)(void*)room));
  for (int row = 0; row < d->nefc; row++) step->constrained |= df_row_active(d, row);

  /* couplings and tendons */
  DF_TRY(df_record_equality_rows(tape, system, d, before, step));
  DF_TRY(df_record_tendons(tape, system, d, before, step));

  /* connect and weld equalities */
  step->ties_at = tape->used;
  DF_TRY(df_record_ties(tape, system, d, step));

  /* contacts, whose rows follow those of equalities, dry friction and limits */
  step->contacts_at = tape->used;
  for (int row = d->ne + d->nf + d->nl; row < d->nefc;) DF_TRY(df_record_contact(tape, system, d, row, step, &row));

  /* derivatives by parameters, which read the record written so far */
  if (system->nparameter) DF_TRY(df_record_parameters(tape, system, d, tape->count));
  tape->count++;
  return DF_OK;
}
