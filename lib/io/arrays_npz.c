#include <string.h>

#include "arrays_format.h"
#include "npz_header.h"

/* the error for an archive in which nothing is a readable array: that of the first one, or that it holds other things
 */
static df_status fail_contents(const df_arrays* arrays, df_npz* npz) {
  const char* first = df_npz_key(npz, 0);
  for (int i = 0; i < df_npz_count(npz); i++) {
    df_npy npy;
    if (df_npz_is_npy(npz, i)) DF_TRY(df_npz_header(npz, i, &npy));
  }
  const size_t n = strlen(first);
  const bool torch = n >= 8 && strcmp(first + n - 8, "data.pkl") == 0;
  return df_fail(DF_E_FORMAT, "%s: a zip archive without arrays (it contains '%s'%s); %s", arrays->path, first,
                 torch ? ", as files of PyTorch do" : "",
                 torch ? "save its tensors with numpy.savez" : "unpack it and name one of its files");
}

static df_status open_npz(df_arrays* arrays) {
  df_npz* npz;
  DF_TRY(df_npz_open(arrays->path, &npz));
  arrays->state = npz;
  int readable_arrays = 0;
  for (int i = 0; i < df_npz_count(npz); i++) {
    df_npy npy;
    const df_status status = df_npz_header(npz, i, &npy);
    /* a lone npy file is nothing else than its array */
    if (status == DF_E_NOMEM || (status != DF_OK && strcmp(arrays->format, "npy") == 0)) return status;
    const bool readable = status == DF_OK;
    readable_arrays += readable;
    DF_TRY(df_arrays_add(arrays, df_npz_key(npz, i), readable ? npy.rank : 0, npy.shape,
                         readable ? npy.type : "not a readable array", readable && npy.kind && npy.kind != 'U'));
  }
  return readable_arrays > 0 || arrays->count == 0 ? DF_OK : fail_contents(arrays, npz);
}

static df_status read_npz(df_arrays* arrays, int i, df_array* out) {
  return df_npz_read(arrays->state, arrays->item[i].info.name, out);
}

static df_status read_npz_text(df_arrays* arrays, int i, char** out) {
  return df_npz_read_text(arrays->state, arrays->item[i].info.name, out);
}

static void close_npz(void* state) {
  df_npz_close(state);
}

const df_arrays_reader df_arrays_npz = {
    .open = open_npz, .read = read_npz, .read_text = read_npz_text, .close = close_npz};
