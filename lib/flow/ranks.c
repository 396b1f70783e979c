#include "dynaflow/flow/ranks.h"

#include <stdio.h>

/* the end of the work of a rank */
typedef struct verdict {
  df_status status;
  char message[1024];
} verdict;

/* replaces DF_OK by the failure of a rank */
static void take(verdict* all, const verdict* one, int rank) {
  if (all->status != DF_OK || one->status == DF_OK) return;
  all->status = one->status;
  snprintf(all->message, sizeof all->message, "rank %d: %.1000s", rank, one->message);
}

/* the verdicts of all ranks, at every rank */
static df_status exchange(const df_ranks* r, verdict* v) {
  if (r->rank > 0) DF_TRY(r->send(r->context, 0, v, sizeof *v));
  for (int k = 1; r->rank == 0 && k < r->size; k++) {
    verdict other;
    DF_TRY(r->receive(r->context, k, &other, sizeof other));
    take(v, &other, k);
  }
  return r->broadcast(r->context, v, sizeof *v);
}

df_status df_ranks_agree(df_ranks* ranks, df_status status) {
  if (!ranks || ranks->size == 1) return status;
  verdict v = {.status = status};
  if (status != DF_OK) snprintf(v.message, sizeof v.message, "%s", df_error_message());
  const df_status exchanged = exchange(ranks, &v);
  ranks->ended = exchanged != DF_OK || v.status != DF_OK;
  if (exchanged != DF_OK) return exchanged;
  return v.status == DF_OK ? DF_OK : df_fail(v.status, "%s", v.message);
}
