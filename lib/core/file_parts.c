#define _GNU_SOURCE
#include "file_parts.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "dynaflow/core/file.h"

enum { MOST = 64 };

/* 0: free; 1: being filled; 2: a file that is being made */
static struct {
  atomic_int state;
  int folder;
  char name[DF_PART_NAME];
} parts[MOST];

int df_part_begin(int folder, const char* name) {
  for (int i = 0; i < MOST; i++) {
    int expected = 0;
    if (!atomic_compare_exchange_strong(&parts[i].state, &expected, 1)) continue;
    parts[i].folder = folder;
    snprintf(parts[i].name, sizeof parts[i].name, "%s", name);
    atomic_store(&parts[i].state, 2);
    return i;
  }
  return -1;
}

void df_part_done(int part) {
  if (part >= 0) atomic_store(&parts[part].state, 0);
}

void df_file_remove_parts(void) {
  for (int i = 0; i < MOST; i++) {
    if (atomic_load(&parts[i].state) == 2) (void)unlinkat(parts[i].folder, parts[i].name, 0);
  }
}
