/* The search for the best bounded action on a linear map with as many coupled actions as a quadruped has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/best_action.h"
#include "near.h"

enum { NU = 12, NX = 24, PROBLEMS = 200 };

/* x1 = J u for any x */
typedef struct map {
  df_system base;
  double jacobian[NX][NU], lo[NU], hi[NU];
} map;

typedef struct map_sim {
  const map* system;
} map_sim;
static int steps;

static df_status map_sim_new(const df_system* system, int tape_length, df_sim** out) {
  (void)tape_length;
  map_sim* sim = df_alloc(1, sizeof *sim);
  *out = (df_sim*)sim;
  if (!sim) return DF_E_NOMEM;
  sim->system = (const map*)system;
  return DF_OK;
}
static void map_sim_free(df_sim* sim) {
  df_free(sim);
}
static void map_reset(df_sim* sim, const double* x) {
  (void)sim, (void)x;
}
static df_traj_end map_step(df_sim* sim, const double* u, double* x1) {
  const map* m = ((map_sim*)sim)->system;
  steps++;
  for (int i = 0; i < NX; i++) {
    x1[i] = 0;
    for (int j = 0; j < NU; j++) x1[i] += m->jacobian[i][j] * u[j];
  }
  return DF_TRAJ_COMPLETE;
}
static void map_difference(const df_system* system, const double* xa, const double* xb, double* e) {
  (void)system;
  for (int i = 0; i < NX; i++) e[i] = xb[i] - xa[i];
}

/* a random map whose columns share a direction to the degree `coupling`, and a box of half the size of the actions */
static void map_init(map* m, uint64_t index, double coupling) {
  static const df_system_ops ops = {.sim_new = map_sim_new,
                                    .sim_free = map_sim_free,
                                    .reset = map_reset,
                                    .set_state = map_reset,
                                    .step = map_step,
                                    .difference = map_difference};
  double common[NX];
  *m = (map){.base = {.ops = &ops, .nx = NX, .ndx = NX, .nu = NU, .dt = 1}};
  df_rng_normal(1, DF_STREAM_TEST, 2 * index, NX, common);
  df_rng_normal(1, DF_STREAM_TEST, 2 * index + 1, (size_t)NX * NU, m->jacobian[0]);
  for (int i = 0; i < NX; i++) {
    for (int j = 0; j < NU; j++) m->jacobian[i][j] += coupling * common[i];
  }
  for (int j = 0; j < NU; j++) m->lo[j] = -0.5, m->hi[j] = 0.5;
  m->base.u_lo = m->lo;
  m->base.u_hi = m->hi;
}

/* |x1 - J u| after coordinate descent from u: slow, but correct because the problem is convex */
static double descend(const map* m, const double* x1, const double* from) {
  double u[NU], r[NX], square = 0;
  memcpy(u, from, sizeof u);
  for (int i = 0; i < NX; i++) {
    r[i] = x1[i];
    for (int j = 0; j < NU; j++) r[i] -= m->jacobian[i][j] * u[j];
  }
  for (int sweep = 0; sweep < 300; sweep++) {
    for (int j = 0; j < NU; j++) {
      double g = 0, h = 0;
      for (int i = 0; i < NX; i++) {
        g += m->jacobian[i][j] * r[i];
        h += m->jacobian[i][j] * m->jacobian[i][j];
      }
      const double next = fmin(fmax(u[j] + g / h, m->lo[j]), m->hi[j]);
      for (int i = 0; i < NX; i++) r[i] -= m->jacobian[i][j] * (next - u[j]);
      u[j] = next;
    }
  }
  for (int i = 0; i < NX; i++) square += r[i] * r[i];
  return sqrt(square);
}

/* A target that needs actions outside the box and has a component that no action reaches. The start u is not a multiple
 * of 2^-53, so that u + (hi - u) may miss hi by an ulp. */
static void want(map* m, uint64_t index, double* x1, double* u) {
  double outside[NU], noise[NX];
  df_rng_uniform(2, DF_STREAM_TEST, 3 * index, NU, outside);
  df_rng_normal(2, DF_STREAM_TEST, 3 * index + 1, NX, noise);
  df_rng_uniform(2, DF_STREAM_TEST, 3 * index + 2, NU, u);
  for (int j = 0; j < NU; j++) outside[j] = 2 * outside[j] - 1, u[j] = 0.98 * (u[j] - 0.5);
  map_sim sim = {.system = m};
  (void)map_step((df_sim*)&sim, outside, x1);
  for (int i = 0; i < NX; i++) x1[i] += 0.03 * noise[i];
}

static void coupled_actions_reach_the_minimum_of_their_box(void** state) {
  (void)state;
  const double couplings[] = {0, 1, 5, 20}, x[NX] = {0};
  int on_bound = 0;
  for (int c = 0; c < 4; c++) {
    for (uint64_t k = 0; k < PROBLEMS; k++) {
      map m;
      double x1[NX], u[NU];
      df_best_action* search;
      const uint64_t index = (uint64_t)c * PROBLEMS + k;
      map_init(&m, index, couplings[c]);
      want(&m, index, x1, u);
      assert_int_equal(df_best_action_new(&m.base, NULL, &search), DF_OK);
      const double error = df_best_action_search(search, x, x1, u);
      const double least = descend(&m, x1, u);
      df_best_action_free(search);
      /* a search ends at a relative gain of 1e-10 of the cost; no further descent must be possible from there */
      assert_near(error, least, 1e-8 * least);
      assert_true(error > 0.01);
      for (int j = 0; j < NU; j++) {
        assert_true(fabs(u[j]) <= 0.5);
        on_bound += fabs(u[j]) == 0.5;
      }
    }
  }
  /* the box must matter: about four of 12 actions would leave it */
  assert_true(on_bound > 4 * PROBLEMS * 2);
}

/* number of steps: 12 differences and one trial per iteration; a linear map needs two or three iterations */
static void a_linear_map_takes_few_steps(void** state) {
  (void)state;
  const double x[NX] = {0};
  steps = 0;
  for (uint64_t k = 0; k < PROBLEMS; k++) {
    map m;
    double x1[NX], u[NU];
    df_best_action* search;
    map_init(&m, k, 5);
    want(&m, k, x1, u);
    assert_int_equal(df_best_action_new(&m.base, NULL, &search), DF_OK);
    (void)df_best_action_search(search, x, x1, u);
    df_best_action_free(search);
  }
  assert_true(steps < PROBLEMS * 60);
}

static void an_action_without_effect_or_without_room_stays(void** state) {
  (void)state;
  const double x[NX] = {0};
  map m;
  double x1[NX], u[NU];
  df_best_action* search;
  map_init(&m, 3, 1);
  want(&m, 3, x1, u);
  for (int i = 0; i < NX; i++) m.jacobian[i][4] = 0;
  m.lo[7] = m.hi[7] = 0.125;
  const double idle = u[4];
  assert_int_equal(df_best_action_new(&m.base, NULL, &search), DF_OK);
  const double error = df_best_action_search(search, x, x1, u);
  df_best_action_free(search);
  assert_near(u[4], idle, 1e-12);
  assert_true(u[7] == 0.125);
  assert_true(error > 0 && error < 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coupled_actions_reach_the_minimum_of_their_box),
      cmocka_unit_test(a_linear_map_takes_few_steps),
      cmocka_unit_test(an_action_without_effect_or_without_room_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
