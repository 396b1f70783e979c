/* the state of a simulator: loading, saving, and leaving the end of a trajectory for an adjoint */
#include <string.h>

#include "simulator.h"

/* everything the next step reads */
enum { STATE_PARTS = mjSTATE_FULLPHYSICS | mjSTATE_WARMSTART };

size_t df_mujoco_state_size(const df_system* system) {
  return (size_t)mj_stateSize(as_mujoco(system)->model, STATE_PARTS);
}

/* resets mjData after an error, and the counts of warnings */
static void clean(df_sim* sim) {
  if (sim->needs_reset) mj_resetData(sim->system->model, sim->data);
  sim->needs_reset = false;
  memset(sim->data->warning, 0, sizeof sim->data->warning);
}

void df_mujoco_look_at(df_sim* sim, const double* x) {
  clean(sim);
  df_mujoco_put_state(sim->system->model, sim->data, x);
}

void df_mujoco_set_state(df_sim* sim, const double* x) {
  df_mujoco_return_to_end(sim);
  df_mujoco_look_at(sim, x);
}

void df_mujoco_reset(df_sim* sim, const double* x) {
  df_mujoco_rewind(sim);
  df_mujoco_look_at(sim, x);
  sim->data->time = 0;
  if (sim->pbar) mju_zero(sim->pbar, sim->system->nparameter);
  mju_zero(sim->data->qacc_warmstart, (int)sim->system->model->nv);
}

void df_mujoco_whole_state(const df_sim* sim, double* state) {
  mj_getState(sim->system->model, sim->data, state, STATE_PARTS);
}

void df_mujoco_save(const df_sim* sim, double* state) {
  if (sim->history.away)
    memcpy(state, sim->history.front, sim->history.state_size * sizeof *state);
  else
    df_mujoco_whole_state(sim, state);
}

void df_mujoco_go_to(df_sim* sim, const double* state) {
  clean(sim);
  mj_setState(sim->system->model, sim->data, state, STATE_PARTS);
}

void df_mujoco_restore(df_sim* sim, const double* state) {
  df_mujoco_rewind(sim);
  df_mujoco_go_to(sim, state);
}

/* ---- the trajectory and its history ---- */

void df_mujoco_rewind(df_sim* sim) {
  df_history* history = &sim->history;
  history->count = history->first = history->end = 0;
  history->away = false;
  df_tape_rewind(&sim->tape);
}

void df_mujoco_leave_end(df_sim* sim) {
  df_history* history = &sim->history;
  if (!history->away) df_mujoco_save(sim, history->front);
  history->away = true;
}

void df_mujoco_return_to_end(df_sim* sim) {
  df_history* history = &sim->history;
  if (!history->away) return;
  history->away = false;
  df_mujoco_go_to(sim, history->front);
}
