#include "stage.h"

#include <math.h>
#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "exit_numbers.h"
#include "stage_model.h"
#include "terminal.h"

enum { SHADOW_SIZE = 4096, TEXT_WIDTH = 2048, SCENE_GEOMS = 20000 };
static const float GHOST_ALPHA = 0.35F, LIGHT_HEIGHT = 3, BRIGHTEST = 1.2F;

struct stage {
  mjModel* model;
  mjData *data, *ghost;
  mjvOption option;
  mjvScene scene;
  mjrContext context;
  bool has_scene, has_context;
  int root;
  bool free_root;         /* the root body has a free joint */
  unsigned char* picture; /* work memory: of the size of the offscreen buffer */
};

/* MuJoCo ends the program after an error, so this is the last chance to say why */
static void on_message(const mjLogMessage* message) {
  if (message->level != mjLOG_ERROR) return;
  print_line(stderr, "dynaflow: MuJoCo: %s", message->subject);
  exit(EXIT_INCOMPLETE);
}

/* ---- which geoms ---- */

static bool is_of_robot(const stage* s, int geom) {
  return s->model->body_rootid[s->model->geom_bodyid[geom]] == s->root;
}

static bool is_drawn(const stage* s, int geom) {
  return s->option.geomgroup[s->model->geom_group[geom]] && s->model->geom_rgba[4 * geom + 3] > 0;
}

static void choose_groups(stage* s, bool collision_only) {
  bool any = false;
  for (int i = 0; i < s->model->ngeom; i++) any |= is_of_robot(s, i) && is_drawn(s, i);
  for (int k = 0; k < mjNGROUP; k++) {
    if (collision_only || !any) s->option.geomgroup[k] = 1;
    s->option.sitegroup[k] = 0;
  }
}

/* ---- life cycle ---- */

/* Scales the lights so that bright things seen from above, where all lights shine, do not vanish in white. */
static void dim_lights(mjModel* m) {
  float *head = m->vis.headlight.diffuse, *ambient = m->vis.headlight.ambient;
  float sum = m->vis.headlight.active ? head[0] + ambient[0] : 0;
  for (int i = 0; i < m->nlight; i++) sum += m->light_diffuse[3 * i] + m->light_ambient[3 * i];
  const float scale = sum > BRIGHTEST ? BRIGHTEST / sum : 1;
  for (int k = 0; k < 3; k++) {
    head[k] *= scale;
    ambient[k] *= scale;
    m->vis.headlight.specular[k] = 0;
  }
  for (int i = 0; i < 3 * m->nlight; i++) {
    m->light_diffuse[i] *= scale;
    m->light_ambient[i] *= scale;
    m->light_specular[i] = 0;
  }
}

static df_status make_scene(stage* s, const stage_cfg* cfg) {
  s->data = mj_makeData(s->model);
  s->ghost = mj_makeData(s->model);
  if (!s->data || !s->ghost) return df_fail(DF_E_NOMEM, "no memory for mjData");
  mjv_defaultOption(&s->option);
  mjv_defaultScene(&s->scene);
  mjr_defaultContext(&s->context);
  /* the buffer holds a picture, or a line of text */
  s->model->vis.global.offwidth = cfg->width > TEXT_WIDTH ? cfg->width : TEXT_WIDTH;
  s->model->vis.global.offheight = cfg->height > 64 ? cfg->height : 64;
  s->model->vis.quality.shadowsize = SHADOW_SIZE;
  dim_lights(s->model);
  const size_t pixels = (size_t)s->model->vis.global.offwidth * (size_t)s->model->vis.global.offheight;
  s->picture = df_alloc(pixels * 3, 1);
  if (!s->picture) return DF_E_NOMEM;
  mjv_makeScene(s->model, &s->scene, SCENE_GEOMS);
  s->has_scene = true;
  mjr_makeContext(s->model, &s->context, mjFONTSCALE_100);
  s->has_context = true;
  mjr_setBuffer(mjFB_OFFSCREEN, &s->context);
  if (s->context.currentBuffer != mjFB_OFFSCREEN) {
    return df_fail(DF_E_MISSING, "OpenGL gives no offscreen buffer of %d x %d pixels: choose a smaller --size",
                   s->model->vis.global.offwidth, s->model->vis.global.offheight);
  }
  return DF_OK;
}

static df_status build(stage* s, const stage_cfg* cfg) {
  bool collision_only;
  (void)mju_setLogHandler(on_message);
  DF_TRY(stage_model_new(cfg->model, &s->model, &collision_only));
  const mjModel* m = s->model;
  if (m->nq != cfg->nq || m->nv != cfg->nv || cfg->root >= m->nbody) {
    return df_fail(DF_E_MISMATCH, "%s: drawn, the model has %d positions and %d velocities, simulated %d and %d",
                   cfg->model, (int)m->nq, (int)m->nv, cfg->nq, cfg->nv);
  }
  s->root = cfg->root;
  s->free_root = m->body_jntnum[s->root] > 0 && m->jnt_type[m->body_jntadr[s->root]] == mjJNT_FREE;
  DF_TRY(make_scene(s, cfg));
  choose_groups(s, collision_only);
  /* mirror images of the floor confuse more than they please */
  s->scene.flags[mjRND_REFLECTION] = 0;
  return DF_OK;
}

df_status stage_new(const stage_cfg* cfg, stage** out) {
  *out = NULL;
  stage* s = df_alloc(1, sizeof *s);
  const df_status status = s ? build(s, cfg) : DF_E_NOMEM;
  if (status != DF_OK) {
    stage_free(s);
    return status;
  }
  *out = s;
  return DF_OK;
}

void stage_free(stage* s) {
  if (!s) return;
  if (s->has_context) mjr_freeContext(&s->context);
  if (s->has_scene) mjv_freeScene(&s->scene);
  if (s->data) mj_deleteData(s->data);
  if (s->ghost) mj_deleteData(s->ghost);
  if (s->model) mj_deleteModel(s->model);
  df_free(s->picture);
  df_free(s);
}

/* ---- states ---- */

/* what drawing needs of a state; neither collisions nor forces */
static void set_pose(const stage* s, mjData* d, const double* x) {
  mju_copy(d->qpos, x, (int)s->model->nq);
  mj_kinematics(s->model, d);
  mj_comPos(s->model, d);
  mj_camlight(s->model, d);
  mj_flex(s->model, d);
  mj_tendon(s->model, d);
}

void stage_root(stage* s, const double* x, double position[3], double* heading) {
  set_pose(s, s->data, x);
  mju_copy3(position, s->data->xpos + 3 * s->root);
  const mjtNum* frame = s->data->xmat + 9 * s->root;
  *heading = s->free_root ? atan2(frame[3], frame[0]) : 0;
}

double stage_middle(stage* s, const double* x) {
  set_pose(s, s->data, x);
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < s->model->ngeom; i++) {
    if (!is_of_robot(s, i) || !is_drawn(s, i)) continue;
    const double height = s->data->geom_xpos[3 * i + 2], bound = s->model->geom_rbound[i];
    low = fmin(low, height - bound);
    high = fmax(high, height + bound);
  }
  return low < high ? (low + high) / 2 - s->data->xpos[3 * s->root + 2] : 0;
}

/* ahead, right and up of a camera */
static void axes_of(const camera* c, mjtNum axis[3][3]) {
  const double azimuth = c->azimuth * mjPI / 180, elevation = c->elevation * mjPI / 180;
  mju_copy3(axis[0], (mjtNum[3]){cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)});
  mju_copy3(axis[1], (mjtNum[3]){sin(azimuth), -cos(azimuth), 0});
  mju_cross(axis[2], axis[1], axis[0]);
}

double stage_distance(stage* s, const double* x, const camera* from, double aspect) {
  mjtNum axis[3][3], offset[3];
  const double tan_up = tan(s->model->vis.global.fovy / 2 * mjPI / 180);
  const double tangent[3] = {0, aspect * tan_up, tan_up};
  double distance = 0;
  axes_of(from, axis);
  set_pose(s, s->data, x);
  for (int i = 0; i < s->model->ngeom; i++) {
    if (!is_of_robot(s, i) || !is_drawn(s, i)) continue;
    mju_sub3(offset, s->data->geom_xpos + 3 * i, from->lookat);
    for (int k = 1; k < 3; k++) {
      const double reach =
          fabs(mju_dot3(offset, axis[k])) + s->model->geom_rbound[i] * sqrt(1 + tangent[k] * tangent[k]);
      distance = fmax(distance, reach / tangent[k] - mju_dot3(offset, axis[0]));
    }
  }
  return distance > 0 ? distance : 2 * s->model->stat.extent;
}

/* ---- pictures ---- */

static void add_ghost(stage* s, const double* x) {
  const int first = s->scene.ngeom;
  set_pose(s, s->ghost, x);
  mjv_addGeoms(s->model, s->ghost, &s->option, NULL, mjCAT_DYNAMIC, &s->scene);
  for (int i = first; i < s->scene.ngeom; i++) {
    mjvGeom* g = &s->scene.geoms[i];
    g->rgba[0] = 0.3F * g->rgba[0];
    g->rgba[1] = 0.3F * g->rgba[1] + 0.3F;
    g->rgba[2] = 0.3F * g->rgba[2] + 0.7F;
    g->rgba[3] *= GHOST_ALPHA;
  }
}

/* The shadow of a parallel light is computed around its position, which otherwise means nothing. */
static void follow_by_lights(stage* s, const double lookat[3]) {
  const float height = (float)s->model->stat.extent * LIGHT_HEIGHT;
  for (int i = 0; i < s->scene.nlight; i++) {
    mjvLight* light = &s->scene.lights[i];
    if (light->type != mjLIGHT_DIRECTIONAL || light->headlight) continue;
    for (int k = 0; k < 3; k++) light->pos[k] = (float)lookat[k] - height * light->dir[k];
  }
}

/* the scene of a state, seen from a camera */
static df_status set_scene(stage* s, const double* x, const double* ghost, const camera* from) {
  mjvCamera c;
  mjv_defaultCamera(&c);
  mju_copy3(c.lookat, from->lookat);
  c.distance = from->distance;
  c.azimuth = from->azimuth;
  c.elevation = from->elevation;
  set_pose(s, s->data, x);
  mjv_updateScene(s->model, s->data, &s->option, NULL, &c, mjCAT_ALL, &s->scene);
  if (ghost) add_ghost(s, ghost);
  follow_by_lights(s, from->lookat);
  if (s->scene.ngeom >= s->scene.maxgeom) return df_fail(DF_E_SIM, "the scene has over %d geoms", SCENE_GEOMS);
  return DF_OK;
}

df_status stage_draw(stage* s, const double* x, const double* ghost, const camera* from, image* to, box part) {
  DF_TRY(set_scene(s, x, ghost, from));
  const mjrRect rect = {0, 0, part.width, part.height};
  mjr_render(rect, &s->scene, &s->context);
  mjr_readPixels(s->picture, NULL, rect, &s->context);
  image_paste(to, part, s->picture);
  return DF_OK;
}

/* ---- a window ---- */

df_status stage_show(stage* s, const double* x, const double* ghost, const camera* from, int width, int height,
                     const image* below) {
  DF_TRY(set_scene(s, x, ghost, from));
  unsigned char* rows = df_alloc((size_t)below->width * (size_t)below->height * 3, 1);
  if (!rows) return DF_E_NOMEM;
  image_copy_upwards(below, rows);
  mjr_setBuffer(mjFB_WINDOW, &s->context);
  mjr_render((mjrRect){0, below->height, width, height - below->height}, &s->scene, &s->context);
  mjr_drawPixels(rows, NULL, (mjrRect){0, 0, below->width, below->height}, &s->context);
  mjr_setBuffer(mjFB_OFFSCREEN, &s->context);
  df_free(rows);
  return DF_OK;
}

void stage_show_text(stage* s, const char* lines, int width, int height) {
  mjr_setBuffer(mjFB_WINDOW, &s->context);
  mjr_overlay(mjFONT_NORMAL, mjGRID_TOPLEFT, (mjrRect){0, 0, width, height}, lines, NULL, &s->context);
  mjr_setBuffer(mjFB_OFFSCREEN, &s->context);
}

/* ---- text ---- */

static char printable(char c) {
  return c >= ' ' && c < 127 ? c : '?';
}

static int width_of(const stage* s, const char* words, size_t n) {
  int width = 0;
  for (size_t i = 0; i < n; i++) width += s->context.charWidth[(int)printable(words[i])];
  return width;
}

int stage_text_width(const stage* s, const char* words) {
  return width_of(s, words, strlen(words));
}

int stage_text_height(const stage* s) {
  return s->context.charHeight;
}

int stage_text(stage* s, const char* words, colour c, image* to, int left, int top, int width) {
  static const char more[] = "...";
  char line[512];
  size_t n = strlen(words);
  bool cut = false;
  if (width > TEXT_WIDTH) width = TEXT_WIDTH;
  while (n > 0 &&
         (n + sizeof more > sizeof line || width_of(s, words, n) + (cut ? stage_text_width(s, more) : 0) > width)) {
    n--;
    cut = true;
  }
  snprintf(line, sizeof line, "%.*s%s", (int)n, words, cut ? more : "");
  for (char* at = line; *at; at++) *at = printable(*at);

  /* white on black, as a mask */
  const box part = {left, top, stage_text_width(s, line), stage_text_height(s)};
  if (part.width == 0) return 0;
  const mjrRect rect = {0, 0, part.width, part.height};
  mjr_rectangle(rect, 0, 0, 0, 1);
  mjr_text(mjFONT_NORMAL, line, &s->context, 0, 0.25F, 1, 1, 1);
  mjr_readPixels(s->picture, NULL, rect, &s->context);
  image_stamp(to, part, s->picture, c);
  return part.width;
}
