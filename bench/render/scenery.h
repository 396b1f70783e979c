/* scenery.h: what strips and films draw: motions, a stage, and a camera per motion. */
#ifndef BENCH_RENDER_SCENERY_H
#define BENCH_RENDER_SCENERY_H

#include "camera_path.h"
#include "shown.h"
#include "stage.h"

typedef struct scenery {
  const show_arguments* arguments;
  const shown* motions;
  stage* stage;
  camera_path* path; /* [motions->n] */
} scenery;

/* Loads the model; needs a current OpenGL context until scenery_clear(), which must be called also after a failure.
 * Errors: those of stage_new() and camera_path_new(). */
DF_MUST_CHECK df_status scenery_new(const show_arguments* a, const shown* motions, scenery* out);
void scenery_clear(scenery* s);

/* Draws state i of a motion, and its ghost in the same state if it lasts so long, from view v. */
DF_MUST_CHECK df_status scenery_draw(const scenery* s, int motion, int i, view v, image* to, box part);

/* Draws it into the window of the context, `width` x `height` pixels, from the given camera and above the picture
 * `below`, which is as wide. `help` (NULL: none) are lines of text at the top left. */
DF_MUST_CHECK df_status scenery_show(const scenery* s, int motion, int i, const camera* from, int width, int height,
                                     const image* below, const char* help);

/* Draws one line of text, dark on the background. */
void scenery_text(const scenery* s, const char* words, image* to, int left, int top, int width);

/* The height of a line of text, with its gap. */
int scenery_line(const scenery* s);

#endif
