/* progress.h: progress of a long computation on standard error.
 *
 * On a terminal: one line with percentage, rate and remaining time, redrawn at most every 0.1 s. Elsewhere (a log): a
 * plain line when 10 s and another 10 % have passed, or one minute. Nothing if `quiet`. */
#ifndef BENCH_BASE_PROGRESS_H
#define BENCH_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress {
  const char* label;
  const char* unit; /* plural, e.g. "steps" */
  double total;
  double begun;          /* work that was done before the start */
  double done, noted;    /* noted: fraction done at the last log line */
  double started, drawn; /* wall-clock times [s]: of the start, of the last line */
  bool quiet, terminal, line_open;
} progress;

/* Writes a duration to out[n]: "1:05:09", "2:03", or "?" if it is not finite or longer than 1000 hours. Returns `out`.
 */
const char* duration_text(double seconds, char* out, size_t n);

/* Whether standard error is a terminal. */
bool progress_on_terminal(void);

/* Starts the clock. `total` is the amount of work in `unit` (plural, e.g. "steps"). `label` and `unit` are not copied.
 */
void progress_start(progress* p, bool quiet, const char* label, const char* unit, double total);

/* Says how much of the work was done before progress_start(): it counts as done, and not in the rate. */
void progress_resume(progress* p, double begun);

/* Sets the amount of work done and redraws the line if it is due. `note` (may be NULL) is appended to the line, e.g.
 * "loss 0.123". Cheap enough to be called after every step. */
void progress_update(progress* p, double done, const char* note);

/* Clears the line and prints how much was done and how long it took; prints nothing for less than 1 s. */
void progress_end(progress* p);

#endif
