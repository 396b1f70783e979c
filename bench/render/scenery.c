#include "scenery.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"

enum { LINE_GAP = 3 };
static const double ROOM = 1.05; /* around the robot */
static const colour TEXT = {20, 20, 20};

static const double* state_of(const scenery* s, const double* x, int i) {
  return x + (size_t)i * (size_t)s->motions->task->system->nx;
}

static const double* ghost_of(const scenery* s, const shown_motion* m, int i) {
  return i < m->n_ghost ? state_of(s, m->ghost, i) : NULL;
}

df_status scenery_new(const show_arguments* a, const shown* motions, scenery* out) {
  const df_system* system = motions->task->system;
  *out = (scenery){.arguments = a, .motions = motions};
  const stage_cfg cfg = {.model = motions->model_path,
                         .nq = df_mujoco_nq(system),
                         .nv = df_mujoco_nv(system),
                         .root = motions->root,
                         .width = a->width,
                         .height = a->height};
  DF_TRY(stage_new(&cfg, &out->stage));
  out->path = df_alloc((size_t)motions->n, sizeof *out->path);
  if (!out->path) return DF_E_NOMEM;
  /* one distance, so that all motions have one scale */
  double distance = 0;
  for (int k = 0; k < motions->n; k++) {
    const shown_motion* m = &motions->list[k];
    DF_TRY(camera_path_new(out->stage, m->n, system->nx, m->x, system->dt, &out->path[k]));
    distance = fmax(distance, camera_distance(&out->path[k], out->stage, system->nx, m->x, a));
  }
  for (int k = 0; k < motions->n; k++) out->path[k].distance = ROOM * distance;
  return DF_OK;
}

void scenery_clear(scenery* s) {
  for (int k = 0; s->path && k < s->motions->n; k++) camera_path_clear(&s->path[k]);
  df_free(s->path);
  stage_free(s->stage);
}

df_status scenery_draw(const scenery* s, int motion, int i, view v, image* to, box part) {
  const shown_motion* m = &s->motions->list[motion];
  const camera from = camera_at(&s->path[motion], i, v);
  return stage_draw(s->stage, state_of(s, m->x, i), ghost_of(s, m, i), &from, to, part);
}

df_status scenery_show(const scenery* s, int motion, int i, const camera* from, int width, int height,
                       const image* below, const char* help) {
  const shown_motion* m = &s->motions->list[motion];
  DF_TRY(stage_show(s->stage, state_of(s, m->x, i), ghost_of(s, m, i), from, width, height, below));
  if (help) stage_show_text(s->stage, help, width, height);
  return DF_OK;
}

void scenery_text(const scenery* s, const char* words, image* to, int left, int top, int width) {
  (void)stage_text(s->stage, words, TEXT, to, left, top, width);
}

int scenery_line(const scenery* s) {
  return stage_text_height(s->stage) + LINE_GAP;
}
