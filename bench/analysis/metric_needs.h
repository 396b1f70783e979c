/* metric_needs.h: which settings of a task define a metric. */
#ifndef BENCH_ANALYSIS_METRIC_NEEDS_H
#define BENCH_ANALYSIS_METRIC_NEEDS_H

#include <jansson.h>

/* The settings that a metric, or a part of it, needs and that the record's settings leave unset, as words for a
 * message: "eval.fall_height or eval.fall_tilt". NULL if the metric is defined, or the record does not have the
 * settings. A record of an older program may have a row of an undefined metric, which run_view_new() leaves out. */
const char* metric_needs(const json_t* record, const char* metric);

#endif
