#include "scenery.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "gl_context.h"

enum { LINE_GAP = 3 };
static const double ROOM = 1.05; /* around the robot */
static const colour TEXT = {20, 20, 20};

static const double* state_of(const scenery* s, const double* x, int i) {
  return x + (size_t)i * (size_t)s->motions->task->system->nx;
}

df_status scenery_new(const show_arguments* a, const shown* motions, scenery* out) {
  const df_system* system = motions->task->system;
  *out = (scenery){.arguments = a, .motions = motions};
  DF_TRY(gl_context_open());
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
  gl_context_close();
}

df_status scenery_draw(const scenery* s, int motion, int i, view v, image* to, box part) {
  const shown_motion* m = &s->motions->list[motion];
  const camera from = camera_at(&s->path[motion], i, v);
  const double* ghost = i < m->n_ghost ? state_of(s, m->ghost, i) : NULL;
  return stage_draw(s->stage, state_of(s, m->x, i), ghost, &from, to, part);
}

void scenery_text(const scenery* s, const char* words, image* to, int left, int top, int width) {
  (void)stage_text(s->stage, words, TEXT, to, left, top, width);
}

int scenery_line(const scenery* s) {
  return stage_text_height(s->stage) + LINE_GAP;
}
