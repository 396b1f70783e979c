#include "shard.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* parses one to four digits without sign or space; returns the position after them, or NULL */
static const char* parse_count(const char* words, int* out) {
  int digits = 0;
  *out = 0;
  for (; isdigit((unsigned char)*words); words++) {
    *out = 10 * *out + (*words - '0');
    if (++digits > 4) return NULL;
  }
  return digits ? words : NULL;
}

/* parses "<i><separator><n><end>" */
static bool parse_pair(const char* words, const char* separator, const char* end, shard* out) {
  shard s;
  const char* at = parse_count(words, &s.i);
  if (!at || strncmp(at, separator, strlen(separator)) != 0) return false;
  at = parse_count(at + strlen(separator), &s.n);
  if (!at || strcmp(at, end) != 0 || s.i < 1 || s.i > s.n) return false;
  *out = s;
  return true;
}

bool shard_parse(const char* words, shard* out) {
  return parse_pair(words, "/", "", out);
}

bool shard_has(shard s, int cell) {
  return s.n == 0 || cell % s.n == s.i - 1;
}

int shard_order(shard a, shard b) {
  return a.n != b.n ? a.n - b.n : a.i - b.i;
}

void shard_events_name(shard s, char name[SHARD_NAME_SIZE]) {
  snprintf(name, SHARD_NAME_SIZE, "events.jsonl");
  if (s.n) snprintf(name, SHARD_NAME_SIZE, "events-%dof%d.jsonl", s.i, s.n);
}

void shard_lock_name(shard s, char name[SHARD_NAME_SIZE]) {
  snprintf(name, SHARD_NAME_SIZE, "lock");
  if (s.n) snprintf(name, SHARD_NAME_SIZE, "lock-%dof%d", s.i, s.n);
}

bool shard_of_name(const char* name, shard* out) {
  static const char head[] = "events-";
  char again[SHARD_NAME_SIZE];
  shard s = {0, 0};
  if (strncmp(name, head, strlen(head)) == 0 && !parse_pair(name + strlen(head), "of", ".jsonl", &s)) return false;
  shard_events_name(s, again);
  if (strcmp(name, again) != 0) return false;
  *out = s;
  return true;
}
