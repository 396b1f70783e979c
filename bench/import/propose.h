/* propose.h: the settings of a task that follow from its model and its demonstrations (docs/add-a-task.md has the
 * rules).
 */
#ifndef BENCH_IMPORT_PROPOSE_H
#define BENCH_IMPORT_PROPOSE_H

#include "dynaflow/data/dataset.h"
#include "model_study.h"
#include "settings.h"

typedef struct proposal {
  const model_study* model; /* with the time step and substeps of the task */
  const df_dataset* data;
  settings* found; /* receives the settings */
  text* notes;     /* receives lines on what could not be found */
} proposal;

/* how an action is divided */
typedef struct action_steps {
  double timestep; /* s */
  int substeps;
} action_steps;

/* The steps of an action of `duration` s: the model's own step of `timestep` s where the action is a whole number of
 * them, to 1e-6, else the longest shorter one that divides it. */
action_steps steps_of_action(double duration, double timestep);

/* Puts system.timestep and system.substeps: one action per frame of `rate` Hz, divided as steps_of_action() says. rate
 * 0: unknown, a frame is one step of the model. With `states_only` frames shorter than 8 ms are joined to actions of
 * about 20 ms, and data.rate is put. */
void propose_steps(settings* found, double timestep, double rate, bool states_only);

/* Puts action.*, window.*, split.*, chart.*, net.*, train.*, inverse.*, eval.* and the profiles smoke and full.
 * Errors: DF_E_CONFIG (an actuator without range, forces or recorded actions: names the setting; episodes of less than
 * two actions), DF_E_NOMEM, those of df_sim_new(). */
DF_MUST_CHECK df_status propose_task(const proposal* p);

/* Puts the profiles smoke and full alone, after a change of the horizon. Errors: those of df_sim_new(). */
DF_MUST_CHECK df_status propose_profiles(const proposal* p);

/* The interval of actions that a task allows control k: of the recorded actions, of a servo the recorded positions and
 * as far around them as its force reaches, else of the control range or of the forces. Sets *why. false: nothing bounds
 * it.
 */
bool propose_action(const proposal* p, int k, double* lo, double* hi, const char** why);

/* The height below which, and the tilt in degrees beyond which, the robot counts as fallen; 0: no rule. `lowest` is the
 * lowest height of the base above the ground, `coordinate` the same, or of a slide its lowest position, `own` the
 * height above the ground in the first pose of the model (0: unknown), `steepest` the largest tilt in degrees. */
double fall_height(double lowest, double coordinate, double own);
double fall_tilt(double steepest);

typedef struct smoke_size {
  int steps, batch, horizon;
} smoke_size;

/* The training of the profile smoke, which takes about a minute on two cores. `work`: physics steps that are simulated
 * for a physics step of a window and its gradient, 1 if the gradient is exact. What finite differences take more is
 * saved at the number of steps down to 60, then at the batch down to 8, at the steps down to 20, and at the horizon. */
smoke_size smoke_training(int nv, int substeps, int horizon, double work);

/* That work, as MuJoCo's steps are counted: the mean over actions in recorded states. It is the same on every machine.
 * Errors: DF_E_NOMEM, those of df_sim_new(). */
DF_MUST_CHECK df_status gradient_work(const proposal* p, double* work);

#endif
