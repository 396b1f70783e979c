/* Settings of recordings of known layouts, against what their authors document. */
#include "known_layouts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/file.h"
#include "dynaflow/data/recording.h"
#include "test_file.h"
#include "unit.h"

typedef struct robot {
  df_system* system;
  model_study study;
} robot;

/* free the system */
static robot robot_of(const char* xml) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  robot out;
  assert_int_equal(df_mujoco_system_from_xml(xml, "robot", &cfg, &out.system), DF_OK);
  assert_int_equal(model_study_of(out.system, &out.study), DF_OK);
  return out;
}

/* what is found in a file */
typedef struct recognised {
  source files;
  settings found;
  recognition r;
  const known_layout* layout;
  df_status status;
} recognised;

/* `given`: a setting of the user; NULL: none */
static void recognise_text(const robot* m, const char* name, const char* content, const char* given, recognised* out) {
  const char* path = test_file(name);
  *out = (recognised){.r = {.files = &out->files, .model = &m->study, .found = &out->found}};
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
  assert_int_equal(source_open(1, &path, &out->files), DF_OK);
  if (given) settings_give(&out->found, given);
  out->status = recognise(&out->r, &out->layout);
}

static void recognised_clear(recognised* k) {
  settings_clear(&k->found);
  text_clear(&k->r.notes);
  source_close(&k->files);
}

/* Gymnasium's CartPole: action 1 pushes with 10 N along x, action 0 with 10 N against it; a step is 0.02 s */
static void the_actions_of_a_cart_pole_are_forces(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='slider' type='slide' axis='1 0 0'/><geom size='.1' mass='1'/>"
      "<body><joint name='hinge' axis='0 1 0'/><geom size='.1' pos='0 0 .5' mass='.1'/></body></body></worldbody>"
      "<actuator><motor joint='slider'/></actuator></mujoco>";
  static const char recording[] = "{\"obs\": [[[1, 2, 3, 4.5], [5, 6, 7, 8]]], \"acts\": [[1]]}";
  recognised k;
  const robot m = robot_of(model);
  recognise_text(&m, "cartpole.json", recording, NULL, &k);
  assert_int_equal(k.status, DF_OK);
  assert_string_equal(k.layout->name, "Gymnasium CartPole");
  const double scale = strtod(settings_find(&k.found, "data.action_scale")->value, NULL);
  const double offset = strtod(settings_find(&k.found, "data.action_offset")->value, NULL);
  assert_true(scale * 1 + offset == 10 && scale * 0 + offset == -10);
  assert_true(strtod(settings_find(&k.found, "data.rate")->value, NULL) == 1 / 0.02);
  recognised_clear(&k);
  df_system_free(m.system);
}

/* A number that is named like a frame rate is one, unless the file states a duration, the user a rate, or it is none
 * that a recording has. Times in ms, us or ns give one; those in s are a column. */
static void a_number_named_like_a_rate_is_one(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  static const struct {
    const char *more, *given, *rate;
  } cases[] = {{"\"rate\": 50", NULL, "50"},
               {"\"frequency\": [200]", NULL, "200"},
               {"\"frame_rate\": 12.5", NULL, "12.5"},
               {"\"rate\": 50, \"frame_rate\": 25", NULL, "25"},
               {"\"rate\": 50, \"dt\": 0.01", NULL, NULL},
               {"\"rate\": 0.003", NULL, NULL},
               {"\"rate\": [50, 60]", NULL, NULL},
               {"\"timestamp\": [0, 20, 40]", NULL, "50"},
               {"\"timestamp\": [7000000, 7020000, 7040000]", NULL, "50"},
               {"\"time\": [0, 20000000, 40000000]", NULL, "50"},
               {"\"time_us\": [0, 500, 1000]", NULL, "2000"},
               {"\"timestamp\": [0, 0.02, 0.04]", NULL, NULL},
               {"\"rate\": 50", "data.rate=40", "40"}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char recording[200];
    recognised k;
    snprintf(recording, sizeof recording, "{\"states\": [[1, 2], [3, 4], [5, 6]], %s}", cases[i].more);
    recognise_text(&m, "rate.json", recording, cases[i].given, &k);
    assert_int_equal(k.status, DF_OK);
    const setting* rate = settings_find(&k.found, "data.rate");
    assert_int_equal(rate != NULL, cases[i].rate != NULL);
    if (rate) assert_string_equal(rate->value, cases[i].rate);
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* Clocks, statements that the conversion knows, and numbers named like a rate are refused with both names and values if
 * they differ by more than 2 %. Numbers that may be of something else are noted: a frequency, steps of a simulator. */
static void statements_of_the_rate_that_differ_are_named(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
#define CLOCK  "\"time_ms\": [0, 20, 40]"
#define COLUMN "\"time\": [0, 0.02, 0.04]"
  static const struct {
    const char *more, *given;
    const char* says;    /* NULL: nothing */
    const char* refused; /* NULL: it is a note */
  } cases[] = {
      {CLOCK ", \"fps\": 100", NULL, "'time_ms' states 0.02 s per frame, but 'fps' 100 Hz", "correct the file"},
      {CLOCK ", \"hz\": 100", NULL, "'time_ms' states 0.02 s per frame, but 'hz' 100 Hz", "--set data.rate=HZ"},
      {CLOCK ", \"@fps\": 60", NULL, "'time_ms' states 0.02 s per frame, but '@fps' 60 Hz", "correct the file"},
      {CLOCK ", \"FrameDuration\": 0.01", NULL, "but 'FrameDuration' 0.01 s per frame", "correct the file"},
      {CLOCK ", \"fps\": 100", "data.rate=100", NULL, NULL},
      {CLOCK ", \"fps\": 50.9, \"hz\": 49.1, \"dt\": 0.02", NULL, NULL, NULL},
      {CLOCK ", \"fps\": 51.1", NULL, "but 'fps' 51.1 Hz", "correct the file"},
      {CLOCK ", \"dt\": 0.005", NULL,
       "'time_ms' states 0.02 s per frame, but 'dt' 0.005 s per frame, which is taken to be of the simulator's steps; "
       "--set data.rate=HZ says otherwise\n",
       NULL},
      {CLOCK ", \"dt\": 0.03", NULL, "but 'dt' 0.03 s per frame", "correct the file"},
      {COLUMN ", \"hz\": 100", NULL, "'time' states 0.02 s per frame, but 'hz' 100 Hz", "correct the file"},
      {COLUMN ", \"frequency\": 500", NULL,
       "'time' states 0.02 s per frame, but 'frequency' 500 Hz, which is taken to be of something else than frames",
       NULL},
      {COLUMN ", \"rate\": 0.003", NULL, NULL, NULL},
      {"\"dt\": 0.01, \"frame_rate\": 50", NULL, "'dt' states 0.01 s per frame, but 'frame_rate' 50 Hz",
       "correct the file"},
      {"\"fps\": 50, \"control_frequency\": 500", NULL, "'fps' states 50 Hz, but 'control_frequency' 500 Hz, which",
       NULL},
      {"\"hz\": 50, \"frame_rate\": 25", NULL, "'frame_rate' states 25 Hz, but 'hz' 50 Hz", "correct the file"}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char recording[200];
    recognised k;
    snprintf(recording, sizeof recording, "{\"states\": [[1, 2], [3, 4], [5, 6]], %s}", cases[i].more);
    recognise_text(&m, "rate.json", recording, cases[i].given, &k);
    const char* said = cases[i].refused ? df_error_message() : text_of(&k.r.notes);
    if ((k.status == DF_E_CONFIG) != (cases[i].refused != NULL)) fail_msg("%s: status %d", cases[i].more, k.status);
    if (cases[i].says && !strstr(said, cases[i].says)) fail_msg("%s: %s", cases[i].more, said);
    if (!cases[i].says && strstr(said, "states")) fail_msg("%s: %s", cases[i].more, said);
    if (cases[i].refused) assert_non_null(strstr(said, cases[i].refused));
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* A column that is a time by its name, with steps of no frame in any unit, is named; one that is a time by no name, is
 * not. */
static void a_clock_without_a_rate_is_said(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  static const struct {
    const char *name, *times;
    const char* shortest; /* NULL: nothing is said */
  } cases[] = {{"time", "0, 2e-9, 3e-9, 4e-9", "1e-09"},
               {"timestamp", "0, 1e298, 2e298, 3e298", "1e+298"},
               {"time_s", "0, 10, 25, 35", NULL}, /* ms, by the numbers */
               {"time", "0, 0.02, 0.04, 0.06", NULL},
               {"t", "0, 1e-9, 2e-9, 3e-9", NULL}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char recording[256], wanted[160];
    recognised k;
    snprintf(recording, sizeof recording, "{\"states\": [[1, 2], [3, 4], [5, 6], [7, 8]], \"%s\": [%s]}", cases[i].name,
             cases[i].times);
    recognise_text(&m, "rate.json", recording, NULL, &k);
    if (k.status != DF_OK) fail_msg("case %zu: %s", i, df_error_message());
    const char* said = strstr(text_of(&k.r.notes), "gives no frame rate");
    if ((said != NULL) != (cases[i].shortest != NULL)) fail_msg("case %zu: %s", i, text_of(&k.r.notes));
    snprintf(
        wanted, sizeof wanted,
        "the array %s gives no frame rate: of its steps forward, the shortest is %s, and in none of s, ms, us and ",
        cases[i].name, cases[i].shortest ? cases[i].shortest : "");
    if (said && !strstr(text_of(&k.r.notes), wanted)) fail_msg("%s", text_of(&k.r.notes));
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* A clock of 40 frames that waits for 2.7 s is one whose gaps the check finds. In ms it gives the rate alone, and a
 * note says where it waits, in each of one or two episodes. */
static void a_pause_of_a_clock_is_said(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  static const struct {
    const char *name, *said;
    int each, at;
    double unit;
  } cases[] = {
      {"time_ms", "the clock time_ms pauses for 2.72 s at row 12 (a frame takes 0.02 s), and only gives the frame rate",
       40, 12, 1000},
      {"time_ms", "the clock time_ms pauses for 2.72 s at row 7 of episode 1 (a frame takes 0.02 s), and", 20, 27,
       1000},
      {"time", NULL, 40, 12, 1},
      {"time", NULL, 20, 27, 1},
      {"time", NULL, 40, 0, 1}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text recording = {0};
    recognised k;
    text_add(&recording, "{\"states\": [");
    for (int t = 0; t < 40; t++) text_add(&recording, "%s[%d, 2]", t ? ", " : "", t);
    text_add(&recording, "], \"%s\": [", cases[i].name);
    for (int t = 0; t < 40; t++) {
      const bool waited = cases[i].at && t >= cases[i].at;
      text_add(&recording, "%s%.6f", t ? ", " : "", cases[i].unit * (0.02 * (t % cases[i].each) + (waited ? 2.7 : 0)));
    }
    text_add(&recording, "]}");
    recognise_text(&m, "rate.json", text_of(&recording), NULL, &k);
    assert_int_equal(k.status, DF_OK);
    const setting *rate = settings_find(&k.found, "data.rate"), *columns = settings_find(&k.found, "data.columns");
    assert_int_equal(rate != NULL, cases[i].said != NULL);
    if (rate) assert_string_equal(rate->value, "50");
    assert_int_equal(columns && strstr(columns->value, "time@") != NULL, !cases[i].said);
    if (cases[i].said && !strstr(text_of(&k.r.notes), cases[i].said)) fail_msg("%s", text_of(&k.r.notes));
    if (!cases[i].said) assert_null(strstr(text_of(&k.r.notes), "pauses"));
    recognised_clear(&k);
    text_clear(&recording);
  }
  df_system_free(m.system);
}

/* the names of LeRobot and of ManiSkill for whole states and for positions */
static void names_of_states_are_known(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  static const struct {
    const char *recording, *layout, *states;
  } cases[] = {{"{\"observation.state\": [[1, 2], [3, 4], [5, 6]]}", "whole states", "observation.state"},
               {"{\"env_states\": {\"qpos\": [[1], [3], [5]]}}", "qpos and qvel", "env_states/qpos"}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recognised k;
    recognise_text(&m, "names.json", cases[i].recording, NULL, &k);
    assert_int_equal(k.status, DF_OK);
    assert_string_equal(k.layout->name, cases[i].layout);
    assert_string_equal(settings_find(&k.found, "data.states_key")->value, cases[i].states);
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* LeRobot as a table: names of columns that begin alike are one array, and an index says where episodes end */
static void a_table_with_a_column_per_value_is_known(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='slider' type='slide' axis='1 0 0'/><geom size='.1' mass='1'/>"
      "<body><joint name='hinge' axis='0 1 0'/><geom size='.1' pos='0 0 .5' mass='.1'/></body></body></worldbody>"
      "<actuator><motor joint='slider'/></actuator></mujoco>";
  static const char recording[] =
      "episode_index,timestamp,observation.state.x,observation.state.a,observation.velocity.x,observation.velocity.a,"
      "action.push\n0,0,1,2,3,4,5\n0,.02,1,2,3,4,5\n0,.04,1,2,3,4,5\n0,.06,1,2,3,4,5\n1,0,1,2,3,4,5\n"
      "1,.02,1,2,3,4,5\n";
  static const char* const wanted[][2] = {
      {"data.columns", "qpos@observation.state.*,qvel@observation.velocity.*,time@timestamp"},
      {"data.actions_key", "action.*"},
      {"data.ends_key", "episode_index"}};
  recognised k;
  const robot m = robot_of(model);
  recognise_text(&m, "table.csv", recording, NULL, &k);
  assert_int_equal(k.status, DF_OK);
  assert_string_equal(k.layout->name, "a column per value");
  for (int i = 0; i < 3; i++) assert_string_equal(settings_find(&k.found, wanted[i][0])->value, wanted[i][1]);
  recognised_clear(&k);
  df_system_free(m.system);
}

/* The key of data.ends_key for recordings of six frames with these further arrays, "" if there is none; or what the
 * refusal says, after a '!'. `rate`: a setting that the user gave; NULL: none. */
static void check_ends(const model_study* study, const char* const more[2], const char* rate, const char* wanted) {
  char name[2][512];
  const char* path[2];
  int n = 0;
  for (; n < 2 && more[n]; n++) {
    char recording[400];
    snprintf(name[n], sizeof name[n], "%s", test_file(n ? "ends_b.json" : "ends_a.json"));
    path[n] = name[n];
    snprintf(recording, sizeof recording, "{\"states\": [[1, 2], [3, 4], [5, 6], [1, 2], [3, 4], [5, 6]]%s}", more[n]);
    assert_int_equal(df_file_write(path[n], recording, strlen(recording)), DF_OK);
  }
  const known_layout* layout;
  source files;
  settings found = {0};
  assert_int_equal(source_open(n, path, &files), DF_OK);
  recognition r = {.files = &files, .model = study, .found = &found};
  if (rate) settings_give(&found, rate);
  const df_status status = recognise(&r, &layout);
  if (wanted[0] == '!') {
    if (status != DF_E_FORMAT) fail_msg("not refused: %s", wanted + 1);
    if (!strstr(df_error_message(), wanted + 1)) fail_msg("%s", df_error_message());
    settings_clear(&found);
    text_clear(&r.notes);
    source_close(&files);
    return;
  }
  assert_int_equal(status, DF_OK);
  const setting* ends = settings_find(&found, "data.ends_key");
  assert_string_equal(ends ? ends->value : "", wanted);
  settings_clear(&found);
  text_clear(&r.notes);
  source_close(&files);
}

/* without another array that says where episodes end, and if it begins again in one of the files */
static void a_clock_that_begins_again_ends_episodes(void** state) {
  (void)state;
#define ONCE    ", \"time\": [0, 0.1, 0.2, 0.3, 0.4, 0.5]"
#define TWICE   ", \"time\": [0, 0.1, 0.2, 0, 0.1, 0.2]"
#define SWAPPED ", \"time\": [0, 0.1, 0.3, 0.2, 0.4, 0.5]"
#define STOPPED ", \"time\": [0, 0.1, 0.2, 0.2, 0.3, 0.4]"
#define BACK    ", \"time\": [0.5, 0.4, 0.3, 0.2, 0.1, 0]"
#define STANDS  ", \"time\": [7, 7, 7, 7, 7, 7]"
#define NOISE   ", \"time\": [3, 1, 2, 0, 4, 1]"
#define DOUBLED ", \"time\": [0, 0, 0.2, 0.2, 0.4, 0.4]"
#define PAIRS   ", \"time\": [0, 0.1, 0, 0.1, 0, 0.1]"
#define COUNTS  ", \"frame_index\": [0, 0, 1, 1, 2, 2]"
#define MILLI   ", \"time_ms\": [0, 0, 200, 200, 400, 400]"
#define ROWS    ", \"time\": [[0, 0.1, 0.2], [0, 0, 0.1]]"
#define OTHER   ", \"t\": [3, 1, 2, 0, 4, 1]"
/* of two episodes, e.g. when they were recorded */
#define PER_EPISODE ", \"time\": [7, 3]"
#define INDEX       ", \"episode_index\": [4, 4, 4, 5, 5, 5]"
#define FLAGS       ", \"terminals\": [0, 0, 1, 0, 0, 1]"
#define COUNTED     ", \"frame_index\": [0, 1, 2, 0, 1, 2]"
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  static const struct {
    const char *more[2], *rate, *wanted;
  } cases[] = {
      {{TWICE}, NULL, "time"},
      {{COUNTED}, NULL, "frame_index"},
      {{ONCE}, NULL, ""},
      {{OTHER}, NULL, ""},
      {{PER_EPISODE}, NULL, ""},
      {{ONCE, TWICE}, NULL, "time"},
      {{ONCE, ONCE}, NULL, ""},
      {{ONCE, ""}, NULL, ""},
      {{TWICE INDEX}, NULL, "episode_index"},
      {{TWICE FLAGS}, NULL, "terminals"},
      {{ONCE COUNTED}, NULL, "frame_index"},
      /* rows that are not in the order of time */
      {{SWAPPED}, NULL, "!ends_a.json: array 'time' is 0.2 at index 3 and 0.3 at the one before: the rows are"},
      {{STOPPED}, NULL, "!ends_a.json: array 'time' is 0.2 at index 3 and 0.2 at the one before: the rows are"},
      {{ONCE, SWAPPED}, NULL, "!ends_b.json: array 'time' is 0.2 at index 3"},
      {{BACK}, NULL, "!ends_a.json: array 'time' falls from 0.5 to 0: the rows are in the reverse order"},
      {{STANDS}, NULL, "!ends_a.json: array 'time' is 7 at index 1 and 7 at the one before"},
      {{DOUBLED}, NULL, "!ends_a.json: array 'time' is 0 at index 1 and 0 at the one before"},
      {{DOUBLED INDEX}, NULL, "!ends_a.json: array 'time' is 0 at index 1 and 0 at the one before"},
      {{ONCE, DOUBLED}, NULL, "!ends_b.json: array 'time' is 0 at index 1 and 0 at the one before"},
      {{PAIRS}, NULL, "!ends_a.json: array 'time' is 0 at index 2 and 0.1 at the one before"},
      {{NOISE}, NULL, "!ends_a.json: array 'time' is 1 at index 1 and 3 at the one before"},
      {{COUNTS}, NULL, "!ends_a.json: array 'frame_index' is 0 at index 1 and 0 at the one before"},
      {{MILLI}, NULL, "!ends_a.json: array 'time_ms' is 0 at index 1 and 0 at the one before"},
      {{ROWS}, NULL, "!ends_a.json: array 'time' is 0 at index 4 and 0 at the one before"},
      /* an episode may begin at the time at which another one ends */
      {{STOPPED INDEX}, NULL, "episode_index"},
      {{SWAPPED}, "data.rate=10", ""},
      {{DOUBLED}, "data.rate=10", ""},
      {{BACK}, "data.rate=10", ""}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_ends(&m.study, cases[i].more, cases[i].rate, cases[i].wanted);
  df_system_free(m.system);
}

/* clocks in whole milliseconds: rates of films and television are theirs, others the whole number that is nearest */
static void a_clock_shows_the_rates_of_films(void** state) {
  (void)state;
  enum { FRAMES = 400 };
  static const struct {
    double recorded, wanted;
  } cases[] = {{24000 / 1001., 24000 / 1001.},
               {24, 24},
               {30000 / 1001., 30000 / 1001.},
               {30, 30},
               {60000 / 1001., 60000 / 1001.},
               {120000 / 1001., 120000 / 1001.},
               {25, 25},
               {49.97, 50},
               {99.95, 100},
               {99.8, 99.8}};
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recognised k;
    text recording = {0};
    text_add(&recording, "{\"states\": [");
    for (int t = 0; t < FRAMES; t++) text_add(&recording, "%s[1, 2]", t ? ", " : "");
    text_add(&recording, "], \"time_ms\": [");
    for (int t = 0; t < FRAMES; t++) text_add(&recording, "%s%.0f", t ? ", " : "", 1000 * t / cases[i].recorded);
    text_add(&recording, "]}");
    recognise_text(&m, "clock.json", text_of(&recording), NULL, &k);
    assert_int_equal(k.status, DF_OK);
    const double rate = strtod(settings_find(&k.found, "data.rate")->value, NULL);
    print_message("    %.6g Hz: %.10g Hz\n", cases[i].recorded, rate);
    assert_true(fabs(rate - cases[i].wanted) < (cases[i].wanted == 99.8 ? 1e-3 * rate : 1e-9 * rate));
    recognised_clear(&k);
    text_clear(&recording);
  }
  df_system_free(m.system);
}

/* a robot without hinges has no columns of joints; what given columns leave open is found */
static void a_drone_has_no_columns_of_joints(void** state) {
  (void)state;
#define ROW "0.5, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6"
  static const char model[] =
      "<mujoco><worldbody><body><freejoint/><geom size='.1' mass='1'/><site name='s'/></body></worldbody>"
      "<actuator><general site='s' gear='0 0 1 0 0 0'/></actuator></mujoco>";
  static const char observations[] =
      "{\"episode_0\": {\"observations\": [[" ROW "], [" ROW "], [" ROW "]], \"dt\": 0.02}}";
  static const char pose[] = "{\"Frames\": [[0, 0, 0.5, 1, 0, 0, 0], [0, 0, 0.5, 1, 0, 0, 0]], \"dt\": 0.02}";
  static const struct {
    const char *recording, *given, *columns, *states, *root_xy;
  } cases[] = {{observations, NULL, "root_z,root_quat,root_linvel,root_angvel", "observations", "integrated"},
               {observations, "data.columns=root_z,root_quat,root_linvel,root_angvel",
                "root_z,root_quat,root_linvel,root_angvel", "observations", "integrated"},
               {pose, NULL, "root_pos,root_quat", "Frames", NULL},
               {pose, "data.columns=root_pos,root_quat", "root_pos,root_quat", "Frames", NULL}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recognised k;
    df_config config;
    df_recording* recording;
    recognise_text(&m, "names.json", cases[i].recording, cases[i].given, &k);
    assert_int_equal(k.status, DF_OK);
    assert_string_equal(settings_find(&k.found, "data.columns")->value, cases[i].columns);
    assert_string_equal(settings_find(&k.found, "data.states_key")->value, cases[i].states);
    const setting* xy = settings_find(&k.found, "data.root_xy");
    assert_int_equal(xy != NULL, cases[i].root_xy != NULL);
    if (xy) assert_string_equal(xy->value, cases[i].root_xy);
    /* and so it is read */
    settings_put(&k.found, "data.source", "file");
    assert_int_equal(settings_config(&k.found, &config), DF_OK);
    config.window_horizon = 1;
    if (df_recording_open(test_file("names.json"), &config, m.system, &recording) != DF_OK)
      fail_msg("%s", df_error_message());
    assert_true(df_recording_frame(recording, 0, 0)[cases[i].root_xy ? 0 : 2] == 0.5);
    df_recording_free(recording);
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* What is there under a name that import looks for, and cannot be read, is an error and not nothing; null and text are
 * none, and the user's own setting decides. */
static void an_array_that_cannot_be_read_is_not_left_out(void** state) {
  (void)state;
#define STATES  "{\"states\": [[1, 2], [3, 4], [5, 6]], "
#define INSTEAD "; correct the file, or say what to read instead in data."
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='a'/></actuator></mujoco>";
  static const struct {
    const char *recording, *given;
    df_status status;
    const char* says; /* in the error; NULL: data.actions_key is "" */
  } cases[] = {
      {STATES "\"actions\": [[1], [2, 3]]}", NULL, DF_E_FORMAT, "array 'actions': row 1 has 2 values, the first has 1"},
      {STATES "\"actions\": [[1], [2, 3]]}", NULL, DF_E_FORMAT, INSTEAD "actions_key (empty: states only)"},
      {STATES "\"action_a\": [1, [2]]}", NULL, DF_E_FORMAT, "array 'action_a': row 1 is a list, the first is not"},
      {STATES "\"actions\": [[1], [2, 3]]}", "data.actions_key=", DF_OK, NULL},
      {STATES "\"actions\": null}", NULL, DF_OK, NULL},
      {STATES "\"notes\": [[1], [2, 3]]}", NULL, DF_OK, NULL},
      {STATES "\"episode_ends\": [1, [2]]}", NULL, DF_E_FORMAT, "array 'episode_ends': row 1 is a list"},
      {STATES "\"dones\": [0, \"x\"]}", NULL, DF_E_FORMAT, INSTEAD "ends_key"},
      {STATES "\"time\": [0, \"x\"]}", NULL, DF_E_FORMAT, INSTEAD "rate"},
      {STATES "\"time\": [0, \"x\"]}", "data.rate=50", DF_OK, NULL},
      {STATES "\"rate\": \"fifty\"}", NULL, DF_E_FORMAT,
       "rate.json: 'rate' is 'fifty', not a number of frames per second"},
      {STATES "\"rate\": \"fifty\", \"dt\": 0.1}", NULL, DF_OK, NULL},
      {"{\"qpos\": [[1], [3]], \"qvel\": [[1], [3, 4]]}", NULL, DF_E_FORMAT, "array 'qvel': row 1 has 2 values"},
      {"{\"obs\": {\"qpos\": [[1], [3]], \"qvel\": [[1], [3, 4]]}}", NULL, DF_E_FORMAT, "array 'obs/qvel': row 1"},
      {"{\"q_a\": [1, 3], \"q_b\": [1, 3], \"dq_a\": [1, [3]]}", NULL, DF_E_FORMAT, "array 'dq_a': row 1 is a list"},
      {"time,a\n0,1\ninf,2\n0.2,3\n", NULL, DF_E_NONFINITE, "array 'time' is inf at index 1: correct this time"},
      {"time,a\n0,1\ninf,2\n0.2,3\n", "data.rate=10", DF_OK, NULL},
      {"time,a\n0,1\n0.1,2\nnan,nan\n", NULL, DF_OK, NULL}};
  const robot m = robot_of(model);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    recognised k;
    recognise_text(&m, "rate.json", cases[i].recording, cases[i].given, &k);
    if (k.status != cases[i].status) fail_msg("case %zu: %s", i, k.status == DF_OK ? "no error" : df_error_message());
    if (cases[i].says && !strstr(df_error_message(), cases[i].says)) fail_msg("case %zu: %s", i, df_error_message());
    if (!cases[i].says) assert_string_equal(settings_find(&k.found, "data.actions_key")->value, "");
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* names of rates are the same in the conversion and in the layouts; a rate that arrays state is not found again */
static void names_of_rates_are_listed_once(void** state) {
  (void)state;
  const char* name;
  bool array;
  int n = 0, arrays = 0;
  for (; (name = df_recording_rate_name(n, &array)); n++) {
    arrays += array;
    if (strcmp(name, "timestep") == 0) assert_false(array);
    if (strcmp(name, "fps") == 0) assert_true(array);
  }
  assert_int_equal(n, 9);
  assert_int_equal(arrays, 6);
  assert_true(layout_names_rate("frequency") && layout_names_rate("demo/hz") && !layout_names_rate("x_frequency"));
}

/* 30 Hz are LAFAN1's, unless a comment of the table states a rate */
static void a_stated_rate_is_kept_before_that_of_a_layout(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><freejoint/><geom size='.1' mass='1'/><body><joint name='a'/><geom size='.1' "
      "mass='.1'/>"
      "</body></body></worldbody><actuator><motor joint='a'/></actuator></mujoco>";
  static const char* const comments[] = {"# of a robot\n", "# frame rate: 50 fps\n"};
  const robot m = robot_of(model);
  for (int i = 0; i < 2; i++) {
    char recording[200];
    recognised k;
    snprintf(recording, sizeof recording, "%s0.5,1,2,0,0,0,1,3\n0.5,1,2,0,0,0,1,3\n", comments[i]);
    recognise_text(&m, "walk.csv", recording, NULL, &k);
    assert_int_equal(k.status, DF_OK);
    assert_string_equal(k.layout->name, "retargeted joints");
    const setting* rate = settings_find(&k.found, "data.rate");
    assert_int_equal(rate != NULL, i == 0);
    assert_int_equal(k.r.rate_assumed, i == 0);
    if (rate) assert_string_equal(rate->value, "30");
    recognised_clear(&k);
  }
  df_system_free(m.system);
}

/* joints of an array each, in the order of the recording, by the names of the model and, where they differ, of the file
 */
static void joints_of_other_names_are_named_by_both(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='waist' axis='0 0 1'/><geom size='.1' mass='1'/><body>"
      "<joint name='left_hip' axis='0 1 0'/><geom size='.1' mass='1'/><body><joint name='left_knee' axis='0 1 0'/>"
      "<geom size='.1' mass='1'/></body></body></body></worldbody><actuator><motor joint='waist'/></actuator></mujoco>";
  static const char recording[] =
      "{\"q_knee_left\": [1, 2], \"q_waist\": [1, 2], \"q_hip_left\": [1, 2], \"dq_knee_left\": [1, 2], "
      "\"dq_waist\": [1, 2], \"dq_hip_left\": [1, 2]}";
  recognised k;
  const robot m = robot_of(model);
  recognise_text(&m, "names.json", recording, NULL, &k);
  assert_int_equal(k.status, DF_OK);
  assert_string_equal(settings_find(&k.found, "data.columns")->value, "joints@q_*,joint_vel@dq_*");
  assert_string_equal(settings_find(&k.found, "data.joints")->value, "left_knee=knee_left,waist,left_hip=hip_left");
  assert_string_equal(text_of(&k.r.notes),
                      "recorded joint knee_left is left_knee of the model (the same words)\n"
                      "recorded joint hip_left is left_hip of the model (the same words)\n");
  recognised_clear(&k);
  df_system_free(m.system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(joints_of_other_names_are_named_by_both),
                                     cmocka_unit_test(the_actions_of_a_cart_pole_are_forces),
                                     cmocka_unit_test(a_number_named_like_a_rate_is_one),
                                     cmocka_unit_test(statements_of_the_rate_that_differ_are_named),
                                     cmocka_unit_test(a_clock_without_a_rate_is_said),
                                     cmocka_unit_test(a_pause_of_a_clock_is_said),
                                     cmocka_unit_test(names_of_states_are_known),
                                     cmocka_unit_test(a_clock_that_begins_again_ends_episodes),
                                     cmocka_unit_test(a_clock_shows_the_rates_of_films),
                                     cmocka_unit_test(a_drone_has_no_columns_of_joints),
                                     cmocka_unit_test(an_array_that_cannot_be_read_is_not_left_out),
                                     cmocka_unit_test(names_of_rates_are_listed_once),
                                     cmocka_unit_test(a_stated_rate_is_kept_before_that_of_a_layout),
                                     cmocka_unit_test(a_table_with_a_column_per_value_is_known)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
