/* layout of a record in the arena */
#include "dynaflow/core/assert.h"
#include "record.h"

/* array lengths used by DF_RECORD_PARTS; 0 where a model needs no such array */
typedef struct sizes {
  size_t nv, na, stage_na, nC, factor_nC, factor_nv, node, entry, curved_nv, curved_entry, block, site, compensation;
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
                 .site = (size_t)system->actuation.nsite,
                 .compensation = df_compensates_gravity(m) ? 4 * (size_t)system->tree.nnode : 0};
}

size_t df_record_fixed_size(const df_mujoco* system) {
  const sizes s = sizes_of(system);
#define ADD(name, n) +(n)
  return 0 DF_RECORD_PARTS(ADD);
#undef ADD
}

df_record_part df_record_lay_out(const df_mujoco* system, double* base) {
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
  return df_record_lay_out(system, (double*)(void*)(tape->arena + tape->steps[step].at));
}

df_step_record df_tape_read(const df_tape* tape, const df_mujoco* system, int step) {
  DF_ASSERT(step >= 0 && step <= tape->count && step < tape->length);
  const df_tape_step* s = &tape->steps[step];
  const df_record_part p = df_tape_part(tape, system, step);
  DF_ASSERT(s->at + p.n * sizeof(double) <= s->welds_at);
  DF_ASSERT(s->welds_at <= s->contacts_at && s->contacts_at <= tape->used);
#define POINT(name, size) .name = p.name,
  df_step_record record = {DF_RECORD_PARTS(POINT)};
#undef POINT
  record.rows = tape->arena + s->at + p.n * sizeof(double);
  record.welds = tape->arena + s->welds_at;
  record.contacts = tape->arena + s->contacts_at;
  record.parameters = tape->arena + s->parameters_at;
  record.nrow = s->nrow;
  record.nweld = s->nweld;
  record.ncontact = s->ncontact;
  record.damped = s->damped;
  record.constrained = s->constrained;
  record.crosses = s->crosses;
  return record;
}
