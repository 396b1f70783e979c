/* simulators: life cycle, states, steps, recorded trajectories and their adjoints */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "mujoco_error.h"
#include "mujoco_internal.h"
#include "parameters_internal.h"
#include "rk4.h"

static const double LARGEST = 1e6; /* a state or cotangent with a larger entry has diverged */

/* everything the next step reads */
enum { STATE_PARTS = mjSTATE_FULLPHYSICS | mjSTATE_WARMSTART };

static bool is_sane(const double* x, int n) {
  for (int i = 0; i < n; i++) {
    if (!(fabs(x[i]) <= LARGEST)) return false;
  }
  return true;
}

static void fill_nan(double* x, int n) {
  for (int i = 0; i < n; i++) x[i] = NAN;
}

/* ---- life cycle ---- */

void df_mujoco_sim_free(df_sim* sim) {
  if (!sim) return;
  if (sim->data) mj_deleteData(sim->data);
  df_tape_free(&sim->tape);
  df_past_free(&sim->past);
  df_free(sim->before);
  df_free(sim->work);
  df_free(sim->stages);
  df_free(sim->scratch);
  df_free(sim->pbar);
  df_free(sim);
}

static void make_data(void* argument) {
  df_sim* sim = argument;
  sim->data = mj_makeData(sim->system->model);
}

size_t df_mujoco_state_size(const df_system* system) {
  return (size_t)mj_stateSize(as_mujoco(system)->model, STATE_PARTS);
}

static df_status sim_build(df_sim* sim, int tape_length) {
  const df_mujoco* system = sim->system;
  /* mjData */
  if (!df_mujoco_guarded(make_data, sim)) return df_fail(DF_E_NOMEM, "mjData: %s", df_mujoco_error_text());
  if (!sim->data) return df_fail(DF_E_NOMEM, "no memory for mjData");

  /* history, and tape unless all steps are differenced */
  DF_TRY(df_past_init(&sim->past, tape_length, df_mujoco_state_size(&system->base)));
  if (system->differences != DIFFERENCES_NEVER) DF_TRY(df_past_keep(&sim->past, system->base.nu));
  const bool taped = system->differences != DIFFERENCES_ALWAYS;
  DF_TRY(df_tape_init(&sim->tape, system, taped ? tape_length * df_records_of_action(system) : 0));

  /* scratch memory, parameter gradient */
  sim->before = df_alloc((size_t)system->base.nx, sizeof *sim->before);
  sim->work = df_alloc(df_adjoint_work_size(system), sizeof *sim->work);
  sim->scratch = df_alloc(df_differences_work_size(system), sizeof *sim->scratch);
  sim->stages = df_alloc(df_rk4_step_size(system->model), sizeof *sim->stages);
  if (system->nparameter)
    sim->pbar = df_alloc((size_t)system->nparameter + df_parameter_work_size(system), sizeof *sim->pbar);
  const bool complete = sim->before && sim->work && sim->scratch && sim->stages;
  if (!complete || (!sim->pbar && system->nparameter > 0)) return DF_E_NOMEM;
  df_adjoint_prepare(system, sim->work);
  return DF_OK;
}

df_status df_mujoco_sim_new(const df_system* base, int tape_length, df_sim** out) {
  df_sim* sim = df_alloc(1, sizeof *sim);
  if (!sim) return DF_E_NOMEM;
  sim->system = as_mujoco(base);
  const df_status status = sim_build(sim, tape_length);
  if (status != DF_OK) {
    df_mujoco_sim_free(sim);
    return status;
  }
  *out = sim;
  return DF_OK;
}

/* ---- states ---- */

/* resets mjData after an error, and the counts of warnings */
static void clean(df_sim* sim) {
  if (sim->needs_reset) mj_resetData(sim->system->model, sim->data);
  sim->needs_reset = false;
  memset(sim->data->warning, 0, sizeof sim->data->warning);
}

void df_mujoco_put_state(const mjModel* m, mjData* d, const double* x) {
  mju_copy(d->qpos, x, (int)m->nq);
  mju_copy(d->qvel, x + m->nq, (int)m->nv);
  mju_copy(d->act, x + m->nq + m->nv, (int)m->na);
}

void df_mujoco_get_state(const mjModel* m, const mjData* d, double* x) {
  mju_copy(x, d->qpos, (int)m->nq);
  mju_copy(x + m->nq, d->qvel, (int)m->nv);
  mju_copy(x + m->nq + m->nv, d->act, (int)m->na);
}

void df_mujoco_look_at(df_sim* sim, const double* x) {
  clean(sim);
  df_mujoco_put_state(sim->system->model, sim->data, x);
}

void df_mujoco_set_state(df_sim* sim, const double* x) {
  df_past_return(sim);
  df_mujoco_look_at(sim, x);
}

void df_mujoco_reset(df_sim* sim, const double* x) {
  df_past_rewind(sim);
  df_mujoco_look_at(sim, x);
  sim->data->time = 0;
  if (sim->pbar) mju_zero(sim->pbar, sim->system->nparameter);
  mju_zero(sim->data->qacc_warmstart, (int)sim->system->model->nv);
}

void df_mujoco_whole_state(const df_sim* sim, double* state) {
  mj_getState(sim->system->model, sim->data, state, STATE_PARTS);
}

void df_mujoco_save(const df_sim* sim, double* state) {
  if (sim->past.away)
    memcpy(state, sim->past.front, sim->past.state_size * sizeof *state);
  else
    df_mujoco_whole_state(sim, state);
}

void df_mujoco_go_to(df_sim* sim, const double* state) {
  clean(sim);
  mj_setState(sim->system->model, sim->data, state, STATE_PARTS);
}

void df_mujoco_restore(df_sim* sim, const double* state) {
  df_past_rewind(sim);
  df_mujoco_go_to(sim, state);
}

/* ---- one action ---- */

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
  (void)df_fail(DF_E_SIM, "MuJoCo: %s do not fit the %zu bytes of the model's <size memory>",
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
  return is_sane(d->qpos, (int)m->nq) && is_sane(d->qvel, (int)m->nv) && is_sane(d->act, (int)m->na);
}

/* with islands disabled, the first counter holds all solver iterations */
static void count_effort(df_sim* sim) {
  sim->effort.physics_steps++;
  sim->effort.solver_iterations += (uint64_t)sim->data->solver_niter[0];
  sim->effort.constraint_rows += (uint64_t)sim->data->nefc;
}

void df_mujoco_add_effort(const df_sim* sim, df_effort* sum) {
  sum->physics_steps += sim->effort.physics_steps;
  sum->solver_iterations += sim->effort.solver_iterations;
  sum->constraint_rows += sim->effort.constraint_rows;
}

static df_traj_end physics_step(action_job* job) {
  df_sim* sim = job->sim;
  mjData* d = sim->data;
  const bool by_stages = job->record && df_records_of_step(sim->system) > 1;
  /* step; a recorded Runge-Kutta step records its own stages */
  if (by_stages) {
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
  return df_tape_record(&sim->tape, sim->system, d, sim->before) == DF_OK ? DF_TRAJ_COMPLETE : DF_TRAJ_FAILED;
}

static void physics_steps(void* argument) {
  action_job* job = argument;
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

/* one action from the simulator's current state */
static df_traj_end act(df_sim* sim, const double* u, bool record) {
  return df_mujoco_advance(sim, sim->system->model, u, sim->system->substeps, record);
}

/* ---- recording ---- */

/* empties the tape and returns to the start state of action t, which is recorded next */
static void start_tape_at(df_sim* sim, int t) {
  df_past* past = &sim->past;
  df_tape_rewind(&sim->tape);
  past->first = past->end = t;
  df_mujoco_go_to(sim, past->starts + (size_t)t * past->state_size);
}

/* simulates action t from the simulator's current state and records it; if the tape is full, restarts it with action t
 */
static df_traj_end record_action(df_sim* sim, int t, const double* u) {
  df_past* past = &sim->past;
  df_traj_end end = act(sim, u, true);
  if (sim->tape.full) {
    start_tape_at(sim, t);
    end = act(sim, u, true);
  }
  if (sim->tape.full)
    (void)df_fail(DF_E_CONFIG, "tape too small: one action (%d substeps) does not fit in %zu bytes",
                  sim->system->substeps, sim->tape.limit);
  if (end == DF_TRAJ_COMPLETE) past->end = t + 1;
  return end;
}

/* whether any of the records first .. first + records - 1 has no exact adjoint */
static bool is_inexact(const df_sim* sim, int first, int records) {
  for (int i = first; i < first + records; i++) {
    if (sim->tape.steps[i].approximate) return true;
  }
  return false;
}

/* the mark of the action simulated last */
static unsigned char mark_of(const df_sim* sim) {
  const df_mujoco* system = sim->system;
  if (system->differences == DIFFERENCES_ALWAYS) return PAST_DIFFERENCED;
  const int records = df_records_of_action(system);
  if (!is_inexact(sim, sim->tape.count - records, records)) return 0;
  return system->differences == DIFFERENCES_CONTACTS ? PAST_DIFFERENCED : PAST_APPROXIMATE;
}

/* simulates the next action of the trajectory and keeps everything its adjoint needs */
static df_traj_end step_recorded(df_sim* sim, const double* u) {
  df_past* past = &sim->past;
  const int t = past->count;
  /* action and start state */
  if (past->kept) {
    memcpy(past->actions + (size_t)t * (size_t)sim->system->base.nu, u, (size_t)sim->system->base.nu * sizeof *u);
    df_mujoco_save(sim, past->starts + (size_t)t * past->state_size);
  }

  /* step and records */
  df_traj_end end;
  if (sim->system->differences == DIFFERENCES_ALWAYS) {
    end = act(sim, u, false);
  } else {
    if (past->kept && past->end != t) start_tape_at(sim, t); /* the tape holds an earlier action, for an adjoint */
    end = record_action(sim, t, u);
  }

  /* mark */
  if (end != DF_TRAJ_COMPLETE) return end;
  past->marks[t] = mark_of(sim);
  past->count++;
  return end;
}

df_traj_end df_mujoco_step(df_sim* sim, const double* u, double* x1) {
  df_past_return(sim);
  const bool room = sim->past.count < sim->past.length;
  const df_traj_end end = room ? step_recorded(sim, u) : act(sim, u, false);
  if (end == DF_TRAJ_COMPLETE)
    df_mujoco_get_state(sim->system->model, sim->data, x1);
  else
    fill_nan(x1, sim->system->base.nx);
  return end;
}

/* ---- adjoints ---- */

/* simulates and records action t again, which is no longer on the tape */
static df_traj_end recompute(df_sim* sim, int t, const double* u) {
  df_past_leave(sim);
  start_tape_at(sim, t);
  return record_action(sim, t, u);
}

/* the adjoint of action t: its physics steps from the last to the first, from the tape or by finite differences */
static df_traj_end action_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  const df_mujoco* system = sim->system;
  const df_past* past = &sim->past;
  const double* u = past->kept ? past->actions + (size_t)t * (size_t)system->base.nu : NULL;
  const bool taped = system->differences != DIFFERENCES_ALWAYS, differenced = past->marks[t] & PAST_DIFFERENCED;
  df_traj_end end = DF_TRAJ_COMPLETE;

  /* records and start states of the physics steps, where they must be recomputed */
  if (taped && (t < past->first || t >= past->end)) end = recompute(sim, t, u);
  if (differenced) df_past_leave(sim);
  if (differenced && end == DF_TRAJ_COMPLETE)
    end = df_differences_replay(sim, past->starts + (size_t)t * past->state_size, u);

  /* backwards over the physics steps; y becomes the cotangent of each step's start state */
  const int records = df_records_of_step(system);
  for (int i = system->substeps - 1; i >= 0 && end == DF_TRAJ_COMPLETE; i--) {
    const int at = ((t - past->first) * system->substeps + i) * records;
    if (differenced && (!taped || is_inexact(sim, at, records)))
      end = df_difference_step(sim, i, u, y, xbar, ubar);
    else
      df_adjoint_step(system, &sim->tape, at, sim->work, y, xbar, ubar, sim->pbar);
    y = xbar;
  }
  return end;
}

df_traj_end df_mujoco_step_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  const int ndx = sim->system->base.ndx, nu = sim->system->base.nu;
  const df_past* past = &sim->past;
  memset(ubar, 0, (size_t)nu * sizeof *ubar);
  df_traj_end end = DF_TRAJ_FAILED;
  if (t < 0 || t >= past->count)
    (void)df_fail(DF_E_ARG, "step_vjp: step %d is not one of the %d recorded steps", t, past->count);
  else
    end = action_vjp(sim, t, y, xbar, ubar);

  /* a failed adjoint is zero */
  if (end == DF_TRAJ_FAILED) {
    memset(xbar, 0, (size_t)ndx * sizeof *xbar);
    memset(ubar, 0, (size_t)nu * sizeof *ubar);
    return end;
  }

  /* counts */
  sim->gradients.steps++;
  sim->gradients.approximate += (past->marks[t] & PAST_APPROXIMATE) != 0;
  sim->gradients.differenced += (past->marks[t] & PAST_DIFFERENCED) != 0;
  if (end != DF_TRAJ_COMPLETE) return end;
  return is_sane(xbar, ndx) && is_sane(ubar, nu) ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED;
}

df_gradient_count df_mujoco_gradient_count(const df_sim* sim) {
  return sim->gradients;
}

bool df_mujoco_step_approximate(const df_sim* sim, int t) {
  return t >= 0 && t < sim->past.count && (sim->past.marks[t] & PAST_APPROXIMATE);
}

bool df_mujoco_step_differenced(const df_sim* sim, int t) {
  return t >= 0 && t < sim->past.count && (sim->past.marks[t] & PAST_DIFFERENCED);
}

/* ---- memory of the tape ---- */

/* history and index of the tape: what does not depend on the recorded steps */
static size_t fixed_bytes(const df_sim* sim) {
  return df_past_bytes(&sim->past, sim->system->base.nu) + (size_t)sim->tape.length * sizeof *sim->tape.steps;
}

df_status df_mujoco_bound_tape(df_sim* sim, size_t bytes) {
  const size_t fixed = fixed_bytes(sim);
  const bool taped = sim->system->differences != DIFFERENCES_ALWAYS;
  if (bytes < fixed + taped)
    return df_fail(DF_E_CONFIG,
                   "tape_bytes %zu is too small: start states and actions of %d actions alone take %zu bytes", bytes,
                   sim->past.length, fixed);
  DF_TRY(df_past_keep(&sim->past, sim->system->base.nu));
  df_tape_bound(&sim->tape, bytes - fixed);
  df_past_rewind(sim);
  return DF_OK;
}

size_t df_mujoco_tape_bytes(const df_sim* sim) {
  const size_t kept =
      sim->past.kept ? fixed_bytes(sim) : (size_t)sim->past.length + (size_t)sim->tape.length * sizeof *sim->tape.steps;
  return kept + sim->tape.capacity;
}
