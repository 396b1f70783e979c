/* metrics.h: physical consistency and reconstruction quality of generated windows, in physical units.
 *
 * The windows are given as df_trajectories; arrays are row-major, as in rollout.h. Results are written per window to
 * arrays owned by the caller, so that paired statistics are possible. A window with a non-finite number has the result
 * +inf; it is never left out, so the mean over windows is then +inf, and the number of failures is reported with it. */
#ifndef DYNAFLOW_METRICS_METRICS_H
#define DYNAFLOW_METRICS_METRICS_H

#include <signal.h>
#include <stdint.h>

#include "dynaflow/data/chart.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/metrics/defs.h"
#include "dynaflow/sim/system.h"
#include "dynaflow/stats/statistics.h"

DF_BEGIN_DECLS

/* B windows of H actions each, which the caller owns. */
typedef struct df_trajectories {
  int B, H;                          /* number of windows and of actions in each, >= 1; mandatory */
  const double* x;                   /* [B][H+1][nx] states; mandatory */
  const double* u;                   /* [B][H][nu] actions; NULL where the function says so */
  const volatile sig_atomic_t* stop; /* NULL: none; read by df_metric_sae_min() only */
} df_trajectories;

/* A trajectory begins in a state if their numbers differ by at most this, relative above 1: the rounding of a
 * single-precision file. */
#define DF_START_TOLERANCE 1e-5

/* Trajectory reconstruction error (TRE): RMS over frames 1..H and channels of the difference between generated and
 * demonstrated states, in the chart's coordinates relative to the demonstration's frame 0 and in units of the training
 * std; and the same by physical group (df_chart_groups) in the unit of the group. The name is that of DynaFlow (arXiv
 * 2509.19804), the definition is this suite's.
 *   nx         in,  that of the chart's system
 *   made       in,  the generated states; u is not read and may be NULL
 *   x_demo     in,  [B][H+1][nx], the demonstrated states; frame 0 must agree to DF_START_TOLERANCE
 *   rms        out, [B]
 *   group_rms  out, [groups][B], may be NULL
 * Errors: DF_E_ARG for a NULL argument, a size < 1 or a different frame 0 (names the first such window), DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_metric_tre(const df_chart* chart, int nx, const df_trajectories* made,
                                             const double* x_demo, double* rms, double* group_rms);

/* Distance between the generated and the demonstrated windows as two sets of points, whichever start state each has: a
 * point is frames 1..H of a window in the coordinates of df_metric_tre(). Sliced Wasserstein-2 distance (Bonneel et
 * al., J. Math. Imaging Vis. 51, 2015): RMS over 256 directions, uniform on the unit sphere, of the Wasserstein-2
 * distance of the projections. A shift of all generated points by d std in all coordinates has a distance of about d.
 * Finite sets of one distribution have a distance above 0, so that only values of as many windows compare.
 *   nx        in,  that of the chart's system
 *   made      in,  the generated states; u is not read and may be NULL, nor is frame 0
 *   x_demo    in,  [B][H+1][nx], the demonstrated states
 *   seed      in,  of the directions
 *   distance  out, in std; +inf if a generated window is not finite
 *   failed    out, how many are not finite; may be NULL
 * Errors: DF_E_ARG for a NULL argument or a size < 1, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_metric_sliced_wasserstein(const df_chart* chart, int nx, const df_trajectories* made,
                                                            const double* x_demo, uint64_t seed, double* distance,
                                                            int* failed);

/* Coverage, of the same points, by mutual neighbours: whether some generated window is at most as far from a
 * demonstrated one as its fifth nearest other demonstrated window (Naeem et al., ICML 2020), and the demonstrated one
 * is among the five that are nearest to the generated one. The second condition is this suite's: m different generated
 * windows cover at most 5 m, in a space of any dimension, unless more demonstrated windows are exactly as far as the
 * fifth: equal ones, such as those at rest, are covered together. A generated window that is not finite covers none.
 *   covered   out, [B], 1 or 0, of the demonstrated windows
 * The other arguments as above. Errors: DF_E_ARG for a NULL argument, a size < 1 or B < DF_COVERAGE_WINDOWS;
 * DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_metric_coverage(const df_chart* chart, int nx, const df_trajectories* made,
                                                  const double* x_demo, double* covered);

/* Statewise admissibility error (SAE, named after DDAT, RSS 2025) of given actions: the error of step t is the tangent
 * 2-norm |x[t+1] (-) f(x[t], u[t])|, with every step started from the given x[t].
 *   made   in,  states and actions; u is mandatory
 *   sae    out, [B], the mean error over the H steps
 *   worst  out, [B], the largest error; may be NULL
 * The solver's warm start is carried from step to step, as in the simulation of a window, so windows made by
 * df_rollout_run() have an error of 0 up to rounding. A step that diverges or fails makes both results of the window
 * +inf. Errors: DF_E_ARG for a NULL argument or a size < 1; DF_E_NOMEM and the errors of df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_metric_sae_own(const df_system* system, const df_trajectories* made, int threads,
                                                 double* sae, double* worst);

/* SAE of the best actions: the error of step t is minimised over the actions in the box by projected
 * Levenberg-Marquardt, started from the guess (without a guess: from the best action of the previous step) and from
 * the rest action (df_system_rest_action). The result is an upper bound of the minimum: where f is discontinuous in u,
 * for instance where a contact begins within the step, a search may stop at the discontinuity. Without a guess, if at
 * least half of the steps of a window are exact (an error of at most 1e-9), the others are searched again from up to 48
 * starts, the exact actions before and after them and scattered around these, so that a motion that the system can make
 * is not charged with the end of a search.
 *   made    in,  states and, in u, the guess: NULL: no guess; an action that is not finite is ignored
 *   sae     out, [B], the mean error over the H steps
 *   u_best  out, [B][H][nu], the best actions; may be NULL or made->u
 * The searches clear the warm start before every step. In addition, the guess, projected into the box, is evaluated as
 * in df_metric_sae_own(), so sae_min <= sae_own holds exactly for actions in the box. Nonzero
 * *made->stop ends it before the next step. Errors: those of df_metric_sae_own(), and DF_E_INTERRUPTED. */
DF_API DF_MUST_CHECK df_status df_metric_sae_min(const df_system* system, const df_trajectories* made, int threads,
                                                 double* sae, double* u_best);

/* the value in `touch` for a state that is not finite or exceeds 1e6; it never agrees, not even with itself */
enum { DF_TOUCH_UNKNOWN = 2 };

/* Writes touch [B][H+1][n_feet] from the states; their u is not read and may be NULL. 1 if foot geom geoms[k] is in
 * contact (within its margin) in a state, 0 if not, DF_TOUCH_UNKNOWN if the state is unusable. Errors: DF_E_ARG for a
 * NULL argument, a size < 1, a system that is not a MuJoCo model, or a negative geom; DF_E_NOMEM and the errors of
 * df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_metric_contacts(const df_system* system, const df_trajectories* states, int n_feet,
                                                  const int* geoms, int threads, uint8_t* touch);

/* Writes agreement [B]: the share of frames 1..H and feet with equal, known contact in a and b [B][H+1][n_feet]. */
DF_API void df_metric_agreement(int B, int H, int n_feet, const uint8_t* a, const uint8_t* b, double* agreement);

/* Returns whether foot k of a gait is in stance at a phase [cycles]. */
typedef bool (*df_stance_fn)(void* context, int foot, double phase);

/* the gait clock: stance per foot and phase */
typedef struct df_gait_clock {
  double dt;           /* time between two frames, s; mandatory */
  double frequency;    /* cycles of the gait per second, Hz; mandatory */
  df_stance_fn stance; /* whether a foot stands; mandatory */
  void* context;       /* passed to stance; may be NULL */
} df_gait_clock;

/* Returns the share of frames from..H and feet whose contact equals stance(k, phase0 + frequency * dt * t), maximised
 * over 50 equally spaced phase offsets phase0 in [0, 1). touch [H+1][n_feet] is of one trajectory. *phase0 (may be
 * NULL) gets the offset of the maximum, the smallest one if there are several. NaN if there are no frames or feet. */
DF_API double df_metric_gait_phase(int H, int from, int n_feet, const uint8_t* touch, const df_gait_clock* clock,
                                   double* phase0);

/* the fall criteria and the indices of the coordinates they use */
typedef struct df_fall_rule {
  double height; /* fallen below this height, m; 0: no criterion */
  double tilt;   /* fallen above this tilt, rad; 0: no criterion */
  double floor;  /* height above which that of a free base is measured, m, if the ground is flat */
  const df_system* system;
  df_sim* ground; /* of uneven ground, above which the height of a free base is measured; NULL: it is flat; owned */
  int height_at;  /* index in x of the base height; that of a free base follows its x and y */
  int quat_at;    /* index in x of the base quaternion, or -1 */
  int tilt_at;    /* index in x of the tilt angle if there is no quaternion, or -1 */
} df_fall_rule;

/* Makes the rule from config's eval.fall_height, fall_tilt, height_joint and tilt_joint; without the name of a joint,
 * of the robot's base (df_robot_base()). The height of a free base is that above the ground below it
 * (df_mujoco_ground_below()), or above z = 0 if nothing is below it; that of a slide is its position. The caller calls
 * df_fall_rule_clear(), also after a failure; `system` must outlive the rule. Errors: DF_E_CONFIG for a rule without a
 * joint of a robot without a base, for a joint that the model lacks or that has no height (allowed: slide, free) or no
 * tilt (allowed: hinge, ball, free), and for a rule on a system that is not a MuJoCo model; DF_E_ARG for a NULL
 * argument; those of df_sim_new(). On failure *out has no criteria. */
DF_API DF_MUST_CHECK df_status df_fall_rule_new(const df_system* system, const df_config* config, df_fall_rule* out);

DF_API void df_fall_rule_clear(df_fall_rule* rule);

/* Whether the rule has a criterion. Without one, only a state that is not finite counts as fallen, and neither a fall
 * rate nor a survival time is defined. */
static inline bool df_fall_rule_is_set(const df_fall_rule* rule) {
  return rule->height != 0 || rule->tilt != 0;
}

/* Returns the first frame of a trajectory x [H+1][nx] that is fallen or not finite; H+1 if there is none. */
DF_API int df_fall_frame(const df_fall_rule* rule, int nx, int H, const double* x);

/* Returns the mean over `frames` states of |v_xy - command_xy| [m/s], where v is the base velocity rotated into the
 * heading of the base. x [frames][nx] are states of a robot with this base (df_robot_base()), which must not be none;
 * command is vx, vy [m/s] and the yaw rate [rad/s]. Writes the mean |yaw rate - command yaw rate| [rad/s] to
 * wz_error (may be NULL); the yaw rate is the vertical component of the angular velocity. A state that is not finite
 * makes the result +inf. NaN for frames < 1. */
DF_API double df_metric_command(int frames, int nx, const df_base* base, const double* x, const double command[3],
                                double* wz_error);

/* Returns how far the base ends from where the command leads it [m]: the horizontal distance between its last position
 * and the end of the path that begins in its first pose and has, for frames * dt seconds, the velocity vx, vy in a
 * heading that turns at the yaw rate. x [frames+1][nx], base and command as in df_metric_command(); dt > 0 is the time
 * between states [s]. Writes the shortest angle between the last heading and that of the path [rad, 0 .. pi] to
 * heading_error (may be NULL). First or last pose that are not finite make both +inf. NaN for frames < 1. */
DF_API double df_metric_command_path(int frames, int nx, const df_base* base, const double* x, double dt,
                                     const double command[3], double* heading_error);

DF_END_DECLS

#endif
