#include "replay_differences.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* of the distance between velocities and differences in the simulation */
static const double MUCH_CLOSER = 0.1;
/* of the velocities: a smaller distance in the simulation is rounding */
static const double LEAST = 1e-6;

const char* replay_differences_formula(replay_differences kind) {
  static const char* const formulas[] = {
#define REPLAY_FORMULA(kind, formula) [kind] = (formula),
      REPLAY_DIFFERENCES(REPLAY_FORMULA)
#undef REPLAY_FORMULA
  };
  return formulas[kind];
}

/* sums of squares, over all frames */
typedef struct misfits {
  double recorded[DIFFERENCES_KINDS]; /* of recorded velocities and differences */
  double simulated;                   /* of velocities after an action and the change of the positions */
  double speed;                       /* of these velocities themselves */
} misfits;

/* marks the dofs whose velocity is the derivative of one number, and recorded */
static void mark_plain(const recording* r, bool* plain) {
  for (int i = 0; i < r->njoint; i++) {
    const df_joint* j = &r->joints[i];
    const int n = j->kind == DF_JOINT_BALL ? 0 : j->kind == DF_JOINT_FREE ? 3 : 1;
    for (int k = j->dof; k < j->dof + n; k++) plain[k] = !r->derived[k] && !r->derived[r->nv + k];
  }
}

/* adds frame t, with a frame before and one after it */
static void add_frame(const recording* r, const df_system* system, df_sim* sim, const bool* plain, int episode, int t,
                      misfits* sum) {
  double x[3][RECORDING_NX_MAX], y[RECORDING_NX_MAX], back[DF_NDX_MAX], ahead[DF_NDX_MAX], moved[DF_NDX_MAX];
  for (int k = 0; k < 3; k++) recording_state(r, episode, t - 1 + k, x[k]);
  recording_error(r, x[0], x[1], back);
  recording_error(r, x[1], x[2], ahead);
  system->ops->reset(sim, x[1]);
  if (system->ops->step(sim, recording_action(r, episode, t), y) != DF_TRAJ_COMPLETE) return;
  system->ops->difference(system, x[1], y, moved);
  for (int i = 0; i < r->nv; i++) {
    if (!plain[i]) continue;
    const double v = x[1][r->nq + i];
    const double differences[] = {[DIFFERENCES_BACKWARD] = back[i] / r->dt,
                                  [DIFFERENCES_FORWARD] = ahead[i] / r->dt,
                                  [DIFFERENCES_CENTRAL] = (back[i] + ahead[i]) / (2 * r->dt)};
    for (int kind = 0; kind < DIFFERENCES_KINDS; kind++) sum->recorded[kind] += pow(v - differences[kind], 2);
    sum->simulated += pow(y[r->nq + i] - moved[i] / r->dt, 2);
    sum->speed += pow(y[r->nq + i], 2);
  }
}

df_status replay_find_differences(const recording* r, const df_system* system, replay_differences* found) {
  bool plain[DF_NDX_MAX] = {false};
  df_sim* sim;
  misfits sum = {0};
  *found = DIFFERENCES_NONE;
  DF_TRY(df_sim_new(system, 0, &sim));
  mark_plain(r, plain);
  for (int episode = 0; episode < r->data->episodes; episode++) {
    for (int t = 1; t < r->data->lengths[episode]; t++) add_frame(r, system, sim, plain, episode, t, &sum);
  }
  df_sim_free(system, sim);
  if (!(sum.simulated > LEAST * LEAST * sum.speed)) return DF_OK;
  double least = MUCH_CLOSER * MUCH_CLOSER * sum.simulated;
  for (int kind = 0; kind < DIFFERENCES_KINDS; kind++) {
    if (!(sum.recorded[kind] < least)) continue;
    least = sum.recorded[kind];
    *found = (replay_differences)kind;
  }
  return DF_OK;
}
