/* Recordings without actions of joints that their own actuators press beyond soft limits, against simulations: neither
 * the limits are wrong, nor the columns. Positions that no action leads to are wrong as before. */
#include <math.h>

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "reachable.h"
#include "small_recording.h"
#include "test_file.h"
#include "unit.h"

/* Three links about vertical axes; a frame is 0.02 s, of ten physics steps. The first joint has a soft limit. With the
 * impedance d = 0.95, the time constant 0.08 s and the acceleration A of its motor, it rests (1 - d) / d A 0.08^2 d
 * beyond. */
#define LINKS(range)                                                                                                 \
  "<mujoco><compiler angle='radian'/><option timestep='.002' integrator='implicitfast' gravity='0 0 0'/><default>"   \
  "<joint damping='2' armature='.05' axis='0 0 1'/><geom contype='0' conaffinity='0' density='200'/></default>"      \
  "<worldbody><body><joint name='a' range='-.5 .5' solreflimit='.08 1'/><geom type='capsule' fromto='0 0 0 .1 0 0' " \
  "size='.02'/><body pos='0 0 .1'><joint name='b' range='-2 2'/><geom type='capsule' fromto='0 0 0 .1 0 0' "         \
  "size='.02'/><body pos='0 0 .1'><joint name='c' range='-2 2'/><geom type='capsule' fromto='0 0 0 .1 0 0' "         \
  "size='.02'/></body></body></body></worldbody><actuator><motor joint='a' gear='60' " range                         \
  "/><motor joint='b' "                                                                                              \
  "gear='2' " range "/><motor joint='c' gear='2' " range "/></actuator></mujoco>"
static const char bounded_xml[] = LINKS("ctrlrange='-1 1'"), unbounded_xml[] = LINKS("");
enum { CLIPS = 4, CLIP = 80, NX = 6 };

typedef struct recorded {
  const char* xml;
  double offset; /* of the first joint, in the last episode or in all, rad */
  bool all;
} recorded;

static df_system* links(const char* xml) {
  df_system* s;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 10;
  assert_ok(df_mujoco_system_from_xml(xml, "links", &cfg, &s));
  return s;
}

static df_dataset* record(const df_system* s, const recorded* r) {
  df_dataset* d;
  df_sim* sim;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = CLIPS, .length = CLIP, .nx = NX, .dt = s->dt}, &d));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < CLIPS; e++) {
    double x[NX] = {0};
    s->ops->reset(sim, x);
    for (int t = -20; t <= CLIP; t++) {
      const double at = 0.02 * t + e, u[3] = {tanh(4 * sin(5 * at)), 0.8 * sin(6 * at + 1), 0.8 * sin(8 * at + 2)};
      for (int i = 0; i < NX && t >= 0; i++)
        frame_of(d, e, t)[i] = x[i] + (i == 0 && (r->all || e == CLIPS - 1) ? r->offset : 0);
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  return d;
}

/* the share of the frames in which the first joint is beyond its range by 2 % of its width, and its largest excess */
static double counted(const df_dataset* d, double* worst) {
  int n = 0;
  *worst = 0;
  for (int e = 0; e < CLIPS; e++) {
    for (int t = 0; t < CLIP; t++) {
      const double excess = fabs(frame_of(d, e, t)[0]) - 0.5;
      n += excess > 0.02;
      *worst = fmax(*worst, excess);
    }
  }
  return (double)n / (CLIPS * CLIP);
}

/* the findings of the states; *pressed: limits_are_reachable() */
static data_findings check(const recorded* r, bool* pressed, double* share, double* worst) {
  static const double h[CLIPS] = {0.02, 0.02, 0.02, 0.02};
  data_findings f = {0};
  trace m;
  df_system* s = links(r->xml);
  df_dataset* d = record(s, r);
  *share = counted(d, worst);
  assert_ok(trace_of(d, s, h, 100000, &m));
  assert_ok(limits_are_reachable(&m, pressed));
  trace_clear(&m);
  assert_ok(data_check_states(d, s, &check_thorough, &f));
  df_dataset_free(d);
  df_system_free(s);
  return f;
}

static void what_actuators_press_is_no_mistake(void** state) {
  (void)state;
  /* controls without a range press as far as one likes; no action leads to positions that are off */
  static const recorded cases[] = {{bounded_xml, 0, true},
                                   {unbounded_xml, 0, true},
                                   {bounded_xml, 0.3, true},
                                   {bounded_xml, -0.3, true},
                                   {bounded_xml, 0.6, false}};
  for (int i = 0; i < 5; i++) {
    bool pressed;
    double share, worst;
    data_findings f = check(&cases[i], &pressed, &share, &worst);
    const data_finding* one = finding_at(&f, DATA_CHECK_JOINT_LIMIT, "a");
    if (pressed != (i == 0)) fail_msg("%d: %d", i, pressed);
    assert_true(share > 0.25 && worst > 0.25);
    assert_non_null(one);
    assert_true(fabs(one->value - share) < 1e-12);
    assert_int_equal(one->verdict, i == 0 ? CHECK_WARN : CHECK_WRONG);
    assert_true((strstr(one->reason, "the actuators of the model press its soft limits so far, but") != NULL) ==
                (i == 0));
    expect_limits_decide(&f);
    data_findings_clear(&f);
  }
}

/* the row on the order of the columns of the states in a file; an owned copy of its reason, NULL: none */
static void columns_of(const char* xml, char* reason, size_t n) {
  data_findings f = {0};
  df_config config = df_config_default();
  df_system* s = links(xml);
  df_dataset* d = record(s, &(recorded){xml, 0, true});
  const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {CLIPS, CLIP + 1, NX}, .values = d->states},
                                  {.key = "dt", .values = &s->dt}};
  assert_ok(df_npz_write(test_file("links.npz"), 2, entries));
  set_all(&config, "data.actions_key = ");
  assert_ok(data_check_recording(test_file("links.npz"), &config, s, &check_thorough, &f, NULL));
  reason[0] = '\0';
  for (int i = 0; i < f.n; i++) {
    const data_finding* one = &f.list[i];
    if (one->check == DATA_CHECK_CONVENTION || one->check == DATA_CHECK_JOINT_ORDER)
      snprintf(reason, n, "%s", one->reason);
  }
  data_findings_clear(&f);
  df_dataset_free(d);
  df_system_free(s);
}

static void columns_are_not_shifted_by_what_is_pressed(void** state) {
  (void)state;
  char reason[400];
  columns_of(bounded_xml, reason, sizeof reason);
  assert_string_equal(reason, "");
  /* where nothing speaks against it, within the limits of the other joints */
  columns_of(unbounded_xml, reason, sizeof reason);
  assert_non_null(strstr(reason, "the columns of the joints are shifted by 1 place"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_actuators_press_is_no_mistake),
                                     cmocka_unit_test(columns_are_not_shifted_by_what_is_pressed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
