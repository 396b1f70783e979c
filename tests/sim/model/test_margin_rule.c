/* The margin rules: against MuJoCo's own contacts of a model whose margins give the same sums. */
#include "model.h"
#include "models.h"

/* geoms of all kinds, each overlapping the next: other priorities, solmix, condim, friction, solref and solimp; the
 * arguments are the margin of every geom, and what the contact section holds */
#define PILE                                                                                                           \
  "<mujoco><default><geom margin='%s' gap='%s'/></default><worldbody><geom name='floor' type='plane' size='9 9 .1' "   \
  "friction='.7 .02 .003' solmix='3'/>"                                                                                \
  "<body name='a' pos='0 0 .09'><freejoint/><geom size='.1' condim='4' friction='.5 .03 .001' solref='.01 .8'/>"       \
  "<body name='child' pos='.15 0 0'><joint/><geom name='tip' size='.1' priority='1' condim='6' friction='.2 .01 .01' " \
  "solimp='.7 .9 .002'/></body></body>"                                                                                \
  "<body name='b' pos='0 .15 .09'><freejoint/><geom type='capsule' size='.1 .05' solmix='0' solref='-900 "             \
  "-30'/></body>"                                                                                                      \
  "<body name='c' pos='0 -.15 .09'><freejoint/><geom type='box' size='.1 .06 .1' condim='1' solmix='.5'/></body>"      \
  "<body name='apart' pos='.15 .15 .09'><freejoint/><geom name='last' size='.1' contype='2' conaffinity='1' "          \
  "solmix='0' solimp='.5 .8 .01'/></body>"                                                                             \
  "</worldbody>%s</mujoco>"

typedef struct scene {
  df_system* system;
  mjData* data;
} scene;

static scene scene_of(const char* margin, const char* gap, const char* contact, df_margin_rule rule) {
  char xml[4096];
  scene s;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.margin_rule = rule;
  cfg.forward_only = true;
  snprintf(xml, sizeof xml, PILE, margin, gap, contact);
  OK(df_mujoco_system_from_xml(xml, "pile", &cfg, &s.system));
  const mjModel* m = as_mujoco(s.system)->model;
  s.data = mj_makeData(m);
  mj_forward(m, s.data);
  return s;
}

static void scene_free(scene* s) {
  mj_deleteData(s->data);
  df_system_free(s->system);
}

/* every contact of `a`, with all its parameters, is in `b` */
static void expect_same_contacts(const scene* a, const scene* b) {
  assert_int_equal(a->data->ncon, b->data->ncon);
  for (int i = 0; i < a->data->ncon; i++) {
    const mjContact *p = &a->data->contact[i], *q = &b->data->contact[i];
    assert_memory_equal(p->geom, q->geom, sizeof p->geom);
    assert_int_equal(p->dim, q->dim);
    CLOSE(p->dist, q->dist, 0);
    CLOSE(p->includemargin, q->includemargin, 1e-17);
    for (int k = 0; k < 5; k++) CLOSE(p->friction[k], q->friction[k], 0);
    for (int k = 0; k < mjNREF; k++) CLOSE(p->solref[k], q->solref[k], 1e-15 * fabs(q->solref[k]));
    for (int k = 0; k < mjNREF; k++) CLOSE(p->solreffriction[k], q->solreffriction[k], 0);
    for (int k = 0; k < mjNIMP; k++) CLOSE(p->solimp[k], q->solimp[k], 1e-15);
  }
}

#define EXCLUDE "<contact><exclude body1='a' body2='c'/></contact>"

/* with equal margins, the largest is the sum of halves */
static void pairs_have_the_parameters_of_mujocos_own_contacts(void** state) {
  (void)state;
  for (int excluded = 0; excluded < 2; excluded++) {
    scene old = scene_of("0.02", "0", excluded ? EXCLUDE : "", DF_MARGIN_MAX);
    scene half = scene_of("0.01", "0", excluded ? EXCLUDE : "", DF_MARGIN_SUM);
    assert_true(half.data->ncon >= 8);
    assert_true(as_mujoco(old.system)->model->npair > 0);
    expect_same_contacts(&old, &half);
    scene_free(&old);
    scene_free(&half);
  }
}

/* the distance from which geoms 0 and 1 of a model exert forces */
static double include_margin(const char* geom0, const char* geom1, const char* contact, df_margin_rule rule) {
  char xml[1024];
  df_system* system;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.margin_rule = rule;
  snprintf(xml, sizeof xml,
           "<mujoco><worldbody><geom name='p' type='plane' size='1 1 1' %s/><body pos='0 0 .1'><joint name='z' "
           "type='slide' axis='0 0 1'/><geom name='s' size='.1' %s/></body></worldbody><actuator><motor joint='z'/>"
           "</actuator>%s</mujoco>",
           geom0, geom1, contact);
  OK(df_mujoco_system_from_xml(xml, "two geoms", &cfg, &system));
  const mjModel* m = as_mujoco(system)->model;
  mjData* d = mj_makeData(m);
  mj_forward(m, d);
  assert_int_equal(d->ncon, 1);
  const double margin = d->contact[0].includemargin;
  mj_deleteData(d);
  df_system_free(system);
  return margin;
}

static void unequal_margins_and_gaps(void** state) {
  (void)state;
  static const char one[] = "margin='.01'", two[] = "margin='.02' gap='.005'", gap[] = "gap='.004'", no[] = "";
  CLOSE(include_margin(one, two, "", DF_MARGIN_SUM), 0.03, 1e-17);
  CLOSE(include_margin(one, two, "", DF_MARGIN_MAX), 0.015, 1e-17);
  CLOSE(include_margin(two, one, "", DF_MARGIN_MAX), 0.015, 1e-17);
  CLOSE(include_margin(no, one, "", DF_MARGIN_MAX), 0.01, 1e-17);
  /* a gap alone makes the rules differ, too */
  CLOSE(include_margin(one, gap, "", DF_MARGIN_SUM), 0.01, 1e-17);
  CLOSE(include_margin(one, gap, "", DF_MARGIN_MAX), 0.006, 1e-17);
  CLOSE(include_margin(gap, one, "", DF_MARGIN_MAX), 0.006, 1e-17);
  CLOSE(include_margin(one, two, "", DF_MARGIN_NONE), 0, 0);
}

static void the_models_own_pairs(void** state) {
  (void)state;
  static const char own[] = "<contact><pair geom1='p' geom2='s' margin='.03' gap='.01'/></contact>";
  CLOSE(include_margin("margin='.5'", "margin='.5'", own, DF_MARGIN_SUM), 0.03, 1e-17);
  CLOSE(include_margin("margin='.5'", "margin='.5'", own, DF_MARGIN_MAX), 0.02, 1e-17);
  CLOSE(include_margin("margin='.5'", "margin='.5'", own, DF_MARGIN_NONE), 0, 0);
}

/* no pair where the rules agree, so that such a model is compiled as ever */
static void rules_that_agree_add_no_pairs(void** state) {
  (void)state;
  scene s = scene_of("0", "0", "", DF_MARGIN_MAX);
  assert_int_equal(as_mujoco(s.system)->model->npair, 0);
  scene_free(&s);
}

static void flexes_are_refused(void** state) {
  (void)state;
  static const char flex[] =
      "<mujoco><worldbody><flexcomp name='f' type='grid' count='2 2 1' dim='2' spacing='.1 .1 "
      ".1'/></worldbody></mujoco>";
  df_system* system;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.margin_rule = DF_MARGIN_MAX;
  assert_int_equal(df_mujoco_system_from_xml(flex, "flex", &cfg, &system), DF_E_FORMAT);
  assert_string_equal(df_error_message(),
                      "flex: the margin rule of MuJoCo before 3.5 is not available for models with flexes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_have_the_parameters_of_mujocos_own_contacts),
      cmocka_unit_test(unequal_margins_and_gaps),
      cmocka_unit_test(the_models_own_pairs),
      cmocka_unit_test(rules_that_agree_add_no_pairs),
      cmocka_unit_test(flexes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
