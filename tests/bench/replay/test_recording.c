/* What a recording is under a reading: its states, its velocities and their rounding errors. */
#include "recording.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "stored_data.h"
#include "unit.h"

enum { EPISODES = 4, LENGTH = 20, NQ = 8, NV = 7, NX = NQ + NV };
/* of the state: free joint and hinge */
enum { QUATERNION = 3, HINGE = 7, SPIN = NQ + 3, HINGE_SPEED = NQ + 6 };

static const double DEGREE = 3.14159265358979323846 / 180, DT = 0.004;

static const char xml[] =
    "<mujoco><option timestep='.004'/><worldbody><body><freejoint/><geom size='.1' mass='1'/>"
    "<body><joint name='h' axis='0 1 0'/><geom size='.1' mass='1'/></body></body></worldbody>"
    "<actuator><motor joint='h'/></actuator></mujoco>";

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  recording r;
} fixture;

static double float32_of(double x) {
  return (double)(float)x;
}

/* positions between 1 and 2, velocities between 0.5 and 1, in float32 */
static fixture fixture_new(unsigned reading) {
  fixture f;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &f.system), DF_OK);
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = NX, .nu = 1, .dt = DT}, &f.data),
      DF_OK);
  for (size_t frame = 0; frame < (size_t)EPISODES * (LENGTH + 1); frame++) {
    double random[NX], *x = f.data->states + frame * NX;
    df_rng_uniform(1, DF_STREAM_TEST, frame, NX, random);
    for (int i = 0; i < NX; i++) x[i] = float32_of(i < NQ ? 1 + random[i] : (1 + random[i]) / 2);
    const double half = random[0], turned[4] = {cos(half), 0, sin(half), 0};
    memcpy(x + QUATERNION, turned, sizeof turned);
  }
  find_rounding(f.data, f.system);
  assert_int_equal(recording_of(f.data, f.system, &f.r), DF_OK);
  assert_int_equal(f.r.stored[POSITION].kind, DF_STORED_FLOAT32);
  assert_int_equal(f.r.stored[VELOCITY].kind, DF_STORED_FLOAT32);
  f.r.reading = reading;
  return f;
}

static void fixture_free(fixture* f) {
  df_dataset_free(f->data);
  df_system_free(f->system);
}

/* the rounding of the state at frame t of episode 1 under the reading */
static void rounding_of(fixture* f, int t, double* x, double e[2 * NV]) {
  recording_state(&f->r, 1, t, x);
  recording_rounding(&f->r, x, e);
}

static void assert_near(double value, double right) {
  if (!(fabs(value - right) <= 1e-12 * fabs(right))) print_error("%.17g is not %.17g\n", value, right);
  assert_true(fabs(value - right) <= 1e-12 * fabs(right));
}

/* half the distance to the next float32 for numbers from 1 to 2; from 0.5 to 1 it is half of that */
static const double AT_1 = 0x1p-24, AT_HALF = 0x1p-25;

/* the largest turn of a quaternion whose entries are off by d: 2 d times the sum of their magnitudes */
static double turn_of(const double* q, double d) {
  return 2 * d * (fabs(q[0]) + fabs(q[1]) + fabs(q[2]) + fabs(q[3]));
}

static void as_it_is(void** state) {
  (void)state;
  fixture f = fixture_new(0);
  double x[NX], e[2 * NV];
  rounding_of(&f, 3, x, e);
  for (int i = 0; i < NV; i++) {
    assert_near(e[i], i >= 3 && i < 6 ? turn_of(x + QUATERNION, AT_HALF) : AT_1);
    assert_near(e[NV + i], AT_HALF);
  }
  fixture_free(&f);
}

/* The turn of a quaternion whose entries are each off by the rounding error d of float32, in one of all 16 ways, is at
 * most what is said, about every axis, and about one of them as much: 4 d where all entries are one half. */
static void the_largest_turn_of_rounded_quaternions_is_stated(void** state) {
  (void)state;
  static const double quaternions[][4] = {
      {1, 0, 0, 0}, {.5, .5, .5, .5}, {.5, -.5, .5, -.5}, {.6, 0, .8, 0}, {.1, .7, .1, -.7}};
  for (size_t k = 0; k < sizeof quaternions / sizeof *quaternions; k++) {
    fixture f = fixture_new(0);
    double x[NX], y[NX], e[2 * NV], turn[2 * NV], largest[3] = {0}, most = 0;
    recording_state(&f.r, 1, 3, x);
    memcpy(x + QUATERNION, quaternions[k], sizeof quaternions[k]);
    recording_rounding(&f.r, x, e);
    for (int signs = 0; signs < 16; signs++) {
      memcpy(y, x, sizeof x);
      for (int i = 0; i < 4; i++) y[QUATERNION + i] += signs >> i & 1 ? AT_HALF : -AT_HALF;
      f.system->ops->difference(f.system, x, y, turn);
      for (int axis = 0; axis < 3; axis++) largest[axis] = fmax(largest[axis], fabs(turn[3 + axis]));
    }
    for (int axis = 0; axis < 3; axis++) {
      assert_true(largest[axis] <= e[3 + axis] * (1 + 1e-6));
      most = fmax(most, largest[axis]);
    }
    assert_true(most >= e[3] * (1 - 1e-6));
    fixture_free(&f);
  }
}

/* a ball, a free joint and a hinge have as many positions as three balls: positions in double precision stay so beside
 * velocities in single precision */
static void turns_beside_other_joints_do_not_take_their_precision(void** state) {
  (void)state;
  static const char mixed[] =
      "<mujoco><option timestep='.004'/><worldbody><body><joint type='ball'/><geom size='.1' mass='1'/></body>"
      "<body pos='1 0 0'><freejoint/><geom size='.1' mass='1'/><body pos='0 0 .3'><joint name='h'/>"
      "<geom size='.1' mass='1'/></body></body></worldbody><actuator><motor joint='h'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = 22, .nu = 1, .dt = DT};
  df_system* system;
  df_dataset* data;
  recording r;
  assert_int_equal(df_mujoco_system_from_xml(mixed, "mixed", &cfg, &system), DF_OK);
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (size_t frame = 0; frame < (size_t)EPISODES * (LENGTH + 1); frame++) {
    double random[22], *state_of = data->states + frame * 22;
    df_rng_uniform(1, DF_STREAM_TEST, frame, 22, random);
    for (int i = 0; i < 22; i++) state_of[i] = i < 12 ? 1 + random[i] : float32_of(1 + random[i]);
    for (int k = 0; k < 4; k++) state_of[k] = state_of[7 + k] = k == 0;
  }
  find_rounding(data, system);
  assert_int_equal(recording_of(data, system, &r), DF_OK);
  assert_int_equal(r.stored[POSITION].kind, DF_STORED_FLOAT64);
  assert_int_equal(r.stored[VELOCITY].kind, DF_STORED_FLOAT32);
  df_dataset_free(data);
  df_system_free(system);
}

/* numbers of quaternions count where there are no other positions */
static void turns_of_ball_joints_show_their_own_precision(void** state) {
  (void)state;
  static const char balls[] =
      "<mujoco><option timestep='.004'/><worldbody><body><joint type='ball'/><geom size='.1' mass='1'/>"
      "<body pos='0 0 .3'><joint name='b' type='ball'/><geom size='.1' mass='1'/></body></body></worldbody>"
      "<actuator><motor joint='b' gear='1 0 0'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = 14, .nu = 1, .dt = DT};
  df_system* system;
  df_dataset* data;
  recording r;
  double x[14], e[12];
  assert_int_equal(df_mujoco_system_from_xml(balls, "balls", &cfg, &system), DF_OK);
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (size_t frame = 0; frame < (size_t)EPISODES * (LENGTH + 1); frame++) {
    double random[7], *state_of = data->states + frame * 14;
    df_rng_uniform(1, DF_STREAM_TEST, frame, 7, random);
    for (int ball = 0; ball < 2; ball++) {
      state_of[4 * ball] = float32_of(cos(random[6]));
      state_of[4 * ball + 2] = float32_of(sin(random[6]));
    }
    for (int i = 0; i < 6; i++) state_of[8 + i] = float32_of((1 + random[i]) / 2);
  }
  find_rounding(data, system);
  assert_int_equal(recording_of(data, system, &r), DF_OK);
  assert_int_equal(r.stored[POSITION].kind, DF_STORED_FLOAT32);
  recording_state(&r, 1, 3, x);
  recording_rounding(&r, x, e);
  for (int i = 0; i < 6; i++) {
    assert_near(e[i], turn_of(x + 4 * (i / 3), AT_HALF));
    assert_near(e[6 + i], AT_HALF);
  }
  df_dataset_free(data);
  df_system_free(system);
}

/* errors of angles in degrees are compared in degrees: of velocities only if they are in degrees, too */
static void a_number_in_degrees_is_a_degree(void** state) {
  (void)state;
  for (int with_velocities = 0; with_velocities < 2; with_velocities++) {
    fixture f = fixture_new(with_velocities ? READ_DEGREES_PER_SECOND : READ_DEGREES);
    for (int j = 0; j < f.r.njoint; j++) {
      const bool hinge = f.r.joints[j].kind == DF_JOINT_HINGE;
      const double position = recording_unit(&f.r, f.r.joints[j].dof);
      const double velocity = recording_unit(&f.r, f.r.nv + f.r.joints[j].dof);
      assert_true(fabs(position - (hinge ? 0.017453292519943295 : 1)) < 1e-15);
      assert_true(fabs(velocity - (hinge && with_velocities ? 0.017453292519943295 : 1)) < 1e-15);
    }
    fixture_free(&f);
  }
}

static void degrees_have_the_rounding_of_larger_numbers(void** state) {
  (void)state;
  for (int with_velocities = 0; with_velocities < 2; with_velocities++) {
    fixture f = fixture_new(with_velocities ? READ_DEGREES_PER_SECOND : READ_DEGREES);
    double x[NX], e[2 * NV];
    rounding_of(&f, 3, x, e);
    const double* stored = df_dataset_state(f.data, 1, 3);
    assert_near(x[HINGE], stored[HINGE] * DEGREE);
    assert_near(x[HINGE_SPEED], stored[HINGE_SPEED] * (with_velocities ? DEGREE : 1));
    assert_near(e[6], AT_1 * DEGREE);
    assert_near(e[NV + 6], AT_HALF * (with_velocities ? DEGREE : 1));
    assert_near(e[0], AT_1);
    assert_near(e[NV], AT_HALF);
    fixture_free(&f);
  }
}

static void velocities_of_positions_have_the_rounding_of_two_positions(void** state) {
  (void)state;
  /* with degrees: the positions are read first */
  const unsigned readings[] = {READ_POSITIONS_ONLY, READ_POSITIONS_ONLY | READ_DEGREES};
  for (int k = 0; k < 2; k++) {
    fixture f = fixture_new(readings[k]);
    double x[NX], e[2 * NV];
    const double unit = k ? DEGREE : 1;
    rounding_of(&f, 3, x, e);
    const double *before = df_dataset_state(f.data, 1, 2), *stored = df_dataset_state(f.data, 1, 3);
    assert_near(x[HINGE_SPEED], (stored[HINGE] * unit - before[HINGE] * unit) / DT);
    assert_near(x[NQ], (stored[0] - before[0]) / DT);
    const double turn =
        2 * (atan2(stored[QUATERNION + 2], stored[QUATERNION]) - atan2(before[QUATERNION + 2], before[QUATERNION]));
    assert_true(fabs(x[SPIN + 1] - turn / DT) < 1e-9);
    for (int i = 0; i < 3; i++) {
      assert_near(e[NV + i], 2 * AT_1 / DT);
      assert_near(e[NV + 3 + i], 2 * turn_of(x + QUATERNION, AT_HALF) / DT);
    }
    assert_near(e[NV + 6], 2 * AT_1 * unit / DT);
    fixture_free(&f);
  }
}

static void rotated_velocities_share_their_rounding(void** state) {
  (void)state;
  fixture f = fixture_new(READ_WORLD_SPIN);
  double x[NX], e[2 * NV];
  rounding_of(&f, 3, x, e);
  const double *stored = df_dataset_state(f.data, 1, 3), *w = stored + SPIN;
  const double speed = sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
  assert_true(speed > 1 && speed < 2);
  for (int i = 0; i < 3; i++) assert_near(e[NV + 3 + i], sqrt(3) * (AT_1 + speed * turn_of(x + QUATERNION, AT_HALF)));
  for (int i = 0; i < 3; i++) assert_near(e[NV + i], AT_HALF);
  fixture_free(&f);
}

static void wrapped_angles_have_no_jumps_of_velocity(void** state) {
  (void)state;
  fixture f = fixture_new(READ_WRAPPED | READ_POSITIONS_ONLY);
  double x[NX];
  const double turn = 2 * 3.14159265358979323846;
  f.data->states[(size_t)(LENGTH + 1 + 3) * NX + HINGE] -= turn;
  recording_state(&f.r, 1, 3, x);
  const double *before = df_dataset_state(f.data, 1, 2), *stored = df_dataset_state(f.data, 1, 3);
  assert_true(fabs(x[HINGE_SPEED] - (stored[HINGE] + turn - before[HINGE]) / DT) < 1e-9);
  fixture_free(&f);
}

static void a_reading_may_leave_nothing_to_compare(void** state) {
  (void)state;
  fixture f = fixture_new(READ_POSITIONS_ONLY | READ_ACTIONS_EARLIER);
  assert_int_equal(recording_length(&f.r, 1), LENGTH - 2);
  const int lengths[EPISODES] = {LENGTH, 1};
  df_dataset one = *f.data;
  one.lengths = lengths;
  f.r.data = &one;
  assert_int_equal(recording_length(&f.r, 1), 0);
  fixture_free(&f);
}

/* compared with all pairs of episode and frame, in order */
static void actions_of_ragged_episodes_have_their_places(void** state) {
  (void)state;
  const int lengths[5] = {3, 1, 7, 1, 2};
  const unsigned readings[4] = {0, READ_ACTIONS_EARLIER, READ_ACTIONS_LATER,
                                READ_ACTIONS_EARLIER | READ_POSITIONS_ONLY};
  const int first[4] = {0, 0, 1, 1}, spare[4] = {0, 1, 0, 1};
  df_dataset* data;
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = 5, .lengths = lengths, .nx = 1, .nu = 1, .dt = DT}, &data), DF_OK);
  for (int i = 0; i < 4; i++) {
    const recording r = {.data = data, .reading = readings[i]};
    size_t n = 0;
    for (int e = 0; e < 5; e++) {
      assert_int_equal(recording_before(&r, e), n);
      for (int t = first[i]; t < lengths[e] - spare[i]; t++, n++) {
        int episode, frame;
        recording_place(&r, n, &episode, &frame);
        assert_int_equal(episode, e);
        assert_int_equal(frame, t);
      }
    }
    assert_int_equal(recording_before(&r, 5), n);
  }
  df_dataset_free(data);
}

/* The numbers after the last action are no actions: they do not decide how these were rounded. */
static void actions_of_ragged_episodes_are_rounded_alone(void** state) {
  (void)state;
  enum { LONG = 40, SHORT = 5, ACTIONS = LONG + SHORT };
  const int lengths[2] = {LONG, SHORT};
  double actions[2 * LONG];
  fixture f = fixture_new(0);
  df_dataset* data;
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = 2, .lengths = lengths, .nx = NX, .nu = 1, .dt = DT}, &data),
      DF_OK);
  df_rng_uniform(1, DF_STREAM_TEST, 0, 2 * LONG, actions);
  for (int i = 0; i < ACTIONS; i++) actions[i] = nearbyint(1000 * actions[i]) / 1000;
  for (int row = 0; row < ACTIONS + 2; row++) data->states[(size_t)row * NX + QUATERNION] = 1;
  memcpy(data->actions, actions, ACTIONS * sizeof *actions);
  find_rounding(data, f.system);
  f.r.data = data;
  f.r.action = (df_stored_precision){DF_STORED_FLOAT64, 0};
  assert_true(recording_round_actions(&f.r));
  assert_int_equal(f.r.action.kind, DF_STORED_DECIMALS);
  assert_int_equal(f.r.action.digits, 3);
  df_dataset_free(data);
  fixture_free(&f);
}

static void short_of_memory_it_is_an_error(void** state) {
  (void)state;
  fixture f = fixture_new(0);
  double scale[KINDS], motion[KINDS];
  (void)df_alloc_fail_at(1);
  assert_int_equal(recording_extent(&f.r, scale, motion), DF_E_NOMEM);
  (void)df_alloc_fail_at(0);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_it_is),
      cmocka_unit_test(the_largest_turn_of_rounded_quaternions_is_stated),
      cmocka_unit_test(turns_of_ball_joints_show_their_own_precision),
      cmocka_unit_test(turns_beside_other_joints_do_not_take_their_precision),
      cmocka_unit_test(a_number_in_degrees_is_a_degree),
      cmocka_unit_test(degrees_have_the_rounding_of_larger_numbers),
      cmocka_unit_test(velocities_of_positions_have_the_rounding_of_two_positions),
      cmocka_unit_test(rotated_velocities_share_their_rounding),
      cmocka_unit_test(wrapped_angles_have_no_jumps_of_velocity),
      cmocka_unit_test(a_reading_may_leave_nothing_to_compare),
      cmocka_unit_test(actions_of_ragged_episodes_have_their_places),
      cmocka_unit_test(actions_of_ragged_episodes_are_rounded_alone),
      cmocka_unit_test(short_of_memory_it_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
