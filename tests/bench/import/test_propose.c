/* The settings proposed for a task, against values computed by hand. */
#include "propose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char walker[] =
    "<mujoco><compiler autolimits='true'/><option timestep='.002'/><worldbody><geom type='plane' size='0 0 1'/>"
    "<body name='torso' pos='0 0 1'><joint name='x' type='slide' axis='1 0 0'/>"
    "<joint name='z' type='slide' axis='0 0 1'/><joint name='pitch' axis='0 1 0'/><geom size='.1' mass='5'/>"
    "<body pos='0 0 -.5'><joint name='knee' axis='0 1 0' range='-1 1' actuatorfrcrange='-30 30'/>"
    "<geom name='foot' size='.1' pos='0 0 -.4' mass='1'/></body></body></worldbody>"
    "<actuator><position name='servo' joint='knee' kp='100'/><motor name='motor' joint='knee' gear='2'/>"
    "<motor name='limited' joint='pitch' ctrlrange='-3 5'/></actuator></mujoco>";
enum { X, Z, PITCH, KNEE, NQ, NX = 2 * NQ, FRAMES = 41, ACTUATORS = 3 };

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  model_study model;
  settings found;
  text notes;
  proposal p;
} fixture;

/* episodes in which the robot sinks by 2 cm per frame up to 0.2 m, leans to 0.5 rad and bends its knee from -0.2 to
 * 0.2; its foot is on the floor from the start */
static void start(fixture* f, int episodes, bool actions) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = true;
  *f = (fixture){0};
  assert_int_equal(df_mujoco_system_from_xml(walker, "walker", &cfg, &f->system), DF_OK);
  assert_int_equal(model_study_of(f->system, &f->model), DF_OK);
  const df_dataset_shape shape = {
      .episodes = episodes, .length = FRAMES - 1, .nx = NX, .nu = actions ? ACTUATORS : 0, .dt = 0.02};
  assert_int_equal(df_dataset_new(&shape, &f->data), DF_OK);
  for (int row = 0; row < episodes * FRAMES; row++) {
    const int t = row % FRAMES;
    double* x = f->data->states + (size_t)row * NX;
    x[Z] = -fmin(0.2, 0.02 * t);
    x[PITCH] = 0.5 * t / (FRAMES - 1);
    x[KNEE] = -0.2 + 0.4 * t / (FRAMES - 1);
  }
  for (int i = 0; actions && i < episodes * (FRAMES - 1) * ACTUATORS; i++) f->data->actions[i] = i % 2 ? 1 : -1;
  f->p = (proposal){.model = &f->model, .data = f->data, .found = &f->found, .notes = &f->notes};
}

/* the same with a model in whose text `from` is replaced */
static void exchange(fixture* f, const char* from, const char* to, const df_mujoco_cfg* cfg) {
  char xml[2048];
  const char* at = strstr(walker, from);
  snprintf(xml, sizeof xml, "%.*s%s%s", (int)(at - walker), walker, to, at + strlen(from));
  df_system_free(f->system);
  assert_int_equal(df_mujoco_system_from_xml(xml, "walker", cfg, &f->system), DF_OK);
  assert_int_equal(model_study_of(f->system, &f->model), DF_OK);
}

static void end(fixture* f) {
  settings_clear(&f->found);
  text_clear(&f->notes);
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static const char* value(const fixture* f, const char* key) {
  const setting* s = settings_find(&f->found, key);
  return s ? s->value : "(none)";
}

static void the_root_is_found(void** state) {
  (void)state;
  fixture f;
  start(&f, 1, false);
  assert_int_equal(f.model.free_joint, -1);
  assert_int_equal(f.model.height, Z);
  assert_int_equal(f.model.tilt, PITCH);
  assert_true(model_is_path(&f.model, X));
  assert_false(model_is_path(&f.model, Z));
  assert_int_equal(f.model.axes, NQ);
  end(&f);
}

/* a hinge about the vertical is a heading, by which nothing falls */
static void a_heading_is_no_tilt(void** state) {
  (void)state;
  static const char swimmer[] =
      "<mujoco><worldbody><body name='head'><joint name='x' type='slide' axis='1 0 0'/>"
      "<joint name='y' type='slide' axis='0 1 0'/><joint name='heading' axis='0 0 1'/><geom size='.1'/>"
      "<body pos='.3 0 0'><joint name='bend' axis='0 0 1'/><geom size='.1' pos='.3 0 0'/></body></body></worldbody>"
      "<actuator><motor joint='bend'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  model_study model;
  assert_int_equal(df_mujoco_system_from_xml(swimmer, "swimmer", &cfg, &system), DF_OK);
  assert_int_equal(model_study_of(system, &model), DF_OK);
  assert_true(model.root_body > 0);
  assert_int_equal(model.tilt, -1);
  df_system_free(system);
}

static void action_is(const fixture* f, int k, double lo, double hi) {
  double a, b;
  const char* why;
  assert_true(propose_action(&f->p, k, &a, &b, &why));
  if (fabs(a - lo) > 1e-12 || fabs(b - hi) > 1e-12) fail_msg("action %d in %g..%g, not %g..%g", k, a, b, lo, hi);
}

static void actions_are_bounded(void** state) {
  (void)state;
  fixture f;
  start(&f, 2, false);
  /* positions -0.2..0.2 and 30 N m / 100 N m/rad around them; 30 N m by a gear of 2; the control range */
  action_is(&f, 0, -0.5, 0.5);
  action_is(&f, 1, -15, 15);
  action_is(&f, 2, -3, 5);
  end(&f);
  /* recorded -1..1 and a tenth of 2 more */
  start(&f, 2, true);
  action_is(&f, 0, -1.2, 1.2);
  action_is(&f, 2, -1.2, 1.2);
  end(&f);
}

/* An actuator without any limit whose recorded action never changes: around it, as wide as the others' median. */
static void a_constant_action_without_limits_has_a_box(void** state) {
  (void)state;
  fixture f;
  char xml[2048];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const char* at = strstr(walker, " actuatorfrcrange='-30 30'");
  start(&f, 2, true);
  snprintf(xml, sizeof xml, "%.*s%s", (int)(at - walker), walker, at + strlen(" actuatorfrcrange='-30 30'"));
  df_system_free(f.system);
  assert_int_equal(df_mujoco_system_from_xml(xml, "walker", &cfg, &f.system), DF_OK);
  assert_int_equal(model_study_of(f.system, &f.model), DF_OK);
  for (int row = 0; row < 2 * (FRAMES - 1); row++) {
    f.data->actions[row * ACTUATORS] = row % 2 ? 2 : -2;
    f.data->actions[row * ACTUATORS + 1] = 7;
  }
  /* half ranges 2 and 1, and a tenth of 4 and of 2 more: 2.4 and 1.2, whose median is 1.8 */
  action_is(&f, 1, 7 - 1.8, 7 + 1.8);
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "action.center"), "0,7,0");
  assert_string_equal(value(&f, "action.half_range"), "2.4,1.8,1.2");
  /* alone, 1 around it */
  for (int row = 0; row < 2 * (FRAMES - 1) * ACTUATORS; row++) f.data->actions[row] = 7;
  action_is(&f, 1, 6, 8);
  end(&f);

  /* without recorded actions it is refused, and the reason is said */
  start(&f, 2, false);
  df_system_free(f.system);
  assert_int_equal(df_mujoco_system_from_xml(xml, "walker", &cfg, &f.system), DF_OK);
  assert_int_equal(model_study_of(f.system, &f.model), DF_OK);
  assert_int_equal(propose_task(&f.p), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "'motor' has neither a ctrlrange nor a forcerange, and no recorded "));
  end(&f);
}

/* Of a control that is always 1, in a range of -3..5: with 1.2 times the share of it, a quarter, that the actions -1..1
 * of a motor have of its range -4..4; without such a motor, with 1.2 times a tenth. */
static void constant_actions_have_the_usual_share_of_the_range(void** state) {
  (void)state;
  fixture f;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = true;
  start(&f, 2, true);
  for (int i = 0; i < 2 * (FRAMES - 1); i++) f.data->actions[i * ACTUATORS + 2] = 1;
  action_is(&f, 2, 1 - 0.5 * 1.2 * 0.1 * 8, 1 + 0.5 * 1.2 * 0.1 * 8);
  exchange(&f, "joint='knee' gear='2'", "joint='knee' gear='2' ctrlrange='-4 4'", &cfg);
  action_is(&f, 2, 1 - 0.5 * 1.2 * 0.25 * 8, 1 + 0.5 * 1.2 * 0.25 * 8);
  assert_int_equal(propose_task(&f.p), DF_OK);
  const char* why = settings_find(&f.found, "action.center")->why;
  assert_non_null(strstr(why, "; limited: the recorded actions never change"));
  /* a servo that takes half of its range is not alike, and counts only where no motor moves */
#define KNEE(range)                                                                                                \
  "<position name='servo' joint='knee' kp='100' ctrlrange='-2 2'/><motor name='motor' joint='knee' gear='2'" range \
  "/"                                                                                                              \
  ">"
  static const char both[] =
      "<position name='servo' joint='knee' kp='100'/><motor name='motor' joint='knee' gear='2'/>";
  exchange(&f, both, KNEE(" ctrlrange='-4 4'"), &cfg);
  action_is(&f, 2, 1 - 0.5 * 1.2 * 0.25 * 8, 1 + 0.5 * 1.2 * 0.25 * 8);
  exchange(&f, both, KNEE(""), &cfg);
  action_is(&f, 2, 1 - 0.5 * 1.2 * 0.5 * 8, 1 + 0.5 * 1.2 * 0.5 * 8);
  end(&f);
}

static void free_bodies_without_actuators_are_objects(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><geom type='plane' size='0 0 1'/><body><freejoint name='box'/><geom name='crate' size='.1'/>"
      "</body><body><freejoint name='base'/><geom name='hull' size='.1'/><body><joint name='leg'/>"
      "<geom name='toe' size='.1'/></body></body><body><freejoint/><geom name='ball' size='.1'/></body></worldbody>"
      "<actuator><motor joint='leg' ctrlrange='-1 1'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  fixture f = {0};
  assert_int_equal(df_mujoco_system_from_xml(model, "objects", &cfg, &f.system), DF_OK);
  assert_int_equal(model_study_of(f.system, &f.model), DF_OK);
  assert_int_equal(f.model.free_joint, 1);
  const df_dataset_shape shape = {.episodes = 2, .length = 8, .nx = f.system->nx, .dt = 0.02};
  assert_int_equal(df_dataset_new(&shape, &f.data), DF_OK);
  for (int row = 0; row < 18; row++) {
    for (int j = 0; j < 3; j++) f.data->states[row * f.system->nx + f.model.joints[j == 2 ? 3 : j].qpos + 3] = 1;
  }
  f.p = (proposal){.model = &f.model, .data = f.data, .found = &f.found, .notes = &f.notes};
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "chart.objects"), "box");
  /* objects lie on the floor as well, and have no feet */
  assert_string_equal(value(&f, "eval.feet"), "hull,toe");
  assert_non_null(strstr(text_of(&f.notes), "free joint 3 belongs to an object and has no name"));
  end(&f);
}

static void the_task_fits_model_and_data(void** state) {
  (void)state;
  fixture f;
  start(&f, 12, false);
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "task.methods"), "dynaflow,dynaflow_tracking,kinematic_fm,random_action");
  assert_string_equal(value(&f, "window.horizon"), "15"); /* 0.3 s */
  assert_string_equal(value(&f, "split.test_every"), "5");
  assert_string_equal(value(&f, "split.by"), "(none)");
  assert_string_equal(value(&f, "chart.relative"), "x");
  assert_string_equal(value(&f, "eval.feet"), "foot");
  /* the torso is 0.8 m high at z = -0.2: 0.4 of that lower is a fall; 29 degrees of pitch are none */
  assert_string_equal(value(&f, "eval.fall_height"), "-0.52");
  assert_string_equal(value(&f, "eval.height_joint"), "z");
  assert_string_equal(value(&f, "eval.fall_tilt"), "60");
  assert_string_equal(value(&f, "eval.tilt_joint"), "pitch");
  assert_string_equal(value(&f, "net.width"), "48");
  end(&f);
  start(&f, 1, false);
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "split.by"), "time");
  assert_string_equal(value(&f, "window.horizon"), "6"); /* a sixth of 40 actions */
  end(&f);
}

/* Every setting in its order: two episodes of 40 frames of 0.02 s, with actions from -1 to 1 of three actuators. The
 * smoke profile has 2.5e6 / (15 * (40 + 4^2)) steps of windows of 15 frames, and at most 800; chains are as long as an
 * episode. */
static void a_task_has_these_settings(void** state) {
  (void)state;
  fixture f;
  start(&f, 2, true);
  assert_int_equal(propose_task(&f.p), DF_OK);
  char all[4096] = "";
  for (int i = 0; i < f.found.n; i++)
    snprintf(all + strlen(all), sizeof all - strlen(all), "%s = %s\n", f.found.list[i].key, f.found.list[i].value);
  assert_string_equal(all,
                      "task.methods = dynaflow,dynaflow_tracking,kinematic_fm,kinematic_fm_idm,action_fm,random_action,"
                      "replay_demo\n"
                      "action.center = 0\naction.half_range = 1.2\nwindow.horizon = 15\nsplit.test_every = 2\n"
                      "chart.relative = x\nnet.kind = dit\nnet.width = 48\nnet.depth = 2\n"
                      "train.steps = 1500\ntrain.batch = 64\ntrain.rate = 0.003\ntrain.clip = 1\n"
                      "inverse.steps = 2000\n"
                      "eval.windows = 128\neval.sae_windows = 32\neval.chains = 64\neval.chain_seconds = 0.8\n"
                      "eval.feet = foot\neval.fall_height = -0.52\neval.height_joint = z\neval.fall_tilt = 60\n"
                      "eval.tilt_joint = pitch\n"
                      "profiles.smoke.task.methods = dynaflow,kinematic_fm,random_action,replay_demo\n"
                      "profiles.smoke.train.steps = 800\nprofiles.smoke.net.depth = 2\n"
                      "profiles.smoke.eval.windows = 32\nprofiles.smoke.eval.sae_windows = 4\n"
                      "profiles.smoke.eval.chains = 16\nprofiles.full.train.steps = 1500\n");
  end(&f);
}

/* the height and the servo are those of the first joint, whose number is 0 */
static void the_first_joint_counts(void** state) {
  (void)state;
  static const char hopper[] =
      "<mujoco><worldbody><geom type='plane' size='0 0 1'/><body name='torso' pos='0 0 1'><joint name='z' type='slide' "
      "axis='0 0 1'/><joint name='pitch' axis='0 1 0'/><geom size='.1' mass='5'/></body></worldbody>"
      "<actuator><motor joint='pitch' ctrlrange='-1 1'/></actuator></mujoco>";
  static const char pendulum[] =
      "<mujoco><compiler autolimits='true'/><worldbody><body><joint name='swing' axis='0 1 0' actuatorfrcrange='-30 "
      "30'/><geom size='.1' pos='0 0 .5' mass='1'/></body></worldbody><actuator><position joint='swing' kp='100'/>"
      "</actuator></mujoco>";
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = true;
  for (int i = 0; i < 2; i++) {
    fixture f = {0};
    assert_int_equal(df_mujoco_system_from_xml(i ? pendulum : hopper, "first", &cfg, &f.system), DF_OK);
    assert_int_equal(model_study_of(f.system, &f.model), DF_OK);
    const df_dataset_shape shape = {.episodes = 2, .length = 8, .nx = f.system->nx, .dt = 0.02};
    assert_int_equal(df_dataset_new(&shape, &f.data), DF_OK);
    for (int row = 0; row < 18; row++) f.data->states[row * f.system->nx] = -0.2 + (i ? 0.05 * (row % 9) : 0);
    f.p = (proposal){.model = &f.model, .data = f.data, .found = &f.found, .notes = &f.notes};
    /* positions -0.2..0.2, and 30 N m / 100 N m/rad around them */
    if (i) action_is(&f, 0, -0.5, 0.5);
    assert_int_equal(propose_task(&f.p), DF_OK);
    if (!i) assert_string_equal(value(&f, "eval.fall_height"), "-0.52");
    if (!i) assert_string_equal(value(&f, "eval.height_joint"), "z");
    end(&f);
  }
}

static void feet_without_a_name_are_named_by_their_body(void** state) {
  (void)state;
  fixture f;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  start(&f, 2, false);
  exchange(&f, "<body pos='0 0 -.5'>", "<body name='shank' pos='0 0 -.5'><geom size='.01' mass='0'/>", &cfg);
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "eval.feet"), "foot");
  settings_clear(&f.found);
  exchange(&f,
           "<body pos='0 0 -.5'><joint name='knee' axis='0 1 0' range='-1 1' actuatorfrcrange='-30 30'/>"
           "<geom name='foot' ",
           "<body name='shank' pos='0 0 -.5'><geom size='.01' mass='0'/>"
           "<joint name='knee' axis='0 1 0' range='-1 1' actuatorfrcrange='-30 30'/><geom ",
           &cfg);
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "eval.feet"), "shank:1");
  assert_non_null(strstr(text_of(&f.notes),
                         "eval.feet: 1 of these geoms have no name in the model, so that they are named by body and "
                         "number, BODY:I: shank:1\n"));
  end(&f);
}

/* Four legs of a hinge and a toe that is on the floor at angle 0, and an arm like them but for names and range. */
static const char dog[] =
    "<mujoco><compiler angle='radian' autolimits='true'/><worldbody><geom type='plane' size='0 0 1'/><body "
    "name='trunk'><freejoint/><geom type='box' size='.2 .1 .05' contype='0' conaffinity='0'/>"
    "<body pos='.2 .1 0'><joint name='FL_hip' axis='0 1 0' range='-1 1'/><geom name='FL' size='.05' pos='0 0 "
    "-.4'/></body>"
    "<body pos='.2 -.1 0'><joint name='FR_hip' axis='0 1 0' range='-1 1'/><geom name='FR' size='.05' pos='0 0 "
    "-.4'/></body>"
    "<body pos='-.2 .1 0'><joint name='RL_hip' axis='0 1 0' range='-1 1'/><geom name='RL' size='.05' pos='0 0 "
    "-.4'/></body>"
    "<body pos='-.2 -.1 0'><joint name='%s' axis='0 1 0' range='%s'/><geom name='RR' size='.05' pos='0 0 %s'/></body>"
    "<body pos='.3 0 0'><joint name='arm_lift' axis='0 1 0' range='-3 2'/><geom name='hand' size='.05' pos='0 0 "
    "-.4'/></body></body></worldbody><actuator><motor joint='FL_hip' ctrlrange='-1 1'/></actuator></mujoco>";
enum { DOG_LEGS = 5, DOG_FRAMES = 900 };

/* The feet of 900 frames in which three legs stand, and the hand touches the floor in frame 1; the fourth leg is lifted
 * but in frame `down`, and to `raised` rad in frame 4. Every third frame is in the sample. */
static void dog_feet(fixture* f, const char* name, const char* range, const char* toe, int down, double raised) {
  char xml[2048];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  snprintf(xml, sizeof xml, dog, name, range, toe);
  *f = (fixture){0};
  assert_int_equal(df_mujoco_system_from_xml(xml, "dog", &cfg, &f->system), DF_OK);
  assert_int_equal(model_study_of(f->system, &f->model), DF_OK);
  const df_dataset_shape shape = {.episodes = 1, .length = DOG_FRAMES - 1, .nx = f->system->nx, .dt = 0.02};
  assert_int_equal(df_dataset_new(&shape, &f->data), DF_OK);
  for (int row = 0; row < DOG_FRAMES; row++) {
    double* x = f->data->states + row * f->system->nx;
    x[2] = 0.449;
    x[3] = 1;
    for (int leg = 0; leg < 3; leg++) x[7 + leg] = row == 2 ? 0.8 : 0;
    for (int leg = 3; leg < DOG_LEGS; leg++) x[7 + leg] = row == (leg == 3 ? down : 1) ? 0 : 0.8;
    if (row == 4) x[10] = raised;
  }
  f->p = (proposal){.model = &f->model, .data = f->data, .found = &f->found, .notes = &f->notes};
  assert_int_equal(propose_task(&f->p), DF_OK);
}

/* The fourth foot touches in one frame, which is none of the sample: with names that differ by the side or with the
 * same range, either is enough. */
static void the_feet_of_legs_are_a_set(void** state) {
  (void)state;
  static const char* const legs[][2] = {
      {"RR_hip", "-1 1"}, {"RR_hip", "-.5 1.5"}, {"last", "-1 1"}, {"rear-right.hip", "0 2"}};
  for (size_t i = 0; i < sizeof legs / sizeof *legs; i++) {
    fixture f;
    dog_feet(&f, legs[i][0], legs[i][1], "-.4", 1, 0.8);
    assert_string_equal(value(&f, "eval.feet"), "FL,FR,RL,RR");
    assert_string_equal(settings_find(&f.found, "eval.feet")->why,
                        "they touch what cannot move in 5 % of the frames or more, or are the same geom of another leg "
                        "and touch it more rarely or come as low: RR (0.11 %)");
    end(&f);
  }
}

/* The others lift by 0.4 m * (1 - cos 0.8) = 0.121 m; the fourth foot comes within 0.4 m * (1 - cos 0.2) = 0.008 m. */
static void a_foot_that_comes_as_low_is_one(void** state) {
  (void)state;
  fixture f;
  dog_feet(&f, "RR_hip", "-1 1", "-.4", -1, 0.2);
  assert_string_equal(value(&f, "eval.feet"), "FL,FR,RL,RR");
  end(&f);
}

/* a leg that is held up, by 0.018 m or more; and what is no twin: other names and another range, or another place on
 * its body */
static void what_no_leg_has_is_no_foot(void** state) {
  (void)state;
  fixture f;
  dog_feet(&f, "RR_hip", "-1 1", "-.4", -1, 0.3);
  assert_string_equal(value(&f, "eval.feet"), "FL,FR,RL");
  assert_non_null(
      strstr(text_of(&f.notes),
             "eval.feet: RR is left out: unlike the same geom of other legs, it touches nothing that cannot "
             "move in 900 frames, and does not come as low\n"));
  end(&f);
  static const char* const others[][3] = {{"tail", "-2 2", "-.4"}, {"RR_hip", "-1 1", "-.41"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    dog_feet(&f, others[i][0], others[i][1], others[i][2], 1, 0.8);
    assert_string_equal(value(&f, "eval.feet"), "FL,FR,RL");
    assert_null(strstr(text_of(&f.notes), "left out"));
    end(&f);
  }
}

/* the shortest of several episodes holds two windows */
static void a_window_fits_the_shortest_episode(void** state) {
  (void)state;
  fixture f;
  start(&f, 2, false);
  const int lengths[2] = {FRAMES - 1, 14};
  df_dataset* data;
  const df_dataset_shape shape = {.episodes = 2, .length = FRAMES - 1, .lengths = lengths, .nx = NX, .dt = 0.02};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  memcpy(data->states, f.data->states, (FRAMES + 15) * NX * sizeof(double));
  df_dataset_free(f.data);
  f.p.data = f.data = data;
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "window.horizon"), "7");
  end(&f);
}

/* a free body turns to any heading, and leans by 48 degrees at most: 30 more, in steps of 5, are a fall */
static void a_fall_is_a_lean_beyond_that_of_the_data(void** state) {
  (void)state;
  static const char ball[] =
      "<mujoco><worldbody><geom type='plane' size='0 0 1'/><body pos='0 0 1'><freejoint name='base'/>"
      "<geom size='.1'/><body><joint name='arm'/><geom size='.05' pos='.2 0 0'/></body></body></worldbody>"
      "<actuator><motor joint='arm' ctrlrange='-1 1'/></actuator></mujoco>";
  enum { ROWS = 18, BALL = 15 };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (int axis = 0; axis < 2; axis++) {
    fixture f = {0};
    assert_int_equal(df_mujoco_system_from_xml(ball, "ball", &cfg, &f.system), DF_OK);
    assert_int_equal(model_study_of(f.system, &f.model), DF_OK);
    assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 2, .length = 8, .nx = BALL, .dt = 0.02}, &f.data),
                     DF_OK);
    for (int row = 0; row < ROWS; row++) {
      /* headings of 0 to 170 degrees; one state leans about an axis of the floor */
      const double half = (row == 5 ? 24 : 5 * row) * acos(-1) / 180;
      double* x = f.data->states + row * BALL;
      x[2] = 1;
      x[3] = cos(half);
      x[row == 5 ? 4 + axis : 6] = sin(half);
    }
    f.p = (proposal){.model = &f.model, .data = f.data, .found = &f.found, .notes = &f.notes};
    assert_int_equal(propose_task(&f.p), DF_OK);
    assert_string_equal(value(&f, "eval.fall_tilt"), "80");
    end(&f);
  }
}

/* one episode of few, a fifth of ten or more, a tenth of fifty or more */
/* proposes a task of recorded rest, 1 m above the origin, of a model, with a free joint `hull` or without */
static void propose_rest(fixture* f, const char* xml, const df_names* objects) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = true;
  *f = (fixture){0};
  if (df_mujoco_system_from_xml(xml, "rest", &cfg, &f->system) != DF_OK) fail_msg("%s", df_error_message());
  assert_int_equal(model_study_with(f->system, objects, &f->model), DF_OK);
  const df_dataset_shape shape = {.episodes = 2, .length = 8, .nx = f->system->nx, .dt = 0.02};
  assert_int_equal(df_dataset_new(&shape, &f->data), DF_OK);
  for (int row = 0; row < 18; row++) df_mujoco_initial_state(f->system, f->data->states + row * f->system->nx);
  f->p = (proposal){.model = &f->model, .data = f->data, .found = &f->found, .notes = &f->notes};
  assert_int_equal(propose_task(&f->p), DF_OK);
}

#define HULL(option, floor, transmission)                                                     \
  "<mujoco>" option "<worldbody><geom type='plane' size='0 0 1' " floor                       \
  "/><body name='crate' pos='2 0 .1'><freejoint name='crate'/><geom size='.1'/></body>"       \
  "<body name='hull' pos='0 0 1'><freejoint name='hull'/><geom size='.1'/><site name='jet'/>" \
  "<body name='fin'><joint name='fin'/><geom size='.1'/></body></body></worldbody>"           \
  "<tendon><fixed name='t'><joint joint='fin' coef='1'/></fixed></tendon>"                    \
  "<actuator><motor " transmission " ctrlrange='-1 1'/></actuator></mujoco>"

/* the crate is the object whatever the transmission is, and what cannot fall has no fall rule, for a stated reason */
static void what_cannot_fall_has_no_fall_rule(void** state) {
  (void)state;
  static const struct {
    const char *xml, *why; /* NULL: it can fall */
  } cases[] = {{HULL("", "", "joint='fin'"), NULL},
               {HULL("", "", "tendon='t'"), NULL},
               {HULL("<option density='1.2'/>", "", "joint='fin'"), NULL},
               {HULL("", "", "site='jet' gear='0 0 1 0 0 0'"), "actuators carry its base"},
               {HULL("", "", "joint='hull' gear='0 0 1 0 0 0'"), "actuators carry its base"},
               {HULL("<option gravity='0 0 0'/>", "", "joint='fin'"), "nothing has weight"},
               {HULL("<option><flag gravity='disable'/></option>", "", "joint='fin'"), "nothing has weight"},
               {HULL("<option><flag contact='disable'/></option>", "", "joint='fin'"), "can touch"},
               {HULL("", "contype='0' conaffinity='0'", "tendon='t'"), "can touch"},
               {HULL("<option density='1000'/>", "", "tendon='t'"), "it swims"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    propose_rest(&f, cases[i].xml, NULL);
    assert_string_equal(value(&f, "chart.objects"), "crate");
    const bool none = strstr(text_of(&f.notes), "no fall rule (eval.fall_height, eval.fall_tilt)") != NULL;
    assert_int_equal(none, cases[i].why != NULL);
    if (none) {
      assert_non_null(strstr(text_of(&f.notes), cases[i].why));
      assert_null(strstr(text_of(&f.notes), "data.position_offset"));
    }
    /* 0.6 m of 1 m */
    assert_string_equal(value(&f, "eval.fall_height"), none ? "0" : "0.6");
    if (none) assert_non_null(strstr(settings_find(&f.found, "eval.fall_height")->why, cases[i].why));
    assert_string_equal(value(&f, "eval.fall_tilt"), none ? "(none)" : "60");
    end(&f);
  }
}

/* a slide that an actuator holds up does not fall, as the walker's does (the_task_fits_model_and_data) */
static void a_driven_slide_does_not_fall(void** state) {
  (void)state;
  fixture f;
  propose_rest(&f,
               "<mujoco><worldbody><geom type='plane' size='0 0 1'/><body pos='0 0 1'><joint name='lift' type='slide' "
               "axis='0 0 1'/><joint name='yaw' axis='0 0 1'/><geom size='.1'/></body></worldbody>"
               "<actuator><position joint='lift' kp='9' ctrlrange='-1 1'/></actuator></mujoco>",
               NULL);
  assert_int_equal(f.model.height, 0);
  assert_string_equal(value(&f, "eval.fall_height"), "0");
  assert_string_equal(value(&f, "eval.height_joint"), "(none)");
  end(&f);
}

/* The base is 1 m above the ground or higher, wherever the ground is: 0.6 m above it is a fall. */
static void a_fall_is_nearer_to_the_ground_than_in_the_data(void** state) {
  (void)state;
  enum { ROWS = 18, BALL = 15 };
  static const struct {
    const char *ground, *why;
    double height, slope; /* of the ground at x = 0, m; its slope along x */
  } cases[] = {{"<geom type='plane' size='0 0 1'/>", "1 m above the ground", 0, 0},
               {"<geom type='plane' size='0 0 1' pos='0 0 2'/>", "1 m above the ground", 2, 0},
               {"<geom type='plane' size='0 0 1' pos='0 0 -3'/>", "1 m above the ground", -3, 0},
               {"<geom type='plane' size='0 0 1' euler='0 -45 0'/>", "1 m above the ground", 0, 1},
               {"<geom type='box' size='99 9 1' pos='0 0 1'/>", "1 m above the ground", 2, 0},
               {"<geom type='box' size='9 9 1' pos='99 0 0'/>", "1 m above z = 0, since no ground is below it,", 0, 0}};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char xml[1024], why[256];
    fixture f = {0};
    snprintf(xml, sizeof xml,
             "<mujoco><worldbody>%s<body pos='0 0 5'><freejoint name='base'/>"
             "<geom size='.1'/><body><joint name='arm'/><geom size='.05' pos='.2 0 0'/></body></body></worldbody>"
             "<actuator><motor joint='arm' ctrlrange='-1 1'/></actuator></mujoco>",
             cases[i].ground);
    assert_int_equal(df_mujoco_system_from_xml(xml, "ball", &cfg, &f.system), DF_OK);
    assert_int_equal(model_study_of(f.system, &f.model), DF_OK);
    assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 2, .length = 8, .nx = BALL, .dt = 0.02}, &f.data),
                     DF_OK);
    for (int row = 0; row < ROWS; row++) {
      double* x = f.data->states + row * BALL;
      x[0] = row - 9;
      x[2] = cases[i].height + cases[i].slope * x[0] + (row == 7 ? 1 : 1.5);
      x[3] = 1;
    }
    f.p = (proposal){.model = &f.model, .data = f.data, .found = &f.found, .notes = &f.notes};
    assert_int_equal(propose_task(&f.p), DF_OK);
    snprintf(why, sizeof why, "the base is %s or higher in the %d frames of the data that were examined", cases[i].why,
             ROWS);
    assert_string_equal(value(&f, "eval.fall_height"), "0.6");
    assert_string_equal(settings_find(&f.found, "eval.fall_height")->why, why);
    end(&f);
  }
}

/* what is fixed to the world, and a base that lies on the floor on its back */
static void what_no_bound_tells_has_no_fall_rule(void** state) {
  (void)state;
  fixture f;
  propose_rest(
      &f,
      "<mujoco><worldbody><body pos='0 0 1'><joint name='arm' axis='0 1 0'/><geom size='.1'/></body></worldbody>"
      "<actuator><motor joint='arm' ctrlrange='-1 1'/></actuator></mujoco>",
      NULL);
  assert_string_equal(value(&f, "eval.fall_height"), "0");
  assert_string_equal(settings_find(&f.found, "eval.fall_height")->why,
                      "no fall rule: the base of the robot is fixed to the world");
  assert_non_null(strstr(text_of(&f.notes),
                         "no fall rule (eval.fall_height, eval.fall_tilt): the base of the robot is "
                         "fixed to the world\n"));
  end(&f);
  propose_rest(
      &f,
      "<mujoco><worldbody><body pos='0 0 1'><joint name='cart' type='slide' axis='1 0 0' limited='true' range='-1 1'/>"
      "<geom size='.1'/><body><joint name='pole' axis='0 1 0'/><geom size='.1' pos='0 0 .5'/></body></body></worldbody>"
      "<actuator><motor joint='cart' ctrlrange='-1 1'/></actuator></mujoco>",
      NULL);
  assert_string_equal(settings_find(&f.found, "eval.fall_height")->why,
                      "no fall rule: the base of the robot moves along a rail alone");
  end(&f);
  propose_rest(
      &f,
      "<mujoco><worldbody><geom type='plane' size='0 0 1'/><body quat='0 1 0 0'><freejoint/>"
      "<geom type='box' size='.4 .4 .005'/><body><joint name='arm'/><geom size='.004'/></body></body></worldbody>"
      "<actuator><motor joint='arm' ctrlrange='-1 1'/></actuator></mujoco>",
      NULL);
  assert_string_equal(value(&f, "eval.fall_tilt"), "(none)");
  assert_string_equal(settings_find(&f.found, "eval.fall_height")->why,
                      "no fall rule: in the data the base is as low as 0 m and leans by up to 180 degrees, so that no "
                      "bound tells a fall from the motion");
  end(&f);
}

/* --set chart.objects names a driven body, too; what nothing drives is no robot for that (robot_base.h) */
static void the_user_says_what_is_an_object(void** state) {
  (void)state;
  const df_names hull = {.n = 1, .v = {"hull"}};
  for (int given = 0; given < 2; given++) {
    fixture f;
    propose_rest(&f, HULL("", "", "joint='fin'"), given ? &hull : NULL);
    assert_int_equal(f.model.free_joint, given ? -1 : 1);
    assert_true(model_is_object(&f.model, 0)); /* the crate */
    assert_int_equal(model_is_object(&f.model, 1), given);
    end(&f);
  }
}

static void some_episodes_are_held_out(void** state) {
  (void)state;
  static const struct {
    int episodes;
    const char *every, *why;
  } cases[] = {{2, "2", "1 of 2 episodes"},
               {9, "9", "1 of 9 episodes"},
               {10, "5", "2 of 10 episodes"},
               {49, "5", "9 of 49 episodes"},
               {50, "10", "5 of 50 episodes"}};
  for (int i = 0; i < 5; i++) {
    fixture f;
    start(&f, cases[i].episodes, false);
    assert_int_equal(propose_task(&f.p), DF_OK);
    assert_string_equal(value(&f, "split.test_every"), cases[i].every);
    assert_string_equal(settings_find(&f.found, "split.test_every")->why, cases[i].why);
    end(&f);
  }
}

/* 40 frames of a single clip: blocks of a fifth, of windows of 6 frames, and half a window beside them */
static void a_single_clip_is_cut_in_blocks_of_time(void** state) {
  (void)state;
  fixture f;
  start(&f, 1, false);
  assert_int_equal(propose_task(&f.p), DF_OK);
  assert_string_equal(value(&f, "window.horizon"), "6");
  assert_string_equal(value(&f, "split.by"), "time");
  assert_string_equal(value(&f, "split.test_every"), "5");
  assert_string_equal(value(&f, "split.gap"), "3");
  end(&f);
}

/* 65 motors of one joint */
static void more_actuators_than_a_setting_holds_are_noted(void** state) {
  (void)state;
  enum { MOTORS = 65 };
  static char motors[MOTORS * 64], xml[sizeof motors + 512];
  settings found = {0};
  text notes = {0};
  df_system* system;
  df_dataset* data;
  model_study model;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (size_t i = 0, at = 0; i < MOTORS; i++)
    at += (size_t)snprintf(motors + at, sizeof motors - at, "<motor joint='a' ctrlrange='-1 1'/>");
  snprintf(
      xml, sizeof xml,
      "<mujoco><worldbody><body><joint name='a'/><geom size='.1'/></body></worldbody><actuator>%s</actuator></mujoco>",
      motors);
  assert_int_equal(df_mujoco_system_from_xml(xml, "motors", &cfg, &system), DF_OK);
  assert_int_equal(model_study_of(system, &model), DF_OK);
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 2, .length = 40, .nx = 2, .dt = 0.02}, &data), DF_OK);
  assert_int_equal(propose_task(&(proposal){.model = &model, .data = data, .found = &found, .notes = &notes}), DF_OK);
  assert_null(settings_find(&found, "action.center"));
  assert_non_null(strstr(text_of(&notes),
                         "the model has 65 actuators and a setting at most 64 numbers: action.center and "
                         "action.half_range are not proposed, and the actions have the control ranges of the model\n"));
  settings_clear(&found);
  text_clear(&notes);
  df_dataset_free(data);
  df_system_free(system);
}

/* of two gaits every n-th episode by itself, so that the smaller one has one */
static void episodes_are_held_out_of_every_gait(void** state) {
  (void)state;
  static const struct {
    int of_a;
    const char *every, *why;
  } cases[] = {{7, "5", "2 of 16 episodes"}, {8, "5", "2 of 16 episodes"}, {3, "3", "5 of 16 episodes"}};
  for (int i = 0; i < 3; i++) {
    fixture f;
    start(&f, 16, false);
    df_dataset* gaits;
    const df_dataset_shape shape = {.episodes = 16, .length = FRAMES - 1, .nx = NX, .nc = 2, .dt = 0.02};
    assert_int_equal(df_dataset_new(&shape, &gaits), DF_OK);
    assert_int_equal(df_dataset_name_condition(gaits, 0, "gait.a"), DF_OK);
    assert_int_equal(df_dataset_name_condition(gaits, 1, "gait.b"), DF_OK);
    memcpy(gaits->states, f.data->states, (size_t)(16 * FRAMES * NX) * sizeof(double));
    for (int e = 0; e < 16; e++) gaits->conditions[2 * e + (e >= cases[i].of_a)] = 1;
    df_dataset_free(f.data);
    f.p.data = f.data = gaits;
    assert_int_equal(propose_task(&f.p), DF_OK);
    assert_string_equal(value(&f, "split.test_every"), cases[i].every);
    assert_string_equal(settings_find(&f.found, "split.test_every")->why, cases[i].why);
    end(&f);
  }
}

static void falls_leave_a_margin(void** state) {
  (void)state;
  assert_true(fabs(fall_height(0.3, 0.3, 0.3) - 0.18) < 1e-15);
  assert_true(fall_height(0.04, 0.04, 0.3) == 0 && fall_height(0.04, 0.04, 0) == 0); /* lies on the floor */
  assert_true(fabs(fall_height(0.04, 0.04, 0.05) - 0.024) < 1e-15);                  /* is as small */
  assert_true(fall_height(0.009, 0.009, 0.05) == 0);
  assert_true(fall_tilt(10) == 60);
  assert_true(fall_tilt(36) == 70);
  assert_true(fall_tilt(150) == 0); /* turns over */
}

static void steps(double timestep, double rate, bool states_only, double h, int n) {
  settings s = {0};
  propose_steps(&s, timestep, rate, states_only);
  const double got = strtod(settings_find(&s, "system.timestep")->value, NULL);
  const int number = atoi(settings_find(&s, "system.substeps")->value);
  if (fabs(got - h) > 1e-12 || number != n) fail_msg("%g Hz: %d steps of %g s, not %d of %g", rate, number, got, n, h);
  settings_clear(&s);
}

static void an_action_is_a_frame(void** state) {
  (void)state;
  steps(0.002, 50, false, 0.002, 10);
  steps(0.002, 60, false, 1.0 / 60 / 9, 9); /* 8.3 steps: the longest shorter step */
  steps(0.01, 500, false, 0.002, 1);
  steps(0.002, 0, false, 0.002, 1);
  steps(0.002, 500, true, 0.002, 10); /* frames of 2 ms are joined to 20 ms */
  steps(0.002, 100, true, 0.002, 5);
}

/* 2.5e6 / (horizon * substeps * (40 + dofs^2)) steps of 64 windows; half the work of differences is that of an exact
 * adjoint */
static void the_smoke_profile_takes_a_minute(void** state) {
  (void)state;
  const struct {
    int nv, substeps, horizon;
    double work;
    smoke_size want;
  } cases[] = {{18, 1, 15, 1, {450, 64, 15}},  /* 457.9 */
               {1, 1, 10, 1, {800, 64, 10}},   /* at most 800 */
               {30, 10, 30, 1, {60, 64, 30}},  /* at least 60 */
               {18, 1, 15, 2, {450, 64, 15}},  /* no more than the exact adjoint */
               {18, 1, 15, 99, {70, 8, 15}},   /* 592 windows */
               {4, 1, 30, 25, {110, 64, 30}},  /* 7619 windows: 119 steps */
               {18, 1, 15, 20, {90, 32, 15}},  /* 2930 windows: 91 steps */
               {18, 5, 30, 99, {20, 8, 11}},   /* 59.2 windows: 7.4 steps of 20 */
               {60, 10, 32, 300, {20, 8, 2}}}; /* at least two actions */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const smoke_size size = smoke_training(cases[i].nv, cases[i].substeps, cases[i].horizon, cases[i].work);
    assert_int_equal(size.steps, cases[i].want.steps);
    assert_int_equal(size.batch, cases[i].want.batch);
    assert_int_equal(size.horizon, cases[i].want.horizon);
  }
}

/* A step and, of a gradient by differences, the step again, the one that is differenced, and two for every coordinate
 * and control. */
static void differences_are_counted_in_steps(void** state) {
  (void)state;
  fixture f;
  double work;
  start(&f, 2, false);
  assert_int_equal(gradient_work(&f.p, &work), DF_OK);
  assert_true(work == 1);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = true;
  exchange(&f, "<mujoco>", "<mujoco><option density='1.2'/>", &cfg);
  assert_int_equal(gradient_work(&f.p, &work), DF_OK);
  assert_true(work == 3 + 2 * (NX + ACTUATORS));
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constant_actions_have_the_usual_share_of_the_range),
      cmocka_unit_test(the_root_is_found),
      cmocka_unit_test(a_heading_is_no_tilt),
      cmocka_unit_test(a_constant_action_without_limits_has_a_box),
      cmocka_unit_test(actions_are_bounded),
      cmocka_unit_test(free_bodies_without_actuators_are_objects),
      cmocka_unit_test(the_task_fits_model_and_data),
      cmocka_unit_test(a_task_has_these_settings),
      cmocka_unit_test(the_first_joint_counts),
      cmocka_unit_test(feet_without_a_name_are_named_by_their_body),
      cmocka_unit_test(the_feet_of_legs_are_a_set),
      cmocka_unit_test(a_foot_that_comes_as_low_is_one),
      cmocka_unit_test(what_no_leg_has_is_no_foot),
      cmocka_unit_test(a_window_fits_the_shortest_episode),
      cmocka_unit_test(a_fall_is_a_lean_beyond_that_of_the_data),
      cmocka_unit_test(a_fall_is_nearer_to_the_ground_than_in_the_data),
      cmocka_unit_test(what_cannot_fall_has_no_fall_rule),
      cmocka_unit_test(what_no_bound_tells_has_no_fall_rule),
      cmocka_unit_test(a_driven_slide_does_not_fall),
      cmocka_unit_test(the_user_says_what_is_an_object),
      cmocka_unit_test(some_episodes_are_held_out),
      cmocka_unit_test(a_single_clip_is_cut_in_blocks_of_time),
      cmocka_unit_test(episodes_are_held_out_of_every_gait),
      cmocka_unit_test(more_actuators_than_a_setting_holds_are_noted),
      cmocka_unit_test(falls_leave_a_margin),
      cmocka_unit_test(an_action_is_a_frame),
      cmocka_unit_test(the_smoke_profile_takes_a_minute),
      cmocka_unit_test(differences_are_counted_in_steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
