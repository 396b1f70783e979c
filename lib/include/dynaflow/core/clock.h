/* clock.h: times for progress, records and limits; never an input of a result. */
#ifndef DYNAFLOW_CORE_CLOCK_H
#define DYNAFLOW_CORE_CLOCK_H

#include "dynaflow/core/status.h"

DF_API double df_clock_wall(void);   /* monotonic seconds */
DF_API double df_clock_cpu(void);    /* CPU seconds of all threads of this process */
DF_API double df_clock_thread(void); /* CPU seconds of the calling thread */

#endif
