/* plugin.c: loads methods from shared objects. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "methods.h"

typedef struct plugin {
  const df_method* method;
  char sha256[DF_SHA256_TEXT];
} plugin;

static plugin loaded[METHODS_KNOWN_MAX];
static int n_loaded;

/* Whether an ELF file contains all the segments that its program headers describe. dlopen maps them without checking,
 * so a truncated file would end the program with SIGBUS. */
static bool is_whole(const char* bytes, size_t n) {
  ElfW(Ehdr) head;
  if (n < sizeof head) return false;
  memcpy(&head, bytes, sizeof head);
  if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return false;
  for (size_t i = 0; i < head.e_phnum; i++) {
    ElfW(Phdr) part;
    const size_t at = head.e_phoff + i * sizeof part;
    if (head.e_phoff > n || at + sizeof part > n) return false;
    memcpy(&part, bytes + at, sizeof part);
    if (part.p_offset > n || part.p_filesz > n - part.p_offset) return false;
  }
  return true;
}

static df_status register_from(void* handle, const char* path, const df_method** method) {
  const int* version = dlsym(handle, "df_plugin_version");
  if (!version) return df_fail(DF_E_CONFIG, "%s: no symbol df_plugin_version: not a plugin of dynaflow", path);
  if (*version != DF_METHOD_VERSION) {
    return df_fail(
        DF_E_CONFIG,
        "%s: built against another dynaflow: rebuild the plugin (its df_plugin_version is %d, this program's %d)", path,
        *version, DF_METHOD_VERSION);
  }
  *method = dlsym(handle, "df_plugin_method");
  if (!*method) return df_fail(DF_E_CONFIG, "%s: no symbol df_plugin_method", path);
  if (df_method_register(*method) == DF_OK) return DF_OK;
  char why[256];
  strncpy(why, df_error_message(), sizeof why - 1);
  why[sizeof why - 1] = '\0';
  return df_fail(DF_E_CONFIG, "%s: df_plugin_method: %s", path, why);
}

df_status df_method_load(const char* path) {
  if (n_loaded == METHODS_KNOWN_MAX) return df_fail(DF_E_CONFIG, "more than %d plugins", METHODS_KNOWN_MAX);
  plugin* p = &loaded[n_loaded];

  /* hash the file and check that it is complete */
  char* bytes;
  size_t n;
  DF_TRY(df_file_read(path, &bytes, &n));
  const bool whole = is_whole(bytes, n);
  df_status status = df_sha256(bytes, n, p->sha256);
  df_free(bytes);
  DF_TRY(status);
  if (!whole) return df_fail(DF_E_CONFIG, "%s: cannot be loaded: not a shared object, or truncated", path);

  /* dlopen would search a name without a slash in the system's library folders */
  char* file = strchr(path, '/') ? df_strdup(path) : df_path_join(".", path);
  if (!file) return DF_E_NOMEM;
  void* handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  df_free(file);
  if (!handle) return df_fail(DF_E_CONFIG, "%s: cannot be loaded: %s", path, dlerror());
  status = register_from(handle, path, &p->method);
  if (status == DF_OK) {
    n_loaded++;
  } else {
    dlclose(handle);
  }
  return status;
}

df_status df_method_register_file(const df_method* method, const char* sha256) {
  if (n_loaded == METHODS_KNOWN_MAX) return df_fail(DF_E_CONFIG, "more than %d plugins", METHODS_KNOWN_MAX);
  DF_TRY(df_method_register(method));
  plugin* p = &loaded[n_loaded++];
  p->method = method;
  strncpy(p->sha256, sha256, sizeof p->sha256 - 1);
  return DF_OK;
}

const char* df_method_file_sha256(const df_method* method) {
  for (int i = 0; i < n_loaded; i++) {
    if (loaded[i].method == method) return loaded[i].sha256;
  }
  return "";
}
