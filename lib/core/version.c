#include "dynaflow/core/version.h"

#define TEXT(x)    #x
#define TEXT_OF(x) TEXT(x)

const char* df_version(void) {
  return TEXT_OF(DF_VERSION_MAJOR) "." TEXT_OF(DF_VERSION_MINOR) "." TEXT_OF(DF_VERSION_PATCH);
}
