/* replay.c: a main for a fuzz harness without libFuzzer: hands it every file of its corpus, once.
 *
 *   replay_<what>            reads tests/fuzz/corpus/<what>, from the project's root
 *   replay_<what> FILE...    reads these files
 *
 * The file is named before it is read, so that a crash names its input. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent* entry) {
  return entry->d_name[0] != '.';
}

/* false if the file cannot be read */
static int replay(const char* path) {
  printf("[ RUN      ] %s\n", path);
  fflush(stdout);
  FILE* file = fopen(path, "rb");
  if (!file) {
    perror(path);
    return 0;
  }
  /* memory of the exact size, so that a sanitizer sees a read beyond the end */
  fseek(file, 0, SEEK_END);
  const size_t size = (size_t)ftell(file);
  rewind(file);
  uint8_t* data = malloc(size ? size : 1);
  const int whole = data && fread(data, 1, size, file) == size;
  fclose(file);
  if (whole) LLVMFuzzerTestOneInput(data, size);
  free(data);
  return whole;
}

int main(int argc, char** argv) {
  const char* name = strrchr(argv[0], '/');
  name = name ? name + 1 : argv[0];
  if (strncmp(name, "replay_", 7) == 0) name += 7;
  int inputs = 0, bad = 0;
  for (int i = 1; i < argc; i++, inputs++) bad += !replay(argv[i]);
  if (argc == 1) {
    char folder[256], path[600];
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name);
    struct dirent** entry;
    const int n = scandir(folder, &entry, is_input, by_name);
    if (n < 0) perror(folder);
    for (int i = 0; i < n; i++, inputs++) {
      snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
      bad += !replay(path);
      free(entry[i]);
    }
    if (n >= 0) free(entry);
  }
  if (inputs == 0 || bad) {
    printf("[  FAILED  ] %s: %d of %d inputs read\n", name, inputs - bad, inputs);
    return 1;
  }
  printf("[       OK ] %s: %d inputs\n", name, inputs);
  return 0;
}
