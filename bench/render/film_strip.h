/* film_strip.h: motions as rows of pictures. */
#ifndef BENCH_RENDER_FILM_STRIP_H
#define BENCH_RENDER_FILM_STRIP_H

#include "scenery.h"

/* Draws the strip: per motion its condition and title, the times of the pictures, a line of pictures per view, and the
 * contacts of the feet, each state under its place between the pictures. Errors: those of image_new() and stage_draw().
 * The caller clears the image with image_clear(), also after a failure. */
DF_MUST_CHECK df_status film_strip_draw(const scenery* at, image* out);

#endif
