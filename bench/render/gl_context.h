/* gl_context.h: an OpenGL context without a display, by EGL. */
#ifndef BENCH_RENDER_GL_CONTEXT_H
#define BENCH_RENDER_GL_CONTEXT_H

#include "dynaflow/core/status.h"

/* Makes a context current on this thread: on Mesa's platform without surfaces, else on the first EGL device that has
 * one, else on the default display. DF_E_MISSING if there is none; the message names the packages. */
DF_MUST_CHECK df_status gl_context_open(void);
void gl_context_close(void); /* does nothing without a context */

#endif
