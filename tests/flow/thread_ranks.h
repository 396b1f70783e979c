/* thread_ranks.h: ranks (flow/ranks.h) that are threads of a test, connected by sockets. */
#ifndef TESTS_FLOW_THREAD_RANKS_H
#define TESTS_FLOW_THREAD_RANKS_H

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dynaflow/flow/ranks.h"

enum { RANKS_MAX = 5 };

/* socket[k]: to rank k */
typedef struct thread_rank {
  df_ranks ranks;
  int socket[RANKS_MAX];
  void (*work)(df_ranks* ranks, void* context);
  void* context;
} thread_rank;

static inline df_status thread_send(void* context, int to, const void* data, size_t bytes) {
  const thread_rank* r = context;
  for (size_t at = 0; at < bytes;) {
    const ssize_t n = write(r->socket[to], (const char*)data + at, bytes - at);
    if (n <= 0) return df_fail(DF_E_IO, "rank %d is gone", to);
    at += (size_t)n;
  }
  return DF_OK;
}

static inline df_status thread_receive(void* context, int from, void* data, size_t bytes) {
  const thread_rank* r = context;
  for (size_t at = 0; at < bytes;) {
    const ssize_t n = read(r->socket[from], (char*)data + at, bytes - at);
    if (n <= 0) return df_fail(DF_E_IO, "rank %d is gone", from);
    at += (size_t)n;
  }
  return DF_OK;
}

static inline df_status thread_broadcast(void* context, void* data, size_t bytes) {
  const thread_rank* r = context;
  if (r->ranks.rank > 0) return thread_receive(context, 0, data, bytes);
  for (int k = 1; k < r->ranks.size; k++) DF_TRY(thread_send(context, k, data, bytes));
  return DF_OK;
}

static inline void* thread_main(void* rank) {
  thread_rank* r = rank;
  r->work(&r->ranks, r->context);
  return NULL;
}

/* runs work(ranks, contexts[k]) as rank k, all at once, and returns when all have returned */
static inline void run_ranks(int size, void (*work)(df_ranks* ranks, void* context), void** contexts) {
  static thread_rank all[RANKS_MAX];
  pthread_t thread[RANKS_MAX];
  for (int i = 0; i < size; i++) {
    for (int k = 0; k < i; k++) {
      int pair[2];
      if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) abort();
      all[i].socket[k] = pair[0];
      all[k].socket[i] = pair[1];
    }
  }
  for (int i = 0; i < size; i++) {
    all[i].ranks = (df_ranks){.rank = i,
                              .size = size,
                              .context = &all[i],
                              .send = thread_send,
                              .receive = thread_receive,
                              .broadcast = thread_broadcast};
    all[i].work = work;
    all[i].context = contexts[i];
    if (pthread_create(&thread[i], NULL, thread_main, &all[i]) != 0) abort();
  }
  for (int i = 0; i < size; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < size; i++) {
    for (int k = 0; k < size; k++) {
      if (k != i) close(all[i].socket[k]);
    }
  }
}

#endif
