/* shard.h: shards, the parts of a plan that several processes run in one folder, and the names of their files. */
#ifndef BENCH_RECORD_SHARD_H
#define BENCH_RECORD_SHARD_H

#include <stdbool.h>

/* Shard i of n, i = 1 .. n: the cells i, i + n, i + 2 n, ... of the plan, counted from 1. {0, 0}: the whole plan. */
typedef struct shard {
  int i, n;
} shard;

/* Parses "I/N", e.g. "2/8", with 1 <= I <= N <= 9999. Returns false and leaves *out unchanged for anything else. */
bool shard_parse(const char* words, shard* out);

/* Whether the cell with this index in the plan, from 0, belongs to the shard. */
bool shard_has(shard s, int cell);

/* Orders shards as strcmp() does: the whole plan first, then by n, then by i. */
int shard_order(shard a, shard b);

enum { SHARD_NAME_SIZE = 64 };
void shard_events_name(shard s, char name[SHARD_NAME_SIZE]); /* "events-2of8.jsonl"; whole plan: "events.jsonl" */
void shard_lock_name(shard s, char name[SHARD_NAME_SIZE]);   /* "lock-2of8"; whole plan: "lock" */

/* The shard whose records a file of this name holds. Returns false for any name that shard_events_name() does not
 * produce, so a renamed copy beside the files is not part of the run. */
bool shard_of_name(const char* name, shard* out);

#endif
