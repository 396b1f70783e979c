/* Recorded actions that lead to the recorded states, of all episodes or of some, against simulations with mistakes
 * planted in them. */
#include "explained.h"

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"

/* a cart that a motor jerks to and fro, and a box on a floor that it pushes: ten physics steps per frame */
static const char cart_xml[] =
    "<mujoco><option timestep='.004'/><worldbody><geom type='plane' size='5 5 1' friction='.6'/>"
    "<body pos='0 0 .05'><joint name='cart' type='slide' axis='1 0 0' damping='1'/>"
    "<geom type='box' size='.05 .2 .04' mass='.5'/></body>"
    "<body pos='.16 .03 .05'><freejoint name='box'/><geom type='box' size='.1 .08 .05' mass='.3'/></body>"
    "</worldbody><actuator><motor joint='cart' gear='8'/></actuator></mujoco>";
enum { CARTS = 6, ACTIONS = 40 };

typedef struct carts {
  df_system* s;
  df_dataset* d;
  double h[CARTS];
} carts;

static carts carts_new(void) {
  carts c;
  df_sim* sim;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 10;
  assert_ok(df_mujoco_system_from_xml(cart_xml, "cart", &cfg, &c.s));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = CARTS, .length = ACTIONS, .nx = c.s->nx, .nu = 1, .dt = c.s->dt}, &c.d));
  assert_ok(df_sim_new(c.s, 0, &sim));
  for (int e = 0; e < CARTS; e++) {
    c.h[e] = c.s->dt;
    df_mujoco_initial_state(c.s, frame_of(c.d, e, 0));
    c.s->ops->reset(sim, frame_of(c.d, e, 0));
    for (int t = 0; t < ACTIONS; t++) {
      double* u = c.d->actions + e * ACTIONS + t;
      *u = (t % 2 ? -0.7 : 0.8) + 0.02 * e;
      assert_int_equal(c.s->ops->step(sim, u, frame_of(c.d, e, t + 1)), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(c.s, sim);
  return c;
}

static void carts_free(carts* c) {
  df_dataset_free(c->d);
  df_system_free(c->s);
}

static bool explained(const carts* c) {
  trace m;
  bool out;
  assert_ok(trace_of(c->d, c->s, c->h, 100000, &m));
  assert_ok(states_are_explained(&m, &out));
  trace_clear(&m);
  return out;
}

/* findings with a verdict, of checks whose names begin so */
static int count(const data_findings* f, const char* check, check_verdict verdict) {
  int n = 0;
  for (int i = 0; i < f->n; i++)
    n += f->list[i].verdict == verdict && strncmp(data_check_name(f->list[i].check), check, strlen(check)) == 0;
  return n;
}

static void scale_velocities(const carts* c, int episode, double factor) {
  for (int t = 0; t <= ACTIONS; t++) {
    for (int i = df_mujoco_nq(c->s); i < c->s->nx; i++) frame_of(c->d, episode, t)[i] *= factor;
  }
}

/* An arm and a cube that rests on a table, recorded with constraint islands, as MuJoCo's defaults are. */
static const char rest_xml[] =
    "<mujoco><compiler angle='radian'/><option timestep='.002'/><default><joint damping='1' armature='.05'/>"
    "<geom contype='0' conaffinity='0'/></default><worldbody><geom type='plane' size='2 2 .1' contype='1' "
    "conaffinity='1'/><body pos='0 0 .5'><joint name='a' axis='0 0 1' range='-3 3'/><geom type='capsule' "
    "fromto='0 0 0 .3 0 0' size='.03' mass='1'/><body pos='.3 0 0'><joint name='b' type='slide' axis='0 1 0' range='0 "
    ".04' damping='5'/><geom size='.01' mass='.05'/></body><body pos='.3 0 0'><joint name='c' type='slide' "
    "axis='0 -1 0' range='0 .04' damping='5'/><geom size='.01' mass='.05'/></body></body><body pos='.45 0 .02'>"
    "<freejoint/><geom type='box' size='.02 .02 .02' mass='.1' contype='1' conaffinity='1'/></body></worldbody>"
    "<equality><joint joint1='b' joint2='c'/></equality><actuator><position joint='a' kp='80' kv='8'/>"
    "<position joint='b' kp='200' kv='5' ctrlrange='0 .04'/></actuator></mujoco>";

/* Checks the recording of the cube with velocities of the arm times `factor`. */
static data_findings check_beside_rest(double factor, bool* is_explained) {
  data_findings f = {0};
  df_system *recorder, *s;
  df_dataset* d;
  df_sim* sim;
  trace m;
  double h[CARTS];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 25;
  assert_ok(df_mujoco_system_from_xml(rest_xml, "rest", &cfg, &s));
  cfg.islands = DF_ISLANDS_ON;
  cfg.forward_only = true;
  assert_ok(df_mujoco_system_from_xml(rest_xml, "rest", &cfg, &recorder));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = CARTS, .length = ACTIONS, .nx = s->nx, .nu = s->nu, .dt = s->dt}, &d));
  assert_ok(df_sim_new(recorder, 0, &sim));
  for (int e = 0; e < CARTS; e++) {
    double* first = frame_of(d, e, 0);
    h[e] = s->dt;
    df_mujoco_initial_state(s, first);
    first[3] += 0.03 * e;
    first[4] = 0.05 * e;
    recorder->ops->reset(sim, first);
    for (int t = -20; t < ACTIONS; t++) {
      const double u[2] = {0.6 * sin(0.12 * t + e), 0.02 + 0.02 * sin(0.3 * t + e)};
      if (t >= 0) memcpy(d->actions + 2 * (e * ACTIONS + t), u, sizeof u);
      assert_int_equal(recorder->ops->step(sim, u, frame_of(d, e, t < 0 ? 0 : t + 1)), DF_TRAJ_COMPLETE);
    }
  }
  for (int i = 0; i < CARTS * (ACTIONS + 1); i++) d->states[i * s->nx + df_mujoco_nq(s)] *= factor;
  assert_ok(trace_of(d, s, h, 100000, &m));
  assert_ok(states_are_explained(&m, is_explained));
  trace_clear(&m);
  assert_ok(data_check_states(d, s, &check_thorough, &f));
  df_sim_free(recorder, sim);
  df_dataset_free(d);
  df_system_free(recorder);
  df_system_free(s);
  return f;
}

/* The tolerance of the solver, and not the simulator's motion, is what a body that rests changes by: it does not make
 * the velocities of an arm wrong. Other velocities of the arm are. */
static void a_body_at_rest_is_no_evidence_against_actions(void** state) {
  (void)state;
  bool is_explained;
  data_findings f = check_beside_rest(1, &is_explained);
  assert_true(is_explained);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
  assert_true(count(&f, "frame rate", CHECK_OK) > 0);
  data_findings_clear(&f);
  f = check_beside_rest(0.7, &is_explained);
  assert_false(is_explained);
  assert_true(data_findings_count(&f, CHECK_WRONG) > 0);
  data_findings_clear(&f);
}

/* a slide that a motor pushes to and fro, and a hinge that nothing moves; one physics step per frame of 0.04 s */
static const char apart_xml[] =
    "<mujoco><option timestep='.04' gravity='0 0 0'/><worldbody><body><joint name='a' type='slide' axis='1 0 0'/>"
    "<geom size='.1' mass='1'/></body><body pos='0 2 0'><joint name='b' axis='0 0 1'/><geom size='.1' mass='1'/></body>"
    "</worldbody><actuator><motor joint='a'/></actuator></mujoco>";

/* Whether actions explain states in which the velocity of the hinge is +- `error`, rad/s, in turn. The velocity of the
 * slide is 0 and 1 m/s in turn, so that it changes by 1 m/s, and by 0.03 m (RMS), per action. */
static bool explains_beside(double error) {
  carts c;
  df_sim* sim;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(apart_xml, "apart", &cfg, &c.s));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = CARTS, .length = ACTIONS, .nx = c.s->nx, .nu = 1, .dt = c.s->dt}, &c.d));
  assert_ok(df_sim_new(c.s, 0, &sim));
  for (int e = 0; e < CARTS; e++) {
    c.h[e] = c.s->dt;
    c.s->ops->reset(sim, frame_of(c.d, e, 0));
    for (int t = 0; t < ACTIONS; t++) {
      double* u = c.d->actions + e * ACTIONS + t;
      *u = t % 2 ? -25 : 25;
      assert_int_equal(c.s->ops->step(sim, u, frame_of(c.d, e, t + 1)), DF_TRAJ_COMPLETE);
    }
    for (int t = 0; t <= ACTIONS; t++) frame_of(c.d, e, t)[3] = t % 2 ? error : -error;
  }
  assert_true(fabs(frame_of(c.d, 0, 1)[2] - 1) < 1e-9);
  const bool out = explained(&c);
  df_sim_free(c.s, sim);
  carts_free(&c);
  return out;
}

/* of what rests, errors up to 1e-5 of the changes of what moves, here 1 m/s: the hinge is off by twice its velocity */
static void what_rests_is_exact_to_the_tolerance(void** state) {
  (void)state;
  static const double errors[] = {0, 2e-6, 4e-6, 6e-6, 5e-4};
  for (int i = 0; i < 5; i++) {
    if (explains_beside(errors[i]) != (i < 3)) fail_msg("%g rad/s", errors[i]);
  }
}

/* velocities that are reversed within a frame do not follow the positions, but the actions lead to them */
static void states_that_follow_from_actions_are_right(void** state) {
  (void)state;
  carts c = carts_new();
  double* actions = c.d->actions;
  for (int with = 0; with < 2; with++) {
    data_findings found = {0};
    c.d->actions = with ? actions : NULL;
    assert_int_equal(explained(&c), with);
    assert_ok(data_check_states(c.d, c.s, &check_thorough, &found));
    assert_int_equal(count(&found, "velocity", CHECK_WRONG) + count(&found, "frame rate", CHECK_WRONG), 0);
    assert_true(with ? count(&found, "velocity", CHECK_WARN) == 0 : count(&found, "velocity", CHECK_WARN) > 0);
    data_findings_clear(&found);
  }
  carts_free(&c);
}

static void other_velocities_are_not(void** state) {
  (void)state;
  carts c = carts_new();
  scale_velocities(&c, CARTS - 1, 0.5); /* of a sixth of the actions */
  assert_false(explained(&c));
  for (int e = 0; e < CARTS - 1; e++) scale_velocities(&c, e, 0.5);
  assert_false(explained(&c));
  for (int e = 0; e < CARTS; e++) scale_velocities(&c, e, 2);
  assert_true(explained(&c));
  /* an action lasts a frame, up to rounding: at 1.001 of it, velocities would be off by as much */
  static const double longer[] = {1 + 1e-8, 1.001, 2};
  for (int i = 0; i < 3; i++) {
    c.h[2] = c.s->dt * longer[i];
    assert_int_equal(explained(&c), i == 0);
  }
  carts_free(&c);
}

/* a single frame of 240, between two of those that are simulated if nothing jumps */
static void every_jump_is_looked_at(void** state) {
  (void)state;
  carts c = carts_new();
  for (int t = 20; t <= ACTIONS; t++) frame_of(c.d, 3, t)[0] += 0.5;
  data_findings found = {0};
  assert_ok(data_check_states(c.d, c.s, &check_thorough, &found));
  assert_int_equal(count(&found, "jump", CHECK_WRONG), 1);
  data_findings_clear(&found);
  carts_free(&c);
}

/* A motor presses a slide far beyond its soft limit: a warning, and without the actions wrong. */
static void actions_press_joints_beyond_their_limits(void** state) {
  (void)state;
  static const char press[] =
      "<mujoco><compiler autolimits='true'/><option timestep='.01' gravity='0 0 0'/><worldbody><body>"
      "<joint name='press' type='slide' axis='1 0 0' range='0 .1' solreflimit='-100 -10' damping='5'/>"
      "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='press' gear='80'/></actuator></mujoco>";
  enum { LENGTH = 200 };
  df_system* s;
  df_sim* sim;
  df_dataset* d;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(press, "press", &cfg, &s));
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 2, .length = LENGTH, .nx = 2, .nu = 1, .dt = s->dt}, &d));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < 2; e++) {
    s->ops->reset(sim, frame_of(d, e, 0));
    for (int t = 0; t < LENGTH; t++) {
      d->actions[e * LENGTH + t] = 1 + 0.1 * e;
      assert_int_equal(s->ops->step(sim, &d->actions[e * LENGTH + t], frame_of(d, e, t + 1)), DF_TRAJ_COMPLETE);
    }
    assert_true(frame_of(d, e, LENGTH)[0] > 0.11);
  }
  for (int without = 0; without < 2; without++) {
    data_findings f = {0};
    if (without) memset(d->actions, 0, 2 * LENGTH * sizeof(double));
    assert_ok(data_check_states(d, s, &check_thorough, &f));
    assert_int_equal(count(&f, "joint limit", CHECK_WARN), !without);
    assert_int_equal(count(&f, "joint limit", CHECK_WRONG), without);
    data_findings_clear(&f);
  }
  df_sim_free(s, sim);
  df_dataset_free(d);
  df_system_free(s);
}

/* a spring with a motor, of which a frame is fifty physics steps: velocities do not follow from frame to frame */
static const char spring_xml[] =
    "<mujoco><option timestep='.002' gravity='0 0 0'/><worldbody><body><joint name='a' type='slide' axis='1 0 0' "
    "stiffness='400' damping='2'/><geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='a' gear='40'/>"
    "</actuator></mujoco>";

/* the number of the episodes changes nothing */
static void many_episodes_are_explained_as_few_are(void** state) {
  (void)state;
  enum { FEW = 8, MANY = 1100, EACH = 31 };
  df_system* s;
  df_sim* sim;
  df_dataset* d;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 50;
  assert_ok(df_mujoco_system_from_xml(spring_xml, "spring", &cfg, &s));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int many = 0; many < 2; many++) {
    const int episodes = many ? MANY : FEW;
    data_findings f = {0};
    assert_ok(
        df_dataset_new(&(df_dataset_shape){.episodes = episodes, .length = EACH, .nx = 2, .nu = 1, .dt = s->dt}, &d));
    for (int e = 0; e < episodes; e++) {
      frame_of(d, e, 0)[0] = 0.4 * sin(1.7 * e);
      s->ops->reset(sim, frame_of(d, e, 0));
      for (int t = 0; t < EACH; t++) {
        double* u = d->actions + e * EACH + t;
        *u = sin(2.3 * t + 0.9 * e * t + e);
        assert_int_equal(s->ops->step(sim, u, frame_of(d, e, t + 1)), DF_TRAJ_COMPLETE);
      }
    }
    assert_ok(data_check_states(d, s, &check_thorough, &f));
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
    data_findings_clear(&f);
    /* without the actions velocities seem wrong: only what the motor can give tells that those of few are right */
    double* actions = d->actions;
    d->actions = NULL;
    int held = 0;
    assert_ok(data_check_states(d, s, &check_thorough, &f));
    for (int i = 0; i < f.n; i++) held += strstr(f.list[i].reason, "held for a frame, although") != NULL;
    assert_true(held + data_findings_count(&f, CHECK_WRONG) > 0);
    if (!many) assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
    data_findings_clear(&f);
    d->actions = actions;
    df_dataset_free(d);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* two joints of a weight each, with motors */
static const char motors_xml[] =
    "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='a' axis='0 1 0' damping='.1'/>"
    "<geom size='.1' mass='1' pos='.3 0 0'/></body><body pos='2 0 0'><joint name='b' axis='0 1 0' damping='.1'/>"
    "<geom size='.1' mass='2' pos='.3 0 0'/></body></worldbody><actuator><motor joint='a'/><motor "
    "joint='b'/></actuator>"
    "</mujoco>";
enum { MOVED_MAX = 800, LONG = 120 };

/* episodes of motors_xml; the recorded actions of one of `each`, the second one first, are exchanged from a frame on */
typedef struct moved {
  int episodes, length, each, from;
} moved;

static data_findings check_actions_of(const moved* c) {
  static double states[MOVED_MAX * (LONG + 1)][4], actions[MOVED_MAX * LONG][2];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const size_t episodes = (size_t)c->episodes, length = (size_t)c->length;
  data_findings f = {0};
  df_config config = df_config_default();
  df_system* s;
  df_sim* sim;
  assert_ok(df_mujoco_system_from_xml(motors_xml, "motors", &cfg, &s));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < c->episodes; e++) {
    double x[4] = {0.1 * e, 0.2, 0, 0};
    s->ops->reset(sim, x);
    for (int t = 0; t < c->length; t++) {
      double* u = actions[e * c->length + t];
      memcpy(states[e * (c->length + 1) + t], x, sizeof x);
      u[0] = sin(0.05 * t + e);
      u[1] = 2 * cos(0.08 * t + e);
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
      const double first = u[0];
      if (e % c->each == 1 && t >= c->from) u[0] = u[1], u[1] = first;
    }
    memcpy(states[e * (c->length + 1) + c->length], x, sizeof x);
  }
  const df_npz_entry entries[] = {
      {.key = "states", .rank = 3, .shape = {episodes, length + 1, 4}, .values = &states[0][0]},
      {.key = "actions", .rank = 3, .shape = {episodes, length, 2}, .values = &actions[0][0]},
      {.key = "dt", .values = &s->dt}};
  assert_ok(df_npz_write(test_file("actions.npz"), 3, entries));
  config.window_horizon = 1;
  assert_ok(data_check_recording(test_file("actions.npz"), &config, s, &check_thorough, &f, NULL));
  df_sim_free(s, sim);
  df_system_free(s);
  return f;
}

/* all of an episode, of any length and of any number; not a part of it, in which something may have pushed the model */
static void actions_of_other_columns_are_named(void** state) {
  (void)state;
  static const struct {
    moved recorded;
    const char* says; /* NULL: nothing is wrong */
    int n;
  } cases[] = {
      {{4, LONG, 4, LONG}, NULL, 0},
      {{4, LONG, 4, LONG / 2}, NULL, 0},
      {{4, LONG, 4, 0}, "actions of episode 1 (1 of 4) do not lead to the recorded states, and those of 3 other", 1},
      {{30, 8, 10, 0}, "actions of episodes 1, 11, 21 (3 of 30) do not lead", 3},
      {{30, 1, 10, 0}, "actions of episodes 1, 11, 21 (3 of 30) do not lead", 3},
      {{30, 8, 10, 5}, NULL, 0},
      {{201, 60, 100, 0}, "actions of episodes 1, 101 (2 of 201) do not lead", 2},
      {{800, 40, 400, 0}, "actions of episodes 1, 401 (2 of 800) do not lead", 2},
      {{800, 40, 400, 20}, NULL, 0},
      {{800, 40, 400, LONG}, NULL, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings f = check_actions_of(&cases[i].recorded);
    const data_finding* found = finding_at(&f, DATA_CHECK_MIXTURE, "actions");
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), cases[i].says != NULL);
    assert_int_equal(found != NULL, cases[i].says != NULL);
    if (found) {
      assert_true(found->value == cases[i].n);
      assert_non_null(strstr(found->reason, cases[i].says));
    }
    data_findings_clear(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(states_that_follow_from_actions_are_right),
                                     cmocka_unit_test(other_velocities_are_not),
                                     cmocka_unit_test(a_body_at_rest_is_no_evidence_against_actions),
                                     cmocka_unit_test(what_rests_is_exact_to_the_tolerance),
                                     cmocka_unit_test(every_jump_is_looked_at),
                                     cmocka_unit_test(actions_of_other_columns_are_named),
                                     cmocka_unit_test(many_episodes_are_explained_as_few_are),
                                     cmocka_unit_test(actions_press_joints_beyond_their_limits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
