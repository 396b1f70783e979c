/* timeline.h: the picture below a window: what is shown, and the contacts of the motion over time. */
#ifndef BENCH_RENDER_TIMELINE_H
#define BENCH_RENDER_TIMELINE_H

#include "player.h"
#include "scenery.h"

/* Height, pixels. */
int timeline_height(const scenery* s);

/* Draws it into a picture of this height: condition and title of the motion, time, state and speed, and a bar per foot,
 * or one bar without feet, with a line at the present. */
void timeline_draw(const scenery* s, const player* p, image* to);

/* Which state is at `x` pixels from the left in a timeline `width` pixels wide: a whole number in the middle of its
 * part of the bars, below 0 or after the last one outside of them. */
double timeline_state(const player* p, int width, double x);

#endif
