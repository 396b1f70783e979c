/* The derivative of contacts for all contact parameters and kinds of bodies; contacts without an exact derivative. */
#include "contacts.h"

/* slow */

/* ---- parameters of contacts, for pairs whose normal can turn or whose point slips ---- */

static void laws_of_contact_agree_with_differences(void** state) {
  (void)state;
  static const law laws[] = {
      {", condim 1, direct solref", "", "condim='1' solref='-800 -40'", ""},
      {", condim 4, elliptic, impratio", "cone='elliptic' impratio='5'", "condim='4'", ""},
      {", condim 6, margin", "", "condim='6' margin='.02'", ""},
      {", condim 6, elliptic, margin and gap", "cone='elliptic'", "condim='6' margin='.02' gap='.03'", ""},
      {", explicit pair, elliptic", "cone='elliptic'", "contype='0' conaffinity='0'",
       "<contact><pair geom1='a' geom2='b' condim='6' friction='.6 .9 .04 .02 .05' margin='.01' gap='.02' "
       "solref='.03 1.2' solreffriction='.05 .7' solimp='.7 .9 .03 .4 3'/></contact>"},
  };
  static const struct {
    const char *name, *first, *pose, *second;
    double spread;
  } pairs[] = {
      {"sphere-box", BALL, "pos='.24 .03 .145'", BOX, .03},
      {"capsule-box", LONG("0 80 10"), "pos='.05 .03 .19'", BOX, .04},
      {"sphere-cylinder", BALL, "pos='.19 .13 .14'", "type='cylinder' size='.2 .1'", .03},
      {"capsule-capsule", "type='capsule' size='.1 .3' euler='90 10 20'", "pos='.05 0 .18'",
       "type='capsule' size='.1 .3' euler='0 80 5'", .04},
      {"box-box", "type='box' size='.1 .12 .3'", "pos='.15 .13 .39' euler='3 2 20'", BOX, .02},
  };
  int in_gap = 0;
  for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
    const law* l = &laws[i];
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
      in_gap +=
          check_pair(pairs[k].name, TWO_BODIES, l, pairs[k].first, pairs[k].pose, pairs[k].second, pairs[k].spread)
              .in_gap;
    check_in_world("plane-cylinder", l, PLANE, "0 0 .1", "type='cylinder' size='.1 .1' euler='85 5 0'", .04);
    check_in_world("plane-ellipsoid", l, PLANE, "0 0 .12", "type='ellipsoid' size='.1 .2 .15' euler='20 0 0'", .05);
  }
  MANY(in_gap);
}

/* parameters come from the geom of higher priority; for equal priority they mix by solmix */
static void parameters_of_two_geoms_mix_as_in_mujoco(void** state) {
  (void)state;
  const law elliptic = {"", "cone='elliptic'", "", ""};
  check_pair("sphere-box, priority", TWO_BODIES, &elliptic,
             BALL " priority='1' solref='.03 .8' solimp='.5 .9 .05' friction='.2 .1 .1' condim='6'",
             "pos='.24 .03 .145'", BOX, .03);
  check_pair("capsule-box, solmix", TWO_BODIES, &elliptic, LONG("0 80 10") " solmix='3' solref='.03 .8'",
             "pos='.05 .03 .19'", BOX " solmix='.5' solimp='.5 .9 .05' friction='1.2 .1 .1' condim='4'", .04);
}

/* ---- kinds of bodies ---- */

static void bodies_of_any_kind_agree_with_differences(void** state) {
  (void)state;
  const char* box = "<geom name='a' type='box' size='.2 .15 .1' euler='10 20 30'/>";
  check_in_world("static box, sphere", &PLAIN, box, ".05 .05 .2", BALL, .05);
  check_in_world("static box, capsule", &PLAIN, box, ".05 .05 .2", LONG("0 80 10"), .05);
  check_in_world("static box, box", &PLAIN, box, ".05 .05 .25", "type='box' size='.1 .12 .15'", .04);
  check_in_world("static capsule, box", &PLAIN, "<geom name='a' type='capsule' size='.1 .5' euler='0 80 10'/>",
                 ".05 .03 .19", BOX, .05);
  check_in_world("static sphere, cylinder", &PLAIN, "<geom name='a' size='.1'/>", ".19 .13 .14",
                 "type='cylinder' size='.2 .1'", .04);
  check_in_world("plane on a static body", &PLAIN,
                 "<body euler='0 20 0'><body pos='0 0 .01' euler='15 0 0'><geom name='a' type='plane' size='1 1 1'/>"
                 "</body></body>",
                 "0 0 .1", "type='cylinder' size='.1 .1' euler='85 5 0'", .05);
  check_in_world("plane on a mocap body", &PLAIN,
                 "<body mocap='true' euler='15 20 0'><geom name='a' type='plane' size='1 1 1'/></body>", "0 0 .12",
                 "type='ellipsoid' size='.1 .2 .15' euler='20 0 0'", .05);
  check_in_world("box on a mocap body", &PLAIN,
                 "<body mocap='true' euler='15 20 0'><geom name='a' type='box' size='.2 .15 .1'/></body>", ".05 .05 .2",
                 LONG("0 80 10"), .05);
  check_pair("two arms, capsule-box", TWO_ARMS, &PLAIN, LONG("0 80 10"), "pos='.05 .03 .19'", BOX, .04);
  check_pair("two arms, sphere-cylinder", TWO_ARMS, &PLAIN, BALL, "pos='.19 .13 .14'", "type='cylinder' size='.2 .1'",
             .03);
  check_pair("two arms, box-box", TWO_ARMS, &PLAIN, "type='box' size='.1 .12 .3'", "pos='.15 .13 .39' euler='3 2 20'",
             BOX, .02);
}

/* ---- bodies at rest, whose faces are parallel up to rounding ---- */

#define RESTING                                                                                  \
  "<mujoco><option timestep='.004'/><worldbody><geom type='box' size='1 1 .1' pos='0 0 -.1'/>%s" \
  "<body pos='3 0 0'><joint name='j'/><geom size='.1' " DUMMY                                    \
  "/></body></worldbody><actuator><motor joint='j'/>"                                            \
  "</actuator></mujoco>"

static void resting_bodies_agree_with_differences(void** state) {
  (void)state;
  enum { SETTLE = 400, LOOK = 20 };
  static const struct {
    const char *name, *bodies;
  } cases[] = {{"box", "<body pos='0 0 .2' euler='10 20 30'><freejoint/><geom type='box' size='.1 .2 .1'/></body>"},
               {"capsule", "<body pos='0 0 .3' euler='70 20 0'><freejoint/><geom type='capsule' size='.1 .2'/></body>"},
               {"box on a larger one",
                "<body pos='0 0 .06'><freejoint/><geom type='box' size='.3 .3 .05'/></body>"
                "<body pos='0 0 .22'><freejoint/><geom type='box' size='.1 .1 .1'/></body>"},
               {"box on a smaller one",
                "<body pos='0 0 .06'><freejoint/><geom type='box' size='.1 .1 .05'/></body>"
                "<body pos='0 0 .22'><freejoint/><geom type='box' size='.3 .3 .1'/></body>"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char xml[4096];
    double x[64], u[LOOK] = {0}, xs[LOOK * 64];
    df_sim* sim;
    snprintf(xml, sizeof xml, RESTING, cases[i].bodies);
    df_system* s = model_text(xml, 1);
    OK(df_sim_new(s, 0, &sim));
    df_mujoco_initial_state(s, x);
    s->ops->reset(sim, x);
    for (int t = 0; t < SETTLE + LOOK; t++) {
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
      if (t >= SETTLE) memcpy(xs + (t - SETTLE) * s->nx, x, (size_t)s->nx * sizeof *x);
    }
    assert_true(sim->data->ncon >= 1);
    df_gradcheck_point p[LOOK];
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2},
                        &(df_gradcheck_states){.n = LOOK, .x = xs, .u = u}, p));
    const summary q = sum_up(LOOK, p);
    print_message("%s at rest: %d smooth, median %.1e, worst %.1e\n", cases[i].name, q.smooth, q.median, q.worst);
    assert_int_equal(q.smooth, LOOK);
    assert_true(q.median <= MEDIAN);
    assert_true(q.worst <= P99);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* ---- contacts that fit no case ---- */

/* spheres, capsules and boxes that fall into a bin made of boxes and come to rest in contact with each other */
static void every_contact_of_a_pile_is_known(void** state) {
  (void)state;
  enum { BODIES = 15, STEPS = 1500 };
  static const char* const shapes[] = {"type='box' size='.1 .12 .08'", "type='capsule' size='.06 .12'",
                                       "type='sphere' size='.09'", "type='box' size='.06 .06 .2'",
                                       "type='capsule' size='.05 .2'"};
  char xml[8192], error[256];
  int n = snprintf(xml, sizeof xml,
                   "<mujoco><worldbody><geom type='box' size='1 1 .1' pos='0 0 -.1'/>"
                   "<geom type='box' size='.1 1 .5' pos='.4 0 .4'/><geom type='box' size='.1 1 .5' pos='-.4 0 .4'/>"
                   "<geom type='box' size='1 .1 .5' pos='0 .4 .4'/><geom type='box' size='1 .1 .5' pos='0 -.4 .4'/>");
  for (int i = 0; i < BODIES; i++)
    n += snprintf(xml + n, sizeof xml - (size_t)n,
                  "<body pos='%g %g %g' euler='%d %d %d'><freejoint/><geom %s mass='1'/></body>", 0.1 * (i * 7 % 5 - 2),
                  0.1 * (i * 3 % 5 - 2), 0.3 + 0.1 * i, i * 37 % 90, i * 53 % 90, i * 17 % 90, shapes[i % 5]);
  snprintf(xml + n, sizeof xml - (size_t)n, "</worldbody></mujoco>");
  mjSpec* spec = mj_parseXMLString(xml, NULL, error, sizeof error);
  assert_non_null(spec);
  mjModel* m = mj_compile(spec, NULL);
  assert_non_null(m);
  mjData* d = mj_makeData(m);
  int known = 0, unknown = 0, slide[SLIDES] = {0}, surface[SURFACES] = {0};
  for (int t = 0; t < STEPS; t++) {
    mj_step(m, d);
    for (int k = 0; k < d->ncon; k++) {
      df_contact_motion found;
      if (df_contact_motion_of(m, d, k, &found))
        known++;
      else
        unknown++;
      slide[found.slide]++;
      surface[found.surface]++;
    }
  }
  print_message("%d contacts known, %d not; second points %d, crossed edges %d\n", known, unknown, slide[SLIDE_IN_FACE],
                surface[SURFACE_BOX_EDGES]);
  assert_int_equal(unknown, 0);
  assert_true(known > 10 * STEPS);
  assert_true(slide[SLIDE_IN_FACE] > 0 && surface[SURFACE_BOX_EDGES] > 0);
  mj_deleteData(d);
  mj_deleteModel(m);
  mj_deleteSpec(spec);
}

static void an_approximate_contact_is_marked(void** state) {
  (void)state;
  char xml[8192];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.approximate_contacts = true;
  df_system* s;
  snprintf(xml, sizeof xml, TWO_BODIES, "", "", "type='capsule' size='.1 .2' euler='0 70 0'", "pos='.05 .03 .22'",
           "type='cylinder' size='.2 .1'", "");
  OK(df_mujoco_system_from_xml(xml, "capsule-cylinder", &cfg, &s));
  cloud c = scatter(s, 0.03);
  const census found = census_of(s, &c);
  df_gradcheck_point p[STATES];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1},
                      &(df_gradcheck_states){.n = STATES, .x = c.x, .u = c.u}, p));
  MANY(found.surface[SURFACE_NEAREST]);
  assert_true(sum_up(STATES, p).approximate > 0);

  /* states without an approximate contact stay exact */
  assert_true(sum_up(STATES, p).p99 <= P99);
  cloud_free(&c);
  df_system_free(s);
}

/* Contacts that MuJoCo finds by iteration are exact up to the residual of the iteration. These pairs have enough flat
 * or sharp features for finite differences to show this, at a tight tolerance of the iteration. */
static void iterated_contacts_agree_with_differences(void** state) {
  (void)state;
  const char* rod = "type='capsule' size='.1 .2' euler='0 70 0'";
  const struct {
    const char *name, *first, *pose, *second;
  } pairs[] = {
      {"capsule-cylinder", rod, "pos='.05 .03 .22'", "type='cylinder' size='.2 .1'"},
      {"cylinder-cylinder", "type='cylinder' size='.1 .2' euler='0 60 0'", "pos='.05 .03 .22'",
       "type='cylinder' size='.2 .1'"},
      {"cylinder-box", "type='cylinder' size='.1 .2' euler='0 70 0'", "pos='.05 .03 .22'", BOX},
      {"ellipsoid-box", "type='ellipsoid' size='.1 .2 .15'", "pos='.05 .03 .23'", BOX},
      {"mesh-mesh", "type='mesh' mesh='tetra'", "pos='.05 .03 .25'", "type='mesh' mesh='tetra'"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char xml[8192];
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.approximate_contacts = true;
    df_system* s;
    snprintf(xml, sizeof xml, TWO_BODIES, "ccd_tolerance='1e-13' ccd_iterations='500'", "", pairs[i].first,
             pairs[i].pose, pairs[i].second, "");
    OK(df_mujoco_system_from_xml(xml, pairs[i].name, &cfg, &s));
    cloud c = scatter(s, 0.03);
    const census found = census_of(s, &c);
    df_gradcheck_point p[STATES];
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 2},
                        &(df_gradcheck_states){.n = STATES, .x = c.x, .u = c.u}, p));
    int n = 0;
    for (int k = 0; k < STATES; k++) {
      if (!p[k].approximate || p[k].kink) continue;
      p[n] = p[k];
      p[n++].approximate = false;
    }
    const summary q = sum_up(n, p);
    print_message("%s: %d touching, %d smooth, median %.1e, worst %.1e\n", pairs[i].name, found.touching, n, q.median,
                  q.worst);
    MANY(found.surface[SURFACE_NEAREST]);
    assert_int_equal(found.surface[SURFACE_FROZEN], 0);
    assert_true(n >= found.touching * 8 / 10);

    /* the iteration leaves an error of 1e-7 in nearest points of a curved surface; a frozen normal gives errors of 0.1
     */
    assert_true(q.median <= 1e-6);
    cloud_free(&c);
    df_system_free(s);
  }
}

/* Whether a contact is still recognised after it is moved by 1e-4 of the bodies' size, in a direction along none of
 * their axes. */
static bool known_when_moved(df_sim* sim, int contact) {
  mjContact* c = &sim->data->contact[contact];
  const mjContact kept = *c;
  df_contact_motion found;
  for (int a = 0; a < 3; a++) c->pos[a] += 2e-5 * (c->frame[(a + 1) % 3] - c->frame[(a + 2) % 3] + 0.1 * (a + 1));
  const bool known = df_contact_motion_of(sim->system->model, sim->data, contact, &found);
  assert_int_equal(found.surface == SURFACE_FROZEN, !known);
  *c = kept;
  return known;
}

/* a contact that MuJoCo would not produce must fit no case */
static void a_contact_of_no_case_is_marked(void** state) {
  (void)state;
  static const struct {
    const char *first, *pose, *second;
    double spread;
  } pairs[] = {{LONG("0 80 10"), "pos='.05 .03 .19'", BOX, .04},
               {"type='box' size='.1 .12 .3'", "pos='.15 .13 .39' euler='3 2 20'", BOX, .02},
               {"type='box' size='.1 .12 .3' euler='0 45 0'", "pos='.02 .03 .36' euler='45 0 0'", BOX, .03}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char xml[8192];
    int known = 0, lost = 0;
    snprintf(xml, sizeof xml, TWO_BODIES, "", "", pairs[i].first, pairs[i].pose, pairs[i].second, "");
    df_system* s = model_text(xml, 1);
    cloud c = scatter(s, pairs[i].spread);
    df_sim* sim;
    OK(df_sim_new(s, 0, &sim));
    for (int k = 0; k < STATES; k++) {
      df_mujoco_pose(sim, c.x + k * s->nx);
      for (int j = 0; j < sim->data->ncon; j++) {
        df_contact_motion found;
        known += df_contact_motion_of(sim->system->model, sim->data, j, &found);
        lost += !known_when_moved(sim, j);
      }
    }
    print_message("%d contacts, %d not recognised when moved\n", known, lost);
    MANY(known);

    /* a contact at the end of a capsule does not depend on a case, and stays known */
    assert_true(lost >= known * 9 / 10);
    df_sim_free(s, sim);
    cloud_free(&c);
    df_system_free(s);
  }
}

/* In space, axes that cross can part to either side: the distance has a kink there, and the normal jumps. For centres
 * that coincide, and for a centre on the axis of a cylinder or 1e-10 m from an edge or corner, the normal has no
 * direction. That of two crossed planks, or of a box that sticks out over another, stays with either, depending on the
 * direction in which they tilt. */
static void normals_that_jump_are_marked(void** state) {
  (void)state;
  static const struct {
    const char *first, *pose, *second;
  } pairs[] = {{"type='capsule' size='.1 .3'", "", "type='capsule' size='.05 .3' euler='0 90 0'"},
               {"type='sphere' size='.1'", "", "type='sphere' size='.05'"},
               {"type='sphere' size='.1'", "", "type='capsule' size='.05 .3'"},
               {BALL, "", "type='cylinder' size='.1 .3'"},
               {BALL, "pos='.12500000007 0 .25000000007'", "type='cylinder' size='.125 .25'"},
               {BALL, "pos='.12500000007 0 .25000000007'", "type='box' size='.125 .5 .25'"},
               {BALL, "pos='.12500000007 .50000000007 .25000000007'", "type='box' size='.125 .5 .25'"},
               {"type='box' size='.3 .05 .05'", "pos='0 0 .0999'", "type='box' size='.05 .3 .05'"},
               {"type='box' size='.3 .3 .05'", "pos='.28 0 .0999'", "type='box' size='.1 .1 .05'"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char xml[8192];
    snprintf(xml, sizeof xml, TWO_BODIES, "", "", pairs[i].first, pairs[i].pose, pairs[i].second, "");
    df_system* s = model_text(xml, 1);
    double x[64];
    const double u = 0.5;
    df_gradcheck_point p;
    df_mujoco_initial_state(s, x);
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1},
                        &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, &p));
    assert_true(p.active.contacts >= 1);
    assert_true(p.approximate);
    assert_true(isfinite(p.error) != 0);
    df_system_free(s);
  }
}

/* two crossed planks, of which neither covers the other, on slides */
static void planks_that_no_joint_tilts_are_exact(void** state) {
  (void)state;
  char xml[2048];
  snprintf(xml, sizeof xml,
           "<mujoco><option timestep='.004'/>" DEFAULTS
           "<worldbody><geom type='box' size='.3 .05 .05'/><body pos='.02 .01 .0998'><joint name='j' type='slide' "
           "axis='1 0 0'/><joint type='slide' axis='0 1 0'/><joint type='slide' axis='0 0 1'/><geom type='box' "
           "size='.05 .3 .05'/></body></worldbody><actuator><motor joint='j'/></actuator></mujoco>",
           "");
  df_system* s = model_text(xml, 1);
  const double x[6] = {0, 0, 0, 0.7, 0.2, 0}, u = 0.3;
  df_gradcheck_point p;
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1}, &(df_gradcheck_states){.n = 1, .x = x, .u = &u},
                      &p));
  assert_false(p.kink || p.approximate);
  assert_int_equal(p.active.contacts, 4);
  assert_true(p.error <= P99);
  df_system_free(s);
}

/* the same on a body that turns: what moves both planks does not tilt one against the other */
static void planks_on_slides_of_a_free_body_are_exact(void** state) {
  (void)state;
  char xml[2048];
  snprintf(xml, sizeof xml,
           "<mujoco><option timestep='.004'/>" DEFAULTS
           "<worldbody><body><freejoint/><geom size='.1' pos='0 0 -1' mass='3'/>"
           "<body><joint type='slide' axis='1 1 0'/><geom type='box' size='.3 .05 .05' mass='1'/></body>"
           "<body pos='.02 .01 .0998'><joint name='j' type='slide' axis='1 0 0'/><joint type='slide' axis='0 1 0'/>"
           "<joint type='slide' axis='0 0 1'/><geom type='box' size='.05 .3 .05' mass='1'/></body></body></worldbody>"
           "<actuator><motor joint='j'/></actuator></mujoco>",
           "");
  df_system* s = model_text(xml, 1);
  double x[32], v[10] = {.1, .2, -.1, .3, -.2, .4, .5, .7, .2, 0};
  const double u = 0.3;
  df_gradcheck_point p;
  df_mujoco_initial_state(s, x);
  memcpy(x + s->nx - 10, v, sizeof v);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1}, &(df_gradcheck_states){.n = 1, .x = x, .u = &u},
                      &p));
  assert_false(p.kink || p.approximate);
  assert_int_equal(p.active.contacts, 4);
  assert_true(p.error <= P99);
  df_system_free(s);
}

/* at MuJoCo's own tolerance of the iteration, points on meshes lie beside their faces by more than rounding */
static void meshes_are_known_at_the_usual_tolerance(void** state) {
  (void)state;
  static const char* const pairs[][2] = {{"type='ellipsoid' size='.1 .2 .15'", "pos='.02 .01 .25'"},
                                         {"type='cylinder' size='.1 .2' euler='0 60 0'", "pos='.05 .03 .3'"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char xml[8192];
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.approximate_contacts = true;
    df_system* s;
    snprintf(xml, sizeof xml, TWO_BODIES, "", "", pairs[i][0], pairs[i][1], "type='mesh' mesh='ball'", "");
    OK(df_mujoco_system_from_xml(xml, "mesh", &cfg, &s));
    cloud c = scatter(s, 0.03);
    const census found = census_of(s, &c);
    MANY(found.touching);
    assert_int_equal(found.surface[SURFACE_NEAREST], found.touching);
    assert_int_equal(found.surface[SURFACE_FROZEN], 0);
    cloud_free(&c);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(laws_of_contact_agree_with_differences),
      cmocka_unit_test(parameters_of_two_geoms_mix_as_in_mujoco),
      cmocka_unit_test(bodies_of_any_kind_agree_with_differences),
      cmocka_unit_test(resting_bodies_agree_with_differences),
      cmocka_unit_test(every_contact_of_a_pile_is_known),
      cmocka_unit_test(an_approximate_contact_is_marked),
      cmocka_unit_test(iterated_contacts_agree_with_differences),
      cmocka_unit_test(a_contact_of_no_case_is_marked),
      cmocka_unit_test(normals_that_jump_are_marked),
      cmocka_unit_test(planks_that_no_joint_tilts_are_exact),
      cmocka_unit_test(planks_on_slides_of_a_free_body_are_exact),
      cmocka_unit_test(meshes_are_known_at_the_usual_tolerance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
