/* provenance.h: what made a result: program, libraries, processor. Recorded with every cell, never part of its key. */
#ifndef BENCH_PROVENANCE_H
#define BENCH_PROVENANCE_H

#include <jansson.h>

#include "options.h"

/* "dynaflow 0.1.0 (0123456789ab, modified)" */
const char* provenance_version(void);

/* {"dynaflow","commit","dirty","compiler","flags","mujoco","blas":{"kernel","config"},"libraries":{...},"cpu","cores",
 * "threads","time"} as a new reference; "blas" is null before open_blas. */
json_t* provenance_json(const options* opts);

/* Now, UTC, as 2025-01-31T12:00:00Z. */
const char* iso_time(char out[32]);

/* The processor's name as the system tells it, or "unknown". */
const char* cpu_model(char* out, size_t n);

#endif
