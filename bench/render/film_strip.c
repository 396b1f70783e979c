#include "film_strip.h"

#include "contact_bars.h"
#include "dynaflow/core/alloc.h"
#include "text.h"

enum { GAP = 2, BETWEEN_ROWS = 10, MARGIN = 6 };

/* the pictures of a row are of the states 0, every, 2 every .. */
typedef struct row {
  int pictures, every;
} row;

/* --frames pictures, equally far apart, as far as the motion goes */
static row row_of(const scenery* s, int motion) {
  const show_arguments* a = s->arguments;
  const int n = s->motions->list[motion].n, window = s->motions->strip_states;
  const int states = a->seconds == 0 && window > 0 && window < n ? window : n;
  const int apart = a->pictures > 1 && states > a->pictures ? (states - 1) / (a->pictures - 1) : 1;
  const int every = a->every > 0 ? a->every : apart;
  const int fit = ((a->every > 0 ? n : states) - 1) / every + 1;
  return (row){fit < a->pictures ? fit : a->pictures, every};
}

static int row_height(const scenery* s) {
  return 2 * scenery_line(s) + s->arguments->n_views * (s->arguments->height + GAP) + GAP +
         contact_bars_height(s->stage, s->motions);
}

static void draw_title(const scenery* s, const shown_motion* m, image* to, int top) {
  char* words = format_text("%s%s%s", m->condition, m->condition[0] ? ": " : "", m->title);
  scenery_text(s, words, to, MARGIN, top, to->width - 2 * MARGIN);
  df_free(words);
}

/* times and pictures of a row */
static df_status draw_pictures(const scenery* s, int motion, row r, image* to, int top) {
  const show_arguments* a = s->arguments;
  const shown_motion* m = &s->motions->list[motion];
  for (int i = 0; i < r.pictures; i++) {
    const int left = i * (a->width + GAP), state = i * r.every;
    char* time = format_text("%.2f s", m->start + state * s->motions->task->system->dt);
    scenery_text(s, time, to, left + MARGIN, top, a->width - MARGIN);
    df_free(time);
    for (int v = 0; v < a->n_views; v++) {
      const box part = {left, top + scenery_line(s) + v * (a->height + GAP), a->width, a->height};
      DF_TRY(scenery_draw(s, motion, state, a->views[v], to, part));
    }
  }
  return DF_OK;
}

static df_status draw_row(const scenery* s, int motion, image* to, int top) {
  const show_arguments* a = s->arguments;
  const shown_motion* m = &s->motions->list[motion];
  const row r = row_of(s, motion);
  draw_title(s, m, to, top);
  DF_TRY(draw_pictures(s, motion, r, to, top + scenery_line(s)));
  /* the middle of a picture is the place of its state */
  const time_axis axis = {.origin = a->width / 2.0, .pitch = (double)(a->width + GAP) / r.every};
  const int below = top + 2 * scenery_line(s) + a->n_views * (a->height + GAP) + GAP;
  contact_bars_draw(s->stage, s->motions, m, 0, (r.pictures - 1) * r.every, axis, to, 0, to->width, below);
  return DF_OK;
}

df_status film_strip_draw(const scenery* s, image* out) {
  const show_arguments* a = s->arguments;
  const int rows = s->motions->n, height = row_height(s);
  int widest = 0;
  for (int k = 0; k < rows; k++) widest = row_of(s, k).pictures > widest ? row_of(s, k).pictures : widest;
  df_status status = image_new(widest * (a->width + GAP) - GAP, GAP + rows * height + (rows - 1) * BETWEEN_ROWS, out);
  for (int k = 0; k < rows && status == DF_OK; k++) {
    status = draw_row(s, k, out, GAP + k * (height + BETWEEN_ROWS));
  }
  return status;
}
