/* window.h: motions in a window, by GLFW. */
#ifndef BENCH_RENDER_WINDOW_H
#define BENCH_RENDER_WINDOW_H

#include "shown.h"

/* Connects to the display, before time is spent on motions. DF_E_MISSING without one. */
DF_MUST_CHECK df_status window_connect(void);

/* Opens a window, plays the motions, and returns when the window is closed. DF_E_MISSING without OpenGL on the display;
 * errors of scenery_new() and scenery_show(). */
DF_MUST_CHECK df_status window_show(const show_arguments* a, const shown* motions);

/* Ends what window_connect() began, also after its failure. */
void window_disconnect(void);

#endif
