/* hash.h: SHA-256 (from OpenSSL), which identifies files, configurations and results. */
#ifndef DYNAFLOW_CORE_HASH_H
#define DYNAFLOW_CORE_HASH_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum { DF_SHA256_TEXT = 65 }; /* 64 hexadecimal digits and the terminator */

/* Writes the SHA-256 of n bytes as lower-case hexadecimal digits. DF_E_IO if OpenSSL fails. */
DF_API DF_MUST_CHECK df_status df_sha256(const void* data, size_t n, char out[DF_SHA256_TEXT]);

/* Writes the SHA-256 of a file's content as lower-case hexadecimal digits. Errors: DF_E_MISSING and DF_E_IO, which name
 * the path; DF_E_IO if OpenSSL fails. */
DF_API DF_MUST_CHECK df_status df_sha256_file(const char* path, char out[DF_SHA256_TEXT]);

DF_END_DECLS

#endif
