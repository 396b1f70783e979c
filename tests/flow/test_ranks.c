/* Training by several ranks (flow/ranks.h), as threads of this program: the bytes are those of one. */
#include "flow_test.h"
#include "test_file.h"
#include "thread_ranks.h"

/* the part of one rank in a training, and what it has at the end */
typedef struct party {
  const df_task* task;
  df_decoder decoder;
  bool recovered;           /* trains on recovered actions */
  trainer_slice_fn slice;   /* instead of that of the flow; NULL */
  const char* state_folder; /* every rank has one; only rank 0 may use it */
  long stop_at;             /* step after which rank 0 stops; 0: never */
  int breaks;               /* ranks from this one on fail before they train; 0: none */
  double earlier_cpu_s;     /* of rank k: k + 1 times as much */
  volatile sig_atomic_t stop;
  df_status status;
  char message[1100];
  df_training_log log;
  df_real* average; /* [n] */
  size_t n;
} party;

static void stop_after(void* context, const df_progress* at) {
  party* p = context;
  if (at->step == p->stop_at) p->stop = 1;
}

static df_status train_flow(const df_method_env* env, party* p, df_flow** flow, df_inverse** inverse) {
  if (!p->recovered) {
    DF_TRY(df_flow_new(env, "test", p->decoder, flow));
    (*flow)->trainer->earlier_cpu_s = (env->ranks->rank + 1) * p->earlier_cpu_s;
    if (p->slice) return trainer_run((*flow)->trainer, "test", p->slice, (*flow)->trainer, env, &p->log);
    return df_flow_train(*flow, &p->log);
  }
  DF_TRY(df_flow_new_recovered(env, "test", p->decoder, flow));
  DF_TRY(df_inverse_new(env, DF_INVERSE_SIMULATED, inverse));
  DF_TRY(df_inverse_train(*inverse, &p->log));
  DF_TRY(df_flow_recover(*flow, *inverse));
  return df_flow_train(*flow, &p->log);
}

static void work(df_ranks* ranks, void* context) {
  party* p = context;
  df_flow* flow = NULL;
  df_inverse* inverse = NULL;
  df_method_env env = env_of(p->task, 1);
  env.ranks = ranks;
  env.state_folder = p->state_folder;
  env.state_identity = "ranks";
  env.state_every = 1e9;
  env.stop = &p->stop;
  env.progress = stop_after;
  env.progress_context = p;
  if (p->breaks > 0 && ranks->rank >= p->breaks) {
    p->status = df_ranks_agree(ranks, df_fail(DF_E_NOMEM, "no room"));
  } else {
    p->status = train_flow(&env, p, &flow, &inverse);
  }
  snprintf(p->message, sizeof p->message, "%s", df_error_message());
  if (flow) {
    p->n = flow->trainer->n * sizeof(df_real);
    p->average = df_alloc(p->n, 1);
    memcpy(p->average, flow->trainer->average, p->n);
  }
  df_inverse_free(inverse);
  df_flow_free(flow);
}

static party parties[RANKS_MAX];

/* trains by as many ranks; the result is in parties[] */
static void train_by(int size, const party* like) {
  void* contexts[RANKS_MAX];
  for (int k = 0; k < size; k++) {
    df_free(parties[k].average);
    parties[k] = *like;
    contexts[k] = &parties[k];
  }
  run_ranks(size, work, contexts);
}

/* all ranks have the averaged weights of `whole`, rank 0 its log */
static void compare(int size, const party* whole) {
  for (int k = 0; k < size; k++) {
    if (parties[k].status != DF_OK) fail_msg("rank %d of %d: %s", k, size, parties[k].message);
    assert_int_equal(parties[k].n, whole->n);
    assert_memory_equal(parties[k].average, whole->average, whole->n);
  }
  const df_training_log *a = &parties[0].log, *b = &whole->log;
  assert_int_equal(a->n, b->n);
  assert_memory_equal(a->step, b->step, sizeof a->step);
  assert_memory_equal(a->loss, b->loss, sizeof a->loss);
  assert_memory_equal(a->validation_loss, b->validation_loss, sizeof a->validation_loss);
  assert_int_equal(a->diverged, b->diverged);
  assert_int_equal(a->skipped, b->skipped);
  assert_int_equal(a->adjoints.steps, b->adjoints.steps);
  assert_true(b->n_validation == 0 || b->kept == a->kept);
}

static df_config settings(int slices, int accumulate) {
  df_config c = tiny_config();
  c.train_slices = slices;
  c.train_batch = 13; /* micro-batches of several sizes */
  c.train_push = 0.9;
  c.train_accumulate = accumulate;
  return c;
}

static void any_number_of_ranks_gives_the_bytes_of_one(void** state) {
  (void)state;
  static const int slices[] = {5, 6, 8};
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_config c = settings(slices[d % 3], 1 + d % 2);
    c.split_validation_every = 3;
    c.train_validate_every = 7;
    snprintf(c.train_keep, sizeof c.train_keep, "best_validation");
    df_task* task = tiny_task_with(&c);
    const party like = {.task = task, .decoder = (df_decoder)d};
    train_by(1, &like);
    party whole = parties[0];
    parties[0].average = NULL;
    for (int size = 2; size <= RANKS_MAX; size++) {
      train_by(size, &like);
      compare(size, &whole);
    }
    df_free(whole.average);
    df_task_free(task);
  }
}

static void recovered_actions_are_the_same_at_every_rank(void** state) {
  (void)state;
  df_config c = settings(4, 1);
  c.recover_rounds = 3;
  c.recover_steps = 6;
  c.recover_pool = 60;
  c.recover_batch = 20;
  c.recover_residual_limit = 1000;
  c.recover_linear = 0.5;
  c.recover_linear_episodes = 0.5;
  c.recover_regressed = 0.5;
  c.recover_simulated = 0.5;
  df_task* task = tiny_task_with(&c);
  for (int d = DF_DECODE_ACTIONS; d <= DF_DECODE_ROLLOUT; d += DF_DECODE_ROLLOUT - DF_DECODE_ACTIONS) {
    const party like = {.task = task, .decoder = (df_decoder)d, .recovered = true};
    train_by(1, &like);
    party whole = parties[0];
    parties[0].average = NULL;
    assert_int_equal(whole.status, DF_OK);
    train_by(3, &like);
    compare(3, &whole);
    assert_true(parties[0].log.residual == whole.log.residual);
    df_free(whole.average);
  }
  df_task_free(task);
}

static void a_training_goes_on_with_another_number_of_ranks(void** state) {
  (void)state;
  static const int sizes[] = {3, 1, 2, 4, 3};
  df_config c = settings(6, 1);
  df_task* task = tiny_task_with(&c);
  party like = {.task = task, .decoder = DF_DECODE_ROLLOUT};
  train_by(1, &like);
  party whole = parties[0];
  parties[0].average = NULL;
  like.state_folder = test_folder();
  like.earlier_cpu_s = 1e6;
  double cpu_s = 0;
  for (int part = 0; part < 5; part++) {
    like.stop_at = part < 4 ? 4 * part + 3 : 0;
    train_by(sizes[part], &like);
    /* the time of every rank in every part, with which what this test takes itself disappears */
    cpu_s += 1e6 * sizes[part] * (sizes[part] + 1) / 2;
    assert_true(parties[0].log.cpu_s >= cpu_s && parties[0].log.cpu_s < cpu_s + 1e5);
    if (part == 4) break;
    for (int k = 0; k < sizes[part]; k++) {
      assert_int_equal(parties[k].status, DF_E_INTERRUPTED);
      assert_non_null(strstr(parties[k].message, "test: interrupted at step "));
    }
  }
  compare(3, &whole);
  unlink(test_file("test.state"));
  unlink(test_file("test.state.previous"));
  df_free(whole.average);
  df_task_free(task);
}

/* ---- failures ---- */

enum { FAILING = 7 };

/* samples from FAILING on fail in the second step, the last one of a micro-batch first */
static void some_fail(void* context, int thread, long step, int first, int count, const df_real* parameters,
                      df_real* gradient, double* loss) {
  (void)thread, (void)parameters, (void)gradient;
  for (int i = first + count - 1; i >= first; i--) {
    const bool fails = step == 3 && i >= FAILING;
    loss[i] = fails ? INFINITY : 1;
    if (fails && df_fail(DF_E_SIM, "of sample %d", i) != DF_OK) trainer_note_failure(context, i);
  }
}

/* every rank ends with this status and message */
static void all_end(int size, df_status status, const char* message) {
  for (int k = 0; k < size; k++) {
    assert_string_equal(parties[k].message, message);
    assert_int_equal(parties[k].status, status);
  }
}

static void a_failure_at_one_rank_ends_all_with_one_message(void** state) {
  (void)state;
  df_config c = settings(5, 2);
  df_task* task = tiny_task_with(&c);
  party like = {.task = task, .decoder = DF_DECODE_ROLLOUT, .slice = some_fail};
  for (int size = 1; size <= RANKS_MAX; size++) {
    train_by(size, &like);
    all_end(size, DF_E_SIM, "test: step 1, sample 20: of sample 7"); /* of the second batch of 13 */
  }
  like = (party){.task = task, .decoder = DF_DECODE_ROLLOUT, .breaks = 2};
  train_by(4, &like);
  all_end(4, DF_E_NOMEM, "rank 2: no room");
  df_task_free(task);

  c.train_slices = 4;
  task = tiny_task_with(&c);
  like = (party){.task = task, .decoder = DF_DECODE_STATES};
  train_by(5, &like);
  all_end(5, DF_E_CONFIG, "5 ranks, but a batch has 4 micro-batches: start at most 4, or raise train.slices");
  df_task_free(task);
}

static void a_process_alone_agrees_with_itself(void** state) {
  (void)state;
  df_ranks one = {.size = 1};
  assert_int_equal(df_ranks_agree(NULL, DF_E_SIM), DF_E_SIM);
  assert_int_equal(df_ranks_agree(&one, DF_OK), DF_OK);
  assert_int_equal(df_ranks_agree(&one, DF_E_IO), DF_E_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_number_of_ranks_gives_the_bytes_of_one),
      cmocka_unit_test(recovered_actions_are_the_same_at_every_rank),
      cmocka_unit_test(a_training_goes_on_with_another_number_of_ranks),
      cmocka_unit_test(a_failure_at_one_rank_ends_all_with_one_message),
      cmocka_unit_test(a_process_alone_agrees_with_itself),
  };
  const int code = cmocka_run_group_tests(tests, NULL, NULL);
  for (int k = 0; k < RANKS_MAX; k++) df_free(parties[k].average);
  return code;
}
