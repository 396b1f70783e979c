/* joint_units.h: single hinges of a recording that are in degrees, while others are in radians, which no setting says.
 */
#ifndef BENCH_CHECK_JOINT_UNITS_H
#define BENCH_CHECK_JOINT_UNITS_H

#include "dynaflow/data/dataset.h"
#include "trace.h"

typedef enum joint_unit { JOINT_RADIANS, JOINT_POSITION_IN_DEGREES, JOINT_IN_DEGREES } joint_unit;

/* Looks at all hinges of the pairs of a trace; out [joints of the model]. The position of a hinge is in degrees if more
 * than half of its samples are beyond its range, at most 2 % are as degrees, and it goes beyond one turn or further
 * than 1.5 times the width of its range, as no angle in radians does; or if its changes are 57.3 times its velocities,
 * to 15 %. Its velocity is too, unless the changes are rather that many times larger. Returns whether there are such
 * hinges and others in radians: those that use a tenth of their range and keep to it or, beside positions alone, those
 * that follow their velocities. With one unit of all, data.angles says it. */
bool joint_units_find(const trace* m, joint_unit* out);

/* makes them radians */
void joint_units_apply(const joint_unit* units, const df_system* system, df_dataset* data);

#endif
