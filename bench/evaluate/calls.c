#include "calls.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/io/npz.h"
#include "list.h"

enum { ARRAYS = 7 }; /* of a call */

/* number of values of the arrays of a call */
typedef struct sizes {
  size_t x0, condition, x, u;
} sizes;

static sizes sizes_of(const df_task* task, int count) {
  const size_t B = (size_t)count, H = (size_t)task->windows->horizon, nx = (size_t)task->system->nx;
  return (sizes){B * nx, B * (size_t)task->data->nc, B * (H + 1) * nx, B * H * (size_t)task->system->nu};
}

/* a copy of values [n], NULL of NULL; *complete becomes false without memory */
static double* copy(const double* values, size_t n, bool* complete) {
  if (!values || n == 0) return NULL;
  double* out = df_alloc(n, sizeof *out);
  if (out) memcpy(out, values, n * sizeof *out);
  *complete &= out != NULL;
  return out;
}

df_status eval_sample(const eval_job* job, const df_request* request, double* x, double* u) {
  DF_TRY(job->method->sample(job->instance, request, x, u));
  eval_calls* calls = job->calls;
  if (!calls) return DF_OK;
  const sizes n = sizes_of(job->task, request->B);
  bool complete = true;
  eval_call call = {.request = *request};
  call.request.x0 = copy(request->x0, n.x0, &complete);
  call.request.condition = copy(request->condition, n.condition, &complete);
  call.request.demonstrated_actions = copy(request->demonstrated_actions, n.u, &complete);
  call.request.demonstrated_states = copy(request->demonstrated_states, n.x, &complete);
  call.x = copy(x, n.x, &complete);
  call.u = copy((job->method->flags & DF_METHOD_RETURNS_ACTIONS) ? u : NULL, n.u, &complete);
  calls->list = list_grow(calls->list, calls->n, sizeof *calls->list);
  calls->list[calls->n++] = call;
  return complete ? DF_OK : DF_E_NOMEM;
}

/* adds the arrays of a call to the entries; keys [ARRAYS][32] and request [3] are memory for their names and numbers */
static int add_entries(const eval_call* call, const df_task* task, int i, char (*keys)[32], double* request,
                       df_npz_entry* entries) {
  const df_request* r = &call->request;
  const size_t B = (size_t)r->B, H = (size_t)task->windows->horizon, nx = (size_t)task->system->nx;
  const size_t nu = (size_t)task->system->nu, nc = (size_t)task->data->nc;
  request[0] = (double)r->seed;
  request[1] = (double)r->first_index;
  request[2] = r->sampler_steps;
  const struct {
    const char* name;
    df_npz_entry entry;
  } arrays[ARRAYS] = {
      {"request", {.rank = 1, .shape = {3}, .values = request}},
      {"x0", {.rank = 2, .shape = {B, nx}, .values = r->x0}},
      {"condition", {.rank = 2, .shape = {B, nc}, .values = r->condition}},
      {"demonstrated", {.rank = 3, .shape = {B, H, nu}, .values = r->demonstrated_actions}},
      {"demonstrated_states", {.rank = 3, .shape = {B, H + 1, nx}, .values = r->demonstrated_states}},
      {"x", {.rank = 3, .shape = {B, H + 1, nx}, .values = call->x}},
      {"u", {.rank = 3, .shape = {B, H, nu}, .values = call->u}},
  };
  int n = 0;
  for (int a = 0; a < ARRAYS; a++) {
    if (!arrays[a].entry.values) continue;
    snprintf(keys[a], sizeof keys[a], "%d.%s", i, arrays[a].name);
    entries[n] = arrays[a].entry;
    entries[n++].key = keys[a];
  }
  return n;
}

/* the numbers of a request are doubles in the file */
static df_status check_exact(const df_request* r, int i, const char* path) {
  static const uint64_t most = (uint64_t)1 << DBL_MANT_DIG;
  if (r->seed <= most && r->first_index <= most) return DF_OK;
  return df_fail(DF_E_ARG,
                 "%s: call %d: seed %" PRIu64 " or index %" PRIu64 " is above 2^53, which a double cannot hold exactly",
                 path, i, (uint64_t)r->seed, (uint64_t)r->first_index);
}

df_status eval_calls_write(const eval_calls* calls, const df_task* task, const char* path) {
  const size_t room = (size_t)calls->n;
  for (int i = 0; i < calls->n; i++) DF_TRY(check_exact(&calls->list[i].request, i, path));
  char(*keys)[32] = df_alloc(room * ARRAYS, sizeof *keys);
  double* requests = df_alloc(3 * room, sizeof *requests);
  df_npz_entry* entries = df_alloc(room * ARRAYS, sizeof *entries);
  df_status status = keys && requests && entries ? DF_OK : DF_E_NOMEM;
  int n = 0;
  for (int i = 0; i < calls->n && status == DF_OK; i++) {
    n += add_entries(&calls->list[i], task, i, keys + (size_t)i * ARRAYS, requests + 3 * (size_t)i, entries + n);
  }
  if (status == DF_OK) status = df_npz_write(path, n, entries);
  df_free(keys);
  df_free(requests);
  df_free(entries);
  return status;
}

void eval_calls_clear(eval_calls* calls) {
  for (int i = 0; i < calls->n; i++) {
    const eval_call* call = &calls->list[i];
    const double* const arrays[] = {call->request.x0, call->request.condition, call->request.demonstrated_actions,
                                    call->request.demonstrated_states};
    for (size_t a = 0; a < sizeof arrays / sizeof arrays[0]; a++) df_free((void*)(uintptr_t)arrays[a]);
    df_free(call->x);
    df_free(call->u);
  }
  df_free(calls->list);
  *calls = (eval_calls){0};
}
