/* training_log.h: the points of trainings as lines of JSON, to be followed while they train. */
#ifndef BENCH_RECORD_TRAINING_LOG_H
#define BENCH_RECORD_TRAINING_LOG_H

#include <jansson.h>

#include "dynaflow/core/status.h"

typedef struct training_log training_log;

/* Opens a file of points for appending, and makes it if it is missing; a device is written to, a pipe or socket is
 * refused. A point is an object with the strings "key" and "network" and the integer `counter`, its steps done, e.g.
 * "step"; that string is not copied. Errors name the path: DF_E_MISSING (its folder does not exist), DF_E_FORMAT (the
 * first line that is no point), DF_E_IO (also if another process has opened it so), DF_E_NOMEM. On failure *out is
 * NULL. */
DF_MUST_CHECK df_status training_log_open(const char* path, const char* counter, training_log** out);
void training_log_close(training_log* log); /* NULL is allowed */

/* Removes the points of a training, by the members "key" and "network" of their objects, with a counter beyond `step`,
 * because they will be logged again, and a last line without an end, as a kill leaves it. Errors: those of
 * training_log_open(). */
DF_MUST_CHECK df_status training_log_rewind(training_log* log, const char* key, const char* network, long step);

/* Appends a point with one write. DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status training_log_add(training_log* log, const json_t* point);

#endif
