#include "shared_data.h"

#include <stdlib.h>

const char* shared_data_folder(void) {
  const char* folder = getenv("DYNAFLOW_DATA");
  return folder && folder[0] ? folder : "../shared/data";
}
