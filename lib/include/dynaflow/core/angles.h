/* angles.h: pi, and a degree in radians; C17 has no M_PI. */
#ifndef DYNAFLOW_CORE_ANGLES_H
#define DYNAFLOW_CORE_ANGLES_H

#include <math.h>

#define DF_PI     3.14159265358979323846
#define DF_DEGREE (DF_PI / 180)

#endif
