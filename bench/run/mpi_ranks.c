#define _POSIX_C_SOURCE 200809L
#include "mpi_ranks.h"

#ifdef DYNAFLOW_MPI

#include <mpi.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>

#include "dynaflow/core/clock.h"
#include "launcher.h"

/* Waits for a message. MPI would spin, also for minutes, while rank 0 evaluates; this sleeps for a tenth of the time it
 * has waited. */
static df_status complete(MPI_Request* request) {
  static const double SPIN = 1e-4, LONGEST = 0.01; /* seconds */
  const double begin = df_clock_wall();
  for (int done = 0;;) {
    MPI_Test(request, &done, MPI_STATUS_IGNORE);
    if (done) return DF_OK;
    const double waited = df_clock_wall() - begin, pause = waited / 10 < LONGEST ? waited / 10 : LONGEST;
    const struct timespec time = {.tv_nsec = (long)(1e9 * pause)};
    if (waited < SPIN) {
      sched_yield();
    } else {
      nanosleep(&time, NULL);
    }
  }
}

/* MPI counts by int */
enum { PART = 1 << 30 };

static size_t part_of(size_t bytes) {
  return bytes < PART ? bytes : PART;
}

static df_status send(void* context, int to, const void* data, size_t bytes) {
  (void)context;
  for (const char* at = data; bytes > 0; at += PART, bytes -= part_of(bytes)) {
    MPI_Request request;
    MPI_Isend(at, (int)part_of(bytes), MPI_BYTE, to, 0, MPI_COMM_WORLD, &request);
    DF_TRY(complete(&request));
  }
  return DF_OK;
}

static df_status receive(void* context, int from, void* data, size_t bytes) {
  (void)context;
  for (char* at = data; bytes > 0; at += PART, bytes -= part_of(bytes)) {
    MPI_Request request;
    MPI_Irecv(at, (int)part_of(bytes), MPI_BYTE, from, 0, MPI_COMM_WORLD, &request);
    DF_TRY(complete(&request));
  }
  return DF_OK;
}

static df_status broadcast(void* context, void* data, size_t bytes) {
  (void)context;
  for (char* at = data; bytes > 0; at += PART, bytes -= part_of(bytes)) {
    MPI_Request request;
    MPI_Ibcast(at, (int)part_of(bytes), MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    DF_TRY(complete(&request));
  }
  return DF_OK;
}

static bool initialised;

df_status mpi_ranks_open(df_ranks** out) {
  static df_ranks ranks = {.send = send, .receive = receive, .broadcast = broadcast};
  int level;
  *out = NULL;
  if (!launcher_is_known()) return DF_OK;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
  initialised = true;
  if (level < MPI_THREAD_FUNNELED)
    return df_fail(DF_E_UNSUPPORTED, "this MPI cannot be used by a program with threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &ranks.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks.size);
  if (ranks.size > 1) *out = &ranks;
  return DF_OK;
}

void mpi_ranks_close(void) {
  if (initialised) MPI_Finalize();
  initialised = false;
}

#else

df_status mpi_ranks_open(df_ranks** out) {
  *out = NULL;
  return DF_OK;
}

void mpi_ranks_close(void) {}

#endif
