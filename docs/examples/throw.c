/* throw.c: an arm learns to throw a ball at a target by gradient descent through the simulation.
 *
 *   cc -I lib/include docs/examples/throw.c -L build -ldynaflow -lm -o throw && LD_LIBRARY_PATH=build ./throw */
#include <math.h>
#include <stdio.h>

#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"

enum { H = 50, STEPS = 200 }; /* actions per throw, 20 ms each; gradient steps */
static const double TARGET[2] = {-1.5, 0.2};

/* an arm on a pivot with a cup formed by two balls; the thrown ball moves in the plane: q = [arm, x, z] */
static const char MODEL[] =
    "<mujoco><option timestep='0.005'/><default><geom solimp='0.9 0.95 0.005' condim='3'/></default><worldbody>"
    "<body pos='0 0 0.3'><joint name='arm' axis='0 -1 0' damping='0.05' armature='0.02'/>"
    "<geom type='capsule' fromto='0 0 0 0.5 0 0' size='0.02' mass='0.3'/>"
    "<geom pos='0.42 0 0.03' size='0.03' mass='0.01'/><geom pos='0.54 0 0.03' size='0.03' mass='0.01'/></body>"
    "<body pos='0.48 0 0.36'><joint type='slide' axis='1 0 0'/><joint type='slide' axis='0 0 1'/>"
    "<geom size='0.04' mass='0.1'/></body></worldbody>"
    "<actuator><motor joint='arm' ctrlrange='-12 12'/></actuator></mujoco>";

static double miss(const double* x) { /* [m] of a state x = [q, v]; the ball starts at (0.48, 0.36) */
  return hypot(0.48 + x[1] - TARGET[0], 0.36 + x[2] - TARGET[1]);
}

/* returns the squared miss of the last state; writes its cotangent to dx [H+1][6] */
static double loss(void* context, int b, const double* x, double* dx) {
  const double* end = x + H * 6;
  (void)context, (void)b;
  dx[H * 6 + 1] = 2 * (0.48 + end[1] - TARGET[0]);
  dx[H * 6 + 2] = 2 * (0.36 + end[2] - TARGET[1]);
  return miss(end) * miss(end);
}

int main(void) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_rollout_cfg memory = {.threads = 1, .tape_length = H};
  df_system* arm;
  df_rollout* rollout;
  double x0[6], u[H], du[H], value = 0, speed[H] = {0};
  cfg.substeps = 4;
  if (df_mujoco_system_from_xml(MODEL, "throw", &cfg, &arm) != DF_OK || df_rollout_new(arm, &memory, &rollout) != DF_OK)
    return fprintf(stderr, "throw: %s\n", df_error_message()), 1;
  df_mujoco_initial_state(arm, x0);
  for (int t = 0; t < H; t++) u[t] = t < 12 ? 6 : 0;
  const df_rollout_batch batch = {.B = 1, .H = H, .x0 = x0, .u = u};
  const df_rollout_loss miss_squared = {.fn = loss, .losses = &value, .du = du};
  for (int step = 0; step <= STEPS; step++) {
    if (df_rollout_gradient(rollout, &batch, &miss_squared) != DF_OK) return 1;
    if (step % 40 == 0) printf("step %3d: the ball misses by %.3f m\n", step, sqrt(value));
    for (int t = 0; t < H; t++) u[t] += speed[t] = 0.8 * speed[t] - 0.5 * du[t];
  }
  df_rollout_free(rollout);
  df_system_free(arm);
  return value < 0.01 * 0.01 ? 0 : 1;
}
