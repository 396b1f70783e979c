/* simulators: life cycle, states, steps, recorded trajectories and their adjoints */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/assert.h"
#include "dynaflow/core/limits.h"
#include "mujoco_error.h"
#include "rk4.h"
#include "simulator.h"

static void fill_nan(double* x, int n) {
  for (int i = 0; i < n; i++) x[i] = NAN;
}

/* ---- life cycle ---- */

void df_mujoco_sim_free(df_sim* sim) {
  if (!sim) return;
  if (sim->data) mj_deleteData(sim->data);
  df_tape_free(&sim->tape);
  df_history_free(&sim->history);
  df_free(sim->before);
  df_free(sim->work);
  df_free(sim->stages);
  df_free(sim->scratch);
  df_free(sim->cotangent);
  df_free(sim->pbar);
  df_free(sim);
}

static void make_data(void* argument) {
  df_sim* sim = argument;
  sim->data = mj_makeData(sim->system->model);
}

static df_status sim_build(df_sim* sim, int tape_length) {
  const df_mujoco* system = sim->system;
  /* mjData */
  if (!df_mujoco_guarded(make_data, sim)) return df_fail(DF_E_NOMEM, "mjData: %s", df_mujoco_error_text());
  if (!sim->data) return df_fail(DF_E_NOMEM, "no memory for mjData");

  /* history, and tape unless all steps are differenced */
  DF_TRY(df_history_init(&sim->history, tape_length, df_mujoco_state_size(&system->base)));
  if (system->differences != FINITE_DIFFERENCE_NEVER) DF_TRY(df_history_keep(&sim->history, system->base.nu));
  const bool taped = system->differences != FINITE_DIFFERENCE_ALWAYS;
  DF_TRY(df_tape_init(&sim->tape, taped ? tape_length * df_records_of_action(system) : 0));

  /* scratch memory, parameter gradient */
  sim->before = df_alloc((size_t)system->base.nx, sizeof *sim->before);
  sim->work = df_alloc(df_adjoint_work_size(system), sizeof *sim->work);
  sim->scratch = df_alloc(df_finite_difference_work_size(system), sizeof *sim->scratch);
  sim->cotangent = df_alloc((size_t)system->base.ndx, sizeof *sim->cotangent);
  sim->stages = df_alloc(df_rk4_step_size(system->model), sizeof *sim->stages);
  if (system->nparameter)
    sim->pbar = df_alloc((size_t)system->nparameter + df_parameter_work_size(system), sizeof *sim->pbar);
  const bool complete = sim->before && sim->work && sim->scratch && sim->cotangent && sim->stages;
  if (!complete || (!sim->pbar && system->nparameter > 0)) return DF_E_NOMEM;
  df_adjoint_prepare(system, sim->work);
  return DF_OK;
}

df_status df_mujoco_sim_new(const df_system* base, int tape_length, df_sim** out) {
  if (tape_length > 0 && as_mujoco(base)->forward_only)
    return df_fail(DF_E_CONFIG, "a tape of %d steps: the system was made with forward_only and has no adjoint",
                   tape_length);
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

/* ---- one action ---- */

/* one action from the simulator's current state */
static df_traj_end act(df_sim* sim, const double* u, bool record) {
  return df_mujoco_advance(sim, sim->system->model, u, sim->system->substeps, record);
}

/* ---- recording ---- */

/* empties the tape and returns to the start state of action t, which is recorded next */
static void start_tape_at(df_sim* sim, int t) {
  df_history* history = &sim->history;
  df_tape_rewind(&sim->tape);
  history->first = history->end = t;
  df_mujoco_go_to(sim, history->starts + (size_t)t * history->state_size);
}

/* simulates action t from the simulator's current state and records it; if the tape is full, restarts it with action t
 */
static df_traj_end record_action(df_sim* sim, int t, const double* u) {
  df_history* history = &sim->history;
  df_traj_end end = act(sim, u, true);
  if (sim->tape.full) {
    start_tape_at(sim, t);
    end = act(sim, u, true);
  }
  if (sim->tape.full)
    (void)df_fail(DF_E_CONFIG, "tape too small: one action (%d substeps) does not fit in %zu bytes",
                  sim->system->substeps, sim->tape.limit);
  if (end == DF_TRAJ_COMPLETE) history->end = t + 1;
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
  if (system->differences == FINITE_DIFFERENCE_ALWAYS) return HISTORY_DIFFERENCED;
  const int records = df_records_of_action(system);
  if (!is_inexact(sim, sim->tape.count - records, records)) return 0;
  return system->differences == FINITE_DIFFERENCE_CONTACTS ? HISTORY_DIFFERENCED : HISTORY_APPROXIMATE;
}

/* simulates the next action of the trajectory and keeps everything its adjoint needs */
static df_traj_end step_recorded(df_sim* sim, const double* u) {
  df_history* history = &sim->history;
  const int t = history->count;
  DF_ASSERT(t < history->length && history->first <= history->end && history->end <= t && !history->away);
  /* action and start state */
  if (history->kept) {
    memcpy(history->actions + (size_t)t * (size_t)sim->system->base.nu, u, (size_t)sim->system->base.nu * sizeof *u);
    df_mujoco_save(sim, history->starts + (size_t)t * history->state_size);
  }

  /* step and records */
  df_traj_end end;
  if (sim->system->differences == FINITE_DIFFERENCE_ALWAYS) {
    end = act(sim, u, false);
  } else {
    if (history->kept && history->end != t)
      start_tape_at(sim, t); /* the tape holds an earlier action, for an adjoint */
    end = record_action(sim, t, u);
  }

  /* mark */
  if (end != DF_TRAJ_COMPLETE) return end;
  history->marks[t] = mark_of(sim);
  history->count++;
  return end;
}

df_traj_end df_mujoco_step(df_sim* sim, const double* u, double* x1) {
  df_mujoco_return_to_end(sim);
  const bool room = sim->history.count < sim->history.length;
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
  df_mujoco_leave_end(sim);
  start_tape_at(sim, t);
  return record_action(sim, t, u);
}

/* The adjoints of action t for `rows` cotangents y [rows][ndx]: its physics steps from the last to the first, from the
 * tape or by finite differences, which need the scratch memory `copy` [rows][ndx]. xbar may be y. */
static df_traj_end action_vjp(df_sim* sim, int t, int rows, const double* y, double* xbar, double* ubar, double* pbar,
                              double* copy) {
  const df_mujoco* system = sim->system;
  const df_history* history = &sim->history;
  const double* u = history->kept ? history->actions + (size_t)t * (size_t)system->base.nu : NULL;
  const bool taped = system->differences != FINITE_DIFFERENCE_ALWAYS,
             differenced = history->marks[t] & HISTORY_DIFFERENCED;
  df_traj_end end = DF_TRAJ_COMPLETE;

  /* records and start states of the physics steps, where they must be recomputed */
  if (taped && (t < history->first || t >= history->end)) end = recompute(sim, t, u);
  if (differenced) df_mujoco_leave_end(sim);
  if (differenced && end == DF_TRAJ_COMPLETE)
    end = df_finite_difference_replay(sim, history->starts + (size_t)t * history->state_size, u);

  /* backwards over the physics steps; y becomes the cotangents of each step's start state */
  const int records = df_records_of_step(system);
  for (int i = system->substeps - 1; i >= 0 && end == DF_TRAJ_COMPLETE; i--) {
    const int at = ((t - history->first) * system->substeps + i) * records;
    DF_ASSERT(!taped || (at >= 0 && at + records <= sim->tape.count && history->first <= t && t < history->end));
    if (differenced && (!taped || is_inexact(sim, at, records))) {
      memcpy(copy, y, (size_t)rows * (size_t)system->base.ndx * sizeof *y);
      end = df_finite_difference_step(sim, i, u, rows, copy, xbar, ubar);
    } else if (system->closed) {
      df_closed_adjoint(sim, at, rows, y, xbar, ubar);
    } else {
      df_adjoint_step(system, &sim->tape, at, sim->work, rows, y, xbar, ubar, pbar);
    }
    y = xbar;
  }
  return end;
}

/* After the adjoints of action t ended: a failed one is zero, any other counts; DIVERGED if a row of xbar [rows][ndx]
 * or ubar [rows][nu] has an entry that is not finite or exceeds `largest`. */
static df_traj_end finish_vjp(df_sim* sim, int t, df_traj_end end, int rows, double largest, double* xbar,
                              double* ubar) {
  const size_t nx = (size_t)rows * (size_t)sim->system->base.ndx, nu = (size_t)rows * (size_t)sim->system->base.nu;
  if (end == DF_TRAJ_FAILED) {
    memset(xbar, 0, nx * sizeof *xbar);
    memset(ubar, 0, nu * sizeof *ubar);
    return end;
  }
  const unsigned char mark = sim->history.marks[t];
  sim->gradients.steps += rows;
  sim->gradients.approximate += mark & HISTORY_APPROXIMATE ? rows : 0;
  sim->gradients.differenced += mark & HISTORY_DIFFERENCED ? rows : 0;
  if (end != DF_TRAJ_COMPLETE) return end;
  return df_within(xbar, nx, largest) && df_within(ubar, nu, largest) ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED;
}

static bool is_recorded(const df_sim* sim, int t, const char* function) {
  if (t >= 0 && t < sim->history.count) return true;
  (void)df_fail(DF_E_ARG, "%s: step %d is not one of the %d recorded steps", function, t, sim->history.count);
  return false;
}

df_traj_end df_mujoco_step_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  const size_t ndx = (size_t)sim->system->base.ndx;
  const double largest = df_largest_cotangent(y, ndx); /* xbar may be y */
  memset(ubar, 0, (size_t)sim->system->base.nu * sizeof *ubar);
  const df_traj_end end = is_recorded(sim, t, "step_vjp")
                              ? action_vjp(sim, t, 1, y, xbar, ubar, sim->pbar, sim->cotangent)
                              : DF_TRAJ_FAILED;
  return finish_vjp(sim, t, end, 1, largest, xbar, ubar);
}

df_traj_end df_mujoco_step_jacobian(df_sim* sim, int t, double* A, double* B) {
  const int ndx = sim->system->base.ndx, nu = sim->system->base.nu;
  const size_t size = (size_t)ndx * (size_t)ndx;
  /* unit cotangents */
  memset(A, 0, size * sizeof *A);
  memset(B, 0, (size_t)ndx * (size_t)nu * sizeof *B);
  for (int k = 0; k < ndx; k++) A[k * ndx + k] = 1;
  const double largest = df_largest_cotangent(A, size);
  if (!is_recorded(sim, t, "step_jacobian")) return finish_vjp(sim, t, DF_TRAJ_FAILED, ndx, largest, A, B);

  /* all rows together; finite differences need a copy of them */
  const bool differenced = sim->history.marks[t] & HISTORY_DIFFERENCED;
  double* copy = differenced ? df_alloc(size, sizeof *copy) : NULL;
  if (differenced && !copy) return finish_vjp(sim, t, DF_TRAJ_FAILED, ndx, largest, A, B);
  const df_traj_end end = action_vjp(sim, t, ndx, A, A, B, NULL, copy);
  df_free(copy);
  return finish_vjp(sim, t, end, ndx, largest, A, B);
}

df_gradient_count df_mujoco_gradient_count(const df_sim* sim) {
  return sim->gradients;
}

bool df_mujoco_step_approximate(const df_sim* sim, int t) {
  return t >= 0 && t < sim->history.count && (sim->history.marks[t] & HISTORY_APPROXIMATE);
}

bool df_mujoco_step_differenced(const df_sim* sim, int t) {
  return t >= 0 && t < sim->history.count && (sim->history.marks[t] & HISTORY_DIFFERENCED);
}

void df_mujoco_add_effort(const df_sim* sim, df_effort* sum) {
  sum->physics_steps += sim->effort.physics_steps;
  sum->solver_iterations += sim->effort.solver_iterations;
  sum->constraint_rows += sim->effort.constraint_rows;
}

void df_mujoco_parameter_gradient(const df_sim* sim, double* dp) {
  if (sim->system->nparameter) memcpy(dp, sim->pbar, (size_t)sim->system->nparameter * sizeof *dp);
}

/* ---- memory of the tape ---- */

/* history and index of the tape: what does not depend on the recorded steps */
static size_t fixed_bytes(const df_sim* sim) {
  return df_history_bytes(&sim->history, sim->system->base.nu) + (size_t)sim->tape.length * sizeof *sim->tape.steps;
}

df_status df_mujoco_bound_tape(df_sim* sim, size_t bytes) {
  const size_t fixed = fixed_bytes(sim);
  const bool taped = sim->system->differences != FINITE_DIFFERENCE_ALWAYS;
  if (bytes < fixed + taped)
    return df_fail(DF_E_CONFIG,
                   "tape_bytes %zu is too small: start states and actions of %d actions alone take %zu bytes", bytes,
                   sim->history.length, fixed);
  DF_TRY(df_history_keep(&sim->history, sim->system->base.nu));
  df_tape_bound(&sim->tape, bytes - fixed);
  df_mujoco_rewind(sim);
  return DF_OK;
}

size_t df_mujoco_tape_bytes(const df_sim* sim) {
  const size_t kept = sim->history.kept
                          ? fixed_bytes(sim)
                          : (size_t)sim->history.length + (size_t)sim->tape.length * sizeof *sim->tape.steps;
  return kept + sim->tape.capacity;
}
