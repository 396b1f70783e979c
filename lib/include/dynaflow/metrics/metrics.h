/* metrics.h: physical consistency and likeness, in physical units.
 *
 * Trajectories are [B][H+1][nx], actions [B][H][nu], row-major, as in rollout.h. Per-window results go to caller-owned
 * arrays so that paired statistics stay possible. A window with a non-finite number gets +inf, never silence: means
 * over windows then are +inf with the count of failures beside them. */
#ifndef DYNAFLOW_METRICS_METRICS_H
#define DYNAFLOW_METRICS_METRICS_H

#include <stdint.h>

#include "dynaflow/data/chart.h"
#include "dynaflow/metrics/defs.h"
#include "dynaflow/sim/system.h"
#include "dynaflow/stats/statistics.h"

/* RMS error in units of the training std, and by physical group (df_chart_groups) in its unit.
 *   x, x_demo  in,  [B][H+1][nx] of the chart's system, with equal frame 0 (DF_E_ARG names the first that differs)
 *   rms  out, [B];  group_rms  out, [groups][B], may be NULL
 * Differences are taken in the chart's coordinates, seen from the demonstration's frame 0. */
DF_API DF_MUST_CHECK df_status df_metric_tre(const df_chart* chart, int nx, int B, int H, const double* x,
                                             const double* x_demo, double* rms, double* group_rms);

/* sae [B]: mean over the H steps of the admissibility error of the given actions; worst [B] (may be NULL): the largest.
 * The solver's warm start is carried along a window, as it was when the window was simulated; the state never is. So
 * what df_rollout_run() made measures 0, up to rounding. A step that diverges or fails makes the window +inf. */
DF_API DF_MUST_CHECK df_status df_metric_sae_own(const df_system* system, int B, int H, const double* x,
                                                 const double* u, int threads, double* sae, double* worst);

/* sae [B] as above for the best action in the box, started from u_guess [B][H][nu] (may be NULL; then from the best
 * action of the step before) and from the action of rest (df_system_rest_action); u_best [B][H][nu] may be NULL, or be
 * u_guess. A guess that is not finite is skipped. The search steps from a cleared warm start; the guess, brought into
 * the box, is also taken as sae_own takes it, so that sae_min <= sae_own for actions in the box, to the last bit.
 * Where f jumps in u (a contact made within the step) a search may stop at the jump. */
DF_API DF_MUST_CHECK df_status df_metric_sae_min(const df_system* system, int B, int H, const double* x,
                                                 const double* u_guess, int threads, double* sae, double* u_best);

/* in `touch` where a state is not finite or beyond 1e6: equal to no contact and to no stance, not even to itself */
enum { DF_TOUCH_UNKNOWN = 2 };

/* touch [B][H+1][n_feet]: 1 for the foot geoms that are in contact in each state, else 0. DF_E_ARG for a system that is
 * not a MuJoCo model or a geom below 0. */
DF_API DF_MUST_CHECK df_status df_metric_contacts(const df_system* system, int B, int H, const double* x, int n_feet,
                                                  const int* geoms, int threads, uint8_t* touch);

/* agreement [B]: share of frames 1..H and feet with a[b][t][k] == b[b][t][k]. */
DF_API void df_metric_agreement(int B, int H, int n_feet, const uint8_t* a, const uint8_t* b, double* agreement);

/* Share of frames from..H and feet whose contact equals stance(k, phase0 + frequency dt t), at the best of 50 offsets
 * phase0; `stance` says whether foot k stands at a phase in cycles. touch is one trajectory's [H+1][n_feet].
 * NaN where there are no frames. */
typedef bool (*df_stance_fn)(void* context, int foot, double phase);
DF_API double df_metric_gait_phase(int H, int from, int n_feet, const uint8_t* touch, double dt, double frequency,
                                   df_stance_fn stance, void* context);

/* where a fall is read off a state */
typedef struct df_fall_rule {
  double height; /* m; 0: not a criterion */
  double tilt;   /* rad; 0: not a criterion */
  int height_at; /* index of the base height in x */
  int quat_at;   /* index of the base quaternion in x, or -1 */
  int tilt_at;   /* index of the lean angle in x where there is no quaternion, or -1 */
} df_fall_rule;

/* The rule that config's eval.fall_* keys describe. DF_E_CONFIG names a joint that the model lacks or of a kind without
 * a height (slide, or free by name) or a lean (hinge, or free or ball by name). */
DF_API DF_MUST_CHECK df_status df_fall_rule_new(const df_system* system, const df_config* config, df_fall_rule* out);

/* The first frame of a trajectory x [H+1][nx] that is fallen or not finite; H+1 if there is none. */
DF_API int df_fall_frame(const df_fall_rule* rule, int nx, int H, const double* x);

/* Mean over frames from..H of |v_xy - command| with v turned into the base's heading, m/s; x [H+1][nx] of a free-joint
 * robot with its base at qpos 0 and velocity at x[nq]. wz_error (may be NULL): mean |yaw rate - command wz|, rad/s,
 * where the yaw rate is the vertical part of the angular velocity. NaN where there are no frames. */
DF_API double df_metric_command(int H, int from, int nx, int nq, const double* x, const double command[3],
                                double* wz_error);

#endif
