/* contact_bars.h: a bar per foot over time, dark while the foot has contact. */
#ifndef BENCH_RENDER_CONTACT_BARS_H
#define BENCH_RENDER_CONTACT_BARS_H

#include "shown.h"
#include "stage.h"

/* which x a state has: that of state k is origin + k * pitch; a state reaches half a pitch to both sides */
typedef struct time_axis {
  double origin, pitch;
} time_axis;

/* The axis of all states of a motion in a box that begins at `left` and is `width` pixels wide, of which the names of
 * the feet take the first 48. */
time_axis contact_bars_axis(int left, int width, int states);

/* height of the bars of all feet, pixels; 0 without feet */
int contact_bars_height(const stage* s, const shown* from);

/* Draws the bars of states first .. last of a motion, from `top` on, between `left` and `right`; the names of the feet
 * end before the first bar. */
void contact_bars_draw(stage* s, const shown* from, const shown_motion* m, int first, int last, time_axis axis,
                       image* to, int left, int right, int top);

#endif
