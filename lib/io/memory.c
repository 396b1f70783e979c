#include "dynaflow/io/memory.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "charge.h"

/* What the arrays of a file may take in memory: as many bytes as `memory_limit`, or this multiple of the file's size.
 * Recordings deflate to between a half and a tenth; the multiple leaves room for single precision and padding, and the
 * limit for small files of any content. */
enum { MEMORY_PER_FILE_BYTE = 64 };
static atomic_size_t memory_limit = DF_IO_MEMORY;
static _Atomic(const char*) memory_name;

void df_io_name_memory(const char* name) {
  atomic_store(&memory_name, name);
}

size_t df_io_set_memory(size_t bytes) {
  return atomic_exchange(&memory_limit, bytes);
}

void df_io_memory_remedy(double bytes, char text[DF_IO_REMEDY]) {
  const double mib = ceil(bytes / (1 << 20));
  const char* name = atomic_load(&memory_name);
  if (name) {
    snprintf(text, DF_IO_REMEDY, "set %.80s=%.0f", name, mib);
  } else {
    snprintf(text, DF_IO_REMEDY, "admit %.0f MiB by df_io_set_memory()", mib);
  }
}

static df_status fail_memory(const df_charge* charge, const char* array, double needed) {
  const double mib = 1 << 20, limit = (double)atomic_load(&memory_limit);
  char remedy[DF_IO_REMEDY];
  df_io_memory_remedy(needed, remedy);
  return df_fail(
      DF_E_FORMAT,
      "%s: array '%s': the arrays take %.1f MiB of memory, %.0f times the size of the file; at most %.1f MiB "
      "or %d times its size are accepted. If the file is right, store its arrays uncompressed or %s",
      charge->path, array, needed / mib, needed / (double)charge->file_size, limit / mib, MEMORY_PER_FILE_BYTE, remedy);
}

size_t df_io_memory_of(size_t file_size) {
  const size_t limit = atomic_load(&memory_limit);
  return file_size > limit / MEMORY_PER_FILE_BYTE ? file_size * MEMORY_PER_FILE_BYTE : limit;
}

size_t df_charge_most(const df_charge* charge) {
  return df_io_memory_of(charge->file_size);
}

df_status df_charge_array(df_charge* charge, const char* array, size_t* charged, size_t n) {
  if (n <= *charged) return DF_OK;
  const size_t others = charge->total - *charged, most = df_charge_most(charge);
  if (n > most || others > most - n) return fail_memory(charge, array, (double)n + (double)others);
  charge->total = others + n;
  *charged = n;
  return DF_OK;
}
