#define _GNU_SOURCE
#include "provenance.h"

#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "version.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char* provenance_version(void) {
  return "dynaflow " DYNAFLOW_VERSION " (" DYNAFLOW_COMMIT ")" DYNAFLOW_DIRTY_NOTE;
}

const char* iso_time_of(time_t t, char out[32]) {
  struct tm utc;
  gmtime_r(&t, &utc);
  strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return out;
}

const char* iso_time(char out[32]) {
  return iso_time_of(time(NULL), out);
}

const char* cpu_model(char* out, size_t n) {
  snprintf(out, n, "unknown");
  FILE* file = fopen("/proc/cpuinfo", "r");
  if (!file) return out;
  char line[512];
  while (fgets(line, sizeof line, file)) {
    char* value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
    if (!value) continue;
    value += strspn(value, ": \t");
    value[strcspn(value, "\n")] = '\0';
    snprintf(out, n, "%s", value);
    break;
  }
  fclose(file);
  return out;
}

static json_t* libraries(const machine_facts* facts) {
  return json_pack("{s:s,s:s,s:s,s:s,s:s}", "libc", gnu_get_libc_version(), "jansson", jansson_version_str(), "libcurl",
                   facts->libcurl, "libzip", facts->libzip, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
}

json_t* provenance_json(const machine_facts* facts) {
  char cpu[256], now[32];
  json_t* o = json_object();
  json_object_set_new(o, "dynaflow", json_string(DYNAFLOW_VERSION));
  json_object_set_new(o, "commit", json_string(DYNAFLOW_COMMIT));
  json_object_set_new(o, "dirty", json_boolean(DYNAFLOW_DIRTY));
  json_object_set_new(o, "compiler", json_string(COMPILER));
  json_object_set_new(o, "flags", json_string(DYNAFLOW_FLAGS));
  json_object_set_new(o, "mujoco", json_string(facts->mujoco));
  json_object_set_new(o, "blas",
                      facts->blas_kernel
                          ? json_pack("{s:s,s:s}", "kernel", facts->blas_kernel, "config", facts->blas_config)
                          : json_null());
  json_object_set_new(o, "libraries", libraries(facts));
  json_object_set_new(o, "cpu", json_string(cpu_model(cpu, sizeof cpu)));
  json_object_set_new(o, "cores", json_integer(facts->cores));
  json_object_set_new(o, "threads", json_integer(facts->threads));
  json_object_set_new(o, "time", json_string(iso_time(now)));
  return o;
}
