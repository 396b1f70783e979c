/* Single frames under every convention. What is recorded is made from a state by rotation matrices; the conversion, by
 * quaternions, has to give the state back. */
#include "data_test.h"
#include "task_models.h"

/* after the feature macro of data_test.h */
#include "conventions.h"
#include "rotation.h"

static const double pi = 3.14159265358979323846;

typedef double matrix[3][3];

static void matrix_of(const double q[4], matrix r) {
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  const matrix m = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                    {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                    {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
  memcpy(r, m, sizeof m);
}

static void apply(matrix r, bool transposed, double v[3]) {
  double out[3] = {0};
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 3; k++) out[i] += (transposed ? r[k][i] : r[i][k]) * v[k];
  }
  memcpy(v, out, sizeof out);
}

static void multiply(matrix a, matrix b, matrix out) {
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      out[i][j] = 0;
      for (int k = 0; k < 3; k++) out[i][j] += a[i][k] * b[k][j];
    }
  }
}

static void axis_matrix(char axis, double angle, matrix r) {
  const int i = axis - 'x', j = (i + 1) % 3, k = (i + 2) % 3;
  memset(r, 0, sizeof(matrix));
  r[i][i] = 1;
  r[j][j] = r[k][k] = cos(angle);
  r[k][j] = sin(angle);
  r[j][k] = -sin(angle);
}

/* ---- Euler angles ---- */

static void euler_angles_are_products_of_axis_rotations(void** state) {
  (void)state;
  static const char* const orders[] = {"xyz", "zyx", "yxz", "zxz", "XYZ", "ZYX", "YXZ", "ZXZ"};
  const double angles[3] = {0.3, -1.1, 2.2};
  for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
    const bool intrinsic = orders[k][0] < 'a';
    matrix one[3], two, wanted, found;
    for (int i = 0; i < 3; i++) axis_matrix((char)(orders[k][i] | 0x20), angles[i], one[i]);
    /* about fixed axes the last rotation is the leftmost factor, about rotating axes the first is */
    multiply(one[1], one[intrinsic ? 2 : 0], two);
    multiply(one[intrinsic ? 0 : 2], two, wanted);
    double q[4];
    df_quat_euler(orders[k], angles, q);
    matrix_of(q, found);
    for (int i = 0; i < 9; i++) assert_close((&found[0][0])[i], (&wanted[0][0])[i], 1e-15);
  }
  /* a yaw of 90 degrees, then a roll of 90 degrees about the world's x axis: the body's x axis points up */
  double q[4], x[3] = {1, 0, 0};
  df_quat_euler("zyx", (const double[3]){pi / 2, 0, pi / 2}, q);
  df_quat_rotate(q, x, x);
  assert_close(x[2], 1, 1e-15);
  df_quat_rotate_back(q, x, x);
  assert_close(x[0], 1, 1e-15);
}

/* ---- a state and back ---- */

/* the settings of a case, and what they say of the recording */
typedef struct how {
  bool xyzw, inverse, base_linear, world_angular, degrees, y_up, turned;
  double scale;
} how;

static const double base_turn[4] = {0.5, -0.5, -0.5, -0.5};

/* writes a state of every_joint_xml as it is recorded under these conventions */
static void record(const how* h, const double* state, double* raw) {
  matrix r, b;
  double* q = raw + 3;
  memcpy(raw, state, 25 * sizeof *raw);
  matrix_of(state + 3, r);
  matrix_of(base_turn, b);
  double *linear = raw + 13, *angular = raw + 16;

  /* velocities: of the state, the linear one is in the world, the angular one in the base */
  if (h->base_linear) {
    apply(r, true, linear);
    if (h->turned) apply(b, false, linear); /* from the model's base to the recorded one */
  }
  if (h->world_angular) {
    apply(r, false, angular);
  } else if (h->turned) {
    apply(b, false, angular);
  }
  /* orientation = recorded * base_turn, so recorded = orientation * base_turn^-1 */
  if (h->turned) {
    const double back[4] = {base_turn[0], -base_turn[1], -base_turn[2], -base_turn[3]};
    df_quat_product(state + 3, back, q);
  }
  /* with the y axis up, (x, y, z) is (x, z, -y): a quarter turn back about x */
  if (h->y_up) {
    const double down[4] = {cos(pi / 4), -sin(pi / 4), 0, 0};
    double up[4];
    memcpy(up, q, sizeof up);
    df_quat_product(down, up, q);
    double* world[3] = {raw, linear, angular};
    for (int k = 0; k < 3; k++) {
      if ((k == 1 && h->base_linear) || (k == 2 && !h->world_angular)) continue;
      const double z = world[k][2];
      world[k][2] = -world[k][1];
      world[k][1] = z;
    }
  }
  /* the axes of the ball joint's body are those of the model's base: recorded = base_turn * ball * base_turn^-1 */
  if (h->turned) {
    const double back[4] = {base_turn[0], -base_turn[1], -base_turn[2], -base_turn[3]};
    double half[4];
    df_quat_product(state + 7, back, half);
    df_quat_product(base_turn, half, raw + 7);
    apply(b, false, raw + 19);
  }
  for (int k = 0; k < 2; k++) {
    double* at = raw + (k ? 7 : 3);
    const double w = at[0];
    for (int i = 1; i < 4 && h->inverse; i++) at[i] *= -1;
    if (!h->xyzw) continue;
    memmove(at, at + 1, 3 * sizeof *at);
    at[3] = w;
  }
  if (h->degrees) {
    static const int angles[] = {11, 16, 17, 18, 19, 20, 21, 22};
    for (size_t k = 0; k < sizeof angles / sizeof *angles; k++) raw[angles[k]] *= 180 / pi;
  }
  static const int lengths[] = {0, 1, 2, 12, 13, 14, 15, 23};
  for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) raw[lengths[k]] /= h->scale;
}

static void configure(const how* h, df_config* config) {
  *config = df_config_default();
  static const char* const quaternions[] = {"wxyz", "xyzw", "wxyz_inverse", "xyzw_inverse"};
  assert_ok(df_config_set(config, "data.quaternion", quaternions[h->xyzw + 2 * h->inverse], "test"));
  if (h->base_linear) assert_ok(df_config_set(config, "data.linear_velocity", "base", "test"));
  if (h->world_angular) assert_ok(df_config_set(config, "data.angular_velocity", "world", "test"));
  if (h->degrees) assert_ok(df_config_set(config, "data.angles", "deg", "test"));
  if (h->y_up) assert_ok(df_config_set(config, "data.up", "y", "test"));
  if (h->turned) assert_ok(df_config_set(config, "data.base_rotation", "0.5,-0.5,-0.5,-0.5", "test"));
  config->data_position_scale = h->scale;
}

static void a_state_comes_back_under_every_convention(void** state) {
  (void)state;
  df_system* system = make_system(every_joint_xml);
  for (int bits = 0; bits < 256; bits++) {
    const how h = {.xyzw = bits & 1,
                   .base_linear = bits & 2,
                   .world_angular = bits & 4,
                   .degrees = bits & 8,
                   .y_up = bits & 16,
                   .turned = bits & 32,
                   .scale = bits & 64 ? 0.01 : 1,
                   .inverse = bits & 128};
    df_config config;
    df_layout* layout;
    conventions c;
    configure(&h, &config);
    assert_ok(layout_new(&config, system, &layout));
    assert_ok(conventions_read(&config, &layout->model, &c));
    for (uint64_t i = 0; i < 5; i++) {
      double x[25], raw[25], found[25];
      random_state(system, i, x);
      record(&h, x, raw);
      frame_from_raw(layout, &c, raw, found);
      frame_to_model(layout, &c, found);
      for (int k = 0; k < 25; k++) {
        if (fabs(found[k] - x[k]) > 1e-13)
          fail_msg("conventions %d, coordinate %d: %g, not %g", bits, k, found[k], x[k]);
        if (bits == 0) assert_true(found[k] == x[k]); /* without conventions the recorded bits are kept */
      }
    }
    layout_free(layout);
  }
  df_system_free(system);
}

/* ---- single conventions by hand ---- */

static void convert(const char* const (*settings)[2], int n, const double* raw, double* x) {
  df_system* system = make_system(every_joint_xml);
  df_config config = df_config_default();
  df_layout* layout;
  conventions c;
  for (int i = 0; i < n; i++) assert_ok(df_config_set(&config, settings[i][0], settings[i][1], "test"));
  assert_ok(layout_new(&config, system, &layout));
  assert_ok(conventions_read(&config, &layout->model, &c));
  frame_from_raw(layout, &c, raw, x);
  frame_to_model(layout, &c, x);
  layout_free(layout);
  df_system_free(system);
}
#define CONVERT(raw, x, ...)                                                 \
  do {                                                                       \
    static const char* const settings_[][2] = {__VA_ARGS__};                 \
    convert(settings_, (int)(sizeof settings_ / sizeof *settings_), raw, x); \
  } while (0)

static void what_points_up_in_the_recording_points_up_in_the_model(void** state) {
  (void)state;
  double x[25];
  /* 0.8 m above the floor, 1 m forward, upright; falling at 2 m/s, yawing at 3 rad/s */
  const double upright[] = {1, 0.8, 0.25, 1, 0, 0, 0, 0, -2, 0, 0, 3, 0};
  CONVERT(upright, x, {"data.columns", "root_pos,root_quat,root_linvel,root_angvel"}, {"data.up", "y"},
          {"data.angular_velocity", "world"}, {"data.position_offset", "0,0,0.1"});
  assert_close(x[0], 1, 1e-15);
  assert_close(x[1], -0.25, 1e-15);
  assert_close(x[2], 0.9, 1e-15);
  assert_close(x[13 + 2], -2, 1e-15);
  /* the recorded body has its y axis up, too, and so the model's body is turned by a quarter about x */
  assert_close(x[3], sqrt(0.5), 1e-15);
  assert_close(x[4], sqrt(0.5), 1e-15);
  assert_close(x[16 + 1], 3, 1e-15);
  /* base_rotation turns it upright; the yaw is then about its z axis */
  CONVERT(upright, x, {"data.columns", "root_pos,root_quat,root_linvel,root_angvel"}, {"data.up", "y"},
          {"data.angular_velocity", "world"}, {"data.base_rotation", "0.70710678,-0.70710678,0,0"});
  assert_close(x[3], 1, 1e-15);
  assert_close(x[16 + 2], 3, 1e-15);
}

/* of cos(angle / 2) only 1.3e-13 is missing to 1 */
static void a_base_rotation_of_a_microradian_is_one(void** state) {
  (void)state;
  double x[25];
  const double upright[] = {1, 2, 3, 1, 0, 0, 0};
  CONVERT(upright, x, {"data.columns", "root_pos,root_quat"}, {"data.base_rotation", "0.999999999999875,0,0,5e-7"});
  assert_close(x[6], 5e-7, 1e-20);
}

/* the second free body is no base: its own position and orientation are those of the recording */
static void offset_and_rotation_are_of_the_base_alone(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><worldbody><body name='base'><freejoint/><geom size='.1' mass='1'/></body>"
      "<body name='box' pos='1 0 0'><freejoint/><geom size='.1' mass='1'/></body></worldbody></mujoco>";
  static const double raw[26] = {1, 2, 3, 1, 0, 0, 0, 4, 5, 6, 0.6, 0, 0.8, 0};
  static const double wanted[14] = {11, 22, 33, 0, 1, 0, 0, 4, 5, 6, 0.6, 0, 0.8, 0};
  double x[26];
  df_system* system = make_system(xml);
  df_config config = df_config_default();
  df_layout* layout;
  conventions c;
  assert_ok(df_config_set(&config, "data.position_offset", "10,20,30", "test"));
  assert_ok(df_config_set(&config, "data.base_rotation", "0,1,0,0", "test"));
  assert_ok(layout_new(&config, system, &layout));
  assert_ok(conventions_read(&config, &layout->model, &c));
  frame_from_raw(layout, &c, raw, x);
  frame_to_model(layout, &c, x);
  for (int i = 0; i < 14; i++) assert_close(x[i], wanted[i], 1e-15);
  layout_free(layout);
  df_system_free(system);
}

static void angles_come_as_euler_angles_rotation_vectors_and_cosines(void** state) {
  (void)state;
  double x[25];
  const double euler[] = {0, 0, 1, 0, 0, 90}, rotvec[] = {0, 0, 120}, circle[] = {0, -1, 1, 0};
  CONVERT(euler, x, {"data.columns", "root_pos,root_euler"}, {"data.angles", "deg"}, {"data.euler", "XYZ"});
  assert_close(x[3], sqrt(0.5), 1e-15);
  assert_close(x[6], sqrt(0.5), 1e-15);
  CONVERT(rotvec, x, {"data.columns", "root_rotvec"}, {"data.angles", "deg"}, {"data.quaternion", "xyzw"});
  assert_close(x[3], 0.5, 1e-15);
  assert_close(x[6], sqrt(0.75), 1e-15);
  /* cosines of hinge and slide, then their sines; in degrees or not, they are of radians */
  CONVERT(circle, x, {"data.columns", "joints_cos_sin"}, {"data.angles", "deg"});
  assert_close(x[11], pi / 2, 1e-15);
  assert_close(x[12], pi, 1e-15);
}

static void settings_that_cannot_be_are_refused(void** state) {
  (void)state;
  static const struct {
    const char *key, *value, *says;
  } wrong[] = {{"data.euler", "xy", "data.euler = 'xy': expected three axes"},
               {"data.euler", "xYz", "data.euler = 'xYz'"},
               {"data.euler", "xxz", "data.euler = 'xxz'"},
               {"data.euler", "xyy", "data.euler = 'xyy'"},
               {"data.base_rotation", "1,0,0", "data.base_rotation has 3 numbers of norm 1"},
               {"data.base_rotation", "1,0.2,0,0", "4 numbers of norm 1.0198"},
               {"data.position_offset", "1,2", "data.position_offset has 2 numbers"}};
  df_system *body = make_system(every_joint_xml), *cart = make_system(cart_xml);
  const model_joints free_model = model_joints_of(body, NULL), bound = model_joints_of(cart, NULL);
  conventions c;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    df_config config = df_config_default();
    assert_ok(df_config_set(&config, wrong[i].key, wrong[i].value, "test"));
    assert_int_equal(conventions_read(&config, &free_model, &c), DF_E_CONFIG);
    assert_says(wrong[i].says);
  }
  static const struct {
    const char *key, *value, *says;
  } of_a_root[] = {{"data.up", "y", "data.up = y: the model has no free joint"},
                   {"data.linear_velocity", "base", "data.linear_velocity = base: the model"},
                   {"data.angular_velocity", "world", "data.angular_velocity = world: the model"},
                   {"data.base_rotation", "0,1,0,0", "data.base_rotation: the model"},
                   {"data.position_offset", "0,0,1", "data.position_offset: the model"}};
  for (size_t i = 0; i < sizeof of_a_root / sizeof *of_a_root; i++) {
    df_config config = df_config_default();
    assert_ok(df_config_set(&config, of_a_root[i].key, of_a_root[i].value, "test"));
    assert_ok(conventions_read(&config, &free_model, &c));
    assert_int_equal(conventions_read(&config, &bound, &c), DF_E_CONFIG);
    assert_says(of_a_root[i].says);
  }
  df_system_free(body);
  df_system_free(cart);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(euler_angles_are_products_of_axis_rotations),
      cmocka_unit_test(a_state_comes_back_under_every_convention),
      cmocka_unit_test(what_points_up_in_the_recording_points_up_in_the_model),
      cmocka_unit_test(a_base_rotation_of_a_microradian_is_one),
      cmocka_unit_test(offset_and_rotation_are_of_the_base_alone),
      cmocka_unit_test(angles_come_as_euler_angles_rotation_vectors_and_cosines),
      cmocka_unit_test(settings_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
