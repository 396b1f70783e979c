#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/limits.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "pool.h"

/* number of clock offsets tried by df_metric_gait_phase */
enum { PHASE_OFFSETS = 50 };

df_status df_metric_contacts(const df_system* system, const df_trajectories* states, int n_feet, const int* geoms,
                             int threads, uint8_t* touch) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(states);
  DF_REQUIRE_POINTER(geoms);
  DF_REQUIRE_POINTER(touch);
  DF_REQUIRE(states->x, "contacts: states.x is NULL");
  const int B = states->B, H = states->H;
  const double* x = states->x;
  DF_REQUIRE(B >= 1 && H >= 1 && n_feet >= 1 && threads >= 1,
             "contacts: B = %d, H = %d, n_feet = %d and threads = %d must be at least 1", B, H, n_feet, threads);
  DF_REQUIRE(df_system_is_mujoco(system), "contacts: the system is not a MuJoCo model");
  for (int k = 0; k < n_feet; k++) DF_REQUIRE(geoms[k] >= 0, "contacts: foot %d has no geom", k);

  /* pose every state and read the contacts of the feet */
  const size_t nx = (size_t)system->nx, feet = (size_t)n_feet;
  df_pool pool;
  DF_TRY(df_pool_new(system, df_pool_size(threads, B), &pool));
#pragma omp parallel for num_threads(pool.n) schedule(static)
  for (int b = 0; b < B; b++) {
    df_sim* sim = pool.sim[omp_get_thread_num()];
    for (int t = 0; t <= H; t++) {
      const size_t frame = (size_t)b * (size_t)(H + 1) + (size_t)t;
      if (df_within_limit(x + frame * nx, nx)) {
        df_mujoco_pose(sim, x + frame * nx);
        df_mujoco_touching(sim, n_feet, geoms, touch + frame * feet);
      } else {
        memset(touch + frame * feet, DF_TOUCH_UNKNOWN, feet);
      }
    }
  }
  df_pool_free(&pool);
  return DF_OK;
}

void df_metric_agreement(int B, int H, int n_feet, const uint8_t* a, const uint8_t* b, double* agreement) {
  const size_t feet = (size_t)n_feet, window = (size_t)(H + 1) * feet;
  for (int w = 0; w < B; w++) {
    size_t same = 0;
    for (size_t i = feet; i < window; i++) {
      const uint8_t ours = a[(size_t)w * window + i], theirs = b[(size_t)w * window + i];
      same += ours == theirs && ours != DF_TOUCH_UNKNOWN;
    }
    agreement[w] = (double)same / (double)(window - feet);
  }
}

double df_metric_gait_phase(int H, int from, int n_feet, const uint8_t* touch, const df_gait_clock* clock,
                            double* phase0) {
  if (phase0) *phase0 = NAN;
  if (from < 0 || from > H || n_feet < 1) return NAN;
  long best = 0;
  for (int offset = 0; offset < PHASE_OFFSETS; offset++) {
    const double start = (double)offset / PHASE_OFFSETS;
    long same = 0;
    for (int t = from; t <= H; t++) {
      const double phase = start + clock->frequency * clock->dt * t;
      for (int k = 0; k < n_feet; k++) {
        same += touch[(size_t)t * (size_t)n_feet + (size_t)k] == (clock->stance(clock->context, k, phase) ? 1 : 0);
      }
    }
    if (phase0 && (same > best || offset == 0)) *phase0 = start;
    if (same > best) best = same;
  }
  return (double)best / ((double)(H - from + 1) * n_feet);
}
