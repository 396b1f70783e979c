#include "tree.h"

#include "dynaflow/core/alloc.h"

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

/* the nodes of one body's joints, hung one on another */
static int add_joints(df_tree* tree, const mjModel* m, int body, int node) {
  for (int k = 0; k < m->body_jntnum[body]; k++) {
    const int joint = m->body_jntadr[body] + k, dof = m->jnt_dofadr[joint];
    switch (m->jnt_type[joint]) {
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
  for (int s = 0; s < 2; s++) {
    if (node[s] == 0) continue;
    const int last = tree->dof[node[s]] + tree->ndof[node[s]] - 1;
    rows[s] = tree->chain + last * tree->nv;
    left[s] = tree->chain_n[last];
  }
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

void df_factor(int nv, const int* rows, const int* rows_n, double* a) {
  for (int k = nv - 1; k >= 0; k--) {
    const int* row = rows + k * nv;
    const int n = rows_n[k];
    double* ak = a + k * nv;
    const double inverse = 1.0 / ak[k];
    for (int i = 1; i < n; i++) {
      double* ai = a + row[i] * nv;
      const double l = ak[row[i]] * inverse;
      for (int j = i; j < n; j++) ai[row[j]] -= l * ak[row[j]];
    }
    for (int i = 1; i < n; i++) ak[row[i]] *= inverse;
    ak[k] = inverse;
  }
}

void df_factor_solve(int nv, const int* rows, const int* rows_n, const double* factor, double* x) {
  for (int k = nv - 1; k >= 0; k--) {
    const int* row = rows + k * nv;
    const double* l = factor + k * nv;
    for (int i = 1; i < rows_n[k]; i++) x[row[i]] -= l[row[i]] * x[k];
  }
  for (int k = 0; k < nv; k++) {
    const int* row = rows + k * nv;
    const double* l = factor + k * nv;
    double sum = x[k] * l[k];
    for (int i = 1; i < rows_n[k]; i++) sum -= l[row[i]] * x[row[i]];
    x[k] = sum;
  }
}
