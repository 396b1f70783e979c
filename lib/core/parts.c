#include "dynaflow/core/parts.h"

#include <stdatomic.h>

#include "dynaflow/core/clock.h"

static atomic_uint running; /* 0: nobody measures; else the number of the measurement */
static atomic_uint last;    /* number of the latest measurement */
static atomic_ullong nanoseconds[DF_PARTS];

/* the part that a thread is in, since when, and the measurement in which it was entered */
static _Thread_local struct {
  df_part part;
  double since;
  unsigned measurement;
} mine;

const char* df_part_name(df_part part) {
  static const char* const names[DF_PARTS] = {
#define NAME(name, text) text,
      DF_PART_LIST(NAME)
#undef NAME
  };
  return names[part];
}

void df_parts_start(void) {
  for (int i = 0; i < DF_PARTS; i++) atomic_store(&nanoseconds[i], 0);
  atomic_store(&running, atomic_fetch_add(&last, 1) + 1);
}

void df_parts_stop(void) {
  atomic_store(&running, 0);
}

df_parts df_parts_read(void) {
  df_parts out;
  for (int i = 0; i < DF_PARTS; i++) out.seconds[i] = 1e-9 * (double)atomic_load(&nanoseconds[i]);
  return out;
}

df_part df_part_enter(df_part part) {
  const unsigned measurement = atomic_load_explicit(&running, memory_order_relaxed);
  if (!measurement) return DF_PART_WAITING;
  const double now = df_clock_thread();
  const df_part before = mine.measurement == measurement ? mine.part : DF_PART_WAITING;
  if (mine.measurement == measurement) {
    atomic_fetch_add_explicit(&nanoseconds[before], (unsigned long long)(1e9 * (now - mine.since)),
                              memory_order_relaxed);
  }
  mine.part = part;
  mine.since = now;
  mine.measurement = measurement;
  return before;
}
