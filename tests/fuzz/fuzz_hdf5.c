/* Any bytes as an HDF5 file: refused, or its arrays are read; a crash of libhdf5 is an error. */
#include <pthread.h>
#include <string.h>

#include "fuzz_arrays.h"

/* of the sanitizers, where there are any */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* the end of a child is no finding: libFuzzer must not keep its input */
static void on_fork(void) {
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static int prepared;
  if (!prepared) prepared = pthread_atfork(NULL, NULL, on_fork) == 0;
  if (size >= 8 && memcmp(data, "\x89HDF\r\n\x1a\n", 8) == 0) fuzz_arrays(data, size);
  return 0;
}
