// A stand-in for cuBLAS and cuBLASLt: float32 products on host memory, column major, as documented.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef long long L;
static int bound_stream, bound_workspace;

static void gemm(int ta, int tb, L m, L n, L k, float alpha, const float *a, L lda, const float *b,
                 L ldb, float beta, float *c, L ldc, const float *bias) {
  for (L j = 0; j < n; j++)
    for (L i = 0; i < m; i++) {
      float sum = 0;
      for (L p = 0; p < k; p++)
        sum += (ta ? a[p + i * lda] : a[i + p * lda]) * (tb ? b[j + p * ldb] : b[p + j * ldb]);
      float old = beta == 0 ? 0 : beta * c[i + j * ldc];
      c[i + j * ldc] = alpha * sum + old + (bias ? bias[i] : 0);
    }
}

int cublasGetProperty(int p, int *v) { *v = 13 - p; return 0; }
int cublasCreate_v2(void **h) { *h = (void *) 0x55; return 0; }
int cublasDestroy_v2(void *h) { return h == (void *) 0x55 ? 0 : 1; }
int cublasSetStream_v2(void *h, void *s) { bound_stream = s != 0; return 0; }
int cublasSetMathMode(void *h, int m) { return m == 16 ? 0 : 7; }
int cublasSetWorkspace_v2(void *h, void *w, size_t n) {
  bound_workspace = w && n == 1024;
  return (uintptr_t) w % 256 ? 7 : 0;
}
int cublasGemmStridedBatchedEx(void *h, int ta, int tb, int m, int n, int k, const float *alpha,
                               const float *a, int ta_, int lda, L sa, const float *b, int tb_, int ldb,
                               L sb, const float *beta, float *c, int tc, int ldc, L sc, int batch,
                               int compute, int algo) {
  if (!bound_stream || !bound_workspace || ta_ || tb_ || tc || compute != 68 || algo != -1) return 7;
  for (int i = 0; i < batch; i++)
    gemm(ta, tb, m, n, k, *alpha, a + i * sa, lda, b + i * sb, ldb, *beta, c + i * sc, ldc, 0);
  return 0;
}

struct desc { int attributes[32]; const float *bias; };
struct layout { int type, batch; L rows, cols, ld, stride; };
struct preference { L workspace; int alignment[4], reduction; };
struct result { uint64_t algo[8]; size_t workspace; int state; float waves; int reserved[4]; };

int cublasLtGetProperty(int p, int *v) { return cublasGetProperty(p, v); }
int cublasLtCreate(void **h) { *h = (void *) 0x66; return 0; }
int cublasLtDestroy(void *h) { return h == (void *) 0x66 ? 0 : 1; }
int cublasLtMatmulDescCreate(struct desc **d, int compute, int scale) {
  *d = calloc(1, sizeof **d);
  (*d)->attributes[7] = 1;
  return compute == 68 && scale == 0 ? 0 : 7;
}
int cublasLtMatmulDescDestroy(struct desc *d) { free(d); return 0; }
int cublasLtMatmulDescSetAttribute(struct desc *d, int a, const void *v, size_t n) {
  if (a == 8) { memcpy(&d->bias, v, 8); return n == 8 ? 0 : 7; }
  d->attributes[a] = *(const int *) v;
  return n == 4 ? 0 : 7;
}
int cublasLtMatrixLayoutCreate(struct layout **l, int type, uint64_t rows, uint64_t cols, int64_t ld) {
  *l = calloc(1, sizeof **l);
  **l = (struct layout) {type, 1, rows, cols, ld, 0};
  return ld >= (int64_t) rows ? 0 : 7;
}
int cublasLtMatrixLayoutDestroy(struct layout *l) { free(l); return 0; }
int cublasLtMatrixLayoutSetAttribute(struct layout *l, int a, const void *v, size_t n) {
  if (a == 5 && n == 4) l->batch = *(const int *) v;
  else if (a == 6 && n == 8) l->stride = *(const int64_t *) v;
  else return 7;
  return 0;
}
int cublasLtMatmulPreferenceCreate(struct preference **p) { *p = calloc(1, sizeof **p); return 0; }
int cublasLtMatmulPreferenceDestroy(struct preference *p) { free(p); return 0; }
int cublasLtMatmulPreferenceSetAttribute(struct preference *p, int a, const void *v, size_t n) {
  if (a == 1 && n == 8) p->workspace = *(const L *) v;
  else if (a == 3 && n == 4) p->reduction = *(const int *) v;
  else if (a >= 5 && a <= 8 && n == 4) p->alignment[a - 5] = *(const int *) v;
  else return 7;
  return 0;
}
int cublasLtMatmulAlgoGetHeuristic(void *h, struct desc *d, struct layout *a, struct layout *b,
                                   struct layout *c, struct layout *r, struct preference *p, int want,
                                   struct result *out, int *found) {
  if (p->workspace < 512) return 15;
  struct layout *all[] = {a, b, c, r};
  for (int i = 0; i < 4; i++) {
    L step = all[i]->batch > 1 ? all[i]->stride * 4 : 16;
    if (p->alignment[i] > 16 || step % p->alignment[i]) return 7;
  }
  if (p->reduction != 2) return 7;
  memset(out, 0, sizeof *out);
  out->algo[0] = 42;
  out->workspace = 512;
  *found = 1;
  return want == 1 && h == (void *) 0x66 ? 0 : 7;
}
int cublasLtMatmulAlgoConfigGetAttribute(const uint64_t *algo, int attribute, void *v, size_t n,
                                         size_t *written) {
  *(int *) v = attribute == 0 ? *algo : attribute == 2 ? 3 : 0;
  *written = 4;
  return n == 4 ? 0 : 7;
}
int cublasLtMatmul(void *h, struct desc *d, const float *alpha, const float *a, struct layout *la,
                   const float *b, struct layout *lb, const float *beta, const float *c,
                   struct layout *lc, float *r, struct layout *lr, const uint64_t *algo, void *w,
                   size_t n, void *stream) {
  if (*algo != 42 || n != 512 || !stream || (uintptr_t) w % 256) return 7;
  int ta = d->attributes[3], tb = d->attributes[4];
  L m = lr->rows, cols = lr->cols, k = ta ? la->rows : la->cols;
  if ((ta ? la->cols : la->rows) != m || (tb ? lb->rows : lb->cols) != cols) return 7;
  if ((tb ? lb->cols : lb->rows) != k || la->batch != lr->batch || lb->batch != lr->batch) return 7;
  const float *bias = d->attributes[7] == 4 ? d->bias : 0;
  for (int i = 0; i < lr->batch && c != r; i++)
    for (L j = 0; j < cols; j++)
      memcpy(r + i * lr->stride + j * lr->ld, c + i * lc->stride + j * lc->ld, m * 4);
  for (int i = 0; i < lr->batch; i++)
    gemm(ta, tb, m, cols, k, *alpha, a + i * la->stride, la->ld, b + i * lb->stride, lb->ld, *beta,
         r + i * lr->stride, lr->ld, bias);
  return 0;
}
