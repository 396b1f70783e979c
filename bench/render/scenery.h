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

/* Opens OpenGL and loads the model. Errors: those of gl_context_open(), stage_new() and camera_path_new(). Call
 * scenery_clear(), also after a failure. */
DF_MUST_CHECK df_status scenery_new(const show_arguments* a, const shown* motions, scenery* out);
void scenery_clear(scenery* s);

/* Draws state i of a motion, and its ghost in the same state if it lasts so long, from view v. */
DF_MUST_CHECK df_status scenery_draw(const scenery* s, int motion, int i, view v, image* to, box part);

/* Draws one line of text, dark on the background. */
void scenery_text(const scenery* s, const char* words, image* to, int left, int top, int width);

/* The height of a line of text, with its gap. */
int scenery_line(const scenery* s);

#endif
