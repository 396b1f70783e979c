#include "dynaflow/core/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "open_regular.h"

static df_status finish(EVP_MD_CTX* context, char out[DF_SHA256_TEXT]) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context, digest, &length) != 1 || length != 32) {
    return df_fail(DF_E_IO, "SHA-256 failed in OpenSSL");
  }
  for (unsigned i = 0; i < length; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
  return DF_OK;
}

static df_status hash_stream(EVP_MD_CTX* context, FILE* file, const char* path) {
  unsigned char block[1 << 16];
  size_t n;
  while ((n = fread(block, 1, sizeof block, file)) > 0) {
    if (EVP_DigestUpdate(context, block, n) != 1) return df_fail(DF_E_IO, "SHA-256 failed in OpenSSL");
  }
  if (ferror(file)) return df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  return DF_OK;
}

df_status df_sha256(const void* data, size_t n, char out[DF_SHA256_TEXT]) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(context, data, n) != 1) {
    EVP_MD_CTX_free(context);
    return df_fail(DF_E_IO, "SHA-256 failed in OpenSSL");
  }
  const df_status status = finish(context, out);
  EVP_MD_CTX_free(context);
  return status;
}

df_status df_sha256_file(const char* path, char out[DF_SHA256_TEXT]) {
  FILE* file;
  DF_TRY(open_regular(path, &file));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  df_status status = DF_OK;
  if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
    status = df_fail(DF_E_IO, "SHA-256 failed in OpenSSL");
  }
  if (status == DF_OK) status = hash_stream(context, file, path);
  if (status == DF_OK) status = finish(context, out);
  EVP_MD_CTX_free(context);
  fclose(file);
  return status;
}
