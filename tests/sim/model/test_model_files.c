/* The identity of a model: every file that MuJoCo reads, and the compiled model without paths. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/model_identity.h"
#include "models.h"

static char root[64];

/* stands before MuJoCo's function of that name, which it calls */
static bool mount_fails;
int mj_mountVFS(void* vfs, const char* path, const void* provider);
int mj_mountVFS(void* vfs, const char* path, const void* provider) {
  int (*next)(void*, const char*, const void*);
  *(void**)&next = dlsym(RTLD_NEXT, "mj_mountVFS");
  return mount_fails && strcmp(path, "/tmp") == 0 ? -1 : next(vfs, path, provider);
}

/* stands before the C library's function of that name: once the file `changing` is open, `newer` takes its place */
static const char *changing, *newer;
FILE* fdopen(int fd, const char* mode) {
  FILE* (*next)(int, const char*);
  struct stat opened, named;
  *(void**)&next = dlsym(RTLD_NEXT, "fdopen");
  if (changing && stat(changing, &named) == 0 && fstat(fd, &opened) == 0 && opened.st_ino == named.st_ino) {
    assert_int_equal(rename(newer, changing), 0);
    changing = NULL;
  }
  return next(fd, mode);
}

static void put(const char* name, const void* bytes, size_t n) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  char* folder = df_path_folder(path);
  OK(df_dir_make(folder));
  df_free(folder);
  OK(df_file_write(path, bytes, n));
}
static void put_text(const char* name, const char* text) {
  put(name, text, strlen(text));
}

#define TETRAHEDRON(x) "v 0 0 0\nv " x " 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
#define ROBOT                                                                                                          \
  "<mujoco><compiler meshdir='meshes'/><include file='parts/body.xml'/><asset><mesh name='l' file='left/hand.obj'/>"   \
  "<mesh name='r' file='right/hand.obj'/><mesh name='seen' file='seen.obj'/><hfield name='h' file='../../ground.bin' " \
  "size='1 1 1 1'/></asset></mujoco>"
#define BODY_WITH(inertial)                                                                                        \
  "<mujoco><include file='deep/motor.xml'/><worldbody><geom type='hfield' hfield='h'/><body pos='0 0 3'>" inertial \
  "<joint name='z' type='slide' axis='0 0 1'/><geom type='mesh' mesh='l' mass='1'/><geom type='mesh' mesh='r' "    \
  "mass='2'/><geom type='mesh' mesh='seen' mass='0' contype='0' conaffinity='0' "                                  \
  "group='2'/></body></worldbody></mujoco>"
#define BODY  BODY_WITH("") /* for whose inertia MuJoCo reads the visual mesh, and discards it */
#define MOTOR "<mujoco><actuator><motor joint='z' gear='1'/></actuator></mujoco>"

static const struct {
  int rows, columns;
  float z[4];
} ground = {2, 2, {0, 1, 0, 1}};

/* a robot with includes two levels deep, two meshes of one name, a height field beside its folder and a visual mesh */
static int make_robot(void** state) {
  (void)state;
  snprintf(root, sizeof root, "/tmp/dynaflow-model-XXXXXX");
  if (!mkdtemp(root)) return -1;
  put_text("robot/m.xml", ROBOT);
  put_text("robot/parts/body.xml", BODY);
  put_text("robot/parts/deep/motor.xml", MOTOR);
  put_text("robot/meshes/left/hand.obj", TETRAHEDRON("1"));
  put_text("robot/meshes/right/hand.obj", TETRAHEDRON("2"));
  put_text("robot/meshes/seen.obj", TETRAHEDRON("3"));
  put("ground.bin", &ground, sizeof ground);
  return 0;
}

static int remove_one(const char* path, const struct stat* info, int kind, struct FTW* place) {
  (void)info, (void)kind, (void)place;
  return remove(path);
}
static int remove_robot(void** state) {
  (void)state;
  return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static df_system* compile(const char* name) {
  char path[256];
  df_system* system;
  const df_mujoco_cfg cfg = {
      .substeps = 1, .iterations = 100, .approximate_contacts = true, .finite_differences = true};
  snprintf(path, sizeof path, "%s/%s", root, name);
  OK(df_mujoco_system_new(path, &cfg, &system));
  return system;
}

/* compares the robot, as it is now, with `before`, and frees it */
static void expect(const df_system* before, const char* name, df_model_match match, const char* wanted) {
  char clause[256];
  df_system* now = compile(name);
  const df_model_match found =
      df_model_compare(df_mujoco_identity(before), df_mujoco_identity(now), clause, sizeof clause);
  if (found != match) fail_msg("match %d, not %d: %s", found, match, clause);
  assert_string_equal(clause, wanted);
  df_system_free(now);
}

static void every_file_is_listed_with_its_hash(void** state) {
  (void)state;
  static const char* const names[] = {
      "m.xml",          "../ground.bin",       "meshes/left/hand.obj", "meshes/right/hand.obj",
      "parts/body.xml", "parts/deep/motor.xml"};
  char wanted[2048] = "", sum[DF_SHA256_TEXT], path[256];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/robot/%s", root, names[i]);
    OK(df_sha256_file(path, sum));
    const size_t used = strlen(wanted);
    snprintf(wanted + used, sizeof wanted - used, "%s  %s\n", sum, names[i]);
  }
  df_system* s = compile("robot/m.xml");
  const df_model_identity* id = df_mujoco_identity(s);
  assert_string_equal(id->list, wanted);
  OK(df_sha256(wanted, strlen(wanted), sum));
  assert_string_equal(id->files, sum);
  OK(df_mujoco_fingerprint(s, sum));
  assert_string_equal(id->compiled, sum);
  assert_string_equal(id->mujoco, df_mujoco_version());
  df_system_free(s);
}

static void a_change_of_any_file_is_another_model(void** state) {
  (void)state;
  static const struct {
    const char *name, *text, *restored;
  } changes[] = {
      {"robot/parts/deep/motor.xml", "<mujoco><actuator><motor joint='z' gear='2'/></actuator></mujoco>", MOTOR},
      {"robot/meshes/left/hand.obj", TETRAHEDRON("1.001"), TETRAHEDRON("1")}};
  df_system* s = compile("robot/m.xml");
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    char wanted[128];
    /* within a second: MuJoCo's cache of meshes goes by time stamps */
    put_text(changes[i].name, changes[i].text);
    snprintf(wanted, sizeof wanted, "%s changed", changes[i].name + strlen("robot/"));
    expect(s, "robot/m.xml", DF_MODEL_OTHER, wanted);
    put_text(changes[i].name, changes[i].restored);
    expect(s, "robot/m.xml", DF_MODEL_SAME, "");
  }
  /* one byte of the height field: the exponent of a height */
  char bytes[sizeof ground];
  memcpy(bytes, &ground, sizeof ground);
  bytes[sizeof bytes - 1] ^= 1;
  put("ground.bin", bytes, sizeof bytes);
  expect(s, "robot/m.xml", DF_MODEL_OTHER, "../ground.bin changed");
  df_system_free(s);
}

static void meshes_that_change_places_are_another_model(void** state) {
  (void)state;
  df_system* s = compile("robot/m.xml");
  put_text("robot/meshes/left/hand.obj", TETRAHEDRON("2"));
  put_text("robot/meshes/right/hand.obj", TETRAHEDRON("1"));
  expect(s, "robot/m.xml", DF_MODEL_OTHER, "meshes/left/hand.obj changed, meshes/right/hand.obj changed");
  df_system_free(s);
}

static void comments_and_visual_meshes_change_nothing(void** state) {
  (void)state;
  char path[256];
  df_system* s = compile("robot/m.xml");
  put_text("robot/parts/body.xml", "<!-- a comment -->" BODY);
  expect(s, "robot/m.xml", DF_MODEL_SAME, "");
  df_system_free(s);
  put_text("robot/parts/body.xml", BODY_WITH("<inertial pos='0 0 0' mass='3' diaginertia='1 1 1'/>"));
  s = compile("robot/m.xml");
  snprintf(path, sizeof path, "%s/robot/meshes/seen.obj", root);
  unlink(path);
  df_system* without = compile("robot/m.xml");
  assert_string_equal(df_mujoco_identity(without)->files, df_mujoco_identity(s)->files);
  df_system_free(without);
  df_system_free(s);
}

#define HEAVY_BODY(visual)                                                                                           \
  "<mujoco><include file='deep/motor.xml'/><worldbody><body pos='0 0 3'><joint name='z' type='slide' axis='0 0 1'/>" \
  "<geom type='mesh' mesh='l' mass='1'/><geom type='mesh' mesh='seen' contype='0' conaffinity='0' " visual           \
  "/></body></worldbody></mujoco>"

static void a_visual_mesh_that_has_mass_is_part_of_the_model(void** state) {
  (void)state;
  static const char* const heavy[] = {"mass='0.5'", "density='100'", ""};
  for (size_t i = 0; i < sizeof heavy / sizeof *heavy; i++) {
    char body[1024];
    snprintf(body, sizeof body, HEAVY_BODY("%s"), heavy[i]);
    put_text("robot/parts/body.xml", body);
    put_text("robot/meshes/seen.obj", TETRAHEDRON("3"));
    df_system* s = compile("robot/m.xml");
    put_text("robot/meshes/seen.obj", TETRAHEDRON("2"));
    expect(s, "robot/m.xml", DF_MODEL_OTHER, "meshes/seen.obj changed");
    df_system_free(s);
  }
}

/* elsewhere, by a relative path, with an absolute folder of meshes */
static void the_place_of_the_files_changes_nothing(void** state) {
  (void)state;
  char from[128], to[128], here[512], absolute[1024];
  df_system* s = compile("robot/m.xml");
  snprintf(from, sizeof from, "%s/robot", root);
  snprintf(to, sizeof to, "%s/elsewhere_with_a_longer_name", root);
  assert_int_equal(rename(from, to), 0);
  df_system* moved = compile("elsewhere_with_a_longer_name/m.xml");
  assert_string_equal(df_mujoco_identity(moved)->list, df_mujoco_identity(s)->list);
  assert_string_equal(df_mujoco_identity(moved)->compiled, df_mujoco_identity(s)->compiled);
  df_system_free(moved);

  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(to), 0);
  df_system* relative;
  const df_mujoco_cfg cfg = {
      .substeps = 1, .iterations = 100, .approximate_contacts = true, .finite_differences = true};
  OK(df_mujoco_system_new("m.xml", &cfg, &relative));
  assert_int_equal(chdir(here), 0);
  assert_string_equal(df_mujoco_identity(relative)->list, df_mujoco_identity(s)->list);
  df_system_free(relative);

  snprintf(absolute, sizeof absolute,
           "<mujoco><compiler meshdir='%s/meshes'/><include file='parts/body.xml'/><asset><mesh name='l' "
           "file='left/hand.obj'/><mesh name='r' file='right/hand.obj'/><mesh name='seen' file='seen.obj'/><hfield "
           "name='h' file='%s/ground.bin' size='1 1 1 1'/></asset></mujoco>",
           to, root);
  put_text("elsewhere_with_a_longer_name/m.xml", absolute);
  expect(s, "elsewhere_with_a_longer_name/m.xml", DF_MODEL_SAME, "");
  df_system_free(s);
}

static void errors_name_files_as_they_were_given(void** state) {
  (void)state;
  char here[512];
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  put_text("robot/m.xml", "<mujoco><include file='none.xml'/></mujoco>");
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(root), 0);
  const df_status status = df_mujoco_system_new("robot/m.xml", &cfg, &s);
  assert_int_equal(chdir(here), 0);
  assert_int_equal(status, DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "none.xml"));
  assert_null(strstr(df_error_message(), root));
}

static void a_file_that_could_be_read_unnoticed_is_an_error(void** state) {
  (void)state;
  char path[256];
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  snprintf(path, sizeof path, "%s/robot/m.xml", root);
  mount_fails = true;
  const df_status status = df_mujoco_system_new(path, &cfg, &s);
  mount_fails = false;
  assert_int_equal(status, DF_E_IO);
  assert_string_equal(df_error_message(), "/tmp: MuJoCo cannot be made to read files below it through this program");
}

/* one file for two meshes, which another program replaces between them */
static void a_file_that_changes_between_two_reads_is_an_error(void** state) {
  (void)state;
  char path[256], mesh[256], other[256], wanted[512];
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  put_text("robot/m.xml",
           "<mujoco><asset><mesh name='l' file='hand.obj'/><mesh name='r' file='hand.obj' scale='2 2 2'/></asset>"
           "<worldbody><body><joint name='z'/><geom type='mesh' mesh='l'/><geom type='mesh' mesh='r'/></body>"
           "</worldbody><actuator><motor joint='z'/></actuator></mujoco>");
  put_text("robot/hand.obj", TETRAHEDRON("1"));
  put_text("robot/newer.obj", TETRAHEDRON("2"));
  snprintf(path, sizeof path, "%s/robot/m.xml", root);
  snprintf(mesh, sizeof mesh, "%s/robot/hand.obj", root);
  snprintf(other, sizeof other, "%s/robot/newer.obj", root);
  snprintf(wanted, sizeof wanted, "%s changed while the model was read; try again", mesh);
  changing = mesh;
  newer = other;
  const df_status status = df_mujoco_system_new(path, &cfg, &s);
  assert_null(changing);
  assert_int_equal(status, DF_E_IO);
  assert_string_equal(df_error_message(), wanted);
}

/* a tab, a letter of two bytes and a percent sign in the name of a mesh */
static void names_are_listed_in_printable_ascii(void** state) {
  (void)state;
  put_text("robot/m.xml",
           "<mujoco><asset><mesh name='l' file='a&#9;\xc3\xa9~%41.obj'/></asset><worldbody><body><joint name='z'/>"
           "<geom type='mesh' mesh='l'/></body></worldbody><actuator><motor joint='z'/></actuator></mujoco>");
  put_text("robot/a\t\xc3\xa9~%41.obj", TETRAHEDRON("1"));
  df_system* s = compile("robot/m.xml");
  const char* list = df_mujoco_identity(s)->list;
  if (!strstr(list, "  a%09%C3%A9~%2541.obj\n")) fail_msg("%s", list);
  df_system_free(s);
}

#define PENDULUM \
  "<worldbody>%s<body><joint name='z'/><geom size='1'/></body></worldbody><actuator><motor joint='z'/></actuator>"

/* A pipe that nobody writes to would be waited for, /dev/zero never ends. */
static void what_is_no_regular_file_is_refused_by_name(void** state) {
  (void)state;
  static const struct {
    const char *assets, *geom;
  } uses[] = {{"<include file='%s'/>", ""},
              {"<asset><mesh name='a' file='%s' content_type='model/obj'/></asset>", "<geom type='mesh' mesh='a'/>"},
              /* of a visual mesh, for whose inertia it is read */
              {"<asset><mesh name='a' file='%s' content_type='model/obj'/></asset>",
               "<body><joint/><geom type='mesh' mesh='a' contype='0' conaffinity='0'/></body>"},
              {"<asset><hfield name='a' file='%s' size='1 1 1 1'/></asset>", "<geom type='hfield' hfield='a'/>"},
              /* with visual geoms that define an inertia, textures are read */
              {"<compiler inertiafromgeom='true'/>"
               "<asset><texture name='a' type='2d' file='%s' content_type='image/png'/><material name='b' "
               "texture='a'/></asset>",
               "<body><joint/><geom size='1' contype='0' conaffinity='0' material='b'/></body>"}};
  static const struct {
    const char *name, *why;
  } files[] = {{"pipe", "not a regular file"}, {"folder", "Is a directory"}, {"/dev/zero", "not a regular file"}};
  char path[256], name[256], assets[512], body[512], xml[2048], wanted[512];
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  snprintf(path, sizeof path, "%s/pipe", root);
  assert_int_equal(mkfifo(path, 0600), 0);
  snprintf(path, sizeof path, "%s/folder", root);
  assert_int_equal(mkdir(path, 0700), 0);
  snprintf(path, sizeof path, "%s/special.xml", root);
  for (size_t u = 0; u < sizeof uses / sizeof *uses; u++) {
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
      snprintf(name, sizeof name, "%s%s%s", files[f].name[0] == '/' ? "" : root, files[f].name[0] == '/' ? "" : "/",
               files[f].name);
      snprintf(assets, sizeof assets, uses[u].assets, name);
      snprintf(body, sizeof body, PENDULUM, uses[u].geom);
      snprintf(xml, sizeof xml, "<mujoco>%s%s</mujoco>", assets, body);
      put_text("special.xml", xml);
      assert_int_equal(df_mujoco_system_new(path, &cfg, &s), DF_E_FORMAT);
      snprintf(wanted, sizeof wanted, "(%s: %s)", name, files[f].why);
      if (!strstr(df_error_message(), wanted)) fail_msg("no \"%s\" in \"%s\"", wanted, df_error_message());
    }
  }
}

static void a_model_from_text_is_known_by_what_it_compiles_to(void** state) {
  (void)state;
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  OK(
      df_mujoco_system_from_xml("<mujoco><worldbody><body><joint name='z'/><geom size='1'/></body></worldbody>"
                                "<actuator><motor joint='z'/></actuator></mujoco>",
                                "text", &cfg, &s));
  const df_model_identity* id = df_mujoco_identity(s);
  assert_string_equal(id->list, "");
  assert_string_equal(id->files, "");
  assert_int_equal(strlen(id->compiled), 64);
  df_system_free(s);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  char path[256];
  snprintf(path, sizeof path, "%s/robot/m.xml", root);
  const df_mujoco_cfg cfg = {
      .substeps = 1, .iterations = 100, .approximate_contacts = true, .finite_differences = true};
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    df_system* s;
    assert_true(n < 500);
    df_alloc_fail_at(n);
    status = df_mujoco_system_new(path, &cfg, &s);
    df_alloc_fail_at(0);
    if (status != DF_OK && status != DF_E_NOMEM) fail_msg("allocation %zu: %d %s", n, status, df_error_message());
    df_system_free(s);
  }
}

int main(void) {
#define WITH_ROBOT(test) cmocka_unit_test_setup_teardown(test, make_robot, remove_robot)
  const struct CMUnitTest tests[] = {
      WITH_ROBOT(every_file_is_listed_with_its_hash),
      WITH_ROBOT(a_change_of_any_file_is_another_model),
      WITH_ROBOT(meshes_that_change_places_are_another_model),
      WITH_ROBOT(comments_and_visual_meshes_change_nothing),
      WITH_ROBOT(a_visual_mesh_that_has_mass_is_part_of_the_model),
      WITH_ROBOT(the_place_of_the_files_changes_nothing),
      WITH_ROBOT(errors_name_files_as_they_were_given),
      WITH_ROBOT(a_file_that_could_be_read_unnoticed_is_an_error),
      WITH_ROBOT(a_file_that_changes_between_two_reads_is_an_error),
      WITH_ROBOT(names_are_listed_in_printable_ascii),
      WITH_ROBOT(what_is_no_regular_file_is_refused_by_name),
      cmocka_unit_test(a_model_from_text_is_known_by_what_it_compiles_to),
      WITH_ROBOT(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
