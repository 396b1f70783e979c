#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "data_path.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "options.h"
#include "progress.h"
#include "text.h"

/* demonstrations are megabytes; what is larger is a mistake */
enum { LARGEST = 1 << 30 };

typedef struct transfer {
  text body;
  progress shown;
} transfer;

static size_t receive(char* bytes, size_t size, size_t n, void* context) {
  transfer* t = context;
  if (t->body.n + size * n > LARGEST) return 0;
  text_add_bytes(&t->body, bytes, size * n);
  return size * n;
}

static int show(void* context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now) {
  transfer* t = context;
  (void)up_total, (void)up_now;
  t->shown.total = (double)(total > 0 ? total : now) / 1e6;
  if (t->shown.total > 0) progress_update(&t->shown, (double)now / 1e6, NULL);
  return 0;
}

static df_status get(const char* url, transfer* t) {
  char reason[CURL_ERROR_SIZE] = "";
  CURL* curl = curl_easy_init();
  if (!curl) return df_fail(DF_E_IO, "%s: libcurl cannot be started", url);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 100L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  if (code == CURLE_OK) return DF_OK;
  return df_fail(DF_E_IO, "%s: %s", url, reason[0] ? reason : curl_easy_strerror(code));
}

static df_status check_and_write(const transfer* t, const char* url, const char* path, const char* sha256,
                                 char got[DF_SHA256_TEXT]) {
  DF_TRY(df_sha256(text_of(&t->body), t->body.n, got));
  if (sha256[0] && strcmp(got, sha256) != 0) {
    return df_fail(DF_E_MISMATCH, "%s: SHA-256 is %s, the task wants %s; nothing was written", url, got, sha256);
  }
  char* folder = df_path_folder(path);
  if (!folder) return DF_E_NOMEM;
  const df_status status = df_dir_make(folder);
  df_free(folder);
  return status == DF_OK ? text_write(&t->body, path) : status;
}

df_status fetch_file(const char* url, const char* path, const char* sha256, const options* opts,
                     char got[DF_SHA256_TEXT]) {
  transfer t = {0};
  progress_start(&t.shown, opts->quiet, "fetch", "MB", 0);
  df_status status = get(url, &t);
  progress_end(&t.shown);
  if (status == DF_OK) status = check_and_write(&t, url, path, sha256, got);
  text_clear(&t.body);
  return status;
}
