/* Any bytes as a .npy array: refused, or read as numbers and as text within their memory. */
#include "dynaflow/core/alloc.h"
#include "fuzz_input.h"
#include "npy.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  df_npy npy;
  if (df_npy_parse(data, size, "fuzz", "array", &npy) != DF_OK) return 0;
  FUZZ_REQUIRE(npy.data >= data && npy.data <= data + size);
  FUZZ_REQUIRE(npy.count * npy.item == (size_t)(data + size - npy.data));
  df_array array;
  if (df_npy_values(&npy, "fuzz", "array", &array) == DF_OK) {
    FUZZ_REQUIRE(array.count == npy.count);
    volatile double sum = 0;
    for (size_t i = 0; i < array.count; i++) sum = sum + array.values[i];
    df_array_clear(&array);
  }
  char* text;
  if (df_npy_text(&npy, "fuzz", "array", &text) == DF_OK) df_free(text);
  return 0;
}
