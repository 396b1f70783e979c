/* expert_file.c: weights and training states in files. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/state_file.h"
#include "expert_internal.h"

static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;

/* ---- weights ---- */

enum { NETS = 2, NAME = 64 };

/* the two networks and their weights */
typedef struct part {
  const char* name;
  const df_net* net;
  df_real* parameters;
} part;

static void parts_of(const df_expert* e, part out[NETS]) {
  out[0] = (part){"policy", e->actor_net, e->actor};
  out[1] = (part){"critic", e->critic_net, e->critic};
}

static df_status check_finite(const char* path, const char* name, size_t n, const df_real* x) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i]))
      return df_fail(DF_E_NONFINITE, "%s: tensor %s: value %zu is %g; weights must be finite", path, name, i,
                     (double)x[i]);
  }
  return DF_OK;
}

/* describes tensor i of a part; `name` holds its name */
static df_named_tensor describe(const part* p, int i, char name[NAME]) {
  const df_tensor* list;
  (void)df_net_tensors(p->net, &list);
  snprintf(name, NAME, "%s.%s", p->name, list[i].name);
  return (df_named_tensor){.name = name,
                           .dtype = real_type,
                           .rank = list[i].rank,
                           .shape = {list[i].shape[0], list[i].shape[1]},
                           .data = p->parameters + list[i].offset};
}

static int tensors_of(const part* p) {
  const df_tensor* list;
  return df_net_tensors(p->net, &list);
}

df_status df_expert_save(const df_expert* e, const char* path, int n, const df_text_pair* metadata) {
  DF_REQUIRE_POINTER(e);
  DF_REQUIRE_POINTER(path);
  part parts[NETS];
  parts_of(e, parts);
  int count = 0;
  for (int p = 0; p < NETS; p++) {
    count += tensors_of(&parts[p]);
    DF_TRY(check_finite(path, parts[p].name, df_net_parameters(parts[p].net), parts[p].parameters));
  }
  char sum[DF_SHA256_TEXT];
  df_named_tensor* tensors = df_alloc((size_t)count, sizeof *tensors);
  df_text_pair* pairs = df_alloc((size_t)n + 1, sizeof *pairs);
  char(*names)[NAME] = df_alloc((size_t)count, sizeof *names);
  df_status status = tensors && pairs && names ? DF_OK : DF_E_NOMEM;
  for (int p = 0, at = 0; p < NETS && status == DF_OK; p++) {
    for (int i = 0; i < tensors_of(&parts[p]); i++, at++) tensors[at] = describe(&parts[p], i, names[at]);
  }
  if (status == DF_OK) status = df_safetensors_sum(count, tensors, sum);
  if (status == DF_OK) {
    if (n) memcpy(pairs, metadata, (size_t)n * sizeof *pairs);
    pairs[n] = (df_text_pair){DF_TENSORS_SUM_KEY, sum};
    status = df_safetensors_write(path, count, tensors, n + 1, pairs);
  }
  df_free(tensors);
  df_free(pairs);
  df_free(names);
  return status;
}

/* reads the weights of a part into a copy [parameters] */
static df_status read_part(const char* path, const df_safetensors* file, const part* p, df_real* copy) {
  const part into = {p->name, p->net, copy};
  char name[NAME];
  for (int i = 0; i < tensors_of(p); i++) {
    const df_named_tensor t = describe(&into, i, name);
    df_real* data = copy + ((const df_real*)t.data - copy);
    DF_TRY(df_safetensors_read(file, name, t.dtype, t.rank, t.shape, data));
  }
  return check_finite(path, p->name, df_net_parameters(p->net), copy);
}

df_status df_expert_load(df_expert* e, const char* path) {
  DF_REQUIRE_POINTER(e);
  DF_REQUIRE_POINTER(path);
  df_safetensors* file;
  part parts[NETS];
  df_real* copy[NETS] = {NULL, NULL};
  parts_of(e, parts);
  DF_TRY(df_safetensors_open(path, &file));
  df_status status = df_safetensors_check_sum(file, path);
  for (int p = 0; p < NETS && status == DF_OK; p++) {
    copy[p] = df_alloc(df_net_parameters(parts[p].net), sizeof **copy);
    status = copy[p] ? read_part(path, file, &parts[p], copy[p]) : DF_E_NOMEM;
  }
  for (int p = 0; p < NETS; p++) {
    if (status == DF_OK) memcpy(parts[p].parameters, copy[p], df_net_parameters(parts[p].net) * sizeof **copy);
    df_free(copy[p]);
  }
  if (status == DF_OK) memcpy(e->slow, e->critic, df_net_parameters(e->critic_net) * sizeof *e->slow);
  df_safetensors_close(file);
  return status;
}

/* ---- the training state between two updates ---- */

enum { COUNTERS = 4 };

/* the numbers of an order: gait, command, phase; with clips also clip and frame */
static size_t order_size(const df_expert* e) {
  return df_walk_get_cfg(e->walk)->n_clips ? 7 : 5;
}

/* what is stored in other types than it has */
typedef struct small_state {
  int64_t counters[COUNTERS]; /* updates, those of both optimizers, and lost steps */
  double* orders;             /* [B][order_size] */
} small_state;

static int list_arrays(df_expert* e, small_state* small, df_state_array out[DF_STATE_ARRAYS_MAX]) {
  const size_t actor = e->n_actor, critic = df_net_parameters(e->critic_net);
  const df_state_array arrays[] = {{"counters", DF_I64, COUNTERS, small->counters},
                                   {"policy", real_type, actor, e->actor},
                                   {"policy.moment1", real_type, actor, e->actor_optimizer->moment1},
                                   {"policy.moment2", real_type, actor, e->actor_optimizer->moment2},
                                   {"critic", real_type, critic, e->critic},
                                   {"critic.slow", real_type, critic, e->slow},
                                   {"critic.moment1", real_type, critic, e->critic_optimizer->moment1},
                                   {"critic.moment2", real_type, critic, e->critic_optimizer->moment2},
                                   {"robots.state", DF_F64, e->B * e->nx, e->x_now},
                                   {"robots.action", DF_F64, e->B * e->nu, e->u_now},
                                   {"robots.order", DF_F64, e->B * order_size(e), small->orders},
                                   {"robots.events", DF_I64, e->B, e->events},
                                   {"cpu", DF_F64, 1, &e->cpu},
                                   {"policy.rate", DF_F64, 1, &e->rate}};
  const int n = (int)(sizeof arrays / sizeof *arrays);
  memcpy(out, arrays, sizeof arrays);
  return e->cfg.method == DF_EXPERT_PPO ? n : n - 1;
}

static const char* identity_of(const df_expert_training* training) {
  return training->identity ? training->identity : "";
}

df_status expert_state_save(df_expert* e, const df_expert_training* training) {
  if (!training->state_path) return DF_OK;
  small_state small = {.counters = {e->update, e->actor_optimizer->step, e->critic_optimizer->step, e->lost}};
  df_state_array arrays[DF_STATE_ARRAYS_MAX];
  if (!(small.orders = df_alloc(e->B * order_size(e), sizeof *small.orders))) return DF_E_NOMEM;
  for (size_t b = 0; b < e->B; b++) {
    const df_walk_order* order = &e->order_now[b];
    double* stored = small.orders + b * order_size(e);
    stored[0] = order->gait;
    memcpy(stored + 1, order->command, sizeof order->command);
    stored[4] = order->phase;
    if (order_size(e) == 5) continue;
    stored[5] = order->clip;
    stored[6] = order->frame;
  }
  const int n = list_arrays(e, &small, arrays);
  const df_status status = df_state_write(training->state_path, n, arrays, identity_of(training));
  df_free(small.orders);
  return status;
}

/* the noise of PPO, and the learning rate, which is adapted from where it is */
static df_status check_ppo(const df_expert* e, const df_state_array* copies) {
  const df_real* log_std = (const df_real*)copies[1].data + e->n_actor - e->nu;
  const double rate = *(const double*)copies[13].data;
  if (!(e->cfg.ppo_kl > 0 ? rate >= EXPERT_RATE_LEAST && rate <= EXPERT_RATE_MOST : rate == e->cfg.rate))
    return df_fail(DF_E_FORMAT, "it has the learning rate %g", rate);
  for (size_t k = 0; k < e->nu; k++) {
    if (!isfinite(log_std[k]))
      return df_fail(DF_E_FORMAT, "the noise of action %zu has the logarithm %g", k, (double)log_std[k]);
  }
  return DF_OK;
}

static bool is_index(double value, int n) {
  return value >= 0 && value < n && value == floor(value);
}

/* a clip that there is, and a window of it that is left */
static df_status check_frame(const df_expert* e, size_t b, const double* order) {
  const df_walk_cfg* walk = df_walk_get_cfg(e->walk);
  if (!is_index(order[5], walk->n_clips)) return df_fail(DF_E_FORMAT, "robot %zu has the clip %g", b, order[5]);
  const int most = walk->clip[(int)order[5]].length - e->cfg.horizon;
  if (!is_index(order[6], most + 1))
    return df_fail(DF_E_FORMAT, "robot %zu is at frame %g of clip %g, which it may enter up to frame %d", b, order[6],
                   order[5], most);
  return DF_OK;
}

/* the df_state_check_fn: the numbers by which later steps index arrays */
static df_status check_state(const void* context, const df_state_array* copies) {
  const df_expert* e = context;
  const int64_t* counters = copies[0].data;
  const double* orders = copies[10].data;
  const bool ppo = e->cfg.method == DF_EXPERT_PPO;
  const int64_t steps = ppo ? (int64_t)e->cfg.ppo_epochs * e->cfg.ppo_minibatches : 1; /* per update */
  if (counters[0] < 0 || counters[0] > e->cfg.updates || counters[1] != steps * counters[0])
    return df_fail(DF_E_FORMAT, "it counts %lld steps of the policy in %lld updates", (long long)counters[1],
                   (long long)counters[0]);
  if (ppo) DF_TRY(check_ppo(e, copies));
  const double cpu = *(const double*)copies[12].data;
  if (counters[3] < 0 || !(cpu >= 0 && isfinite(cpu)))
    return df_fail(DF_E_FORMAT, "it counts %lld lost steps and %g s of CPU time", (long long)counters[3], cpu);
  for (size_t b = 0; b < e->B; b++) {
    const double* order = orders + b * order_size(e);
    if (!is_index(order[0], df_walk_get_cfg(e->walk)->n_gaits))
      return df_fail(DF_E_FORMAT, "robot %zu has the gait %g", b, order[0]);
    if (order_size(e) > 5) DF_TRY(check_frame(e, b, order));
  }
  return DF_OK;
}

df_status expert_state_load(df_expert* e, const df_expert_training* training) {
  const char* path = training->state_path;
  if (!path || !df_file_exists(path)) return DF_OK;
  small_state small;
  df_state_array arrays[DF_STATE_ARRAYS_MAX];
  if (!(small.orders = df_alloc(e->B * order_size(e), sizeof *small.orders))) return DF_E_NOMEM;
  const int n = list_arrays(e, &small, arrays);
  df_status status = df_state_read(path, n, arrays, identity_of(training), check_state, e);
  if (status == DF_OK) {
    e->update = (long)small.counters[0];
    e->actor_optimizer->step = (long)small.counters[1];
    e->critic_optimizer->step = (long)small.counters[2];
    e->lost = (long)small.counters[3];
  }
  for (size_t b = 0; b < e->B && status == DF_OK; b++) {
    const double* order = small.orders + b * order_size(e);
    e->order_now[b] =
        (df_walk_order){.gait = (int)order[0], .command = {order[1], order[2], order[3]}, .phase = order[4]};
    if (order_size(e) > 5) df_walk_enter_clip(e->walk, (int)order[5], (int)order[6], &e->order_now[b], NULL);
  }
  df_free(small.orders);
  if (status != DF_E_FORMAT && status != DF_E_MISMATCH) return status;
  char reason[512];
  snprintf(reason, sizeof reason, "%s", df_error_message());
  return df_fail(status, "%s: not a state to continue from: %s; remove it to start over", path, reason);
}
