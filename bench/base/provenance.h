/* provenance.h: the program, libraries and processor that produced a result. Recorded with every cell, never part of
 * its key. */
#ifndef BENCH_BASE_PROVENANCE_H
#define BENCH_BASE_PROVENANCE_H

#include <jansson.h>
#include <stddef.h>
#include <time.h>

/* The version line, e.g. "dynaflow 0.1.0 (0123456789ab, modified)"; a string literal. */
const char* provenance_version(void);

/* Facts that only the linked libraries know. The caller passes them, so that reading records needs neither MuJoCo nor
 * BLAS, libcurl, libzip or OpenMP. */
typedef struct machine_facts {
  const char* mujoco;      /* version, e.g. "3.17.0" */
  const char* blas_kernel; /* NULL: no BLAS was opened */
  const char* blas_config; /* OpenBLAS build configuration; read only with a kernel */
  const char* libcurl;     /* versions, e.g. "7.88.1" */
  const char* libzip;
  int cores; /* processors that OpenMP may use */
  int threads;
} machine_facts;

/* {"dynaflow","commit","dirty","compiler","flags","mujoco","blas":{"kernel","config"},"libraries":{...},"cpu","cores",
 * "threads","time"} as a new JSON object; "blas" is null if blas_kernel is NULL. */
json_t* provenance_json(const machine_facts* facts);

/* Writes a time, or the current one, UTC, as 2025-01-31T12:00:00Z, which strcmp() orders. Returns `out`. */
const char* iso_time_of(time_t t, char out[32]);
const char* iso_time(char out[32]);

/* Writes the processor's model name from /proc/cpuinfo, or "unknown", to out[n]. Returns `out`. */
const char* cpu_model(char* out, size_t n);

#endif
