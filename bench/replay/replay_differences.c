#include "replay_differences.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* of the velocities that tell, those that equal the differences: single frames may be wrong */
static const double NEARLY_ALL = 0.95;
enum { FEWEST = 8 };
/* rounding, of what tells a velocity at a frame from a difference; recorded distance from differences, of the simulated
 * one */
static const double MUCH_LESS = 0.1;
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

/* of one kind of differences */
typedef struct agreement {
  size_t tell, equal; /* velocities that tell, and those of them that equal the differences up to rounding */
  double recorded;    /* sum of squares of recorded velocities less differences, of all */
} agreement;

/* over all frames */
typedef struct misfits {
  agreement of[DIFFERENCES_KINDS];
  double simulated; /* squares of velocities after an action less the change of the positions */
  double ahead;     /* the same of velocities before it */
  double speed;     /* of these velocities themselves */
} misfits;

/* marks the dofs whose velocity is the derivative of one number, and recorded */
static void mark_plain(const recording* r, bool* plain) {
  for (int i = 0; i < r->njoint; i++) {
    const df_joint* j = &r->joints[i];
    const int n = j->kind == DF_JOINT_BALL ? 0 : j->kind == DF_JOINT_FREE ? 3 : 1;
    for (int k = j->dof; k < j->dof + n; k++) plain[k] = !r->derived[k] && !r->derived[r->nv + k];
  }
}

/* velocity i of frame 1 of three, and the changes of the positions before and after it */
static void add_velocity(const recording* r, int i, double x[3][RECORDING_NX_MAX], double back, double ahead,
                         double error[3][DF_NDX_MAX], misfits* sum) {
  const double before = x[0][r->nq + i], v = x[1][r->nq + i], after = x[2][r->nq + i];
  const double own = error[1][r->nv + i];
  const struct {
    double value, rounding, telling;
  } kinds[] = {[DIFFERENCES_BACKWARD] = {back / r->dt, (error[0][i] + error[1][i]) / r->dt, (after - before) / 4},
               [DIFFERENCES_FORWARD] = {ahead / r->dt, (error[1][i] + error[2][i]) / r->dt, (after - before) / 4},
               [DIFFERENCES_CENTRAL] = {(back + ahead) / (2 * r->dt), (error[0][i] + error[2][i]) / (2 * r->dt),
                                        (after - 2 * v + before) / 6}};
  for (int kind = 0; kind < DIFFERENCES_KINDS; kind++) {
    agreement* a = &sum->of[kind];
    const double rounding = own + kinds[kind].rounding, misfit = v - kinds[kind].value;
    const bool tells = rounding < MUCH_LESS * fabs(kinds[kind].telling);
    a->tell += tells;
    a->equal += tells && fabs(misfit) <= rounding;
    a->recorded += misfit * misfit;
  }
}

/* adds frame t, with a frame before and one after it */
static void add_frame(const recording* r, const df_system* system, df_sim* sim, const bool* plain, int episode, int t,
                      misfits* sum) {
  double x[3][RECORDING_NX_MAX], y[RECORDING_NX_MAX], back[DF_NDX_MAX], ahead[DF_NDX_MAX], moved[DF_NDX_MAX];
  double error[3][DF_NDX_MAX];
  for (int k = 0; k < 3; k++) {
    recording_state(r, episode, t - 1 + k, x[k]);
    recording_rounding(r, x[k], error[k]);
  }
  recording_error(r, x[0], x[1], back);
  recording_error(r, x[1], x[2], ahead);
  system->ops->reset(sim, x[1]);
  const bool stepped = system->ops->step(sim, recording_action(r, episode, t), y) == DF_TRAJ_COMPLETE;
  if (stepped) system->ops->difference(system, x[1], y, moved);
  for (int i = 0; i < r->nv; i++) {
    if (!plain[i]) continue;
    add_velocity(r, i, x, back[i], ahead[i], error, sum);
    if (!stepped) continue;
    sum->simulated += pow(y[r->nq + i] - moved[i] / r->dt, 2);
    sum->ahead += pow(x[1][r->nq + i] - moved[i] / r->dt, 2);
    sum->speed += pow(y[r->nq + i], 2);
  }
}

/* whether the recorded velocities are these differences, and the simulated ones are not */
static bool is_proven(const agreement* a, double simulated) {
  return a->tell >= FEWEST && (double)a->equal >= NEARLY_ALL * (double)a->tell &&
         a->recorded < MUCH_LESS * MUCH_LESS * simulated;
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
  if (!(sum.ahead > LEAST * LEAST * sum.speed)) return DF_OK;
  double least = INFINITY;
  for (int kind = 0; kind < DIFFERENCES_KINDS; kind++) {
    const agreement* a = &sum.of[kind];
    if (!is_proven(a, sum.simulated) || !(a->recorded < least)) continue;
    least = a->recorded;
    *found = (replay_differences)kind;
  }
  return DF_OK;
}
