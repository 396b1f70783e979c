/* Tables whose columns are named: which column is read as what, whatever their order and spelling. */
#include "named_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/file.h"
#include "known_layouts.h"
#include "test_file.h"
#include "unit.h"

/* a free base with a leg of three joints, a slide and a wheel */
static const char robot[] =
    "<mujoco><worldbody><body name='base'><freejoint/><geom size='.1' mass='1'/>"
    "<body><joint name='FR_hip_joint' axis='1 0 0'/><geom size='.1' mass='.1'/>"
    "<body><joint name='FR_thigh_joint' axis='0 1 0'/><geom size='.1' mass='.1'/>"
    "<body><joint name='FR_calf_joint' axis='0 1 0'/><geom size='.1' mass='.1'/></body></body></body>"
    "<body><joint name='mast' type='slide' axis='0 0 1'/><geom size='.1' mass='.1'/></body>"
    "</body></worldbody><actuator><motor joint='mast'/></actuator></mujoco>";
static const char pendulum[] =
    "<mujoco><worldbody><body><joint name='x' type='slide' axis='1 0 0'/><geom size='.1' mass='1'/>"
    "<body><joint name='swing' axis='0 1 0'/><geom size='.1' pos='0 0 .5' mass='.1'/></body></body></worldbody>"
    "<actuator><motor joint='x'/></actuator></mujoco>";

typedef struct table {
  df_system* system;
  model_study study;
  source files;
  settings found;
  recognition r;
} table;

/* three rows of the columns "a,b": column k of a row has the number 100 row + k, column `twin` that of column `of` */
static void open_table(const char* model, const char* header, int twin, int of, table* t) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const char* path = test_file("named.csv");
  text out = {0};
  int n = 1;
  for (const char* p = header; *p; p++) n += *p == ',';
  text_add(&out, "%s\n", header);
  for (int row = 0; row < 3; row++) {
    for (int k = 0; k < n; k++) text_add(&out, "%s%d", k ? "," : "", 100 * row + (k == twin ? of : k));
    text_add(&out, "\n");
  }
  *t = (table){0};
  assert_int_equal(df_mujoco_system_from_xml(model, "named", &cfg, &t->system), DF_OK);
  assert_int_equal(model_study_of(t->system, &t->study), DF_OK);
  assert_int_equal(df_file_write(path, text_of(&out), out.n), DF_OK);
  assert_int_equal(source_open(1, &path, &t->files), DF_OK);
  t->r = (recognition){.files = &t->files, .model = &t->study, .found = &t->found};
  text_clear(&out);
}

static void close_table(table* t) {
  settings_clear(&t->found);
  text_clear(&t->r.notes);
  source_close(&t->files);
  df_system_free(t->system);
}

static const char* value_of(const table* t, const char* key) {
  const setting* s = settings_find(&t->found, key);
  return s ? s->value : "";
}

#define LEG "FR_hip_joint+FR_thigh_joint+FR_calf_joint+mast"

static void columns_are_read_by_their_names(void** state) {
  (void)state;
  static const struct {
    const char *header, *columns, *angles, *scale;
  } cases[] = {
      {"qx,qy,qz,qw,x,y,z,mast,FR_calf_joint,FR_hip_joint,FR_thigh_joint",
       "root_pos@x+y+z,root_quat@qw+qx+qy+qz,joints@" LEG, "", ""},
      {"base_pos_z,base_pos_y,base_pos_x,base_quat_w,base_quat_z,base_quat_y,base_quat_x,FR_hip_joint,FR_thigh_joint,"
       "FR_calf_joint,mast",
       "root_pos@base_pos_x+base_pos_y+base_pos_z,root_quat@base_quat_w+base_quat_x+base_quat_y+base_quat_z,"
       "joints@" LEG,
       "", ""},
      /* degrees, millimetres; names of another family of joints; velocities */
      {"root_x (mm),root_y (mm),root_z (mm),root_qx,root_qy,root_qz,root_qw,fr_kfe_deg,fr_hfe_deg,fr_haa_deg,mast_pos,"
       "fr_kfe_vel,fr_hfe_vel,fr_haa_vel,mast_vel,foot_x",
       "root_pos@root_x (mm)+root_y (mm)+root_z (mm),root_quat@root_qw+root_qx+root_qy+root_qz,"
       "joints@fr_haa_deg+fr_hfe_deg+fr_kfe_deg+mast_pos,joint_vel@fr_haa_vel+fr_hfe_vel+fr_kfe_vel+mast_vel",
       "deg", "0.001"},
      {"x_cm,y_cm,z_cm,qx,qy,qz,qw,"
       "FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast",
       "root_pos@x_cm+y_cm+z_cm,root_quat@qw+qx+qy+qz,joints@" LEG, "", "0.01"},
      {"x_m,y_m,z_m,qx,qy,qz,qw,"
       "FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast",
       "root_pos@x_m+y_m+z_m,root_quat@qw+qx+qy+qz,joints@" LEG, "", ""},
      /* a column of more words is the joint if no other one is */
      {"qx,qy,qz,qw,x,y,z,FR_hip_joint,FR_thigh_joint,FR_calf_joint,top_mast",
       "root_pos@x+y+z,root_quat@qw+qx+qy+qz,joints@FR_hip_joint+FR_thigh_joint+FR_calf_joint+top_mast", "", ""},
      {"qx,qy,qz,qw,x,y,z,FR_hip_joint,FR_thigh_joint,FR_calf_joint,top_mast,mast",
       "root_pos@x+y+z,root_quat@qw+qx+qy+qz,joints@" LEG, "", ""},
      {"pelvis.position.x,pelvis.position.y,pelvis.position.z,pelvis.orientation.x,pelvis.orientation.y,"
       "pelvis.orientation.z,pelvis.orientation.w,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast,FR_hip_joint_torque",
       "root_pos@pelvis.position.x+pelvis.position.y+pelvis.position.z,root_quat@pelvis.orientation.w+"
       "pelvis.orientation.x+pelvis.orientation.y+pelvis.orientation.z,joints@" LEG,
       "", ""},
      {"basePosX,basePosY,basePosZ,quatX,quatY,quatZ,quatW,vx,vy,vz,base_ang_vel_z,base_ang_vel_y,base_ang_vel_x,"
       "FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast",
       "root_pos@basePosX+basePosY+basePosZ,root_quat@quatW+quatX+quatY+quatZ,joints@" LEG
       ",root_linvel@vx+vy+vz,root_angvel@base_ang_vel_x+base_ang_vel_y+base_ang_vel_z",
       "", ""},
      {"px_m,py_m,pz_m,rot_w,rot_x,rot_y,rot_z,lin_vel_x_m_s,lin_vel_y_m_s,lin_vel_z_m_s,wx_rad_s,wy_rad_s,wz_rad_s,"
       "FR_hip_joint [rad],FR_thigh_joint [rad],FR_calf_joint [rad],mast",
       "root_pos@px_m+py_m+pz_m,root_quat@rot_w+rot_x+rot_y+rot_z,joints@FR_hip_joint [rad]+FR_thigh_joint [rad]+"
       "FR_calf_joint [rad]+mast,root_linvel@lin_vel_x_m_s+lin_vel_y_m_s+lin_vel_z_m_s,root_angvel@wx_rad_s+wy_rad_s+"
       "wz_rad_s",
       "rad", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    table t;
    const known_layout* layout;
    open_table(robot, cases[i].header, -1, 0, &t);
    assert_int_equal(recognise(&t.r, &layout), DF_OK);
    assert_string_equal(layout->name, "named columns");
    assert_string_equal(value_of(&t, "data.columns"), cases[i].columns);
    assert_string_equal(value_of(&t, "data.quaternion"), "wxyz");
    assert_string_equal(value_of(&t, "data.angles"), cases[i].angles);
    assert_string_equal(value_of(&t, "data.position_scale"), cases[i].scale);
    close_table(&t);
  }
}

/* the words by which base columns are known, with a unit at their end or without; each list in turn */
static void base_columns_have_many_words(void** state) {
  (void)state;
  static const char* const words[][4] = {{"pos", "quat", "vel", "ang_vel"},
                                         {"position", "quaternion", "velocity", "angular_velocity"},
                                         {"p", "q", "v", "w"},
                                         {"t", "orientation", "lin_vel", "angvel"},
                                         {"trans", "orient", "linear_vel", "omega"},
                                         {"translation", "ori", "linvel", "gyro"},
                                         {"location", "orn", "speed", "rotvel"},
                                         {"base_xyz", "rot", "root_vel", "torso_omega"},
                                         {"pelvis_pos", "body_rotation", "base_lin_vel", "avel"}};
  static const char* const units[][4] = {{"", "", "", ""},
                                         {"_m", "", "_m_s", "_rad_s"},
                                         {"_m", "", "_m_per_s", "_rad_per_s"},
                                         {"_meters", "", "_mps", "_radps"}};
  static const char axes[4][5] = {"xyz", "wxyz", "xyz", "xyz"};
  static const char* const block[4] = {"root_pos", "root_quat", "root_linvel", "root_angvel"};
  for (size_t i = 0; i < 4 * sizeof words / sizeof *words; i++) {
    char header[1024] = "", wanted[1024] = "", found[1024];
    for (int k = 0; k < 4; k++) {
      const char *word = words[i / 4][k], *unit = units[i % 4][k];
      for (const char* a = axes[k]; *a; a++)
        snprintf(header + strlen(header), sizeof header - strlen(header), "%s_%c%s,", word, *a, unit);
      if (k == 2) snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), ",joints@" LEG);
      snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%s@", k ? "," : "", block[k]);
      for (const char* a = axes[k]; *a; a++)
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%s_%c%s", a == axes[k] ? "" : "+", word,
                 *a, unit);
    }
    snprintf(header + strlen(header), sizeof header - strlen(header), "FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast");
    table t;
    const known_layout* layout;
    open_table(robot, header, -1, 0, &t);
    const df_status status = recognise(&t.r, &layout);
    snprintf(found, sizeof found, "%s", status == DF_OK ? value_of(&t, "data.columns") : df_error_message());
    if (strcmp(found, wanted) != 0) fail_msg("%s: %s", header, found);
    close_table(&t);
  }
}

static void without_a_free_base_x_is_a_joint(void** state) {
  (void)state;
  table t;
  const known_layout* layout;
  open_table(pendulum, "swing_vel,vx,swing,x", -1, 0, &t);
  assert_int_equal(recognise(&t.r, &layout), DF_OK);
  assert_string_equal(value_of(&t, "data.columns"), "joints@x+swing");
  assert_string_equal(value_of(&t, "data.quaternion"), "");
  close_table(&t);
}

/* two spellings of one coordinate: of equal numbers the first counts */
static void spellings_that_contradict_each_other_are_named(void** state) {
  (void)state;
  static const struct {
    const char* header;
    int twin, of;        /* column with the numbers of another one */
    const char* says[2]; /* NULL: it is read */
  } cases[] = {
      {"x,y,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast,base_pos_x", -1, 0, {"'x'", "'base_pos_x'"}},
      {"x,y,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast,base_pos_x", 11, 0, {NULL}},
      {"x,y,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast,root_quat_z",
       -1,
       0,
       {"'qz'", "'root_quat_z'"}},
      {"x,y,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast,pos.fr_calf",
       -1,
       0,
       {"'FR_calf_joint'", "'pos.fr_calf'"}},
      {"x,y,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast,pos.fr_calf", 11, 9, {NULL}},
      {"x_cm,y_mm,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast",
       -1,
       0,
       {"'x_cm' is in cm", "'y_mm' in mm"}},
      {"x,y,z,qw,qx,qy,qz,FR_hip_deg,FR_thigh_rad,FR_calf,mast",
       -1,
       0,
       {"'FR_hip_deg' is in degrees", "'FR_thigh_rad' in radians"}},
      {"x,y,z,qw,qx,qy,qz,FR_hip_deg,FR_thigh_deg,FR_calf,mast",
       -1,
       0,
       {"'FR_thigh_deg' is in degrees, but the name of 'FR_calf' states no unit", "set data.angles to deg"}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    table t;
    const known_layout* layout;
    open_table(robot, cases[i].header, cases[i].twin, cases[i].of, &t);
    const df_status status = recognise(&t.r, &layout);
    assert_int_equal(status, cases[i].says[0] ? DF_E_CONFIG : DF_OK);
    for (int k = 0; k < 2 && cases[i].says[0]; k++) {
      if (!strstr(df_error_message(), cases[i].says[k])) fail_msg("no %s in: %s", cases[i].says[k], df_error_message());
    }
    close_table(&t);
  }
}

/* all angles are in degrees if the user says so */
static void a_given_unit_is_that_of_names_without_one(void** state) {
  (void)state;
  table t;
  const known_layout* layout;
  open_table(robot, "x,y,z,qw,qx,qy,qz,FR_hip_deg,FR_thigh,FR_calf,mast", -1, 0, &t);
  settings_give(t.r.found, "data.angles=deg");
  assert_int_equal(recognise(&t.r, &layout), DF_OK);
  assert_string_equal(settings_find(t.r.found, "data.angles")->value, "deg");
  close_table(&t);
}

/* as many columns as the state has, of which one is the time: the number of columns does not tell what they are */
static void what_the_names_lack_is_said(void** state) {
  (void)state;
  table t;
  const known_layout* layout;
  open_table(robot, "time,qx,qy,qz,qw,x,y,z,FR_hip_joint,FR_thigh_joint,mast", -1, 0, &t);
  assert_int_equal(recognise(&t.r, &layout), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "by their names the columns lack joint FR_calf_joint;"));
  close_table(&t);
  open_table(robot, "qx,qy,qz,x,y,z,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast", -1, 0, &t);
  assert_int_equal(recognise(&t.r, &layout), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "the columns lack the orientation of the base (qw, qx, qy, qz);"));
  close_table(&t);
  /* two columns of more words may be the joint */
  open_table(robot, "time,qx,qy,qz,qw,x,y,z,FR_hip_joint,FR_thigh_joint,FR_calf_joint,top_mast,old_mast", -1, 0, &t);
  assert_int_equal(recognise(&t.r, &layout), DF_E_CONFIG);
  if (!strstr(df_error_message(), "by their names the columns lack joint mast")) fail_msg("%s", df_error_message());
  close_table(&t);
}

/* more than half of the joints, and not all */
static void a_table_of_most_joints_is_partial(void** state) {
  (void)state;
  static const struct {
    const char *model, *header;
    bool partial;
  } cases[] = {{robot, "x,y,z,qw,qx,qy,qz,FR_hip_joint,FR_thigh_joint,FR_calf_joint,mast", false},
               {robot, "x,y,z,FR_hip_joint,FR_thigh_joint,FR_calf_joint", true},
               {robot, "x,y,z,FR_hip_joint,FR_thigh_joint", false},
               {robot, "x,y,z,FR_hip_joint", false},
               {pendulum, "x", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    table t;
    open_table(cases[i].model, cases[i].header, -1, 0, &t);
    if (named_table_is_partial(&t.r) != cases[i].partial) fail_msg("%s", cases[i].header);
    close_table(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_read_by_their_names),
      cmocka_unit_test(base_columns_have_many_words),
      cmocka_unit_test(without_a_free_base_x_is_a_joint),
      cmocka_unit_test(spellings_that_contradict_each_other_are_named),
      cmocka_unit_test(a_given_unit_is_that_of_names_without_one),
      cmocka_unit_test(what_the_names_lack_is_said),
      cmocka_unit_test(a_table_of_most_joints_is_partial),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
