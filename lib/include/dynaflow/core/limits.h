/* limits.h: bounds that several rooms share. */
#ifndef DYNAFLOW_CORE_LIMITS_H
#define DYNAFLOW_CORE_LIMITS_H

/* A state or cotangent with an entry beyond this (SI units) has blown up: the trajectory counts as diverged. */
#define DF_LARGEST 1e6

#endif
