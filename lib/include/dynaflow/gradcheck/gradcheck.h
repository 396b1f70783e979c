/* gradcheck.h: the adjoint against centred finite differences.
 *
 * For a state and action, random cotangents y are sent through step_vjp and compared with y^T (f(x+eps e_i) -
 * f(x-eps e_i)) / (2 eps) over all state and action directions. Two difference steps eps are compared with each other,
 * not with the adjoint: 1e-6 and 2e-7, and where they are further apart than 1e-7 the nearest pair of neighbours among
 * 2.5e-5, 5e-6, 1e-6, 2e-7 and 4e-8, so that a kink nearby is stepped over or stayed short of. Where no pair is within
 * 1e-5, or where the slopes on both sides differ however small eps is, the state lies on the kink (contact making or
 * breaking, stick to slip, a clamp): it is counted apart and does not speak for or against the adjoint. Kinks nearer
 * than 1e-6 are named by what is active on their two sides.
 *
 * All of it runs on a copy of the system with a tight solver tolerance, so that the comparison sees the derivative and
 * not the solver's residual. Actions within 1e-4 of a bound of the action box are first moved that far inside, since a
 * difference across the bound would halve the derivative. */
#ifndef DYNAFLOW_SIM_GRADCHECK_H
#define DYNAFLOW_SIM_GRADCHECK_H

#include <stdint.h>

#include "dynaflow/sim/system.h"

/* ---- what is active in a step ---- */

/* Counts over one step of a MuJoCo system; of several substeps, the most at once. */
typedef struct df_active {
  int rows;     /* of the constraint solver, nefc */
  int contacts; /* that push */
  int impacts;  /* of these: approaching faster than 0.1 m/s */
  int sticking; /* of these: friction strictly inside its cone */
  int sliding;  /* of these: friction on the border of its cone, or without friction */
  int rolling;  /* of these: slipping slower than 0.02 m/s while the bodies turn faster than 0.1 rad/s across the normal
                 */
  int limits;   /* of joints and tendons, that push */
  int dry_sticking; /* rows of dry friction */
  int dry_sliding;
  int equalities;
  int clamped;   /* controls and activations at or beyond their range */
  int saturated; /* actuators and joints at their force limit */
} df_active;

/* what changes across a kink, the first that fits */
#define DF_KINK_LIST(X)                                                                                             \
  X(NONE, "none")                                                                                                   \
  X(CONTACT, "contact")       /* a contact made or broken */                                                        \
  X(STICK_SLIP, "stick-slip") /* a contact or a row of dry friction begins to slide */                              \
  X(CONE, "cone")             /* a sliding contact meets another part of its cone */                                \
  X(LIMIT, "limit")           /* the limit of a joint or tendon */                                                  \
  X(CLAMP, "clamp")           /* the range of a control, an activation or a force */                                \
  X(IMPEDANCE, "impedance")   /* another piece of a constraint's impedance curve, with another second derivative */ \
  X(FEATURE, "feature")       /* another end, edge or face of a capsule or box touches */                           \
  X(DIVERGED, "diverged")     /* the step or one beside it diverged */                                              \
  X(UNNAMED, "unnamed")       /* nothing of the above: other shapes that touch, a stage of RK4, strong curvature */

typedef enum df_kink {
#define DF_KINK_ENUM(name, text) DF_KINK_##name,
  DF_KINK_LIST(DF_KINK_ENUM)
#undef DF_KINK_ENUM
      DF_KINK_COUNT
} df_kink;
DF_API const char* df_kink_name(df_kink kink); /* "stick-slip" */

/* ---- the check ---- */

typedef struct df_gradcheck_point {
  double error;    /* |adjoint - difference| / |difference|, 2-norms over [xbar, ubar]; the smaller over the eps used */
  double step_gap; /* the two differences' disagreement, relative; above 1e-5 the state is on a kink */
  bool kink;
  bool approximate; /* a contact without an exact derivative was active: the error then is the approximation's */
  bool differenced; /* the adjoint itself is a finite difference: there is nothing to check */
  double eps;       /* the larger difference step used */
  df_kink cause;    /* of a kink, and of one nearer than 1e-6 that smaller steps stay short of; NONE if there is none;
                     * UNNAMED where the system is not MuJoCo's, and of rollouts */
  double transition_error; /* |adjoint - mjd_transitionFD| / |mjd_transitionFD|, centred at 1e-6, asked for by
                            * cfg.transition; NaN where MuJoCo has none (RK4, delays, substeps, other systems) */
  df_active active;        /* of the step at this state; zero for rollouts and other systems */
} df_gradcheck_point;

typedef struct df_gradcheck_cfg {
  uint64_t seed; /* draws the cotangents */
  int threads;
  bool transition; /* also compare with mjd_transitionFD */
} df_gradcheck_cfg;

/* The one-step check at n states x [n][nx] and actions u [n][nu]; points [n]. Costs 2 x 2 x (ndx + nu) steps a state,
 * up to 5 x 2 x (ndx + nu) where two difference steps do not tell. A state whose step diverges has error and step_gap
 * NaN and is a kink; an adjoint that is no number, or gives up where differences do not, has an infinite error. */
DF_API DF_MUST_CHECK df_status df_gradcheck_run(const df_system* system, const df_gradcheck_cfg* cfg, int n,
                                                const double* x, const double* u, df_gradcheck_point* points);

/* The same with a seed and threads only. */
DF_API DF_MUST_CHECK df_status df_gradcheck_steps(const df_system* system, int n, const double* x, const double* u,
                                                  uint64_t seed, int threads, df_gradcheck_point* points);

/* The same for the loss gradient of a rollout of H actions: loss = mean over t, i of w_i (x_t (-) x*_t)_i^2 against
 * targets x_target [n][H+1][nx], along four random directions in action space; x0 [n][nx], u [n][H][nu], weight [ndx].
 * A rollout that diverges has error and step_gap NaN and counts as a kink. */
DF_API DF_MUST_CHECK df_status df_gradcheck_rollouts(const df_system* system, int n, int H, const double* x0,
                                                     const double* u, const double* x_target, const double* weight,
                                                     uint64_t seed, int threads, df_gradcheck_point* points);

/* The error of the adjoint against differences of each of m steps eps [m]: errors [n][m], NaN where a step diverges.
 * Falls as eps^2 while truncation decides, and rises as 1/eps where rounding does. */
DF_API DF_MUST_CHECK df_status df_gradcheck_sweep(const df_system* system, const df_gradcheck_cfg* cfg, int n,
                                                  const double* x, const double* u, int m, const double* eps,
                                                  double* errors);

/* ---- the verdict ---- */

typedef struct df_gradcheck_summary {
  int n, smooth, kinks; /* n = smooth + kinks + approximate + differenced */
  int approximate, differenced;
  int near;                                 /* points with a kink nearer than 1e-6, the `kinks` among them */
  int cause[DF_KINK_COUNT];                 /* of these */
  double median, p99, worst;                /* error over the smooth ones; NaN if there is none */
  double below;                             /* share of the smooth ones with an error below 1e-6 */
  double transition_median, transition_p99; /* the same for transition_error where it is known; NaN if nowhere */
  int transitions;                          /* how many of the smooth ones have one */
  double approximate_median;                /* error over the approximate ones */
  int worst_at;                             /* the point with the worst error, or -1 */
} df_gradcheck_summary;

DF_API DF_MUST_CHECK df_status df_gradcheck_sum_up(int n, const df_gradcheck_point* points, df_gradcheck_summary* out);

typedef enum df_gradcheck_verdict {
  DF_GRADCHECK_HOLDS,
  DF_GRADCHECK_FAILS,       /* a number above its limit, or not a number at a smooth point */
  DF_GRADCHECK_INCONCLUSIVE /* fewer than a quarter of the points speak: a check that saw kinks only passes nothing */
} df_gradcheck_verdict;

/* Holds a summary to limits on median and 99th percentile (infinite: none). */
DF_API df_gradcheck_verdict df_gradcheck_judge(const df_gradcheck_summary* summary, double median, double p99);

/* ---- states to check at: generated, the same for the same seed ---- */

#define DF_STATE_LIST(X)                                                                                           \
  X(REST, "rest")       /* settled under the rest action */                                                        \
  X(MOTION, "motion")   /* along random actions, some beyond the box */                                            \
  X(IMPACT, "impact")   /* where a contact or limit has just been met, after a drop or a push */                   \
  X(LIMITS, "limits")   /* joints at and beyond their limits */                                                    \
  X(SLIDING, "sliding") /* settled, then pushed along the floor or along the joints */                             \
  X(ROLLING, "rolling") /* settled, then pushed and turned so that the lowest point of a free body stands still */ \
  X(STUCK, "stuck")     /* settled, then pulled by actions too small to get away */

typedef enum df_state_kind {
#define DF_STATE_ENUM(name, text) DF_STATE_##name,
  DF_STATE_LIST(DF_STATE_ENUM)
#undef DF_STATE_ENUM
      DF_STATE_KINDS
} df_state_kind;
DF_API const char* df_state_kind_name(df_state_kind kind);

/* Draws up to n states x [n][nx] of a MuJoCo system and the actions u [n][nu] that act on them; *found says how many
 * there are: a model without limits has none at limits. Motions start from the first keyframe, or else from the
 * initial state, a little off it. One that diverges ends; 40 in a row without a state end the search. */
DF_API DF_MUST_CHECK df_status df_gradcheck_draw(const df_system* system, df_state_kind kind, int n, uint64_t seed,
                                                 double* x, double* u, int* found);

/* ---- MuJoCo's own derivative, to compare with ---- */

/* mjd_transitionFD at state x [nx] and action u [nu] for one physics step: A [ndx][ndx], B [ndx][nu]. False where
 * MuJoCo has none. Ends the simulator's trajectory: reset before the next step. */
DF_API bool df_mujoco_transition(const df_system* system, df_sim* sim, const double* x, const double* u, double eps,
                                 bool centred, double* A, double* B);

/* What was active in the last step of a MuJoCo simulator (its last substep). */
DF_API df_active df_mujoco_active(df_sim* sim);

#endif
