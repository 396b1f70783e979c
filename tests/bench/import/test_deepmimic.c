/* The order of the quaternions of DeepMimic's clips. */
#include "deepmimic.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/file.h"
#include "test_file.h"
#include "unit.h"

#define PART(name) "<body pos='0 0 .1'><joint name='" name "' type='ball'/><geom size='.1' mass='1'/></body>"
static const char humanoid[] =
    "<mujoco><worldbody><body><freejoint name='root'/><geom size='.1' mass='1'/>" PART("chest") PART("neck")
        PART("right_hip") PART("right_ankle") PART("right_shoulder") PART("left_hip") PART("left_ankle")
            PART("left_shoulder") "</body></worldbody></mujoco>";
static const char in_order[] =
    "<mujoco><worldbody><body><freejoint name='root'/><geom size='.1' mass='1'/>" PART("spine") "</body></worldbody>"
    "</mujoco>";
enum { FRAMES = 5 };

static void add_quaternion(text* out, const double q[4], bool xyzw) {
  for (int i = 0; i < 4; i++) text_add(out, ",%g", q[xyzw ? (i + 1) % 4 : i]);
}

/* A root that turns from heading 20 to 100 degrees and leans forward by 10, with a chest that does, too; in `lying`
 * frames it leans by 170. */
static void put_clip(const char* path, bool whole, bool root_xyzw, bool joints_xyzw, int lying) {
  const double degree = 3.14159265358979323846 / 180;
  text out = {0};
  text_add(&out, "{\"Frames\": [");
  for (int t = 0; t < FRAMES; t++) {
    const double heading = (20 + 20 * t) * degree / 2, lean = (t < lying ? 170 : 10) * degree / 2;
    const double root[4] = {cos(heading) * cos(lean), cos(heading) * sin(lean), sin(heading) * cos(lean),
                            -sin(heading) * sin(lean)};
    const double chest[4] = {cos(5 * degree), sin(5 * degree), 0, 0};
    text_add(&out, "%s[0.02,0,1,0", t ? "," : "");
    add_quaternion(&out, root, root_xyzw);
    add_quaternion(&out, chest, joints_xyzw);
    for (int i = 12; i < 44 && whole; i++) text_add(&out, ",%d", i);
    text_add(&out, "]");
  }
  text_add(&out, "]}");
  assert_int_equal(df_file_write(path, text_of(&out), out.n), DF_OK);
  text_clear(&out);
}

static void the_order_of_quaternions_is_that_of_an_upright_root(void** state) {
  (void)state;
  static const struct {
    const char* model;
    bool root, joints; /* are x, y, z, w */
    int lying;
    const char *given, *order; /* order: NULL: refused */
  } cases[] = {{humanoid, false, false, 0, NULL, "wxyz"}, {humanoid, true, true, 0, NULL, "xyzw"},
               {humanoid, true, false, 0, NULL, NULL},    {humanoid, true, false, 0, "data.quaternion=wxyz", "wxyz"},
               {humanoid, false, false, 2, NULL, "wxyz"}, {humanoid, false, true, 0, NULL, "wxyz"},
               {in_order, false, false, 0, NULL, "wxyz"}, {in_order, true, true, 0, NULL, NULL}};
  const char* path = test_file("clip.txt");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_system* system;
    model_study study;
    source files;
    settings found = {0};
    recognition r = {.files = &files, .model = &study, .found = &found};
    put_clip(path, cases[i].model == humanoid, cases[i].root, cases[i].joints, cases[i].lying);
    assert_int_equal(df_mujoco_system_from_xml(cases[i].model, "one", &cfg, &system), DF_OK);
    assert_int_equal(model_study_of(system, &study), DF_OK);
    assert_int_equal(source_open(1, &path, &files), DF_OK);
    if (cases[i].given) settings_give(&found, cases[i].given);
    assert_true(deepmimic_fits(&r));
    assert_int_equal(deepmimic_settle(&r), cases[i].order ? DF_OK : DF_E_CONFIG);
    if (cases[i].order) assert_string_equal(settings_find(&found, "data.quaternion")->value, cases[i].order);
    if (!cases[i].order)
      assert_non_null(strstr(df_error_message(),
                             "columns 4 to 7 of 'Frames', seem to be x, y, z, w: as w, x, y, z, "
                             "DeepMimic's order, they turn the root upside down in 5 of 5 frames"));
    settings_clear(&found);
    text_clear(&r.notes);
    source_close(&files);
    df_system_free(system);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_order_of_quaternions_is_that_of_an_upright_root)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
