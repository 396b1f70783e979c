/* column_units.h: the units and the order of quaternions that the names of columns state. */
#ifndef BENCH_CHECK_COLUMN_UNITS_H
#define BENCH_CHECK_COLUMN_UNITS_H

#include "column_comparison.h"
#include "data_finding.h"

/* Adds what the names of columns say against data.angles, data.position_scale and data.quaternion: wrong, with the
 * setting that they say; a warning where names state two units. */
void column_units_judge(const column_comparison* c, data_findings* out);

#endif
