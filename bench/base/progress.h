/* progress.h: how far a long computation is, on standard error.
 *
 * On a terminal one line with share, rate and time left, redrawn; in a log a plain line at most every 10 s and 10 %
 * (but at least every minute); nothing when quiet. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>

typedef struct progress {
  const char* label;
  const char* unit; /* "steps" */
  double total;
  double done, noted; /* `noted`: share at the last line of a log */
  double started, drawn;
  bool quiet, terminal, line_open;
} progress;

/* `label` and `unit` must outlive the progress. */
void progress_start(progress* p, bool quiet, const char* label, const char* unit, double total);

/* `note` (may be NULL) stands at the end of the line, e.g. "loss 0.123". Cheap: call it after every step. */
void progress_update(progress* p, double done, const char* note);

/* Ends the line; says how long it took. */
void progress_end(progress* p);

#endif
