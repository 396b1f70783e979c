/* real.h: the number type of networks: float, or double when the same source is compiled for gradient checks
 * (DF_REAL_DOUBLE). */
#ifndef DYNAFLOW_NN_REAL_H
#define DYNAFLOW_NN_REAL_H

#ifdef DF_REAL_DOUBLE
typedef double df_real;
#else
typedef float df_real;
#endif

#endif
