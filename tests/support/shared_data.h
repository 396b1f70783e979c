/* shared_data.h: where tests find recorded data and published models that are not part of the project. */
#ifndef TESTS_SUPPORT_SHARED_DATA_H
#define TESTS_SUPPORT_SHARED_DATA_H

#include "unit.h"

/* The folder named by DYNAFLOW_DATA, else "../shared/data". It need not exist: tests of such files skip then. */
const char* shared_data_folder(void);

/* Skips the test: the folder has no `what`. */
#define skip_without_data(what) skip_because("%s has no " what "; set DYNAFLOW_DATA", shared_data_folder())

#endif
