/* Chains of windows: what each window is planned and executed from, against one chain at a time. */
#include "chain.h"

#include <string.h>

#include "dynaflow/sim/rollout.h"
#include "tiny_task.h"
#include "unit.h"

enum { N = 3, NX = 6, NU = 2, H = 8, MOST = 20, VX = 3, K = 5 };
static const uint64_t SEED = 11;

/* the states that a method returns: those of the simulator, others, or others in the first window of chain 1 only */
typedef enum claim { EXACT, WRONG, WRONG_ONCE } claim;

typedef struct planner {
  const df_task* task;
  claim claims;
} planner;

/* the window with this index: actions that depend on index, seed, K and condition, and states from x0 */
static void plan_window(const planner* p, uint64_t index, uint64_t seed, int k, const double* x0, double condition,
                        double x[H + 1][NX], double u[H][NU]) {
  const double window = (double)(index - CHAIN_INDEX);
  df_sim* sim;
  for (int t = 0; t < H; t++) {
    u[t][0] = 0.03 * window + 0.01 * (t + k) - 0.002 * (double)seed;
    u[t][1] = 0.1 * condition - 0.02 * t;
  }
  assert_int_equal(df_sim_new(p->task->system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(p->task->system, sim, H, x0, u[0], x[0]), DF_TRAJ_COMPLETE);
  df_sim_free(p->task->system, sim);
  const bool wrong = p->claims == WRONG || (p->claims == WRONG_ONCE && index == CHAIN_INDEX + 1);
  for (int t = 1; t <= H && wrong; t++) x[t][VX] += 1e-3 * (t + window);
}

static df_status sample(void* self, const df_request* r, double* x, double* u) {
  const planner* p = self;
  double without[H][NU];
  for (size_t b = 0; b < (size_t)r->B; b++) {
    plan_window(p, r->first_index + b, r->seed, r->sampler_steps, r->x0 + b * NX, r->condition[b],
                (double(*)[NX])(x + b * (H + 1) * NX), u ? (double(*)[NU])(u + b * H * NU) : without);
  }
  return DF_OK;
}

/* chain i by itself, action by action */
typedef struct one_chain {
  double x[MOST + 1][NX], claimed[MOST + 1][NX], u[MOST][NU];
} one_chain;

static void follow(const planner* p, const chain_cfg* cfg, int i, bool acts, one_chain* out) {
  double planned[H + 1][NX], executed[H + 1][NX], u[H][NU];
  double from[NX], at[NX];
  memcpy(from, cfg->x0 + (size_t)i * NX, sizeof from);
  memcpy(at, from, sizeof at);
  memcpy(out->x[0], from, sizeof from);
  memcpy(out->claimed[0], from, sizeof from);
  for (int t = 0; t < cfg->frames; t++) {
    const int window = t / cfg->every, frame = t % cfg->every;
    if (frame == 0) {
      df_sim* sim;
      double condition = cfg->condition[i];
      if (cfg->data) {
        const int episode = cfg->window[i].episode, frame_of = cfg->window[i].start + t, last = cfg->data->length;
        condition = tiny_condition(episode, frame_of < last ? frame_of : last);
      }
      plan_window(p, CHAIN_INDEX + (uint64_t)(window * cfg->n + i), SEED, K, from, condition, planned, u);
      assert_int_equal(df_sim_new(p->task->system, 0, &sim), DF_OK);
      assert_int_equal(df_trajectory_run(p->task->system, sim, H, at, u[0], executed[0]), DF_TRAJ_COMPLETE);
      df_sim_free(p->task->system, sim);
      if (!acts) memcpy(executed, planned, sizeof executed);
    }
    memcpy(out->u[t], u[frame], sizeof out->u[t]);
    memcpy(out->x[t + 1], executed[frame + 1], sizeof out->x[t + 1]);
    memcpy(out->claimed[t + 1], planned[frame + 1], sizeof out->claimed[t + 1]);
    memcpy(at, out->x[t + 1], sizeof at);
    memcpy(from, cfg->kind == CHAIN_PURE ? out->claimed[t + 1] : out->x[t + 1], sizeof from);
  }
}

static bool equal(int rows, int width, const double* a, const double* b) {
  return memcmp(a, b, (size_t)rows * (size_t)width * sizeof *a) == 0;
}

/* the first two chains begin near the end of their episodes */
static const df_window starts[N] = {{0, 33}, {2, 38}, {4, 5}};

static void check_chains(const df_task* task, bool follows, chain_kind kind, int frames, int every, bool acts,
                         claim claims) {
  planner p = {.task = task, .claims = claims};
  const df_method method = {.name = "planner", .flags = acts ? DF_METHOD_RETURNS_ACTIONS : 0, .sample = sample};
  const eval_job job = {.task = task, .method = &method, .instance = &p, .seed = SEED, .threads = 1};
  double x0[N][NX];
  const double condition[N] = {0, 1, -0.5};
  for (int i = 0; i < N; i++) {
    memcpy(x0[i], df_dataset_state(task->data, 2 * i, 3 + i), sizeof x0[i]);
    x0[i][1] += 0.3; /* in the air */
  }
  const chain_cfg cfg = {.kind = kind,
                         .n = N,
                         .frames = frames,
                         .every = every,
                         .k = K,
                         .x0 = x0[0],
                         .condition = condition,
                         .data = follows ? task->data : NULL,
                         .window = follows ? starts : NULL};
  chains* c;
  assert_int_equal(chains_new(&job, &cfg, &c), DF_OK);
  assert_true(c->n == N && c->frames == frames);
  assert_true((c->u != NULL) == acts && (c->claimed != NULL) == (kind == CHAIN_PURE));
  assert_true(c->planned_is_executed == (claims == EXACT || !acts));
  for (int i = 0; i < N; i++) {
    one_chain wanted;
    follow(&p, &cfg, i, acts, &wanted);
    const bool x = equal(frames + 1, NX, c->x + (size_t)(i * (frames + 1) * NX), wanted.x[0]);
    const bool u = !acts || equal(frames, NU, c->u + (size_t)(i * frames * NU), wanted.u[0]);
    const bool claimed =
        !c->claimed || equal(frames + 1, NX, c->claimed + (size_t)(i * (frames + 1) * NX), wanted.claimed[0]);
    if (!x || !u || !claimed) {
      fail_msg("kind %d, %d frames by %d, claim %d, chain %d: states %d, actions %d, claimed %d", kind, frames, every,
               claims, i, x, u, claimed);
    }
  }
  chains_free(c);
}

static void chains_are_those_of_one_at_a_time(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  assert_true(task->system->nx == NX && task->system->nu == NU && task->windows->horizon == H);
  /* whole windows, a cut one, and less than one */
  static const int frames[] = {16, 20, 5};
  for (int follows = 0; follows < 2; follows++) {
    if (follows) tiny_task_condition_frames(task);
    for (int f = 0; f < 3; f++) {
      for (claim claims = EXACT; claims <= WRONG_ONCE; claims++) {
        check_chains(task, follows, CHAIN_PURE, frames[f], H, true, claims);
        check_chains(task, follows, CHAIN_REPLANNED, frames[f], H, true, claims);
        check_chains(task, follows, CHAIN_REPLANNED, frames[f], 3, true, claims);
      }
      check_chains(task, follows, CHAIN_PURE, frames[f], H, false, WRONG);
    }
  }
  /* episodes end within the chains, whose last condition then holds */
  assert_true(starts[0].start + 16 > task->data->length && starts[0].start < task->data->length);
  df_task_free(task);
}

/* an action has the condition of the window in which it is, whichever action of it is asked for */
static void an_action_has_the_condition_of_its_window(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  tiny_task_condition_frames(task);
  const double held[N] = {4, 5, 6};
  for (int every = 1; every <= H; every++) {
    chain_cfg cfg = {.n = N, .frames = MOST, .every = every, .condition = held};
    for (int i = 0; i < N; i++) {
      for (int t = 0; t < MOST; t++) {
        const int at = starts[i].start + (t - t % every), last = task->data->length;
        cfg.data = NULL;
        assert_true(*chain_condition(&cfg, 1, i, t) == held[i]);
        cfg.data = task->data;
        cfg.window = starts;
        assert_true(*chain_condition(&cfg, 1, i, t) == tiny_condition(starts[i].episode, at < last ? at : last));
      }
    }
  }
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(chains_are_those_of_one_at_a_time),
                                     cmocka_unit_test(an_action_has_the_condition_of_its_window)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
