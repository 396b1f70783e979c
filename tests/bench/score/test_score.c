/* Trajectories of a file: which of them, and which frames, each window of the evaluation is given. */
#include "score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/io/npz.h"
#include "methods.h"
#include "test_file.h"
#include "unit.h"

/* a task of a free body with an arm: 12 actions in each of 4 demonstrations, of which every second one is held out */
enum { EPISODES = 4, DEMO = 12, NX = 15, NU = 1, H = 3, QUAT = 3, WINDOWS = 4 };
/* the file: two windows of H actions and two actions more; trajectories 1 and 4 start in no held-out window */
enum { N = 6, LENGTH = 8 };
static const int trajectory_of[WINDOWS] = {3, 0, 5, 2};

/* a state of random numbers with quaternion of length 1 */
static void random_state(uint64_t index, double* x) {
  df_rng_normal(3, DF_STREAM_TEST, index, NX, x);
  double* q = x + QUAT;
  const double length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  for (int k = 0; k < 4; k++) q[k] /= length;
}

static void write_text(const char* path, const char* content) {
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

static void make_task(void) {
  df_dataset* data;
  write_text(test_file("free.xml"),
             "<mujoco><worldbody><body><freejoint name='root'/><geom size='.1'/><body><joint name='arm' axis='0 1 0'/>"
             "<geom size='.05' pos='.3 0 0'/></body></body></worldbody><actuator><motor joint='arm' "
             "ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>");
  write_text(test_file("task.yaml"),
             "task: {name: free, title: A free body}\nsystem: {model: free.xml}\ndata: {file: free.npz}\n"
             "window: {horizon: 3}\nsplit: {test_every: 2}\n"
             "eval: {windows: 4, sae_windows: 0, chains: 0, sampler_steps: [1]}\n");
  const df_dataset_shape shape = {.episodes = EPISODES, .length = DEMO, .nx = NX, .nu = NU, .dt = 0.002};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < EPISODES * (DEMO + 1); i++) random_state((uint64_t)i, data->states + i * NX);
  for (int i = 0; i < EPISODES * DEMO; i++) data->actions[i] = 0.01 * i;
  assert_int_equal(df_dataset_write(test_file("free.npz"), data, NULL), DF_OK);
  df_dataset_free(data);
}

static options some_options(const char* set) {
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 1;
  opts.profile = "";
  if (set) opts.set[opts.n_set++] = set;
  return opts;
}

static double states[N][LENGTH + 1][NX], actions[N][LENGTH][NU];

/* Trajectory p of window b starts there; that of every second window has the other sign of all its quaternions. */
static void make_file(void) {
  const options opts = some_options(NULL);
  cell c;
  if (cell_open(&c, test_folder(), &df_method_replay_demo, 1, &opts) != DF_OK || cell_load(&c) != DF_OK)
    fail_msg("%s", df_error_message());
  assert_int_equal(c.set->B, WINDOWS);
  for (int i = 0; i < N; i++) {
    for (int t = 0; t <= LENGTH; t++) random_state((uint64_t)(1000 + 100 * i + t), states[i][t]);
    for (int t = 0; t < LENGTH; t++) actions[i][t][0] = 0.1 * i + 0.01 * t;
  }
  for (int b = 0; b < WINDOWS; b++) {
    const int p = trajectory_of[b];
    memcpy(states[p][0], c.set->x0 + b * NX, sizeof states[p][0]);
    for (int t = 0; t <= LENGTH && b % 2; t++)
      for (int k = 0; k < 4; k++) states[p][t][QUAT + k] *= -1;
  }
  cell_close(&c);
  const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {N, LENGTH + 1, NX}, .values = states[0][0]},
                                  {.key = "actions", .rank = 3, .shape = {N, LENGTH, NU}, .values = actions[0][0]}};
  assert_int_equal(df_npz_write(test_file("mine.npz"), 2, entries), DF_OK);
}

static score* judged;

/* the cell of the file, with its record; the caller closes it */
static void run(cell* c, const options* opts, int windows) {
  store* events;
  cell_end end;
  if (cell_open(c, test_folder(), score_method(judged), 1, opts) != DF_OK) fail_msg("%s", df_error_message());
  assert_int_equal(store_open(test_folder(), (shard){0}, &events), DF_OK);
  assert_int_equal(score_run(judged, c, test_folder(), events, &end), DF_OK);
  store_close(events);
  if (end.outcome != CELL_DONE) fail_msg("%s", end.reason);
  assert_int_equal(c->set->B, windows);
}

static void expect_frame(const double* x, int trajectory, int frame, double sign) {
  const int at = frame < LENGTH ? frame : LENGTH;
  for (int k = 0; k < NX; k++) {
    const double wanted = states[trajectory][at][k] * (k >= QUAT && k < QUAT + 4 ? sign : 1);
    if (x[k] != wanted)
      fail_msg("trajectory %d, frame %d: number %d is %g, wanted %g", trajectory, frame, k, x[k], wanted);
  }
}

static void expect_action(const double* u, int trajectory, int frame) {
  const int at = frame < LENGTH ? frame : LENGTH - 1;
  if (u[0] != actions[trajectory][at][0]) fail_msg("trajectory %d, action %d is %g", trajectory, frame, u[0]);
}

/* Every window gets the trajectory that starts in it: its first H actions, in a chain those that follow, and all of
 * them as the motion that is given; every frame has the window's sign of the quaternion. */
static void a_window_is_given_the_trajectory_that_starts_in_it(void** state) {
  (void)state;
  const options opts = some_options(NULL);
  cell c;
  run(&c, &opts, WINDOWS);
  const eval_given* motion = &c.given->motion;
  assert_true(motion->n == WINDOWS && motion->length == LENGTH && motion->x && motion->u);
  for (int b = 0; b < WINDOWS; b++) {
    const int p = trajectory_of[b];
    for (int t = 0; t <= LENGTH; t++) expect_frame(motion->x + (b * (LENGTH + 1) + t) * NX, p, t, b % 2 ? -1 : 1);
    for (int t = 0; t < LENGTH; t++) expect_action(motion->u + b * LENGTH + t, p, t);
  }
  for (int window = -1; window < 3; window++) {
    double x[WINDOWS][H + 1][NX], u[WINDOWS][H][NU];
    const int first = window < 0 ? 0 : window * H;
    const df_request request = {.B = WINDOWS,
                                .x0 = c.set->x0,
                                .first_index = window < 0 ? 5 : CHAIN_INDEX + (uint64_t)(window * WINDOWS),
                                .sampler_steps = 1};
    assert_int_equal(c.method->sample(c.method->context, &request, x[0][0], u[0][0]), DF_OK);
    for (int b = 0; b < WINDOWS; b++) {
      for (int t = 0; t <= H; t++) expect_frame(x[b][t], trajectory_of[b], first + t, b % 2 ? -1 : 1);
      for (int t = 0; t < H; t++) expect_action(u[b][t], trajectory_of[b], first + t);
    }
  }
  cell_close(&c);
}

/* A held-out window without a trajectory: windows are cut from all trajectories, the first ones of all come first. */
static void without_a_trajectory_for_every_window_all_are_cut(void** state) {
  (void)state;
  enum { CUT = N * (LENGTH / H) };
  const options opts = some_options("eval.windows=5");
  cell c;
  run(&c, &opts, CUT);
  const eval_given* motion = &c.given->motion;
  assert_true(motion->n == N && motion->length == LENGTH && !motion->x && !motion->u);
  double x[CUT][H + 1][NX], u[CUT][H][NU];
  const df_request request = {.B = CUT, .x0 = c.set->x0, .sampler_steps = 1};
  assert_int_equal(c.method->sample(c.method->context, &request, x[0][0], u[0][0]), DF_OK);
  for (int b = 0; b < CUT; b++) {
    const int trajectory = b % N, start = b / N * H;
    const double sign = x[b][0][QUAT] == states[trajectory][start][QUAT] ? 1 : -1; /* one for all of its frames */
    assert_true(c.set->episode[b] == trajectory && c.set->window[b].start == start);
    expect_frame(c.set->x0 + b * NX, trajectory, start, sign);
    for (int t = 0; t <= H; t++) expect_frame(x[b][t], trajectory, start + t, sign);
    for (int t = 0; t < H; t++) expect_action(u[b][t], trajectory, start + t);
  }
  cell_close(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_window_is_given_the_trajectory_that_starts_in_it),
                                     cmocka_unit_test(without_a_trajectory_for_every_window_all_are_cut)};
  make_task();
  make_file();
  if (score_new(test_file("mine.npz"), "mine", &judged) != DF_OK) {
    fprintf(stderr, "%s\n", df_error_message());
    return 2;
  }
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  score_free(judged);
  return failed;
}
