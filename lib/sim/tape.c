#include "tape.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "record.h"

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

void df_tape_rewind(df_tape* tape) {
  tape->used = 0;
  tape->count = 0;
}

unsigned char* df_tape_extend(df_tape* tape, size_t bytes) {
  if (tape->used + bytes > tape->capacity) {
    size_t capacity = tape->capacity ? tape->capacity : FIRST_STEP_BYTES * (size_t)tape->length;
    while (capacity < tape->used + bytes) capacity *= 2;
    unsigned char* arena = df_alloc(capacity, 1);
    if (!arena) return NULL;
    if (tape->used) memcpy(arena, tape->arena, tape->used);
    df_free(tape->arena);
    tape->arena = arena;
    tape->capacity = capacity;
  }
  unsigned char* room = tape->arena + tape->used;
  tape->used += bytes;
  return room;
}

/* ---- the fixed part of a step ---- */

static df_record_part lay_out(const df_mujoco* system, double* base) {
  const mjModel* m = system->model;
  const size_t nv = (size_t)m->nv;
  df_record_part part = {.n = 0};
  struct {
    double** array;
    size_t n;
  } plan[] = {{&part.velocity, nv},
              {&part.velocity_next, nv},
              {&part.acceleration, nv},
              {&part.cdof, 6 * nv},
              {&part.inertia, 10 * (size_t)system->tree.nnode},
              {&part.mass, (size_t)m->nC},
              {&part.row_mass, nv},
              {&part.stiffness, nv},
              {&part.damping, nv},
              {&part.implicit, nv},
              {&part.gain, (size_t)m->nu}};
  for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
    *plan[i].array = base + part.n;
    part.n += plan[i].n;
  }
  return part;
}

static size_t fixed_size(const df_mujoco* system) {
  const mjModel* m = system->model;
  const size_t nv = (size_t)m->nv;
  return 13 * nv + 10 * (size_t)system->tree.nnode + (size_t)m->nC + (size_t)m->nu;
}

df_step_record df_tape_read(const df_tape* tape, const df_mujoco* system, int step) {
  const df_tape_step* s = &tape->steps[step];
  double* base = (double*)(void*)(tape->arena + s->at);
  const df_record_part p = lay_out(system, base);
  return (df_step_record){.velocity = p.velocity,
                          .velocity_next = p.velocity_next,
                          .acceleration = p.acceleration,
                          .cdof = p.cdof,
                          .inertia = p.inertia,
                          .mass = p.mass,
                          .row_mass = p.row_mass,
                          .stiffness = p.stiffness,
                          .damping = p.damping,
                          .implicit = p.implicit,
                          .gain = p.gain,
                          .contacts = (const unsigned char*)(base + p.n),
                          .ncontact = s->ncontact,
                          .damped = s->damped,
                          .crosses = s->crosses};
}

static void record_inertia(const df_mujoco* system, const mjData* d, double* inertia) {
  memset(inertia, 0, 10 * (size_t)system->tree.nnode * sizeof *inertia);
  for (int b = 1; b < system->model->nbody; b++) {
    double* to = inertia + 10 * system->tree.body_node[b];
    for (int k = 0; k < 10; k++) to[k] += d->cinert[10 * b + k];
  }
}

/* Contacts may move the arena, and `part` with it. */
static df_status record_rows(df_tape* tape, const df_mujoco* system, const mjData* d, df_record_part* part,
                             df_tape_step* step) {
  int row = df_record_dof_rows(system->model, d, part);
  while (row < d->nefc) DF_TRY(df_record_contact(tape, system, d, row, step, &row));
  return DF_OK;
}

/* the solver need not leave states, forces and cone Hessians of the solution it returns. The end of the arena serves
 * as scratch memory. */
static df_status update_constraints(df_tape* tape, const mjModel* m, mjData* d) {
  if (d->nefc == 0) return DF_OK;
  const size_t bytes = (size_t)d->nefc * sizeof(mjtNum);
  mjtNum* jar = (mjtNum*)(void*)df_tape_extend(tape, bytes);
  if (!jar) return DF_E_NOMEM;
  tape->used -= bytes;
  mj_mulJacVec(m, d, jar, d->qacc);
  for (int i = 0; i < d->nefc; i++) jar[i] -= d->efc_aref[i];
  mj_constraintUpdate(m, d, jar, NULL, 1);
  return DF_OK;
}

df_status df_tape_record(df_tape* tape, const df_mujoco* system, mjData* d, const double* v_before) {
  const mjModel* m = system->model;
  const int nv = (int)m->nv;
  DF_TRY(update_constraints(tape, m, d));
  df_tape_step* step = &tape->steps[tape->count];
  *step = (df_tape_step){.at = tape->used};
  unsigned char* room = df_tape_extend(tape, fixed_size(system) * sizeof(double));
  if (!room) return DF_E_NOMEM;

  df_record_part part = lay_out(system, (double*)(void*)room);
  mju_copy(part.velocity, v_before, nv);
  mju_copy(part.velocity_next, d->qvel, nv);
  mju_copy(part.acceleration, d->qacc, nv);
  mju_copy(part.cdof, d->cdof, 6 * nv);
  mju_copy(part.mass, d->M, (int)m->nC);
  record_inertia(system, d, part.inertia);
  df_record_passive(m, &part);
  df_record_actuators(m, d, &part);
  for (int k = 0; k < nv; k++) step->damped |= part.implicit[k] != 0;

  DF_TRY(record_rows(tape, system, d, &part, step));
  tape->count++;
  return DF_OK;
}
