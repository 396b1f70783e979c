/* find_rate.h: how long a frame of a recording takes that states no rate, by its velocities, or by its actions where
 * these are not clear. */
#ifndef BENCH_IMPORT_FIND_RATE_H
#define BENCH_IMPORT_FIND_RATE_H

#include "dynaflow/data/dataset.h"
#include "import_work.h"
#include "model_study.h"

typedef struct velocity_fit {
  double duration;  /* of a frame, s, with which positions follow from velocities; 0: none, or parts disagree */
  double low, high; /* the shortest and the longest one of the parts; 0: positions follow from no velocities */
  double error;     /* of the best part: median of what of the change is not explained, as a share of it; 0.5: more */
  double doubt;     /* by which share the duration is another one with velocities that are not linear between frames */
} velocity_fit;

/* Fits positions that change by the duration times the velocity (mean of both frames), by least squares over the
 * coordinates of each pair of frames, and takes the median of the half with the most motion. Free joints' positions and
 * rotations, hinges with ball joints, and slides are fitted apart; those that follow about as well as the best one
 * have to agree with it to a tenth. `left_out` [nv]: dofs that are not counted. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status velocity_fit_of(const df_dataset* data, const model_study* model, const bool* left_out,
                                        velocity_fit* out);

/* The plain duration near a measured one: a whole number of steps of `timestep` that is one of the usual rates, to 5 %;
 * else the nearer of such a number and such a rate, to 2 %; else such a number to 5 % and a quarter of a step; else the
 * usual rate to 5 %; else the duration itself. */
double plain_duration(double measured, double timestep);

/* Message for a frame rate that velocities show to a few percent only: its range, and that the duration `taken` is of a
 * usual rate, or which one is near. NULL where velocities follow to 1 % and `taken` is what they say. The caller frees
 * it with df_free(). */
char* rate_doubt_text(const velocity_fit* fit, double taken);

/* whether velocities are recorded */
bool work_has_velocities(const work* w);

/* Sets integrated [nv], which is false before, for the dofs whose positions are the integral of their velocities, with
 * whatever rate, so that they do not show it: with data.root_xy: integrated, x and y of the base, and slides and hinges
 * along the path of a planar robot (model_is_path()). */
void work_find_integrated(const work* w, bool* integrated);

/* Puts the steps of an action: one action per frame, or, with `joined`, per several frames of a fast recording. Errors:
 * DF_E_CONFIG (a frame of more steps than system.substeps admits), those of work_make_system(). */
DF_MUST_CHECK df_status work_settle_steps(work* w, bool joined);

/* Refuses a recording whose rate nothing says: it states none, has no velocities that would show it, and no recorded
 * actions, of which one per frame is taken; unless the user gave the rate or the steps of an action. Errors:
 * DF_E_CONFIG. */
DF_MUST_CHECK df_status work_judge_untimed(const work* w);

/* Puts the rate of a recording that states none, by its velocities, and the steps of an action; before other
 * conventions are looked at, since with a wrong rate others seem to fit. Where velocities follow, but not
 * exactly, it is that number of the model's steps near them with which the recorded actions lead to the states
 * (action_steps_find()). Without such actions, servos of the model that settle within a frame make velocities too
 * small: the duration is corrected for that (servo_duration()), or, where that is more than a twentieth, asked for.
 * Sets w->timed. Errors: DF_E_CONFIG where there is none or it has to be asked for, and of work_judge_untimed();
 * those of work_settle_steps(), work_convert(), work_open_recording() and velocity_fit_of(). */
DF_MUST_CHECK df_status work_find_rate(work* w);

/* Sets *follow: whether the velocities follow from the positions, as they are read now, in most frames: single wrong
 * ones do not matter. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status work_velocities_follow(const work* w, bool* follow);

#endif
