/* shown_run.h: motions that a checkpoint of a run plans, as `dynaflow sample --seconds` does. */
#ifndef BENCH_SHOW_SHOWN_RUN_H
#define BENCH_SHOW_SHOWN_RUN_H

#include "shown_motion.h"

/* Adds them, and fills s->source, s->task and s->name. Errors as shown_new(). */
DF_MUST_CHECK df_status shown_run(shown* s, const show_arguments* a, const char* folder);

#endif
