/* open_regular.h: opening a file for reading, the one way in which this library opens files. Private. */
#ifndef LIB_CORE_OPEN_REGULAR_H
#define LIB_CORE_OPEN_REGULAR_H

#include <stdio.h>

#include "dynaflow/core/status.h"

/* Opens a regular file; a pipe, device or folder is refused without waiting for it. The caller closes *out; on failure
 * it is NULL. Errors name the path: DF_E_MISSING, DF_E_IO. */
DF_MUST_CHECK df_status open_regular(const char* path, FILE** out);

#endif
