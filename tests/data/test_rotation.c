#include "data_test.h"
#include "rotation.h"

static const double pi = 3.14159265358979323846;

/* a unit vector and an angle; every tenth angle is tiny, every other tenth close to a half turn */
static void random_rotation(uint64_t i, double phi[3]) {
  double n[3], u;
  df_rng_normal(1, DF_STREAM_TEST, i, 3, n);
  df_rng_uniform(2, DF_STREAM_TEST, i, 1, &u);
  const double angle = i % 10 == 0 ? pow(10, -18 * u) : i % 10 == 5 ? pi - pow(10, -2 - 12 * u) : pi * u;
  const double norm = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  for (int k = 0; k < 3; k++) phi[k] = angle * n[k] / norm;
}

static void log_takes_back_exp(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 2000; i++) {
    double phi[3], q[4], back[3];
    random_rotation(i, phi);
    df_quat_exp(phi, q);
    /* a rounding error of 1e-16 in a quaternion changes the angle by twice that and the axis by that over the angle */
    assert_close(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3], 1, 1e-15);
    df_quat_log(q, back);
    for (int k = 0; k < 3; k++) assert_close(back[k], phi[k], 4e-15);
  }
}

static void tiny_angles_keep_their_relative_precision(void** state) {
  (void)state;
  for (double angle = 1e-3; angle > 1e-300; angle *= 0.1) {
    const double phi[3] = {angle, 0, -angle};
    double q[4], back[3];
    df_quat_exp(phi, q);
    df_quat_log(q, back);
    assert_close(back[0] / angle, 1, 1e-15);
    assert_close(back[2] / angle, -1, 1e-15);
  }
}

static void q_and_minus_q_have_one_log(void** state) {
  (void)state;
  static const double halves[][4] = {{0, 1, 0, 0}, {0, -0.6, 0.8, 0}, {0, 0, 0, -1}, {1, 0, 0, 0}, {-0.0, 0, -1, 0}};
  for (uint64_t i = 0; i < 1000; i++) {
    double phi[3], q[4], minus[4], a[3], b[3];
    random_rotation(i, phi);
    df_quat_exp(phi, q);
    if (i < sizeof halves / sizeof *halves) memcpy(q, halves[i], sizeof q);
    for (int k = 0; k < 4; k++) minus[k] = -q[k];
    df_quat_log(q, a);
    df_quat_log(minus, b);
    for (int k = 0; k < 3; k++) assert_true(a[k] == b[k]);
  }
}

static void products_compose_rotations(void** state) {
  (void)state;
  /* a quarter turn about z, then a quarter turn about the rotated x axis */
  const double z[3] = {0, 0, pi / 2}, x[3] = {pi / 2, 0, 0};
  double qz[4], qx[4], q[4];
  df_quat_exp(z, qz);
  df_quat_exp(x, qx);
  df_quat_product(qz, qx, q);
  const double expected[4] = {0.5, 0.5, 0.5, 0.5};
  for (int k = 0; k < 4; k++) assert_close(q[k], expected[k], 4e-16);
}

static void normalising_accepts_any_length_and_zero(void** state) {
  (void)state;
  double q[4];
  df_quat_normalise((const double[]){0, 3, 0, 4}, q);
  assert_true(q[1] == 0.6 && q[3] == 0.8);
  df_quat_normalise((const double[]){0, 0, 0, 0}, q);
  assert_true(q[0] == 1 && q[1] == 0);
}

/* small angles, whose factor of [phi]^2 is a series, against the closed form in long double */
static void log_vjp_of_small_angles_has_every_term(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 20; i++) {
    double phi[3], v[3], w[3];
    df_rng_normal(1, DF_STREAM_TEST, i, 3, phi);
    df_rng_normal(2, DF_STREAM_TEST, i, 3, v);
    const double size = sqrt(phi[0] * phi[0] + phi[1] * phi[1] + phi[2] * phi[2]);
    for (int k = 0; k < 3; k++) phi[k] *= 0.00999 / size;
    df_so3_log_vjp(phi, v, w);
    const long double a = 0.00999L, c = (1 - a / 2 * cosl(a / 2) / sinl(a / 2)) / (a * a);
    const long double p[3] = {phi[0], phi[1], phi[2]};
    const long double once[3] = {p[1] * v[2] - p[2] * v[1], p[2] * v[0] - p[0] * v[2], p[0] * v[1] - p[1] * v[0]};
    const long double twice[3] = {p[1] * once[2] - p[2] * once[1], p[2] * once[0] - p[0] * once[2],
                                  p[0] * once[1] - p[1] * once[0]};
    for (int k = 0; k < 3; k++) assert_close(w[k], (double)(v[k] - once[k] / 2 + c * twice[k]), 1e-14);
  }
}

/* v^T (log(R exp(+e d)) - log(R exp(-e d))) / 2e = w^T d for every direction d */
static void log_vjp_is_the_transposed_derivative(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 500; i++) {
    double phi[3], q[4], v[3], w[3];
    random_rotation(i, phi);
    if (pi - sqrt(phi[0] * phi[0] + phi[1] * phi[1] + phi[2] * phi[2]) < 1e-4)
      continue; /* log is not smooth at a half turn */
    df_rng_normal(3, DF_STREAM_TEST, i, 3, v);
    df_quat_exp(phi, q);
    df_so3_log_vjp(phi, v, w);
    for (int d = 0; d < 3; d++) {
      const double e = 1e-5;
      double difference = 0;
      for (int side = -1; side <= 1; side += 2) {
        double step[3] = {0, 0, 0}, turn[4], moved[4], log[3];
        step[d] = side * e;
        df_quat_exp(step, turn);
        df_quat_product(q, turn, moved);
        df_quat_log(moved, log);
        for (int k = 0; k < 3; k++) difference += side * v[k] * log[k] / (2 * e);
      }
      /* central differences: e^2 times a third derivative of order 1, and a rounding error of 1e-15 / e */
      assert_close(w[d], difference, 2e-9);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_takes_back_exp),
      cmocka_unit_test(tiny_angles_keep_their_relative_precision),
      cmocka_unit_test(q_and_minus_q_have_one_log),
      cmocka_unit_test(products_compose_rotations),
      cmocka_unit_test(normalising_accepts_any_length_and_zero),
      cmocka_unit_test(log_vjp_is_the_transposed_derivative),
      cmocka_unit_test(log_vjp_of_small_angles_has_every_term),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
