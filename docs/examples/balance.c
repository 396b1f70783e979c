/* balance.c: a cart balances two poles by LQR, with the exact Jacobians of the simulated step.
 *
 *   cc -I lib/include docs/examples/balance.c -L build -ldynaflow -lm -o balance && LD_LIBRARY_PATH=build ./balance */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"

enum { N = 6, STEPS = 600, ITERATIONS = 3000 }; /* x = [cart, lower pole, upper pole, their velocities]; 10 ms each */

static const char MODEL[] =
    "<mujoco><option timestep='0.005' integrator='implicitfast'/><default><geom contype='0' conaffinity='0'/></default>"
    "<worldbody><body><joint name='cart' type='slide' axis='1 0 0' damping='0.1'/><geom type='box' size='0.1 0.05 "
    "0.05' mass='1'/>"
    "<body><joint axis='0 1 0'/><geom type='capsule' fromto='0 0 0 0 0 0.5' size='0.02' mass='0.2'/>"
    "<body pos='0 0 0.5'><joint axis='0 1 0'/><geom type='capsule' fromto='0 0 0 0 0 0.5' size='0.02' mass='0.2'/>"
    "</body></body></body></worldbody><actuator><motor joint='cart' ctrlrange='-100 100'/></actuator></mujoco>";

/* out = a^T b, or a b */
static void product(int transposed, double a[N][N], double b[N][N], double out[N][N]) {
  double sum[N][N] = {{0}};
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++) sum[i][j] += (transposed ? a[k][i] : a[i][k]) * b[k][j];
  memcpy(out, sum, sizeof sum);
}

/* k = the gain that minimises the sum of |x|^2 + u^2 along x' = A x + B u, by iteration of the Riccati equation */
static void lqr(double A[N][N], const double B[N], double k[N]) {
  double P[N][N] = {{0}}, PB[N], closed[N][N], PA[N][N], weight;
  for (int step = 0; step < ITERATIONS; step++) {
    weight = 1;
    memset(PB, 0, sizeof PB);
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) PB[i] += P[i][j] * B[j];
    for (int i = 0; i < N; i++) weight += B[i] * PB[i];
    memset(k, 0, N * sizeof *k);
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) k[j] += PB[i] * A[i][j] / weight;
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) closed[i][j] = A[i][j] - B[i] * k[j];
    product(0, P, closed, PA);
    product(1, closed, PA, P); /* Joseph's form, which stays symmetric */
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) P[i][j] += (i == j) + k[i] * k[j];
  }
}

int main(void) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* cart;
  df_sim* sim;
  double A[N][N], B[N], k[N], x[N] = {0}, next[N], u = 0;
  cfg.substeps = 2;
  if (df_mujoco_system_from_xml(MODEL, "cart", &cfg, &cart) != DF_OK || df_sim_new(cart, 1, &sim) != DF_OK)
    return fprintf(stderr, "balance: %s\n", df_error_message()), 1;

  /* A and B where the poles stand upright at rest */
  cart->ops->reset(sim, x);
  if (cart->ops->step(sim, &u, next) != DF_TRAJ_COMPLETE) return 1;
  if (df_sim_jacobian(cart, sim, 0, &A[0][0], B) != DF_TRAJ_COMPLETE) return 1;
  lqr(A, B, k);

  /* the poles begin 0.1 rad off, on either side */
  x[1] = 0.1, x[2] = -0.2;
  cart->ops->reset(sim, x);
  for (int t = 0; t <= STEPS; t++) {
    if (t % 100 == 0) printf("%.1f s: the poles are %.5f and %.5f rad off\n", t * cart->dt, x[1], x[1] + x[2]);
    u = 0;
    for (int i = 0; i < N; i++) u -= k[i] * x[i];
    if (cart->ops->step(sim, &u, x) != DF_TRAJ_COMPLETE) return 1;
  }
  df_sim_free(cart, sim);
  df_system_free(cart);
  return fabs(x[1]) < 0.01 && fabs(x[1] + x[2]) < 0.01 ? 0 : 1;
}
