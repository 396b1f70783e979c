#define _GNU_SOURCE
#include "show_arguments.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "suggestion.h"
#include "text.h"

enum {
  KEY_TASK = 0x700,
  KEY_FILM,
  KEY_KEYFRAMES,
  KEY_EPISODE,
  KEY_BESIDE,
  KEY_GHOST,
  KEY_VIEW,
  KEY_SIZE,
  KEY_FRAMES,
  KEY_EVERY,
  KEY_FROM,
  KEY_SECONDS,
  KEY_FPS,
  KEY_SPEED
};
enum { SIZE_LEAST = 16, SIZE_MOST = 4096, PICTURES_MOST = 1000 };

static const char* const view_names[VIEWS] = {
#define VIEW_TEXT(constant, name) name,
    VIEW_LIST(VIEW_TEXT)
#undef VIEW_TEXT
};

const char* view_name(view v) {
  return view_names[v];
}

show_arguments show_arguments_default(void) {
  return (show_arguments){.common = options_default(),
                          .n_views = 1,
                          .views = {VIEW_SIDE},
                          .width = 320,
                          .height = 240,
                          .pictures = 8,
                          .from = -1};
}

show_arguments show_arguments_of_window(void) {
  show_arguments a = show_arguments_default();
  a.width = 960;
  a.height = 720;
  a.speed = 1;
  return a;
}

/* ---- values of options ---- */

/* the place of a word in a list of names; another word ends the program */
static int parse_word(struct argp_state* state, const char* option, const char* word, int n, const char* const* names) {
  char hint[96];
  for (int i = 0; i < n; i++) {
    if (strcmp(word, names[i]) == 0) return i;
  }
  argp_error(state, "%s: unknown word '%s'%s", option, word, suggestion(word, n, names, hint, sizeof hint));
  return 0;
}

static unsigned parse_motion(struct argp_state* state, const char* option, const char* word) {
  static const char* const names[] = {"demonstration", "replayed", "none"};
  static const unsigned flags[] = {SHOW_DEMONSTRATION, SHOW_REPLAYED, 0};
  return flags[parse_word(state, option, word, 3, names)];
}

/* Calls take() for every item of a list. The words of argv stay as they are, because another program gets them. */
static void for_words(struct argp_state* state, const char* option, char* value,
                      void (*take)(struct argp_state* state, show_arguments* a, char* word)) {
  char* list = format_text("%s", parse_list(state, option, value));
  char* rest = list;
  for (char* word = strsep(&rest, ","); word; word = strsep(&rest, ",")) take(state, state->input, word);
  df_free(list);
}

static void take_view(struct argp_state* state, show_arguments* a, char* word) {
  const view v = (view)parse_word(state, "--view", word, VIEWS, view_names);
  for (int i = 0; i < a->n_views; i++) {
    if (a->views[i] == v) argp_error(state, "--view: '%s' appears twice", word);
  }
  a->views[a->n_views++] = v;
}

static void take_episode(struct argp_state* state, show_arguments* a, char* word) {
  if (a->n_episodes == SHOW_EPISODES_MAX) argp_error(state, "--episode: at most %d", SHOW_EPISODES_MAX);
  a->episodes[a->n_episodes++] = (int)parse_integer(state, "--episode", word, 0, 1000000000);
}

static void take_beside(struct argp_state* state, show_arguments* a, char* word) {
  a->beside |= parse_motion(state, "--beside", word);
}

static void parse_size(struct argp_state* state, show_arguments* a, const char* value) {
  const char* times = strchr(value, 'x');
  if (!times) argp_error(state, "--size %s: expected WIDTHxHEIGHT in pixels, such as 320x240", value);
  char* width = format_text("%.*s", (int)(times - value), value);
  a->width = (int)parse_integer(state, "--size, width", width, SIZE_LEAST, SIZE_MOST);
  a->height = (int)parse_integer(state, "--size, height", times + 1, SIZE_LEAST, SIZE_MOST);
  df_free(width);
}

static bool ends_with(const char* name, const char* end) {
  const size_t n = strlen(name), m = strlen(end);
  return n > m && strcmp(name + n - m, end) == 0;
}

/* the value of an option that names a file of one of these kinds */
static const char* parse_file(struct argp_state* state, const char* option, char* value, const char* kind,
                              const char* other) {
  parse_text(state, option, value);
  if (!ends_with(value, kind) && !(other && ends_with(value, other))) {
    argp_error(state, "%s %s: the name must end in %s%s%s", option, value, kind, other ? " or " : "",
               other ? other : "");
  }
  return value;
}

static void check(const show_arguments* a, struct argp_state* state) {
  if (!a->source) argp_error(state, "missing argument: a run, a file of trajectories (.npz) or a task");
  if (a->keyframes && (a->out || a->film))
    argp_error(state, "--keyframes draws nothing: it cannot be combined with --out or --film");
  if (a->keyframes && a->of_pictures) argp_error(state, "--keyframes draws nothing: %s has no effect", a->of_pictures);
  if (a->fps > 0 && !a->film) argp_error(state, "--fps is only for --film FILE");
  expect_one_seed(&a->common, state);
}

static error_t parse(int key, char* value, struct argp_state* state) {
  show_arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'o':
      a->out = parse_file(state, "--out", value, ".png", NULL);
      return 0;
    case 'm':
      a->method = parse_text(state, "--method", value);
      return 0;
    case KEY_TASK:
      a->task = parse_text(state, "--task", value);
      return 0;
    case KEY_FILM:
      a->film = parse_file(state, "--film", value, ".mp4", ".webm");
      return 0;
    case KEY_KEYFRAMES:
      a->keyframes = parse_file(state, "--keyframes", value, ".xml", NULL);
      return 0;
    case KEY_EPISODE:
      for_words(state, "--episode", value, take_episode);
      return 0;
    case KEY_BESIDE:
      a->has_beside = true;
      for_words(state, "--beside", value, take_beside);
      return 0;
    case KEY_GHOST:
      a->of_pictures = "--ghost";
      a->ghost = parse_motion(state, "--ghost", value);
      return 0;
    case KEY_VIEW:
      a->of_pictures = "--view";
      a->n_views = 0;
      for_words(state, "--view", value, take_view);
      return 0;
    case KEY_SIZE:
      a->of_pictures = "--size";
      parse_size(state, a, value);
      return 0;
    case KEY_FRAMES:
      a->of_pictures = "--frames";
      a->pictures = (int)parse_integer(state, "--frames", value, 1, PICTURES_MOST);
      return 0;
    case KEY_EVERY:
      a->every = (int)parse_integer(state, "--every", value, 1, 1000000);
      return 0;
    case KEY_FROM:
      a->from = parse_number(state, "--from", value, 0, 1e9);
      return 0;
    case KEY_SECONDS:
      a->seconds = parse_number(state, "--seconds", value, 1e-9, 1e9);
      return 0;
    case KEY_FPS:
      a->fps = parse_number(state, "--fps", value, 0.01, 1000);
      return 0;
    case KEY_SPEED:
      a->speed = parse_number(state, "--speed", value, 0.01, 100);
      return 0;
    case ARGP_KEY_ARG:
      if (a->source) argp_error(state, "unexpected argument '%s': one run, file or task is expected", value);
      a->source = value;
      return 0;
    case ARGP_KEY_END:
      check(a, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

/* X(name, key, argument, text): options of both commands */
#define MOTION_OPTIONS(X)                                                                                          \
  X("task", KEY_TASK, "TASK", "task of FILE.npz (default: the one that the file names)")                           \
  X("method", 'm', "M", "method of RUN (default: the first one with a checkpoint)")                                \
  X("episode", KEY_EPISODE, "N,..",                                                                                \
    "episodes of TASK, trajectories of FILE.npz or held-out windows of RUN to show, counted from 0 (default: the " \
    "first of every gait; of a file the first)")                                                                   \
  X("ghost", KEY_GHOST, "MOTION", "also draw the demonstration or replayed motion, transparently, in the same pictures")
#define MOTION_OPTION(name, key, argument, text) {name, key, argument, 0, text, 0},

static const struct argp_option render_options[] = {
    {"out", 'o', "FILE.png", 0,
     "film strip to write (default: <name>.png; of a run in its report/plots, where the report shows it)", 0},
    {"film", KEY_FILM, "FILE.mp4|.webm", 0, "also write a film; needs the program ffmpeg", 0},
    {"keyframes", KEY_KEYFRAMES, "FILE.xml", 0,
     "draw nothing, but write a model file with a keyframe per state, which MuJoCo's `simulate` opens", 0},
    {"beside", KEY_BESIDE, "LIST", 0,
     "motions in rows of their own: demonstration, replayed (the actions simulated again) or none (default: "
     "demonstration, where the motion begins in a demonstrated state)",
     0},
    {"view", KEY_VIEW, "LIST", 0, "side, front, top, three-quarter: directions of view (default: side)", 0},
    {"size", KEY_SIZE, "WxH", 0, "size of a picture in pixels (default: 320x240)", 0},
    {"frames", KEY_FRAMES, "N", 0, "pictures in a row of the strip (default: 8)", 0},
    {"from", KEY_FROM, "S", 0,
     "time of the first picture, s (default: 0; of demonstrations the first frame of a window)", 0},
    {"seconds", KEY_SECONDS, "S", 0,
     "length of what is shown, s (default: the motion to its end; in the strip of demonstrations one window)", 0},
    {"every", KEY_EVERY, "N", 0,
     "one picture per N states (default: pictures of the strip spread evenly, films of at most 60 pictures per second)",
     0},
    {"fps", KEY_FPS, "F", 0, "pictures per second of the film (default: real time)", 0},
    MOTION_OPTIONS(MOTION_OPTION){0}};

static const struct argp_option window_options[] = {
    {"beside", KEY_BESIDE, "LIST", 0,
     "motions that Tab shows next: demonstration, replayed (the actions simulated again) or none (default: "
     "demonstration, where the motion begins in a demonstrated state)",
     0},
    {"view", KEY_VIEW, "VIEW", 0,
     "side, front, top or three-quarter: the direction of view to begin with (default: side)", 0},
    {"size", KEY_SIZE, "WxH", 0, "size of the window in pixels (default: 960x720)", 0},
    {"from", KEY_FROM, "S", 0, "time of the first state, s (default: 0; of demonstrations the first frame of a window)",
     0},
    {"seconds", KEY_SECONDS, "S", 0, "length of what is shown, s (default: the motion to its end)", 0},
    {"speed", KEY_SPEED, "X", 0, "seconds of the motion per second to begin with (default: 1)", 0},
    MOTION_OPTIONS(MOTION_OPTION){0}};

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp render_argp = {
    .options = render_options,
    .parser = parse,
    .args_doc = "RUN\nFILE.npz\nTASK",
    .doc =
        "Draws motions as a film strip (PNG) and as a film (MP4 or WebM).\n\n"
        "Shows the demonstrations of TASK; the trajectories of FILE.npz, as `dynaflow sample` writes them; or motions "
        "that a checkpoint of RUN plans from held-out start states, which are sampled again. A row of the strip has "
        "the "
        "condition, pictures with their times and, for a task with eval.feet, bars of the feet's contacts. The camera "
        "follows the robot.\v"
        "The program dynaflow-render draws, by MuJoCo's renderer and EGL, without a display; `make render` builds "
        "it.\n\n"
        "Exits with 0 when done, 2 on bad input, 3 when a file, dynaflow-render, EGL or ffmpeg is missing.",
    .children = children};

const struct argp show_argp = {
    .options = window_options,
    .parser = parse,
    .args_doc = "RUN\nFILE.npz\nTASK",
    .doc =
        "Plays motions in a window.\n\n"
        "Shows the demonstrations of TASK; the trajectories of FILE.npz, as `dynaflow sample` writes them; or motions "
        "that a checkpoint of RUN plans from held-out start states, which are sampled again. Space plays and pauses, "
        "Left and Right step, Tab goes to the next motion, and a click in the bars below goes to that time; F1 lists "
        "all keys.\v"
        "The program dynaflow-render draws, by MuJoCo's renderer and GLFW; `make render` builds it. Without a display, "
        "`dynaflow render` draws strips and films, and its --keyframes writes states for MuJoCo's `simulate`.\n\n"
        "Exits with 0 when the window is closed, 2 on bad input, 3 when a file, dynaflow-render or a display is "
        "missing.",
    .children = children};
