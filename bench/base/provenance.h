/* provenance.h: what made a result: program, libraries, processor. Recorded with every cell, never part of its key. */
#ifndef BENCH_PROVENANCE_H
#define BENCH_PROVENANCE_H

#include <jansson.h>
#include <stddef.h>

/* "dynaflow 0.1.0 (0123456789ab, modified)" */
const char* provenance_version(void);

/* what only the libraries in use can say; handed in, so that records can be read without them */
typedef struct machine_facts {
  const char* mujoco;      /* version */
  const char* blas_kernel; /* NULL: no BLAS is open */
  const char* blas_config;
  int threads;
} machine_facts;

/* {"dynaflow","commit","dirty","compiler","flags","mujoco","blas":{"kernel","config"},"libraries":{...},"cpu","cores",
 * "threads","time"} as a new reference; "blas" is null without a kernel. */
json_t* provenance_json(const machine_facts* facts);

/* The present time, UTC, as 2025-01-31T12:00:00Z. Returns `out`. */
const char* iso_time(char out[32]);

/* The processor's name as the system reports it, or "unknown". Returns `out`. */
const char* cpu_model(char* out, size_t n);

#endif
