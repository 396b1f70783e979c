#include "tape.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/assert.h"

enum { FIRST_STEP_BYTES = 8192 };

df_status df_tape_init(df_tape* tape, int physics_steps) {
  tape->length = physics_steps;
  tape->steps = df_alloc((size_t)physics_steps, sizeof *tape->steps);
  return tape->steps ? DF_OK : DF_E_NOMEM;
}

void df_tape_free(df_tape* tape) {
  df_free(tape->arena);
  df_free(tape->steps);
  *tape = (df_tape){0};
}

static void drop_arena(df_tape* tape) {
  df_free(tape->arena);
  tape->arena = NULL;
  tape->used = tape->capacity = 0;
}

void df_tape_bound(df_tape* tape, size_t limit) {
  drop_arena(tape);
  tape->limit = limit;
}

void df_tape_rewind(df_tape* tape) {
  tape->used = 0;
  tape->count = 0;
  /* growing needs the old and the new arena at once, so only an empty tape can grow to its whole limit */
  if (tape->full && tape->capacity < tape->limit) {
    drop_arena(tape);
    tape->arena = df_alloc(tape->limit, 1);
    tape->capacity = tape->arena ? tape->limit : 0;
  }
  tape->full = false;
}

unsigned char* df_tape_extend(df_tape* tape, size_t bytes) {
  const size_t needed = tape->used + bytes;
  DF_ASSERT(tape->used <= tape->capacity);
  DF_ASSERT(tape->used % sizeof(double) == 0 && bytes % sizeof(double) == 0);
  if (needed > tape->capacity) {
    /* double the capacity until the request fits */
    size_t capacity = tape->capacity ? tape->capacity : FIRST_STEP_BYTES * (size_t)tape->length;
    while (capacity < needed) capacity *= 2;

    /* stay within the limit while old and new arena exist at once */
    if (tape->limit != 0) {
      const size_t left = tape->limit - tape->capacity;
      if (capacity > left) capacity = left;
      tape->full = capacity < needed;
      if (tape->full) return NULL;
    }

    /* move the contents */
    unsigned char* arena = df_alloc(capacity, 1);
    if (!arena) return NULL;
    if (tape->used) memcpy(arena, tape->arena, tape->used);
    df_free(tape->arena);
    tape->arena = arena;
    tape->capacity = capacity;
  }
  unsigned char* room = tape->arena + tape->used;
  DF_ASSERT(tape->limit == 0 || tape->capacity <= tape->limit);
  tape->used = needed;
  return room;
}
