/* misfit.h: how badly states, as they are read, fit together and fit their model: what readings of a recording are
 * compared by. */
#ifndef BENCH_CHECK_MISFIT_H
#define BENCH_CHECK_MISFIT_H

#include <stdbool.h>

#include "check_cfg.h"
#include "check_parts.h"
#include "trace.h"

/* Parts of a misfit, each from 0 (fits) to about 1. MISFIT_FITS + group: the error of the velocities of that group,
 * with the best slope and lag, so that frame rate, scale and shift do not matter; 0 of one that rests. */
enum misfit_part {
  MISFIT_FITS,
  MISFIT_LIMITS = MISFIT_FITS + GROUPS, /* share of the samples beyond joint limits */
  MISFIT_GROUND,                        /* the median pose is far above the floor or inside of it */
  MISFIT_TILT,                          /* the base lies on its side (0.5) or upside down (1); a tie-break only */
  MISFIT_SLIP,                          /* what touches the floor slides; 0.5 if hardly anything touches it */
  MISFIT_COUPLING,                      /* misfit_of_each_coupling(), the sum: beyond 1 if several are violated */
  MISFIT_PARTS
};

typedef struct misfit {
  double part[MISFIT_PARTS];
  double slope[GROUPS]; /* change of the positions divided by the velocities, of groups whose velocities follow with it;
                         * 0: unknown */
  double hinges;        /* MISFIT_LIMITS of hinges alone, which angles in degrees change */
  double lowest;        /* of pose_summary, as is the next one */
  double sinks;
  double acceleration; /* trace_acceleration() of the base */
  bool need_not_touch; /* hardly anything touches the floor, and that is no mistake of a convention: objects of a robot
                        * without a base, or what hovers by less than 1 cm */
} misfit;

/* By how much the states violate each equality constraint of joints or fixed tendons, 0 to 1: RMS over frames, as a
 * share of its size, df_mujoco_couplings(), which has their number. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status misfit_of_each_coupling(const df_dataset* data, const df_system* system, double* each);

/* Of the states of a dataset. Errors: DF_E_INTERRUPTED once stop_flag is set, those of trace_of() and df_sim_new(). */
DF_MUST_CHECK df_status misfit_of(const df_dataset* data, const df_system* system, const double* h,
                                  const check_cfg* cfg, misfit* out);

/* The same of the pairs of a trace. */
DF_MUST_CHECK df_status misfit_of_trace(const trace* m, const check_cfg* cfg, misfit* out);

/* The same without the errors of velocities, which are 0. */
DF_MUST_CHECK df_status misfit_of_poses(const df_dataset* data, const df_system* system, const double* h,
                                        const check_cfg* cfg, misfit* out);

/* misfit_of_contact() of the two halves of the states, trace_half(). */
DF_MUST_CHECK df_status misfit_of_halves(const df_dataset* data, const df_system* system, const double* h,
                                         const check_cfg* cfg, double contact[2]);
/* The same of the pairs of a trace. */
DF_MUST_CHECK df_status misfit_of_trace_halves(const trace* m, const check_cfg* cfg, double contact[2]);

/* The name of a part: "base position", "joint limits"; trace_group_name(). */
const char* misfit_part_name(bool based, int part);
/* A robot may lie, and a turn of the whole world explains velocities as well as none: of tilt only a twentieth counts.
 */
double misfit_sum(const misfit* m);
/* limits, distance to the floor, slip and couplings, which tell orders of joints and bodies apart: a right one brings
 * their sum down to this share, and by this much */
double misfit_of_contact(const misfit* m);
/* What that sum has of this model, "joint limits, floor, slip and couplings"; "poses" of one with none of them. */
enum { MISFIT_NAME_MAX = 48 };
void misfit_contact_name(const df_system* system, char name[MISFIT_NAME_MAX]);
#define MISFIT_SHARE 0.7
#define MISFIT_LESS  0.03
/* right recordings have as much: another order explains a smaller misfit only if it leaves hardly any of it */
#define MISFIT_RIGHT 0.1
/* below this share of another order's, that sum shows which of two orders is right; above it, either may be */
#define MISFIT_CLEAR 0.77
/* what it leaves of the forces that a motion needs, check_root_residual() */
#define MISFIT_FORCES 0.8
/* Whether another reading, with the misfit `other`, explains a part of `as_is` without making others as much worse: an
 * error of velocities, or those of misfit_of_contact() together. That something touches the floor with the other one
 * is no evidence if nothing has to. */
bool misfit_explains(const misfit* as_is, const misfit* other);
/* Whether velocities that agree with the positions up to one factor, such as that of a wrong frame rate, disagree by
 * three times more with another reading: the slopes of two groups are further apart. A reading that takes degrees for
 * radians leaves those of the joints as they are, and makes that of the base's rotation 57 times as large. */
bool misfit_contradicts(const misfit* as_is, const misfit* other);
/* Whether all that speaks for another reading is that the base is upright: nothing else gets worse by it, and nothing
 * gets better. */
bool misfit_only_rights(const misfit* as_is, const misfit* other);

#endif
