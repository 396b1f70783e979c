/* hash.h: SHA-256 (OpenSSL), the identity of files, configurations and results. */
#ifndef DYNAFLOW_CORE_HASH_H
#define DYNAFLOW_CORE_HASH_H

#include <stddef.h>

#include "dynaflow/core/status.h"

enum { DF_SHA256_TEXT = 65 }; /* 64 hexadecimal digits and the terminator */

/* Hexadecimal SHA-256 of n bytes. */
DF_API DF_MUST_CHECK df_status df_sha256(const void* data, size_t n, char out[DF_SHA256_TEXT]);

/* Hexadecimal SHA-256 of a file's bytes. DF_E_MISSING or DF_E_IO name the path. */
DF_API DF_MUST_CHECK df_status df_sha256_file(const char* path, char out[DF_SHA256_TEXT]);

#endif
