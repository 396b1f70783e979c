#include "data_test.h"
#include "dynaflow/data/chart.h"
#include "task_models.h"

enum { MAX = 32, EPISODES = 4, LENGTH = 12 };

static df_system* body;
static df_chart* chart;
static df_dataset* data;
static df_windows* windows;
static df_config config;
static int nx, nz;

/* a random walk on the manifold: successive states are close, as in a motion */
static void fill_episodes(uint64_t seed) {
  for (int e = 0; e < EPISODES; e++) {
    double* x = data->states + e * (LENGTH + 1) * nx;
    random_state(body, seed + (uint64_t)e, x);
    for (int t = 0; t < LENGTH; t++, x += nx) {
      double step[MAX];
      df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)(1000 + 100 * e + t), (size_t)nz, step);
      for (int i = 0; i < nz; i++) step[i] *= 0.2;
      body->ops->integrate(body, x, step, x + nx);
    }
  }
  df_rng_normal(seed, DF_STREAM_TEST, 99, (size_t)(EPISODES * LENGTH * data->nu), data->actions);
}

static int setup(void** state) {
  (void)state;
  body = make_system(every_joint_xml);
  nx = body->nx;
  nz = body->ndx;
  config = df_config_default();
  config.window_horizon = 5;
  config.split_test_every = 2;
  config.chart_relative = (df_names){.n = 1, .v = {"slide"}};
  assert_ok(df_chart_new(body, &config, &chart));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = nx, .nu = body->nu, .dt = body->dt}, &data));
  fill_episodes(7);
  assert_ok(df_windows_new(data, &config, &windows));
  assert_ok(df_chart_fit(chart, data, windows));
  return 0;
}

static int teardown(void** state) {
  (void)state;
  df_alloc_fail_at(0);
  df_windows_free(windows);
  df_dataset_free(data);
  df_chart_free(chart);
  df_system_free(body);
  return 0;
}

/* x rotated by a yaw angle about the world's origin and shifted in the horizontal plane */
static void move_state(const double* x, double yaw, double dx, double dy, double* out) {
  memcpy(out, x, (size_t)nx * sizeof *out);
  const double c = cos(yaw), s = sin(yaw);
  out[0] = c * x[0] - s * x[1] + dx;
  out[1] = s * x[0] + c * x[1] + dy;
  const double h[2] = {cos(yaw / 2), sin(yaw / 2)};
  out[3] = h[0] * x[3] - h[1] * x[6];
  out[4] = h[0] * x[4] - h[1] * x[5];
  out[5] = h[0] * x[5] + h[1] * x[4];
  out[6] = h[0] * x[6] + h[1] * x[3];
  const int v = df_mujoco_nq(body);
  out[v] = c * x[v] - s * x[v + 1];
  out[v + 1] = s * x[v] + c * x[v + 1];
}

static void decode_takes_back_encode(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 500; i++) {
    double x0[MAX], x[MAX], z[MAX], back[MAX], e[MAX];
    random_state(body, 2 * i, x0);
    random_state(body, 2 * i + 1, x);
    df_chart_encode(chart, x0, x, z);
    df_chart_decode(chart, x0, z, back);
    body->ops->difference(body, x, back, e); /* does not depend on the sign of quaternions */
    for (int k = 0; k < nz; k++) assert_close(e[k], 0, 1e-12);
  }
}

static void a_decoded_quaternion_has_the_sign_of_the_first_state(void** state) {
  (void)state;
  for (int t = 1; t <= LENGTH; t++) {
    double z[MAX], back[MAX];
    const double* x0 = df_dataset_state(data, 0, t - 1);
    const double* x = df_dataset_state(data, 0, t);
    df_chart_encode(chart, x0, x, z);
    df_chart_decode(chart, x0, z, back);
    for (int k = 0; k < nx; k++) assert_close(back[k], x[k], 1e-12);
  }
}

static void encode_takes_back_decode(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 500; i++) {
    double x0[MAX], z[MAX], x[MAX], back[MAX];
    random_state(body, i, x0);
    /* raw rotation vectors shorter than pi: longer ones describe the same rotations */
    df_rng_uniform(5, DF_STREAM_TEST, i, (size_t)nz, z);
    for (int k = 0; k < nz; k++) z[k] = (z[k] - 0.5) / df_chart_std(chart)[k];
    df_chart_decode(chart, x0, z, x);
    df_chart_encode(chart, x0, x, back);
    for (int k = 0; k < nz; k++) assert_close(back[k], z[k], 1e-12);
  }
}

static void turning_and_shifting_a_window_leaves_z_unchanged(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 500; i++) {
    double x0[MAX], x[MAX], z[MAX], moved0[MAX], moved[MAX], again[MAX], u[3];
    random_state(body, 2 * i, x0);
    random_state(body, 2 * i + 1, x);
    df_rng_uniform(6, DF_STREAM_TEST, i, 3, u);
    move_state(x0, 7 * u[0] - 3.5, 2 * u[1], u[2], moved0);
    move_state(x, 7 * u[0] - 3.5, 2 * u[1], u[2], moved);
    df_chart_encode(chart, x0, x, z);
    df_chart_encode(chart, moved0, moved, again);
    /* the rounding error of the heading is 1e-16 / |(w, z)| of x0: stay away from upside down */
    if (hypot(x0[3], x0[6]) < 0.05) continue;
    for (int k = 0; k < nz; k++) assert_close(again[k], z[k], 1e-12);
    df_chart_context(chart, x0, z);
    df_chart_context(chart, moved0, again);
    for (int k = 0; k < nz; k++) assert_close(again[k], z[k], 1e-12);
  }
}

/* the converse: lifting or tilting the window changes the coordinates */
static void lifting_or_tilting_a_window_changes_z(void** state) {
  (void)state;
  double x0[MAX], z[MAX], again[MAX];
  random_state(body, 1, x0);
  df_chart_encode(chart, x0, x0, z);
  x0[2] += 0.5;
  df_chart_encode(chart, x0, x0, again);
  assert_true(fabs(again[2] - z[2]) > 0.1);
}

static void q_and_minus_q_give_one_z(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 200; i++) {
    double x0[MAX], x[MAX], z[MAX], again[MAX];
    random_state(body, 2 * i, x0);
    random_state(body, 2 * i + 1, x);
    df_chart_encode(chart, x0, x, z);
    for (int k = 3; k < 11; k++) { /* the quaternions of base and ball */
      x[k] = -x[k];
      x0[k] = -x0[k];
    }
    df_chart_encode(chart, x0, x, again);
    assert_memory_equal(again, z, (size_t)nz * sizeof *z);
  }
}

static void encode_vjp_is_the_transposed_derivative(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 100; i++) {
    double x0[MAX], x[MAX], zbar[MAX], xbar[MAX];
    random_state(body, 2 * i, x0);
    random_state(body, 2 * i + 1, x);
    double z[MAX];
    df_chart_encode(chart, x0, x, z);
    df_rng_normal(8, DF_STREAM_TEST, i, (size_t)nz, zbar);
    df_chart_encode_vjp(chart, x0, x, zbar, xbar);
    for (int d = 0; d < nz; d++) {
      const double e = 1e-5;
      double difference = 0, size = 1;
      bool crossed = false;
      for (int side = -1; side <= 1; side += 2) {
        double step[MAX] = {0}, moved[MAX], there[MAX];
        step[d] = side * e;
        body->ops->integrate(body, x, step, moved);
        df_chart_encode(chart, x0, moved, there);
        for (int k = 0; k < nz; k++) {
          difference += side * zbar[k] * there[k] / (2 * e);
          crossed = crossed || fabs(there[k] - z[k]) * df_chart_std(chart)[k] > 1;
        }
      }
      for (int k = 0; k < nz; k++) size += fabs(zbar[k] / df_chart_std(chart)[k]);
      /* central differences, e = 1e-5: errors e^2 and 1e-16 / e per term; a rotation vector jumps at a half turn and
       * has no derivative there */
      if (!crossed) assert_close(xbar[d], difference, 1e-8 * size);
    }
  }
}

static void the_context_is_the_first_state_seen_from_itself(void** state) {
  (void)state;
  const df_chart_statistics s = df_chart_get_statistics(chart);
  double x0[MAX], z[MAX], context[MAX];
  random_state(body, 3, x0);
  df_chart_encode(chart, x0, x0, z);
  df_chart_context(chart, x0, context);
  for (int k = 0; k < nz; k++) {
    assert_close(context[k] * s.context_std[k] + s.context_mean[k], z[k] * s.std[k] + s.mean[k], 1e-13);
  }
  assert_true(context[0] == 0 && context[1] == 0);
}

/* the context of every window, before and after all later frames are changed */
static void no_future_enters_the_context(void** state) {
  (void)state;
  for (int w = 0; w < windows->n_train; w++) {
    double before[MAX], after[MAX], kept[MAX];
    const df_window window = windows->train[w];
    const double* x0 = df_dataset_state(data, window.episode, window.start);
    memcpy(kept, x0, (size_t)nx * sizeof *kept);
    df_chart_context(chart, x0, before);
    fill_episodes(1234);
    double* first = data->states + (window.episode * (LENGTH + 1) + window.start) * nx;
    memcpy(first, kept, (size_t)nx * sizeof *kept);
    df_chart_context(chart, x0, after);
    fill_episodes(7);
    assert_memory_equal(before, after, (size_t)nz * sizeof *before);
  }
}

static int statistics_numbers(void) {
  return 4 * nz + 2 * body->nu;
}

static void statistics_do_not_see_test_episodes(void** state) {
  (void)state;
  double before[256];
  const size_t bytes = (size_t)statistics_numbers() * sizeof *before;
  assert_true(bytes <= sizeof before);
  memcpy(before, df_chart_get_statistics(chart).mean, bytes);
  for (int i = 0; i < windows->n_test; i++) {
    const int e = windows->test[i].episode;
    for (int t = 0; t <= LENGTH; t++)
      random_state(body, (uint64_t)(5000 + t), data->states + (e * (LENGTH + 1) + t) * nx);
    for (int t = 0; t < LENGTH * data->nu; t++) data->actions[e * LENGTH * data->nu + t] = 1e6;
  }
  assert_ok(df_chart_fit(chart, data, windows));
  assert_memory_equal(df_chart_get_statistics(chart).mean, before, bytes);
  /* the check can fail: changed training episodes are noticed */
  data->actions[windows->train[0].episode * LENGTH * data->nu] += 1;
  assert_ok(df_chart_fit(chart, data, windows));
  assert_memory_not_equal(df_chart_get_statistics(chart).mean, before, bytes);
}

static void training_windows_are_normalised(void** state) {
  (void)state;
  double sum[MAX] = {0}, square[MAX] = {0};
  for (int w = 0; w < windows->n_train; w++) {
    const double* x0 = df_dataset_state(data, windows->train[w].episode, windows->train[w].start);
    for (int t = 1; t <= windows->horizon; t++) {
      double z[MAX];
      df_chart_encode(chart, x0, x0 + t * nx, z);
      for (int k = 0; k < nz; k++) {
        sum[k] += z[k];
        square[k] += z[k] * z[k];
      }
    }
  }
  const double n = windows->n_train * windows->horizon;
  const int v = df_mujoco_nv(body);
  for (int k = 0; k < nz; k++) {
    if (k < 2 || (k >= v && k < v + 2)) continue;
    assert_close(sum[k] / n, 0, 1e-12);
    assert_close(square[k] / n, 1, 1e-12);
  }
  /* x and y, and vx and vy, share mean 0 and one std */
  const df_chart_statistics s = df_chart_get_statistics(chart);
  for (int k = 0; k <= v; k += v) {
    assert_true(s.mean[k] == 0 && s.mean[k + 1] == 0);
    assert_true(s.std[k] == s.std[k + 1] && s.std[k] != 1);
    assert_close((square[k] + square[k + 1]) / (2 * n), 1, 1e-12);
  }
}

static void groups_cover_every_channel_once(void** state) {
  (void)state;
  static const struct {
    const char *name, *unit;
    int n;
  } expected[] = {{"base_pos", "m", 3},      {"base_rot", "rad", 3},  {"joint_pos", "rad", 4},
                  {"slide_pos", "m", 1},     {"base_vel", "m/s", 3},  {"base_angvel", "rad/s", 3},
                  {"joint_vel", "rad/s", 4}, {"slide_vel", "m/s", 1}, {"activation", "", 1}};
  const df_chart_group* groups;
  assert_int_equal(df_chart_groups(chart, &groups), 9);
  int seen[MAX] = {0};
  for (int g = 0; g < 9; g++) {
    assert_string_equal(groups[g].name, expected[g].name);
    assert_string_equal(groups[g].unit, expected[g].unit);
    assert_int_equal(groups[g].n, expected[g].n);
    for (int i = 0; i < groups[g].n; i++) seen[groups[g].channel[i]]++;
  }
  for (int k = 0; k < nz; k++) assert_int_equal(seen[k], 1);
}

/* of hinges in a row, up to the most coordinates that a system may have, 1024 */
static void a_group_has_room_for_many_joints(void** state) {
  (void)state;
  enum { MOST = 512 };
  static const int hinges[] = {65, 120, MOST};
  static char model[100 * (MOST + 2)];
  for (int i = 0; i < 3; i++) {
    const int n = hinges[i];
    const df_config plain = df_config_default();
    const df_chart_group* groups;
    df_chart* many;
    size_t at = (size_t)snprintf(model, sizeof model, "<mujoco><worldbody>");
    for (int j = 0; j < n; j++)
      at += (size_t)snprintf(model + at, sizeof model - at, "<body><joint/><geom size='.1' contype='0'/></body>");
    snprintf(model + at, sizeof model - at, "</worldbody></mujoco>");
    df_system* row = make_system(model);
    assert_ok(df_chart_new(row, &plain, &many));
    assert_int_equal(df_chart_groups(many, &groups), 2);
    assert_true(groups[0].n == n && groups[1].n == n && groups[1].channel[n - 1] == 2 * n - 1);
    df_chart_free(many);
    df_system_free(row);
  }
}

/* makes the chart of `body` anew, with objects */
static void name_objects(df_names objects) {
  config.chart_objects = objects;
  df_chart_free(chart);
  assert_ok(df_chart_new(body, &config, &chart));
}

static void objects_have_groups_of_their_own(void** state) {
  (void)state;
  static const struct {
    const char *name, *unit;
    int n, first;
  } expected[] = {{"joint_pos", "rad", 1, 9},       {"joint_vel", "rad/s", 1, 20}, {"activation", "", 1, 22},
                  {"object_pos", "m", 4, 0},        {"object_rot", "rad", 6, 3},   {"object_vel", "m/s", 4, 11},
                  {"object_angvel", "rad/s", 6, 14}};
  df_names objects = {.n = 3, .v = {"root", "ball", "slide"}};
  name_objects(objects);
  const df_chart_group* groups;
  assert_int_equal(df_chart_groups(chart, &groups), 7);
  for (int g = 0; g < 7; g++) {
    assert_string_equal(groups[g].name, expected[g].name);
    assert_string_equal(groups[g].unit, expected[g].unit);
    assert_int_equal(groups[g].n, expected[g].n);
    assert_int_equal(groups[g].channel[0], expected[g].first);
  }
  assert_string_equal(df_chart_channel_name(chart, 0), "root object_pos x");
  assert_string_equal(df_chart_channel_name(chart, 10), "slide object_pos");
}

static void an_object_keeps_its_place_in_the_world_of_a_fixed_robot(void** state) {
  (void)state;
  df_names objects = {.n = 1, .v = {"root"}};
  name_objects(objects);
  double x0[MAX], x[MAX], z[MAX];
  random_state(body, 1, x0);
  random_state(body, 2, x);
  df_chart_encode(chart, x0, x, z);
  for (int k = 0; k < 3; k++) assert_close(z[k], x[k], 1e-15);

  /* its coordinates are normalised one by one: mean 0 and std 1, also of x and y */
  assert_ok(df_chart_fit(chart, data, windows));
  const df_chart_statistics s = df_chart_get_statistics(chart);
  double mean[2] = {0}, square[2] = {0};
  const double n = windows->n_train * windows->horizon;
  for (int w = 0; w < windows->n_train; w++) {
    const double* first = df_dataset_state(data, windows->train[w].episode, windows->train[w].start);
    for (int t = 1; t <= windows->horizon; t++) {
      for (int k = 0; k < 2; k++) {
        mean[k] += first[t * nx + k] / n;
        square[k] += first[t * nx + k] * first[t * nx + k] / n;
      }
    }
  }
  for (int k = 0; k < 2; k++) {
    assert_close(s.mean[k], mean[k], 1e-12);
    assert_close(s.std[k], sqrt(square[k] - mean[k] * mean[k]), 1e-12);
  }
}

static void an_object_is_seen_from_the_robot(void** state) {
  (void)state;
  df_system* two = make_system(
      "<mujoco><worldbody><body><freejoint name='box'/><geom size='.1'/></body>"
      "<body><freejoint name='robot'/><geom size='.1'/></body></worldbody></mujoco>");
  df_chart* seen;
  df_config c = df_config_default();
  c.chart_objects = (df_names){.n = 1, .v = {"box"}};
  assert_ok(df_chart_new(two, &c, &seen));
  /* the robot at (1, 2) looks along y; the box, two metres before it, moves to its left */
  const double h = sqrt(0.5);
  const double x[26] = {1, 4, 0.1, 1, 0, 0, 0, 1, 2, 0.3, h, 0, 0, h, [14] = -0.5};
  double z[24];
  df_chart_encode(seen, x, x, z);
  const double box[6] = {2, 0, 0.1, 0, 0, -acos(0)}, robot[6] = {0, 0, 0.3};
  for (int k = 0; k < 6; k++) {
    assert_close(z[k], box[k], 1e-12);
    assert_close(z[6 + k], robot[k], 1e-12);
    assert_close(z[12 + k], k == 1 ? 0.5 : 0, 1e-12);
  }
  df_chart_free(seen);
  df_system_free(two);
}

/* a box that nothing drives is not the base, also if chart.objects does not name it */
static void what_nothing_drives_is_no_origin(void** state) {
  (void)state;
  df_system* two = make_system(
      "<mujoco><worldbody><body><freejoint name='box'/><geom size='.1'/></body><body><freejoint name='robot'/>"
      "<geom size='.1'/><body><joint name='arm' axis='0 1 0'/><geom size='.1' pos='.3 0 0'/></body></body></worldbody>"
      "<actuator><motor joint='arm'/></actuator></mujoco>");
  df_chart* seen;
  const df_config c = df_config_default();
  assert_ok(df_chart_new(two, &c, &seen));
  /* the robot at (1, 2) looks along y; the box is two metres before it */
  const double h = sqrt(0.5);
  const double x[28] = {1, 4, 0.1, 1, 0, 0, 0, 1, 2, 0.3, h, 0, 0, h};
  double z[26];
  df_chart_encode(seen, x, x, z);
  const double box[3] = {2, 0, 0.1}, robot[3] = {0, 0, 0.3};
  for (int k = 0; k < 3; k++) {
    assert_close(z[k], box[k], 1e-12);
    assert_close(z[6 + k], robot[k], 1e-12);
  }
  df_chart_free(seen);
  df_system_free(two);
}

static void an_unknown_object_is_named(void** state) {
  (void)state;
  df_chart* none;
  config.chart_objects = (df_names){.n = 1, .v = {"cup"}};
  assert_int_equal(df_chart_new(body, &config, &none), DF_E_CONFIG);
  assert_says("chart.objects", "'cup'");
  assert_null(none);
}

static void only_named_joints_are_relative(void** state) {
  (void)state;
  double x0[MAX], x[MAX], z[MAX], again[MAX];
  random_state(body, 1, x0);
  random_state(body, 2, x);
  df_chart_encode(chart, x0, x, z);
  x0[12] += 3; /* the slide */
  x[12] += 3;
  df_chart_encode(chart, x0, x, again);
  for (int k = 0; k < nz; k++) assert_close(again[k], z[k], 1e-12);
  x0[11] += 3; /* the hinge */
  x[11] += 3;
  df_chart_encode(chart, x0, x, again);
  assert_close(again[9] - z[9], 3 / df_chart_std(chart)[9], 1e-12);
}

static void a_joint_that_cannot_be_relative_is_named(void** state) {
  (void)state;
  df_chart* none;
  config.chart_relative = (df_names){.n = 1, .v = {"rootx"}};
  assert_int_equal(df_chart_new(body, &config, &none), DF_E_CONFIG);
  assert_says("chart.relative", "'rootx'");
  assert_null(none);
  config.chart_relative = (df_names){.n = 1, .v = {"ball"}};
  assert_int_equal(df_chart_new(body, &config, &none), DF_E_CONFIG);
  assert_says("chart.relative", "'ball'");
}

static void data_of_another_size_is_refused(void** state) {
  (void)state;
  df_dataset* other;
  assert_ok(
      df_dataset_new(&(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = nx + 1, .dt = 0.1}, &other));
  assert_int_equal(df_chart_fit(chart, other, windows), DF_E_ARG);
  df_dataset_free(other);
}

static void states_alone_leave_the_action_statistics_neutral(void** state) {
  (void)state;
  df_chart* fresh;
  assert_ok(df_chart_new(body, &config, &fresh));
  df_free(data->actions);
  data->actions = NULL;
  assert_ok(df_chart_fit(fresh, data, windows));
  const df_chart_statistics s = df_chart_get_statistics(fresh);
  for (int i = 0; i < body->nu; i++) assert_true(s.action_mean[i] == 0 && s.action_std[i] == 1);
  df_chart_free(fresh);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 20);
    df_chart* c;
    df_alloc_fail_at(n);
    status = df_chart_new(body, &config, &c);
    if (status == DF_OK) status = df_chart_fit(c, data, windows);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    df_chart_free(c);
  }
}

int main(void) {
#define WITH_CHART(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_CHART(decode_takes_back_encode),
      WITH_CHART(a_decoded_quaternion_has_the_sign_of_the_first_state),
      WITH_CHART(encode_takes_back_decode),
      WITH_CHART(turning_and_shifting_a_window_leaves_z_unchanged),
      WITH_CHART(lifting_or_tilting_a_window_changes_z),
      WITH_CHART(q_and_minus_q_give_one_z),
      WITH_CHART(encode_vjp_is_the_transposed_derivative),
      WITH_CHART(the_context_is_the_first_state_seen_from_itself),
      WITH_CHART(no_future_enters_the_context),
      WITH_CHART(statistics_do_not_see_test_episodes),
      WITH_CHART(training_windows_are_normalised),
      WITH_CHART(groups_cover_every_channel_once),
      WITH_CHART(objects_have_groups_of_their_own),
      cmocka_unit_test(a_group_has_room_for_many_joints),
      WITH_CHART(an_object_keeps_its_place_in_the_world_of_a_fixed_robot),
      WITH_CHART(an_object_is_seen_from_the_robot),
      WITH_CHART(what_nothing_drives_is_no_origin),
      WITH_CHART(an_unknown_object_is_named),
      WITH_CHART(only_named_joints_are_relative),
      WITH_CHART(a_joint_that_cannot_be_relative_is_named),
      WITH_CHART(data_of_another_size_is_refused),
      WITH_CHART(states_alone_leave_the_action_statistics_neutral),
      WITH_CHART(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
