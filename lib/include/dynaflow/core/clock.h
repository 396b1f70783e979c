/* clock.h: clocks for progress output, records and time limits. A result never depends on them. */
#ifndef DYNAFLOW_CORE_CLOCK_H
#define DYNAFLOW_CORE_CLOCK_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

DF_API double df_clock_wall(void);   /* seconds of a monotonic clock with an arbitrary origin */
DF_API double df_clock_cpu(void);    /* CPU seconds of all threads of this process */
DF_API double df_clock_thread(void); /* CPU seconds of the calling thread */

DF_END_DECLS

#endif
