/* verify_replay.c: simulates recorded actions again, from the recorded start states, under the task's model.
 *
 * On the machine that made the record the states must be bitwise equal. Other mathematical libraries round differently,
 * and these differences grow with time, so on other machines only the first frames must agree, within a tolerance. */
#include "verify_replay.h"

#include <math.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "dynaflow/sim/system.h"
#include "json.h"
#include "lookup.h"
#include "machine.h"
#include "methods.h"
#include "record_model.h"
#include "store.h"
#include "text.h"
#include "verify_task.h"

/* Rounding errors of 1e-16 grow to 1e-12 over 300 steps of the hopper's recordings, and faster at impacts; a different
 * time step, clamp, model or pairing gives more than 1e-4 at once. Relative to the number, absolute below 1. */
static const double TOLERANCE = 1e-6;
enum { FRAMES_ELSEWHERE = 32 }; /* frames that are compared on another machine */

/* cache: the model of the preceding record */
typedef struct model {
  df_system* system; /* NULL: not available, see reason */
  char* identity;    /* task, profile, hash of the compiled model, and system.* settings */
  char* reason;      /* why the system is not available, or NULL */
} model;

static void model_clear(model* m) {
  df_system_free(m->system);
  df_free(m->identity);
  df_free(m->reason);
  *m = (model){0};
}

static char* identity_of(const json_t* record) {
  text t = {0};
  const char* name;
  json_t* value;
  text_add(&t, "%s %s %s", string_of(record, "task"), string_of(record, "profile"),
           string_of(record, "compiled_sha256"));
  json_object_foreach(json_object_get(record, "config"), name, value) {
    if (strncmp(name, "system.", 7) == 0) text_add(&t, " %s=%s", name, json_string_value(value));
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

/* compiles the task's model with the system.* settings of the record */
static df_status load_system(const options* opts, const json_t* record, df_system** out) {
  df_config config;
  df_search search = {0};
  char sha256[DF_SHA256_TEXT];
  df_status status = resolve_task(string_of(record, "task"), string_of(record, "profile"), string_of(record, "method"),
                                  opts, &config, &search);
  const char* name;
  json_t* value;
  json_object_foreach(json_object_get(record, "config"), name, value) {
    if (status != DF_OK || strncmp(name, "system.", 7) != 0) continue;
    const char* setting = json_string_value(value);
    status = df_config_set(&config, name, setting ? setting : "", "the record");
  }
  if (status == DF_OK) status = df_task_system(&config, &search, out, sha256);
  search_clear(&search);
  return status;
}

static df_status find_system(const options* opts, const json_t* record, df_system** out) {
  const char* mujoco = string_of(json_object_get(record, "provenance"), "mujoco");
  char clause[256];
  if (strcmp(mujoco, df_mujoco_version()) != 0) {
    return df_fail(DF_E_MISMATCH, "recorded with MuJoCo %s, this program has %s", mujoco, df_mujoco_version());
  }
  DF_TRY(load_system(opts, record, out));
  const df_model_match match = model_compare(record, df_mujoco_identity(*out), clause, sizeof clause);
  if (match == DF_MODEL_SAME) return DF_OK;
  df_system_free(*out);
  *out = NULL;
  return df_fail(DF_E_MISMATCH, "task %s has another model than the record: %s", string_of(record, "task"),
                 match == DF_MODEL_UNKNOWN ? "the record does not identify its model" : clause);
}

/* the system of a record, cached while successive records have the same one; NULL with a warning if it is not
 * available. A reason equal to the preceding one is not repeated. */
static const df_system* cached_system(verifier* v, const options* opts, const json_t* record, model* m) {
  char* identity = identity_of(record);
  if (m->identity && strcmp(m->identity, identity) == 0) {
    df_free(identity);
    return m->system;
  }
  char* last_reason = m->reason;
  m->reason = NULL;
  model_clear(m);
  m->identity = identity;
  if (find_system(opts, record, &m->system) != DF_OK) {
    m->reason = format_text("%s", df_error_message());
    if (!last_reason || strcmp(last_reason, m->reason) != 0)
      verify_find(v, VERIFY_WARNING, record, "not simulated again: %s", m->reason);
  }
  df_free(last_reason);
  return m->system;
}

/* whether a record was made with this processor and these libraries */
static bool made_on_this_machine(const json_t* record, const json_t* here) {
  const json_t* made = json_object_get(record, "provenance");
  return json_equal(json_object_get(made, "cpu"), json_object_get(here, "cpu")) &&
         json_equal(json_object_get(made, "libraries"), json_object_get(here, "libraries"));
}

static bool same_bits(double a, double b) {
  return isfinite(a) ? memcmp(&a, &b, sizeof a) == 0 : !isfinite(b);
}

static bool agree(double a, double b) {
  if (!isfinite(a) || !isfinite(b)) return !isfinite(a) && !isfinite(b);
  return fabs(a - b) <= TOLERANCE * fmax(1, fabs(a));
}

/* one of a record's `replays`, converted from JSON */
typedef struct replay {
  int window, H;
  double *x0, *u, *recorded, *x; /* [nx], [H][nu], [H][nx], [H+1][nx] */
} replay;

static void replay_clear(replay* p) {
  df_free(p->x0);
  df_free(p->u);
  df_free(p->recorded);
  df_free(p->x);
}

static double* numbers_of_array(const json_t* list) {
  double* out = df_alloc(json_array_size(list), sizeof *out);
  for (size_t i = 0; out && i < json_array_size(list); i++) out[i] = number_of(json_array_get(list, i));
  return out;
}

static df_status replay_new(const df_system* s, const json_t* one, replay* p) {
  const json_t *x0 = json_object_get(one, "x0"), *u = json_object_get(one, "u"), *x = json_object_get(one, "x");
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, H = json_array_size(u) / nu;
  *p = (replay){.window = (int)json_integer_value(json_object_get(one, "window")), .H = (int)H};
  if (H == 0 || json_array_size(u) != H * nu || json_array_size(x0) != nx || json_array_size(x) != H * nx) {
    return df_fail(DF_E_FORMAT, "window %d: arrays do not fit the model: x0 has %zu numbers, u %zu, x %zu", p->window,
                   json_array_size(x0), json_array_size(u), json_array_size(x));
  }
  p->x0 = numbers_of_array(x0);
  p->u = numbers_of_array(u);
  p->recorded = numbers_of_array(x);
  p->x = df_alloc((H + 1) * nx, sizeof *p->x);
  return p->x0 && p->u && p->recorded && p->x ? DF_OK : DF_E_NOMEM;
}

/* compares states, bitwise if `here`; DF_E_MISMATCH names the first frame and entry that differ */
static df_status compare_states(const df_system* s, const replay* p, bool here) {
  const int frames = here || p->H < FRAMES_ELSEWHERE ? p->H : FRAMES_ELSEWHERE;
  for (int i = 0; i < frames * s->nx; i++) {
    const double recorded = p->recorded[i], now = p->x[s->nx + i];
    if (here ? same_bits(recorded, now) : agree(recorded, now)) continue;
    return df_fail(
        DF_E_MISMATCH,
        "window %d: the recorded actions do not reproduce the recorded states: entry %d of frame %d is %.17g, "
        "recorded as %.17g%s",
        p->window, i % s->nx, i / s->nx + 1, now, recorded,
        here ? " (recorded on this machine: must be bitwise equal)" : "");
  }
  return DF_OK;
}

static df_status simulate_again(const df_system* s, const json_t* one, bool here) {
  replay p;
  df_sim* sim = NULL;
  df_status status = replay_new(s, one, &p);
  if (status == DF_OK) status = df_sim_new(s, 0, &sim);
  if (status == DF_OK && df_trajectory_run(s, sim, p.H, p.x0, p.u, p.x) == DF_TRAJ_FAILED) status = DF_E_SIM;
  if (status == DF_OK) status = compare_states(s, &p, here);
  df_sim_free(s, sim);
  replay_clear(&p);
  return status;
}

/* the check "replay" of every finished record that has replays */
static void check_replays(verifier* v, const void* context) {
  const options* opts = context;
  const json_t* records = store_records(v->r->source);
  json_t* here = machine_provenance(opts);
  model m = {0};
  size_t i, j;
  json_t *record, *one;
  json_array_foreach(records, i, record) {
    const json_t* list = json_object_get(record, "replays");
    if (!verify_is_done(record) || json_array_size(list) == 0) continue;
    const df_system* system = cached_system(v, opts, record, &m);
    json_array_foreach(list, j, one) {
      if (!system) break;
      v->looked++;
      const df_status status = simulate_again(system, one, made_on_this_machine(record, here));
      if (status != DF_OK) verify_find(v, VERIFY_FAILED, record, "%s", df_error_message());
    }
  }
  model_clear(&m);
  json_decref(here);
}

static verify_method method_of(const char* name) {
  const df_method* method = df_method_by_name(name);
  return (verify_method){.known = method != NULL,
                         .ignores_seed = method && (method->flags & DF_METHOD_IGNORES_SEED),
                         .sees_demonstration = method && (method->flags & DF_METHOD_SEES_DEMONSTRATION)};
}

verify_cfg verify_with_simulator(const options* opts, bool need_checkpoints) {
  return (verify_cfg){.need_checkpoints = need_checkpoints,
                      .method = method_of,
                      .replays = check_replays,
                      .drawn = verify_drawn,
                      .weights = verify_weights,
                      .context = opts};
}
