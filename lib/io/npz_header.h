/* npz_header.h: what an array of an archive is, without its elements. Private. */
#ifndef LIB_IO_NPZ_HEADER_H
#define LIB_IO_NPZ_HEADER_H

#include "dynaflow/io/npz.h"
#include "npy.h"

/* Reads the header of array i; out->data is not set. DF_E_FORMAT names path, key and fault, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npz_header(df_npz* npz, int i, df_npy* out);

/* whether the entry of array i is named *.npy: then it is meant to be an array */
bool df_npz_is_npy(const df_npz* npz, int i);

#endif
