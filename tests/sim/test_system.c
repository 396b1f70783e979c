/* MuJoCo systems: refused models and their messages, states, queries, memory. */
#include "models.h"

static df_status try_text(const char* xml, const df_mujoco_cfg* cfg) {
  df_system* s = NULL;
  const df_status status = df_mujoco_system_from_xml(xml, "test.xml", cfg, &s);
  if (status != DF_OK) assert_null(s);
  df_system_free(s);
  return status;
}

/* ---- refusals ---- */

/* a hinge 'h' on a body; %s: option element, further elements of the world, attributes of the joint, further elements
 * of the body and of the model */
#define PENDULUM                                                                                                    \
  "<mujoco>%s<worldbody>%s<body name='b' pos='0 0 1'><joint name='h' axis='0 1 0' %s/><geom name='g' size='.1'/>%s" \
  "</body></worldbody>%s</mujoco>"
#define MOTOR "<actuator><motor joint='h'/></actuator>"

typedef struct refusal {
  const char *option, *world, *joint, *body, *tail, *feature, *element;
} refusal;

static void unsupported_features_are_refused_by_name(void** state) {
  (void)state;
  static const refusal cases[] = {
      {"<option integrator='implicit'/>", "", "", "", MOTOR, "integrator", "implicit"},
      {"<option integrator='discrete'/>", "", "", "", MOTOR, "integrator", "discrete"},
      {"<option solver='PGS'/>", "", "", "", MOTOR, "solver", "PGS"},
      {"<option noslip_iterations='3'/>", "", "", "", MOTOR, "noslip", "3"},
      {"<option density='1.2'/>", "", "", "", MOTOR, "fluid", "1.2"},
      {"<option viscosity='.1'/>", "", "", "", MOTOR, "fluid", "0.1"},
      {"", "<site name='a'/>", "", "<site name='b'/>",
       "<tendon><spatial name='t' stiffness='1'><site site='a'/><site site='b'/></spatial></tendon>" MOTOR, "tendon",
       "t"},
      {"<option integrator='implicitfast'/>", "", "", "",
       "<tendon><fixed name='t' damping='1 2'><joint joint='h' coef='1'/></fixed></tendon>" MOTOR,
       "polynomial damping of a tendon", "t"},
      {"<option integrator='implicitfast'/>", "", "", "",
       "<tendon><fixed name='t'><joint joint='h' coef='1'/></fixed></tendon>"
       "<actuator><damper name='a' tendon='t' kv='1' ctrlrange='0 1'/></actuator>",
       "gain on velocity of a tendon", "a"},
      {"", "", "", "",
       "<tendon><fixed name='t' actuatorfrcrange='-1 1'><joint joint='h' coef='1'/></fixed></tendon>"
       "<actuator><motor tendon='t'/><motor tendon='t'/></actuator>",
       "force limit of a tendon with several actuators", "t"},
      {"", "", "actuatorfrcrange='-1 1'", "",
       "<tendon><fixed name='t'><joint joint='h' coef='1'/></fixed></tendon>"
       "<actuator><motor name='a' tendon='t'/></actuator>",
       "tendon's actuator on a joint with a force limit", "a"},
      {"",
       "<body pos='0 0 3' gravcomp='1'><joint name='p' actuatorgravcomp='true' actuatorfrcrange='-1 1'/>"
       "<geom size='.1' pos='1 0 0'/></body>",
       "", "", MOTOR, "gravity compensation within the force limit of a joint", "p"},
      {"<option><flag actuation='disable'/></option>",
       "<body pos='0 0 3' gravcomp='1'><joint name='p' actuatorgravcomp='true'/><geom size='.1' pos='1 0 0'/></body>",
       "", "", MOTOR, "gravity compensation by disabled actuators", "p"},
      {"<option integrator='implicitfast'/>", "", "", "<body><joint name='ball' type='ball'/><geom size='.1'/></body>",
       "<actuator><velocity name='a' jointinparent='ball' gear='1 0 0' kv='1'/></actuator>", "in the parent's frame",
       "a"},
      {"<option integrator='implicitfast'/>", "", "", "<body><joint name='ball' type='ball'/><geom size='.1'/></body>",
       "<actuator><damper name='a' joint='ball' gear='1 0 0' kv='1' ctrlrange='0 1'/></actuator>", "gain on velocity",
       "a"},
      {"", "", "", "", "<actuator><muscle name='a' joint='h' lengthrange='0 1'/></actuator>", "activation", "a"},
      {"", "<body name='c' pos='9 0 0'><freejoint/><geom size='.1'/></body>", "", "",
       "<actuator><adhesion name='a' body='c' ctrlrange='0 1'/></actuator>", "not on a joint, tendon or site", "a"},
      {"", "", "", "<site name='s'/>", "<actuator><motor name='a' site='s' refsite='s'/></actuator>", "reference site",
       "a"},
      {"<option integrator='implicitfast'/>", "", "", "<site name='s'/>",
       "<actuator><general name='a' site='s' biastype='affine' biasprm='0 0 -1'/></actuator>",
       "velocity of a site under implicitfast", "a"},
      {"<option integrator='implicitfast'/>", "", "", "<site name='s'/>",
       "<actuator><general name='a' site='s' gaintype='affine' gainprm='1 0 -1'/></actuator>",
       "velocity of a site under implicitfast", "a"},
      {"", "", "actuatorfrcrange='-1 1'", "<site name='s'/>", "<actuator><motor name='a' site='s'/></actuator>",
       "site's actuator on a joint with a force limit", "a"},
      {"", "<geom name='wall' type='box' size='1 1 1' pos='9 0 0'/>", "",
       "<geom name='can' type='cylinder' size='.1 .1'/>", MOTOR, "contact cylinder-box", "can"},
      {"", "<geom name='egg' type='ellipsoid' size='1 1 1' pos='9 0 0'/>", "", "", MOTOR, "contact sphere-ellipsoid",
       "egg"},
  };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const refusal* c = &cases[i];
    char xml[4096];
    snprintf(xml, sizeof xml, PENDULUM, c->option, c->world, c->joint, c->body, c->tail);
    const df_status status = try_text(xml, &cfg);
    if (status != DF_E_UNSUPPORTED)
      fail_msg("%s: %s, %s", c->feature, df_status_text(status), status == DF_OK ? "" : df_error_message());
    if (!strstr(df_error_message(), c->feature) || !strstr(df_error_message(), c->element))
      fail_msg("\"%s\" names neither %s nor %s", df_error_message(), c->feature, c->element);
  }
}

static void another_solver_takes_the_place_of_pgs(void** state) {
  (void)state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  char xml[4096];
  snprintf(xml, sizeof xml, PENDULUM, "<option solver='PGS'/>", "", "", "", MOTOR);
  assert_int_equal(try_text(xml, &cfg), DF_E_UNSUPPORTED);
  cfg.solver = DF_SOLVER_NEWTON;
  assert_int_equal(try_text(xml, &cfg), DF_OK);
  cfg.solver = DF_SOLVER_CG;
  assert_int_equal(try_text(xml, &cfg), DF_OK);
  cfg.solver = (df_solver)7;
  assert_int_equal(try_text(xml, &cfg), DF_E_CONFIG);
}

/* MuJoCo refuses to discard visual geoms that define a body's inertia */
static void visual_geoms_that_weigh_are_kept(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  OK(df_mujoco_system_from_xml(
      "<mujoco><compiler inertiafromgeom='true'/><worldbody><body><joint name='h'/><geom size='.1' mass='1'/>"
      "<geom size='.1' pos='.3 0 0' mass='2' contype='0' conaffinity='0' group='2'/></body></worldbody>" MOTOR
      "</mujoco>",
      "test.xml", &cfg, &s));
  CLOSE(df_mujoco_total_mass(s), 3, 1e-12);
  df_system_free(s);
}

static void what_cannot_touch_is_not_refused(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  char xml[4096];
  /* cylinders on parent and child, which do not collide, and a box that collides with nothing */
  snprintf(xml, sizeof xml, PENDULUM, "", "<geom type='box' size='1 1 1' contype='2' conaffinity='2'/>", "",
           "<geom type='cylinder' size='.1 .1'/><body><joint axis='0 1 0'/><geom type='cylinder' size='.1 .1'/></body>",
           MOTOR);
  assert_int_equal(try_text(xml, &cfg), DF_OK);
  snprintf(xml, sizeof xml, PENDULUM, "", "<geom type='ellipsoid' size='1 1 1' pos='9 0 0'/>", "", "",
           "<contact><exclude body1='world' body2='b'/></contact>" MOTOR);
  assert_int_equal(try_text(xml, &cfg), DF_OK);
}

static const df_feature* find_feature(const df_feature* f, int n, const char* name) {
  for (int i = 0; i < n; i++) {
    if (strcmp(f[i].name, name) == 0) return &f[i];
  }
  return NULL;
}

static void features_are_reported(void** state) {
  (void)state;
  df_system* s = model_file(HOPPER, 0.008, 1, DF_INTEGRATOR_EULER, DF_MARGIN_MAX);
  const df_feature* f;
  const int n = df_mujoco_features(s, &f);
  const df_feature *floor = find_feature(f, n, "contact plane-capsule"),
                   *self = find_feature(f, n, "contact capsule-capsule");
  assert_non_null(floor);
  assert_int_equal(floor->kind, DF_FEATURE_EXACT);
  assert_non_null(strstr(floor->element, "floor"));
  assert_non_null(self);
  assert_int_equal(self->kind, DF_FEATURE_EXACT);
  df_system_free(s);

  /* a refused model can be inspected: humanoid.xml selects PGS, and RK4 */
  df_feature* list;
  int count;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  OK(df_mujoco_inspect(data_path("mjcf/gymnasium/humanoid.xml"), &cfg, &list, &count));
  const df_feature *solver = find_feature(list, count, "solver"), *integrator = find_feature(list, count, "integrator");
  assert_non_null(solver);
  assert_int_equal(solver->kind, DF_FEATURE_REFUSED);
  assert_true(!integrator || integrator->kind == DF_FEATURE_EXACT);
  df_free(list);
}

/* ---- configurations and files ---- */

static void bad_files_and_options_are_named(void** state) {
  (void)state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s = NULL;
  assert_int_equal(df_mujoco_system_new("no/such/model.xml", &cfg, &s), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), "no/such/model.xml"));
  assert_int_equal(try_text("<mujoco><worldbody><body></mujoco>", &cfg), DF_E_FORMAT);
  assert_int_equal(try_text("<mujoco><worldbody><geom type='teapot'/></worldbody></mujoco>", &cfg), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "test.xml"));

  char xml[4096];
  snprintf(xml, sizeof xml, PENDULUM, "", "", "", "", "");
  assert_int_equal(try_text(xml, &cfg), DF_OK); /* no actuator */
  assert_int_equal(try_text("<mujoco/>", &cfg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "no joints"));
  snprintf(xml, sizeof xml, PENDULUM, "<option iterations='1'/>", "", "", "", MOTOR);
  assert_int_equal(try_text(xml, &cfg), DF_OK);
  cfg.iterations = 49;
  assert_int_equal(try_text(xml, &cfg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(),
                         "49 solver iterations are too few: the adjoint of an unconverged solution is "
                         "wrong; set 50 or more"));
  cfg.iterations = 50;
  assert_int_equal(try_text(xml, &cfg), DF_OK);
  cfg.iterations = 0; /* the model's own value, 1 */
  assert_int_equal(try_text(xml, &cfg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "1 solver iterations are too few"));
  cfg = df_mujoco_cfg_default();
  cfg.ls_iterations = 49;
  assert_int_equal(try_text(xml, &cfg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "ls_iterations 49: gradients need 0 or 50 and more"));
  cfg.ls_iterations = 50;
  assert_int_equal(try_text(xml, &cfg), DF_OK);
  cfg = df_mujoco_cfg_default();
  cfg.substeps = 0;
  assert_int_equal(try_text(xml, &cfg), DF_E_CONFIG);
  cfg = df_mujoco_cfg_default();
  cfg.timestep = NAN;
  assert_int_equal(try_text(xml, &cfg), DF_E_CONFIG);
  assert_int_equal(df_mujoco_system_new(NULL, &cfg, &s), DF_E_ARG);
}

static void the_library_in_use_is_accepted(void** state) {
  (void)state;
  OK(df_mujoco_check_version());
  assert_true(df_mujoco_version()[0] >= '3');
}

static void queries_describe_the_model(void** state) {
  (void)state;
  df_system* s = quadruped("", "", "ctrlrange='-1 2'", "", 5);
  const df_joint* joints;
  assert_int_equal(df_mujoco_joints(s, &joints), 13);
  assert_int_equal(joints[0].kind, DF_JOINT_FREE);
  assert_string_equal(joints[1].name, "FR_hip");
  assert_int_equal(joints[1].qpos, 7);
  assert_int_equal(joints[1].dof, 6);
  assert_int_equal(s->nx, 37);
  assert_int_equal(s->ndx, 36);
  assert_int_equal(s->nu, 12);
  CLOSE(s->dt, 0.02, 1e-15);
  CLOSE(s->u_lo[3], -1, 0);
  CLOSE(s->u_hi[3], 2, 0);
  CLOSE(df_mujoco_total_mass(s), 6.9 + 4 * (0.68 + 1.15 + 0.15 + 0.06), 1e-12);
  assert_string_equal(df_mujoco_body_name(s, 1), "base");
  assert_int_equal(df_mujoco_geom(s, "nothing"), -1);

  /* the feet touch the floor when the body is low, but not in the air */
  df_sim* sim;
  double x[64], foot[3], com[3];
  uint8_t touch[2];
  const int geoms[2] = {df_mujoco_geom(s, "FR"), df_mujoco_geom(s, "RL")};
  OK(df_sim_new(s, 0, &sim));
  start_pose(s, 0.25, x);
  df_mujoco_pose(sim, x);
  df_mujoco_touching(sim, 2, geoms, touch);
  assert_true(touch[0] && touch[1]);
  df_mujoco_geom_position(sim, geoms[0], foot);
  df_mujoco_centre_of_mass(sim, com);
  assert_true(foot[2] < 0.03 && com[2] > 0.1);
  x[2] = 1;
  df_mujoco_pose(sim, x);
  df_mujoco_touching(sim, 2, geoms, touch);
  assert_false(touch[0] || touch[1]);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* ---- states ---- */

static void integrate_undoes_difference(void** state) {
  (void)state;
  df_system* s = quadruped("", "", "", "", 1);
  double xa[64], xb[64], e[64], back[64];
  start_pose(s, 0.3, xa);
  df_rng_normal(1, DF_STREAM_TEST, 0, (size_t)s->ndx, e);
  s->ops->integrate(s, xa, e, xb);
  s->ops->difference(s, xa, xb, back);
  /* rounding in sines and a square root, for a rotation of about 2 rad */
  for (int i = 0; i < s->ndx; i++) CLOSE(e[i], back[i], 1e-13);
  memcpy(back, xa, sizeof back);
  s->ops->integrate(s, back, e, back);
  for (int i = 0; i < s->nx; i++) CLOSE(xb[i], back[i], 0);
  df_system_free(s);
}

static void the_adjoint_of_difference_agrees_with_differences(void** state) {
  (void)state;
  df_system* s = quadruped("", "", "", "", 1);
  const double eps = 1e-6;
  static const double sizes[] = {1e-9, 1e-3, 0.3, 1.5};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    double xa[64], xb[64], x[2][64], e[64], y[64], dxb[64], d[2][64];
    start_pose(s, 0.3, xa);
    df_rng_normal(1, DF_STREAM_TEST, k, (size_t)s->ndx, e);
    df_rng_normal(2, DF_STREAM_TEST, k, (size_t)s->ndx, y);
    for (int i = 0; i < s->ndx; i++) e[i] *= sizes[k];
    s->ops->integrate(s, xa, e, xb);
    df_system_difference_vjp(s, xa, xb, y, dxb);
    for (int i = 0; i < s->ndx; i++) {
      double sum = 0;
      for (int side = 0; side < 2; side++) {
        memset(e, 0, sizeof e);
        e[i] = side == 0 ? -eps : eps;
        s->ops->integrate(s, xb, e, x[side]);
        s->ops->difference(s, xa, x[side], d[side]);
      }
      for (int j = 0; j < s->ndx; j++) sum += y[j] * (d[1][j] - d[0][j]) / (2 * eps);
      /* rounding of a centred difference at step 1e-6 */
      CLOSE(sum, dxb[i], 1e-8);
    }
  }
  df_system_free(s);
}

static void reset_clears_the_warm_start_and_set_state_keeps_it(void** state) {
  (void)state;
  /* a loose solver tolerance, so that the result depends on the warm start */
  df_system* s = quadruped("tolerance='1e-1' cone='elliptic'", "", "", "", 1);
  motion m = random_motion(s, 30, 30, 1, 0.8, 0.3, 2);
  double cold[64], warm[64], again[64];
  int differ = 0;
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  for (int i = 1; i < m.n; i++) {
    const double *x = m.x + i * s->nx, *u = m.u + i * s->nu;
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, u, cold), DF_TRAJ_COMPLETE);
    s->ops->set_state(sim, x);
    assert_int_equal(s->ops->step(sim, u, warm), DF_TRAJ_COMPLETE);
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, u, again), DF_TRAJ_COMPLETE);
    assert_memory_equal(cold, again, (size_t)s->nx * sizeof *cold);
    differ += memcmp(cold, warm, (size_t)s->nx * sizeof *cold) != 0;
  }
  assert_true(differ > 0);
  df_sim_free(s, sim);
  motion_free(&m);
  df_system_free(s);
}

/* ---- memory ---- */

static double no_loss(void* context, int b, const double* x, double* dx) {
  (void)context, (void)b, (void)x, (void)dx;
  return 0;
}

/* writes the fingerprint of a model whose geoms have a margin */
static void fingerprint_of(const char* margin, const df_mujoco_cfg* cfg, char sha256[DF_SHA256_TEXT]) {
  char xml[512];
  snprintf(xml, sizeof xml,
           "<mujoco><worldbody><geom type='plane' size='1 1 1' margin='%s'/><body pos='0 0 1'><joint name='z' "
           "type='slide' axis='0 0 1'/><geom size='.1' margin='%s'/></body></worldbody><actuator><motor "
           "joint='z'/></actuator></mujoco>",
           margin, margin);
  df_system* system;
  OK(df_mujoco_system_from_xml(xml, "margins", cfg, &system));
  OK(df_mujoco_fingerprint(system, sha256));
  df_system_free(system);
}

static void a_zeroed_configuration_keeps_the_models_margins(void** state) {
  (void)state;
  const df_mujoco_cfg zeroed = {.substeps = 1, .iterations = 100}, by_default = df_mujoco_cfg_default();
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  fingerprint_of("0.02", &zeroed, a);
  fingerprint_of("0.02", &by_default, b);
  assert_string_equal(a, b);
  fingerprint_of("0", &zeroed, b);
  assert_string_not_equal(a, b);

  /* none */
  fingerprint_of("0.02", &(df_mujoco_cfg){.substeps = 1, .iterations = 100, .margin_rule = DF_MARGIN_NONE}, a);
  assert_string_equal(a, b);
  df_system* system;
  const df_mujoco_cfg unknown = {.substeps = 1, .iterations = 100, .margin_rule = (df_margin_rule)3};
  assert_int_equal(df_mujoco_system_from_xml("<mujoco/>", "margins", &unknown, &system), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "margin_rule 3 is not one of df_margin_rule");
}

static df_status system_with(const char* option, const char* actuator, const df_mujoco_cfg* cfg, df_system** out) {
  char xml[4096];
  snprintf(xml, sizeof xml, PENDULUM, option, "", "", "", actuator);
  return df_mujoco_system_from_xml(xml, "pendulum", cfg, out);
}

/* the fingerprint under `cfg` of a pendulum */
static void print_of(const char* option, const char* actuator, const df_mujoco_cfg* cfg, char sha256[DF_SHA256_TEXT]) {
  df_system* system;
  OK(system_with(option, actuator, cfg, &system));
  OK(df_mujoco_fingerprint(system, sha256));
  df_system_free(system);
}

static void recordings_are_replayed_with_options_that_gradients_do_not_allow(void** state) {
  (void)state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];

  /* only forward */
  cfg.islands = DF_ISLANDS_MODEL;
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "islands and scales of actuators are for systems with forward_only");
  cfg.islands = DF_ISLANDS_OFF;
  cfg.gear_scale = 2;
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
  cfg.gear_scale = NAN;
  cfg.forward_only = true;
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
  cfg.gear_scale = 0;

  /* the simulator is the one of training, without a tape */
  print_of("", MOTOR, &(df_mujoco_cfg){.substeps = 1, .iterations = 100}, a);
  print_of("", MOTOR, &cfg, b);
  assert_string_equal(a, b);
  df_sim* sim;
  OK(system_with("", MOTOR, &cfg, &system));
  assert_int_equal(df_mujoco_iterations(system), 100);
  assert_int_equal(df_sim_new(system, 3, &sim), DF_E_CONFIG);
  OK(df_sim_new(system, 0, &sim));
  df_sim_free(system, sim);
  df_system_free(system);

  /* the model's own limits, and what has no adjoint */
  cfg.iterations = 0;
  cfg.islands = DF_ISLANDS_MODEL;
  OK(system_with("<option iterations='3' noslip_iterations='2'/>", MOTOR, &cfg, &system));
  assert_int_equal(df_mujoco_iterations(system), 3);
  assert_int_equal(df_mujoco_iterations_of_step(system), 5);
  df_system_free(system);

  /* islands of the model, on and off */
  print_of("", MOTOR, &cfg, a);
  cfg.islands = DF_ISLANDS_ON;
  print_of("<option><flag island='disable'/></option>", MOTOR, &cfg, b);
  assert_string_equal(a, b);
  cfg.islands = DF_ISLANDS_MODEL;
  print_of("<option><flag island='disable'/></option>", MOTOR, &cfg, b);
  assert_string_not_equal(a, b);
}

static void scaled_actuators_are_those_of_another_file(void** state) {
  (void)state;
#define GENERAL(gain, gains, bias, biases)                                                                    \
  "<actuator><general joint='h' gaintype='" gain "' gainprm='" gains "' biastype='" bias "' biasprm='" biases \
  "'/></actuator>"
#define MUSCLE(force) "<actuator><muscle joint='h' lengthrange='0 1' range='.7 1.1' lmin='.4' " force "/></actuator>"
#define DC(name)      "<actuator><dcmotor name='" name "' joint='h' motorconst='.5' resistance='.2'/></actuator>"
  const struct {
    double gain, kv, gear;
    const char *from, *to;
  } cases[] = {
      {2, 0, 0, "<actuator><position joint='h' kp='3' kv='.5'/></actuator>",
       "<actuator><position joint='h' kp='6' kv='.5'/></actuator>"},
      {0, 2, 0, "<actuator><position joint='h' kp='3' kv='.5'/></actuator>",
       "<actuator><position joint='h' kp='3' kv='1'/></actuator>"},
      {2, 0, 0, "<actuator><velocity joint='h' kv='.5'/></actuator>",
       "<actuator><velocity joint='h' kv='1'/></actuator>"},
      {0, 2, 0, "<actuator><velocity joint='h' kv='.5'/></actuator>",
       "<actuator><velocity joint='h' kv='.5'/></actuator>"},
      {2, 2, 0, GENERAL("affine", "3 2 1", "none", "0"), GENERAL("affine", "6 4 2", "none", "0")},
      /* numbers with another meaning than a gain stay */
      {2, 2, 0, GENERAL("user", "3 2 1", "user", "3 2 1"), GENERAL("user", "3 2 1", "user", "3 2 1")},
      {2, 2, 0, MUSCLE("force='10' scale='200'"), MUSCLE("force='20' scale='400'")},
      {2, 2, 0, DC("m"), DC("m")},
  };
#undef DC
#undef GENERAL
#undef MUSCLE
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true, .finite_differences = true};
    print_of("", cases[i].to, &cfg, a);
    cfg.gain_scale = cases[i].gain;
    cfg.kv_scale = cases[i].kv;
    cfg.gear_scale = cases[i].gear;
    print_of("", cases[i].from, &cfg, b);
    assert_string_equal(a, b);
  }
}

static void scales_may_be_of_one_actuator(void** state) {
  (void)state;
#define TWO(first, second) "<actuator><position joint='h' " first "/><position joint='h' " second "/></actuator>"
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true};
  print_of("", TWO("kp='3'", "kp='6'"), &cfg, a);
  cfg.gain_scale = 2;
  cfg.scaled_control = 2;
  print_of("", TWO("kp='3'", "kp='3'"), &cfg, b);
  assert_string_equal(a, b);
  df_system* system;
  cfg.gear_scale = -2;
  OK(system_with("", TWO("kp='3'", "kp='3' gear='3'"), &cfg, &system));
  assert_true(df_mujoco_actuator_at(system, 0).gear == 1 && df_mujoco_actuator_at(system, 1).gear == -6);
  df_system_free(system);
#undef TWO
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "scaled_control 2: the model has 1 controls"));
  cfg.scaled_control = -1;
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
  cfg.scaled_control = 0;
  cfg.gain_scale = -2;
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
}

/* a box on two joints above a plane, with a contact of two geoms and one of an explicit pair */
#define BODY(mass, inertia, slide, pair, damping)                                    \
  "<mujoco><worldbody><geom name='floor' type='plane' size='1 1 1' friction='" slide \
  " .25 .125'/>"                                                                     \
  "<body pos='0 0 1'><joint name='up' type='slide' axis='0 0 1' damping='" damping   \
  "'/>"                                                                              \
  "<joint name='turn' type='hinge' axis='0 1 0' armature='.25'/>"                    \
  "<inertial pos='0 0 0' mass='" mass "' diaginertia='" inertia                      \
  "'/>"                                                                              \
  "<geom name='ball' type='sphere' size='.5' friction='" slide                       \
  " .25 .125'/></body></worldbody>"                                                  \
  "<contact><pair geom1='floor' geom2='ball' friction='" pair                        \
  " .5 .25 .125 .0625'/></contact>"                                                  \
  "<actuator><motor joint='turn'/></actuator></mujoco>"

/* what is derived from the mass changes with it, as the compiler has it; other numbers stay */
static void other_bodies_are_those_of_another_file(void** state) {
  (void)state;
  const struct {
    double mass, friction, damping;
    const char* to;
  } cases[] = {
      {4, 0, 0, BODY("8", "12 16 20", ".5", "1", "2")},
      {0.5, 0, 0, BODY("1", "1.5 2 2.5", ".5", "1", "2")},
      {0, 0, 8, BODY("2", "3 4 5", ".5", "1", "16")},
      {1, 1, 1, BODY("2", "3 4 5", ".5", "1", "2")},
  };
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  df_system* system;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true};
    OK(df_mujoco_system_from_xml(cases[i].to, "other", &cfg, &system));
    OK(df_mujoco_fingerprint(system, a));
    df_system_free(system);
    cfg.mass_scale = cases[i].mass;
    cfg.friction_scale = cases[i].friction;
    cfg.damping_scale = cases[i].damping;
    OK(df_mujoco_system_from_xml(BODY("2", "3 4 5", ".5", "1", "2"), "own", &cfg, &system));
    OK(df_mujoco_fingerprint(system, b));
    df_system_free(system);
    assert_string_equal(a, b);
  }
  /* all numbers of friction, of geoms and pairs */
  df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true, .friction_scale = 2};
  OK(df_mujoco_system_from_xml(BODY("2", "3 4 5", ".5", "1", "2"), "own", &cfg, &system));
  OK(df_mujoco_fingerprint(system, a));
  df_system_free(system);
  cfg.friction_scale = 0;
#define TWICE(text) "<mujoco><worldbody><geom name='floor' type='plane' size='1 1 1' friction='1 .5 .25'/>" text
  OK(df_mujoco_system_from_xml(
      TWICE("<body pos='0 0 1'><joint name='up' type='slide' axis='0 0 1' damping='2'/>"
            "<joint name='turn' type='hinge' axis='0 1 0' armature='.25'/>"
            "<inertial pos='0 0 0' mass='2' diaginertia='3 4 5'/>"
            "<geom name='ball' type='sphere' size='.5' friction='1 .5 .25'/></body></worldbody>"
            "<contact><pair geom1='floor' geom2='ball' friction='2 1 .5 .25 .125'/></contact>"
            "<actuator><motor joint='turn'/></actuator></mujoco>"),
      "twice", &cfg, &system));
  OK(df_mujoco_fingerprint(system, b));
  df_system_free(system);
  assert_string_equal(a, b);
  /* never of a system that is differentiated, and never negative */
  cfg = df_mujoco_cfg_default();
  cfg.mass_scale = 2;
  assert_int_equal(df_mujoco_system_from_xml(BODY("2", "3 4 5", ".5", "1", "2"), "own", &cfg, &system), DF_E_CONFIG);
  cfg.forward_only = true;
  cfg.mass_scale = -1;
  assert_int_equal(df_mujoco_system_from_xml(BODY("2", "3 4 5", ".5", "1", "2"), "own", &cfg, &system), DF_E_CONFIG);
}

/* linear and polynomial damping of a joint, of a tendon, and what an actuator adds; friction of geoms and a flex, and
 * that of the option */
#define DAMPED_(joint, tendon, motor, friction, option, override)                                              \
  "<mujoco><option o_friction='" option "'><flag override='" override                                          \
  "'/></option><worldbody>"                                                                                    \
  "<geom type='plane' size='1 1 1' friction='" friction                                                        \
  "'/><body pos='0 0 1'><joint name='h' type='slide' damping='" joint "'/><geom size='.1' friction='" friction \
  "'/></body><flexcomp name='f' type='grid' count='2 2 1' "                                                    \
  "spacing='.1 .1 .1' pos='2 0 1' radius='.01' dim='2' mass='1'><contact friction='" friction                  \
  "'/></flexcomp></worldbody><tendon><fixed name='t' damping='" tendon                                         \
  "'><joint joint='h' coef='2'/></fixed></tendon><actuator><motor joint='h' damping='" motor "'/></actuator></mujoco>"

#define DAMPED(...) DAMPED_(__VA_ARGS__)

static void all_damping_and_friction_is_scaled(void** state) {
  (void)state;
#define LITTLE "1 3 5", "2 6 10", "4 12 20"
#define MUCH   "2 6 10", "4 12 20", "8 24 40"
  const struct {
    double friction, damping;
    const char *from, *to;
  } cases[] = {
      {0, 2, DAMPED(LITTLE, "1 .5 .25", "1 2 3 4 5", "disable"), DAMPED(MUCH, "1 .5 .25", "1 2 3 4 5", "disable")},
      {0.5, 0, DAMPED(LITTLE, "1 .5 .25", "1 2 3 4 5", "disable"),
       DAMPED(LITTLE, ".5 .25 .125", "1 2 3 4 5", "disable")},
      {0.5, 0, DAMPED(LITTLE, "1 .5 .25", "1 2 3 4 5", "enable"),
       DAMPED(LITTLE, ".5 .25 .125", ".5 1 1.5 2 2.5", "enable")},
  };
#undef LITTLE
#undef MUCH
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  df_system* system;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true};
    OK(df_mujoco_system_from_xml(cases[i].to, "other", &cfg, &system));
    OK(df_mujoco_fingerprint(system, a));
    df_system_free(system);
    cfg.friction_scale = cases[i].friction;
    cfg.damping_scale = cases[i].damping;
    OK(df_mujoco_system_from_xml(cases[i].from, "own", &cfg, &system));
    OK(df_mujoco_fingerprint(system, b));
    df_system_free(system);
    assert_string_equal(a, b);
  }
}

static void what_no_factor_strengthens_is_found(void** state) {
  (void)state;
#define DC "<dcmotor joint='h' motorconst='.5' resistance='.2'/>"
  static const struct {
    const char* actuators;
    int control;
  } cases[] = {
      {"<actuator><motor joint='h'/><position joint='h'/><muscle joint='h' lengthrange='0 1'/></actuator>", -1},
      {"<actuator><motor joint='h'/>" DC "</actuator>", 1},
      {"<actuator><general joint='h' gaintype='user'/>" DC "</actuator>", 0}};
#undef DC
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true};
    df_system* system;
    OK(system_with("", cases[i].actuators, &cfg, &system));
    assert_int_equal(df_mujoco_unscaled_gain(system), cases[i].control);
    df_system_free(system);
  }
}

/* of the cfg, and of the model */
static void a_physics_step_has_a_least_duration(void** state) {
  (void)state;
  df_mujoco_cfg cfg = {.substeps = 1, .iterations = 100, .forward_only = true};
  df_system* system;
  cfg.timestep = 1e-7;
  OK(system_with("", MOTOR, &cfg, &system));
  df_system_free(system);
  cfg.timestep = 0.99e-7;
  assert_int_equal(system_with("", MOTOR, &cfg, &system), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "timestep 9.9e-08 s: a physics step lasts 1e-07 s or more"));
  cfg.timestep = 0;
  assert_int_equal(system_with("<option timestep='1e-9'/>", MOTOR, &cfg, &system), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "timestep 1e-09 s"));
}

/* calls every function once; returns at the first failure */
static df_status use_everything(void) {
  enum { LENGTH = 3 };
  static double x0[37], u[LENGTH * 12], du[LENGTH * 12], loss;
  char xml[8192];
  snprintf(xml, sizeof xml, QUADRUPED, "", "", "", "");
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s = NULL;
  df_rollout* r = NULL;
  df_gradcheck_point point;
  df_status status = df_mujoco_system_from_xml(xml, "quadruped", &cfg, &s);
  if (status == DF_OK) start_pose(s, 0.27, x0);
  if (status == DF_OK) status = df_rollout_new(s, &(df_rollout_cfg){.threads = 2, .tape_length = LENGTH}, &r);
  if (status == DF_OK)
    status = df_rollout_gradient(r, &(df_rollout_batch){.B = 1, .H = LENGTH, .x0 = x0, .u = u},
                                 &(df_rollout_loss){.fn = no_loss, .losses = &loss, .du = du});
  if (status == DF_OK)
    status = df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                              &(df_gradcheck_states){.n = 1, .x = x0, .u = u}, &point);
  df_rollout_free(r);
  df_system_free(s);
  return status;
}

/* leaks are found by the address sanitizer */
static void every_failed_allocation_is_reported_and_leaks_nothing(void** state) {
  (void)state;
  int failures = 0;
  for (size_t n = 1; n < 500; n++) {
    (void)df_alloc_fail_at(n);
    const df_status status = use_everything();
    (void)df_alloc_fail_at(0);
    if (status == DF_OK) break;
    /* within a trajectory the failure is reported as one of the simulator */
    assert_true(status == DF_E_NOMEM || (status == DF_E_SIM && strstr(df_error_message(), "cannot allocate")));
    failures++;
  }
  print_message("%d allocations\n", failures);
  assert_in_range(failures, 20, 400);
}

/* the centre of a range, or what is nearest to 0 in one that is open on a side */
static void the_centre_of_a_box_is_finite(void** state) {
  (void)state;
  const double lo[] = {-1, -INFINITY, -INFINITY, 4, -2, -INFINITY, 2, -1e308},
               hi[] = {3, 2, -2, INFINITY, INFINITY, INFINITY, 3, 1.5e308},
               wanted[] = {1, 0, -2, 4, 0, 0, 2.5, 2.5e307};
  double u[8];
  df_system_box_centre(&(df_system){.nu = 8, .u_lo = lo, .u_hi = hi}, u);
  for (int i = 0; i < 8; i++) {
    if (!(fabs(u[i] - wanted[i]) <= 1e-12 * fabs(wanted[i]))) fail_msg("%g to %g: %g", lo[i], hi[i], u[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unsupported_features_are_refused_by_name),
      cmocka_unit_test(another_solver_takes_the_place_of_pgs),
      cmocka_unit_test(visual_geoms_that_weigh_are_kept),
      cmocka_unit_test(what_cannot_touch_is_not_refused),
      cmocka_unit_test(features_are_reported),
      cmocka_unit_test(bad_files_and_options_are_named),
      cmocka_unit_test(the_library_in_use_is_accepted),
      cmocka_unit_test(a_zeroed_configuration_keeps_the_models_margins),
      cmocka_unit_test(recordings_are_replayed_with_options_that_gradients_do_not_allow),
      cmocka_unit_test(scaled_actuators_are_those_of_another_file),
      cmocka_unit_test(scales_may_be_of_one_actuator),
      cmocka_unit_test(other_bodies_are_those_of_another_file),
      cmocka_unit_test(all_damping_and_friction_is_scaled),
      cmocka_unit_test(what_no_factor_strengthens_is_found),
      cmocka_unit_test(a_physics_step_has_a_least_duration),
      cmocka_unit_test(queries_describe_the_model),
      cmocka_unit_test(the_centre_of_a_box_is_finite),
      cmocka_unit_test(integrate_undoes_difference),
      cmocka_unit_test(the_adjoint_of_difference_agrees_with_differences),
      cmocka_unit_test(reset_clears_the_warm_start_and_set_state_keeps_it),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
