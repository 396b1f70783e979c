/* charge.h: counts the memory that the arrays of one file take, against the limit of memory.h. Private. */
#ifndef LIB_IO_CHARGE_H
#define LIB_IO_CHARGE_H

#include <stddef.h>

#include "dynaflow/core/status.h"

typedef struct df_charge {
  const char* path; /* not owned */
  size_t file_size, total;
} df_charge;

/* Counts n bytes for an array, for which *charged bytes were counted before; the larger number remains. DF_E_FORMAT if
 * the arrays of the file then take more than they may; names file, array, size, limit and what to do. */
DF_MUST_CHECK df_status df_charge_array(df_charge* charge, const char* array, size_t* charged, size_t n);

/* The number of bytes that the arrays of the file may take. */
size_t df_charge_most(const df_charge* charge);

#endif
