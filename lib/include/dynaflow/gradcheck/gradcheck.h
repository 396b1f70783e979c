/* gradcheck.h: compares the adjoint with centred finite differences.
 *
 * At a state x and action u, step_vjp is applied to a random cotangent y and compared with
 * y^T (f(x + eps e_i) - f(x - eps e_i)) / (2 eps) along all state and action directions e_i. The difference step eps is
 * chosen without regard to the adjoint: finite differences at 1e-6 and 2e-7 are compared with each other, and if their
 * relative distance exceeds 1e-7, the pair of neighbours among 2.5e-5, 5e-6, 1e-6, 2e-7 and 4e-8 that agrees best is
 * used, so that a nearby kink lies either well inside or outside the difference step. If no pair agrees within 1e-5, or
 * if the one-sided slopes differ however small eps is, the state lies on a kink (contact making or breaking, stick to
 * slip, a clamp): it is counted separately and says nothing about the adjoint. A kink within 1e-6 of the state is named
 * by comparing the active sets on its two sides.
 *
 * MuJoCo systems are checked on a copy with a tight solver tolerance, so that the comparison measures the derivative
 * and not the solver's residual. Actions closer than 1e-4 to a bound of the action box, and activations that close to a
 * bound of their range ([0, 1] for a muscle), are first moved to that distance (or to a quarter of the width if that is
 * less), since a difference across the bound would mix the slopes of both sides.
 *
 * All functions are deterministic: results do not depend on the number of threads. Arrays are owned by the caller.
 * Derivation of the adjoint and results of the check: docs/adjoint.md. */
#ifndef DYNAFLOW_GRADCHECK_GRADCHECK_H
#define DYNAFLOW_GRADCHECK_GRADCHECK_H

#include <stdint.h>

#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* ---- the active set of a step ---- */

/* Counts over one step of a MuJoCo system. With several substeps each count is its maximum over the substeps. */
typedef struct df_active {
  int rows;         /* rows of the constraint problem, nefc */
  int contacts;     /* contacts that push */
  int impacts;      /* of these: approaching faster than 0.1 m/s */
  int sticking;     /* of these: friction strictly inside its cone */
  int sliding;      /* of these: friction on the border of its cone, or without friction */
  int rolling;      /* of these: slip slower than 0.02 m/s, relative rotation across the normal faster than 0.1 rad/s */
  int limits;       /* limits of joints and tendons that push */
  int dry_sticking; /* rows of dry friction that stick */
  int dry_sliding;  /* rows of dry friction that slide */
  int equalities;   /* rows of equality constraints */
  int clamped;      /* controls and activations at or beyond their range */
  int saturated;    /* actuators and joints at their force limit */
} df_active;

/* Causes of kinks. Where several apply, the first in this order is reported. */
#define DF_KINK_LIST(X)                                                                                             \
  X(NONE, "none")                                                                                                   \
  X(CONTACT, "contact")       /* a contact is made or broken */                                                     \
  X(STICK_SLIP, "stick-slip") /* a contact or a row of dry friction changes between sticking and sliding */         \
  X(CONE, "cone")             /* the active edges of a sliding contact's friction cone change */                    \
  X(LIMIT, "limit")           /* limit of a joint or tendon */                                                      \
  X(CLAMP, "clamp")           /* range of a control, an activation or a force */                                    \
  X(IMPEDANCE, "impedance")   /* another piece of a constraint's impedance curve, with another second derivative */ \
  X(FEATURE, "feature")       /* another end, edge or face of a capsule or box touches */                           \
  X(DIVERGED, "diverged")     /* the step or a perturbed step diverged */                                           \
  X(UNNAMED, "unnamed")       /* none of the above: features of other shapes, a stage of RK4, strong curvature */   \
  X(FAILED, "failed")         /* no kink: the simulator raised an error at the step or a perturbed step */

typedef enum df_kink {
#define DF_KINK_ENUM(name, text) DF_KINK_##name,
  DF_KINK_LIST(DF_KINK_ENUM)
#undef DF_KINK_ENUM
      DF_KINK_COUNT
} df_kink;
/* The name of a kink, e.g. "stick-slip"; a static string, "?" for an unknown value. */
DF_API const char* df_kink_name(df_kink kink);

/* ---- the check ---- */

enum { DF_FAILURE_MAX = 200 };

/* The result of the check at one state or rollout. */
typedef struct df_gradcheck_point {
  double error; /* |adjoint - difference| / |difference|, 2-norms over [xbar, ubar]; the smaller of the two eps used */
  double step_gap; /* relative distance of the two finite differences; above 1e-5 the state is on a kink */
  bool kink;
  bool approximate; /* a contact without an exact derivative was active: the error is that of the approximation */
  bool differenced; /* the adjoint itself is a finite difference: there is nothing to check */
  double eps;       /* the larger of the two difference steps used; SI units */
  df_kink cause;    /* cause of a kink at the state, or within 1e-6 of it and outside the difference steps used; NONE if
                     * there is none; UNNAMED for rollouts and systems other than MuJoCo's */
  double transition_error; /* |adjoint - mjd_transitionFD| / |mjd_transitionFD|, centred at 1e-6, if cfg.transition is
                            * set; NaN where MuJoCo has none (RK4, delays, substeps, other systems) */
  df_active active;        /* of the step at this state; zero for rollouts and other systems */
  char failure[DF_FAILURE_MAX]; /* the simulator's error if `cause` is FAILED, else empty; long ones are cut */
} df_gradcheck_point;

typedef struct df_gradcheck_cfg {
  uint64_t seed;   /* of the random cotangents */
  int threads;     /* >= 1 */
  bool transition; /* also compare with mjd_transitionFD */
} df_gradcheck_cfg;

/* states to check; the caller owns the arrays. All fields are mandatory. */
typedef struct df_gradcheck_states {
  int n;           /* number of states, >= 1 */
  const double* x; /* [n][nx] states */
  const double* u; /* [n][nu] the action in each state */
} df_gradcheck_states;

/* Checks single steps; writes points [n]. Costs 2 x 2 x (ndx + nu) steps per state, and up to 5 x 2 x (ndx + nu) where
 * two difference steps do not suffice. A state whose step diverges or fails counts as a kink with error and step_gap
 * NaN. An adjoint that is NaN, or is reported as diverged where finite differences are not, has an infinite error.
 * Errors: DF_E_ARG (NULL argument or array, n or threads below 1), DF_E_NOMEM, and those of copying the model and
 * creating simulators: df_mujoco_system_new() for a compiled model, and df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_gradcheck_run(const df_system* system, const df_gradcheck_cfg* cfg,
                                                const df_gradcheck_states* states, df_gradcheck_point* points);

/* rollouts to check; the caller owns the arrays. All fields are mandatory. */
typedef struct df_gradcheck_batch {
  int n, H;               /* number of rollouts and of actions in each, >= 1 */
  const double* x0;       /* [n][nx] start states */
  const double* u;        /* [n][H][nu] actions */
  const double* x_target; /* [n][H+1][nx] target states x* */
  const double* weight;   /* [ndx] weights w of the loss */
} df_gradcheck_batch;

/* Checks the loss gradient of rollouts along four random directions in action space; writes points [n]. The loss is the
 * mean over t, i of w_i (x_t (-) x*_t)_i^2. cfg->transition is ignored. A rollout that diverges or fails counts as a
 * kink with error and step_gap NaN. Errors: as df_gradcheck_run(). */
DF_API DF_MUST_CHECK df_status df_gradcheck_rollouts(const df_system* system, const df_gradcheck_cfg* cfg,
                                                     const df_gradcheck_batch* batch, df_gradcheck_point* points);

/* The error of the adjoint at n states against finite differences at each of m >= 1 difference steps eps [m] > 0:
 * errors [n][m], NaN where a step or the adjoint diverges. The error falls as eps^2 where truncation dominates and
 * rises as 1/eps where rounding does. Actions and activations are kept twice the largest eps away from their bounds.
 * Errors: as df_gradcheck_run(), and DF_E_ARG for an eps that is not finite and positive. */
DF_API DF_MUST_CHECK df_status df_gradcheck_sweep(const df_system* system, const df_gradcheck_cfg* cfg,
                                                  const df_gradcheck_states* states, int m, const double* eps,
                                                  double* errors);

/* ---- summary and verdict ---- */

typedef struct df_gradcheck_summary {
  int n, smooth, kinks; /* n = smooth + kinks + approximate + differenced */
  int approximate, differenced;
  int near;                  /* points with a kink within 1e-6, including `kinks` */
  int cause[DF_KINK_COUNT];  /* points per cause; NONE for those without a kink within 1e-6 */
  double median, p99, worst; /* error over smooth points; NaN if there are none */
  double below;              /* fraction of smooth points with an error below 1e-6; NaN if there are none */
  double transition_median, transition_p99; /* transition_error over smooth points that have one; NaN if none has */
  int transitions;                          /* number of smooth points with a transition_error */
  double approximate_median;                /* error over approximate points; NaN if there are none */
  int worst_at;                             /* index of the smooth point with the largest error, or -1 */
  int failed_at;                            /* index of the first point with cause FAILED, or -1 */
} df_gradcheck_summary;

/* Summarises points [n], n >= 0; a NaN error of a smooth point counts as infinite. Errors: DF_E_ARG (NULL argument,
 * negative n), DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_gradcheck_sum_up(int n, const df_gradcheck_point* points, df_gradcheck_summary* out);

#define DF_GRADCHECK_FAILED_SHARE 0.01

typedef enum df_gradcheck_verdict {
  DF_GRADCHECK_HOLDS,
  DF_GRADCHECK_FAILS,       /* median or 99th percentile above its limit */
  DF_GRADCHECK_INCONCLUSIVE /* fewer than a quarter of the points are smooth, or the simulator failed at more than
                             * DF_GRADCHECK_FAILED_SHARE of them: a check without enough states never passes */
} df_gradcheck_verdict;

/* Compares a summary with limits on the median and the 99th percentile of the error; INFINITY: no limit. */
DF_API df_gradcheck_verdict df_gradcheck_judge(const df_gradcheck_summary* summary, double median, double p99);

/* ---- generation of states to check; the same for the same seed ---- */

#define DF_STATE_LIST(X)                                                                                         \
  X(REST, "rest")       /* settled under the rest action */                                                      \
  X(MOTION, "motion")   /* along random actions, some outside the action box */                                  \
  X(IMPACT, "impact")   /* a contact or limit has just been met, after a drop or a throw */                      \
  X(LIMITS, "limits")   /* joints at and beyond their limits */                                                  \
  X(SLIDING, "sliding") /* settled, then pushed along the floor or along the joints */                           \
  X(ROLLING, "rolling") /* settled, then pushed with the spin for which a free body's lowest point is at rest */ \
  X(STUCK, "stuck")     /* settled, then pulled by actions too small to move it away */

typedef enum df_state_kind {
#define DF_STATE_ENUM(name, text) DF_STATE_##name,
  DF_STATE_LIST(DF_STATE_ENUM)
#undef DF_STATE_ENUM
      DF_STATE_KINDS
} df_state_kind;
/* The name of a kind, e.g. "rest"; a static string, "?" for an unknown value. */
DF_API const char* df_state_kind_name(df_state_kind kind);

/* which states to generate */
typedef struct df_state_draw {
  df_state_kind kind; /* zero: REST */
  int n;              /* number of states wanted, >= 0 */
  uint64_t seed;
} df_state_draw;

/* Generates up to draw->n states x [n][nx] of a MuJoCo system, each with an action u [n][nu]; *found is their number,
 * which may be less than n: a model without limits has no states at limits. Motions start near the first keyframe, or
 * else near the initial state. A motion that diverges or fails ends; a state at which the simulator fails is one of
 * those found. The search ends after 40 motions in a row without a state. Errors: DF_E_ARG (NULL argument, not a MuJoCo
 * system, negative n, unknown kind), DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_gradcheck_draw(const df_system* system, const df_state_draw* draw, double* x,
                                                 double* u, int* found);

/* ---- MuJoCo's own derivative, for comparison ---- */

/* a request for mjd_transitionFD; the caller owns the arrays, row-major */
typedef struct df_transition {
  double eps;   /* difference step, > 0; mandatory */
  bool centred; /* centred differences; false: one-sided */
  double* A;    /* out, [ndx][ndx] derivative of the next state by the state; NULL: not needed */
  double* B;    /* out, [ndx][nu] derivative of the next state by the action; NULL: not needed */
} df_transition;

/* mjd_transitionFD of one physics step of a MuJoCo system at state x [nx] and action u [nu]. False if MuJoCo has none
 * (RK4, delays, dynamics in closed form) or raises an error. Invalidates the simulator's trajectory: reset it before
 * the next step. */
DF_API bool df_mujoco_transition(const df_system* system, df_sim* sim, const double* x, const double* u,
                                 const df_transition* out);

/* The active set of the last physics step (substep) of a MuJoCo simulator; all zero if the simulator must be reset, and
 * with dynamics in closed form. */
DF_API df_active df_mujoco_active(df_sim* sim);

DF_END_DECLS

#endif
