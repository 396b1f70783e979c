/* gate_table.c: what of a run the golden table lacks, so that it is not compared, what of the table the run lacks, and
 * numbers in other units. */
#include <stdbool.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "gate_group.h"
#include "json.h"
#include "text.h"

static bool is_of_group(const gate_group* h, const golden_row* one) {
  return run_group_has(h->g, one->task, one->profile, one->method);
}

/* the first row of the group of this method (NULL: of any) and seed (< 0: any); NULL: there is none */
static const golden_row* accepted_of(const gate_group* h, const char* method, int64_t seed) {
  for (int i = 0; i < h->golden.n; i++) {
    const golden_row* one = &h->golden.rows[i];
    if (is_of_group(h, one) && (!method || strcmp(one->method, method) == 0) && (seed < 0 || one->seed == seed)) {
      return one;
    }
  }
  return NULL;
}

static void judge(gate_group* h, gate_verdict verdict, const run_cell* c, const char* metric, int k, int line,
                  char* detail) {
  row r = row_default();
  r.task = h->g->task;
  r.profile = h->g->profile;
  r.method = c->method;
  r.metric = metric;
  r.k = k;
  gate_add_row(h->out, verdict, &r, "", detail);
  gate_locate_golden(h->out, h->golden.path, line);
  df_free(detail);
}

/* ---- methods ---- */

static const uncompared* declaration_of(const gate_group* h, const char* method) {
  for (int i = 0; i < h->expect.n_uncompared; i++) {
    if (strcmp(h->expect.uncompared[i].method, method) == 0) return &h->expect.uncompared[i];
  }
  return NULL;
}

static void judge_method(gate_group* h, const run_cell* c) {
  const uncompared* declared = declaration_of(h, c->method);
  if (declared) {
    judge(h, GATE_ADVISORY, c, "golden", 0, 0,
          format_text("not compared with %s: %s", h->golden.path, declared->reason));
    gate_locate(h->out, h->expect.path, declared->line, "");
    return;
  }
  judge(h, GATE_MISSING, c, "golden", 0, 0,
        format_text("%s has no number of this method, so none is compared; accept a table with it, or declare it in %s "
                    "under not_compared",
                    h->golden.path, h->expect.path));
}

/* ---- seeds ---- */

/* A seed that the table has for another method was lost for this one: accepting a run adds all of its seeds. */
static void judge_seed(gate_group* h, const run_cell* c) {
  if (accepted_of(h, c->method, c->seed) || !accepted_of(h, NULL, c->seed)) return;
  judge(h, GATE_MISSING, c, "golden", 0, accepted_of(h, c->method, -1)->line,
        format_text("%s has no number of seed %lld of this method, but of other methods; accept a new table",
                    h->golden.path, (long long)c->seed));
}

/* a number that the table has for another seed of the method, and the run for this one */
static void judge_numbers(gate_group* h, const run_cell* c) {
  if (!accepted_of(h, c->method, c->seed)) return;
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(c->record, "rows"), i, number) {
    const char* metric = string_of(number, "metric");
    const int k = (int)json_integer_value(json_object_get(number, "k"));
    const golden_row *first = golden_next(&h->golden, NULL, h->g->task, h->g->profile, c->method, metric, k),
                     *one = first;
    while (one && one->seed != c->seed)
      one = golden_next(&h->golden, one, h->g->task, h->g->profile, c->method, metric, k);
    if (first && !one) {
      judge(h, GATE_MISSING, c, metric, k, first->line,
            format_text("%s has no such number of seed %lld, but of other seeds; accept a new table", h->golden.path,
                        (long long)c->seed));
    }
    if (one && one->unit[0] && strcmp(one->unit, string_of(number, "unit")) != 0) {
      judge(h, GATE_NOT_COMPARABLE, c, metric, k, one->line,
            format_text("%s:%d: the accepted number is in '%s', that of the run in '%s'", h->golden.path, one->line,
                        one->unit, string_of(number, "unit")));
    }
  }
}

/* ---- numbers that the run lost ---- */

/* Whether a chain of the record is whole: one does not fall, or, without a rule of falls, another number of executed
 * chains tells that they have frames, of which jerk needs most. */
static bool has_whole_chain(const json_t* record, const char* metric, int k) {
  static const char* const others[] = {"jerk.chain", "root_residual.chain", "penetration.chain"};
  const json_t* falls = find_row(record, "fall_rate", k);
  if (falls) return number_of(json_object_get(falls, "value")) < 1;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (strcmp(metric, others[i]) != 0 && find_row(record, others[i], k)) return true;
  }
  return false;
}

/* whether it depends on what the robot did that there is such a number: walks of an expert, or chains, may all fall,
 * unless the record has one that does not, and a robot may stay where it is */
static bool may_be_undefined(const json_t* record, const char* metric, int k) {
  static const char* const of_walks[] = {"velocity_error", "yaw_rate_error", "contact_agreement"};
  for (size_t i = 0; i < sizeof of_walks / sizeof *of_walks; i++) {
    if (strncmp(metric, of_walks[i], strlen(of_walks[i])) == 0) return true;
  }
  if (strstr(metric, ".transport")) return true;
  const bool of_chains = strncmp(metric, "command_error", strlen("command_error")) == 0 ||
                         strcmp(metric, "gait_phase") == 0 || strstr(metric, ".chain");
  return of_chains && !has_whole_chain(record, metric, k);
}

/* whether a row has been added for the number: a tolerance requires it, or another seed lacks it, too */
static bool is_judged(const gate_group* h, const golden_row* one) {
  size_t i;
  json_t* judged;
  json_array_foreach(h->out->verdicts.list, i, judged) {
    if (strcmp(string_of(judged, "metric"), one->metric) == 0 &&
        strcmp(string_of(judged, "method"), one->method) == 0 &&
        json_integer_value(json_object_get(judged, "k")) == one->k &&
        strcmp(string_of(judged, "task"), one->task) == 0 && strcmp(string_of(judged, "profile"), one->profile) == 0) {
      return true;
    }
  }
  return false;
}

/* numbers that the table has of this method and seed, and the record has not */
static void judge_lost(gate_group* h, const run_cell* c) {
  for (int i = 0; i < h->golden.n; i++) {
    const golden_row* one = &h->golden.rows[i];
    if (one->seed != c->seed || strcmp(one->method, c->method) != 0 || !is_of_group(h, one)) continue;
    if (strcmp(one->metric, GOLDEN_SECONDS) == 0 || find_row(c->record, one->metric, one->k)) continue;
    if (is_judged(h, one)) continue;
    const bool undefined = may_be_undefined(c->record, one->metric, one->k);
    judge(h, undefined ? GATE_ADVISORY : GATE_MISSING, c, one->metric, one->k, one->line,
          format_text("the run has no such number of seed %lld, which %s:%d has%s", (long long)c->seed, h->golden.path,
                      one->line,
                      undefined ? ": it is not defined if all chains fall or the robot stays in place"
                                : "; accept a new table if it was removed"));
  }
}

void gate_judge_table(gate_group* h) {
  for (int i = 0; h->has_golden && i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    if (!c->done || !run_in_group(h->g, c)) continue;
    bool first = true;
    for (int j = 0; j < i && first; j++) {
      const run_cell* before = &h->r->cells[j];
      first = !before->done || !run_in_group(h->g, before) || strcmp(before->method, c->method) != 0;
    }
    if (accepted_of(h, c->method, -1)) {
      judge_seed(h, c);
      judge_numbers(h, c);
      judge_lost(h, c);
    } else if (first) {
      judge_method(h, c);
    }
  }
}
