#include "film.h"

#include <math.h>

#include "contact_bars.h"
#include "dynaflow/core/alloc.h"
#include "encoder.h"
#include "progress.h"
#include "text.h"

enum { GAP = 6, MARGIN = 6, COLUMNS_MOST = 4, FPS_MOST = 60 };
static const colour WHITE = {255, 255, 255}, NOW = {200, 40, 40};

/* the grid of motions, and the states that are drawn */
typedef struct layout {
  int columns, width, height; /* of a cell of the grid */
  int last;                   /* state of the longest motion */
  int every;
} layout;

static layout layout_of(const scenery* s) {
  const show_arguments* a = s->arguments;
  const double dt = s->motions->task->system->dt;
  layout l = {
      .columns = s->motions->n < COLUMNS_MOST ? s->motions->n : COLUMNS_MOST,
      .width = a->width + GAP,
      .height = 3 * scenery_line(s) + a->n_views * (a->height + 2) + contact_bars_height(s->stage, s->motions) + GAP,
      .every = a->every > 0 ? a->every : (int)fmax(1, ceil(1 / (FPS_MOST * dt) - 1e-9))};
  for (int k = 0; k < s->motions->n; k++)
    l.last = s->motions->list[k].n - 1 > l.last ? s->motions->list[k].n - 1 : l.last;
  return l;
}

/* the contacts of a motion, and a line at state i */
static void draw_contacts(const scenery* s, const layout* l, const shown_motion* m, int i, image* to, int left,
                          int top) {
  const time_axis axis = contact_bars_axis(left, s->arguments->width, l->last + 1);
  const int height = contact_bars_height(s->stage, s->motions);
  contact_bars_draw(s->stage, s->motions, m, 0, m->n - 1, axis, to, left, left + s->arguments->width, top);
  if (height) image_fill(to, (box){(int)(axis.origin + i * axis.pitch), top, 2, height}, NOW);
}

static df_status draw_motion(const scenery* s, const layout* l, int motion, int state, image* to) {
  const show_arguments* a = s->arguments;
  const shown_motion* m = &s->motions->list[motion];
  const int i = state < m->n ? state : m->n - 1, line = scenery_line(s);
  const int left = motion % l->columns * l->width, top = motion / l->columns * l->height;
  scenery_text(s, m->condition, to, left + MARGIN, top, a->width - MARGIN);
  scenery_text(s, m->title, to, left + MARGIN, top + line, a->width - MARGIN);
  for (int v = 0; v < a->n_views; v++) {
    const box part = {left, top + 2 * line + v * (a->height + 2), a->width, a->height};
    DF_TRY(scenery_draw(s, motion, i, a->views[v], to, part));
  }
  const int below = top + 2 * line + a->n_views * (a->height + 2);
  char* time = format_text("%.2f s", m->start + i * s->motions->task->system->dt);
  scenery_text(s, time, to, left + MARGIN, below, a->width - MARGIN);
  df_free(time);
  draw_contacts(s, l, m, i, to, left, below + line);
  return DF_OK;
}

static df_status draw_all(const scenery* s, const layout* l, image* picture, encoder* to, film_facts* facts) {
  progress p;
  df_status status = DF_OK;
  progress_start(&p, s->arguments->common.quiet, "film", "pictures", l->last / l->every + 1);
  for (int state = 0; state <= l->last && status == DF_OK; state += l->every) {
    image_fill(picture, (box){0, 0, picture->width, picture->height}, WHITE);
    for (int k = 0; k < s->motions->n && status == DF_OK; k++) status = draw_motion(s, l, k, state, picture);
    if (status == DF_OK) status = encoder_add(to, picture);
    progress_update(&p, ++facts->pictures, NULL);
  }
  progress_end(&p);
  return status;
}

df_status film_write(const scenery* s, film_facts* facts) {
  const show_arguments* a = s->arguments;
  const layout l = layout_of(s);
  const int rows = (s->motions->n + l.columns - 1) / l.columns;
  const int width = l.columns * l.width - GAP, height = rows * l.height;
  /* the colours of H.264 are stored for blocks of 2 x 2 pixels */
  *facts = (film_facts){.width = width + width % 2,
                        .height = height + height % 2,
                        .fps = a->fps > 0 ? a->fps : 1 / (l.every * s->motions->task->system->dt)};
  image picture;
  encoder* to = NULL;
  df_status status = image_new(facts->width, facts->height, &picture);
  if (status == DF_OK) status = encoder_open(a->film, facts->width, facts->height, facts->fps, &to);
  if (status == DF_OK) status = draw_all(s, &l, &picture, to, facts);
  if (to) status = encoder_close(to, status);
  image_clear(&picture);
  return status;
}
