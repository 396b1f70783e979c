/* Start states by name, and the demonstration that is nearest to a state. */
#include "start.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/mujoco.h"
#include "test_file.h"
#include "tiny_task.h"
#include "unit.h"

enum { NX = 6, HIP = 2, NZ_MAX = 16 };

/* the distance is the root of the mean of squares over the coordinates of the chart */
static void the_distance_of_a_state_is_an_rms(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const int nz = df_chart_size(task->chart);
  assert_true(nz <= NZ_MAX);
  static const double shifts[] = {0, 1e-6};
  for (int i = 0; i < 2; i++) {
    const df_window w = task->windows->train[7];
    const double* recorded = df_dataset_state(task->data, w.episode, w.start);
    double x[NX], a[NZ_MAX], b[NZ_MAX], sum = 0;
    memcpy(x, recorded, sizeof x);
    x[HIP] += shifts[i];
    df_chart_context(task->chart, recorded, a);
    df_chart_context(task->chart, x, b);
    for (int k = 0; k < nz; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    nearest found;
    assert_int_equal(nearest_demonstration(task, x, NULL, &found), DF_OK);
    assert_int_equal(found.episode, w.episode);
    assert_int_equal(found.frame, w.start);
    assert_true((sum > 0) == (i > 0));
    assert_true(fabs(found.distance - sqrt(sum / nz)) <= 1e-12 * found.distance);
  }
  df_task_free(task);
}

/* of equal states, the one whose condition is nearer, wherever it stands; of equal conditions, the first */
static void of_equal_states_the_nearer_condition_is_named(void** state) {
  (void)state;
  static const double side[4] = {0, 3, 1, 1}, wanted[] = {0, 0.4, 0.9, 2.5};
  static const int found[] = {0, 0, 2, 1};
  df_task* task = tiny_task_new();
  df_window* windows = task->windows->train;
  const double* first = df_dataset_state(task->data, windows[0].episode, windows[0].start);
  int episode[4], n = 0;
  /* the first windows of four episodes begin in one state, each under a condition of its own */
  for (int i = 0; i < task->windows->n_train && n < 4; i++) {
    if (windows[i].start != windows[0].start || (n && windows[i].episode == episode[n - 1])) continue;
    double* x = task->data->states + (task->data->first[windows[i].episode] + (size_t)windows[i].start) * NX;
    if (n) memcpy(x, first, NX * sizeof *x);
    task->data->conditions[windows[i].episode] = side[n];
    episode[n++] = windows[i].episode;
  }
  assert_int_equal(n, 4);
  for (int i = 0; i < 4; i++) {
    nearest near;
    assert_int_equal(nearest_demonstration(task, first, &wanted[i], &near), DF_OK);
    assert_int_equal(near.episode, episode[found[i]]);
    assert_true(near.distance == 0);
  }
  df_task_free(task);
}

/* three joints in the order of the model, of which the first and the last have a common prefix; nq = nv = 3 */
static const char dotted[] =
    "<mujoco><worldbody><body><joint name='leg.a' type='slide' axis='1 0 0'/><geom size='.1'/></body><body>"
    "<joint name='mid' type='slide' axis='1 0 0'/><geom size='.1'/></body><body><joint name='leg.b' type='slide' "
    "axis='1 0 0'/><geom size='.1'/></body></worldbody><actuator><motor joint='mid'/></actuator>"
    "<keyframe><key name='home' qpos='.25 .5 .75' qvel='1 2 3'/><key name='up' qpos='4 5 6' qvel='7 8 9'/>"
    "<key name='homes' qpos='1 1 1'/></keyframe></mujoco>";

/* a task of a model with four episodes of zeros */
static df_task* task_of(const char* xml, int nx) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_task* task = df_alloc(1, sizeof *task);
  task->config = df_config_default();
  task->config.window_horizon = 2;
  task->config.split_test_every = 2;
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &task->system), DF_OK);
  const df_dataset_shape shape = {.episodes = 4, .length = 6, .nx = nx, .nc = 2, .dt = task->system->dt};
  assert_int_equal(df_dataset_new(&shape, &task->data), DF_OK);
  assert_int_equal(df_dataset_name_condition(task->data, 0, "command.vx"), DF_OK);
  assert_int_equal(df_dataset_name_condition(task->data, 1, "command.vy"), DF_OK);
  assert_int_equal(df_windows_new(task->data, &task->config, &task->windows), DF_OK);
  assert_int_equal(df_chart_new(task->system, &task->config, &task->chart), DF_OK);
  return task;
}

static df_task* dotted_task(void) {
  return task_of(dotted, 6);
}

static void start_is(const df_task* task, const char* words, const double wanted[6]) {
  starts s;
  const df_status status = starts_new(task, words, NULL, &s);
  if (status != DF_OK) fail_msg("%s: %s", words, df_error_message());
  assert_int_equal(s.n, 1);
  for (int i = 0; i < 6; i++) {
    if (s.x0[i] != wanted[i]) fail_msg("%s: number %d is %g, not %g", words, i, s.x0[i], wanted[i]);
  }
  starts_clear(&s);
}

static void a_prefix_sets_its_own_columns_and_no_others(void** state) {
  (void)state;
  df_task* task = dotted_task();
  starts s;
  start_is(task, "leg=0.7 0.9 0.1 0.2", (const double[]){0.7, 0, 0.9, 0.1, 0, 0.2});
  start_is(task, "mid=0.4, leg=0.7 0.9 0.1 0.2", (const double[]){0.7, 0.4, 0.9, 0.1, 0, 0.2});
  start_is(task, "leg.b=0.7, leg.a=0.1, mid_vel=4", (const double[]){0.1, 0, 0.7, 0, 4, 0});
  static const char* const wrong[] = {"leg=0.7 0.9 0.1", "leg=1 2 3 4 5", "leg=1 2 3 4, leg.b=0.2", "le=1"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(starts_new(task, wrong[i], NULL, &s), DF_E_CONFIG);
    starts_clear(&s);
  }
  df_task_free(task);
}

/* a quaternion gets the length 1, of which every part counts; one of length 0 is refused */
static void a_quaternion_is_made_one_of_length_1(void** state) {
  (void)state;
  static const char ball[] =
      "<mujoco><worldbody><body><joint name='b' type='ball'/><geom size='.1'/></body></worldbody></mujoco>";
  df_task* task = task_of(ball, 7);
  static const double given[][4] = {{1, 2, 2, 4}, {0, 0, 0, 2}, {0, 0, -3, 0}, {0, 0.5, 0, 0}, {4, 0, 0, 0}};
  static const double lengths[] = {5, 2, 3, 0.5, 4};
  for (int i = 0; i < 5; i++) {
    char words[128];
    starts s;
    snprintf(words, sizeof words, "b_quat=%g %g %g %g, b_angvel=7 8 9", given[i][0], given[i][1], given[i][2],
             given[i][3]);
    const df_status status = starts_new(task, words, NULL, &s);
    if (status != DF_OK) fail_msg("%s: %s", words, df_error_message());
    for (int k = 0; k < 4; k++) assert_true(fabs(s.x0[k] - given[i][k] / lengths[i]) < 1e-15);
    for (int k = 4; k < 7; k++) assert_true(s.x0[k] == 3 + k);
    starts_clear(&s);
  }
  starts s;
  assert_int_equal(starts_new(task, "b_quat=0 0 0 0", NULL, &s), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "the quaternion of joint 'b' is 0"));
  starts_clear(&s);
  df_task_free(task);
  /* of a free joint, whose position stays as it is given, before a hinge and a ball */
  static const char body[] =
      "<mujoco><worldbody><body><freejoint name='r'/><geom size='.1'/><body><joint name='h'/><geom size='.1'/><body>"
      "<joint name='b' type='ball'/><geom size='.1'/></body></body></body></worldbody></mujoco>";
  static const double wanted[12] = {7, 8, 9, 0.2, 0.4, 0.4, 0.8, 3, 0, 0, 0.6, 0.8};
  task = task_of(body, 22);
  if (starts_new(task, "root_pos=7 8 9, root_quat=1 2 2 4, h=3, b_quat=0 0 3 4", NULL, &s) != DF_OK)
    fail_msg("%s", df_error_message());
  for (int k = 0; k < 12; k++) assert_true(fabs(s.x0[k] - wanted[k]) < 1e-15);
  starts_clear(&s);
  assert_int_equal(starts_new(task, "root_pos=7 8 9, root_quat=0 0 0 0, h=3", NULL, &s), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "the quaternion of joint 'r' is 0"));
  starts_clear(&s);
  df_task_free(task);
}

/* each of several, and what is none, with all their names */
static void a_keyframe_is_the_one_of_its_name(void** state) {
  (void)state;
  df_task* task = dotted_task();
  starts s;
  start_is(task, "home", (const double[]){0.25, 0.5, 0.75, 1, 2, 3});
  start_is(task, "up", (const double[]){4, 5, 6, 7, 8, 9});
  start_is(task, "homes", (const double[]){1, 1, 1, 0, 0, 0});
  assert_int_equal(starts_new(task, "hom", NULL, &s), DF_E_CONFIG);
  assert_string_equal(df_error_message(),
                      "--x0 hom: neither a file, nor a keyframe of the model (home, up, homes), nor "
                      "NAME=VALUE,...");
  starts_clear(&s);
  df_task_free(task);
}

/* with a folder and a file of their names in the working folder */
static void a_keyframe_comes_before_a_file_of_its_name(void** state) {
  (void)state;
  static const double home[] = {0.25, 0.5, 0.75, 1, 2, 3};
  char* before = getcwd(NULL, 0);
  df_task* task = dotted_task();
  starts s;
  assert_non_null(before);
  assert_int_equal(chdir(test_folder()), 0);
  start_is(task, "home", home);
  assert_int_equal(mkdir("home", 0700), 0);
  start_is(task, "home", home);
  assert_int_not_equal(starts_new(task, "./home", NULL, &s), DF_OK);
  starts_clear(&s);
  assert_int_equal(rmdir("home"), 0);
  const df_npz_entry entry = {
      .key = "states", .rank = 2, .shape = {1, 6}, .values = (const double[]){9, 8, 7, 6, 5, 4}};
  assert_int_equal(df_npz_write("home", 1, &entry), DF_OK);
  start_is(task, "home", home);
  start_is(task, "./home", (const double[]){9, 8, 7, 6, 5, 4});
  assert_int_equal(remove("home"), 0);
  assert_int_equal(chdir(before), 0);
  free(before);
  df_task_free(task);
}

/* each row of a file has its own conditions, also if it is taken alone */
static void a_start_of_a_file_keeps_its_condition(void** state) {
  (void)state;
  enum { N = 4 };
  df_task* task = dotted_task();
  double x[N][6], condition[N][2];
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < 6; k++) x[i][k] = 10 * i + k;
    for (int k = 0; k < 2; k++) condition[i][k] = 100 + 7 * i + k;
  }
  const char *path = test_file("starts.npz"), names[] = "command.vx,command.vy";
  const df_npz_entry entries[] = {{.key = "states", .rank = 2, .shape = {N, 6}, .values = x[0]},
                                  {.key = "conditions", .rank = 2, .shape = {N, 2}, .values = condition[0]},
                                  {.key = "condition_names", .kind = DF_NPZ_TEXT, .text = names}};
  assert_int_equal(df_npz_write(path, 3, entries), DF_OK);
  for (int i = -1; i < N; i++) {
    char words[256];
    snprintf(words, sizeof words, i < 0 ? "%s" : "%s:%d", path, i);
    starts s;
    assert_int_equal(starts_new(task, words, NULL, &s), DF_OK);
    assert_int_equal(s.n, i < 0 ? N : 1);
    assert_non_null(s.condition);
    assert_memory_equal(s.x0, x[i < 0 ? 0 : i], (size_t)s.n * sizeof *x);
    assert_memory_equal(s.condition, condition[i < 0 ? 0 : i], (size_t)s.n * sizeof *condition);
    starts_clear(&s);
  }
  df_task_free(task);
}

/* the file, the number of the start state in it, and what it has */
static void a_start_that_a_file_does_not_have_is_named(void** state) {
  (void)state;
  enum { N = 4 };
  df_task* task = dotted_task();
  starts s;
  double x[N][6] = {{0}};
  char words[256], wanted[512];
  const char* path = test_file("few.npz");
  x[2][5] = NAN;
  df_npz_entry entry = {.key = "states", .rank = 2, .shape = {N, 6}, .values = x[0]};
  assert_int_equal(df_npz_write(path, 1, &entry), DF_OK);
  /* the first and the last one beyond the file */
  for (int i = N; i <= N + 3; i += 3) {
    snprintf(words, sizeof words, "%s:%d", path, i);
    snprintf(wanted, sizeof wanted, "--x0 %s: the file has 4 start states, 0 to 3", words);
    assert_int_equal(starts_new(task, words, NULL, &s), DF_E_CONFIG);
    assert_string_equal(df_error_message(), wanted);
    starts_clear(&s);
  }
  /* of all of them, and by its number */
  for (int alone = 0; alone < 2; alone++) {
    snprintf(words, sizeof words, "%s%s", path, alone ? ":2" : "");
    snprintf(wanted, sizeof wanted, "%s: start state 2: number 5 is nan", path);
    assert_int_equal(starts_new(task, words, NULL, &s), DF_E_NONFINITE);
    assert_string_equal(df_error_message(), wanted);
    starts_clear(&s);
  }
  snprintf(words, sizeof words, "%s:3", path);
  assert_int_equal(starts_new(task, words, NULL, &s), DF_OK);
  starts_clear(&s);
  /* the first states of trajectories */
  entry = (df_npz_entry){.key = "states", .rank = 3, .shape = {2, 2, 6}, .values = x[0]};
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < 6; k++) x[2 * i][k] = 10 * i + k, x[2 * i + 1][k] = -1;
  }
  assert_int_equal(df_npz_write(path, 1, &entry), DF_OK);
  assert_int_equal(starts_new(task, path, NULL, &s), DF_OK);
  assert_int_equal(s.n, 2);
  for (int i = 0; i < 12; i++) assert_true(s.x0[i] == 10 * (i / 6) + i % 6);
  starts_clear(&s);
  /* a state of another number of coordinates */
  entry = (df_npz_entry){.key = "states", .rank = 2, .shape = {6, 4}, .values = x[0]};
  assert_int_equal(df_npz_write(path, 1, &entry), DF_OK);
  snprintf(wanted, sizeof wanted, "%s: states has shape [6][4], expected [trajectories][frames][6] or [states][6]",
           path);
  assert_int_equal(starts_new(task, path, NULL, &s), DF_E_MISMATCH);
  assert_string_equal(df_error_message(), wanted);
  starts_clear(&s);
  df_task_free(task);
}

/* the tiny task with the categories gait.a, gait.b and gait.c, of which no training window has c; the starts of each
 * category lie apart */
static df_task* gaits_task(void) {
  static const char* const names[] = {"gait.a", "gait.b", "gait.c"};
  df_task* task = tiny_task_new();
  df_dataset *old = task->data, *data;
  const df_dataset_shape shape = {
      .episodes = old->episodes, .length = old->lengths[0], .nx = NX, .nu = old->nu, .nc = 3, .dt = old->dt};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(df_dataset_name_condition(data, i, names[i]), DF_OK);
  memcpy(data->states, old->states, old->first[old->episodes] * NX * sizeof *old->states);
  for (int e = 0; e < data->episodes; e++) {
    data->conditions[3 * e + (e % 4 == 3 ? 2 : e % 3 == 0)] = 1;
    for (int t = 0; t <= data->lengths[e]; t++) data->states[(data->first[e] + (size_t)t) * NX + HIP] += e % 3 ? 3 : -1;
  }
  df_dataset_free(old);
  task->data = data;
  return task;
}

static double distance_from(const df_task* task, const double* x, const double* mean) {
  double z[NZ_MAX], sum = 0;
  df_chart_context(task->chart, x, z);
  for (int k = 0; k < df_chart_size(task->chart); k++) sum += (z[k] - mean[k]) * (z[k] - mean[k]);
  return sum;
}

/* whether a training window is of the category; that of all of them is -1 */
static bool is_of(const df_task* task, df_window w, int category) {
  return category < 0 || df_dataset_condition(task->data, w.episode, w.start)[category] == 1;
}

/* the training start that is nearest to the mean [NZ_MAX] of those of its category; where no window has it, of all
 * windows the one that is nearest to the mean of the training, 0 */
static df_window naive_typical(const df_task* task, int category, double* mean) {
  const df_windows* w = task->windows;
  double z[NZ_MAX], least = INFINITY;
  df_window best = {-1, -1};
  int n = 0;
  memset(mean, 0, NZ_MAX * sizeof *mean);
  for (int i = 0; i < w->n_train; i++) n += is_of(task, w->train[i], category);
  for (int i = 0; i < w->n_train && n; i++) {
    df_chart_context(task->chart, df_dataset_state(task->data, w->train[i].episode, w->train[i].start), z);
    for (int k = 0; k < df_chart_size(task->chart) && is_of(task, w->train[i], category); k++) mean[k] += z[k] / n;
  }
  for (int i = 0; i < w->n_train; i++) {
    const df_window one = w->train[i];
    const double distance = distance_from(task, df_dataset_state(task->data, one.episode, one.start), mean);
    if ((n && !is_of(task, one, category)) || distance >= least) continue;
    best = one;
    least = distance;
  }
  return best;
}

/* of the windows of a category, or of all if none has it; held-out windows are none of them */
static void the_typical_start_is_nearest_to_the_mean_of_its_category(void** state) {
  (void)state;
  df_task* task = gaits_task();
  assert_true(df_chart_size(task->chart) <= NZ_MAX);
  for (int category = -1; category < 3; category++) {
    double mean[NZ_MAX];
    const double condition[3] = {category == 0, category == 1, category == 2};
    const df_window w = naive_typical(task, category, mean), held_out = task->windows->test[category + 1];
    const double* wanted = df_dataset_state(task->data, w.episode, w.start);
    /* a held-out window starts nearer, on one side or the other */
    double kept[NX], *nearer = task->data->states + (task->data->first[held_out.episode] + (size_t)held_out.start) * NX;
    memcpy(kept, nearer, sizeof kept);
    memcpy(nearer, wanted, sizeof kept);
    nearer[HIP] += 1e-6;
    if (distance_from(task, nearer, mean) > distance_from(task, wanted, mean)) nearer[HIP] -= 2e-6;
    assert_true(distance_from(task, nearer, mean) < distance_from(task, wanted, mean));
    starts s;
    assert_int_equal(starts_new(task, NULL, category < 0 ? NULL : condition, &s), DF_OK);
    assert_int_equal(s.n, 1);
    assert_memory_equal(s.x0, wanted, NX * sizeof *s.x0);
    starts_clear(&s);
    memcpy(nearer, kept, sizeof kept);
  }
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_distance_of_a_state_is_an_rms),
                                     cmocka_unit_test(of_equal_states_the_nearer_condition_is_named),
                                     cmocka_unit_test(a_prefix_sets_its_own_columns_and_no_others),
                                     cmocka_unit_test(a_quaternion_is_made_one_of_length_1),
                                     cmocka_unit_test(a_keyframe_is_the_one_of_its_name),
                                     cmocka_unit_test(a_keyframe_comes_before_a_file_of_its_name),
                                     cmocka_unit_test(a_start_of_a_file_keeps_its_condition),
                                     cmocka_unit_test(a_start_that_a_file_does_not_have_is_named),
                                     cmocka_unit_test(the_typical_start_is_nearest_to_the_mean_of_its_category)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
