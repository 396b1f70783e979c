/* plain_network.h: the networks of policies and critics as loops, for tests in double precision. */
#ifndef TESTS_POLICY_PLAIN_NETWORK_H
#define TESTS_POLICY_PLAIN_NETWORK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/nn/net.h"
#include "unit.h"

enum { PLAIN_WIDTH_MAX = 32 };

/* index of the first element of a tensor */
static inline size_t tensor_at(const df_net* net, const char* name) {
  const df_tensor* list;
  const int n = df_net_tensors(net, &list);
  for (int i = 0; i < n; i++) {
    if (strcmp(list[i].name, name) == 0) return list[i].offset;
  }
  fail_msg("no tensor %s", name);
  return 0;
}

/* y = W x + b */
static inline void layer(const df_net* net, const df_real* p, const char* name, int in, int out, const double* x,
                         double* y) {
  char full[64];
  snprintf(full, sizeof full, "%s.weight", name);
  const df_real* w = p + tensor_at(net, full);
  snprintf(full, sizeof full, "%s.bias", name);
  const df_real* b = p + tensor_at(net, full);
  for (int o = 0; o < out; o++) {
    y[o] = b[o];
    for (int i = 0; i < in; i++) y[o] += w[o * in + i] * x[i];
  }
}

/* adds the gradients of W and b to dp, and writes that of x, if it is not NULL */
static inline void layer_vjp(const df_net* net, const df_real* p, const char* name, int in, int out, const double* x,
                             const double* dy, double* dp, double* dx) {
  char full[64];
  snprintf(full, sizeof full, "%s.weight", name);
  const size_t w = tensor_at(net, full);
  snprintf(full, sizeof full, "%s.bias", name);
  const size_t b = tensor_at(net, full);
  for (int i = 0; dx && i < in; i++) {
    dx[i] = 0;
    for (int o = 0; o < out; o++) dx[i] += p[w + (size_t)(o * in + i)] * dy[o];
  }
  for (int o = 0; o < out; o++) {
    dp[b + (size_t)o] += dy[o];
    for (int i = 0; i < in; i++) dp[w + (size_t)(o * in + i)] += dy[o] * x[i];
  }
}

static inline void elu(int n, const double* x, double* y) {
  for (int i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : exp(x[i]) - 1;
}

/* two hidden layers; y [out], and if dy is not NULL, its vjp, which is added to dp */
static inline void network_with_vjp(const df_net* net, const df_real* p, const double* x, int out, double* y,
                                    const double* dy, double* dp) {
  double a[PLAIN_WIDTH_MAX], b[PLAIN_WIDTH_MAX], sa[PLAIN_WIDTH_MAX] = {0}, sb[PLAIN_WIDTH_MAX] = {0};
  double d[PLAIN_WIDTH_MAX];
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const int width = cfg->width;
  layer(net, p, "dense.0", cfg->in, width, x, a);
  elu(width, a, sa);
  layer(net, p, "dense.1", width, width, sa, b);
  elu(width, b, sb);
  layer(net, p, "last", width, out, sb, y);
  if (!dy) return;
  layer_vjp(net, p, "last", width, out, sb, dy, dp, d);
  for (int i = 0; i < width; i++) b[i] = d[i] * (b[i] > 0 ? 1 : exp(b[i]));
  layer_vjp(net, p, "dense.1", width, width, sa, b, dp, d);
  for (int i = 0; i < width; i++) a[i] = d[i] * (a[i] > 0 ? 1 : exp(a[i]));
  layer_vjp(net, p, "dense.0", cfg->in, width, x, a, dp, NULL);
}

static inline void network(const df_net* net, const df_real* p, const double* x, int out, double* y) {
  network_with_vjp(net, p, x, out, y, NULL, NULL);
}

#endif
