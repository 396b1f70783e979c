/* shard.h: a part of a run's plan, for several processes on one folder, and the files that are its own. */
#ifndef BENCH_SHARD_H
#define BENCH_SHARD_H

#include <stdbool.h>

/* Part i of n, i = 1 .. n: the cells i, i + n, i + 2 n, ... of the plan. {0, 0}: all of it. */
typedef struct shard {
  int i, n;
} shard;

/* "2/8". False, and *out untouched, for what is no such pair of decimal numbers, n at most 9999. */
bool shard_parse(const char* words, shard* out);

/* Whether the cell at this place of the plan, from 0, is the shard's. */
bool shard_has(shard s, int cell);

/* < 0, 0, > 0: the whole first, then by n, then by i */
int shard_order(shard a, shard b);

enum { SHARD_NAME_SIZE = 64 };
void shard_events_name(shard s, char name[SHARD_NAME_SIZE]); /* "events-2of8.jsonl"; of the whole "events.jsonl" */
void shard_lock_name(shard s, char name[SHARD_NAME_SIZE]);

/* Whose records a file of this name holds. Only names as shard_events_name gives them: a copy that somebody keeps
 * beside them is no part of the run. */
bool shard_of_name(const char* name, shard* out);

#endif
