// y[m, n] = then(alpha * A[m, k] B + bias) for a batch of matrices. nt: B is [n, k], as a linear layer's
// weight and as keys are; nn: B is [k, n], as values are. "any" takes rows of any length and alignment;
// the others want 16-byte aligned rows (k, and n for nn, multiples of 8).
#include "matmul.cuh"

struct GemmArgs {
  Product p;
  const void* a;                      // [m, lda]
  const void* b;                      // [n, ldb] or [k, ldb]
  i64 batch_a, batch_b, batch_y;      // elements from one matrix to the next
  const int* step;                    // null, or the step of the bank that y is
  i64 step_y;                         // elements from one step of the bank to the next
  int lda, ldb;
  int batches;
};

template <class T, bool BY_ROWS>
struct GemmSource {
  struct Row {
    const T* at;
    bool valid;
  };
  const T *base_a, *base_b;
  int m, n, k, lda, ldb;

  DEV_MEMBER Row row(int r) const { return {base_a + (i64)r * lda, r < m}; }
  DEV_MEMBER const T* a(const Row& row, int i, bool& valid) const {
    valid = row.valid && i < k;
    return valid ? row.at + i : base_a;
  }
  DEV_MEMBER const T* b(int i, int column, bool& valid) const {
    valid = i < k && column < n;
    return valid ? base_b + (BY_ROWS ? (i64)i * ldb + column : (i64)column * ldb + i) : base_b;
  }
};

template <class T, bool BY_ROWS>
DEV GemmSource<T, BY_ROWS> gemm_source(const GemmArgs& p, int batch) {
  return {static_cast<const T*>(p.a) + batch * p.batch_a,
          static_cast<const T*>(p.b) + batch * p.batch_b, p.p.m, p.p.n, p.p.k, p.lda, p.ldb};
}

template <class Y>
DEV Y* result_of(const GemmArgs& p, int batch) {
  return static_cast<Y*>(p.p.y) + batch * p.batch_y + (p.step ? load_int(p.step) * p.step_y : 0);
}

template <class Tile, class Y, bool ALIGNED, bool BY_ROWS>
DEV void gemm_mma(const GemmArgs& p) {
  const int batch = blockIdx.z / p.p.splits;
  Tile::template run<ALIGNED, BY_ROWS>(p.p, gemm_source<f16, BY_ROWS>(p, batch),
                                       result_of<Y>(p, batch), blockIdx.z);
}

template <bool BY_ROWS>
DEV void gemm_fma(const GemmArgs& p) {
  const int batch = blockIdx.z / p.p.splits;
  FmaTile::run(p.p, gemm_source<float, BY_ROWS>(p, batch),
               result_of<float>(p, batch), blockIdx.z);
}

KERNEL(256, 1) gemm_nt_f16_mma_128x128(const GemmArgs p) { gemm_mma<Mma128x128, f16, true, false>(p); }
KERNEL(128, 2) gemm_nt_f16_mma_64x64(const GemmArgs p) { gemm_mma<Mma64x64, f16, true, false>(p); }
KERNEL(128, 2) gemm_nt_f16_mma_any(const GemmArgs p) { gemm_mma<Mma64x64, f16, false, false>(p); }
KERNEL(128, 2) gemm_nn_f16_mma_64x64(const GemmArgs p) { gemm_mma<Mma64x64, f16, true, true>(p); }
KERNEL(128, 2) gemm_nn_f16_mma_any(const GemmArgs p) { gemm_mma<Mma64x64, f16, false, true>(p); }
// Scores stay in single precision until the softmax is done.
KERNEL(128, 2) gemm_nt_f16_f32_mma_64x64(const GemmArgs p) { gemm_mma<Mma64x64, float, true, false>(p); }
KERNEL(128, 2) gemm_nt_f16_f32_mma_any(const GemmArgs p) { gemm_mma<Mma64x64, float, false, false>(p); }
KERNEL(256, 2) gemm_nt_f32_fma_64x64(const GemmArgs p) { gemm_fma<false>(p); }
KERNEL(256, 2) gemm_nn_f32_fma_64x64(const GemmArgs p) { gemm_fma<true>(p); }
