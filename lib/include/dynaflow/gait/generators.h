/* generators.h: every generator of demonstrations. */
#ifndef DYNAFLOW_GAIT_GENERATORS_H
#define DYNAFLOW_GAIT_GENERATORS_H

#include "dynaflow/data/generator.h"

DF_BEGIN_DECLS

/* All of them, in a fixed order; returns how many. Static. */
DF_API int df_generators(const df_generator* const** generators);

/* NULL if there is none of this name. */
DF_API const df_generator* df_generator_by_name(const char* name);

DF_END_DECLS

#endif
