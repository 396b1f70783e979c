/* Recordings as demonstrations: rates, velocities, positions and actions. */
#include "recording_test.h"

#include "dynaflow/io/memory.h"
#include "dynaflow/sim/dynamics.h"

/* a cart, dt = 0.01 s: nx = 4, nu = 1; every_joint_xml, dt = 0.002 s: nx = 25, nu = 2 */
static df_system *cart, *body;

static int setup(void** state) {
  cart = make_system(cart_xml);
  body = make_system(every_joint_xml);
  return scratch_make(state);
}

static int teardown(void** state) {
  df_system_free(cart);
  df_system_free(body);
  return scratch_remove(state);
}

static df_dataset* read_with(const df_system* system, const df_config* config) {
  df_dataset* data;
  assert_ok(df_dataset_read(scratch_path, config, system, &data));
  return data;
}

/* ---- rates ---- */

/* rail at 3 m/s, pole at -2 rad/s, sampled every `step` seconds */
static void move(double step, int frames, double* x) {
  for (int t = 0; t < frames; t++, x += 4) {
    x[0] = 1 + 3 * step * t;
    x[1] = -2 * step * t;
    x[2] = 3;
    x[3] = -2;
  }
}

static void assert_moves(const df_dataset* data, int length) {
  assert_int_equal(data->lengths[0], length);
  for (int t = 0; t <= length; t++) {
    const double* x = df_dataset_state(data, 0, t);
    assert_close(x[0], 1 + 0.03 * t, 1e-12);
    assert_close(x[1], -0.02 * t, 1e-12);
    assert_close(x[2], 3, 1e-11);
    assert_close(x[3], -2, 1e-11);
  }
}

static void frames_at_any_rate_become_frames_of_actions(void** state) {
  (void)state;
  double x[7 * 5], dt = 0.025, fps = 40;
  move(dt, 7, x);
  const df_npz_entry states = ARRAY("states", x, 2, 7, 4);
  /* less than an action is no motion */
  WRITE(ARRAY("states", x, 3, 2, 3, 4));
  const df_config fast = SETTINGS(STATES_ONLY, "data.rate", "400", "data.select", "1");
  refused(cart, &fast, DF_E_MISMATCH, SAYS("episode 1 lasts 0.005 s, less than an action (0.01 s)"));
  /* the rate that the settings give, or the file, in seconds or per second: 0.15 s are 15 actions */
  WRITE(states);
  df_config config = SETTINGS(STATES_ONLY, "data.rate", "40");
  df_dataset* data = read_with(cart, &config);
  assert_moves(data, 15);
  df_dataset_free(data);
  WRITE(states, {.key = "dt", .values = &dt});
  config = SETTINGS(STATES_ONLY);
  data = read_with(cart, &config);
  assert_moves(data, 15);
  df_dataset_free(data);
  WRITE(states, {.key = "fps", .values = &fps});
  data = read_with(cart, &config);
  assert_moves(data, 15);
  df_dataset_free(data);
  df_recording* r = opened(scratch_path, &config, cart);
  assert_close(df_recording_rate(r), 40, 1e-12);
  df_recording_free(r);
  /* one that is no rate */
  static const double none[] = {0, -1, INFINITY};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    char says[2][120];
    snprintf(says[0], sizeof says[0], "'FrameDuration' is %g: a duration of a frame is a finite number above 0",
             none[i]);
    snprintf(says[1], sizeof says[1], "array 'fps' is %g: a frame rate is a finite number above 0", none[i]);
    WRITE(states, {.key = "FrameDuration", .values = &none[i]});
    refused(cart, &config, DF_E_FORMAT, SAYS(says[0]));
    WRITE(states, {.key = "fps", .values = &none[i]});
    refused(cart, &config, DF_E_FORMAT, SAYS(says[1]));
  }
  /* no rate: a frame per action; the bits are kept */
  WRITE(states);
  data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 6);
  assert_memory_equal(data->states, x, 28 * sizeof(double));
  df_dataset_free(data);
}

/* a duration in single precision is that of an action; one that differs by a part in 1e6 is resampled */
/* Two statements of the rate that differ are an error, unless a setting or a column of times tells. */
static void rates_that_contradict_each_other_are_named(void** state) {
  (void)state;
#define THREE "\"states\": [[0,0,0,0],[1,0,0,0],[2,0,0,0]]"
  static const struct {
    const char* file;
    double rate; /* Hz; 0: refused */
    const char *says[2], *by;
  } cases[] = {
      {"{\"dt\": 0.01, \"fps\": 50, " THREE "}",
       0,
       {"'dt' states 0.01 s per frame, but 'fps' 50 Hz", "data.rate"},
       NULL},
      {"{\"fps\": 30, \"mocap_framerate\": 60, " THREE "}",
       0,
       {"'fps' states 30 Hz, but 'mocap_framerate' 60 Hz", "data.rate"},
       NULL},
      {"{\"dt\": 0.033, \"fps\": 30, " THREE "}", 1 / 0.033, {NULL}, "dt"},
      {"{\"dt\": 0.0345, \"fps\": 30, " THREE "}",
       0,
       {"'dt' states 0.0345 s per frame, but 'fps' 30 Hz", "data.rate"},
       NULL},
      {"# frame rate: 50\n# recorded by me\n# dt: 0.01\n0,0,0,0\n1,0,0,0\n",
       0,
       {"comments state different frame rates, 50 Hz in line 1, but 0.01 s per frame in line 3", "data.rate"},
       NULL},
      {"# frame rate: 50\n# dt: 0.02\n0,0,0,0\n1,0,0,0\n", 50, {NULL}, "a comment"},
      /* attributes of the file and of the array that is read, which is nearer; one array may be a column */
      {"{\"@timestep\": 0.05, " THREE "}", 20, {NULL}, "the attribute timestep"},
      {"{\"@framerate\": 40, " THREE "}", 40, {NULL}, "the attribute framerate"},
      {"{\"states@frame_duration\": 0.05, \"dt\": 0.01, " THREE "}", 20, {NULL}, "the attribute frame_duration"},
      {"{\"timestep\": 0.05, \"frame_rate\": 40, \"mocap_frame_rate\": 30, " THREE "}", 30, {NULL}, "mocap_frame_rate"},
      {"{\"@dt\": 0.05, \"fps\": 50, " THREE "}",
       0,
       {"'fps' states 50 Hz, but 'the attribute dt' 0.05 s per frame", "data.rate"},
       NULL},
      {"{\"env_args\": \"{\\\"env_kwargs\\\": {\\\"control_freq\\\": 20}}\", " THREE "}",
       20,
       {NULL},
       "control_freq of env_args"},
      {"{\"env_args\": \"{\\\"control_freq\\\" : 25.5, \\\"a\\\": 1}\", \"dt\": 0.01, " THREE "}",
       0,
       {"'dt' states 0.01 s per frame, but 'control_freq of env_args' 25.5 Hz", "data.rate"},
       NULL},
      {"{\"env_args\": \"{\\\"env_name\\\": \\\"control_freq\\\"}\", \"fps\": 40, " THREE "}", 40, {NULL}, "fps"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_config config = SETTINGS(STATES_ONLY);
    if (cases[i].file[0] == '#') assert_ok(df_config_set(&config, "data.states_key", "table", "test"));
    scratch_put(cases[i].file, strlen(cases[i].file));
    if (cases[i].rate == 0) {
      refused(cart, &config, DF_E_CONFIG, SAYS(cases[i].says[0], cases[i].says[1]));
      assert_ok(df_config_set(&config, "data.rate", "100", "test"));
      df_dataset_free(read_with(cart, &config));
      continue;
    }
    df_recording* r = opened(scratch_path, &config, cart);
    assert_close(df_recording_rate(r), cases[i].rate, 1e-9);
    assert_string_equal(df_recording_rate_source(r), cases[i].by);
    df_recording_free(r);
  }
}

/* what is named like a rate and cannot be read as one is an error, unless something else tells the rate */
/* stamps and durations of 0.02 s per frame; a step of the simulator is a whole part of it */
static void rates_that_contradict_times_in_columns_are_named(void** state) {
  (void)state;
#define STAMPS "\"states\": [[0,0,0,0,0],[0.02,1,0,0,0],[0.04,2,0,0,0]]"
#define LASTS  "\"states\": [[0.02,0,0,0,0],[0.02,1,0,0,0],[0.02,2,0,0,0]]"
  static const struct {
    const char *file, *column, *says; /* says: NULL: nothing; from ":" on a note, else the error */
  } cases[] = {{"{\"fps\": 100, " STAMPS "}", "time",
                "'times in data.columns' states 0.02 s per frame, but 'fps' 100 Hz: correct the file, or say how"},
               {"{\"FrameDuration\": 0.01, " LASTS "}", "frame_duration",
                "'durations in data.columns' states 0.02 s per frame, but 'FrameDuration' 0.01 s per frame"},
               {"{\"@dt\": 0.03, " LASTS "}", "frame_duration", "but 'the attribute dt' 0.03 s per frame"},
               {"{\"dt\": 0.008, " STAMPS "}", "time", "but 'dt' 0.008 s per frame"},
               {"{\"fps\": 49.1, " STAMPS "}", "time", NULL},
               {"{\"fps\": 50, \"dt\": 0.03, " STAMPS "}", "time", "but 'dt' 0.03 s per frame"},
               {"{\"dt\": 0.005, " STAMPS "}", "time",
                ": 'dt' states 0.005 s per frame, but 'times in data.columns' 0.02 s, which are taken: 4 steps of the "
                "simulator are a frame; data.rate says otherwise"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char columns[40];
    snprintf(columns, sizeof columns, "%s,qpos,qvel", cases[i].column);
    df_config config = SETTINGS(STATES_ONLY, "data.columns", columns);
    const bool noted = cases[i].says && cases[i].says[0] == ':';
    scratch_put(cases[i].file, strlen(cases[i].file));
    if (cases[i].says && !noted) {
      refused(cart, &config, DF_E_CONFIG, SAYS(cases[i].says));
      assert_ok(df_config_set(&config, "data.rate", "50", "test"));
    }
    df_recording* r = opened(scratch_path, &config, cart);
    assert_int_equal(df_recording_notes(r), noted);
    if (noted) assert_non_null(strstr(df_recording_note(r, 0), cases[i].says));
    assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.02, 1e-12);
    df_recording_free(r);
  }
}

static void a_rate_that_is_no_number_is_named_with_its_text(void** state) {
  (void)state;
  static const struct {
    const char *file, *says; /* NULL: it is not needed */
  } cases[] = {{"{\"FrameDuration\": \"x\", " THREE "}",
                "'FrameDuration' is 'x': a duration of a frame is a finite number above 0"},
               {"{\"fps\": \"30 Hz\", " THREE "}", "'fps' is '30 Hz': a frame rate is a finite number above 0"},
               {"{\"@framerate\": \"fast\", " THREE "}", "'@framerate' is 'fast': a frame rate"},
               {"{\"dt\": 0.1, \"fps\": \"30 Hz\", " THREE "}", NULL},
               {"{\"env_args\": \"{\\\"control_freq\\\": \\\"x\\\"}\", " THREE "}",
                "control_freq of 'env_args' is not a number"},
               {"{\"env_args\": \"{\\\"control_freq\\\": -20}\", " THREE "}",
                "control_freq of 'env_args' is not a number above 0"},
               {"{\"env_args\": \"{\\\"control_freq\\\": null}\", " THREE "}", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_config config = SETTINGS(STATES_ONLY);
    scratch_put(cases[i].file, strlen(cases[i].file));
    if (cases[i].says) {
      refused(cart, &config, DF_E_FORMAT, SAYS(cases[i].says));
      assert_ok(df_config_set(&config, "data.rate", "100", "test"));
    }
    df_dataset_free(read_with(cart, &config));
  }
}

/* The rate of robomimic's controller, of the groups below it: times in a column agree with it, or are named. */
static void the_rate_of_a_controller_is_that_of_its_groups(void** state) {
  (void)state;
#define ARGS(rate) "\"env_args\": \"{\\\"control_freq\\\": " rate "}\""
#define DEMO(step) \
  "{\"another\": {" ARGS("10") "}, \"data\": {" ARGS("20") ", \"demo_0\": {\"s\": [[0,0,0,0,0],[" step ",1,0,0,0]]}}}"
  static const char agreed[] = DEMO("0.0501"), other[] = DEMO("0.02");
  df_config config =
      SETTINGS(STATES_ONLY, "data.columns", "time,state", "data.states_key", "s", "data.episodes_key", "data/demo_*");
  scratch_put(agreed, strlen(agreed));
  df_recording* r = opened(scratch_path, &config, cart);
  assert_string_equal(df_recording_rate_source(r), "control_freq of data/env_args");
  assert_close(df_recording_rate(r), 1 / 0.0501, 1e-9);
  df_recording_free(r);
  scratch_put(other, strlen(other));
  refused(cart, &config, DF_E_CONFIG,
          SAYS("'times in data.columns' states 0.02 s per frame, but 'control_freq of data/env_args' 20 Hz"));
  /* a setting decides */
  assert_ok(df_config_set(&config, "data.rate", "25", "test"));
  df_recording_free(opened(scratch_path, &config, cart));
  config =
      SETTINGS(STATES_ONLY, "data.columns", "skip:1,state", "data.states_key", "s", "data.episodes_key", "data/demo_*");
  r = opened(scratch_path, &config, cart);
  assert_close(df_recording_rate(r), 20, 1e-12);
  df_recording_free(r);
}

static void durations_that_differ_by_rounding_are_those_of_actions(void** state) {
  (void)state;
  static const double durations[] = {0.01, (float)0.01, 0.01 * (1 + 1e-6), 0.01 * (1 - 1e-6)};
  double x[7 * 4];
  move(0.01, 7, x);
  for (int i = 0; i < 4; i++) {
    WRITE(ARRAY("states", x, 2, 7, 4), {.key = "dt", .values = &durations[i]});
    const df_config config = SETTINGS(STATES_ONLY);
    df_dataset* data = read_with(cart, &config);
    assert_int_equal(data->resampled, i >= 2);
    assert_int_equal(data->lengths[0], i == 3 ? 5 : 6);
    df_dataset_free(data);
  }
  /* of a setting, by parts in 5e6, and over the whole recording by less than 5 per cent of a frame: 4e-6 over 7 frames,
   * not over 20001, and 6e-6 over neither */
  static const struct {
    size_t frames;
    const char* rate;
    int resampled;
  } settings[] = {{7, "100.0004", 0},     {7, "99.9996", 0},      {7, "100.0006", 1},
                  {10000, "100.0004", 0}, {20001, "100.0004", 1}, {20001, "100.0002", 0}};
  double* many = df_alloc(4 * 20001, sizeof *many);
  move(0.01, 20001, many);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    WRITE(ARRAY("states", many, 2, settings[i].frames, 4));
    const df_config config = SETTINGS(STATES_ONLY, "data.rate", settings[i].rate);
    df_dataset* data = read_with(cart, &config);
    if (data->resampled != settings[i].resampled) fail_msg("%zu frames, %s", settings[i].frames, settings[i].rate);
    df_dataset_free(data);
  }
  df_free(many);
  /* stamps that drift by less than 5 per cent of a frame in all are those of actions */
  static const double ends[] = {0.06 + 0.0004, 0.06 + 0.0006};
  for (int i = 0; i < 2; i++) {
    double wide[7 * 5];
    for (int t = 0; t < 7; t++) {
      wide[5 * t] = ends[i] * t / 6;
      memcpy(wide + 5 * t + 1, x + 4 * t, 4 * sizeof *x);
    }
    WRITE(ARRAY("states", wide, 2, 7, 5));
    const df_config config = SETTINGS(STATES_ONLY, "data.columns", "time,qpos,qvel");
    df_dataset* data = read_with(cart, &config);
    assert_int_equal(data->resampled, i);
    df_dataset_free(data);
  }
}

/* the condition of a frame is that of the recorded frame at its time or before it */
static void conditions_of_resampled_frames_are_those_of_recorded_ones(void** state) {
  (void)state;
  static const int twice[] = {0, 0, 1, 1, 2}, third[] = {0, 3, 6}, uneven[] = {0, 1, 1, 2, 2, 2, 3};
  static const double durations[] = {0.01, 0.02, 0.03, 1};
  const df_npz_entry goal = ARRAY("goal", counting() + 10, 2, 3, 1);
  const struct {
    df_config config;
    df_npz_entry states, goal, time;
    const int* frame;
    int length;
  } cases[] = {
      {SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.rate", "50"), ARRAY("states", counting(), 2, 3, 4), goal,
       ARRAY("t", durations, 1, 3), twice, 4},
      {SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.rate", "300"), ARRAY("states", counting(), 2, 8, 4),
       ARRAY("goal", counting() + 10, 2, 8, 1), ARRAY("t", counting(), 1, 8), third, 2},
      {SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.columns", "qpos@q,qvel@q,frame_duration@t"),
       ARRAY("q", counting(), 2, 4, 4), ARRAY("goal", counting() + 10, 2, 4, 1), ARRAY("t", durations, 1, 4), uneven,
       6},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    WRITE(cases[i].states, cases[i].goal, cases[i].time);
    df_dataset* data = read_with(cart, &cases[i].config);
    assert_int_equal(data->lengths[0], cases[i].length);
    for (int t = 0; t <= cases[i].length; t++) {
      assert_true(df_dataset_condition(data, 0, t)[0] == 10 + cases[i].frame[t]);
    }
    df_dataset_free(data);
  }
}

static void times_are_columns_of_stamps_or_durations(void** state) {
  (void)state;
  static const double durations[] = {0.02, 0.01, 0.04, 0.01, 0.02, 0.05, 0.3};
  double x[7 * 4], wide[7 * 5], time = 0;
  for (int stamps = 0; stamps < 2; stamps++) {
    time = 0;
    for (int t = 0; t < 7; t++) {
      wide[5 * t] = stamps ? 100 + time : durations[t];
      move(time, 2, x); /* its second frame is at `time` */
      memcpy(wide + 5 * t + 1, x + 4, 4 * sizeof *x);
      time += durations[t];
    }
    WRITE(ARRAY("states", wide, 2, 7, 5));
    const df_config config =
        SETTINGS(STATES_ONLY, "data.columns", stamps ? "time,qpos,qvel" : "frame_duration,qpos,qvel");
    df_dataset* data = read_with(cart, &config);
    assert_moves(data, 15);
    df_dataset_free(data);
    df_recording* r = opened(scratch_path, &config, cart);
    assert_close(df_recording_rate(r), 6 / 0.15, 1e-9);
    assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.15 / 6, 1e-15);
    df_recording_free(r);
  }

  /* stamps of 0.01 s that are rounded to 1/4096 s are frames of actions */
  for (int t = 0; t < 7; t++) wide[5 * t] = round(t * 0.01 * 4096) / 4096;
  WRITE(ARRAY("states", wide, 2, 7, 5));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "time,qpos,qvel");
  df_dataset* data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 6);
  assert_true(df_dataset_state(data, 0, 3)[0] == wide[5 * 3 + 1]);
  df_dataset_free(data);

  wide[5 * 4] = wide[5 * 3];
  WRITE(ARRAY("states", wide, 2, 7, 5));
  refused(cart, &config, DF_E_FORMAT, SAYS("episode 0: time does not increase from frame 3 to frame 4"));
}

/* groups at 25 Hz, at 100 Hz, and without a rate, of 1, 2 and 3 intervals; an action lasts 0.01 s */
static void every_episode_has_the_rate_that_its_file_states(void** state) {
  (void)state;
  double a[8], b[12], c[16], slow = 0.04, fast = 0.01;
  move(slow, 2, a);
  move(fast, 3, b);
  move(fast, 4, c);
  WRITE(ARRAY("e0/states", a, 2, 2, 4), ARRAY("e1/states", b, 2, 3, 4), ARRAY("e2/states", c, 2, 4, 4),
        {.key = "e0/dt", .values = &slow}, {.key = "e1/dt", .values = &fast});
  df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_close(df_recording_rate(r), 3 / (0.04 + 2 * 0.01), 1e-9);
  assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.04, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 1), 0.01, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 2), cart->dt, 1e-15);
  assert_int_equal(df_recording_notes(r), 1);
  assert_string_equal(df_recording_note(r, 0),
                      "the files of 1 of 3 episodes state no frame rate, as the others do; one frame per action is "
                      "assumed, set data.rate if it is another");
  df_recording_free(r);
  df_dataset* data = read_with(cart, &config);
  assert_int_equal(data->resampled, 1);
  assert_moves(data, 4);
  assert_int_equal(data->lengths[1], 2);
  assert_int_equal(data->lengths[2], 3);
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.rate", "50", "test"));
  r = opened(scratch_path, &config, cart);
  assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.02, 1e-15);
  assert_int_equal(df_recording_notes(r), 0);
  df_recording_free(r);
}

/* Seven frames of 48 s at 100 Hz are 28801 of 40 bytes, more than 1 MiB; of a third of that, two episodes are not, and
 * three are. */
static void resampled_frames_take_no_more_memory_than_the_arrays_of_a_file(void** state) {
  (void)state;
  enum { MIB = 1 << 20 };
  double wide[7 * 5] = {0}, dt = 48;
  for (int t = 0; t < 7; t++) wide[5 * t] = 0.01 * t + (t > 3 ? 288 : 0);
  const df_config rate = SETTINGS(STATES_ONLY, "data.rate", "0.0208333333"),
                  third = SETTINGS(STATES_ONLY, "data.rate", "0.0625"), states = SETTINGS(STATES_ONLY),
                  times = SETTINGS(STATES_ONLY, "data.columns", "time,qpos,qvel");
  assert_int_equal(df_io_set_memory(MIB), DF_IO_MEMORY);
  WRITE(ARRAY("states", counting(), 2, 7, 4));
  refused(
      cart, &rate, DF_E_CONFIG,
      SAYS("episode 0: with data.rate = 0.0208333 a frame lasts 48 s: at the rate of the actions, 0.01 s each, the "
           "episode has 28801 frames; with them the file takes 1.1 MiB of memory, and at most 1.0 MiB are accepted: "
           "correct data.rate, the frames per second; if it is right, admit 2 MiB by df_io_set_memory()"));
  WRITE(ARRAY("states", counting(), 3, 2, 7, 4));
  df_dataset* data = read_with(cart, &third);
  assert_int_equal(data->lengths[1], 9600);
  df_dataset_free(data);
  WRITE(ARRAY("states", counting(), 3, 3, 7, 4));
  refused(cart, &third, DF_E_CONFIG, SAYS("episode 2: ", "has 9601 frames; with them the file takes 1.1 MiB"));
  WRITE(ARRAY("states", counting(), 2, 7, 4), {.key = "dt", .values = &dt});
  refused(cart, &states, DF_E_CONFIG, SAYS("episode 0: 'dt' states 48 s per frame: ", "correct the file, or say how"));
  WRITE(ARRAY("states", wide, 2, 7, 5));
  refused(cart, &times, DF_E_CONFIG,
          SAYS("episode 0: time gap: 288.01 s pass between frames 3 and 4, 2.88e+04 times the usual time: ",
               "cut the episode there (data.ends_key), or leave it out (data.select); if the motion goes on there, "
               "data.rate: 100 replaces the times"));
  for (int t = 0; t < 7; t++) wide[5 * t] = 48 * t;
  WRITE(ARRAY("states", wide, 2, 7, 5));
  refused(cart, &times, DF_E_CONFIG, SAYS("episode 0: the times of data.columns say 48 s per frame: "));
  assert_int_equal(df_io_set_memory(DF_IO_MEMORY), MIB);
}

static void actions_are_held_or_thinned_out_by_whole_numbers(void** state) {
  (void)state;
  double dt = 0.02;
  const df_npz_entry states = ARRAY("states", counting(), 2, 7, 4), actions = ARRAY("actions", counting(), 2, 6, 1);
  WRITE(states, actions);
  df_config config = SETTINGS("data.rate", "50");
  df_dataset* data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 12);
  for (int k = 0; k < 12; k++) assert_true(*df_dataset_action(data, 0, k) == k / 2);
  df_dataset_free(data);
  config = SETTINGS("data.rate", "300");
  data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 2);
  for (int k = 0; k < 2; k++) assert_true(*df_dataset_action(data, 0, k) == 3 * k);
  assert_true(df_dataset_state(data, 0, 1)[1] == 13);
  df_dataset_free(data);
  /* 100 Hz, written with six digits, are those of the actions: nothing is interpolated */
  config = SETTINGS("data.rate", "100.0003");
  data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 6);
  assert_int_equal(data->resampled, 0);
  for (int k = 0; k < 6; k++) {
    assert_true(*df_dataset_action(data, 0, k) == k);
    assert_true(df_dataset_state(data, 0, k)[1] == 4 * k + 1);
  }
  df_dataset_free(data);
  config = SETTINGS("data.rate", "99.99");
  refused(cart, &config, DF_E_CONFIG, SAYS("actions can only be held", "set system.timestep"));
  config = SETTINGS("data.rate", "40");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("a recorded frame lasts 0.025 s and an action of the system 0.01 s",
               "set system.timestep and system.substeps, or data.actions_key: \"\""));
  /* a rate that only the file states is more likely a wrong time step of the task */
  WRITE(states, actions, {.key = "dt", .values = &dt});
  config = SETTINGS("data.source", "file");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("dt is 0.02 s, but an action of the system lasts 0.01 s", "or data.rate: 50"));
}

/* Frames of 0.01 s, of which those from 0.03 s to 0.06 s are missing. */
static void actions_of_irregular_times_are_refused(void** state) {
  (void)state;
  static const double time[] = {0, 0.01, 0.025, 0.06, 0.072, 0.08, 0.09};
  double x[7 * 4], wide[7 * 5] = {0};
  move(0.01, 7, x);
  for (int t = 0; t < 7; t++) {
    wide[5 * t] = time[t];
    memcpy(wide + 5 * t + 1, x + 4 * t, 4 * sizeof *x);
  }
  WRITE(ARRAY("states", wide, 2, 7, 5), ARRAY("actions", counting(), 2, 6, 1));
  const df_config config = SETTINGS("data.columns", "time,qpos,qvel");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("the times of episode 0 are irregular: a frame takes 0.008 s at least, and 0.035 s from frame 2 to 3",
               "data.ends_key"));
}

/* ---- velocities and positions ---- */

/* which coordinates of the cart the file does not hold; frees the data */
static void derived(df_dataset* data, bool rail, bool pole, bool rail_speed, bool pole_speed) {
  const bool wanted[] = {rail, pole, rail_speed, pole_speed};
  assert_memory_equal(data->derived, wanted, sizeof wanted);
  df_dataset_free(data);
}

static void velocities_that_are_missing_are_differences(void** state) {
  (void)state;
  static const double q[] = {0, 1, 0.1, 1, 0.3, 0.5, 0.2, 0};
  WRITE(ARRAY("states", q, 2, 4, 2));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos");
  df_dataset* data = read_with(cart, &config);
  static const double rail[] = {10, 10, 20, -10}, pole[] = {0, 0, -50, -50};
  for (int t = 0; t < 4; t++) {
    assert_close(df_dataset_state(data, 0, t)[2], rail[t], 1e-12);
    assert_close(df_dataset_state(data, 0, t)[3], pole[t], 1e-12);
  }
  df_dataset_free(data);
  config = SETTINGS(STATES_ONLY, "data.columns", "qpos", "data.velocities", "recorded");
  refused(cart, &config, DF_E_CONFIG, SAYS("does not give the velocity of joint 'rail'", "data.velocities: auto"));

  /* recorded velocities are kept, unless differences are asked for; one may be missing */
  static const double some[] = {0, 1, 7, 0.1, 1, 8};
  WRITE(ARRAY("states", some, 2, 2, 3));
  config = SETTINGS(STATES_ONLY, "data.columns", "qpos,joint_vel", "data.velocity_joints", "pole");
  data = read_with(cart, &config);
  assert_true(df_dataset_state(data, 0, 1)[3] == 8);
  assert_close(df_dataset_state(data, 0, 1)[2], 10, 1e-12);
  derived(data, false, false, true, false);
  assert_ok(df_config_set(&config, "data.velocities", "differences", "test"));
  data = read_with(cart, &config);
  assert_true(df_dataset_state(data, 0, 1)[3] == 0);
  derived(data, false, false, true, true);
}

static void velocities_of_resampled_frames_are_recorded_or_differences(void** state) {
  (void)state;
  /* at 50 Hz, in a velocity that does not belong to the positions */
  static const double x[] = {0, 0, 4, 0, 0.2, 0, 8, 0, 0.6, 0, 12, 0};
  WRITE(ARRAY("states", x, 2, 3, 4));
  df_config config = SETTINGS(STATES_ONLY, "data.rate", "50");
  df_dataset* data = read_with(cart, &config);
  for (int t = 0; t <= 4; t++) assert_close(df_dataset_state(data, 0, t)[2], 4 + 2 * t, 1e-12);
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.velocities", "differences", "test"));
  data = read_with(cart, &config);
  static const double wanted[] = {10, 10, 10, 20, 20};
  for (int t = 0; t <= 4; t++) assert_close(df_dataset_state(data, 0, t)[2], wanted[t], 1e-11);
  df_dataset_free(data);
}

static void a_horizontal_position_is_integrated_if_asked_for(void** state) {
  (void)state;
  /* the pole, and the velocities of rail and pole, as Gymnasium's observations have them */
  static const double x[] = {1, 10, 0, 2, 20, 0, 3, -10, 0};
  WRITE(ARRAY("states", x, 2, 3, 3));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "joints,joint_vel", "data.joints", "pole",
                              "data.velocity_joints", "rail,pole");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("the recording does not give the position of joint 'rail'; add it to data.columns, or set data.root_xy: "
               "integrated"));
  assert_ok(df_config_set(&config, "data.root_xy", "integrated", "test"));
  df_dataset* data = read_with(cart, &config);
  static const double rail[] = {0, 0.2, 0.1};
  for (int t = 0; t < 3; t++) {
    assert_close(df_dataset_state(data, 0, t)[0], rail[t], 1e-14);
    assert_true(df_dataset_state(data, 0, t)[1] == t + 1);
  }
  derived(data, true, false, false, false);

  /* the difference of an integral is what was integrated */
  assert_ok(df_config_set(&config, "data.velocities", "differences", "test"));
  data = read_with(cart, &config);
  assert_close(df_dataset_state(data, 0, 1)[2], 20, 1e-12);
  derived(data, true, false, false, true);
  /* four physics steps per frame: of semi-implicit Euler, and of RK4 */
  static const double four[2][3] = {{0, 0.65, 0.7}, {0, 0.6, 0.8}};
  assert_ok(df_config_set(&config, "data.velocities", "recorded", "test"));
  for (int rk4 = 0; rk4 < 2; rk4++) {
    df_system* system = NULL;
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.substeps = 4;
    cfg.integrator = rk4 ? DF_INTEGRATOR_RK4 : DF_INTEGRATOR_EULER;
    cfg.forward_only = true;
    assert_ok(df_mujoco_system_from_xml(cart_xml, "test model", &cfg, &system));
    data = read_with(system, &config);
    for (int t = 0; t < 3; t++) assert_close(df_dataset_state(data, 0, t)[0], four[rk4][t], 1e-14);
    df_dataset_free(data);
    df_system_free(system);
  }
  config = SETTINGS(STATES_ONLY, "data.columns", "joints,skip:2", "data.joints", "pole", "data.root_xy", "integrated");
  refused(cart, &config, DF_E_CONFIG, SAYS("joint 'rail'; add it to data.columns; its velocity, to integrate, is not"));
  config = SETTINGS(STATES_ONLY, "data.columns", "joints,skip:2", "data.joints", "rail");
  refused(cart, &config, DF_E_CONFIG, SAYS("does not give the position of joint 'pole'; add it to data.columns"));
  config = SETTINGS(STATES_ONLY, "data.columns", "skip:3", "data.columns", "qpos,skip:1");
  refused(body, &config, DF_E_MISMATCH, SAYS("block 'qpos' goes beyond its end"));
}

/* a free body that is turned by 90 degrees and moves along its own x axis moves along y */
static void the_position_of_a_free_body_is_integrated_in_the_world(void** state) {
  (void)state;
  double x[3][16] = {{0}};
  for (int t = 0; t < 3; t++) {
    x[t][0] = 0.5;
    x[t][1] = x[t][4] = sqrt(0.5);
    x[t][5] = 1; /* the ball's quaternion */
    x[t][11] = 2;
  }
  WRITE(ARRAY("states", &x[0][0], 2, 3, 16));
  const df_config config =
      SETTINGS(STATES_ONLY, "data.columns", "root_z,root_quat,ball_quats,joints,root_linvel,act,skip:1",
               "data.linear_velocity", "base", "data.root_xy", "integrated");
  df_dataset* data = read_with(body, &config);
  for (int t = 0; t < 3; t++) {
    const double* s = df_dataset_state(data, 0, t);
    assert_close(s[0], 0, 1e-15);
    assert_close(s[1], 2 * body->dt * t, 1e-15);
    assert_true(s[2] == 0.5);
    assert_close(s[14], 2, 1e-15);
  }
  df_dataset_free(data);
}

/* the same with y up: a height of 0.5, upright, that moves by 2 m/s along the recorded x and by 4 m/s down z, which
 * become x and -y; and an offset */
static void a_height_alone_is_along_the_vertical_axis(void** state) {
  (void)state;
  double x[3][16] = {{0}};
  for (int t = 0; t < 3; t++) {
    x[t][0] = 0.5;
    x[t][1] = x[t][5] = 1;
    x[t][11] = 2;
    x[t][13] = 4;
  }
  WRITE(ARRAY("states", &x[0][0], 2, 3, 16));
  const df_config config =
      SETTINGS(STATES_ONLY, "data.columns", "root_z,root_quat,ball_quats,joints,root_linvel,act,skip:1", "data.up", "y",
               "data.base_rotation", "0.70710678118654752,-0.70710678118654752,0,0", "data.root_xy", "integrated",
               "data.position_offset", "5,7,0.1");
  df_dataset* data = read_with(body, &config);
  for (int t = 0; t < 3; t++) {
    const double* s = df_dataset_state(data, 0, t);
    assert_close(s[0], 5 + 2 * body->dt * t, 1e-14);
    assert_close(s[1], 7 - 4 * body->dt * t, 1e-14);
    assert_close(s[2], 0.6, 1e-14);
    assert_close(s[3], 1, 1e-14);
  }
  df_dataset_free(data);
  df_recording* r = opened(scratch_path, &config, body);
  assert_int_equal(df_recording_column_at(r, 0)->state, 2);
  df_recording_free(r);
}

static void missing_activations_and_bad_quaternions_are_named(void** state) {
  (void)state;
  double x[2][24] = {{0}};
  for (int t = 0; t < 2; t++) x[t][6] = x[t][7] = 1;
  WRITE(ARRAY("states", &x[0][0], 2, 2, 24));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos,qvel", "data.quaternion", "xyzw");
  refused(body, &config, DF_E_CONFIG,
          SAYS("does not give activation 0, and the states of this model are not complete without: if the file has "
               "activations, add the block act@ARRAY to data.columns"));
  config = SETTINGS(STATES_ONLY, "data.columns", "skip:1,qpos,qvel@v,act@a");
  WRITE(ARRAY("states", &x[0][0], 2, 2, 14), ARRAY("v", counting(), 2, 2, 11), ARRAY("a", counting(), 2, 2, 1));
  refused(body, &config, DF_E_FORMAT, SAYS("array 'states': quaternion at episode 0, frame 0, index 4 has norm"));
}

/* ---- ball joints ---- */

/* The same figure with its y axis up and its z axis right in the frames of all bodies, and with z up and y left: a free
 * base, two ball joints one after the other, and a hinge about the axis to the right. A box beside it has a ball joint
 * of its own. */
static const char y_up_xml[] =
    "<mujoco><worldbody><body><freejoint/><geom size='.1'/>"
    "<body pos='.1 .3 .2'><joint type='ball'/><geom size='.05'/>"
    "<body pos='.2 -.4 .1'><joint type='ball'/><geom size='.05'/>"
    "<body pos='.1 -.3 -.2'><joint axis='0 0 1'/><geom size='.05' pos='.1 .1 .1'/><body pos='.3 .1 .2'><geom "
    "size='.05'/>"
    "</body></body></body></body></body>"
    "<body name='box' pos='3 0 0'><joint type='ball'/><geom size='.1'/></body></worldbody></mujoco>";
static const char z_up_xml[] =
    "<mujoco><worldbody><body><freejoint/><geom size='.1'/>"
    "<body pos='.1 -.2 .3'><joint type='ball'/><geom size='.05'/>"
    "<body pos='.2 -.1 -.4'><joint type='ball'/><geom size='.05'/>"
    "<body pos='.1 .2 -.3'><joint axis='0 -1 0'/><geom size='.05' pos='.1 -.1 .1'/><body pos='.3 -.2 .1'><geom "
    "size='.05'/>"
    "</body></body></body></body></body>"
    "<body name='box' pos='3 0 0'><joint type='ball'/><geom size='.1'/></body></worldbody></mujoco>";
enum { FIGURE = 20 + 16, TIP = 5, BODIES = 7 }; /* nx; the last body of the chain */

/* where all bodies are, and how fast the tip is, of a state */
static void pose_of(const df_system* system, const double* x, double place[3 * BODIES], double speed[3]) {
  df_sim* sim;
  assert_int_equal(df_mujoco_body_count(system), BODIES);
  assert_ok(df_sim_new(system, 0, &sim));
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, place);
  df_mujoco_point_velocity(sim, TIP, place + 3 * TIP, speed);
  df_sim_free(system, sim);
}

/* A figure with y up, read for the model with its axes and for the one with z up, is at the same places, and as fast.
 */
static void ball_joints_are_turned_with_the_base(void** state) {
  (void)state;
  df_system *y = make_system(y_up_xml), *z = make_system(z_up_xml);
  double x[2][FIGURE];
  for (int t = 0; t < 2; t++) random_state(y, (uint64_t)t, x[t]);
  WRITE(ARRAY("states", &x[0][0], 2, 2, FIGURE));
  const df_config own = SETTINGS(STATES_ONLY, "data.up", "y");
  const df_config other =
      SETTINGS(STATES_ONLY, "data.up", "y", "data.base_rotation", "0.70710678118654752,-0.70710678118654752,0,0");
  df_dataset *a = read_with(y, &own), *b = read_with(z, &other);
  for (int t = 0; t < 2; t++) {
    double place[2][3 * BODIES], speed[2][3];
    pose_of(y, df_dataset_state(a, 0, t), place[0], speed[0]);
    pose_of(z, df_dataset_state(b, 0, t), place[1], speed[1]);
    for (int i = 0; i < 3 * BODIES; i++) assert_close(place[0][i], place[1][i], 1e-13);
    for (int i = 0; i < 3; i++) assert_close(speed[0][i], speed[1][i], 1e-12);
    /* the box has nothing to do with the base */
    for (int i = 16; i < 20; i++) assert_close(df_dataset_state(b, 0, t)[i], x[t][i], 1e-15);
    for (int i = 33; i < 36; i++) assert_close(df_dataset_state(b, 0, t)[i], x[t][i], 1e-15);
  }
  df_dataset_free(a);
  df_dataset_free(b);
  df_system_free(y);
  df_system_free(z);
}

/* an angle of a cosine and a sine that were rounded is off by up to sqrt(2) times their errors near 1: here of
 * 3 decimals, side by side and in arrays of their own */
static void angles_of_rounded_sines_are_rounded(void** state) {
  (void)state;
  double x[40 * 6], all[40 * 2], sines[40 * 2];
  for (int t = 0; t < 40; t++) {
    const double angle[] = {0.11 * t, 2 - 0.07 * t};
    for (int j = 0; j < 2; j++) {
      all[2 * t + j] = x[6 * t + j] = round(1000 * cos(angle[j])) / 1000;
      sines[2 * t + j] = x[6 * t + 2 + j] = round(1000 * sin(angle[j])) / 1000;
      x[6 * t + 4 + j] = sqrt(2 + t + 40 * j);
    }
  }
  static const char* const columns[] = {"joints_cos_sin,joint_vel", "joints_cos_sin@cos+sin,joint_vel@v"};
  double v[40 * 2];
  for (int t = 0; t < 40; t++) memcpy(v + 2 * t, x + 6 * t + 4, 2 * sizeof *v);
  for (int i = 0; i < 2; i++) {
    WRITE(ARRAY("states", x, 2, 40, 6), ARRAY("cos", all, 2, 40, 2), ARRAY("sin", sines, 2, 40, 2),
          ARRAY("v", v, 2, 40, 2));
    const df_config config = SETTINGS(STATES_ONLY, "data.columns", columns[i]);
    df_dataset* data = read_with(cart, &config);
    for (int k = 0; k < 4; k++) {
      const df_stored_precision p = data->rounding[k].precision;
      if (p.kind != (k < 2 ? DF_STORED_DECIMALS : DF_STORED_FLOAT64) || p.digits != (k < 2 ? 3 : 0))
        fail_msg("%s: coordinate %d: kind %d, %d digits", columns[i], k, (int)p.kind, p.digits);
    }
    for (int k = 0; k < 2; k++) assert_close(df_rounding_error(&data->rounding[k], 0.3), sqrt(2) * 0.0005, 1e-9);
    /* and none of the angles is further from the recorded one */
    for (int t = 0; t < 40; t++) assert_close(df_dataset_state(data, 0, t)[0], 0.11 * t, sqrt(2) * 0.0005);
    df_dataset_free(data);
  }
}

/* the rounding that a file states, by filters or types, is that of its states, in place of what the numbers show */
static void a_stated_rounding_is_that_of_the_states(void** state) {
  (void)state;
  static const struct {
    const char* array;
    df_stored_kind kind;
    int digits;
  } cases[] = {{"plain", DF_STORED_FLOAT64, 0},
               {"half", DF_STORED_FLOAT16, 0},
               {"steps", DF_STORED_STEPS, 3},
               {"bits", DF_STORED_BITS, 16}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_config config = SETTINGS(STATES_ONLY, "data.states_key", cases[i].array, "data.columns", "qpos,skip:1");
    df_dataset* data;
    assert_ok(df_dataset_read("tests/io/recordings/rounded.h5", &config, cart, &data));
    for (int k = 0; k < 2; k++) {
      const df_stored_precision p = data->rounding[k].precision;
      if (p.kind != cases[i].kind || p.digits != cases[i].digits)
        fail_msg("%s: kind %d, %d digits", cases[i].array, (int)p.kind, p.digits);
    }
    df_dataset_free(data);
  }
  /* positions and velocities of two arrays have each their own */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char columns[96];
    const size_t other = (i + 1) % (sizeof cases / sizeof *cases);
    snprintf(columns, sizeof columns, "qpos@%s,skip:1@%s,qvel@%s,skip:1@%s", cases[i].array, cases[i].array,
             cases[other].array, cases[other].array);
    const df_config config = SETTINGS(STATES_ONLY, "data.columns", columns);
    df_dataset* data;
    assert_ok(df_dataset_read("tests/io/recordings/rounded.h5", &config, cart, &data));
    for (int k = 0; k < 4; k++) {
      const df_stored_precision p = data->rounding[k].precision;
      const size_t wanted = k < 2 ? i : other;
      if (p.kind != cases[wanted].kind || p.digits != cases[wanted].digits)
        fail_msg("%s: coordinate %d: kind %d, %d digits", columns, k, (int)p.kind, p.digits);
    }
    df_dataset_free(data);
  }
}

/* ---- norms of quaternions ---- */

/* writes seven frames of every_joint_xml, qpos alone, whose ball quaternions have these norms */
static void write_norms(const double norm[7], double x[7][13]) {
  for (int t = 0; t < 7; t++) {
    const double angle = 0.1 * t;
    memset(x[t], 0, sizeof x[t]);
    x[t][3] = 1;
    x[t][7] = norm[t] * cos(angle);
    x[t][9] = norm[t] * sin(angle);
  }
  WRITE(ARRAY("qpos", &x[0][0], 2, 7, 13), ARRAY("act", counting(), 2, 7, 1));
}

static void quaternions_between_two_are_normalised_and_counted(void** state) {
  (void)state;
  double x[7][13];
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos@qpos,act@act");
  write_norms((const double[]){1, 0.72, 1, 1.04, 1.28, 0.96, 0.94}, x);
  df_dataset* data = read_with(body, &config);
  for (int t = 0; t < 7; t++) {
    assert_close(df_dataset_state(data, 0, t)[7], cos(0.1 * t), 1e-15);
    assert_close(df_dataset_state(data, 0, t)[9], sin(0.1 * t), 1e-15);
  }
  /* 0.72, 1.28 and 0.94; the first two are as far from 1 up to rounding */
  assert_int_equal(data->norms.n, 3);
  assert_int_equal(data->norms.joint, 1);
  assert_true((data->norms.frame == 1 && fabs(data->norms.norm - 0.72) < 1e-12) ||
              (data->norms.frame == 4 && fabs(data->norms.norm - 1.28) < 1e-12));
  df_dataset_free(data);

  /* the furthest, above or below 1, first or last */
  static const double furthest[][7] = {
      {1, 0.72, 1, 1, 1.2, 1, 1}, {1, 1.1, 1, 1, 0.8, 1, 1.05}, {1, 0.9, 1, 1, 1.2, 1, 1}};
  static const struct {
    int frame;
    double norm;
  } those[] = {{1, 0.72}, {4, 0.8}, {4, 1.2}};
  for (int i = 0; i < 3; i++) {
    write_norms(furthest[i], x);
    data = read_with(body, &config);
    assert_int_equal(data->norms.frame, those[i].frame);
    assert_close(data->norms.norm, those[i].norm, 1e-12);
    assert_int_equal(data->norms.episode, 0);
    df_dataset_free(data);
  }
  /* its number in the file, not among those that are read */
  double two[2][7][13];
  write_norms((const double[]){1, 1, 1, 1, 1, 1, 1}, two[0]);
  write_norms(furthest[0], two[1]);
  WRITE(ARRAY("qpos", &two[0][0][0], 3, 2, 7, 13), ARRAY("act", counting(), 3, 2, 7, 1));
  const df_config second = SETTINGS(STATES_ONLY, "data.columns", "qpos@qpos,act@act", "data.select", "1");
  data = read_with(body, &second);
  assert_true(data->norms.episode == 1 && data->norms.frame == 1 && data->episodes == 1);
  df_dataset_free(data);

  write_norms((const double[]){1, 0.96, 1, 1.04, 1, 1, 1}, x);
  data = read_with(body, &config);
  assert_int_equal(data->norms.n, 0);
  df_dataset_free(data);
}

static void quaternions_without_a_direction_are_refused(void** state) {
  (void)state;
  static const struct {
    double norm[7];
    const char* says;
  } cases[] = {{{1, 1, 0.70, 1, 1, 1, 1}, "frame 2, index 7 has norm 0.7, not 1"},
               {{1, 1, 1, 1.30, 1, 1, 1}, "frame 3, index 7 has norm 1.3, not 1"},
               {{1, 1, 1, 1, 0, 1, 1}, "frame 4, index 7 has norm 0, not 1"},
               {{1, 0.8, 0.9, 1, 0.9, 0.9, 1}, "frame 1, index 7 has norm 0.8, not 1: so are 4 of the 7 frames"}};
  double x[7][13];
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos@qpos,act@act");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    write_norms(cases[i].norm, x);
    refused(body, &config, DF_E_FORMAT, SAYS(cases[i].says, "check which columns are quaternions"));
  }
  write_norms((const double[]){1, 1, NAN, 1, 1, 1, 1}, x);
  refused(body, &config, DF_E_NONFINITE, SAYS("frame 2, index 7"));
}

static void numbers_that_overflow_are_named(void** state) {
  (void)state;
  static const double q[] = {0, 0, 1e308, 0};
  WRITE(ARRAY("states", q, 2, 2, 2));
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos");
  refused(cart, &config, DF_E_NONFINITE,
          SAYS("episode 0: after the conversion the velocity of joint 'rail' is inf in frame 0"));
}

/* ---- actions ---- */

static void actions_are_shifted_scaled_and_ordered(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='j' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
      "</worldbody><actuator><motor name='a' joint='j'/><motor name='b' joint='j'/></actuator></mujoco>";
  df_system* two = make_system(xml);
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 3, 2));
  df_config config = SETTINGS("data.action_time", "before");
  df_dataset* data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 0)[0] == 2 && df_dataset_action(data, 0, 1)[1] == 5);
  df_dataset_free(data);
  config = SETTINGS("data.actuators", "b,a", "data.action_scale", "10,0.5", "data.action_offset", "-1");
  data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 1)[0] == 10 * 3 - 1);
  assert_true(df_dataset_action(data, 0, 1)[1] == 0.5 * 2 - 1);
  df_dataset_free(data);

  /* one of them alone */
  config = SETTINGS("data.action_offset", "-1,3");
  data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 1)[0] == 2 - 1 && df_dataset_action(data, 0, 1)[1] == 3 + 3);
  df_dataset_free(data);
  config = SETTINGS("data.action_offset", "-1");
  data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 1)[0] == 2 - 1 && df_dataset_action(data, 0, 1)[1] == 3 - 1);
  df_dataset_free(data);
  config = SETTINGS("data.action_scale", "4");
  data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 1)[0] == 4 * 2 && df_dataset_action(data, 0, 1)[1] == 4 * 3);
  df_dataset_free(data);
  static const double fine[4] = {0.1, 0.2, 0.3, 0.4}, lost[4] = {1, 2, 3, INFINITY};
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", fine, 2, 2, 2));
  config = SETTINGS("data.action_precision", "float32");
  data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 1)[0] == (double)0.3f && df_dataset_action(data, 0, 1)[1] == (double)0.4f);
  df_dataset_free(data);
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", lost, 2, 2, 2));
  config = SETTINGS("data.actuators", "b,a");
  refused(two, &config, DF_E_NONFINITE, SAYS("array 'actions' is inf at episode 0, frame 1, index 1"));
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 3, 2));

  /* in the arithmetic of a policy in single precision */
  config = SETTINGS("data.actuators", "b,a", "data.action_scale", "10,0.1", "data.action_offset", "0.7",
                    "data.action_precision", "float32");
  data = read_with(two, &config);
  const volatile float product = 0.1f * 2;
  const volatile float sum = product + 0.7f;
  assert_true(df_dataset_action(data, 0, 1)[1] == (double)sum && (double)sum != 0.1 * 2 + 0.7);
  df_dataset_free(data);

  config = SETTINGS("data.action_scale", "1,2,3");
  refused(two, &config, DF_E_CONFIG, SAYS("data.action_scale has 3 numbers; expected one, or one per actuator: 2"));
  config = SETTINGS("data.actuators", "b,c");
  refused(two, &config, DF_E_CONFIG, SAYS("data.actuators: the model has no actuator 'c'"));
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 2, 2));
  config = SETTINGS("data.action_time", "before");
  refused(two, &config, DF_E_CONFIG, SAYS("episode 0 has 3 states and 2 actions; data.action_time = before needs"));
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 2, 1));
  config = SETTINGS("data.actuators", "b");
  refused(two, &config, DF_E_CONFIG, SAYS("data.actuators lists 1 actuators, but the model has 2"));
  df_system_free(two);
}

/* data.base_rotation mixes the angular velocities of the base, frames of velocities mix one kind each */
static void velocities_that_are_turned_have_mixed_roundings(void** state) {
  (void)state;
  static const struct {
    const char *key, *value;
    bool linear, angular;
  } cases[] = {{"data.angles", "rad", false, false},
               {"data.base_rotation", "0.5,-0.5,-0.5,-0.5", false, true},
               {"data.angular_velocity", "world", false, true},
               {"data.linear_velocity", "base", true, false}};
  double x[2 * 25] = {0};
  for (int t = 0; t < 2; t++) x[25 * t + 3] = x[25 * t + 7] = 1;
  WRITE(ARRAY("states", x, 2, 2, 25));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_config config = SETTINGS(STATES_ONLY, cases[i].key, cases[i].value);
    df_dataset* data = read_with(body, &config);
    for (int k = 0; k < 3; k++) {
      assert_int_equal(data->rounding[13 + k].rotated, cases[i].linear);
      assert_int_equal(data->rounding[16 + k].rotated, cases[i].angular);
    }
    df_dataset_free(data);
  }
}

static void a_conversion_is_repeated_under_other_conventions(void** state) {
  (void)state;
  static const double x[] = {0, 90, 0, 0, 0, 180, 0, 0};
  WRITE(ARRAY("states", x, 2, 2, 4));
  df_config config = SETTINGS(STATES_ONLY);
  df_recording* r = opened(scratch_path, &config, cart);
  df_dataset* data;
  assert_ok(df_recording_convert(r, &config, cart, &data));
  assert_true(df_dataset_state(data, 0, 0)[1] == 90);
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.angles", "deg", "test"));
  assert_ok(df_recording_convert(r, &config, cart, &data));
  assert_close(df_dataset_state(data, 0, 1)[1], 3.14159265358979323846, 1e-15);
  df_dataset_free(data);
  df_recording_free(r);
}

int main(void) {
#define WITH_SYSTEMS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_SYSTEMS(frames_at_any_rate_become_frames_of_actions),
      WITH_SYSTEMS(rates_that_contradict_each_other_are_named),
      WITH_SYSTEMS(rates_that_contradict_times_in_columns_are_named),
      WITH_SYSTEMS(a_rate_that_is_no_number_is_named_with_its_text),
      WITH_SYSTEMS(the_rate_of_a_controller_is_that_of_its_groups),
      WITH_SYSTEMS(durations_that_differ_by_rounding_are_those_of_actions),
      WITH_SYSTEMS(conditions_of_resampled_frames_are_those_of_recorded_ones),
      WITH_SYSTEMS(times_are_columns_of_stamps_or_durations),
      WITH_SYSTEMS(every_episode_has_the_rate_that_its_file_states),
      WITH_SYSTEMS(resampled_frames_take_no_more_memory_than_the_arrays_of_a_file),
      WITH_SYSTEMS(actions_are_held_or_thinned_out_by_whole_numbers),
      WITH_SYSTEMS(actions_of_irregular_times_are_refused),
      WITH_SYSTEMS(velocities_that_are_missing_are_differences),
      WITH_SYSTEMS(velocities_of_resampled_frames_are_recorded_or_differences),
      WITH_SYSTEMS(a_horizontal_position_is_integrated_if_asked_for),
      WITH_SYSTEMS(the_position_of_a_free_body_is_integrated_in_the_world),
      WITH_SYSTEMS(a_height_alone_is_along_the_vertical_axis),
      WITH_SYSTEMS(missing_activations_and_bad_quaternions_are_named),
      WITH_SYSTEMS(ball_joints_are_turned_with_the_base),
      WITH_SYSTEMS(quaternions_between_two_are_normalised_and_counted),
      WITH_SYSTEMS(angles_of_rounded_sines_are_rounded),
      WITH_SYSTEMS(a_stated_rounding_is_that_of_the_states),
      WITH_SYSTEMS(quaternions_without_a_direction_are_refused),
      WITH_SYSTEMS(numbers_that_overflow_are_named),
      WITH_SYSTEMS(actions_are_shifted_scaled_and_ordered),
      WITH_SYSTEMS(velocities_that_are_turned_have_mixed_roundings),
      WITH_SYSTEMS(a_conversion_is_repeated_under_other_conventions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
