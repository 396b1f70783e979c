/* verify_internal.h: what the checks of a run share. */
#ifndef BENCH_VERIFY_INTERNAL_H
#define BENCH_VERIFY_INTERNAL_H

#include "verify.h"

/* a check in the making */
typedef struct verifier {
  const report* r;
  const char* folder;
  const options* opts;
  bool need_checkpoints;
  verification* out;
  const char* check;
  int looked, found; /* things looked at, findings */
} verifier;

/* a finding; `cell` is the record that it is about, or NULL */
void verify_find(verifier* v, verify_outcome outcome, const json_t* cell, const char* format, ...) DF_PRINTF(4, 5);

bool verify_is_done(const json_t* record);

/* verify_replay.c: do the recorded actions lead to the recorded states? */
void verify_replays(verifier* v);

#endif
