/* diagnostics.h: what a method measures of itself (df_diagnostics) as a part of a record. */
#ifndef BENCH_EVALUATE_DIAGNOSTICS_H
#define BENCH_EVALUATE_DIAGNOSTICS_H

#include <jansson.h>

#include "dynaflow/flow/method.h"

/* Asks an instance for its diagnostics: *out = {gates: [{name, unit, value, reference, passed, sentence}], curves:
 * [{name, unit, flow_time, value, reference, reference_name}]}, a new reference; NULL if the method has none. Errors:
 * those of the method; DF_E_ARG if it counts more than there is room for; DF_E_NOMEM. */
DF_MUST_CHECK df_status diagnose(const df_method* method, void* instance, json_t** out);

/* "gate NAME: passed (0.57, reference 0.62, unit)", or FAILED and the sentence; a new string */
char* gate_words(const json_t* gate);

/* Appends a note (notes.h) for each gate that failed. NULL is allowed. */
void note_gates(json_t* notes, const json_t* diagnostics);

#endif
