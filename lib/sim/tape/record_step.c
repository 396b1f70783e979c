/* one physics step onto the tape: every part of a record, in the order in which it is read back */
#include "dynaflow/core/assert.h"
#include "impedance.h"
#include "parameter_record.h"
#include "record.h"

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

/* whether iterating over the new record ends exactly at each recorded offset */
static bool walks_to_the_end(const df_tape* tape, const df_mujoco* system) {
  const df_tape_step* step = &tape->steps[tape->count];
  const df_step_record r = df_tape_read(tape, system, tape->count);
  const df_row_record* row = first_row(&r);
  const df_weld_record* weld = first_weld(&r);
  const df_contact_record* contact = first_contact(&r);
  for (int i = 0; i < step->nrow; i++) row = next_row(row);
  for (int i = 0; i < step->nweld; i++) weld = next_weld(weld);
  for (int i = 0; i < step->ncontact; i++) contact = next_contact(contact);
  return (const unsigned char*)row == tape->arena + step->welds_at &&
         (const unsigned char*)weld == tape->arena + step->contacts_at &&
         (const unsigned char*)contact == tape->arena + tape->used;
}

df_status df_tape_record(df_tape* tape, const df_mujoco* system, mjData* d, const double* before) {
  DF_ASSERT(tape->count < tape->length);
  DF_ASSERT(d->ne >= 0 && d->nf >= 0 && d->nl >= 0 && d->ne + d->nf + d->nl <= d->nefc);
  DF_TRY(update_constraints(tape, system->model, d));

  /* open a record behind the last one */
  df_tape_step* step = &tape->steps[tape->count];
  *step = (df_tape_step){.at = tape->used, .damped = system->joint_forces.damped};
  unsigned char* room = df_tape_extend(tape, df_record_fixed_size(system) * sizeof(double));
  if (!room) return DF_E_NOMEM;

  /* fixed part, before anything else extends the tape and moves the arena */
  record_fixed_part(system, d, before, df_record_lay_out(system, (double*)(void*)room));
  for (int row = 0; row < d->nefc; row++) step->constrained |= df_row_active(d, row);

  /* couplings and tendons */
  DF_TRY(df_record_equality_rows(tape, system, d, before, step));
  DF_TRY(df_record_tendons(tape, system, d, before, step));

  /* connect and weld equalities */
  step->welds_at = tape->used;
  DF_TRY(df_record_welds(tape, system, d, step));

  /* contacts, whose rows follow those of equalities, dry friction and limits */
  step->contacts_at = tape->used;
  for (int row = d->ne + d->nf + d->nl; row < d->nefc;) DF_TRY(df_record_contact(tape, system, d, row, step, &row));
  DF_ASSERT(walks_to_the_end(tape, system));

  /* derivatives by parameters, which read the record written so far */
  if (system->nparameter) DF_TRY(df_record_parameters(tape, system, d, tape->count));
  tape->count++;
  return DF_OK;
}
