/* physics steps forward, recorded on the tape where the adjoint will need them */
#include <math.h>

#include "dynaflow/core/limits.h"
#include "mujoco_error.h"
#include "rk4.h"
#include "simulator.h"

typedef struct action_job {
  df_sim* sim;
  const mjModel* model; /* the system's, or `converged` */
  const double* u;      /* [nu] */
  int steps;            /* number of physics steps */
  bool record;          /* append the steps to the tape */
  df_traj_end end;      /* result */
} action_job;

/* Whether MuJoCo left out contacts or constraints for lack of memory, which it only warns of; then reports the error,
 * because the step is not that of the model. */
static bool ran_out_of_memory(const mjData* d) {
  const bool contacts = d->warning[mjWARN_CONTACTFULL].number > 0;
  if (!contacts && d->warning[mjWARN_CNSTRFULL].number == 0) return false;
  (void)df_fail(DF_E_SIM, "MuJoCo arena too small for %s (%zu bytes): increase <size memory>",
                contacts ? "the contacts" : "the constraints", (size_t)d->narena);
  return true;
}

static bool warned(const mjData* d) {
  for (int i = 0; i < mjNWARNING; i++) {
    if (d->warning[i].number > 0) return true;
  }
  return false;
}

static bool state_is_sane(const mjModel* m, const mjData* d) {
  return df_within_limit(d->qpos, (size_t)m->nq) && df_within_limit(d->qvel, (size_t)m->nv) &&
         df_within_limit(d->act, (size_t)m->na);
}

/* with islands disabled, the first counter holds all solver iterations */
static void count_effort(df_sim* sim) {
  const int islands = sim->data->nisland < mjNISLAND ? sim->data->nisland : mjNISLAND;
  sim->effort.physics_steps++;
  sim->effort.solver_iterations += (uint64_t)sim->data->solver_niter[0];
  for (int i = 1; i < islands; i++) sim->effort.solver_iterations += (uint64_t)sim->data->solver_niter[i];
  sim->effort.constraint_rows += (uint64_t)sim->data->nefc;
}

static df_traj_end physics_step(action_job* job) {
  df_sim* sim = job->sim;
  mjData* d = sim->data;
  const bool closed = sim->system->closed != NULL;
  const bool by_stages = job->record && df_records_of_step(sim->system) > 1;
  /* step; a recorded Runge-Kutta step records its own stages */
  if (closed) {
    df_closed_step(sim, job->u);
  } else if (by_stages) {
    if (df_rk4_step(sim->system, d, &sim->tape, sim->stages) != DF_OK) return DF_TRAJ_FAILED;
  } else {
    df_mujoco_get_state(job->model, d, sim->before);
    mj_step(job->model, d);
  }
  count_effort(sim);

  /* failure and divergence */
  if (ran_out_of_memory(d)) return DF_TRAJ_FAILED;
  if (warned(d) || !state_is_sane(job->model, d)) return DF_TRAJ_DIVERGED;

  /* record */
  if (!job->record || by_stages) return DF_TRAJ_COMPLETE;
  if (closed) return df_closed_record(sim, job->u) == DF_OK ? DF_TRAJ_COMPLETE : DF_TRAJ_FAILED;
  return df_tape_record(&sim->tape, sim->system, d, sim->before) == DF_OK ? DF_TRAJ_COMPLETE : DF_TRAJ_FAILED;
}

/* MuJoCo warns of a control that is NaN, and clamps an infinite one to its range */
static bool has_infinite_action(const action_job* job) {
  for (int i = 0; i < (int)job->model->nu; i++) {
    if (isinf(job->u[i])) return true;
  }
  return false;
}

static void physics_steps(void* argument) {
  action_job* job = argument;
  if (has_infinite_action(job)) {
    job->end = DF_TRAJ_DIVERGED;
    return;
  }
  mju_copy(job->sim->data->ctrl, job->u, (int)job->model->nu);
  for (int i = 0; i < job->steps && job->end == DF_TRAJ_COMPLETE; i++) job->end = physics_step(job);
}

df_traj_end df_mujoco_advance(df_sim* sim, const mjModel* model, const double* u, int steps, bool record) {
  action_job job = {.sim = sim, .model = model, .u = u, .steps = steps, .record = record, .end = DF_TRAJ_COMPLETE};
  if (!df_mujoco_guarded(physics_steps, &job)) {
    (void)df_fail(DF_E_SIM, "MuJoCo: %s", df_mujoco_error_text());
    job.end = DF_TRAJ_FAILED;
  }
  if (job.end != DF_TRAJ_COMPLETE && !sim->tape.full) sim->needs_reset = true;
  return job.end;
}
