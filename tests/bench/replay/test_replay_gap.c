/* By how much recorded actions miss the recording under the solver options of training, against a simulation of this
 * test, where the recording follows under those of the model's file. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/task.h"
#include "replay_study.h"
#include "stored_data.h"
#include "test_file.h"
#include "unit.h"

enum { EPISODES = 2, LENGTH = 60 };
#define assert_ok(status) assert_int_equal(status, DF_OK)

/* boxes that fall and slide, and a hinge that a motor drives; two iterations are too few for them */
static const char boxes[] =
    "<mujoco><option timestep='.004' iterations='2' ls_iterations='4'/><worldbody><geom type='plane' size='5 5 .1'/>"
    "<body pos='0 0 .06'><freejoint/><geom type='box' size='.05 .04 .05' mass='.3'/></body>"
    "<body pos='.3 0 .06'><freejoint/><geom type='box' size='.05 .04 .05' mass='.3'/></body>"
    "<body pos='0 .5 .3'><joint name='h' axis='0 1 0' damping='.1' frictionloss='.05'/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 .28 0 0' mass='.5'/></body></worldbody>"
    "<actuator><motor joint='h'/></actuator></mujoco>";
/* the same without contacts and dry friction: no solver acts */
static const char hinge[] =
    "<mujoco><option timestep='.004' iterations='2'/><worldbody><body pos='0 0 3'><joint name='h' axis='0 1 0' "
    "damping='%s'/><geom type='capsule' size='.03' fromto='0 0 0 .28 0 0' mass='.5'/></body></worldbody>"
    "<actuator><motor joint='h'/></actuator></mujoco>";

/* the options of training, with other limits of iterations; 0: those of the file */
static df_mujoco_cfg options_with(int iterations) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.iterations = iterations;
  cfg.forward_only = true;
  return cfg;
}

static df_dataset* record(const char* xml) {
  const df_mujoco_cfg cfg = options_with(0);
  df_system* s;
  df_sim* sim;
  df_dataset* d;
  double x[64];
  assert_ok(df_mujoco_system_from_xml(xml, "recorder", &cfg, &s));
  assert_ok(df_sim_new(s, 0, &sim));
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = s->nx, .nu = s->nu, .dt = s->dt};
  assert_ok(df_dataset_new(&shape, &d));
  for (int e = 0; e < EPISODES; e++) {
    df_mujoco_initial_state(s, x);
    for (int i = 0; i < df_mujoco_nv(s); i++) x[df_mujoco_nq(s) + i] = 0.4 * sin(1 + 3 * i + 5 * e);
    s->ops->reset(sim, x);
    double* states = d->states + d->first[e] * (size_t)s->nx;
    for (int t = 0; t < LENGTH; t++) {
      double* u = d->actions + (e * LENGTH + t) * s->nu;
      u[0] = sin(0.2 * t + e);
      memcpy(states + t * s->nx, x, (size_t)s->nx * sizeof *x);
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
    memcpy(states + LENGTH * s->nx, x, (size_t)s->nx * sizeof *x);
  }
  df_sim_free(s, sim);
  df_system_free(s);
  return d;
}

/* the largest entry of the positions (k = 0) or velocities (k = 1) of a tangent */
static double largest_of(const double* e, int nv, int k) {
  double most = 0;
  for (int j = k * nv; j < (k + 1) * nv; j++) most = fmax(most, fabs(e[j]));
  return most;
}

/* The gap with 100 iterations, warm-started as in the recording. */
static replay_gap gap_by_hand(const df_dataset* d, const char* xml) {
  const df_mujoco_cfg cfg = options_with(100);
  df_system* s;
  df_sim* sim;
  double y[64], e[64], worst[2] = {0}, motion[2] = {0}, error[EPISODES * LENGTH][2];
  replay_gap out = {.large = false};
  assert_ok(df_mujoco_system_from_xml(xml, "training", &cfg, &s));
  assert_ok(df_sim_new(s, 0, &sim));
  const int nv = df_mujoco_nv(s);
  for (int i = 0; i < EPISODES * LENGTH; i++) {
    const double *x = df_dataset_state(d, i / LENGTH, i % LENGTH), *u = df_dataset_action(d, i / LENGTH, i % LENGTH);
    if (i % LENGTH == 0) s->ops->reset(sim, x);
    s->ops->set_state(sim, x);
    assert_int_equal(s->ops->step(sim, u, y), DF_TRAJ_COMPLETE);
    for (int k = 0; k < 2; k++) {
      s->ops->difference(s, y, x + s->nx, e);
      error[i][k] = largest_of(e, nv, k);
      worst[k] = fmax(worst[k], error[i][k]);
      s->ops->difference(s, x, x + s->nx, e);
      motion[k] = fmax(motion[k], largest_of(e, nv, k));
    }
  }
  for (int k = 0; k < 2; k++) out.share[k] = worst[k] / motion[k];
  out.largest = fmax(out.share[0], out.share[1]);
  for (int i = 0; i < EPISODES * LENGTH; i++)
    out.off += error[i][0] > 0.01 * motion[0] || error[i][1] > 0.01 * motion[1];
  df_sim_free(s, sim);
  df_system_free(s);
  return out;
}

/* the study of the recording under a task's model; it is changed by its rounding, and released */
static replay_study judge(df_dataset* d, const char* xml) {
  replay_study out;
  df_config config = df_config_default();
  df_search search = {.n = 1, .folder = {(char*)(size_t)test_folder()}};
  df_system* s;
  char sha256[DF_SHA256_TEXT];
  assert_ok(df_file_write(test_file("model.xml"), xml, strlen(xml)));
  assert_ok(df_config_set(&config, "system.model", "model.xml", "test"));
  const df_mujoco_cfg cfg = replay_cfg(&config, false);
  assert_ok(df_task_system_with(&config, &search, &cfg, &s, sha256));
  find_rounding(d, s);
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 1;
  const replay_input in = {
      .config = &config, .search = &search, .data = d, .system = s, .limits = {NAN, NAN, NAN}, .opts = &opts};
  assert_ok(replay_study_run(&in, &out));
  df_system_free(s);
  return out;
}

static void the_gap_to_the_options_of_training_is_measured(void** state) {
  (void)state;
  df_dataset* d = record(boxes);
  const replay_gap hand = gap_by_hand(d, boxes);
  replay_study found = judge(d, boxes);
  const replay_gap gap = replay_study_gap(&found);
  assert_int_equal(found.verdict, REPLAY_SOLVER_LIMITED);
  assert_true(hand.largest > 0.02 && hand.off > 0 && hand.off < EPISODES * LENGTH);
  for (int k = 0; k < 2; k++) assert_true(fabs(gap.share[k] - hand.share[k]) < 1e-9);
  assert_true(gap.large && gap.largest == fmax(gap.share[0], gap.share[1]));
  assert_int_equal(gap.off, hand.off);
  char words[128], *warning = replay_study_warning(&found);
  snprintf(words, sizeof words, "which is %.3g %% of the largest change over one action, and %zu of 120 actions",
           100 * hand.largest, hand.off);
  assert_non_null(warning);
  assert_non_null(strstr(warning, words));
  assert_non_null(strstr(warning, "system.iterations = 100"));
  df_free(warning);
  replay_study_clear(&found);
  df_dataset_free(d);
}

/* what follows has no gap, and another model is refused instead */
static void others_have_no_gap(void** state) {
  (void)state;
  char right[512], wrong[512];
  snprintf(right, sizeof right, hinge, ".1");
  snprintf(wrong, sizeof wrong, hinge, ".3");
  for (int other = 0; other < 2; other++) {
    df_dataset* d = record(right);
    replay_study found = judge(d, other ? wrong : right);
    assert_int_equal(replay_verdict_exit(found.verdict) == EXIT_CHECK_FAILED, other);
    assert_true(replay_study_gap(&found).largest == 0);
    assert_null(replay_study_warning(&found));
    replay_study_clear(&found);
    df_dataset_free(d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_gap_to_the_options_of_training_is_measured),
      cmocka_unit_test(others_have_no_gap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
