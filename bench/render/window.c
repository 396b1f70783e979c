#define GLFW_INCLUDE_NONE
#include "window.h"

#include <GLFW/glfw3.h>
#include <math.h>

#include "dynaflow/core/alloc.h"
#include "player.h"
#include "scenery.h"
#include "text.h"
#include "timeline.h"

enum { LEAST_WIDTH = 320, LEAST_HEIGHT = 240, STATES_AT_ONCE = 10 };
static const double FRAME = 1.0 / 60, ZOOM_PER_NOTCH = 0.9, DEGREES_PER_WIDTH = 180, PI = 3.14159265358979323846;
static const char keys[] =
    "Space: play or pause\n"
    "Left, Right: one state (with Shift: ten)\n"
    "Home, End: first or last state\n"
    "Up, Down: twice or half as fast\n"
    "Tab: next motion (with Shift: previous)\n"
    "V: next direction of view\n"
    "F: follow the robot or stay\n"
    "Mouse: left turns, right moves, wheel zooms\n"
    "Click in the bars: go to that time\n"
    "Q or Escape: quit";

/* where the camera is, relative to the path that follows the robot */
typedef struct eye {
  view from;
  bool stays;
  int stays_at;              /* the state at which it stopped to follow */
  double azimuth, elevation; /* degrees */
  double zoom, right, up;    /* factor of the distance; m */
} eye;

typedef struct window {
  GLFWwindow* handle;
  scenery scene;
  player player;
  eye eye;
  bool helps, seeks; /* seeks: the button went down in the timeline */
  double x, y;       /* of the pointer when it last moved, pixels */
} window;

/* ---- the camera ---- */

static camera camera_of(const window* w) {
  const eye* e = &w->eye;
  const camera_path* path = &w->scene.path[w->player.motion];
  const int i = e->stays ? e->stays_at : player_state(&w->player);
  camera c = camera_at(path, i < path->n ? i : path->n - 1, e->from);
  c.azimuth += e->azimuth;
  c.elevation = fmin(fmax(c.elevation + e->elevation, -90), 90);
  c.distance *= e->zoom;

  /* moved to the right and up of the picture */
  const double azimuth = c.azimuth * PI / 180, elevation = c.elevation * PI / 180;
  const double right[3] = {sin(azimuth), -cos(azimuth), 0};
  const double up[3] = {-cos(azimuth) * sin(elevation), -sin(azimuth) * sin(elevation), cos(elevation)};
  for (int k = 0; k < 3; k++) c.lookat[k] += e->right * right[k] + e->up * up[k];
  return c;
}

static void look_from(eye* e, view from) {
  *e = (eye){.from = from, .stays = e->stays, .stays_at = e->stays_at, .zoom = 1};
}

/* ---- input ---- */

static void on_key(GLFWwindow* handle, int key, int scancode, int action, int mods) {
  (void)scancode;
  window* w = glfwGetWindowUserPointer(handle);
  const bool shift = mods & GLFW_MOD_SHIFT;
  const int states = shift ? STATES_AT_ONCE : 1;
  if (action == GLFW_RELEASE) return;
  switch (key) {
    case GLFW_KEY_SPACE:
      player_toggle(&w->player);
      break;
    case GLFW_KEY_LEFT:
      player_step(&w->player, -states);
      break;
    case GLFW_KEY_RIGHT:
      player_step(&w->player, states);
      break;
    case GLFW_KEY_HOME:
      player_show(&w->player, 0);
      break;
    case GLFW_KEY_END:
      player_show(&w->player, INFINITY);
      break;
    case GLFW_KEY_UP:
      player_change_speed(&w->player, 1);
      break;
    case GLFW_KEY_DOWN:
      player_change_speed(&w->player, -1);
      break;
    case GLFW_KEY_TAB:
      player_next(&w->player, shift ? -1 : 1);
      break;
    case GLFW_KEY_V:
      look_from(&w->eye, (view)((w->eye.from + 1) % VIEWS));
      break;
    case GLFW_KEY_F:
      w->eye.stays = !w->eye.stays;
      w->eye.stays_at = player_state(&w->player);
      break;
    case GLFW_KEY_F1:
      w->helps = !w->helps;
      break;
    case GLFW_KEY_Q:
    case GLFW_KEY_ESCAPE:
      glfwSetWindowShouldClose(handle, GLFW_TRUE);
      break;
    default:
      break;
  }
}

/* the sizes of the window in units of the pointer */
static void pointer_sizes(const window* w, int* width, int* height, int* timeline) {
  int pixels;
  glfwGetWindowSize(w->handle, width, height);
  glfwGetFramebufferSize(w->handle, NULL, &pixels);
  *timeline = pixels > 0 ? timeline_height(&w->scene) * *height / pixels : 0;
}

static void seek(window* w, double x) {
  int width, pixels;
  glfwGetWindowSize(w->handle, &width, NULL);
  glfwGetFramebufferSize(w->handle, &pixels, NULL);
  if (width > 0) player_show(&w->player, timeline_state(&w->player, pixels, x * pixels / width));
}

static void on_button(GLFWwindow* handle, int button, int action, int mods) {
  (void)mods;
  window* w = glfwGetWindowUserPointer(handle);
  int width, height, timeline;
  pointer_sizes(w, &width, &height, &timeline);
  w->seeks = button == GLFW_MOUSE_BUTTON_LEFT && action == GLFW_PRESS && w->y >= height - timeline;
  if (w->seeks) seek(w, w->x);
}

static void on_move(GLFWwindow* handle, double x, double y) {
  window* w = glfwGetWindowUserPointer(handle);
  const bool left = glfwGetMouseButton(handle, GLFW_MOUSE_BUTTON_LEFT) == GLFW_PRESS;
  const bool right = glfwGetMouseButton(handle, GLFW_MOUSE_BUTTON_RIGHT) == GLFW_PRESS;
  int width, height;
  glfwGetWindowSize(handle, &width, &height);
  const double dx = (x - w->x) / width, dy = (y - w->y) / height, distance = camera_of(w).distance;
  w->x = x;
  w->y = y;
  if (w->seeks) {
    seek(w, x);
  } else if (left) {
    w->eye.azimuth -= dx * DEGREES_PER_WIDTH;
    w->eye.elevation -= dy * DEGREES_PER_WIDTH;
  } else if (right) {
    w->eye.right -= dx * distance;
    w->eye.up += dy * distance;
  }
}

static void on_scroll(GLFWwindow* handle, double x, double y) {
  (void)x;
  window* w = glfwGetWindowUserPointer(handle);
  w->eye.zoom *= pow(ZOOM_PER_NOTCH, y);
}

/* ---- drawing ---- */

static df_status draw(const window* w) {
  int width, height;
  image below;
  glfwGetFramebufferSize(w->handle, &width, &height);
  const int timeline = timeline_height(&w->scene);
  if (width <= 0 || height <= timeline) return DF_OK; /* minimised */
  DF_TRY(image_new(width, timeline, &below));
  timeline_draw(&w->scene, &w->player, &below);
  const camera from = camera_of(w);
  const df_status status = scenery_show(&w->scene, w->player.motion, player_state(&w->player), &from, width, height,
                                        &below, w->helps ? keys : NULL);
  image_clear(&below);
  glfwSwapBuffers(w->handle);
  return status;
}

/* Waits for input: while it plays, at most until the next picture is due. */
static void wait_for_input(const window* w, double last) {
  const double left = FRAME - (glfwGetTime() - last);
  if (!w->player.playing) {
    glfwWaitEvents();
  } else if (left > 0) {
    glfwWaitEventsTimeout(left);
  } else {
    glfwPollEvents();
  }
}

static df_status play(window* w) {
  double last = glfwGetTime();
  df_status status = draw(w);
  while (status == DF_OK && !glfwWindowShouldClose(w->handle)) {
    const bool played = w->player.playing;
    wait_for_input(w, last);
    const double now = glfwGetTime();
    if (played) player_advance(&w->player, now - last);
    last = now;
    status = draw(w);
  }
  return status;
}

/* ---- life cycle ---- */

static df_status fail_missing(const char* what) {
  const char* why = NULL;
  (void)glfwGetError(&why);
  return df_fail(DF_E_MISSING,
                 "%s (%s); without a display, `dynaflow render` draws strips and films, and with --keyframes FILE.xml "
                 "writes states for MuJoCo's `simulate`",
                 what, why ? why : "GLFW gives no reason");
}

static df_status open_window(window* w, const show_arguments* a, const shown* motions) {
  char* title = format_text("dynaflow show %s", motions->name);
  glfwWindowHint(GLFW_SAMPLES, 4);
  w->handle = glfwCreateWindow(a->width, a->height, title, NULL, NULL);
  df_free(title);
  if (!w->handle) return fail_missing("cannot open a window with OpenGL");
  glfwMakeContextCurrent(w->handle);
  glfwSwapInterval(1);
  DF_TRY(scenery_new(a, motions, &w->scene));
  w->player = player_new(motions, a->speed);
  look_from(&w->eye, a->views[0]);
  glfwSetWindowSizeLimits(w->handle, LEAST_WIDTH, LEAST_HEIGHT + timeline_height(&w->scene), GLFW_DONT_CARE,
                          GLFW_DONT_CARE);
  glfwSetWindowUserPointer(w->handle, w);
  glfwGetCursorPos(w->handle, &w->x, &w->y);
  glfwSetKeyCallback(w->handle, on_key);
  glfwSetMouseButtonCallback(w->handle, on_button);
  glfwSetCursorPosCallback(w->handle, on_move);
  glfwSetScrollCallback(w->handle, on_scroll);
  return DF_OK;
}

df_status window_connect(void) {
  return glfwInit() ? DF_OK : fail_missing("cannot connect to a display");
}

void window_disconnect(void) {
  glfwTerminate();
}

df_status window_show(const show_arguments* a, const shown* motions) {
  window w = {0};
  df_status status = open_window(&w, a, motions);
  if (status == DF_OK) status = play(&w);
  scenery_clear(&w.scene);
  if (w.handle) glfwDestroyWindow(w.handle);
  return status;
}
