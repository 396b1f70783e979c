/* slow
 *
 * What the verdict is on recordings that this test makes with the suite's own simulator: perfect ones that were stored,
 * solved or amplified in every way that leaves an error, and others that another model or option made. */
#include "replay_study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/task.h"
#include "exit_code.h"
#include "replay_explain.h"
#include "stored_data.h"
#include "test_file.h"
#include "unit.h"

enum { EPISODES = 4, LENGTH = 120 };

/* ---- models; %s: attributes of <option>, %s: further elements ---- */

static const char boxes[] =
    "<mujoco><option timestep='.004' %s/><worldbody><geom type='plane' size='5 5 .1' %s/>"
    "<body pos='0 0 .06'><freejoint/><geom type='box' size='.05 .04 .05' mass='.3'/></body>"
    "<body pos='.3 0 .06'><freejoint/><geom type='box' size='.05 .04 .05' mass='.3'/></body>"
    "<body pos='0 .5 .3'><joint name='h' axis='0 1 0' damping='.1' frictionloss='.05'/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 .28 0 0' mass='.5'/></body></worldbody>"
    "<actuator><motor joint='h'/></actuator></mujoco>";
/* a body with a servo that bounces on the floor */
static const char ball[] =
    "<mujoco><option timestep='.004' %s/><worldbody><geom type='plane' size='5 5 .1' margin='.02' %s/>"
    "<body pos='0 0 .3'><freejoint name='root'/><geom type='sphere' size='.1' mass='1' margin='.02'/>"
    "<body pos='.12 0 0'><joint name='h' axis='0 1 0' damping='.05'/>"
    "<geom type='capsule' size='.02' fromto='0 0 0 .15 0 0' mass='.2' contype='0' conaffinity='0'/></body></body>"
    "</worldbody><actuator><position joint='h' kp='4' kv='.1'/></actuator></mujoco>";
/* a body on a leg that lands and bends */
static const char leg[] =
    "<mujoco><option timestep='.005' %s/><worldbody><geom type='plane' size='5 5 .1' friction='.8' %s/>"
    "<body pos='0 0 .55'><joint type='slide' axis='1 0 0' damping='.1'/><joint type='slide' axis='0 0 1'/>"
    "<joint axis='0 1 0'/><geom type='box' size='.15 .1 .05' mass='2'/><body pos='0 0 -.05'>"
    "<joint name='hip' axis='0 1 0' damping='.2' armature='.01' range='-86 86'/>"
    "<geom type='capsule' fromto='0 0 0 0 0 -.25' size='.03' mass='.5'/><body pos='0 0 -.25'>"
    "<joint name='knee' axis='0 1 0' damping='.2' armature='.01' range='-115 115'/>"
    "<geom type='capsule' fromto='0 0 0 0 0 -.22' size='.03' mass='.3'/></body></body></body></worldbody>"
    "<actuator><position joint='hip' kp='30' kv='1'/><position joint='knee' kp='30' kv='1'/></actuator></mujoco>";
/* several bodies on which CG does not converge */
static const char heap[] =
    "<mujoco><option timestep='.005' solver='CG' %s/><worldbody><geom type='plane' size='5 5 .1' %s/>"
    "<body pos='0 0 .12'><freejoint/><geom type='box' size='.1 .1 .1' mass='1'/><site name='s'/></body>"
    "<body pos='.02 0 .4'><freejoint/><geom type='box' size='.1 .08 .1' mass='.7'/></body>"
    "<body pos='1 0 .12'><freejoint/><geom size='.1' mass='.7'/></body></worldbody>"
    "<actuator><motor site='s' gear='2 0 0 0 0 .2'/></actuator></mujoco>";
/* a cup that stands upright, and a finger that pushes it */
static const char cup[] =
    "<mujoco><option timestep='.002' %s/><worldbody><geom type='plane' size='1 1 .1'/>"
    "<body pos='.35 .15 .05'><freejoint name='cup'/><geom type='cylinder' size='.035 .05' %s/></body>"
    "<body pos='.29 .16 .05'><joint name='f' type='slide' axis='1 0 0' damping='2' armature='.01'/>"
    "<geom size='.02' mass='.05'/></body></worldbody><actuator><position joint='f' kp='60' "
    "kv='5'/></actuator></mujoco>";
/* a finger that pushes a box */
static const char pusher[] =
    "<mujoco><option timestep='.002' integrator='implicitfast' %s/><worldbody><geom type='plane' size='1 1 .1'/>"
    "<body pos='.35 .15 .05'><freejoint name='box'/><geom type='box' size='.035 .04 .05' %s/></body>"
    "<body pos='.29 .16 .05'><joint name='f' type='slide' axis='1 0 0' damping='2' armature='.01'/>"
    "<geom size='.02' mass='.05'/></body></worldbody><actuator><position joint='f' kp='60' "
    "kv='5'/></actuator></mujoco>";
/* two fingers of two links beside each other, whose tips touch discs: an island each */
static const char two_fingers[] =
    "<mujoco><option timestep='.002' integrator='implicitfast' %s/><default><joint damping='.004' stiffness='.05' "
    "armature='.0003' axis='1 0 0'/><geom size='.009' %s/></default><worldbody>"
    "<body pos='0 .03 .3'><joint name='a' range='-70 70'/><geom type='capsule' fromto='0 0 0 0 0 -.08' mass='.03'/>"
    "<body pos='0 0 -.08'><joint range='-80 80'/><geom type='capsule' fromto='0 0 0 0 0 -.1' mass='.03'/></body></body>"
    "<body pos='0 -.03 .3'><joint name='b' range='-70 70'/><geom type='capsule' fromto='0 0 0 0 0 -.08' mass='.03'/>"
    "<body pos='0 0 -.08'><joint range='-80 80'/><geom type='capsule' fromto='0 0 0 0 0 -.1' mass='.03'/></body></body>"
    "<body pos='0 0 .105'><joint damping='.0005'/><geom type='cylinder' size='.03 .01' euler='0 90 0' "
    "mass='.05'/></body>"
    "<body pos='0 .2 .105'><joint damping='.0005'/><geom type='cylinder' size='.03 .01' euler='0 90 0' "
    "mass='.05'/></body>"
    "</worldbody><actuator><motor joint='a' gear='.2'/><motor joint='b' gear='.2'/></actuator></mujoco>";
/* without contacts: smooth, and chaotic if it starts high */
static const char arm[] =
    "<mujoco><option timestep='.005' %s/><worldbody><body><joint name='a' axis='0 1 0'/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/>"
    "<body pos='0 0 -.4'><joint name='b' axis='0 1 0' %s/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/></body></body>"
    "</worldbody><actuator><motor joint='a'/><motor joint='b' gear='.5'/></actuator></mujoco>";

/* the same with names */
static const char named_arm[] =
    "<mujoco><option timestep='.005' %s/><worldbody><body><joint name='a' axis='0 1 0'/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/>"
    "<body pos='0 0 -.4'><joint name='b' axis='0 1 0' %s/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/></body></body>"
    "</worldbody><actuator><motor name='shoulder' joint='a'/><motor name='elbow' joint='b'/></actuator></mujoco>";

/* moves by 1e-12 m/s per action */
static const char slider[] =
    "<mujoco><option timestep='.001' gravity='0 0 0' %s/><worldbody><body><joint name='x' type='slide' damping='.1'/>"
    "<geom size='.1' mass='1' %s/></body></worldbody><actuator><motor joint='x' gear='1e-9'/></actuator></mujoco>";

/* ---- recordings ---- */

#define assert_ok(status) assert_int_equal(status, DF_OK)

typedef struct recorder {
  const char *xml, *options, *extra; /* of the model that records */
  df_mujoco_cfg cfg;
  double jitter;                   /* rounding errors of another machine, relative */
  double kick;                     /* added to the last velocity at frame 70 of episode 2 */
  double start;                    /* added to the start position of the joints */
  bool still;                      /* all bodies start at rest */
  double amplitude;                /* of the actions; 0: 1 */
  bool coarse;                     /* the controller outputs multiples of 0.1 */
  int steps[3];                    /* of `cfg`, of the actions in turn; 0: 1 each */
  int skip;                        /* actions before the recording begins */
  int episodes, length;            /* 0: EPISODES, LENGTH */
  const int* lengths;              /* [episodes]; NULL: all `length` */
  void (*change)(double*, size_t); /* what storing does to the states; NULL: nothing */
} recorder;

static recorder recorder_of(const char* xml) {
  recorder out = {.xml = xml, .options = "", .extra = "", .cfg = df_mujoco_cfg_default()};
  out.cfg.forward_only = true;
  out.cfg.iterations = 0;
  return out;
}

static char* text_of_model(const char* xml, const char* options_text, const char* extra) {
  const size_t room = strlen(xml) + strlen(options_text) + strlen(extra) + 1;
  char* out = df_alloc(room, 1);
  assert_non_null(out);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(out, room, xml, options_text, extra);
#pragma GCC diagnostic pop
  return out;
}

static void act(int episode, int t, int nu, double* u) {
  double random[8];
  df_rng_uniform(7, DF_STREAM_TEST, (uint64_t)(episode * 1000 + t / 5), 8, random);
  for (int i = 0; i < nu; i++) u[i] = 2 * random[i] - 1;
}

static void disturb(const recorder* how, const df_system* s, int episode, int frame, double* x) {
  double random[16];
  df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)(episode * 10000 + frame), 16, random);
  for (int i = 0; i < s->nx && how->jitter > 0; i++) x[i] *= 1 + how->jitter * (random[i % 16] - 0.5);
  if (episode == 2 && frame == 70) x[s->nx - 1] += how->kick;
}

static void to_decimals(double* v, size_t n, int digits) {
  for (size_t i = 0; i < n; i++) {
    char text[64];
    snprintf(text, sizeof text, "%.*f", digits, v[i]);
    v[i] = strtod(text, NULL);
  }
}
static void to_1_decimal(double* v, size_t n) {
  to_decimals(v, n, 1);
}

static df_dataset* record(const recorder* how) {
  char* xml = text_of_model(how->xml, how->options, how->extra);
  df_system* s;
  df_sim* sim;
  df_dataset* d;
  assert_ok(df_mujoco_system_from_xml(xml, "recorder", &how->cfg, &s));
  assert_ok(df_sim_new(s, 0, &sim));
  const int length = how->length ? how->length : LENGTH, episodes = how->episodes ? how->episodes : EPISODES;
  assert_ok(df_dataset_new(
      &(df_dataset_shape){
          .episodes = episodes, .length = length, .lengths = how->lengths, .nx = s->nx, .nu = s->nu, .dt = s->dt},
      &d));
  double x[64], u[8];
  for (int episode = 0; episode < episodes; episode++) {
    df_mujoco_initial_state(s, x);
    for (int i = 0; i < df_mujoco_nv(s); i++) {
      double random;
      df_rng_uniform(3, DF_STREAM_TEST, (uint64_t)(episode * 100 + i), 1, &random);
      x[df_mujoco_nq(s) + i] = how->still ? 0 : random - 0.5;
    }
    for (int i = 0; i < df_mujoco_nq(s) && how->start > 0; i++) x[i] += how->start;
    s->ops->reset(sim, x);
    double* states = d->states + d->first[episode] * (size_t)s->nx;
    double* actions = d->actions + (d->first[episode] - (size_t)episode) * (size_t)s->nu;
    for (int t = 0; t < how->skip + d->lengths[episode]; t++) {
      if (t >= how->skip) memcpy(states + (t - how->skip) * s->nx, x, (size_t)s->nx * sizeof *x);
      act(episode, t, s->nu, u);
      for (int i = 0; i < s->nu && how->amplitude > 0; i++) u[i] *= how->amplitude;
      if (how->coarse) to_1_decimal(u, (size_t)s->nu);
      for (int k = 0; k < (how->steps[0] ? how->steps[t % 3] : 1); k++) {
        if (k > 0) s->ops->set_state(sim, x);
        assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
      }
      disturb(how, s, episode, t + 1, x);
      s->ops->set_state(sim, x);
      if (t >= how->skip) memcpy(actions + (t - how->skip) * s->nu, u, (size_t)s->nu * sizeof *u);
    }
    memcpy(states + d->lengths[episode] * s->nx, x, (size_t)s->nx * sizeof *x);
  }
  if (how->change) {
    how->change(d->states, d->first[episodes] * (size_t)s->nx);
    how->change(d->actions, df_dataset_actions(d) * (size_t)s->nu);
  }
  df_sim_free(s, sim);
  df_system_free(s);
  df_free(xml);
  return d;
}

/* actions of so many steps in turn */
static df_dataset* record_in_turn(const char* xml, int first, int second, int third) {
  recorder how = recorder_of(xml);
  how.steps[0] = first;
  how.steps[1] = second;
  how.steps[2] = third;
  df_dataset* d = record(&how);
  d->dt *= first;
  return d;
}

static void to_float32(double* v, size_t n) {
  for (size_t i = 0; i < n; i++) v[i] = (double)(float)v[i];
}
static void to_float16(double* v, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int exponent;
    (void)frexp(v[i], &exponent);
    if (exponent < -13) exponent = -13;
    v[i] = ldexp(nearbyint(ldexp(v[i], 11 - exponent)), exponent - 11);
  }
}
static void to_6_decimals(double* v, size_t n) {
  to_decimals(v, n, 6);
}
static void to_3_decimals(double* v, size_t n) {
  to_decimals(v, n, 3);
}

/* ---- judging ---- */

typedef struct judged {
  replay_study study;
  char* reason;
} judged;

/* studies the recording under the model of a task with these settings */
static judged judge(df_dataset* d, const char* xml, const char* options_text, const char* extra, const char* setting,
                    const char* value) {
  judged out;
  char* text = text_of_model(xml, options_text, extra);
  assert_ok(df_file_write(test_file("model.xml"), text, strlen(text)));
  df_free(text);
  df_config config = df_config_default();
  assert_ok(df_config_set(&config, "system.model", "model.xml", "test"));
  if (setting) assert_ok(df_config_set(&config, setting, value, "test"));
  df_search search = {.n = 1, .folder = {(char*)(size_t)test_folder()}};
  df_system* s;
  char sha256[DF_SHA256_TEXT];
  const df_mujoco_cfg cfg = replay_cfg(&config, false);
  assert_ok(df_task_system_with(&config, &search, &cfg, &s, sha256));
  find_rounding(d, s);
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 2;
  const replay_input in = {
      .config = &config, .search = &search, .data = d, .system = s, .limits = {NAN, NAN, NAN}, .opts = &opts};
  assert_ok(replay_study_run(&in, &out.study));
  out.reason = replay_study_reason(&out.study);
  df_system_free(s);
  df_dataset_free(d);
  if (getenv("SHOW")) {
    const replay_fit* f = &out.study.evidence.trained;
    fprintf(stderr, "    %s: %s\n      carried %.3g step %.3g drift %.3g solver %.3g %.3g rms %.3g best %.3g\n",
            replay_verdict_text(out.study.verdict), out.reason, f->carried, f->step, f->drift, f->solver_step,
            f->solver_drift, out.study.evidence.rms, out.study.evidence.best_rms);
    const action_errors* a = &out.study.evidence.needed;
    const replay_fit* g = &out.study.evidence.actions;
    fprintf(stderr, "      actions: largest %.3g spread %.3g dependence %.3g carried %.3g step %.3g drift %.3g\n",
            a->largest, a->spread, a->dependence, g->carried, g->step, g->drift);
  }
  return out;
}

/* the verdict, and words of its reason */
static void expect(judged found, replay_verdict verdict, const char* words) {
  if (found.study.verdict != verdict || !strstr(found.reason, words)) {
    print_error("%s: %s\n  expected %s: ...%s...\n", replay_verdict_text(found.study.verdict), found.reason,
                replay_verdict_text(verdict), words);
    fail();
  }
  df_free(found.reason);
  replay_study_clear(&found.study);
}

static judged judge_same(const recorder* how) {
  return judge(record(how), how->xml, how->options, how->extra, NULL, NULL);
}

/* ---- recordings that follow ---- */

static void a_recording_follows(void** state) {
  (void)state;
  recorder how = recorder_of(ball);
  expect(judge_same(&how), REPLAY_FOLLOWS, "follow");
}

static void episodes_of_different_length_follow(void** state) {
  (void)state;
  const int lengths[EPISODES] = {50, 1, 90, 7};
  recorder how = recorder_of(ball);
  how.lengths = lengths;
  judged found = judge_same(&how);
  assert_int_equal(found.study.trained.steps, 50 + 1 + 90 + 7);
  assert_int_equal(found.study.trained.equal, 50 + 1 + 90 + 7);
  expect(found, REPLAY_FOLLOWS, "follow");

  /* another model: everything is tried */
  how.extra = "damping='.001'";
  how.xml = arm;
  expect(judge(record(&how), arm, "", "", NULL, NULL), REPLAY_ANOTHER_MODEL, "alternatives");
  how.extra = "";

  /* rounded, the windows of all lengths are explained; the place of an error is in its own episode */
  how.change = to_float32;
  expect(judge_same(&how), REPLAY_ROUNDING, "");
  how.kick = 1e-5;
  expect(judge_same(&how), REPLAY_ANOTHER_MODEL, "episode 2, frame 70");
}

static void a_cleared_warm_start_is_the_solvers(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic' solver='CG'";
  expect(judge_same(&how), REPLAY_SOLVER_LIMITED, "cleared warm start");
}

static void islands_of_the_model_file_are_named(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic'";
  how.cfg.islands = DF_ISLANDS_MODEL;
  expect(judge_same(&how), REPLAY_SOLVER_LIMITED, "constraint islands");
}

/* The last bits of doubles decide where the solver stops, so that rounding seems to explain errors of 1e-7. */
static void islands_of_the_model_file_are_named_where_rounding_hides_them(void** state) {
  (void)state;
  recorder how = recorder_of(two_fingers);
  how.cfg.islands = DF_ISLANDS_MODEL;
  how.cfg.substeps = 5;
  how.amplitude = 0.5;
  judged found = judge(record(&how), how.xml, "", "", "system.substeps", "5");
  const replay_evidence* e = &found.study.evidence;
  assert_true(replay_fits(&e->trained) && e->trained.carried > 1e5 && e->own.carried <= 1);
  expect(found, REPLAY_SOLVER_LIMITED,
         "the recording follows, to 0 m, rad and 0 m/s, rad/s, if the model has constraint islands,");

  /* of float32, nothing shows them */
  how.change = to_float32;
  expect(judge(record(&how), how.xml, "", "", "system.substeps", "5"), REPLAY_ROUNDING, "float32");
  how.change = NULL;

  /* options of no file: they are looked for */
  how.cfg.islands = DF_ISLANDS_OFF;
  how.cfg.ls_iterations = 4;
  expect(judge(record(&how), how.xml, "", "", "system.substeps", "5"), REPLAY_ANOTHER_OPTION, "ls_iterations = 4;");

  /* a residual that is in no list of alternatives: a better one comes closer, and is not exact */
  how.cfg.ls_iterations = 0;
  how.cfg.tolerance = 3e-14;
  expect(judge(record(&how), how.xml, "", "", "system.substeps", "5"), REPLAY_SOLVER_LIMITED,
         "the tolerance of the constraint solver explains the errors: ");
}

/* errors that double within a physics step or two are no growth of rounding errors */
static void a_jump_of_the_solver_is_no_chaos(void** state) {
  (void)state;
  recorder how = recorder_of(two_fingers);
  how.cfg.islands = DF_ISLANDS_MODEL;
  judged found = judge_same(&how);
  assert_true(found.study.evidence.trained.carried <= 1 && found.study.evidence.jumps);
  assert_true(isinf(found.study.doubling));
  expect(found, REPLAY_SOLVER_LIMITED, "where the constraint solver stops depends on the last digits");
}

static void few_iterations_of_the_model_file_are_named(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "iterations='2' ls_iterations='4'";
  expect(judge_same(&how), REPLAY_SOLVER_LIMITED, "the model file's own limits of iterations;");
  how.cfg.islands = DF_ISLANDS_MODEL;
  expect(judge_same(&how), REPLAY_SOLVER_LIMITED,
         "(solver, islands, iterations = 2, tolerance); training simulates without islands and with system.iterations "
         "= 100");
}

/* As other versions of MuJoCo: the recorder's solver stops at another residual, which is in no list of alternatives. */
/* the line search of the recorder was cut at run time: neither the model nor training has this limit */
static void a_limit_of_the_line_search_is_named(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic'";
  how.cfg.iterations = 100;
  how.cfg.ls_iterations = 1;
  judged found = judge_same(&how);
  assert_non_null(replay_study_would_fit(&found.study));
  assert_string_equal(replay_study_would_fit(&found.study), "option ls_iterations = 1");
  expect(found, REPLAY_ANOTHER_OPTION, "option ls_iterations = 1;");
}

static void another_residual_of_the_solver_is_no_other_model(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic' impratio='100'";
  how.cfg.tolerance = 3e-14;
  judged found = judge_same(&how);
  const replay_study* s = &found.study;
  size_t exact = 0;
  for (size_t i = 0; i < s->trained.steps; i++)
    exact += s->trained.carried[POSITION][i] <= s->allowed.carried[POSITION] &&
             s->trained.carried[VELOCITY][i] <= s->allowed.carried[VELOCITY];
  assert_true(s->evidence.trained.solver_step <= 1 && exact > s->trained.steps / 2 && exact < s->trained.steps);
  assert_int_equal(s->exact, exact);
  expect(found, REPLAY_SOLVER_LIMITED, " actions are exact, the others differ by up to ");

  /* a tighter tolerance that is tried is named; a looser one is another option */
  how.cfg.tolerance = 1e-12;
  expect(judge_same(&how), REPLAY_SOLVER_LIMITED, "the recording follows with: system.tolerance = 1e-12;");
  how.cfg.tolerance = 1e-4;
  expect(judge_same(&how), REPLAY_ANOTHER_OPTION, "the recording follows with: system.tolerance = 0.0001;");

  /* another model behind it */
  how.cfg.tolerance = 3e-14;
  how.cfg.gain_scale = 1.0001;
  judged other = judge_same(&how);
  assert_int_equal(replay_verdict_exit(other.study.verdict), EXIT_CHECK_FAILED);
  expect(other, other.study.verdict, "");
  how.cfg.gain_scale = 0;
  how.extra = "friction='1.01 .005 .0001'";
  expect(judge(record(&how), boxes, how.options, "", NULL, NULL), REPLAY_ANOTHER_MODEL, "");
}

static void the_start_of_a_cut_recording_is_the_solvers(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic' solver='CG'";
  how.skip = 30;
  expect(judge_same(&how), REPLAY_SOLVER_LIMITED, "depend on the solver's warm start of the frame before it");

  /* so few iterations that it does not converge: only the model file's own options have them */
  how.options = "solver='CG' iterations='10'";
  how.skip = 50;
  how.cfg.islands = DF_ISLANDS_MODEL;
  judged found = judge_same(&how);
  const replay_fit* own = &found.study.evidence.own;
  assert_true(found.study.evidence.trained.unsettled == 0 && !replay_tolerated(own));
  assert_true(own->unsettled > 0 && own->unsettled <= 16 * EPISODES && own->start > 0 && own->start <= 1);
  expect(found, REPLAY_SOLVER_LIMITED, "actions are exact; the first ones of an episode depend on the solver's");

  /* what is not exact later, or differs by more than another warm start makes, is another model */
  how.cfg.gain_scale = 1.001;
  found = judge_same(&how);
  assert_int_equal(replay_verdict_exit(found.study.verdict), EXIT_CHECK_FAILED);
  expect(found, found.study.verdict, "");
  how.cfg.gain_scale = 0;
  how.kick = 1e-9;
  found = judge_same(&how);
  assert_int_equal(replay_verdict_exit(found.study.verdict), EXIT_CHECK_FAILED);
  expect(found, found.study.verdict, "");
  how.kick = 0;
  df_dataset* d = record(&how);
  d->states[d->first[1] * (size_t)d->nx + (size_t)d->nx - 1] += 0.5; /* a velocity of the first frame of episode 1 */
  found = judge(d, how.xml, how.options, "", NULL, NULL);
  assert_int_equal(replay_verdict_exit(found.study.verdict), EXIT_CHECK_FAILED);
  expect(found, found.study.verdict, "");
}

static void rounding_is_judged_from_the_data(void** state) {
  (void)state;
  const struct {
    const char* xml;
    void (*change)(double*, size_t);
    const char* words;
  } cases[] = {{arm, to_float32, "positions: float32, velocities: float32"},
               {arm, to_float16, "positions: float16, velocities: float16"},
               {arm, to_6_decimals, "positions: text of 6 decimals"},
               {arm, to_3_decimals, "positions: text of 3 decimals"},
               {ball, to_float32, "positions: float32"},
               {ball, to_6_decimals, "positions: text of 6 decimals"},
               {ball, to_3_decimals, "positions: text of 3 decimals"},
               {boxes, to_float32, "positions: float32"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(cases[i].xml);
    how.change = cases[i].change;
    expect(judge_same(&how), REPLAY_ROUNDING, cases[i].words);
  }
}

/* exact states with rounded actions; of other gains or another damping, too */
static void actions_may_be_rounded_alone(void** state) {
  (void)state;
  const struct {
    double gain;
    const char* told;
    replay_verdict verdict;
    const char* words;
  } cases[] = {{1, "", REPLAY_ROUNDING, "the rounding of its actions (float32)"},
               {1.00001, "", REPLAY_ANOTHER_MODEL, ""},
               {1, "damping='.001'", REPLAY_ANOTHER_MODEL, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(arm);
    how.cfg.gain_scale = cases[i].gain;
    df_dataset* d = record(&how);
    to_float32(d->actions, df_dataset_actions(d) * (size_t)d->nu);
    expect(judge(d, arm, "", cases[i].told, NULL, NULL), cases[i].verdict, cases[i].words);
  }
}

/* a recording whose actions, if the controller does not output such, were rounded to multiples of 0.1 when stored */
static df_dataset* record_coarse(const recorder* how) {
  df_dataset* d = record(how);
  to_1_decimal(d->actions, df_dataset_actions(d) * (size_t)d->nu);
  return d;
}

static void coarse_actions_of_the_same_model_are_rounding(void** state) {
  (void)state;
  const struct {
    const char *xml, *options;
    replay_verdict exact; /* if the controller outputs such actions */
  } cases[] = {{arm, "", REPLAY_FOLLOWS},
               {ball, "", REPLAY_FOLLOWS},
               {leg, "", REPLAY_FOLLOWS},
               {boxes, "cone='elliptic'", REPLAY_SOLVER_LIMITED}};
  for (int i = 0; i < 4; i++) {
    recorder how = recorder_of(cases[i].xml);
    how.options = cases[i].options;
    how.length = 250;
    how.episodes = 6;
    expect(judge(record_coarse(&how), how.xml, how.options, "", NULL, NULL), REPLAY_ROUNDING,
           "the rounding of its actions (text of 1 decimal)");
    how.coarse = true;
    expect(judge(record_coarse(&how), how.xml, how.options, "", NULL, NULL), cases[i].exact, "follow");
  }
}

/* errors that rounding is large enough to hide: another model with actions that were rounded, or that a controller
 * output in steps */
static void coarse_actions_excuse_no_other_model(void** state) {
  (void)state;
  const struct {
    const char *xml, *options, *extra; /* of the recorder */
    double start;
  } cases[] = {{arm, "", "damping='.02'", 0},        {arm, "", "damping='.002'", 0},
               {arm, "gravity='0 0 -9.8'", "", 0.8}, {arm, "", "armature='.0005'", 0},
               {arm, "", "stiffness='.02'", 0},      {ball, "gravity='0 0 -9.8'", "", 0},
               {leg, "gravity='0 0 -9.8'", "", 0},   {leg, "", "solref='.021 1'", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int coarse = 0; coarse < 2; coarse++) {
      recorder how = recorder_of(cases[i].xml);
      how.options = cases[i].options;
      how.extra = cases[i].extra;
      how.start = cases[i].start;
      how.coarse = coarse;
      how.length = 200;
      judged found = judge(record_coarse(&how), how.xml, "", "", NULL, NULL);
      if (replay_verdict_exit(found.study.verdict) != EXIT_CHECK_FAILED) {
        print_error("case %zu.%d: %s: %s\n", i, coarse, replay_verdict_text(found.study.verdict), found.reason);
        fail();
      }
      df_free(found.reason);
      replay_study_clear(&found.study);
    }
  }
}

/* of the leg, with other masses, friction or gains of 5 % */
static void rounding_that_hides_another_model_is_undecided(void** state) {
  (void)state;
  recorder how = recorder_of(leg);
  how.change = to_1_decimal;
  judged found = judge_same(&how);
  assert_true(found.study.hidden[CHANGE_GAIN]);
  assert_int_equal(replay_verdict_exit(found.study.verdict), EXIT_INCONCLUSIVE);
  expect(found, REPLAY_UNDECIDED,
         "text of 1 decimal), but the rounding is so coarse that it hides changes of the model");
  how.cfg.gain_scale = 1.05;
  expect(judge_same(&how), REPLAY_UNDECIDED, "all actuator gains");

  /* float32 hides none of them, and shows them */
  how.change = to_float32;
  found = judge(record(&how), leg, "", "", NULL, NULL);
  expect(found, REPLAY_ANOTHER_OPTION, " x 1.05;");
  how.cfg.gain_scale = 0;
  found = judge_same(&how);
  for (int i = 0; i < CHANGES; i++) assert_false(found.study.hidden[i]);
  expect(found, REPLAY_ROUNDING, "");
}

static void few_coarse_actions_are_undecided(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.episodes = 1;
  how.length = 200;
  expect(judge(record_coarse(&how), arm, "", "", NULL, NULL), REPLAY_UNDECIDED, "200 actions are too few to decide");
}

static recorder pushed_cup(void) {
  recorder out = recorder_of(cup);
  out.cfg.substeps = 10;
  out.still = true;
  out.extra = "mass='.15'";
  out.amplitude = 0.12;
  out.change = to_float32;
  return out;
}

static judged judge_cup(const recorder* how, const char* extra) {
  return judge(record(how), cup, "", extra, "system.substeps", "10");
}

/* One simulation in many makes the contacts of the recording: of an upright cup, those of a lean that is stored in
 * numbers near 0; of a solver that does not converge, those of the warm start of preceding frames. */
static void rare_contacts_are_rounding(void** state) {
  (void)state;
  recorder how = recorder_of(heap);
  how.change = to_float32;
  /* not the tolerance of the solver, too */
  expect(judge_same(&how), REPLAY_ROUNDING, "(positions: float32, velocities: float32): one action");
  how = pushed_cup();
  expect(judge_cup(&how, how.extra), REPLAY_ROUNDING, "(positions: float32, velocities: float32): one action");
}

static void another_model_with_rare_contacts_is_not_excused(void** state) {
  (void)state;
  recorder how = recorder_of(heap);
  how.change = to_float32;
  expect(judge(record(&how), heap, "", "friction='1.05 .005 .0001'", NULL, NULL), REPLAY_ANOTHER_MODEL, "off by up to");
  how = pushed_cup();
  expect(judge_cup(&how, "mass='.16'"), REPLAY_ANOTHER_MODEL, "");
  expect(judge_cup(&how, "mass='.15' friction='1.05 .005 .0001'"), REPLAY_ANOTHER_MODEL, "");
}

static void chaos_is_named_with_its_doubling_time(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.jitter = 1e-15;
  how.start = 3;
  how.length = 3000;
  judged found = judge_same(&how);
  assert_true(found.study.doubling > 10 && found.study.doubling < 100);
  expect(found, REPLAY_CHAOTIC, "double every");
}

/* several causes at once, long episodes, the rounding of another machine */
static void perfect_recordings_are_never_condemned(void** state) {
  (void)state;
  const struct {
    const char *xml, *options;
    double jitter, start;
    int length, skip;
    bool islands;
    void (*change)(double*, size_t);
  } cases[] = {
      {boxes, "cone='elliptic'", 0, 0, 0, 0, true, to_float32},
      {boxes, "cone='elliptic' solver='CG'", 1e-15, 0, 0, 0, false, NULL},
      {boxes, "cone='elliptic' solver='CG'", 0, 0, 0, 0, true, to_6_decimals},
      {boxes, "", 1e-15, 0, 0, 0, false, NULL},
      {boxes, "iterations='4' ls_iterations='8'", 0, 0, 0, 0, true, to_float32},
      {boxes, "integrator='RK4'", 0, 0, 0, 0, true, to_float32},
      {boxes, "", 0, 0, 0, 40, true, NULL},
      {ball, "", 0, 0, 400, 0, false, to_float32},
      {ball, "", 1e-15, 0, 400, 0, false, NULL},
      {ball, "", 0, 0, 400, 0, true, to_6_decimals},
      {ball, "", 0, 0, 400, 0, false, to_3_decimals},
      {ball, "cone='elliptic'", 0, 0, 400, 0, true, to_float16},
      {arm, "", 0, 3, 1200, 0, false, to_float32},
      {arm, "", 0, 3, 1200, 0, false, to_3_decimals},
      {arm, "integrator='implicitfast'", 1e-15, 3, 2000, 0, false, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(cases[i].xml);
    how.options = cases[i].options;
    how.jitter = cases[i].jitter;
    how.start = cases[i].start;
    how.length = cases[i].length;
    how.skip = cases[i].skip;
    how.cfg.islands = cases[i].islands ? DF_ISLANDS_MODEL : DF_ISLANDS_OFF;
    how.change = cases[i].change;
    judged found = judge_same(&how);
    if (replay_verdict_exit(found.study.verdict) != EXIT_DONE) {
      print_error("case %zu: %s: %s\n", i, replay_verdict_text(found.study.verdict), found.reason);
      if (!getenv("SHOW")) fail();
    }
    df_free(found.reason);
    replay_study_clear(&found.study);
  }
}

/* ---- recordings of another model or option ---- */

static void another_option_is_named(void** state) {
  (void)state;
  recorder kp = recorder_of(ball), kv = recorder_of(ball), gear = recorder_of(arm);
  kp.cfg.gain_scale = 1.2;
  kv.cfg.kv_scale = 0.5;
  gear.cfg.gear_scale = 0.9;
  expect(judge_same(&kp), REPLAY_ANOTHER_OPTION, "actuator gains (kp) x 1.2;");
  expect(judge_same(&kv), REPLAY_ANOTHER_OPTION, "velocity gains of servos (kv) x 0.5;");
  expect(judge_same(&gear), REPLAY_ANOTHER_OPTION, " x 0.9;");
  recorder rk4 = recorder_of(arm), implicit = recorder_of(ball), step = recorder_of(arm), substeps = recorder_of(arm);
  rk4.cfg.integrator = DF_INTEGRATOR_RK4;
  implicit.cfg.integrator = DF_INTEGRATOR_IMPLICITFAST;
  step.cfg.timestep = 0.006;
  substeps.cfg.timestep = 0.0025;
  substeps.cfg.substeps = 2;
  expect(judge_same(&rk4), REPLAY_ANOTHER_OPTION, "system.integrator = RK4;");
  expect(judge_same(&implicit), REPLAY_ANOTHER_OPTION, "system.integrator = implicitfast;");
  expect(judge_same(&step), REPLAY_ANOTHER_OPTION, "system.timestep = 0.006");
  expect(judge_same(&substeps), REPLAY_ANOTHER_OPTION, "system.timestep = 0.0025, system.substeps = 2;");
  /* twice as many steps, and half of them, of a number that is not common */
  recorder fine = recorder_of(arm), coarse = recorder_of(arm);
  fine.cfg.timestep = 0.0025;
  fine.cfg.substeps = 34;
  coarse.cfg.substeps = 7;
  coarse.cfg.timestep = 0.01;
  expect(judge(record(&fine), arm, "", "", "system.substeps", "17"), REPLAY_ANOTHER_OPTION,
         "system.timestep = 0.0025, system.substeps = 34;");
  expect(judge(record(&coarse), arm, "", "", "system.substeps", "14"), REPLAY_ANOTHER_OPTION,
         "system.timestep = 0.01, system.substeps = 7;");
  recorder margin = recorder_of(ball), few = recorder_of(boxes);
  margin.cfg.margin_rule = DF_MARGIN_MAX;
  few.cfg.iterations = 3;
  expect(judge_same(&margin), REPLAY_ANOTHER_OPTION, "system.margin_rule = max");
  expect(judge_same(&few), REPLAY_ANOTHER_OPTION, "option iterations = 3;");
}

/* one of several actuators; rounding does not hide it */
static void one_other_actuator_is_named(void** state) {
  (void)state;
  const struct {
    double gain, gear;
    int control;
    const char* words;
  } cases[] = {{0.9, 0, 2, "with: gain (kp) of actuator 1 x 0.9;"},
               {0, -1, 1, "with: gear of actuator 0 x -1;"},
               {3, 0, 1, "with: gain (kp) of actuator 0 x 3;"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(arm);
    how.cfg.gain_scale = cases[i].gain;
    how.cfg.gear_scale = cases[i].gear;
    how.cfg.scaled_control = cases[i].control;
    how.cfg.substeps = 4;
    expect(judge(record(&how), arm, "", "", "system.substeps", "4"), REPLAY_ANOTHER_OPTION, cases[i].words);
  }
  recorder how = recorder_of(leg);
  how.cfg.gain_scale = 0.9;
  how.cfg.scaled_control = 2;
  /* the error of a servo is not linear in its gain */
  how.cfg.substeps = 4;
  expect(judge(record(&how), leg, "", "", "system.substeps", "4"), REPLAY_ANOTHER_OPTION,
         "gain (kp) of actuator 1 x 0.9;");
  how.cfg.substeps = 1;
  how.change = to_float32;
  expect(judge_same(&how), REPLAY_ANOTHER_OPTION, "gain (kp) of actuator 1 x ");
}

static void exchange_actions(df_dataset* d) {
  for (size_t i = 0; i < df_dataset_actions(d); i++) {
    const double first = d->actions[2 * i];
    d->actions[2 * i] = d->actions[2 * i + 1];
    d->actions[2 * i + 1] = first;
  }
}

/* the setting lists the actuators in the order of the columns, so that one that is wrong is the model's order */
static void another_order_of_actions_is_named(void** state) {
  (void)state;
  recorder how = recorder_of(named_arm);
  df_dataset* d = record(&how);
  exchange_actions(d);
  judged found = judge(d, named_arm, "", "", NULL, NULL);
  assert_string_equal(replay_study_would_fit(&found.study), "data.actuators = elbow,shoulder");
  assert_true(found.study.reading.best < 1e-6 && found.study.reading.as_is > 1e-3);
  expect(found, REPLAY_ANOTHER_CONVENTION,
         "the action columns are in another order: with data.actuators = elbow,shoulder the error of one action falls");
  d = record(&how);
  exchange_actions(d);
  found = judge(d, named_arm, "", "", "data.actuators", "elbow,shoulder");
  assert_string_equal(replay_study_would_fit(&found.study), "data.actuators = shoulder,elbow");
  expect(found, REPLAY_ANOTHER_CONVENTION, "");
  /* actions of another model are in no other order */
  how.extra = "damping='.001'";
  found = judge(record(&how), named_arm, "", "", NULL, NULL);
  assert_null(found.study.reading.words);
  expect(found, REPLAY_ANOTHER_MODEL, "");
}

static void actions_in_another_unit_are_named(void** state) {
  (void)state;
  const double degree = 3.14159265358979323846 / 180;
  const struct {
    double unit;
    const char *would_fit, *words;
  } cases[] = {{1 / degree, "data.action_scale = 0.01745329252", "the actions are in degrees: with data.action_scale"},
               {degree, "data.action_scale = 57.29577951", "the actions are in radians where the model has degrees"}};
  for (int i = 0; i < 2; i++) {
    recorder how = recorder_of(ball);
    df_dataset* d = record(&how);
    for (size_t k = 0; k < df_dataset_actions(d) * (size_t)d->nu; k++) d->actions[k] *= cases[i].unit;
    judged found = judge(d, ball, "", "", NULL, NULL);
    assert_string_equal(replay_study_would_fit(&found.study), cases[i].would_fit);
    expect(found, REPLAY_ANOTHER_CONVENTION, cases[i].words);
  }
  /* another gain is no other unit */
  recorder how = recorder_of(arm);
  how.cfg.gain_scale = 40;
  judged found = judge(record(&how), arm, "", "", NULL, NULL);
  assert_null(found.study.reading.words);
  expect(found, REPLAY_ANOTHER_OPTION, "");
}

/* A unit or an order that brings the error of the median action down is named only if the whole recording follows. */
static void what_only_comes_closer_is_no_other_unit_or_order(void** state) {
  (void)state;
  /* factors near 180 / pi that are no unit. The actions are of another gain. */
  static const double factors[] = {80, 60, 57, 45};
  for (int i = 0; i < 4; i++) {
    recorder how = recorder_of(arm);
    df_dataset* d = record(&how);
    for (size_t k = 0; k < df_dataset_actions(d) * (size_t)d->nu; k++) d->actions[k] *= factors[i];
    judged found = judge(d, arm, "", "", NULL, NULL);
    assert_null(found.study.reading.words);
    const char* fits = replay_study_would_fit(&found.study);
    double gain = 0;
    assert_true(fits && sscanf(fits, "actuator gains (kp) x %lf", &gain) == 1);
    assert_true(fabs(gain * factors[i] - 1) < 1e-6);
    expect(found, REPLAY_ANOTHER_OPTION, "");
  }
  /* the right unit of another model */
  recorder how = recorder_of(arm);
  how.extra = "damping='.01'";
  df_dataset* d = record(&how);
  for (size_t k = 0; k < df_dataset_actions(d) * (size_t)d->nu; k++) d->actions[k] *= 180 / 3.14159265358979323846;
  judged found = judge(d, arm, "", "", NULL, NULL);
  assert_null(replay_study_would_fit(&found.study));
  expect(found, REPLAY_ANOTHER_MODEL, "");
  /* the right order of another model */
  how = recorder_of(named_arm);
  how.extra = "damping='.001'";
  d = record(&how);
  exchange_actions(d);
  found = judge(d, named_arm, "", "", NULL, NULL);
  assert_null(replay_study_would_fit(&found.study));
  expect(found, REPLAY_ANOTHER_MODEL, "");
}

/* Actions that were rounded in the other unit, and states in float32, are a recording that follows. */
static void rounded_actions_in_another_unit_are_named(void** state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    recorder how = recorder_of(ball);
    if (i) how.change = to_float32;
    df_dataset* d = record(&how);
    for (size_t k = 0; k < df_dataset_actions(d) * (size_t)d->nu; k++) d->actions[k] *= 180 / 3.14159265358979323846;
    if (i)
      to_float32(d->actions, df_dataset_actions(d) * (size_t)d->nu);
    else
      to_decimals(d->actions, df_dataset_actions(d) * (size_t)d->nu, 4);
    judged found = judge(d, ball, "", "", NULL, NULL);
    assert_non_null(replay_study_would_fit(&found.study));
    assert_string_equal(replay_study_would_fit(&found.study), "data.action_scale = 0.01745329252");
    expect(found, REPLAY_ANOTHER_CONVENTION, "the actions are in degrees");
  }
}

/* a force at its joint is what is missing, but no factor of the actuator makes it */
static void the_actuator_that_drives_the_error_is_named(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.extra = "damping='.01'";
  expect(judge(record(&how), arm, "", "", NULL, NULL), REPLAY_ANOTHER_MODEL,
         "; a force of actuator 1 alone would explain nearly all of it");
  how.extra = "";
  /* gravity acts on both joints */
  how.options = "gravity='0 0 -9.7'";
  how.start = 0.8;
  judged found = judge(record(&how), arm, "", "", NULL, NULL);
  assert_null(strstr(found.reason, "a force of"));
  expect(found, REPLAY_ANOTHER_MODEL, "");
}

/* Of observations without x, positions are integrated from velocities: they are off, and not compared. */
static void what_is_not_recorded_is_not_compared(void** state) {
  (void)state;
  const struct {
    void (*change)(double*, size_t);
    const char* told;
    replay_verdict verdict;
  } cases[] = {{NULL, "", REPLAY_FOLLOWS},
               {to_float32, "", REPLAY_ROUNDING},
               {NULL, "solref='.0201 1'", REPLAY_ANOTHER_MODEL},
               {to_float32, "solref='.0201 1'", REPLAY_ANOTHER_MODEL}};
  const int window = 7;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(leg);
    how.change = cases[i].change;
    df_dataset* d = record(&how);
    double off = 0;
    for (int e = 0; e < EPISODES; e++) {
      for (int t = 0; t <= LENGTH; t++) {
        d->states[(d->first[e] + (size_t)t) * (size_t)d->nx] += 0.05 * sin(0.01 * t * t);
        if (t >= window) off = fmax(off, 0.05 * fabs(sin(0.01 * t * t) - sin(0.01 * (t - window) * (t - window))));
      }
    }
    d->derived[0] = true;
    judged found = judge(d, leg, "", cases[i].told, "window.horizon", "7");
    const char words[] = "not compared, since they are not recorded: positions integrated from velocities (dof 0)";
    char wanted[160];
    snprintf(wanted, sizeof wanted, "%s, off by up to %.2g m over %d actions", words, off, window);
    assert_string_equal(found.study.left_out, cases[i].told[0] ? words : wanted);
    expect(found, cases[i].verdict, "");
  }
  recorder how = recorder_of(leg);
  judged found = judge_same(&how);
  assert_null(found.study.left_out);
  expect(found, REPLAY_FOLLOWS, "");

  /* one step of semi-implicit Euler moves by the velocity after it */
  df_dataset* d = record(&how);
  for (int v = d->nx / 2; v < d->nx; v++) {
    d->derived[v] = true;
    for (int e = 0; e < EPISODES; e++) d->states[d->first[e] * (size_t)d->nx + (size_t)v] += 1;
  }
  found = judge(d, leg, "", "", NULL, NULL);
  assert_int_equal(found.study.trained.steps, EPISODES * (LENGTH - 1));
  assert_non_null(
      strstr(found.study.left_out, "velocities from positions (dof 0, dof 1, dof 2, joint 'hip', joint 'knee')"));
  expect(found, REPLAY_FOLLOWS, "");

  /* of another model, too, and then no error of velocities is stated */
  d = record(&how);
  for (int v = d->nx / 2; v < d->nx; v++) d->derived[v] = true;
  found = judge(d, leg, "", "solref='.03 1'", NULL, NULL);
  assert_int_not_equal(replay_verdict_exit(found.study.verdict), EXIT_DONE);
  assert_non_null(strstr(found.reason, "m, rad (velocities are not compared)"));
  df_free(found.reason);
  replay_study_clear(&found.study);
}

/* a servo that pushes a box, ten steps of implicitfast for an action, in float32 */
static void a_pushed_box_in_float32_is_rounding(void** state) {
  (void)state;
  const struct {
    const char *extra, *told;
    replay_verdict verdict;
  } cases[] = {{"mass='.2'", "mass='.2'", REPLAY_ROUNDING},
               {"mass='.2'", "mass='.201'", REPLAY_ANOTHER_MODEL},
               {"mass='.2'", "mass='.2' friction='1.05'", REPLAY_ANOTHER_MODEL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(pusher);
    how.cfg.substeps = 10;
    how.still = true;
    how.amplitude = 0.1;
    how.extra = cases[i].extra;
    how.change = to_float32;
    expect(judge(record(&how), pusher, "", cases[i].told, "system.substeps", "10"), cases[i].verdict, "");
  }
}

/* Of each length, windows that make up 512 actions, or 8: 67 of 200, 16 of 48, 12 of 12 and 4 of 4. */
static void some_windows_of_a_long_recording_are_simulated(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.length = 400;
  how.change = to_float32;
  judged found = judge_same(&how);
  const replay_fit* f = &found.study.evidence.trained;
  assert_int_equal(f->of_windows, 264);
  assert_int_equal(f->windows, 67 + 16 + 12 + 4);
  /* rounding explains all: what the solver explains is not measured */
  assert_true(f->step > 0 && f->step <= 1 && isinf(f->solver_step) && isinf(f->solver_drift));
  expect(found, REPLAY_ROUNDING, "; of the windows of several actions, 99 of 264 were simulated");
}

static void another_convention_is_named(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.start = 3;
  df_dataset* d = record(&how);
  const size_t rows = (size_t)EPISODES * LENGTH, nu = 2;
  memmove(d->actions + nu, d->actions, (rows - 1) * nu * sizeof *d->actions);
  expect(judge(d, arm, "", "", NULL, NULL), REPLAY_ANOTHER_CONVENTION, "row t + 1 acts from frame t");
  d = record(&how);
  memmove(d->actions, d->actions + nu, (rows - 1) * nu * sizeof *d->actions);
  expect(judge(d, arm, "", "", NULL, NULL), REPLAY_ANOTHER_CONVENTION, "row t - 1 acts from frame t");
  d = record(&how);
  for (size_t i = 0; i < (size_t)EPISODES * (LENGTH + 1) * 4; i++) d->states[i] *= 180 / 3.14159265358979323846;
  expect(judge(d, arm, "", "", NULL, NULL), REPLAY_ANOTHER_CONVENTION, "in degrees");
}

/* the actions of a recording, `rows` rows later than they act */
static df_dataset* record_late(const recorder* how, int rows) {
  df_dataset* d = record(how);
  const size_t n = df_dataset_actions(d), nu = (size_t)d->nu, by = (size_t)abs(rows);
  double *from = d->actions + (rows < 0 ? by * nu : 0), *to = d->actions + (rows > 0 ? by * nu : 0);
  memmove(to, from, (n - by) * nu * sizeof *d->actions);
  return d;
}

/* by up to five rows, and no more; what does not follow from the model with any is of another model */
static void actions_some_rows_late_or_early_are_named(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.start = 3;
  static const int tried[] = {-6, -5, -2, 3};
  for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
    const int rows = tried[i];
    char words[80], fits[120];
    judged found = judge(record_late(&how, rows), arm, "", "", NULL, NULL);
    if (abs(rows) > 5) {
      assert_null(found.study.reading.words);
      assert_null(strstr(found.reason, "degrees"));
      expect(found, found.study.verdict, "");
      continue;
    }
    snprintf(words, sizeof words, "the actions are stored %d rows too %s: with ", abs(rows),
             rows > 0 ? "late" : "early");
    snprintf(fits, sizeof fits,
             "the action of row t %c %d at frame t (no setting says this: move the actions %d rows %s)",
             rows > 0 ? '+' : '-', abs(rows), abs(rows), rows > 0 ? "up" : "down");
    assert_string_equal(replay_study_would_fit(&found.study), fits);
    expect(found, REPLAY_ANOTHER_CONVENTION, words);
  }
  how.extra = "damping='.001'";
  judged found = judge(record_late(&how, 3), arm, "", "", NULL, NULL);
  assert_null(found.study.reading.words);
  expect(found, found.study.verdict, "");
}

/* the recording with velocities that are differences of positions, as a script makes them afterwards */
static df_dataset* record_differences(const recorder* how, replay_differences kind) {
  df_dataset* d = record(how);
  const int nq = d->nx / 2, from = kind == DIFFERENCES_FORWARD ? 0 : -1, to = kind == DIFFERENCES_BACKWARD ? 0 : 1;
  for (int episode = 0; episode < d->episodes; episode++) {
    double* x = d->states + d->first[episode] * (size_t)d->nx;
    for (int t = 0; t <= d->lengths[episode]; t++) {
      const int a = t + from < 0 ? 0 : t + from, b = t + to > d->lengths[episode] ? t : t + to;
      for (int i = 0; i < nq && b > a; i++)
        x[t * d->nx + nq + i] = (x[b * d->nx + i] - x[a * d->nx + i]) / ((b - a) * d->dt);
    }
  }
  return d;
}

static void differences_of_positions_over_several_steps_are_named(void** state) {
  (void)state;
  static const char* const formulas[] = {"(q[t] - q[t-1]) / dt with dt = 0.05 s", "(q[t+1] - q[t]) / dt",
                                         "(q[t+1] - q[t-1]) / 2dt"};
  recorder how = recorder_of(leg);
  how.cfg.substeps = 10;
  for (int kind = 0; kind < DIFFERENCES_KINDS; kind++) {
    judged found = judge(record_differences(&how, (replay_differences)kind), leg, "", "", "system.substeps", "10");
    assert_null(replay_study_alternative(&found.study));
    expect(found, REPLAY_ANOTHER_CONVENTION, formulas[kind]);
  }

  /* the velocities of the simulator under another model are none */
  how.extra = "solref='.03 1'";
  judged found = judge(record(&how), leg, "", "", "system.substeps", "10");
  assert_int_equal(found.study.differences, DIFFERENCES_NONE);
  expect(found, REPLAY_ANOTHER_MODEL, "");

  /* nor those of one step, which are differences in every model */
  how.cfg.substeps = 1;
  found = judge(record_differences(&how, DIFFERENCES_BACKWARD), leg, "", "", NULL, NULL);
  assert_int_equal(found.study.differences, DIFFERENCES_NONE);
  expect(found, REPLAY_ANOTHER_MODEL, "");
}

/* The actions that a shifted reading skips are no evidence for it. */
static void a_reading_that_compares_nothing_explains_nothing(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.episodes = 2000;
  how.length = 1;
  expect(judge_same(&how), REPLAY_FOLLOWS, "follow");
  how.extra = "damping='.1'";
  judged found = judge(record(&how), arm, "", "", NULL, NULL);
  const hypotheses* tried = &found.study.tried;
  int too_few = 0;
  for (int i = 0; i < tried->n; i++) {
    too_few += tried->list[i].too_few;
    assert_true(!tried->list[i].too_few || isinf(tried->list[i].rms));
  }
  /* actions a row earlier or later; velocities of positions begin with the second frame */
  assert_true(too_few >= 3);
  assert_false(tried->list[tried->best].too_few);
  expect(found, REPLAY_ANOTHER_MODEL, "alternative");
}

/* Alternatives are compared where both compare: errors in the first actions are not avoided by skipping these. */
static void a_reading_that_skips_the_worst_actions_is_not_closer(void** state) {
  (void)state;
  hypothesis trained = {.rms = 1}, skips = {.rms = 1};
  for (int i = 0; i < SAMPLE_ACTIONS; i++) {
    trained.mean_square[i] = i % 2 ? 4 : 100;
    skips.mean_square[i] = i % 2 ? 9 : -1;
  }
  assert_true(hypothesis_rms(&trained, &skips) == 2);
  assert_true(hypothesis_rms(&skips, &trained) == 3);
  assert_true(hypothesis_rms(&trained, &trained) == sqrt(52));
  assert_true(hypothesis_is_closer(&trained, &skips));
  assert_false(hypothesis_is_closer(&skips, &trained));
  /* an alternative that diverges has no error, also where nothing of it was compared */
  hypothesis diverges = {.rms = INFINITY};
  for (int i = 0; i < SAMPLE_ACTIONS; i++) diverges.mean_square[i] = -1;
  assert_true(isinf(hypothesis_rms(&diverges, &trained)));
  assert_true(hypothesis_is_closer(&skips, &diverges));
  assert_false(hypothesis_is_closer(&diverges, &skips));
  assert_false(hypothesis_is_closer(&diverges, &diverges));
}

static void velocities_that_do_not_belong_to_float32_positions_are_named(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.start = 1;
  how.change = to_float32;
  df_dataset* d = record(&how);
  double random[2];
  for (size_t i = 0; i < (size_t)EPISODES * (LENGTH + 1); i++) {
    df_rng_uniform(9, DF_STREAM_TEST, i, 2, random);
    for (int k = 0; k < 2; k++) d->states[i * 4 + 2 + (size_t)k] = (double)(float)random[k];
  }
  expect(judge(d, arm, "", "", NULL, NULL), REPLAY_ANOTHER_CONVENTION,
         "the velocities do not belong to the positions;");
}

static void an_action_of_25_steps_is_named(void** state) {
  (void)state;
  recorder how = recorder_of(arm);
  how.cfg.timestep = 0.001;
  how.cfg.substeps = 25;
  judged found = judge(record(&how), arm, "", "", "system.timestep", "0.001");
  /* timestep and substeps say one thing: how an action is divided */
  assert_int_equal(hypothesis_differences(replay_study_alternative(&found.study)), 1);
  expect(found, REPLAY_ANOTHER_OPTION, "system.timestep = 0.001, system.substeps = 25;");
}

/* A mass that swings half a period per action shows nothing of the duration of an action. As its velocities are derived
 * ones, only the pendulum is measured. */
static void a_duration_is_measured_by_recorded_velocities(void** state) {
  (void)state;
  static const char swing[] =
      "<mujoco><option timestep='.001' %s/><worldbody><body><joint type='slide' axis='1 0 0' stiffness='15791'/>"
      "<geom size='.03' mass='1' contype='0' conaffinity='0' %s/></body><body><joint name='a' axis='0 1 0'/>"
      "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/></body>"
      "</worldbody><actuator><motor joint='a'/></actuator></mujoco>";
  recorder how = recorder_of(swing);
  how.cfg.substeps = 25;
  how.start = 1;
  df_dataset* d = record(&how);
  d->derived[d->nx / 2] = true;
  expect(judge(d, swing, "", "", NULL, NULL), REPLAY_ANOTHER_OPTION, "system.timestep = 0.001, system.substeps = 25;");
}

/* The actions take two steps, and the recorder's solver stops at a residual that is in no list of alternatives: with
 * two steps, only the solver's tolerance is left. */
static void an_option_that_leaves_the_solvers_tolerance_is_named(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic' impratio='100'";
  how.cfg.tolerance = 3e-14;
  how.cfg.substeps = 2;
  judged found = judge_same(&how);
  const replay_fit* best = &found.study.evidence.best;
  assert_true(!replay_fits(best) && replay_tolerated(best));
  assert_non_null(replay_study_would_fit(&found.study));
  assert_non_null(strstr(replay_study_would_fit(&found.study), "system.timestep = 0.004, system.substeps = 2"));
  expect(found, REPLAY_ANOTHER_OPTION, "the tolerance of the constraint solver explains the rest");
}

/* Actions of 16, 16 and 17 steps in turn, as a clock of 16.33 steps makes them. */
static void a_number_of_steps_that_varies_is_named(void** state) {
  (void)state;
  static const char* const settings[] = {"16", "17"};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    df_dataset* d = record_in_turn(arm, 16, 16, 17);
    judged found = judge(d, arm, "", "", "system.substeps", settings[i]);
    assert_null(replay_study_would_fit(&found.study));
    assert_int_equal(found.study.varying.usual, 16);
    assert_int_equal(found.study.varying.other, 17);
    assert_float_equal(found.study.varying.share, 2. / 3, 1e-12);
    expect(found, REPLAY_ANOTHER_OPTION,
           "the number of physics steps of 0.005 s per action varies: 16 in 66.7 % of the actions, 17 in the rest; "
           "training needs the same number in all of them: record at a whole number of steps, data.rate = 12.5 for 16");
  }

  /* with contacts, whose solver starts warm from an action of another length */
  judged contacts = judge(record_in_turn(ball, 5, 5, 6), ball, "", "", "system.substeps", "5");
  assert_int_equal(contacts.study.varying.usual, 5);
  assert_int_equal(contacts.study.varying.other, 6);
  expect(contacts, REPLAY_ANOTHER_OPTION, "varies: 5 in 66.7 % of the actions, 6 in the rest");

  /* one number for all is another option; a third number, or another model besides, is no such thing */
  judged one = judge(record_in_turn(arm, 16, 16, 16), arm, "", "", "system.substeps", "17");
  assert_int_equal(one.study.varying.usual, 0);
  expect(one, REPLAY_ANOTHER_OPTION, "the recording follows with: system.timestep = 0.005, system.substeps = 16;");
  judged three = judge(record_in_turn(ball, 5, 6, 8), ball, "", "", "system.substeps", "5");
  assert_int_equal(three.study.varying.usual, 0);
  expect(three, REPLAY_ANOTHER_MODEL, "");
  judged heavy = judge(record_in_turn(arm, 16, 16, 17), arm, "", "damping='.01'", "system.substeps", "16");
  assert_int_equal(heavy.study.varying.usual, 0);
  expect(heavy, REPLAY_ANOTHER_MODEL, "");
}

static void options_that_do_not_compile_are_no_error(void** state) {
  (void)state;
  df_config config = df_config_default();
  df_search search = {.n = 1, .folder = {(char*)(size_t)test_folder()}};
  df_system* system;
  char* text = text_of_model(arm, "", "");
  assert_ok(df_file_write(test_file("model.xml"), text, strlen(text)));
  df_free(text);
  assert_ok(df_config_set(&config, "system.model", "model.xml", "test"));
  df_mujoco_cfg cfg = replay_cfg(&config, true);
  assert_ok(replay_other_system(&config, &search, &cfg, &system));
  assert_non_null(system);
  df_system_free(system);
  (void)df_alloc_fail_at(1);
  assert_int_equal(replay_other_system(&config, &search, &cfg, &system), DF_E_NOMEM);
  (void)df_alloc_fail_at(0);
  cfg.tolerance = NAN;
  assert_ok(replay_other_system(&config, &search, &cfg, &system));
  assert_null(system);
}

/* The message of a thread that fails reaches the thread that reports it. */
static void a_failure_of_any_thread_has_a_message(void** state) {
  (void)state;
  recorder how = recorder_of(slider);
  how.still = true;
  how.length = 2;
  df_dataset* d = record(&how);
  char* text = text_of_model(slider, "", "");
  df_system* s;
  const df_mujoco_cfg cfg = how.cfg;
  assert_ok(df_mujoco_system_from_xml(text, "model", &cfg, &s));
  recording r;
  assert_ok(recording_of(d, s, &r));
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 4;
  const double limit[KINDS] = {0};
  for (int explain = 0; explain < 2; explain++) {
    df_status status = DF_E_NOMEM;
    for (size_t n = 1; status != DF_OK; n++) {
      comparison c = {0};
      replay_fit fit;
      (void)df_fail(DF_E_ARG, "before");
      (void)df_alloc_fail_at(n);
      const replay_explanation what = {.r = &r, .system = s, .limit = limit, .label = "replay", .opts = &opts};
      status = explain ? replay_explain(&what, &fit) : replay_compare(&r, s, 1e-12, "replay", &opts, &c);
      (void)df_alloc_fail_at(0);
      assert_true(status == DF_OK || status == DF_E_NOMEM);
      if (!explain && n > 1 && status != DF_OK)
        assert_non_null(strstr(df_error_message(), "cannot create a simulator: "));
      comparison_clear(&c);
    }
  }
  df_dataset_free(d);
  df_system_free(s);
  df_free(text);
}

/* a limit of iterations that few actions of the sample meet, behind an integrator */
static void a_rare_difference_is_named_with_a_common_one(void** state) {
  (void)state;
  recorder how = recorder_of(leg);
  how.cfg.integrator = DF_INTEGRATOR_RK4;
  how.cfg.iterations = 4;
  how.cfg.substeps = 2;
  expect(judge(record(&how), leg, "", "", "system.substeps", "2"), REPLAY_ANOTHER_OPTION,
         "system.integrator = RK4, option iterations = 4;");
}

static void several_differences_are_named_together(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic'";
  how.cfg.islands = DF_ISLANDS_MODEL;
  how.cfg.gain_scale = 1.3;
  judged found = judge_same(&how);
  assert_int_equal(hypothesis_differences(replay_study_alternative(&found.study)), 2);
  expect(found, REPLAY_ANOTHER_OPTION, "actuator gains (kp) x 1.3, with the model file's own solver options;");
}

/* The solver options of the model's file differ from those of training, and something else, too. */
static void another_cause_is_named_with_the_own_solver_options(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic'";
  how.cfg.islands = DF_ISLANDS_MODEL;
  df_dataset* d = record(&how);
  memmove(d->actions + 1, d->actions, ((size_t)EPISODES * LENGTH - 1) * sizeof *d->actions);
  expect(judge(d, boxes, how.options, "", NULL, NULL), REPLAY_ANOTHER_CONVENTION,
         "row t + 1 acts from frame t, with the model file's own solver options;");
  how.cfg.gain_scale = 1.1;
  expect(judge_same(&how), REPLAY_ANOTHER_OPTION,
         "actuator gains (kp) x 1.1, with the model file's own solver options;");
}

/* ---- other models behind everything that excuses an error ---- */

static void another_model_is_never_excused(void** state) {
  (void)state;
  recorder base = recorder_of(arm);
  const struct {
    const char *xml, *options, *extra; /* of the recorder */
    const char* told;                  /* extra of the task's model */
    double gain, start;
    int iterations, length;
    bool islands;
    void (*change)(double*, size_t);
  } cases[] = {
      {arm, "", "", "", 1.01, 0, 0, 0, false, to_float32},
      {arm, "", "", "", 1.0001, 0, 0, 0, false, to_float32},
      {arm, "", "", "", 1.05, 0, 0, 0, false, to_3_decimals},
      {arm, "", "", "", 1.01, 0, 0, 0, false, to_3_decimals}, /* only windows of many actions show it */
      {arm, "", "", "", 1.1, 0, 0, 0, false, to_float16},
      {ball, "", "", "", 1.05, 0, 0, 0, false, to_float32},
      {ball, "", "", "", 1.1, 0, 0, 0, false, to_3_decimals},
      {arm, "", "", "", 1.000001, 3, 0, 2000, false, NULL},
      {boxes, "cone='elliptic' solver='CG'", "", "", 1.001, 0, 0, 0, false, NULL},
      {boxes, "iterations='4'", "", "", 1.02, 0, 0, 0, true, NULL},
      {boxes, "cone='elliptic'", "friction='1.2 .005 .0001'", "", 1, 0, 0, 0, false, NULL},
      {boxes, "cone='elliptic'", "friction='1.2 .005 .0001'", "", 1, 0, 0, 0, true, to_float32},
      {arm, "", "damping='.01'", "", 1, 0, 0, 0, false, NULL},
      {arm, "", "damping='.01'", "", 1, 0, 0, 0, false, to_float32},
      {arm, "", "armature='.0001'", "", 1, 0, 0, 0, false, to_float32},
      {arm, "", "armature='.00001'", "", 1, 0, 0, 0, false, to_float32},
      {arm, "gravity='0 0 -9.809'", "", "", 1, 0, 0, 0, false, to_float32},
      {arm, "", "damping='.05'", "", 1, 0, 0, 0, false, to_3_decimals},
      {arm, "gravity='0 0 -9.8'", "", "", 1, 3, 0, 2000, false, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = base;
    how.xml = cases[i].xml;
    how.options = cases[i].options;
    how.extra = cases[i].extra;
    how.cfg.gain_scale = cases[i].gain;
    how.cfg.islands = cases[i].islands ? DF_ISLANDS_MODEL : DF_ISLANDS_OFF;
    how.start = cases[i].start;
    how.length = cases[i].length;
    how.change = cases[i].change;
    const char* told_options = strstr(how.options, "gravity") ? "" : how.options;
    judged found = judge(record(&how), how.xml, told_options, cases[i].told, NULL, NULL);
    if (replay_verdict_exit(found.study.verdict) != EXIT_CHECK_FAILED) {
      print_error("case %zu: %s: %s\n", i, replay_verdict_text(found.study.verdict), found.reason);
      fail();
    }
    df_free(found.reason);
    replay_study_clear(&found.study);
  }
}

static void one_kick_is_never_excused(void** state) {
  (void)state;
  const struct {
    const char* xml;
    double kick;
    void (*change)(double*, size_t);
  } cases[] = {{arm, 1e-9, NULL}, {arm, 1e-5, to_float32}, {ball, 1e-4, to_float32}, {arm, 0.05, to_3_decimals}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recorder how = recorder_of(cases[i].xml);
    how.kick = cases[i].kick;
    how.change = cases[i].change;
    judged found = judge_same(&how);
    const hypothesis* best = &found.study.tried.list[found.study.tried.best];
    if (found.study.tried.best == TRY_TRAINED) assert_string_equal(hypothesis_text(best), "as training simulates it");
    if (i == 0) assert_non_null(strstr(found.reason, ", and 479 of 480 are exact"));
    expect(found, REPLAY_ANOTHER_MODEL, "episode 2, frame 70");
  }
}

/* ... also where the solver options of the model's file make larger differences */
static void one_kick_is_found_with_the_own_solver_options(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic'";
  how.cfg.islands = DF_ISLANDS_MODEL;
  how.kick = 1e-9;
  judged found = judge_same(&how);
  assert_true(found.study.own_is_closer);
  expect(found, REPLAY_ANOTHER_MODEL,
         "with the model file's own solver options (most in joint 'h', episode 2, frame 70)");
}

/* the coordinate is that of `carried`, whose warm start is that of the preceding actions */
static void the_worst_coordinate_is_that_of_the_worst_error(void** state) {
  (void)state;
  recorder how = recorder_of(boxes);
  how.options = "cone='elliptic' solver='CG'";
  how.cfg.gain_scale = 1.001;
  judged found = judge_same(&how);
  const replay_place* worst = &found.study.worst;
  assert_true(worst->error > 0);
  assert_true(worst->error == largest(found.study.trained.carried[worst->kind], found.study.trained.steps));
  expect(found, REPLAY_ANOTHER_OPTION, worst->joint);
}

static void a_tiny_model_has_tiny_limits(void** state) {
  (void)state;
  recorder how = recorder_of(slider);
  how.still = true;
  expect(judge_same(&how), REPLAY_FOLLOWS, "follow");
  how.cfg.gain_scale = 1.1;
  expect(judge_same(&how), REPLAY_ANOTHER_OPTION, " x 1.1;");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_recording_follows),
      cmocka_unit_test(episodes_of_different_length_follow),
      cmocka_unit_test(a_cleared_warm_start_is_the_solvers),
      cmocka_unit_test(islands_of_the_model_file_are_named),
      cmocka_unit_test(islands_of_the_model_file_are_named_where_rounding_hides_them),
      cmocka_unit_test(a_jump_of_the_solver_is_no_chaos),
      cmocka_unit_test(few_iterations_of_the_model_file_are_named),
      cmocka_unit_test(a_limit_of_the_line_search_is_named),
      cmocka_unit_test(another_residual_of_the_solver_is_no_other_model),
      cmocka_unit_test(the_start_of_a_cut_recording_is_the_solvers),
      cmocka_unit_test(rounding_is_judged_from_the_data),
      cmocka_unit_test(actions_may_be_rounded_alone),
      cmocka_unit_test(coarse_actions_of_the_same_model_are_rounding),
      cmocka_unit_test(coarse_actions_excuse_no_other_model),
      cmocka_unit_test(rounding_that_hides_another_model_is_undecided),
      cmocka_unit_test(few_coarse_actions_are_undecided),
      cmocka_unit_test(rare_contacts_are_rounding),
      cmocka_unit_test(another_model_with_rare_contacts_is_not_excused),
      cmocka_unit_test(chaos_is_named_with_its_doubling_time),
      cmocka_unit_test(perfect_recordings_are_never_condemned),
      cmocka_unit_test(another_option_is_named),
      cmocka_unit_test(one_other_actuator_is_named),
      cmocka_unit_test(another_order_of_actions_is_named),
      cmocka_unit_test(actions_in_another_unit_are_named),
      cmocka_unit_test(what_only_comes_closer_is_no_other_unit_or_order),
      cmocka_unit_test(rounded_actions_in_another_unit_are_named),
      cmocka_unit_test(the_actuator_that_drives_the_error_is_named),
      cmocka_unit_test(what_is_not_recorded_is_not_compared),
      cmocka_unit_test(a_pushed_box_in_float32_is_rounding),
      cmocka_unit_test(some_windows_of_a_long_recording_are_simulated),
      cmocka_unit_test(another_convention_is_named),
      cmocka_unit_test(differences_of_positions_over_several_steps_are_named),
      cmocka_unit_test(a_reading_that_compares_nothing_explains_nothing),
      cmocka_unit_test(a_reading_that_skips_the_worst_actions_is_not_closer),
      cmocka_unit_test(velocities_that_do_not_belong_to_float32_positions_are_named),
      cmocka_unit_test(an_action_of_25_steps_is_named),
      cmocka_unit_test(a_duration_is_measured_by_recorded_velocities),
      cmocka_unit_test(an_option_that_leaves_the_solvers_tolerance_is_named),
      cmocka_unit_test(a_number_of_steps_that_varies_is_named),
      cmocka_unit_test(options_that_do_not_compile_are_no_error),
      cmocka_unit_test(a_failure_of_any_thread_has_a_message),
      cmocka_unit_test(a_rare_difference_is_named_with_a_common_one),
      cmocka_unit_test(several_differences_are_named_together),
      cmocka_unit_test(another_cause_is_named_with_the_own_solver_options),
      cmocka_unit_test(another_model_is_never_excused),
      cmocka_unit_test(one_kick_is_never_excused),
      cmocka_unit_test(actions_some_rows_late_or_early_are_named),
      cmocka_unit_test(one_kick_is_found_with_the_own_solver_options),
      cmocka_unit_test(the_worst_coordinate_is_that_of_the_worst_error),
      cmocka_unit_test(a_tiny_model_has_tiny_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
