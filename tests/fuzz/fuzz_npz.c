/* Any bytes as an .npz archive (or a lone .npy): refused, or every array read. */
#include "dynaflow/core/alloc.h"
#include "dynaflow/io/npz.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  df_npz* npz;
  if (df_npz_open(fuzz_file(data, size), &npz) != DF_OK) return 0;
  for (int i = 0; i < df_npz_count(npz); i++) {
    const char* key = df_npz_key(npz, i);
    FUZZ_REQUIRE(df_npz_has(npz, key));
    df_array array;
    if (df_npz_read(npz, key, &array) == DF_OK) df_array_clear(&array);
    char* text;
    if (df_npz_read_text(npz, key, &text) == DF_OK) df_free(text);
  }
  df_array none;
  FUZZ_REQUIRE(df_npz_has(npz, "no such array") || df_npz_read(npz, "no such array", &none) == DF_E_FORMAT);
  df_npz_close(npz);
  return 0;
}
