#include "machine.h"

#include <curl/curl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "provenance.h"
#include "terminal.h"

df_status open_blas(const options* opts) {
  df_blas_cfg cfg = df_blas_cfg_default();
  const char* wanted = opts->blas_kernel;
  if (!wanted) {
    const char* preset = getenv("OPENBLAS_CORETYPE");
    wanted = preset && preset[0] ? preset : NULL;
  } else if (strcmp(wanted, "auto") == 0) {
    wanted = NULL;
  }
  cfg.kernel = wanted;
  cfg.threads = opts->threads;
  DF_TRY(df_blas_open(&cfg));
  const df_blas_info* info = df_blas_get_info();
  if (info && info->slower_than_cpu && !opts->quiet) {
    print_line(stderr,
               "dynaflow: warning: the BLAS kernels %s run at about half speed on this processor, which has AVX-512; "
               "use --blas-kernel auto",
               info->kernel);
  }
  return DF_OK;
}

json_t* machine_provenance(const options* opts) {
  const df_blas_info* blas = df_blas_get_info();
  const curl_version_info_data* curl = curl_version_info(CURLVERSION_NOW);
  const machine_facts facts = {.mujoco = df_mujoco_version(),
                               .blas_kernel = blas ? blas->kernel : NULL,
                               .blas_config = blas ? blas->config : NULL,
                               .libcurl = curl ? curl->version : "unknown",
                               .libzip = zip_libzip_version(),
                               .cores = omp_get_num_procs(),
                               .threads = opts->threads};
  return provenance_json(&facts);
}
