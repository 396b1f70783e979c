/* The derivative of contacts for every pair of shapes, in every case of the pair. */
#include "contacts.h"

/* ---- points on a plane ---- */

static void fixed_points_on_a_plane_agree_with_differences(void** state) {
  (void)state;
  const law condim4 = {", condim 4", "", "condim='4'", ""}, elliptic = {", elliptic", "cone='elliptic'", "", ""};
  const law elliptic6 = {", condim 6, elliptic", "cone='elliptic'", "condim='6'", ""};
  check_in_world("plane-sphere", &condim4, PLANE, "0 0 .09", "type='sphere' size='.1'", .05);
  check_in_world("plane-capsule", &PLAIN, PLANE, "0 0 .09", "type='capsule' size='.1 .2' euler='80 0 0'", .05);
  check_in_world("plane-capsule", &elliptic6, PLANE, "0 0 .12", "type='capsule' size='.1 .2' euler='70 0 0'", .05);
  check_in_world("plane-box", &PLAIN, PLANE, "0 0 .15", "type='box' size='.1 .2 .15'", .05);
  check_in_world("plane-mesh", &elliptic, PLANE, "0 0 .07", "type='mesh' mesh='tetra'", .05);
}

static void points_that_slip_on_a_plane_agree_with_differences(void** state) {
  (void)state;
  const law wide = {", margin", "", "margin='.1' solref='.3 1'", ""};
  census n = check_in_world("plane-cylinder, on its rim", &PLAIN, PLANE, "0 0 .12",
                            "type='cylinder' size='.1 .1' euler='35 0 0'", .05);
  MANY(n.contacts[1]);
  n = check_in_world("plane-cylinder, on its side", &PLAIN, PLANE, "0 0 .1",
                     "type='cylinder' size='.1 .1' euler='90 5 0'", .03);
  MANY(n.contacts[2]); /* near rim and opposite rim */
  n = check_in_world("plane-cylinder, on its end", &PLAIN, PLANE, "0 0 .1",
                     "type='cylinder' size='.1 .1' euler='10 20 0'", .02);
  MANY(n.contacts[3]); /* near rim and the two other corners of the triangle */

  /* with a wide and soft margin all four points are active at once */
  n = check_in_world("plane-cylinder, a disc", &wide, PLANE, "0 0 0", "type='cylinder' size='.1 .01' euler='10 20 0'",
                     .005);
  MANY(n.contacts[4]);
  n = check_in_world("plane-ellipsoid", &PLAIN, PLANE, "0 0 .12", "type='ellipsoid' size='.1 .2 .15' euler='20 0 0'",
                     .05);
  MANY(n.surface[SURFACE_FLAT]);
}

/* Upright cylinder: the corners of its triangle turn with any lean, which changes the sum of their forces to second
 * order only. */
static void an_upright_cylinder_agrees_with_differences(void** state) {
  (void)state;
  char xml[8192];
  snprintf(xml, sizeof xml, BODY_IN_WORLD, "", "condim='1'", "<geom name='a' type='plane' size='1 1 1'/>", "0 0 .099",
           "type='cylinder' size='.1 .1'", "");
  df_system* s = model_text(xml, 1);
  double x[64];
  const double u[2] = {0.3, -0.2};
  df_gradcheck_point p;
  df_mujoco_initial_state(s, x);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1}, &(df_gradcheck_states){.n = 1, .x = x, .u = u},
                      &p));
  print_message("upright cylinder: error %.1e\n", p.error);

  /* second order: difference step over width of the impedance, 1e-6 m / 0.02 m, times 1e2 for a stiff contact */
  assert_true(p.error <= 1e-3);
  df_system_free(s);
}

/* ---- spheres and capsules against each other and against boxes and cylinders ---- */

static void spheres_and_capsules_agree_with_differences(void** state) {
  (void)state;
  const law elliptic4 = {", condim 4, elliptic", "cone='elliptic'", "condim='4'", ""};
  const law elliptic6 = {", condim 6, elliptic", "cone='elliptic'", "condim='6'", ""};
  census n = check_pair("sphere-sphere", TWO_BODIES, &PLAIN, "size='.2'", "pos='.2 .2 .15'", "size='.15'", .06);
  MANY(n.surface[SURFACE_POINT]);
  check_pair("sphere-sphere", TWO_BODIES, &elliptic6, "size='.2'", "pos='.2 .2 .15'", "size='.15'", .06);
  n = check_pair("sphere-capsule", TWO_BODIES, &PLAIN, "size='.2'", "pos='.17 .17 .1'", "type='capsule' size='.1 .2'",
                 .06);
  MANY(n.surface[SURFACE_LINE]);
  n = check_pair("sphere-capsule's end", TWO_BODIES, &PLAIN, "size='.2'", "pos='.1 .1 .4'",
                 "type='capsule' size='.1 .2'", .04);
  MANY(n.surface[SURFACE_POINT]);
  n = check_pair("crossed capsules", TWO_BODIES, &PLAIN, "type='capsule' size='.1 .3' euler='90 10 20'",
                 "pos='.05 0 .18'", "type='capsule' size='.1 .3' euler='0 80 5'", .04);
  MANY(n.surface[SURFACE_LINE]);
  MANY(n.slide[SLIDE_NEAREST]);
  n = check_pair("capsule's side-capsule's end", TWO_BODIES, &PLAIN, "type='capsule' size='.1 .3' euler='0 70 20'",
                 "pos='.05 .03 .45'", "type='capsule' size='.1 .3' euler='10 20 5'", .03);
  MANY(n.surface[SURFACE_POINT]);
  MANY(n.slide[SLIDE_NEAREST]);
  n = check_pair("capsules end to end", TWO_BODIES, &elliptic4, "type='capsule' size='.1 .3'", "pos='.1 .05 .75'",
                 "type='capsule' size='.1 .3' euler='0 20 5'", .04);
  MANY(n.surface[SURFACE_POINT]);
}

static void spheres_on_boxes_agree_with_differences(void** state) {
  (void)state;
  census n = check_pair("sphere-box, face", TWO_BODIES, &PLAIN, BALL, "pos='.05 .03 .19'", BOX, .04);
  MANY(n.surface[SURFACE_FLAT]);
  n = check_pair("sphere-box, edge", TWO_BODIES, &PLAIN, BALL, "pos='.25 .03 .15'", BOX, .03);
  MANY(n.surface[SURFACE_LINE]);
  n = check_pair("sphere-box, corner", TWO_BODIES, &PLAIN, BALL, "pos='.24 .19 .14'", BOX, .03);
  MANY(n.surface[SURFACE_POINT]);
  n = check_pair("sphere-box, centre inside", TWO_BODIES, &PLAIN, BALL, "pos='.05 .03 .05'", BOX, .02);
  MANY(n.deep);
}

static void spheres_on_cylinders_agree_with_differences(void** state) {
  (void)state;
  census n = check_pair("sphere-cylinder, cap", TWO_BODIES, &PLAIN, BALL, "pos='.05 .03 -.19'",
                        "type='cylinder' size='.2 .1'", .04);
  MANY(n.surface[SURFACE_FLAT]);
  n = check_pair("sphere-cylinder, side", TWO_BODIES, &PLAIN, BALL, "pos='.25 .03 .1'", "type='cylinder' size='.2 .3'",
                 .05);
  MANY(n.surface[SURFACE_LINE]);
  n = check_pair("sphere-cylinder, rim", TWO_BODIES, &PLAIN, BALL, "pos='.2 .13 .15'", "type='cylinder' size='.2 .1'",
                 .03);
  MANY(n.surface[SURFACE_RIM]);
  n = check_pair("sphere-cylinder, centre under the cap", TWO_BODIES, &PLAIN, BALL, "pos='.05 .03 .05'",
                 "type='cylinder' size='.2 .1'", .02);
  MANY(n.deep);
  MANY(n.surface[SURFACE_FLAT]);
  n = check_pair("sphere-cylinder, centre under the side", TWO_BODIES, &PLAIN, BALL, "pos='.1 .1 .05'",
                 "type='cylinder' size='.2 .3'", .02);
  MANY(n.deep);
  MANY(n.surface[SURFACE_LINE]);
}

static void spheres_on_meshes_agree_with_differences(void** state) {
  (void)state;
  const char* mesh = "type='mesh' mesh='ball'";
  check_pair("sphere-mesh, vertex", TWO_BODIES, &PLAIN, BALL, "pos='0 .15 .24'", mesh, .02);
  check_pair("sphere-mesh, edge", TWO_BODIES, &PLAIN, BALL, "pos='0 .01 .25'", mesh, .02);
  check_pair("sphere-mesh, face", TWO_BODIES, &PLAIN, BALL, "pos='.14 .14 .14'", mesh, .02);

  /* so close to a vertex that faces, edges and vertex must be told apart by micrometres */
  check_pair("sphere-mesh, at a vertex", TWO_BODIES, &PLAIN, BALL, "pos='0 .1 .26'", mesh, 2e-6);
  check_in_world("static mesh, sphere", &PLAIN, "<geom name='a' type='mesh' mesh='ball'/>", ".15 .13 .14", BALL, .03);
}

static void capsules_on_boxes_agree_with_differences(void** state) {
  (void)state;
  census n = check_pair("capsule-box, end on a face", TWO_BODIES, &PLAIN, "type='capsule' size='.1 .2'",
                        "pos='.05 .03 .39'", BOX, .05);
  MANY(n.surface[SURFACE_FLAT]);
  n = check_pair("capsule-box, lying on a face", TWO_BODIES, &PLAIN, "type='capsule' size='.1 .2' euler='0 85 0'",
                 "pos='.05 .03 .19'", BOX, .03);
  MANY(n.contacts[2]);
  MANY(n.slide[SLIDE_IN_FACE]);
  n = check_pair("capsule-box, across a face", TWO_BODIES, &PLAIN, LONG("0 80 10"), "pos='.05 .03 .19'", BOX, .05);
  MANY(n.slide[SLIDE_TO_EDGE]);
  MANY(n.slide[SLIDE_WITH_FIRST]);
  n = check_pair("capsule-box, on an edge", TWO_BODIES, &PLAIN, LONG("0 40 10"), "pos='.3 .03 .23'", BOX, .03);
  MANY(n.slide[SLIDE_TO_EDGE]);
  n = check_pair("capsule-box, on a corner", TWO_BODIES, &PLAIN, LONG("40 35 10"), "pos='.24 .22 .17'", BOX, .03);
  MANY(n.slide[SLIDE_TO_CORNER]);
  n = check_pair("capsule-box, through the box", TWO_BODIES, &PLAIN, LONG("30 40 10"), "pos='.02 .03 .05'", BOX, .05);
  MANY(n.deep);
  MANY(n.slide[SLIDE_TO_EDGE]);
}

static void boxes_on_boxes_agree_with_differences(void** state) {
  (void)state;
  const char *post = "type='box' size='.1 .12 .3'", *plate = "type='box' size='.2 .15 .1'";
  census n = check_pair("box-box, standing", TWO_BODIES, &PLAIN, post, "pos='.02 .03 .38' euler='5 3 20'", plate, .05);
  MANY(n.surface[SURFACE_BOX_CORNER]);
  n = check_pair("box-box, over a side", TWO_BODIES, &PLAIN, post, "pos='.15 .13 .39' euler='3 2 20'", plate, .02);
  MANY(n.surface[SURFACE_BOX_CORNER]);
  MANY(n.surface[SURFACE_BOX_EDGE]);
  MANY(n.surface[SURFACE_BOX_FACE]);
  n = check_pair("box-box, the second's face", TWO_BODIES, &PLAIN, "type='box' size='.1 .12 .3' euler='20 25 0'",
                 "pos='.05 .03 .42'", plate, .03);
  MANY(n.surface[SURFACE_BOX_CORNER]);
  n = check_pair("box-box, crossed edges", TWO_BODIES, &PLAIN, "type='box' size='.1 .12 .3' euler='0 45 0'",
                 "pos='.02 .03 .36' euler='45 0 0'", plate, .03);
  MANY(n.surface[SURFACE_BOX_EDGES]);
  MANY(n.slide[SLIDE_NEAREST]);
}

/* ---- planar mechanisms ---- */

#define IN_PLANE(along, across) \
  "<joint type='slide' axis='" along "'/><joint type='slide' axis='0 0 1'/><joint axis='" across "'/>"

/* The axes are in the plane and cross, and the normal is orthogonal to it. The capsules have different radii, so that
 * the contact point is outside the plane. */
static void capsules_that_cross_in_a_plane_agree_with_differences(void** state) {
  (void)state;
  static const law laws[] = {{"", "", "", ""},
                             {", elliptic", "cone='elliptic'", "", ""},
                             {", condim 6, elliptic", "cone='elliptic'", "condim='6'", ""}};
  for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
    char xml[8192], title[128];
    snprintf(xml, sizeof xml,
             "<mujoco><option timestep='.004' %s/>" DEFAULTS "<worldbody><body>" IN_PLANE("1 0 0", "0 1 0")
             "<geom type='capsule' size='.06 .3' euler='0 20 0' mass='1'/>"
             "<body pos='.4 0 .1'><joint name='j' axis='0 1 0'/><geom size='.05' mass='.3' " DUMMY
             "/></body></body>"
             "<body pos='.05 0 .1'>" IN_PLANE("1 0 0", "0 1 0")
             "<geom type='capsule' size='.1 .4' euler='0 80 0' mass='2'/></body>"
             "</worldbody><actuator><motor joint='j'/></actuator></mujoco>",
             laws[i].option, laws[i].geom);
    snprintf(title, sizeof title, "capsules that cross in a plane%s", laws[i].name);
    const census n = check_text(title, xml, .03);
    MANY(n.surface[SURFACE_LINE]);
    MANY(n.slide[SLIDE_NEAREST]);
  }
}

/* one box on two others, in the plane of the direction `along` and the vertical */
#define STACKED(along, across, left, right, above)                                              \
  "<mujoco><option timestep='.004' %s/>" DEFAULTS                                               \
  "<worldbody><geom type='plane' size='1 1 1'/>"                                                \
  "<body pos='" left " .099'>" IN_PLANE(along, across) CUBE                                     \
      "</body>"                                                                                 \
      "<body pos='" right " .099'>" IN_PLANE(along, across) CUBE                                \
      "</body>"                                                                                 \
      "<body pos='" above " .297'>" IN_PLANE(along, across) CUBE                                \
      "<body pos='0 0 .2'><joint name='j' axis='" across "'/><geom size='.05' mass='.1' " DUMMY \
      "/></body></body></worldbody><actuator><motor joint='j'/></actuator></mujoco>"
#define CUBE "<geom type='box' size='.1 .1 .1' mass='1'/>"

/* Boxes of equal width: their sides parallel to the plane coincide, so an edge meets two sides at once where it ends,
 * in either order. */
static void boxes_stacked_in_a_plane_agree_with_differences(void** state) {
  (void)state;
  static const law laws[] = {{", x", "", "", ""},
                             {", y", "", "", ""},
                             {", x, elliptic", "cone='elliptic'", "", ""},
                             {", y, elliptic", "cone='elliptic'", "", ""}};
  for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
    char xml[8192], title[128];
    if (i % 2 == 0)
      snprintf(xml, sizeof xml, STACKED("1 0 0", "0 1 0", "-.12 0", ".12 0", ".03 0"), laws[i].option, laws[i].geom);
    else
      snprintf(xml, sizeof xml, STACKED("0 1 0", "1 0 0", "0 -.12", "0 .12", "0 .03"), laws[i].option, laws[i].geom);
    snprintf(title, sizeof title, "boxes stacked in a plane%s", laws[i].name);
    const census n = check_text(title, xml, .002);
    MANY(n.surface[SURFACE_BOX_EDGE]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fixed_points_on_a_plane_agree_with_differences),
      cmocka_unit_test(points_that_slip_on_a_plane_agree_with_differences),
      cmocka_unit_test(an_upright_cylinder_agrees_with_differences),
      cmocka_unit_test(spheres_and_capsules_agree_with_differences),
      cmocka_unit_test(spheres_on_boxes_agree_with_differences),
      cmocka_unit_test(spheres_on_cylinders_agree_with_differences),
      cmocka_unit_test(spheres_on_meshes_agree_with_differences),
      cmocka_unit_test(capsules_on_boxes_agree_with_differences),
      cmocka_unit_test(boxes_on_boxes_agree_with_differences),
      cmocka_unit_test(capsules_that_cross_in_a_plane_agree_with_differences),
      cmocka_unit_test(boxes_stacked_in_a_plane_agree_with_differences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
