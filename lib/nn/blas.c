#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "dynaflow/nn/blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "bf16.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/nn/gemm.h"

enum { ROW_MAJOR = 101, BUILD_SERIAL = 0, BUILD_PTHREAD = 1, BUILD_OPENMP = 2 };

typedef void gemm_function(int order, int op_a, int op_b, int m, int n, int k, df_real alpha, const df_real* a, int lda,
                           const df_real* b, int ldb, df_real beta, df_real* c, int ldc);

typedef struct library {
  void* handle;
  gemm_function* gemm;
  bool bf16; /* large products are those of bf16.h */
  int parallel;
  char kernel[64], config[256], path[512];
} library;

/* one library per process, because its kernel choice is global; written by df_blas_open only */
static library loaded;
static df_blas_info info;

/* where Linux distributions install the pthread build; last the plain name, which may be any build */
static const char* const candidates[] = {
    "openblas-pthread/libopenblas.so.0",
#ifdef __aarch64__
    "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
#else
    "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
#endif
    "/usr/lib64/libopenblasp.so.0",
    "libopenblasp.so.0",
    "libopenblas.so.0",
};
enum { N_CANDIDATES = sizeof candidates / sizeof *candidates };

/* kernel sets that some builds merge into another: {requested, obtained} */
static const char* const aliases[][2] = {
    {"Zen", "Haswell"}, {"Cooperlake", "SkylakeX"}, {"SapphireRapids", "SkylakeX"}};
static const char* const wide_kernels[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};

/* ---- the back end without a library: plain loops ---- */
static const char naive_kernel[] = "naive", bf16_kernel[] = "bf16";

/* element (i, j) of op(a) */
static df_real element(int op, const df_real* a, int lda, int i, int j) {
  return op == DF_AS_IS ? a[(size_t)i * (size_t)lda + (size_t)j] : a[(size_t)j * (size_t)lda + (size_t)i];
}

static void naive_gemm(int order, int op_a, int op_b, int m, int n, int k, df_real alpha, const df_real* a, int lda,
                       const df_real* b, int ldb, df_real beta, df_real* c, int ldc) {
  (void)order;
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      df_real sum = 0;
      for (int l = 0; l < k; l++) sum += element(op_a, a, lda, i, l) * element(op_b, b, ldb, l, j);
      df_real* out = c + (size_t)i * (size_t)ldc + j;
      *out = alpha * sum + (beta != 0 ? beta * *out : 0);
    }
  }
}

df_blas_cfg df_blas_cfg_default(void) {
  return (df_blas_cfg){.library = NULL, .kernel = NULL, .threads = 1};
}

const df_blas_info* df_blas_get_info(void) {
  return loaded.gemm ? &info : NULL;
}

/* whether the processor has the AVX-512 extensions of the wide kernel sets */
static bool cpu_is_wide(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

/* the default kernel set of this processor; NULL: the library's own choice */
static const char* choose_kernel(void) {
  if (cpu_is_wide()) return "SkylakeX";
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}

static bool same_kernel(const char* asked, const char* obtained) {
  if (strcasecmp(asked, obtained) == 0) return true;
  if (strncasecmp(obtained, "bf16+", 5) == 0) return strcasecmp(asked, "bf16") == 0;
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
    if (strcasecmp(asked, aliases[i][0]) == 0 && strcasecmp(obtained, aliases[i][1]) == 0) return true;
  }
  return false;
}

/* an environment variable that is set while the library is loaded */
typedef struct variable {
  const char* name;
  char* before;
  bool was_set, failed;
} variable;

static variable variable_set(const char* name, const char* value) {
  variable v = {.name = name};
  const char* before = getenv(name);
  if (before) {
    v.was_set = true;
    v.before = df_strdup(before);
    if (!v.before) v.failed = true;
  }
  if (!v.failed && setenv(name, value, 1) != 0) v.failed = true;
  return v;
}

static void variable_restore(variable* v) {
  if (!v->was_set) {
    unsetenv(v->name);
  } else if (v->before) {
    setenv(v->name, v->before, 1);
  }
  df_free(v->before);
}

static void* open_first(const char* wanted, char* path, size_t n_path) {
  const int n = wanted ? 1 : N_CANDIDATES;
  for (int i = 0; i < n; i++) {
    const char* name = wanted ? wanted : candidates[i];
    void* handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) continue;
    snprintf(path, n_path, "%s", name);
    return handle;
  }
  return NULL;
}

/* loads the library with its environment set: with one thread it starts no worker threads, and it uses `kernel` */
static df_status load(const char* wanted, const char* kernel, library* lib) {
  variable threads = variable_set("OPENBLAS_NUM_THREADS", "1");
  variable core = {0};
  if (kernel) core = variable_set("OPENBLAS_CORETYPE", kernel);
  const bool failed = threads.failed || core.failed;
  if (!failed) lib->handle = open_first(wanted, lib->path, sizeof lib->path);
  if (kernel) variable_restore(&core);
  variable_restore(&threads);
  if (failed) return DF_E_NOMEM;
  if (!lib->handle) {
    const char* reason = dlerror();
    return df_fail(DF_E_BLAS, "OpenBLAS not found (%s); install libopenblas0-pthread or specify a library",
                   reason ? reason : "no reason given");
  }
  return DF_OK;
}

/* the OpenBLAS inside Python wheels exports its functions with a prefix */
static void* find_symbol(const library* lib, const char* name) {
  static const char* const prefixes[] = {"", "scipy_"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", prefixes[i], name);
    void* symbol = dlsym(lib->handle, full);
    if (symbol) return symbol;
  }
  return NULL;
}

/* sets `function` to a symbol by copying the pointer, since ISO C has no cast from data to function pointers */
#define FIND(lib, name, function) (*(void**)(void*)&(function) = find_symbol(lib, name), (function) != NULL)

static df_status resolve(library* lib) {
  char* (*corename)(void) = NULL;
  char* (*config)(void) = NULL;
  int (*parallel)(void) = NULL;
  void (*set_threads)(int) = NULL;
  const char* product = sizeof(df_real) == sizeof(double) ? "cblas_dgemm" : "cblas_sgemm";
  if (!FIND(lib, "openblas_get_corename", corename) || !FIND(lib, "openblas_get_config", config) ||
      !FIND(lib, "openblas_get_parallel", parallel) || !FIND(lib, "openblas_set_num_threads", set_threads) ||
      !FIND(lib, product, lib->gemm)) {
    return df_fail(DF_E_BLAS, "%s is not an OpenBLAS with 32-bit integers and the C interface", lib->path);
  }
  snprintf(lib->kernel, sizeof lib->kernel, "%s", corename());
  snprintf(lib->config, sizeof lib->config, "%s", config());
  lib->parallel = parallel();
  if (lib->parallel != BUILD_OPENMP) set_threads(1);
  return DF_OK;
}

static bool is_naive(const char* kernel) {
  return kernel && strcasecmp(kernel, naive_kernel) == 0;
}
static bool is_bf16(const char* kernel) {
  return kernel && strcasecmp(kernel, bf16_kernel) == 0;
}

static df_status check(const library* lib, const char* kernel, int threads) {
  if (kernel && !same_kernel(kernel, lib->kernel)) {
    return df_fail(DF_E_BLAS, "kernel %s requested, but %s runs kernel %s", kernel, lib->path, lib->kernel);
  }
  if (lib->parallel == BUILD_SERIAL && threads > 1) {
    return df_fail(DF_E_BLAS, "%s is the single-threaded build, which gives wrong results if %d threads call it",
                   lib->path, threads);
  }
  /* in this build set_num_threads changes the program's OpenMP threads, and omp_set_num_threads the library's */
  if (lib->parallel == BUILD_OPENMP) {
    return df_fail(DF_E_BLAS,
                   "%s is the OpenMP build, whose results depend on omp_set_num_threads; use the pthread build",
                   lib->path);
  }
  return DF_OK;
}

/* the memory that OpenBLAS takes for each thread that calls it, and what the rest of the program takes at least */
static const size_t MIB = 1 << 20;
enum { BUFFER_MIB = 128, REST_MIB = 256 };

/* Without address space for its buffers, OpenBLAS tries to take them for ever. */
static df_status check_address_space(int threads) {
  const size_t needed = ((size_t)threads * BUFFER_MIB + REST_MIB) * MIB;
  void* trial = mmap(NULL, needed, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (trial == MAP_FAILED) {
    return df_fail(DF_E_NOMEM,
                   "the address space is too small for OpenBLAS: %zu MiB are needed for %d thread%s; raise the limit "
                   "(ulimit -v), or take fewer threads",
                   needed / MIB, threads, threads == 1 ? "" : "s");
  }
  munmap(trial, needed);
  return DF_OK;
}

/* whether the processor has AVX-512 and the kernel set does not use it */
static bool is_slower_than_cpu(const library* lib) {
  if (!cpu_is_wide() || !lib->handle) return false;
  for (size_t i = 0; i < sizeof wide_kernels / sizeof *wide_kernels; i++) {
    if (strcasecmp(lib->kernel, wide_kernels[i]) == 0) return false;
  }
  return true;
}

/* loads oneDNN, whose version it writes to text; the library stays loaded, also if it is refused */
static df_status load_onednn(char* text, size_t size) {
  static const char* const names[] = {"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    library onednn = {.handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL)};
    if (!onednn.handle) continue;
    df_bf16_product* product = NULL;
    const int* (*version)(void) = NULL; /* of a struct that begins with major, minor and patch */
    if (!FIND(&onednn, "dnnl_gemm_bf16bf16f32", product) || !FIND(&onednn, "dnnl_version", version)) {
      return df_fail(DF_E_BLAS, "kernel bf16 requested, but %s has no product of bfloat16 numbers", names[i]);
    }
    snprintf(text, size, "oneDNN %d.%d.%d", version()[0], version()[1], version()[2]);
    return df_bf16_use(product, text);
  }
  return df_fail(DF_E_BLAS,
                 "kernel bf16 requested, but oneDNN (libdnnl.so.3 or .2) is not found; install it or add its folder to "
                 "LD_LIBRARY_PATH");
}

/* adds bfloat16 products to OpenBLAS, which goes on to compute small ones */
static df_status add_bf16(library* lib) {
  char text[sizeof lib->kernel], onednn[64] = "";
  DF_TRY(df_bf16_supported());
  DF_TRY(load_onednn(onednn, sizeof onednn));
  lib->bf16 = true;
  snprintf(text, sizeof text, "%s", lib->kernel);
  snprintf(lib->kernel, sizeof lib->kernel, "%s+%.50s", bf16_kernel, text);
  const size_t n = strlen(lib->config);
  snprintf(lib->config + n, sizeof lib->config - n, ", %s", onednn);
  return DF_OK;
}

/* finds the functions of a library, or takes the plain loops */
static df_status open_library(const df_blas_cfg* cfg, const char* kernel, library* lib) {
  if (is_naive(kernel)) {
    *lib = (library){.gemm = naive_gemm, .parallel = BUILD_PTHREAD, .config = "plain loops"};
    snprintf(lib->kernel, sizeof lib->kernel, "%s", naive_kernel);
    snprintf(lib->path, sizeof lib->path, "%s", lib->config);
    return DF_OK;
  }
  const char* set = is_bf16(kernel) ? choose_kernel() : kernel;
  DF_TRY(check_address_space(cfg->threads));
  DF_TRY(load(cfg->library, set, lib));
  DF_TRY(resolve(lib));
  DF_TRY(check(lib, set, cfg->threads));
  info.slower_than_cpu = is_slower_than_cpu(lib);
  return is_bf16(kernel) ? add_bf16(lib) : DF_OK;
}

df_status df_blas_open(const df_blas_cfg* cfg) {
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE(cfg->threads >= 1, "df_blas_open: threads is %d, must be at least 1", cfg->threads);
  DF_REQUIRE(!cfg->kernel || cfg->kernel[0], "df_blas_open: kernel is empty");
  const char* kernel = cfg->kernel ? cfg->kernel : choose_kernel();
  if (loaded.gemm) {
    if (cfg->library && strcmp(cfg->library, loaded.path) != 0) {
      return df_fail(DF_E_BLAS, "%s requested, but %s is already loaded", cfg->library, loaded.path);
    }
    return check(&loaded, kernel, cfg->threads);
  }

  /* load, find the functions and check kernel and build */
  library lib = {0};
  const df_status status = open_library(cfg, kernel, &lib);
  if (status != DF_OK) {
    if (lib.handle) dlclose(lib.handle);
    return status;
  }

  loaded = lib;
  info.kernel = loaded.kernel;
  info.config = loaded.config;
  return DF_OK;
}

/* ---- products ---- */
static void (*observer)(void* context, const df_gemm_shape* shape);
static void* observer_context;

void df_gemm_observe(void (*seen)(void* context, const df_gemm_shape* shape), void* context) {
  observer = seen;
  observer_context = context;
}

void df_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
             const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc) {
  if (observer) observer(observer_context, &(df_gemm_shape){op_a, op_b, m, n, k, lda, ldb, ldc});
  if (loaded.bf16 && df_bf16_pays(m, n, k) && df_bf16_gemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)) {
    return;
  }
  loaded.gemm(ROW_MAJOR, (int)op_a, (int)op_b, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c,
              (int)ldc);
}
