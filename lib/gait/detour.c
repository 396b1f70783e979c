#include "dynaflow/gait/detour.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "attempts.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/mujoco.h"

enum { NX = 6, NU = 2 };
/* gains of the expert: of the speed, 1/s; of the offset, 1/s^2 and 1/s (critically damped) */
static const double SPEED_GAIN = 4, OFFSET_GAIN = 25, OFFSET_DAMPING = 10;
static const double SUNK = -0.02; /* m: in or over the pit */

double df_detour_path(double x, double* slope, double* curvature) {
  const double k = acos(-1) / (DF_DETOUR_BEGIN - DF_DETOUR_BESIDE), away = fabs(x) - DF_DETOUR_BESIDE;
  *slope = *curvature = 0;
  if (away <= 0) return DF_DETOUR_WIDTH;
  if (!(fabs(x) < DF_DETOUR_BEGIN)) return 0;
  *slope = -DF_DETOUR_WIDTH / 2 * k * sin(k * away) * (x < 0 ? -1 : 1);
  *curvature = -DF_DETOUR_WIDTH / 2 * k * k * cos(k * away);
  return DF_DETOUR_WIDTH / 2 * (1 + cos(k * away));
}

/* The motors' controls in state x for a side, +1 or -1. A puck of mass 1 without friction accelerates by gear times
 * control. */
static void act(const df_system* system, double gear, double side, const double* x, double* u) {
  double slope, curvature;
  const double path = df_detour_path(x[0], &slope, &curvature), offset = side * path;
  const double vx = x[3], vy = x[4];
  const double forward = SPEED_GAIN * (DF_DETOUR_SPEED - DF_DETOUR_SLOWER * path / DF_DETOUR_WIDTH - vx);
  const double lateral = side * (curvature * vx * vx + slope * forward) + OFFSET_GAIN * (offset - x[1]) +
                         OFFSET_DAMPING * (side * slope * vx - vy);
  u[0] = fmin(fmax(forward / gear, system->u_lo[0]), system->u_hi[0]);
  u[1] = fmin(fmax(lateral / gear, system->u_lo[1]), system->u_hi[1]);
}

static df_status check_system(const df_system* system) {
  static const char* const names[] = {"x", "y", "z"};
  const df_joint* joint = NULL;
  const int n = df_system_is_mujoco(system) ? df_mujoco_joints(system, &joint) : 0;
  bool fits = n == 3 && system->nx == NX && system->nu == NU;
  for (int i = 0; fits && i < 3; i++) fits = joint[i].kind == DF_JOINT_SLIDE && strcmp(joint[i].name, names[i]) == 0;
  if (fits) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "detours need a puck: a MuJoCo model with the slide joints x, y and z and motors on x and y, such as "
                 "tasks/detour/puck.xml");
}

/* one attempt; false if the puck sank or the simulation did not complete, which *end says */
static bool attempt(const df_system* system, df_sim* sim, const df_config* config, int number, int length, double* x,
                    double* u, double* condition, int* side, df_traj_end* end) {
  (void)condition;
  static const double GEAR = 8; /* of tasks/detour/puck.xml */
  double draw[5];
  df_rng_uniform((uint64_t)config->data_seed, DF_STREAM_DEMONSTRATION, (uint64_t)number, 5, draw);
  *side = draw[0] < 0.5;
  df_mujoco_initial_state(system, x);
  x[0] = -DF_DETOUR_START + DF_DETOUR_SPREAD * (2 * draw[1] - 1);
  x[1] = DF_DETOUR_SPREAD / 5 * (2 * draw[2] - 1);
  x[3] = DF_DETOUR_SPEED * (0.9 + 0.2 * draw[3]);
  x[4] = config->data_command_vy * (2 * draw[4] - 1);
  system->ops->reset(sim, x);
  *end = DF_TRAJ_COMPLETE;
  for (int t = 0; t < length; t++) {
    act(system, GEAR, *side ? 1 : -1, x + t * NX, u + t * NU);
    *end = system->ops->step(sim, u + t * NU, x + (t + 1) * NX);
    if (*end != DF_TRAJ_COMPLETE || !(x[(t + 1) * NX + 2] > SUNK)) return false;
  }
  return true;
}

df_status df_detour_demonstrate(const df_system* system, const df_config* config, const df_generator_env* env,
                                df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE(env->threads >= 1, "df_detour_demonstrate: env.threads %d is not positive", env->threads);
  if (env->report) *env->report = (df_generation){.n = 0};
  DF_TRY(check_system(system));

  static const char* const sides[] = {"right", "left"};
  char rejected[64];
  snprintf(rejected, sizeof rejected, "ended in the pit (data.command_vy = %g)", config->data_command_vy);
  const attempts_cfg cfg = {.name = "detours",
                            .rejected = rejected,
                            .nx = NX,
                            .nu = NU,
                            .kinds = 2,
                            .kind = sides,
                            .report_every = 50,
                            .attempt = attempt};
  return attempts_make(system, config, env, &cfg, out);
}

const df_generator df_generator_detours = {.name = "detours",
                                           .summary = "a puck passes a pit on its left or right, chosen by a coin",
                                           .version = 1,
                                           .make = df_detour_demonstrate};
