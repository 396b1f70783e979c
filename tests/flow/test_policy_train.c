/* Samples of the training of a policy and of its dynamics: which transition, noise and knowledge each one has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "near.h"
#include "policy_internal.h"
#include "tiny_task.h"
#include "unit.h"

enum { NX = 6, NU = 2, H = 8, CHUNK = 3, EXECUTE = 2, BATCHES = 60, SEED = 3 };

static df_policy* make(df_policy_kind kind, df_task** task) {
  df_config c = tiny_config();
  c.dap_chunk = c.act_chunk_length = CHUNK;
  c.dap_execute = EXECUTE;
  c.dap_null_share = 0.4;
  c.dap_estimated_share = 0.5;
  c.dap_action_noise = 0.3;
  c.dap_random_share = 0.5;
  c.flow_sigma = 0.8;
  c.split_validation_every = 3;
  c.train_validate_every = 10;
  c.train_validate_windows = 10;
  *task = tiny_task_with(&c);
  df_policy* m;
  const df_method_env env = {.task = *task, .seed = SEED, .threads = 1};
  if (df_policy_new(&env, kind, &m) != DF_OK) fail_msg("%s", df_error_message());
  assert_true(m->nz == NX && m->nu == NU && m->H == H);
  return m;
}

/* single precision of the worker */
static void assert_real(df_real got, double wanted) {
  assert_near((double)got, wanted, 2e-7 * fmax(1, fabs(wanted)));
}

/* of the chunk of a window that begins at this place: actions, the state in which they begin, and its flow sample */
static void check_sample(const df_policy* m, int row, df_window from, int at, uint64_t index, double* time) {
  const policy_worker* w = &m->worker[0];
  const df_task* task = m->env.task;
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  const size_t n = (size_t)(m->chunk * NU);
  double context[NX], noise[CHUNK * NU + NX], wanted[CHUNK * NU], draw;
  df_rng_normal(SEED, DF_STREAM_FLOW_NOISE, index, n + NX, noise);
  df_rng_uniform(SEED, DF_STREAM_FLOW_TIME, index, 1, &draw);
  *time = draw;
  df_chart_context(task->chart, df_dataset_state(task->data, from.episode, from.start + at), context);
  for (int i = 0; i < NX; i++) assert_real(w->cond[row * m->cond + i], context[i]);
  assert_real(w->cond[row * m->cond + NX], task->data->conditions[from.episode]);
  for (size_t k = 0; k < n; k++) {
    const double u = df_dataset_action(task->data, from.episode, from.start + at)[k];
    wanted[k] = (fmin(fmax(u, -1), 1) - s.action_mean[k % NU]) / s.action_std[k % NU];
    assert_near(w->action[(size_t)row * n + k], wanted[k], 1e-12);
    assert_real(w->a_t[(size_t)row * n + k], m->flow ? (1 - draw) * 0.8 * noise[k] + draw * wanted[k] : 0);
  }
  if (!m->flow) return;
  assert_real(w->t[row], draw);
  for (int i = 0; i < NX && m->dynamics; i++) {
    const double change = w->change[row * NX + i];
    assert_real(w->y_t[row * NX + i], (1 - draw) * 0.8 * noise[n + (size_t)i] + draw * change);
  }
}

/* the loss of a row, and its gradient by the prediction */
static void check_loss(const df_policy* m, int row, int batch, double loss, bool gradient) {
  const policy_worker* w = &m->worker[0];
  const size_t n = (size_t)(m->chunk * NU);
  double sum = 0;
  for (size_t k = (size_t)row * n; k < (size_t)(row + 1) * n; k++) {
    const double e = (double)w->out[k] - w->action[k];
    sum += e * e / (double)n;
    if (gradient) assert_real(w->d_out[k], 2 * e / (double)n / batch);
  }
  assert_near(loss, sum, 1e-12);
}

/* the correlation of two columns of numbers of all samples */
static double correlation(int n, double (*draw)[4], int a, int b) {
  double sum[2] = {0}, square[2] = {0}, product = 0;
  for (int i = 0; i < n; i++) {
    sum[0] += draw[i][a] / n, sum[1] += draw[i][b] / n;
    square[0] += draw[i][a] * draw[i][a] / n, square[1] += draw[i][b] * draw[i][b] / n;
    product += draw[i][a] * draw[i][b] / n;
  }
  return (product - sum[0] * sum[1]) / sqrt((square[0] - sum[0] * sum[0]) * (square[1] - sum[1] * sum[1]));
}

/* Window, place in it, flow time and knowledge of a sample are drawn by numbers of their own, none by those of another
 * sample: uncorrelated, up to 4.5 standard errors of that many samples. */
static void samples_of_a_policy_are_drawn_by_their_index(void** state) {
  (void)state;
  for (df_policy_kind kind = DF_POLICY_BC; kind <= DF_POLICY_DAP; kind++) {
    df_task* task;
    df_policy* m = make(kind, &task);
    const int batch = m->trainer->cfg.batch, slice = batch / 4, n_train = task->windows->n_train;
    double(*draw)[4] = df_alloc((size_t)(BATCHES * batch), sizeof *draw);
    double* loss = df_alloc((size_t)batch, sizeof *loss);
    df_real* gradient = df_alloc(m->trainer->n, sizeof *gradient);
    assert_true(batch % 4 == 0 && slice > 1);
    if (m->dynamics)
      for (int i = 0; i < NX; i++) m->dynamics_unit[i] = (df_real)(0.5 + 0.1 * i);
    for (long b = 0; b < BATCHES; b++) {
      for (int first = 0; first < batch; first += slice) {
        policy_train_slice(m, 0, b, first, slice, m->trainer->average, gradient, loss);
        for (int row = 0; row < slice; row++) {
          const uint64_t index = (uint64_t)(b * batch + first + row);
          const int places = H - m->chunk + 1;
          const int k = (int)df_rng_below(SEED, DF_STREAM_POLICY, index, 0, (uint64_t)n_train);
          const int at = (int)df_rng_below(SEED, DF_STREAM_POLICY, index, 1, (uint64_t)places);
          double number[6], *seen = draw[index];
          check_sample(m, row, task->windows->train[k], at, index, &seen[2]);
          check_loss(m, row, batch, loss[first + row], true);
          df_rng_uniform(SEED, DF_STREAM_POLICY, index, 6, number);
          seen[0] = k, seen[1] = at, seen[3] = number[4] < 0.4 ? 0 : number[5] < 0.5 ? 1 : 2;
          if (!m->dynamics) continue;
          /* of the change, a sample knows nothing, an estimate or the truth */
          const df_real* told = m->worker[0].cond + row * m->cond + NX + 1;
          assert_true((double)told[NX] == (seen[3] > 0));
          bool truth = true;
          for (int i = 0; i < NX; i++) {
            const double own =
                m->worker[0].change[row * NX + i] * (double)m->dynamics_unit[i] / (double)m->change_unit[i];
            truth = truth && fabs((double)told[i] - fmin(fmax(own, -8), 8)) < 1e-5;
            if (seen[3] == 0) assert_true(told[i] == 0);
          }
          assert_true(truth == (seen[3] == 2));
        }
      }
    }
    const int columns = kind == DF_POLICY_DAP ? 4 : kind == DF_POLICY_ACT_CHUNK ? 2 : 2;
    for (int a = 0; a < columns; a++)
      for (int b = 0; b < a; b++) {
        const double r = correlation(BATCHES * batch, draw, a, b);
        if (!(fabs(r) < 4.5 / sqrt(BATCHES * batch))) fail_msg("kind %d: numbers %d, %d: %g", (int)kind, a, b, r);
      }
    df_free(draw);
    df_free(loss);
    df_free(gradient);
    df_policy_free(m);
    df_task_free(task);
  }
}

/* the validation: one chunk of each of its windows, at places in turn, by numbers from the end of the indices */
static void samples_of_a_validation_are_the_same_every_time(void** state) {
  (void)state;
  for (df_policy_kind kind = DF_POLICY_BC; kind <= DF_POLICY_DAP; kind++) {
    df_task* task;
    df_policy* m = make(kind, &task);
    const int windows = m->trainer->cfg.validation_windows, slice = 2;
    assert_true(windows > H && windows % slice == 0);
    for (int first = 0; first < windows; first += slice) {
      double loss[2], time;
      policy_validate(m, 0, first, slice, m->trainer->average, loss);
      for (int row = 0; row < slice; row++) {
        const int i = first + row;
        const df_window from = task->windows->validation[i * task->windows->n_validation / windows];
        check_sample(m, row, from, i % (H - m->chunk + 1), UINT64_MAX - (uint64_t)i, &time);
        check_loss(m, row, 1, loss[row], false);
      }
    }
    df_policy_free(m);
    df_task_free(task);
  }
}

/* demonstrated transitions and those of random actions, which are told noisy actions at a flow time */
static void samples_of_the_dynamics_are_drawn_by_their_index(void** state) {
  (void)state;
  df_task* task;
  df_policy* m = make(DF_POLICY_DAP, &task);
  const policy_worker* w = &m->worker[0];
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  const int batch = m->dynamics->cfg.batch, slice = batch / 4;
  double(*draw)[4] = df_alloc((size_t)(BATCHES * batch), sizeof *draw);
  double* loss = df_alloc((size_t)batch, sizeof *loss);
  df_real* gradient = df_alloc(m->dynamics->n, sizeof *gradient);
  assert_int_equal(policy_random_make(m, task->config.dap_random_episodes, false, &m->random), DF_OK);
  policy_set_unit(m);
  for (long b = 0; b < BATCHES; b++) {
    for (int first = 0; first < batch; first += slice) {
      policy_dynamics_slice(m, 0, b, first, slice, m->dynamics->average, gradient, loss);
      for (int row = 0; row < slice; row++) {
        const uint64_t index = (uint64_t)(b * batch + first + row);
        double number[7], noise[NX + EXECUTE * NU], context[NX], sum = 0;
        df_rng_uniform(SEED, DF_STREAM_DYNAMICS, index, 7, number);
        df_rng_normal(SEED, DF_STREAM_DYNAMICS_NOISE, index, NX + EXECUTE * NU, noise);
        const bool random = number[4] < 0.5;
        const int n = random ? m->random.n : task->windows->n_train;
        const int k = (int)df_rng_below(SEED, DF_STREAM_DYNAMICS, index, 0, (uint64_t)n);
        const int at = (int)df_rng_below(SEED, DF_STREAM_DYNAMICS, index, 1, H - EXECUTE + 1);
        const df_window from = random ? (df_window){-1, -1} : task->windows->train[k];
        const double* x = random ? m->random.x + (k * (H + 1) + at) * NX
                                 : df_dataset_state(task->data, from.episode, from.start + at);
        const double* u =
            random ? m->random.u + (k * H + at) * NU : df_dataset_action(task->data, from.episode, from.start + at);
        const double t = number[5], size = (1 - t) * 0.3 * number[6];
        assert_real(w->t[row], t);
        df_chart_context(task->chart, x, context);
        const df_real* told = w->y_cond + row * (NX + EXECUTE * NU);
        double z[2][NX];
        df_chart_encode(task->chart, x, x, z[0]);
        df_chart_encode(task->chart, x, x + EXECUTE * NX, z[1]);
        for (int i = 0; i < NX; i++) {
          const double change = (z[1][i] - z[0][i]) / (double)m->dynamics_unit[i];
          assert_near(w->change[row * NX + i], change, 1e-6 * fmax(1, fabs(change)));
          assert_real(told[i], context[i]);
          assert_real(w->y_t[row * NX + i], (1 - t) * 0.8 * noise[i] + t * change);
          sum += pow((double)w->y_out[row * NX + i] - w->change[row * NX + i], 2) / NX;
        }
        assert_near(loss[first + row], sum, 1e-12);
        for (int i = 0; i < EXECUTE * NU; i++) {
          const double given = fmin(fmax(u[i], -1), 1) + s.action_std[i % NU] * size * noise[NX + i];
          assert_real(told[NX + i], (given - m->u_center[i % NU]) / m->u_half[i % NU]);
        }
        draw[index][0] = (double)k / n, draw[index][1] = at, draw[index][2] = t, draw[index][3] = random;
      }
    }
  }
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < a; b++)
      assert_true(fabs(correlation(BATCHES * batch, draw, a, b)) < 4.5 / sqrt(BATCHES * batch));
  df_free(draw);
  df_free(loss);
  df_free(gradient);
  df_policy_free(m);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(samples_of_a_policy_are_drawn_by_their_index),
                                     cmocka_unit_test(samples_of_a_validation_are_the_same_every_time),
                                     cmocka_unit_test(samples_of_the_dynamics_are_drawn_by_their_index)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
