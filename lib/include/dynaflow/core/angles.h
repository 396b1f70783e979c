/* angles.h: pi, and a degree in radians. */
#ifndef DYNAFLOW_CORE_ANGLES_H
#define DYNAFLOW_CORE_ANGLES_H

#define DF_PI     3.14159265358979323846
#define DF_DEGREE (DF_PI / 180)

#endif
