#include "timeline.h"

#include "contact_bars.h"
#include "dynaflow/core/alloc.h"
#include "text.h"

enum { MARGIN = 6, BAR = 12 };
static const colour WHITE = {255, 255, 255}, NOW = {200, 40, 40}, GREY = {221, 226, 232};

static int bars_height(const scenery* s) {
  const int height = contact_bars_height(s->stage, s->motions);
  return height ? height : BAR;
}

int timeline_height(const scenery* s) {
  return 2 * scenery_line(s) + bars_height(s) + 2 * MARGIN;
}

static const shown_motion* motion_of(const player* p) {
  return &p->motions->list[p->motion];
}

double timeline_state(const player* p, int width, double x) {
  const time_axis axis = contact_bars_axis(MARGIN, width - 2 * MARGIN, motion_of(p)->n);
  return (x - axis.origin) / axis.pitch;
}

static void draw_words(const scenery* s, const player* p, image* to) {
  const shown_motion* m = motion_of(p);
  const int room = to->width - 2 * MARGIN, i = player_state(p);
  char* what = format_text("%s%s%s   (motion %d of %d)", m->title, m->condition[0] ? "   " : "", m->condition,
                           p->motion + 1, p->motions->n);
  char* when =
      format_text("%.3f s   state %d of %d   speed %g   %s   F1: keys", m->start + i * p->motions->task->system->dt, i,
                  m->n - 1, player_speed(p), p->playing ? "playing" : "paused");
  scenery_text(s, what, to, MARGIN, MARGIN, room);
  scenery_text(s, when, to, MARGIN, MARGIN + scenery_line(s), room);
  df_free(what);
  df_free(when);
}

void timeline_draw(const scenery* s, const player* p, image* to) {
  const shown_motion* m = motion_of(p);
  const int left = MARGIN, width = to->width - 2 * MARGIN, top = MARGIN + 2 * scenery_line(s);
  const time_axis axis = contact_bars_axis(left, width, m->n);
  image_fill(to, (box){0, 0, to->width, to->height}, WHITE);
  draw_words(s, p, to);
  if (s->motions->n_feet == 0) {
    image_fill(to, (box){(int)(axis.origin - 0.5 * axis.pitch), top, (int)(m->n * axis.pitch), BAR}, GREY);
  }
  contact_bars_draw(s->stage, s->motions, m, 0, m->n - 1, axis, to, left, left + width, top);
  image_fill(to, (box){(int)(axis.origin + player_state(p) * axis.pitch), top, 2, bars_height(s)}, NOW);
}
