/* trainer_ranks.c: what the ranks of a training tell each other (flow/ranks.h). */
#include <string.h>

#include "trainer.h"

/* ---- who owns what ---- */

/* Micro-batch `first` of rank r is r * slices / ranks, so this is the rank that owns micro-batch s. */
static int owner_of(const trainer* t, int s) {
  return t->ranks ? ((s + 1) * t->ranks->size - 1) / t->cfg.slices : 0;
}

static ranks_share share_of(const trainer* t, int rank) {
  const int size = t->ranks ? t->ranks->size : 1;
  return (ranks_share){rank * t->cfg.slices / size, (rank + 1) * t->cfg.slices / size};
}

static int rank_of(const trainer* t) {
  return t->ranks ? t->ranks->rank : 0;
}

ranks_share ranks_own(const trainer* t) {
  return share_of(t, rank_of(t));
}

/* ---- what they tell ---- */

static df_status send(const trainer* t, int to, const void* data, size_t bytes) {
  return t->ranks->send(t->ranks->context, to, data, bytes);
}

static df_status receive(const trainer* t, int from, void* data, size_t bytes) {
  return t->ranks->receive(t->ranks->context, from, data, bytes);
}

static df_status broadcast(const trainer* t, void* data, size_t bytes) {
  return t->ranks->broadcast(t->ranks->context, data, bytes);
}

/* `data` goes from another rank to rank 0 */
static df_status bring(const trainer* t, int from, void* data, size_t bytes) {
  if (rank_of(t) == from) return send(t, 0, data, bytes);
  return rank_of(t) == 0 ? receive(t, from, data, bytes) : DF_OK;
}

static df_status tell_memory(const trainer* t) {
  for (int i = 0; i < t->n_memory; i++) DF_TRY(broadcast(t, t->memory[i].data, trainer_memory_bytes(&t->memory[i])));
  return DF_OK;
}

df_status ranks_begin(const trainer* t, df_status status) {
  if (!t->ranks) return status;
  DF_TRY(df_ranks_agree(t->ranks, status));
  return tell_memory(t);
}

/* brings the elements of the samples of rank `from` to rank 0, of `count` arrays in a row that have one per sample */
static df_status bring_samples(const trainer* t, int from, int count, size_t bytes_per_sample, void* data) {
  const ranks_share of = share_of(t, from);
  const size_t first = (size_t)trainer_slice_begin(&t->cfg, of.first);
  const size_t end = (size_t)trainer_slice_begin(&t->cfg, of.end);
  for (int k = 0; k < count; k++) {
    char* array = (char*)data + (size_t)k * (size_t)t->cfg.batch * bytes_per_sample;
    DF_TRY(bring(t, from, array + first * bytes_per_sample, (end - first) * bytes_per_sample));
  }
  return DF_OK;
}

static df_status bring_rows(const trainer* t) {
  for (int rank = 1; rank < t->ranks->size; rank++) {
    for (int i = 0; i < t->n_memory; i++) {
      const trainer_memory* m = &t->memory[i];
      if (m->by_sample) DF_TRY(bring_samples(t, rank, 1, trainer_memory_bytes(m) / (size_t)t->cfg.batch, m->data));
    }
  }
  return DF_OK;
}

df_status ranks_ask(const trainer* t, ranks_order* order) {
  if (!t->ranks) return DF_OK;
  DF_TRY(df_ranks_agree(t->ranks, DF_OK));
  DF_TRY(broadcast(t, order, sizeof *order));
  const size_t bytes = t->n * sizeof(df_real);
  if (order->task == RANKS_ROWS) return bring_rows(t);
  if (order->task == RANKS_DONE) return broadcast(t, t->average, bytes);
  if (order->task == RANKS_CHANGED_STEP) DF_TRY(tell_memory(t));
  return broadcast(t, t->parameters, bytes);
}

df_status ranks_end(const trainer* t, df_status status) {
  ranks_order done = {.task = RANKS_DONE};
  if (!t->ranks || t->ranks->ended) return status;
  if (status != DF_OK) return df_ranks_agree(t->ranks, status);
  return rank_of(t) == 0 ? ranks_ask(t, &done) : DF_OK;
}

/* ---- the parts of a step ---- */

static void add(const trainer* t, df_real* sum, df_real* part) {
  df_real* const parts[] = {sum, part};
  df_slices_sum(2, t->n, parts, t->threads, sum);
}

/* Sums the gradients of the micro-batches first .. end-1 by the tree of df_slices_sum(), whose left branch has as many
 * as the largest power of 2 below their number: the rank of the first one has the sum in the place of its gradient. */
static df_status sum_gradients(const trainer* t, int first, int end) {
  const int me = rank_of(t), left = owner_of(t, first), last = owner_of(t, end - 1);
  if (me < left || me > last) return DF_OK;
  if (left == last) {
    df_slices_sum(end - first, t->n, t->gradient + first, t->threads, t->gradient[first]);
    return DF_OK;
  }
  int half = 1;
  while (2 * half < end - first) half *= 2;
  const int middle = first + half, right = owner_of(t, middle);
  DF_TRY(sum_gradients(t, first, middle));
  DF_TRY(sum_gradients(t, middle, end));
  if (me == right && left != right) return send(t, left, t->gradient[middle], t->n * sizeof(df_real));
  if (me != left) return DF_OK;
  if (left != right) DF_TRY(receive(t, right, t->received, t->n * sizeof(df_real)));
  add(t, t->gradient[first], left == right ? t->gradient[middle] : t->received);
  return DF_OK;
}

/* what a rank reports of a step beside its losses */
typedef struct report {
  trainer_effort effort;
  int64_t failed;
  char failure[512];
} report;

/* brings losses, failure and effort of a rank to rank 0 */
static df_status bring_report(trainer* t, int rank, const trainer_effort* mine) {
  report r = {.effort = *mine, .failed = t->failed};
  memcpy(r.failure, t->failure, sizeof r.failure);
  DF_TRY(bring_samples(t, rank, t->cfg.accumulate, sizeof *t->loss, t->loss));
  DF_TRY(bring(t, rank, &r, sizeof r));
  if (rank_of(t) != 0) return DF_OK;
  df_gradient_count_add(&t->others.adjoints, r.effort.adjoints);
  t->others.cpu_s += r.effort.cpu_s;
  if (r.failed < 0 || (t->failed >= 0 && t->failed <= r.failed)) return DF_OK;
  t->failed = (long)r.failed;
  memcpy(t->failure, r.failure, sizeof t->failure);
  return DF_OK;
}

df_status ranks_combine(trainer* t, const trainer_effort* mine) {
  DF_TRY(sum_gradients(t, 0, t->cfg.slices));
  t->others = (trainer_effort){.cpu_s = 0};
  for (int rank = 1; t->ranks && rank < t->ranks->size; rank++) DF_TRY(bring_report(t, rank, mine));
  return DF_OK;
}
