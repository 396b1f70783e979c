/* The settings that would fit a recording, and the places of its numbers, of recordings of a few numbers. */
#include "data_test.h"

/* after the feature macro of data_test.h */
#include "dynaflow/data/recording.h"
#include "dynaflow/sim/mujoco.h"
#include "would_fit.h"

static const char xml[] =
    "<mujoco><worldbody><body><joint name='a' type='slide'/><geom size='.1'/></body><body><joint name='b' "
    "type='slide'/><geom size='.1'/></body><body><joint name='c' type='slide'/><geom size='.1'/></body></worldbody>"
    "</mujoco>";

typedef struct opened {
  df_system* system;
  df_config config;
  df_recording* recording;
  fit_source source;
} opened;

/* sets "data.a=x data.b=y" */
static void set_all(df_config* config, const char* settings) {
  char text[512];
  snprintf(text, sizeof text, "%s", settings);
  for (char* item = strtok(text, " "); item; item = strtok(NULL, " ")) {
    char* sign = strchr(item, '=');
    *sign = '\0';
    assert_ok(df_config_set(config, item, sign + 1, "test"));
  }
}

/* a recording of the text in the scratch file, read with the settings */
static void open_it(opened* o, const char* text, const char* settings) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(xml, "slides", &cfg, &o->system));
  scratch_put(text, strlen(text));
  o->config = df_config_default();
  o->config.window_horizon = 1;
  set_all(&o->config, settings);
  assert_ok(df_recording_open(scratch_path, &o->config, o->system, &o->recording));
  o->source = (fit_source){o->recording, &o->config};
}

static void close_it(opened* o) {
  df_recording_free(o->recording);
  df_system_free(o->system);
}

static void fits(remedy all, const char* wanted) {
  char* text = remedy_text(&all);
  assert_string_equal(text, wanted);
  df_free(text);
  remedy_clear(&all);
}

static void episodes_are_written_as_ranges(void** state) {
  (void)state;
  static const struct {
    const char *chosen, *list;
  } cases[] = {{"000000", ""},        {"100000", "0"},      {"000001", "5"},   {"110000", "0-1"},     {"111111", "0-5"},
               {"101010", "0, 2, 4"}, {"011001", "1-2, 5"}, {"001110", "2-4"}, {"110011", "0-1, 4-5"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool chosen[6];
    for (int e = 0; e < 6; e++) chosen[e] = cases[i].chosen[e] == '1';
    char* list = fit_episodes(6, chosen);
    assert_string_equal(list, cases[i].list);
    df_free(list);
  }
}

#define EPISODE "[[0,0,0,1,1,1],[1,1,1,1,1,1]]"

/* of six episodes of the file, all or some are read; those that stay are named by their numbers in the file */
static void episodes_are_left_out_by_their_numbers(void** state) {
  (void)state;
  static const char text[] = "{\"states\": [" EPISODE "," EPISODE "," EPISODE "," EPISODE "," EPISODE "," EPISODE "]}";
  static const struct {
    const char *select, *drop, *left;
  } cases[] = {{NULL, "001000", "0-1,3-5"}, {NULL, "100001", "1-4"},    {NULL, "010101", "0,2,4"},
               {"1-3,5", "0100", "1,3,5"},  {"1-3,5", "1000", "2-3,5"}, {"1-3,5", "0001", "1-3"},
               {"1-3,5", "0010", "1-2,5"},  {"2,4-5", "010", "2,5"},    {NULL, "111111", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    opened o;
    bool drop[6];
    char wanted[64] = "";
    open_it(&o, text, "data.states_key=states data.actions_key=");
    df_recording_free(o.recording);
    if (cases[i].select) assert_ok(df_config_set(&o.config, "data.select", cases[i].select, "test"));
    assert_ok(df_recording_open(scratch_path, &o.config, o.system, &o.recording));
    o.source.recording = o.recording;
    assert_int_equal(df_recording_episodes(o.recording), strlen(cases[i].drop));
    for (size_t e = 0; e < strlen(cases[i].drop); e++) drop[e] = cases[i].drop[e] == '1';
    if (cases[i].left[0]) snprintf(wanted, sizeof wanted, "data.select = %s", cases[i].left);
    fits(fit_select(&o.source, drop), wanted);
    close_it(&o);
  }
}

/* positions in the order c, a, b, velocities in the order b, c, a */
static void a_number_is_in_its_column(void** state) {
  (void)state;
  static const char* const wanted[6] = {"column 1 of array 'q'", "column 2 of array 'q'", "column 0 of array 'q'",
                                        "column 2 of array 'v'", "column 0 of array 'v'", "column 1 of array 'v'"};
  opened o;
  open_it(&o, "{\"q\": [[3,1,2],[3,1,2]], \"v\": [[2,3,1],[2,3,1]]}",
          "data.states_key=q data.actions_key= data.columns=joints@q,joint_vel@v data.joints=c,a,b "
          "data.velocity_joints=b,c,a");
  for (int k = 0; k < 6; k++) {
    char* words = fit_column(&o.source, k);
    assert_string_equal(words, wanted[k]);
    df_free(words);
  }
  char* nothing = fit_column(&(fit_source){0}, 0);
  assert_string_equal(nothing, "");
  df_free(nothing);
  int* recorded = fit_recorded_joints(&o.source, o.system);
  assert_non_null(recorded);
  assert_memory_equal(recorded, ((const int[]){2, 0, 1}), 3 * sizeof(int));
  df_free(recorded);
  /* what is read as a is b, as b is c, as c is a: the columns are a, b, c and, of the velocities, c, a, b */
  fits(fit_joints(&o.source, o.system, (const int[]){1, 2, 0}), "data.joints = a,b,c, data.velocity_joints = c,a,b");
  fits(fit_velocity_joints(&o.source, o.system, (const int[]){1, 2, 0}), "data.velocity_joints = c,a,b");
  close_it(&o);
}

static void offsets_and_scales_are_those_in_all(void** state) {
  (void)state;
  df_config config = df_config_default();
  const fit_source source = {.config = &config};
  fits(fit_rise(&source, -0.25), "data.position_offset = 0,0,-0.25");
  fits(fit_scale(&source, 0.01), "data.position_scale = 0.01");
  set_all(&config, "data.position_offset=1,2,3 data.position_scale=0.5");
  fits(fit_rise(&source, -0.25), "data.position_offset = 1,2,2.75");
  fits(fit_scale(&source, 0.01), "data.position_scale = 0.005");
  fits(fit_scale(&(fit_source){0}, 0.01), "");
}

int main(void) {
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(episodes_are_written_as_ranges), WITH_FILE(episodes_are_left_out_by_their_numbers),
      WITH_FILE(a_number_is_in_its_column), cmocka_unit_test(offsets_and_scales_are_those_in_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
