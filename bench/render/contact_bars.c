#include "contact_bars.h"

#include <math.h>

#include "dynaflow/metrics/metrics.h"

enum { GAP = 2, MARGIN = 4, NAMES = 48 };
static const colour STANCE = {31, 78, 121}, SWING = {221, 226, 232}, UNKNOWN = {200, 60, 40}, TEXT = {40, 40, 40};

time_axis contact_bars_axis(int left, int width, int states) {
  const double pitch = (double)(width - NAMES) / states;
  return (time_axis){.origin = left + NAMES + 0.5 * pitch, .pitch = pitch};
}

int contact_bars_height(const stage* s, const shown* from) {
  return from->n_feet * (stage_text_height(s) + GAP);
}

static int clamp(double x, int low, int high) {
  return (int)fmin(fmax(floor(x + 0.5), low), high);
}

static colour colour_of(unsigned char touch) {
  return touch == DF_TOUCH_UNKNOWN ? UNKNOWN : touch ? STANCE : SWING;
}

void contact_bars_draw(stage* s, const shown* from, const shown_motion* m, int first, int last, time_axis axis,
                       image* to, int left, int right, int top) {
  const int height = stage_text_height(s);
  for (int k = 0; k < from->n_feet; k++) {
    const int y = top + k * (height + GAP);
    const int begin = clamp(axis.origin + (first - 0.5) * axis.pitch, left, right);
    const char* name = from->config.eval_feet.v[k];
    const int room = begin - MARGIN - left, width = stage_text_width(s, name);
    (void)stage_text(s, name, TEXT, to, begin - MARGIN - (width < room ? width : room), y, room);
    for (int i = first; i <= last; i++) {
      const int x0 = clamp(axis.origin + (i - 0.5) * axis.pitch, left, right);
      const int x1 = clamp(axis.origin + (i + 0.5) * axis.pitch, left, right);
      image_fill(to, (box){x0, y + 2, x1 - x0, height - 4},
                 colour_of(m->touch[(size_t)i * (size_t)from->n_feet + (size_t)k]));
    }
  }
}
