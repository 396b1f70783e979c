#include "dynaflow/core/alloc.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static atomic_size_t made;    /* allocations attempted since df_alloc_fail_at() */
static atomic_size_t fail_at; /* number of the allocation that fails; 0: none */
static atomic_size_t in_use;  /* bytes */
static atomic_size_t peak;    /* bytes */

static void note_use(void* memory) {
  const size_t bytes = malloc_usable_size(memory);
  const size_t now = atomic_fetch_add(&in_use, bytes) + bytes;
  size_t most = atomic_load(&peak);
  while (most < now && !atomic_compare_exchange_weak(&peak, &most, now)) continue;
}

size_t df_alloc_peak(void) {
  return atomic_exchange(&peak, atomic_load(&in_use));
}

size_t df_alloc_fail_at(size_t n) {
  atomic_store(&fail_at, n);
  return atomic_exchange(&made, 0);
}

void* df_alloc(size_t count, size_t size) {
  const size_t number = atomic_fetch_add(&made, 1) + 1;
  const size_t planned = atomic_load(&fail_at);
  if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size) {
    (void)df_fail(DF_E_NOMEM, "%zu objects of %zu bytes exceed the address space", count, size);
    return NULL;
  }

  /* aligned_alloc needs a multiple of the alignment, and a request for 0 bytes must return a valid pointer */
  size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (bytes == 0) bytes = ALIGNMENT;
  void* memory = planned != 0 && number == planned ? NULL : aligned_alloc(ALIGNMENT, bytes);
  if (!memory) {
    (void)df_fail(DF_E_NOMEM, "cannot allocate %zu bytes", bytes);
    return NULL;
  }
  memset(memory, 0, bytes);
  note_use(memory);
  return memory;
}

void df_free(void* memory) {
  if (memory) atomic_fetch_sub(&in_use, malloc_usable_size(memory));
  free(memory);
}

char* df_strdup(const char* text) {
  const size_t n = strlen(text) + 1;
  char* copy = df_alloc(n, 1);
  if (copy) memcpy(copy, text, n);
  return copy;
}
