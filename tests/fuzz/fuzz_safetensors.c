/* Any bytes as a safetensors file: refused, or opened and asked for tensors that it may hold. */
#include "dynaflow/io/safetensors.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  df_safetensors* file;
  if (df_safetensors_open(fuzz_file(data, size), &file) != DF_OK) return 0;
  static const size_t shape[][4] = {{1}, {2}, {3, 2}};
  double values[8];
  for (int type = DF_F32; type <= DF_I64; type++) {
    for (int rank = 0; rank <= 2; rank++) {
      for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        /* what differs in type or shape is refused, so the eight values are room enough */
        if (df_safetensors_read(file, "a", (df_dtype)type, rank, shape[i], values) != DF_OK) continue;
        if (df_safetensors_read(file, "b", (df_dtype)type, rank, shape[i], values) != DF_OK) continue;
      }
    }
  }
  (void)df_safetensors_metadata(file, "a");
  df_safetensors_close(file);
  return 0;
}
