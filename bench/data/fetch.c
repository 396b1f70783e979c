#define _POSIX_C_SOURCE 200809L
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data_path.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "options.h"
#include "progress.h"
#include "text.h"

/* demonstrations are megabytes; what is larger is a mistake */
enum { LARGEST_MIB = 1024, REDIRECTS = 5 };

typedef struct transfer {
  text body;
  bool too_large;
  progress shown;
} transfer;

/* ---- what may be fetched ---- */

/* the scheme of a URL among those that can be admitted; NULL for any other */
static const char* scheme_of(const char* url) {
  static const char* const known[] = {"https", "http", "file"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    const size_t n = strlen(known[i]);
    if (strncasecmp(url, known[i], n) == 0 && strncmp(url + n, "://", 3) == 0) return known[i];
  }
  return NULL;
}

/* *scheme receives the one scheme that libcurl may use for the URL */
static df_status check_item(const fetch_item* item, const fetch_cfg* cfg, const char* folder, const char** scheme) {
  *scheme = scheme_of(item->url);
  if (!df_path_is_inside(item->name)) {
    return df_fail(DF_E_CONFIG,
                   "%s '%s': not fetched: files are written below %s only, so the name must be a relative path without "
                   "'.' and '..'",
                   item->key, item->name, folder);
  }
  if (!*scheme) {
    return df_fail(DF_E_CONFIG, "%s '%s': the URL '%s' does not begin with https://", item->key, item->name, item->url);
  }
  const bool file = strcmp(*scheme, "file") == 0;
  if (file && !cfg->file) {
    return df_fail(DF_E_CONFIG, "%s '%s': %s is a file of this machine; to copy it, repeat with --allow-file",
                   item->key, item->name, item->url);
  }
  if (strcmp(*scheme, "http") == 0 && !cfg->http) {
    return df_fail(DF_E_CONFIG, "%s '%s': %s is not encrypted; use https, or repeat with --allow-http", item->key,
                   item->name, item->url);
  }
  if (!file && !item->sha256[0] && !cfg->unverified) {
    return df_fail(DF_E_CONFIG,
                   "%s '%s': the task gives no SHA-256 for %s; add it to task.yaml, or repeat with --allow-unverified",
                   item->key, item->name, item->url);
  }
  return DF_OK;
}

bool fetch_accepts(const fetch_item* item, const char* hash) {
  return !item->sha256[0] || strcasecmp(hash, item->sha256) == 0;
}

/* ---- the transfer ---- */

static size_t receive(char* bytes, size_t size, size_t n, void* context) {
  transfer* t = context;
  t->too_large = t->body.n + size * n > (size_t)LARGEST_MIB << 20;
  if (t->too_large) return 0;
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

static df_status get(const char* url, const char* scheme, transfer* t) {
  char reason[CURL_ERROR_SIZE] = "";
  CURL* curl = curl_easy_init();
  if (!curl) return df_fail(DF_E_IO, "%s: libcurl cannot be started", url);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, scheme);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
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
  if (t->too_large) return df_fail(DF_E_IO, "%s: larger than %d MiB", url, LARGEST_MIB);
  return df_fail(DF_E_IO, "%s: %s", url, reason[0] ? reason : curl_easy_strerror(code));
}

static df_status check_and_write(const transfer* t, const fetch_item* item, const char* folder,
                                 char got[DF_SHA256_TEXT]) {
  DF_TRY(df_sha256(text_of(&t->body), t->body.n, got));
  if (!item->several && !fetch_accepts(item, got)) {
    return df_fail(DF_E_MISMATCH, "%s: SHA-256 is %s, the task wants %s; nothing was written", item->url, got,
                   item->sha256);
  }
  return df_file_write_below(folder, item->name, text_of(&t->body), t->body.n);
}

df_status fetch_file(const fetch_item* item, const fetch_cfg* cfg, const char* folder, const options* opts,
                     char got[DF_SHA256_TEXT]) {
  const char* scheme;
  DF_TRY(check_item(item, cfg, folder, &scheme));
  transfer t = {0};
  progress_start(&t.shown, opts->quiet, "fetch", "MB", 0);
  df_status status = get(item->url, scheme, &t);
  progress_end(&t.shown);
  if (status == DF_OK) status = check_and_write(&t, item, folder, got);
  text_clear(&t.body);
  return status;
}
