/* version.h: the version of the library, by semantic versioning (https://semver.org). */
#ifndef DYNAFLOW_CORE_VERSION_H
#define DYNAFLOW_CORE_VERSION_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* the version of these headers */
#define DF_VERSION_MAJOR 0
#define DF_VERSION_MINOR 1
#define DF_VERSION_PATCH 0

/* Returns the version of the library in use, such as "0.1.0"; a static string. It differs from the macros if a program
 * runs with another library than it was compiled for. */
DF_API const char* df_version(void);

DF_END_DECLS

#endif
