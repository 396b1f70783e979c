/* Any bytes as an HDF5 file: refused, or its arrays are read; a crash of libhdf5 is an error. */
#include <string.h>

#include "fuzz_arrays.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 8 && memcmp(data, "\x89HDF\r\n\x1a\n", 8) == 0) fuzz_arrays(data, size);
  return 0;
}
