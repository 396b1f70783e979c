/* Any bytes as a recording (npz, npy, JSON, a table): refused, or its arrays are read. HDF5 files have their own
 * harness, because each starts a process. */
#include <string.h>

#include "fuzz_arrays.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4 || memcmp(data, "\x89HDF", 4) != 0) fuzz_arrays(data, size);
  return 0;
}
