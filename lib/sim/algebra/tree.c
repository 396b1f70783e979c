#include "tree.h"

#include <stdint.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/assert.h"
#include "lanes.h"

static int* ints(size_t n) {
  return df_alloc(n, sizeof(int));
}

static df_status allocate(df_tree* tree, const mjModel* m) {
  const size_t nv = (size_t)m->nv, most = nv + 1;
  tree->nv = (int)m->nv;
  tree->parent = ints(most);
  tree->dof = ints(most);
  tree->ndof = ints(most);
  tree->body_node = ints((size_t)m->nbody);
  tree->chain = ints(nv * nv);
  tree->chain_n = ints(nv);
  tree->all = ints(nv * nv);
  tree->all_n = ints(nv);
  const bool ok = tree->parent && tree->dof && tree->ndof && tree->body_node && tree->chain && tree->chain_n &&
                  tree->all && tree->all_n;
  return ok ? DF_OK : DF_E_NOMEM;
}

static int add_node(df_tree* tree, int parent, int dof, int ndof) {
  const int node = tree->nnode++;
  tree->parent[node] = parent;
  tree->dof[node] = dof;
  tree->ndof[node] = ndof;
  return node;
}

/* Adds the nodes of one body's joints, each the child of the one before; `node` is that of the parent body. Returns the
 * last one, which carries the body. */
static int add_joints(df_tree* tree, const mjModel* m, int body, int node) {
  const int first = m->body_jntadr[body];
  for (int joint = first; joint < first + m->body_jntnum[body]; joint++) {
    const int dof = m->jnt_dofadr[joint], type = m->jnt_type[joint];

    /* a slide after a slide joins its node */
    if (type == mjJNT_SLIDE && joint > first && m->jnt_type[joint - 1] == mjJNT_SLIDE) {
      tree->ndof[node]++;
      continue;
    }

    /* any other joint: a node, or a node for the translation and one for the rotation of a free joint */
    switch (type) {
      case mjJNT_FREE:
        node = add_node(tree, node, dof, 3);
        node = add_node(tree, node, dof + 3, 3);
        break;
      case mjJNT_BALL:
        node = add_node(tree, node, dof, 3);
        break;
      default:
        node = add_node(tree, node, dof, 1);
    }
  }
  return node;
}

/* Fills chain and all, and their lengths, which are zero before. */
static void fill_patterns(df_tree* tree, const mjModel* m) {
  const int nv = tree->nv;
  for (int k = 0; k < nv; k++) {
    int* chain = tree->chain + k * nv;
    for (int j = k; j >= 0; j = m->dof_parentid[j]) chain[tree->chain_n[k]++] = j;
    int* all = tree->all + k * nv;
    for (int j = k; j >= 0; j--) all[tree->all_n[k]++] = j;
  }
}

df_status df_tree_build(df_tree* tree, const mjModel* m) {
  DF_TRY(allocate(tree, m));
  (void)add_node(tree, 0, -1, 0);
  for (int body = 1; body < m->nbody; body++)
    tree->body_node[body] = add_joints(tree, m, body, tree->body_node[m->body_parentid[body]]);
  fill_patterns(tree, m);
  return DF_OK;
}

void df_tree_free(df_tree* tree) {
  int* const arrays[] = {tree->parent, tree->dof,     tree->ndof, tree->body_node,
                         tree->chain,  tree->chain_n, tree->all,  tree->all_n};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
}

bool df_tree_chain(const df_tree* tree, const int node[2], int* dofs, int* n) {
  const int* rows[2] = {NULL, NULL};
  int left[2] = {0, 0};

  /* chain of each node that moves */
  for (int s = 0; s < 2; s++) {
    if (node[s] == 0) continue;
    const int last = tree->dof[node[s]] + tree->ndof[node[s]] - 1;
    rows[s] = tree->chain + last * tree->nv;
    left[s] = tree->chain_n[last];
  }

  /* at most one moves: its chain */
  if (left[0] == 0 || left[1] == 0) {
    const int side = left[0] == 0;
    *n = left[side];
    if (dofs && *n > 0) memcpy(dofs, rows[side], (size_t)*n * sizeof *dofs);
    return true;
  }

  /* merge both chains; on one branch the union is the longer one */
  *n = 0;
  const int longest = left[0] > left[1] ? left[0] : left[1];
  while (left[0] > 0 || left[1] > 0) {
    const int a = left[0] > 0 ? *rows[0] : -1, b = left[1] > 0 ? *rows[1] : -1;
    if (dofs) dofs[*n] = a > b ? a : b;
    (*n)++;
    if (a >= b) rows[0]++, left[0]--;
    if (b >= a) rows[1]++, left[1]--;
  }
  return *n == longest;
}

bool df_tree_is_chain(const df_tree* tree, int n, const int* dofs) {
  if (n == 0) return true;
  const int *chain = tree->chain + dofs[0] * tree->nv, most = tree->chain_n[dofs[0]];
  int found = 0;
  for (int i = 0; i < most && found < n; i++) found += chain[i] == dofs[found];
  return found == n;
}

/* ---- matrices ---- */

/* Rows are written four numbers at a time, including undefined numbers before their diagonals: a load of four numbers
 * right after a store of one of them stalls, since the store cannot be forwarded. */

/* a -= l b from position `from` to the end of two rows of a matrix */
DF_WIDE_INLINE void subtract_scaled(int from, int stride, double l, const double* b, double* a) {
  const df_lanes* wide = (const df_lanes*)(const void*)b;
  df_lanes* to = (df_lanes*)(void*)a;
  for (int i = from >> 2; i < stride >> 2; i++) to[i] -= lanes_all(l) * wide[i];
}

DF_WIDE void df_factor(const df_pattern* p, const double* diagonal, double* a, double* inverse) {
  DF_ASSERT((uintptr_t)a % (4 * sizeof(double)) == 0);
  const int stride = df_stride(p->nv);
  for (int k = p->nv - 1; k >= 0; k--) {
    const int *row = p->rows + k * p->nv, n = p->n[k], first = stride - n;
    double* ak = a + k * stride;

    /* eliminate k from the rows of its ancestors */
    /* not asserted to be positive: a negative armature may make the mass matrix indefinite away from the initial state,
     * where compile.c checks it */
    const double d = 1.0 / (ak[first] + diagonal[k]);
    for (int i = 1; i < n; i++) subtract_scaled(first + i, stride, ak[first + i] * d, ak, a + row[i] * stride);

    /* row k of L */
    df_lanes* wide = (df_lanes*)(void*)ak;
    for (int i = first >> 2; i < stride >> 2; i++) wide[i] *= lanes_all(d);
    inverse[k] = d;
  }
}

void df_factor_solve(const df_pattern* p, const double* factor, const double* inverse, double* x) {
  const int nv = p->nv, stride = df_stride(nv);

  /* x = L^-T x */
  for (int k = nv - 1; k >= 0; k--) {
    const int *row = p->rows + k * nv, n = p->n[k];
    const double *l = factor + (k + 1) * stride - n, xk = x[k];
    for (int i = 1; i < n; i++) x[row[i]] -= l[i] * xk;
  }

  /* x = L^-1 D^-1 x */
  for (int k = 0; k < nv; k++) {
    const int *row = p->rows + k * nv, n = p->n[k];
    const double* l = factor + (k + 1) * stride - n;
    double sum = x[k] * inverse[k];
    for (int i = 1; i < n; i++) sum -= l[i] * x[row[i]];
    x[k] = sum;
  }
}

/* For dofs that are a whole row of the pattern: row k of A gains a multiple of each row of J, from dof k on. The first
 * vector of four may begin up to three numbers earlier: there it reads numbers before the row of J, and adds them to
 * undefined numbers before the row of A. */
DF_WIDE_INLINE void add_rows(const df_pattern* p, double* a, int dim, int n, const int* dofs, const double* jacobian,
                             const double* d) {
  const int stride = df_stride(p->nv), first = stride - n;
  for (int k = 0; k < n; k++) {
    /* column k of D J */
    df_lanes dj[6];
    _Pragma("GCC unroll 6") for (int r = 0; r < dim; r++) {
      double sum = 0;
      _Pragma("GCC unroll 6") for (int s = 0; s < dim; s++) sum += d[r * dim + s] * jacobian[s * n + k];
      dj[r] = lanes_all(sum);
    }

    /* row of dofs[k] += (column k of D J)^T J */
    df_lanes* row = (df_lanes*)(void*)(a + dofs[k] * stride);
    for (int i = (first + k) >> 2; i < stride >> 2; i++) {
      df_lanes sum = row[i];
      _Pragma("GCC unroll 6") for (int r = 0; r < dim; r++) {
        df_lanes j;
        memcpy(&j, jacobian + r * n + (4 * i - first), sizeof j);
        sum += dj[r] * j;
      }
      row[i] = sum;
    }
  }
}

/* calls add_rows() with a constant dim, so that its loops are unrolled */
DF_WIDE static void add_whole_rows(const df_pattern* p, double* a, int dim, int n, const int* dofs,
                                   const double* jacobian, const double* d) {
  switch (dim) {
    case 1:
      add_rows(p, a, 1, n, dofs, jacobian, d);
      return;
    case 3:
      add_rows(p, a, 3, n, dofs, jacobian, d);
      return;
    case 4:
      add_rows(p, a, 4, n, dofs, jacobian, d);
      return;
    default:
      add_rows(p, a, 6, n, dofs, jacobian, d);
  }
}

/* for any descending dofs that row dofs[0] lists */
static void add_scattered(const df_pattern* p, double* a, int dim, int n, const int* dofs, const double* jacobian,
                          const double* d) {
  for (int k = 0; k < n; k++) {
    /* column k of D J */
    double dj[6];
    for (int r = 0; r < dim; r++) {
      dj[r] = 0;
      for (int s = 0; s < dim; s++) dj[r] += d[r * dim + s] * jacobian[s * n + k];
    }

    /* entries (dofs[k], dofs[i]) */
    for (int i = k; i < n; i++) {
      double sum = 0;
      for (int r = 0; r < dim; r++) sum += dj[r] * jacobian[r * n + i];
      *df_entry(p, a, dofs[k], dofs[i]) += sum;
    }
  }
}

void df_add_block(const df_pattern* p, double* a, int dim, int n, const int* dofs, const double* jacobian,
                  const double* d) {
  DF_ASSERT(dim == 1 || dim == 3 || dim == 4 || dim == 6);
  DF_ASSERT(df_descending(n, dofs, p->nv));
  if (n > 0 && n == p->n[dofs[0]])
    add_whole_rows(p, a, dim, n, dofs, jacobian, d);
  else
    add_scattered(p, a, dim, n, dofs, jacobian, d);
}
