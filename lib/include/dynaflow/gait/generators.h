/* generators.h: every generator of demonstrations. */
#ifndef DYNAFLOW_GAIT_GENERATORS_H
#define DYNAFLOW_GAIT_GENERATORS_H

#include "dynaflow/data/generator.h"

DF_BEGIN_DECLS

/* Sets *generators to the static table of generators and returns its length. The order is fixed. */
DF_API int df_generators(const df_generator* const** generators);

/* Returns the generator of this name, NULL if there is none. */
DF_API const df_generator* df_generator_by_name(const char* name);

DF_END_DECLS

#endif
